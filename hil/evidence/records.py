"""What became of each test of a run, as plain data: outcome, rows, measurements, curves, digest. Read from reports only.

So it is the same with pytest-xdist, and a test tells nothing by any other way. No duration is kept: two runs of one pump are to be equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.evidence.names import CURVE, DIGEST, MEASUREMENT, NAME, SAYS, SEED, SERIAL
from hil.requirements.outcomes import Outcome
from hil.requirements.recorder import outcomes_in, result_of, worse

if TYPE_CHECKING:
    import pytest

__all__ = ["Curve", "Measurement", "CaseRecord", "record_of", "worst_of"]

ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
REASON_CHARS_MAX = 400


class Measurement(NamedTuple):
    """A value with its limits, None where there is none."""

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None

    @property
    def good(self) -> bool:
        """Whether it lies within its limits."""
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


class Curve(NamedTuple):
    """Points to be drawn."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    x_unit: str
    y_unit: str


class CaseRecord(NamedTuple):
    """One test. `outcomes` has one entry for each row that it shows; `digest` is the pump's at its end, empty where it has none."""

    test: str
    says: str
    outcome: str
    reason: str
    outcomes: tuple[Outcome, ...]
    measurements: tuple[Measurement, ...]
    curves: tuple[Curve, ...]
    digest: str
    seed: str
    serial: str

    @property
    def rows(self) -> tuple[str, ...]:
        """Ids of the rows that it is marked for."""
        return tuple(sorted({outcome.id for outcome in self.outcomes}))


def record_of(report: pytest.TestReport) -> CaseRecord:
    """One phase of one test."""
    known = list(report.user_properties)
    single = {name: str(value) for name, value in known}
    test = single.get(NAME, report.nodeid)
    outcome, why = result_of(report)
    reason = _clean(why)
    return CaseRecord(
        test,
        single.get(SAYS, ""),
        outcome,
        reason,
        tuple(sorted({found for _, found in outcomes_in(test, known, (outcome, reason))})),
        tuple(Measurement(**_chosen(entry, Measurement._fields)) for entry in _parsed(known, MEASUREMENT)),
        tuple(_curve(entry) for entry in _parsed(known, CURVE)),
        single.get(DIGEST, ""),
        single.get(SEED, ""),
        single.get(SERIAL, ""),
    )


def worst_of(before: CaseRecord | None, now: CaseRecord) -> CaseRecord:
    """Two phases as one: the worse outcome, and all that the later one knows."""
    if before is None or not worse(before.outcome, now.outcome):
        return now
    outcomes = tuple(each._replace(outcome=before.outcome, reason=before.reason) for each in now.outcomes)
    return now._replace(outcome=before.outcome, reason=before.reason, outcomes=outcomes)


def _parsed(properties: Iterable[tuple[str, object]], wanted: str) -> Iterator[dict[str, Any]]:
    return (json.loads(str(value)) for name, value in properties if name == wanted)


def _chosen(entry: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: entry[name] for name in names}


def _curve(entry: Mapping[str, Any]) -> Curve:
    return Curve(entry["name"], tuple(entry["xs"]), tuple(entry["ys"]), entry["x_unit"], entry["y_unit"])


def _clean(reason: str) -> str:
    """A reason as it is the same in every run: no address of an object, one line, not endless."""
    text = ADDRESS.sub("0x...", " ".join(reason.split()))
    return text if len(text) <= REASON_CHARS_MAX else text[:REASON_CHARS_MAX] + " ..."
