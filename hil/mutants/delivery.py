"""Mutants of basal delivery: rates, schedule, clock, and what is made up for that should not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from firmware_sim.errors import Refused
from firmware_sim.firmware.prescription import Group, Prescription
from firmware_sim.units import FL_PER_NL, NL_PER_ML, S_PER_MIN, US_PER_MIN
from hil.mutants.mutant import Change, Mutant, gives, numbers

__all__ = ["DELIVERY"]

WEEK = "firmware_sim.firmware.week"
CONTROLLER = "firmware_sim.firmware.controller:Controller"
WHOLE_NL = 1_000
"""A whole microlitre."""

Build = Callable[[list[tuple[int, int]]], Any]


def _whole_rates(real: Build) -> Build:
    def build(stretches: list[tuple[int, int]]) -> Any:
        return real([(start_us, rate // WHOLE_NL * WHOLE_NL or rate) for start_us, rate in stretches])

    return build


def _late_steps(real: Build) -> Build:
    def build(stretches: list[tuple[int, int]]) -> Any:
        return real([(start_us + US_PER_MIN if start_us else 0, rate) for start_us, rate in stretches])

    return build


def _tomorrow(real: Callable[[Any, int], Group]) -> Callable[[Any, int], Group]:
    return lambda groups, weekday: real(groups, (weekday + 1) % 7)


def _gaps_pass(real: Callable[..., None]) -> Callable[..., None]:
    def steps(number: int, group: Group, profile: Any) -> None:
        try:
            real(number, group, profile)
        except Refused as refused:
            if refused.code != "SCHEDULE_GAP":
                raise

    return steps


def _clamped(prescription: Prescription, lowest: int, highest: int) -> Prescription:
    """The same with each rate brought within limits, and the doses that it then makes."""
    if all(step.rate_nl_per_h <= highest for group in prescription.groups for step in group.steps):
        return prescription
    return prescription._replace(groups=tuple(_clamped_group(group, prescription, lowest, highest) for group in prescription.groups))


def _clamped_group(group: Group, prescription: Prescription, lowest: int, highest: int) -> Group:
    steps = tuple(step._replace(rate_nl_per_h=max(lowest, min(highest, step.rate_nl_per_h))) for step in group.steps)
    volume = sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in steps)
    return group._replace(steps=steps, daily_dose_ng=volume * prescription.concentration_ng_per_ml // (NL_PER_ML * S_PER_MIN))


def _clamps(real: Callable[..., Any]) -> Callable[..., Any]:
    def judged(self: Any, prescription: Prescription, *others: Any) -> Any:
        rate = self.profile.rate
        return real(self, _clamped(prescription, rate.minimum_rate_nl_per_h, rate.rate_nl_per_h_max), *others)

    return judged


def _basal_jumps(firmware: Any, from_us: int, to_us: int) -> None:
    """What the plan in force would have given between two clock times is commanded at once."""
    dosing = firmware.belief.dosing
    if dosing.week is not None and to_us > from_us:
        dosing.move_anchor(firmware.now_us)
        dosing.basal_units += dosing.week.units_until(to_us) - dosing.week.units_until(from_us)


def _start_makes_up(real: Callable[..., str]) -> Callable[..., str]:
    def start(self: Any, *others: Any) -> str:
        stopped_us = self.belief.stopped_us
        mode = real(self, *others)
        if stopped_us >= 0:
            _basal_jumps(self, self.clock_us() - (self.now_us - stopped_us), self.clock_us())
        return mode

    return start


def _recovery_makes_up(real: Callable[[Any], None]) -> Callable[[Any], None]:
    def recover(self: Any) -> None:
        firmware = self._firmware
        raised_us = firmware.belief.alarms.states["motor_stall"].raised_us
        real(self)
        _basal_jumps(firmware, firmware.clock_us() - (firmware.now_us - raised_us), firmware.clock_us())

    return recover


def _clock_makes_up(real: Callable[..., tuple[int, int]]) -> Callable[..., tuple[int, int]]:
    def set_clock(self: Any, *others: Any) -> tuple[int, int]:
        old_us, new_us = real(self, *others)
        _basal_jumps(self, old_us, new_us)
        return old_us, new_us

    return set_clock


def _divides(real: property) -> property:
    def step_units(self: Any) -> int:
        right: int = real.fget(self) if real.fget else 0
        nominal = self.step_nl * S_PER_MIN * S_PER_MIN * FL_PER_NL
        return int(nominal * nominal // right)

    return property(step_units)


def _pauses(real: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda self: None if self.belief.dosing.bolus is not None else real(self)


def _then_replans(real: Callable[..., Any]) -> Callable[..., Any]:
    def act(self: Any, *others: Any) -> Any:
        result = real(self, *others)
        self._firmware.replan()
        return result

    return act


DELIVERY: Sequence[Mutant] = (
    Mutant(
        "rate-remainder-dropped",
        "A rate is run in whole microlitres an hour; what is over is dropped.",
        ("FR-02", "FR-06"),
        "FR-06 denied",
        (Change(f"{WEEK}:_build", _whole_rates),),
        "running rate=2900; mark; advance days=3",
        "delivered",
    ),
    Mutant(
        "minimum-rate-tenfold",
        "The minimum rate is ten times what it should be.",
        ("FR-05", "PW-07"),
        "FR-05 denied",
        (numbers("rate", minimum_rate_nl_per_h=lambda rate: 10 * rate),),
        "fill; therapy minimum; mark; advance days=3",
        "delivered",
    ),
    Mutant(
        "rate-above-maximum-taken",
        "A therapy of up to twice the greatest rate is accepted.",
        ("FR-01", "PG-08"),
        "FR-01 denied",
        (numbers("rate", rate_nl_per_h_max=lambda rate: 2 * rate),),
        "fill drug=2",
        "therapy rate=1000001 drug=2",
    ),
    Mutant(
        "rate-clamped-in-silence",
        "A rate above the greatest is run at the greatest, and nobody is told.",
        ("FR-01", "PG-07", "PG-08"),
        "PG-07 denied: a value bent in place of refused",
        (Change(f"{CONTROLLER}.check", _clamps), Change(f"{CONTROLLER}.commit", _clamps)),
        "fill drug=2",
        "therapy rate=1000001 drug=2",
    ),
    Mutant(
        "step-boundary-late",
        "Each step of a flex schedule begins a minute late.",
        ("FR-13",),
        "FR-13 denied",
        (Change(f"{WEEK}:_build", _late_steps),),
        "running rates=8000/20000; advance hours=12",
        "belief rate_nl_per_h",
    ),
    Mutant(
        "weekday-off-by-one",
        "A flex schedule runs each weekday's steps on the day before.",
        ("FR-13",),
        "FR-13 denied",
        (Change(f"{WEEK}:_group_of", _tomorrow),),
        "running rates=8000 weekend=20000; run_until_day 4",
        "belief rate_nl_per_h",
    ),
    Mutant(
        "schedule-gap-taken",
        "A schedule that leaves part of the day open is accepted; the step before runs on.",
        ("FR-13",),
        "FR-13 denied",
        (Change("firmware_sim.firmware.judge:_steps", _gaps_pass),),
        "fill",
        "therapy rates=8000/20000 gap=60",
    ),
    Mutant(
        "start-makes-up",
        "START gives at once what the pump did not give while it was stopped.",
        ("ST-07",),
        "ST-07 denied: no catch-up dose",
        (Change(f"{CONTROLLER}.start", _start_makes_up),),
        "running rate=10000; mark; stop; advance hours=10; start",
        "delivered",
    ),
    Mutant(
        "catch-up-after-stall",
        "A motor that recovers from a stall gives at once what it missed.",
        ("OC-07", "FR-03"),
        "OC-07 denied",
        (Change("firmware_sim.firmware.alarm_desk:AlarmDesk.recover", _recovery_makes_up),),
        "running rate=10000; inject motor.stall; advance hours=10; clear; mark; advance hours=1",
        "delivered",
    ),
    Mutant(
        "clock-set-makes-up",
        "Setting the clock forward gives the skipped hours at once.",
        ("FR-13",),
        "FR-13 denied: nothing is made up",
        (Change(f"{CONTROLLER}.set_clock", _clock_makes_up),),
        "running rate=10000; mark; set_clock hours=10",
        "delivered",
    ),
    Mutant(
        "schedule-ignores-clock-set",
        "A flex schedule goes on by the clock as it was before SET_CLOCK.",
        ("FR-13",),
        "FR-13 denied",
        (gives(f"{CONTROLLER}.clock_moved"),),
        "running rates=8000/20000; set_clock hours=13",
        "belief rate_nl_per_h",
    ),
    Mutant(
        "calibration-upside-down",
        "The constant on the box is divided by where it must be multiplied with.",
        ("BO-01", "FR-06"),
        "each pump has a constant printed on its box",
        (Change("firmware_sim.plant.unit:UnitConstants.step_units", _divides),),
        "running rate=10000; advance days=3",
        "belief steps",
    ),
    Mutant(
        "basal-pauses-for-bolus",
        "Basal delivery stands still while a bolus runs.",
        ("BO-04",),
        "BO-04 denied",
        (
            Change(f"{CONTROLLER}._week", _pauses),
            Change("firmware_sim.firmware.dose_desk:DoseDesk.begin", _then_replans),
            Change("firmware_sim.firmware.dose_desk:DoseDesk._end", _then_replans),
        ),
        "running rate=20000; bolus ul=100 minutes=300; advance hours=5",
        "belief basal_nl",
    ),
)
