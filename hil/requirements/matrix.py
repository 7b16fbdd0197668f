"""The matrix: for each row of a table its verdict, the tests that show it, and why where none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from hil.requirements.outcomes import EXPECTED, FAILED, PASSED, SKIPPED, Outcome
from hil.requirements.outside import Outside
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
    FAILED = "failed"
    SKIPPED = "skipped"
    WAIVED = "waived"
    LATER = "later"
    OUTSIDE = "outside"
    OPEN = "open"


NOT_SHOWN = (Verdict.FAILED, Verdict.SKIPPED, Verdict.OPEN)
"""Verdicts of rows that a run of everything leaves unshown."""


class Evidence(NamedTuple):
    """What a run and its profile say. `deviations` are the profile's known ones: id and what it does instead.

    With `one_pump` every outcome is of one pump through its two doors, so a row it deviates from is not met elsewhere; `outside` are the
    rows that those doors cannot show.
    """

    outcomes: Sequence[Outcome]
    profile: str
    deviations: Mapping[str, str]
    one_pump: bool = False
    outside: Mapping[str, Outside] = MappingProxyType({})


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

    def breaches(self, sections: Sequence[str] = SECTIONS, *, verdicts: Sequence[Verdict] = NOT_SHOWN, limits: bool = True) -> list[str]:
        """What must not be, one line each: faults of the data; rows of these sections with one of these verdicts; limits passed."""
        judged = [row for row in self.rows if row.requirement.letters in sections]
        found = [*self.faults]
        for verdict in verdicts:
            ids = [row.requirement.id for row in judged if row.verdict is verdict]
            if ids:
                found.append(f"{verdict}, and must not be: {' '.join(ids)}")
        return [*found, *_limits_passed(judged)] if limits else found


def _limits_passed(judged: Sequence[Row]) -> Iterator[str]:
    as_is = [row for row in judged if row.requirement.applies == "as-is"]
    waived = sum(row.verdict is Verdict.WAIVED for row in as_is)
    later = sum(row.verdict is Verdict.LATER for row in judged)
    if waived * 100 > AS_IS_WAIVED_PERCENT_MAX * len(as_is):
        yield f"{waived} of {len(as_is)} as-is rows are waived; at most {AS_IS_WAIVED_PERCENT_MAX} % may be"
    if later > LATER_MAX:
        yield f"{later} rows wait for a later part; at most {LATER_MAX} may"


def _judged(row: Requirement, waiver: Waiver | None, evidence: Evidence) -> Row:
    """A row's verdict: failed if a test of it did, else its waiver's, else what its tests say. No waiver covers a failure up."""
    tests = tuple(outcome for outcome in evidence.outcomes if outcome.id == row.id)
    failed, skipped = ([outcome for outcome in tests if outcome.outcome == word] for word in (FAILED, SKIPPED))
    if failed:
        return Row(row, Verdict.FAILED, _because(failed), tests, waiver)
    if waiver is not None:
        return Row(row, Verdict.WAIVED if waiver.verdict == "waived" else Verdict.LATER, waiver.reason, tests, waiver)
    if skipped:
        return Row(row, Verdict.SKIPPED, _because(skipped), tests)
    if not tests:
        outside = evidence.outside.get(row.id)
        return Row(row, Verdict.OUTSIDE, outside.text, tests) if outside else Row(row, Verdict.OPEN, "no test shows it", tests)
    if row.id not in evidence.deviations:
        return _plainly(row, tests)
    return _deviating(row, tests, evidence)


def _because(bad: Sequence[Outcome]) -> str:
    """The first test that is to blame, what it said, and how many there are."""
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return f"{bad[0].test} {bad[0].outcome}" + (f": {bad[0].reason}" if bad[0].reason else "") + more


def _plainly(row: Requirement, tests: tuple[Outcome, ...]) -> Row:
    if all(outcome.deviates or outcome.outcome == EXPECTED for outcome in tests):
        return Row(row, Verdict.OPEN, "a deviation is shown, and no profile that meets the row", tests)
    return Row(row, Verdict.MET, "", tests)


def _deviating(row: Requirement, tests: tuple[Outcome, ...], evidence: Evidence) -> Row:
    """The profile declares a deviation: a test shows it, or tests of the row failed as they must; elsewhere the row is met."""
    met = _plainly(row, tests)
    if met.verdict is Verdict.OPEN and not evidence.one_pump:
        return met
    shown = [outcome for outcome in tests if evidence.profile in outcome.deviates or _failed_as_declared(outcome, evidence.profile)]
    if not shown:
        return Row(row, Verdict.OPEN, f"{evidence.profile} declares a deviation that no test shows", tests)
    return Row(row, Verdict.DEVIATES, evidence.deviations[row.id], tests)


def _failed_as_declared(outcome: Outcome, profile: str) -> bool:
    return outcome.outcome == EXPECTED and outcome.profile == profile


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
