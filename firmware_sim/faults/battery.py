"""Faults of the battery and of what measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.errors import BenchRefused
from firmware_sim.faults.course import ramp, ramped, span
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter, Values
from firmware_sim.limits import FAULT_DAYS_MAX, SUPPLY_DIP_S_MAX, SUPPLY_MV_MAX, WAKES_PER_H_MAX
from firmware_sim.plant.battery import wakes_drain_na
from firmware_sim.units import US_PER_DAY, US_PER_S

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel
    from firmware_sim.plant.conditions import Conditions
    from firmware_sim.profile import Profile

__all__ = ["BATTERY_FAULTS"]


def _grow_film(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.supply_sag_mv += ramped(fault.value("sag_mv"), fault, "over_days")


def _dip(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    """Of several dips the deepest holds."""
    left_mv = fault.value("supply_mv")
    conditions.supply_most_mv = left_mv if conditions.supply_most_mv < 0 else min(conditions.supply_most_mv, left_mv)


def _judge_premature_eri(kernel: Kernel, values: Values) -> None:
    """A flag of the firmware needs a firmware that runs."""
    if kernel.state.belief is None:
        raise BenchRefused("inject: battery.premature_eri: the power is off; advance until it is back")


def _flag_eri(kernel: Kernel, values: Values) -> None:
    kernel.tell(lambda firmware: firmware.service_life.begin_eri())


def _drain(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    """However many knock, the receiver answers no more often than it does."""
    asked_na = conditions.drain_na + wakes_drain_na(profile.battery, fault.value("wakes_per_h"))
    conditions.drain_na = min(asked_na, wakes_drain_na(profile.battery, profile.battery.wakes_per_h_max))


def _stick_converter(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.adc_mv = fault.value("reading_mv")
    conditions.failing |= {"adc"}


BATTERY_FAULTS = (
    FaultSpec(
        "battery.resistive_film",
        (
            Parameter("sag_mv", "how much voltage the film takes in the end", 0, SUPPLY_MV_MAX),
            Parameter("over_days", "time in which it grows to that; 0: at once", 0, FAULT_DAYS_MAX, default=0),
        ),
        "a supply that falls: eri before its time, supply_range below the least supply, low_battery_reset below the brown-out voltage",
        "that the charge is still there; it takes the battery for worn out, and the life left for shorter than it is",
        "charge is drawn as ever and the voltage under load is lower; delivery is unchanged until a reset, then the minimum rate",
        "product advisory of July 2011: film within the battery, low-battery resets and early replacement",
        _grow_film,
        ramp("over_days", US_PER_DAY),
    ),
    FaultSpec(
        "battery.dip",
        (
            Parameter("supply_mv", "the most that is left of the supply meanwhile", 0, SUPPLY_MV_MAX),
            Parameter("seconds", "how long it lasts", 1, SUPPLY_DIP_S_MAX),
        ),
        "low_battery_reset below the brown-out voltage, at once; above it supply_range once the mean of the last readings is too low, and "
        "eri for good once that mean is at or below the replacement voltage",
        "a dip above the brown-out voltage that few readings fall into; below it how long it was: the counter goes on from the newest time "
        "in the log, so lockouts begin again, and clock, age and stability dates run late by what has passed since that record",
        "delivery is unchanged above the brown-out voltage; below it nothing is given until the supply is back, then the minimum rate",
        "low-battery resets in maker and regulator notices (2009, 2011): the therapy must be programmed again",
        _dip,
        span("seconds", US_PER_S),
    ),
    FaultSpec(
        "battery.premature_eri",
        (),
        "eri at once; end of service follows after the same days as for a worn battery",
        "that the battery is good",
        "delivery is unchanged until end of service; then nothing is given, with most of the charge left",
        "product advisory of July 2011: replacement indicator before its time",
        strike=_flag_eri,
        judge=_judge_premature_eri,
    ),
    FaultSpec(
        "battery.drain_by_wakeups",
        (Parameter("wakes_per_h", "how often somebody wakes the telemetry without a valid session", 1, WAKES_PER_H_MAX),),
        "only the voltage that falls faster: eri comes earlier; beyond its most wakes an hour the receiver does not listen (its back-off)",
        "the drain itself: the life left is told too long, for it is worked out from the current and the steps of the plan",
        "each wake that is answered costs its charge; delivery is unchanged",
        "Halperin et al. 2008: power denial of service on implants",
        _drain,
    ),
    FaultSpec(
        "battery.adc_stuck",
        (Parameter("reading_mv", "what the converter gives, whatever the supply is", 0, SUPPLY_MV_MAX),),
        "self_test_adc at the next self-test: motor off until service; before that what the constant amounts to, supply_range or eri",
        "the true supply, and with it a replacement that is due by the battery",
        "the battery is as it was; delivery goes on until the self-test, then nothing is given",
        "generic infusion pump requirements: the converter is among the self-tests",
        _stick_converter,
    ),
)
