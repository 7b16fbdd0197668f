"""All that is shown by one run, as one document: plain data in an order that depends on nothing but what was asked for."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hil.evidence.records import CaseRecord
from hil.requirements.matrix import Matrix, Row, Verdict
from hil.requirements.outcomes import EVIDENCE, EXPECTED, FAILED, PASSED, SKIPPED

__all__ = ["Bars", "Facts", "breaches_of", "made_dossier"]

OUTCOMES = (PASSED, EXPECTED, SKIPPED, FAILED)


class Facts(NamedTuple):
    """What was asked for (`run`), and with what it was done."""

    run: Mapping[str, Any]
    versions: Mapping[str, Any]
    suite: Mapping[str, Any]
    profile: Mapping[str, Any]


class Bars(NamedTuple):
    """What is judged: rows of these sections; and whether a skip is one of a bench that cannot do all, or wrong."""

    sections: tuple[str, ...]
    may_skip: bool


def breaches_of(matrix: Matrix, records: Sequence[CaseRecord], broken: Sequence[str], bars: Bars) -> list[str]:
    """What makes a run end with 1, a line each."""
    verdicts = (Verdict.FAILED, Verdict.OPEN) if bars.may_skip else (Verdict.FAILED, Verdict.SKIPPED, Verdict.OPEN)
    unmarked = [record for record in records if record.outcome == FAILED and not record.outcomes]
    return [
        *(f"cannot be collected: {text}" for text in broken),
        *matrix.breaches(bars.sections, verdicts=verdicts, limits=False),
        *(f"{record.test} failed: {record.reason}" for record in unmarked),
    ]


def made_dossier(matrix: Matrix, records: Sequence[CaseRecord], breaches: Sequence[str], facts: Facts) -> dict[str, Any]:
    """The document, without its header."""
    return {
        "format": EVIDENCE,
        "summary": _summary(matrix, records, breaches),
        "run": dict(facts.run),
        "digest": _digest(records),
        "versions": dict(facts.versions),
        "suite": dict(facts.suite),
        "profile": dict(facts.profile),
        "rows": [_row(row) for row in matrix.rows],
        "tests": [_test(record) for record in records],
    }


def _summary(matrix: Matrix, records: Sequence[CaseRecord], breaches: Sequence[str]) -> dict[str, Any]:
    rows, tests = Counter(row.verdict for row in matrix.rows), Counter(record.outcome for record in records)
    measured = [each for record in records for each in record.measurements]
    return {
        "ok": not breaches,
        "rows": {str(verdict): rows[verdict] for verdict in Verdict},
        "tests": {outcome: tests[outcome] for outcome in OUTCOMES},
        "measurements": len(measured),
        "out_of_limits": sum(not each.good for each in measured),
        "breaches": list(breaches),
    }


def _digest(records: Iterable[CaseRecord]) -> str:
    """One digest of all pumps, each as its test left it; empty if none has one."""
    known = [f"{record.test} {record.digest}\n" for record in records if record.digest]
    return hashlib.sha256("".join(known).encode()).hexdigest() if known else ""


def _row(row: Row) -> dict[str, Any]:
    return {
        **row.requirement._asdict(),
        "verdict": row.said,
        "reason": row.reason,
        "grounds": row.waiver.grounds if row.waiver else "",
        "tests": list(dict.fromkeys(test.test for test in row.tests)),
    }


def _test(record: CaseRecord) -> dict[str, Any]:
    return {
        "test": record.test,
        "says": record.says,
        "outcome": record.outcome,
        "reason": record.reason,
        "rows": list(record.rows),
        "deviation_of": {outcome.id: list(outcome.deviates) for outcome in record.outcomes if outcome.deviates},
        "seed": record.seed,
        "digest": record.digest,
        "measurements": [{**each._asdict(), "good": each.good} for each in record.measurements],
        "curves": [{**each._asdict(), "xs": list(each.xs), "ys": list(each.ys)} for each in record.curves],
    }
