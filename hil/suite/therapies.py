"""Therapies in one line each, as they cross the wire; repeats and levels are those that the pump's profile declares as usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from firmware_sim.profile import Profile
from firmware_sim.units import S_PER_MIN, US_PER_H
from protocol.codes import Mode
from protocol.therapy import Group, PatientRule, Step, Therapy

__all__ = ["BACLOFEN", "CONCENTRATION", "EVERY_DAY", "MIN_PER_DAY", "ML", "SALINE", "Prescriber", "basal_nl", "dose_of"]

ML = 1_000_000
"""One millilitre in nanolitres; one milligram in nanograms too."""
MIN_PER_DAY = 1_440
EVERY_DAY = 0b111_1111


class Fluid(NamedTuple):
    """A drug's number in the library, the version of its entry, and the strength in use (ng/mL)."""

    drug_id: int
    version: int
    concentration_ng_per_ml: int


BACLOFEN = Fluid(1, 1, 500_000)
SALINE = Fluid(2, 1, 0)
"""For rates at which a drug would be too large a dose."""
CONCENTRATION = BACLOFEN.concentration_ng_per_ml


def dose_of(volume_nl: int, fluid: Fluid = BACLOFEN) -> int:
    """The dose (ng) in a volume, rounded down."""
    return volume_nl * fluid.concentration_ng_per_ml // ML


class Prescriber:
    """Writes therapies for pumps of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._alarm = profile.alarm

    def of(self, mode: Mode, groups: tuple[Group, ...], fluid: Fluid = BACLOFEN) -> Therapy:
        """A therapy of these groups, with the usual low level and repeats."""
        alarm = self._alarm
        return Therapy(
            mode,
            *fluid,
            alarm.low_reservoir_nl_default,
            alarm.critical_repeat_s_default,
            alarm.non_critical_repeat_s_default,
            groups,
        )

    def simple(self, rate_nl_per_h: int, fluid: Fluid = BACLOFEN) -> Therapy:
        """One rate, day and night."""
        return self.of(Mode.SIMPLE, (self.group([rate_nl_per_h], fluid=fluid),), fluid)

    def flex(self, rates_nl_per_h: Sequence[int], starts: Sequence[int] = (), fluid: Fluid = BACLOFEN) -> Therapy:
        """The same steps every day, in equal parts unless their start minutes are given."""
        return self.of(Mode.FLEX, (self.group(rates_nl_per_h, starts, fluid=fluid),), fluid)

    def minimum(self) -> Therapy:
        """The minimum rate as a prescribed mode."""
        return self.of(Mode.MINIMUM_RATE, ())

    @staticmethod
    def group(rates_nl_per_h: Sequence[int], starts: Sequence[int] = (), weekdays: int = EVERY_DAY, fluid: Fluid = BACLOFEN) -> Group:
        """Steps that tile a day, with the dose that they make."""
        begins = list(starts) or [MIN_PER_DAY * place // len(rates_nl_per_h) for place in range(len(rates_nl_per_h))]
        ends = [*begins[1:], MIN_PER_DAY]
        steps = tuple(Step(begin, end, rate) for begin, end, rate in zip(begins, ends, rates_nl_per_h, strict=True))
        nl_minutes = sum((step.end_minute - step.start_minute) * step.rate_nl_per_h for step in steps)
        return Group(weekdays, nl_minutes * fluid.concentration_ng_per_ml // (S_PER_MIN * ML), steps)

    @staticmethod
    def with_patient(therapy: Therapy, rule: PatientRule) -> Therapy:
        """The same therapy with a bolus that the patient may ask for."""
        return therapy._replace(patient=(rule,))


def basal_nl(rate_nl_per_h: int, span_us: int) -> int:
    """What a rate makes in a time, rounded down."""
    return rate_nl_per_h * span_us // US_PER_H
