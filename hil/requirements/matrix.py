"""The matrix: for each row of a table its verdict, the tests that show it, and why where none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from hil.requirements.outcomes import PASSED, Outcome
from hil.requirements.table import SECTIONS, Requirement, Table
from hil.requirements.waivers import Waiver, problems_of

__all__ = ["AS_IS_WAIVED_PERCENT_MAX", "LATER_MAX", "Evidence", "Matrix", "Row", "Share", "Verdict"]

AS_IS_WAIVED_PERCENT_MAX = 10
"""Of the as-is rows of the judged sections, so many may be waived: the rest was written for this class of pump too."""
LATER_MAX = 12
"""Rows of the judged sections that may wait for a part that is not built yet."""


class Verdict(StrEnum):
    """What can be said of a row."""

    MET = "met"
    DEVIATES = "deviates (declared)"
    WAIVED = "waived"
    LATER = "later"
    OPEN = "open"


class Evidence(NamedTuple):
    """What a run and its profile say. `deviations` are the profile's known ones: id and what it does instead."""

    outcomes: Sequence[Outcome]
    profile: str
    deviations: Mapping[str, str]


class Row(NamedTuple):
    """One judged row; `reason` is empty when it is met."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    tests: tuple[Outcome, ...]
    waiver: Waiver | None = None

    @property
    def said(self) -> str:
        """The verdict as it is printed; later names its part."""
        return f"{self.verdict}({self.waiver.part})" if self.waiver and self.verdict is Verdict.LATER else str(self.verdict)


class Share(NamedTuple):
    """How many rows of a section have each verdict."""

    section: str
    rows: int
    counts: Mapping[Verdict, int]


class Matrix(NamedTuple):
    """All rows judged, and what is wrong with the judging's own data."""

    rows: tuple[Row, ...]
    faults: tuple[str, ...]

    @classmethod
    def judge(cls, table: Table, waivers: Mapping[str, Waiver], evidence: Evidence) -> Matrix:
        """Judge every row of a table."""
        rows = tuple(_judged(row, waivers.get(row.id), evidence) for row in table.values())
        faults = (*problems_of(waivers, table), *_strangers(table, evidence.outcomes), *_shown_and_waived(rows), *_undeclared(evidence))
        return cls(rows, faults)

    def shares(self) -> list[Share]:
        """One share a section, in the order of the table, and one in all."""
        letters = dict.fromkeys(row.requirement.letters for row in self.rows)
        parts = [(name, [row for row in self.rows if row.requirement.letters == name]) for name in letters]
        return [Share(name, len(rows), Counter(row.verdict for row in rows)) for name, rows in (*parts, ("all", list(self.rows)))]

    def breaches(self, sections: Sequence[str] = SECTIONS) -> list[str]:
        """What must not be, one line each: faults of the data, open rows of these sections, limits passed."""
        judged = [row for row in self.rows if row.requirement.letters in sections]
        as_is = [row for row in judged if row.requirement.applies == "as-is"]
        waived = sum(row.verdict is Verdict.WAIVED for row in as_is)
        later = sum(row.verdict is Verdict.LATER for row in judged)
        still_open = [row.requirement.id for row in judged if row.verdict is Verdict.OPEN]
        found = [*self.faults]
        if still_open:
            found.append(f"open, and must not be: {' '.join(still_open)}")
        if waived * 100 > AS_IS_WAIVED_PERCENT_MAX * len(as_is):
            found.append(f"{waived} of {len(as_is)} as-is rows are waived; at most {AS_IS_WAIVED_PERCENT_MAX} % may be")
        if later > LATER_MAX:
            found.append(f"{later} rows wait for a later part; at most {LATER_MAX} may")
        return found


def _judged(row: Requirement, waiver: Waiver | None, evidence: Evidence) -> Row:
    """A row's verdict: its waiver's, else what its tests say."""
    tests = tuple(outcome for outcome in evidence.outcomes if outcome.id == row.id)
    if waiver is not None:
        return Row(row, Verdict.WAIVED if waiver.verdict == "waived" else Verdict.LATER, waiver.reason, tests, waiver)
    bad = [outcome for outcome in tests if outcome.outcome != PASSED]
    if bad:
        return Row(row, Verdict.OPEN, f"{bad[0].test} {bad[0].outcome}", tests)
    if all(outcome.deviates for outcome in tests):
        return Row(row, Verdict.OPEN, "a deviation is shown, and no profile that meets the row" if tests else "no test shows it", tests)
    if row.id not in evidence.deviations:
        return Row(row, Verdict.MET, "", tests)
    if not any(evidence.profile in outcome.deviates for outcome in tests):
        return Row(row, Verdict.OPEN, f"{evidence.profile} declares a deviation that no test shows", tests)
    return Row(row, Verdict.DEVIATES, evidence.deviations[row.id], tests)


def _strangers(table: Table, outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Tests that name a row that is in no table."""
    for outcome in outcomes:
        if outcome.id not in table:
            yield f"{outcome.test} names {outcome.id}, and there is no such row"


def _shown_and_waived(rows: Iterable[Row]) -> Iterator[str]:
    """Waived rows that a passing test shows: one of the two is wrong."""
    for row in rows:
        passing = [outcome.test for outcome in row.tests if outcome.outcome == PASSED]
        if row.waiver and passing:
            yield f"{row.requirement.id} is {row.said}, and {passing[0]} shows it: take the waiver or the marker away"


def _undeclared(evidence: Evidence) -> Iterator[str]:
    """Tests that show a deviation of the judged profile which that profile does not declare."""
    for outcome in evidence.outcomes:
        if evidence.profile in outcome.deviates and outcome.id not in evidence.deviations:
            yield f"{outcome.test} shows a deviation from {outcome.id}, which {evidence.profile} does not declare"
