"""The fixed list of quantities that formulas may name: what is so, what the pump believes, and what the last act found.

Those marked `since` count from the last `mark` (or from the first step).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from hil.scenario.amount import DOSE_RATE, DRUG, FLOW, PLAIN, STRENGTH, TIME, VOLUME, Amount, Dimension

__all__ = ["QUANTITIES", "Look", "Nothing", "Quantity"]

NL_PER_ML = 1_000_000
US_PER_H = 3_600_000_000
US_PER_DAY = 24 * US_PER_H
PPM = 1_000_000
FL_PER_NL = 1_000_000
SO, BELIEVED, FOUND = "what is so", "what the pump believes", "what the last act found"


class Nothing(LookupError):
    """There is no such figure now: the pump has no therapy, nothing was drawn ..."""


@dataclass(slots=True)
class Look:
    """Truth and belief now and at the mark, and what acts have found since the beginning. A pump without power says nothing."""

    truth: Mapping[str, Any]
    belief: Mapping[str, Any] | None
    since: Mapping[str, Any]
    believed: Mapping[str, Any] | None
    found: dict[str, int] = field(default_factory=dict)

    def passed(self, name: str) -> int:
        """How much a true figure has grown since the mark."""
        return int(self.truth[name] - self.since[name])

    def grown(self, name: str) -> int:
        """The same of a figure that the pump tells. Raises Nothing."""
        if self.believed is None:
            raise Nothing
        return int(self.told(name) - self.believed[name])

    def told(self, name: str) -> Any:
        """What the pump tells. Raises Nothing."""
        value = None if self.belief is None else self.belief[name]
        if value is None:
            raise Nothing
        return value


class Quantity(NamedTuple):
    """One of them."""

    name: str
    dimension: Dimension
    of: Callable[[Look], int | Fraction]
    doc: str
    source: str
    since: bool = False

    def amount(self, look: Look) -> Amount:
        """What it is now. Raises Nothing."""
        return Amount(Fraction(self.of(look)), self.dimension)


def _taken(truth: Mapping[str, Any]) -> int:
    return int(truth["delivered_ng"] - truth["astray_ng"] + truth["absorbed_ng"])


def _in_path(look: Look) -> Fraction:
    return sum((Fraction(volume * level, NL_PER_ML) for volume, level in look.truth["path"]), Fraction(0))


def _daily(look: Look) -> Fraction:
    groups = look.told("prescription")["groups"]
    if not groups:
        raise Nothing
    return Fraction(groups[0]["daily_dose_ng"], US_PER_DAY)


def _given(look: Look) -> int:
    return _taken(look.truth) - _taken(look.since)


def _pocket(look: Look) -> int:
    return int(look.truth["pocket_ng"] - look.truth["absorbed_ng"])


def _unit(look: Look) -> Fraction:
    return 1 + Fraction(look.truth["unit_error_ppm"], PPM)


def _strength(look: Look) -> Fraction:
    return int(look.told("prescription")["concentration_ng_per_ml"]) * _ML


def _commanded(look: Look) -> int:
    return look.grown("basal_nl") + look.grown("bolus_nl")


def _found(name: str) -> Callable[[Look], int]:
    def read(look: Look) -> int:
        if name not in look.found:
            raise Nothing
        return look.found[name]

    return read


def _now(name: str, scale: Fraction = Fraction(1)) -> Callable[[Look], Fraction]:
    return lambda look: Fraction(look.truth[name]) * scale


def _said(name: str, scale: Fraction = Fraction(1)) -> Callable[[Look], Fraction]:
    return lambda look: Fraction(look.told(name)) * scale


_ML = Fraction(1, NL_PER_ML)
_H = Fraction(1, US_PER_H)

_ROWS = (
    Quantity("drug given", DRUG, _given, "what has reached its place, from the tip or from a pocket", SO, True),
    Quantity("volume given", VOLUME, lambda look: look.passed("delivered_nl"), "what has left the tip", SO, True),
    Quantity("drug astray", DRUG, lambda look: look.passed("astray_ng"), "what has left the tip and not reached its place", SO, True),
    Quantity("drug leaked", DRUG, lambda look: look.passed("leaked_ng"), "what has left the catheter on its way", SO, True),
    Quantity("time", TIME, lambda look: look.passed("now_us"), "true time", SO, True),
    Quantity("pump time", TIME, lambda look: look.passed("device_us"), "by the pump's counter, which its rates are kept by", SO, True),
    Quantity("reservoir", VOLUME, _now("reservoir_nl"), "what is in the reservoir above what no needle reaches", SO),
    Quantity("reservoir strength", STRENGTH, _now("reservoir_concentration_ng_per_ml", _ML), "the concentration in it", SO),
    Quantity("strength at the tip", STRENGTH, _now("tip_concentration_ng_per_ml", _ML), "what leaves the catheter now", SO),
    Quantity("drug in the path", DRUG, _in_path, "what tubing and catheter hold", SO),
    Quantity("drug in the pocket", DRUG, _pocket, "what lies beside the pump and is not taken up yet", SO),
    Quantity("residual", VOLUME, _now("residual_nl"), "what no needle reaches", SO),
    Quantity("tubing", VOLUME, _now("tubing_nl"), "what the internal tubing holds", SO),
    Quantity("catheter", VOLUME, _now("catheter_nl"), "what the catheter holds", SO),
    Quantity("path", VOLUME, lambda look: look.truth["tubing_nl"] + look.truth["catheter_nl"], "both together", SO),
    Quantity("unit factor", PLAIN, _unit, "a step's true volume as a share of the one printed on the box", SO),
    Quantity("step", VOLUME, _now("step_fl", Fraction(1, FL_PER_NL)), "one step of the motor: nothing can be counted finer", SO),
    Quantity("computed reservoir", VOLUME, _said("computed_reservoir_nl"), "what the pump computes to be left", BELIEVED),
    Quantity("rate", FLOW, _said("rate_nl_per_h", _H), "the rate that it believes to give now", BELIEVED),
    Quantity("strength", STRENGTH, _strength, "the concentration that its therapy is for", BELIEVED),
    Quantity("daily dose", DOSE_RATE, _daily, "of its therapy; of several groups of weekdays the first one's", BELIEVED),
    Quantity("volume commanded", VOLUME, _commanded, "what it has had its motor give", BELIEVED, True),
    Quantity("boluses granted", PLAIN, lambda look: look.grown("patient_granted"), "to the patient", BELIEVED, True),
    Quantity("boluses refused", PLAIN, lambda look: look.grown("patient_refused"), "to the patient", BELIEVED, True),
    Quantity("withdrawn", VOLUME, _found("withdrawn_nl"), "what the last needle drew out of the reservoir", FOUND),
    Quantity("expected residual", VOLUME, _found("expected_nl"), "what the pump expected at the last refill", FOUND),
    Quantity("volume drawn", VOLUME, _found("aspirated_nl"), "what the side port gave", FOUND),
    Quantity("drug drawn", DRUG, _found("aspirated_ng"), "the drug in it", FOUND),
    Quantity("bolus time", TIME, _found("bolus_us"), "how long the pump said its last bolus, prime or bridge takes", FOUND),
    Quantity("critical sounds", PLAIN, _found("critical_sounds"), "two-tone soundings heard at the last `listen`", FOUND),
    Quantity("non-critical sounds", PLAIN, _found("non_critical_sounds"), "single-tone soundings heard at the last `listen`", FOUND),
)  # fmt: skip
QUANTITIES: dict[str, Quantity] = {row.name: row for row in _ROWS}
"""By name."""
