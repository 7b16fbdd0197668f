"""The refill planner: by what day a pump is filled again, and why that day.

volume date: fill - low level has been given, exactly, over the weekly schedule, with every bolus that the patient may ask for.
stability date: fill date + the days that the drug keeps. The earlier one wins, so the reservoir is never empty and the drug never old.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

from firmware_sim.units import US_PER_DAY
from hil.clinic.limits import PERMILLE
from hil.clinic.patient_day import boluses_in_a_day
from hil.numbers.practice import practice
from hil.therapy.forecast import reached_at, reached_with_boluses
from protocol.messages import Limits
from protocol.therapy import Therapy

__all__ = ["Fill", "RefillPlan", "plan_refill"]


class Fill(NamedTuple):
    """A filled reservoir: when (device clock), how much above the residual, and how long the drug keeps."""

    at_us: int
    volume_nl: int
    stability_days: int


class RefillPlan(NamedTuple):
    """Dates on the device clock; None where the therapy never gets there.

    `due_us` is the earlier of volume and stability date and `wins` names it. `empty_us` is with every bolus, `longest_us` with none.
    `dry_us` is when a pump at the upper end of its accuracy band would be empty: it may be before the alarm, which is only computed.
    """

    due_us: int
    wins: Literal["volume", "stability"]
    volume_us: int | None
    stability_us: int
    empty_us: int | None
    longest_us: int | None
    dry_us: int | None


def plan_refill(therapy: Therapy, limits: Limits, fill: Fill) -> RefillPlan:
    """Plan the next refill of a pump that runs this therapy from the fill on."""
    bolus_nl_per_day = sum(boluses_in_a_day(rule) * rule.volume_nl for rule in therapy.patient)

    def spent_us(volume_nl: int) -> int | None:
        return reached_with_boluses(therapy, limits, fill.at_us, volume_nl, bolus_nl_per_day)

    volume_us = spent_us(fill.volume_nl - therapy.low_reservoir_nl)
    stability_us = fill.at_us + fill.stability_days * US_PER_DAY
    by_volume = volume_us is not None and volume_us <= stability_us
    over = Fraction(PERMILLE, PERMILLE + practice("accuracy_band_permille"))
    return RefillPlan(
        due_us=volume_us if by_volume and volume_us is not None else stability_us,
        wins="volume" if by_volume else "stability",
        volume_us=volume_us,
        stability_us=stability_us,
        empty_us=spent_us(fill.volume_nl),
        longest_us=reached_at(therapy, limits, fill.at_us, fill.volume_nl),
        dry_us=spent_us(int(fill.volume_nl * over)),
    )
