"""The kill matrix: what each mutant's run of a suite shows, and what is counted as a kill.

A kill is a failed assertion. A test that ends in another error has not judged anything; a mutant with such errors and no failed assertion
is broken, and so is one that raises inside the pump or does not come to its end, whatever else failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from hil.mutants.mutant import Mutant

__all__ = ["Failure", "Kind", "Matrix", "Row", "Suite", "Verdict", "judge", "matrix_data"]


class Kind(StrEnum):
    """How a test failed."""

    ASSERTION = "assertion"
    ERROR = "error"
    INSIDE = "inside the pump"


class Verdict(StrEnum):
    """What a suite did to a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    BROKEN = "broken"


class Failure(NamedTuple):
    """One test that failed, and what it said."""

    test: str
    kind: Kind
    what: str


class Suite(NamedTuple):
    """The tests of a suite, each with the rows that it names and its seconds on the healthy pump."""

    rows: Mapping[str, tuple[str, ...]]
    seconds: Mapping[str, float]

    def naming(self, rows: Iterable[str]) -> list[str]:
        """The tests that name any of these rows, the quickest first."""
        wanted = set(rows)
        found = [test for test, named in self.rows.items() if wanted.intersection(named)]
        return sorted(found, key=lambda test: (self.seconds.get(test, 0.0), test))


class Row(NamedTuple):
    """One mutant: its verdict, why where it is no kill, the tests that killed it, and those of them that name a row it negates."""

    name: str
    verdict: Verdict
    why: str
    ran: int
    killers: tuple[str, ...]
    named: tuple[str, ...]
    failures: tuple[Failure, ...]


class Matrix(NamedTuple):
    """All of it. `complete` is False where each mutant met only the tests that name its rows, and those until the first kill."""

    suite: Suite
    rows: tuple[Row, ...]
    complete: bool
    seconds: float

    def count(self, verdict: Verdict) -> int:
        """Mutants with this verdict."""
        return sum(row.verdict is verdict for row in self.rows)

    @property
    def unnamed(self) -> list[str]:
        """Mutants that were killed, but by no test that names a row they negate."""
        return [row.name for row in self.rows if row.verdict is Verdict.KILLED and not row.named]

    @property
    def met(self) -> bool:
        """Whether every mutant was killed."""
        return self.count(Verdict.KILLED) == len(self.rows)


def judge(mutant: Mutant, suite: Suite, ran: Sequence[str], failures: Sequence[Failure], end: str) -> Row:
    """The verdict on one mutant. `end` is how its process ended where it did not end well."""
    killers = tuple(failure.test for failure in failures if failure.kind is Kind.ASSERTION)
    wanted = set(mutant.negates)
    named = tuple(test for test in killers if wanted.intersection(suite.rows.get(test, ())))
    verdict, why = _verdict(mutant, suite, ran, failures, end)
    return Row(mutant.name, verdict, why, len(ran), killers, named, tuple(failures))


def _verdict(mutant: Mutant, suite: Suite, ran: Sequence[str], failures: Sequence[Failure], end: str) -> tuple[Verdict, str]:
    if end:
        return Verdict.BROKEN, end
    inside = next((failure for failure in failures if failure.kind is Kind.INSIDE), None)
    if inside is not None:
        return Verdict.BROKEN, f"it raises inside the pump: {inside.what} ({inside.test})"
    if any(failure.kind is Kind.ASSERTION for failure in failures):
        return Verdict.KILLED, ""
    if failures:
        return Verdict.BROKEN, f"no assertion failed, only errors: {failures[0].what} ({failures[0].test})"
    return Verdict.SURVIVED, _missed(mutant, suite, ran)


def _missed(mutant: Mutant, suite: Suite, ran: Sequence[str]) -> str:
    """Which tests should have killed it."""
    rows, tests = " or ".join(mutant.negates), suite.naming(mutant.negates)
    if not tests:
        return f"no test names {rows}"
    passed = "1 test passes" if len(ran) == 1 else f"{len(ran)} tests pass"
    return f"{passed}; of those that name {rows}: {', '.join(tests)}"


def matrix_data(matrix: Matrix, mutants: Mapping[str, Mutant]) -> dict[str, Any]:
    """The matrix as JSON-able data."""
    counts = {verdict.value: matrix.count(verdict) for verdict in Verdict}
    return {
        "summary": {
            "mutants": len(matrix.rows),
            **counts,
            "killed_by_no_named_test": matrix.unnamed,
            "complete": matrix.complete,
            "tests": len(matrix.suite.rows),
            "seconds": round(matrix.seconds, 1),
        },
        "mutants": [_row_data(row, mutants[row.name]) for row in matrix.rows],
        "tests": [
            {
                "test": test,
                "requirements": list(rows),
                "seconds": round(matrix.suite.seconds.get(test, 0.0), 4),
                "kills": [row.name for row in matrix.rows if test in row.killers],
            }
            for test, rows in matrix.suite.rows.items()
        ],
    }


def _row_data(row: Row, mutant: Mutant) -> dict[str, Any]:
    return {
        "name": row.name,
        "negates": list(mutant.negates),
        "verdict": row.verdict.value,
        "why": row.why,
        "tests_run": row.ran,
        "killed_by": list(row.killers),
        "killed_by_named": list(row.named),
        "failures": [{"test": failure.test, "kind": failure.kind.value, "what": failure.what} for failure in row.failures],
    }
