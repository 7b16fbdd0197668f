"""Faults of the oscillator and the clock chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.errors import BenchRefused
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter, Values
from firmware_sim.limits import CLOCK_SHIFT_US_MAX, DRIFT_PPM_MAX
from firmware_sim.plant.conditions import Conditions
from firmware_sim.profile import Profile

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel

__all__ = ["CLOCK_FAULTS"]


def _drift(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.drift_ppm += fault.value("drift_ppm")


def _stand_still(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.clock_stuck = True


def _judge_drift(kernel: Kernel, values: Values) -> None:
    """All drifts together stay what an oscillator can have."""
    drift_ppm = kernel.plant.conditions.drift_ppm + int(values["drift_ppm"])
    if abs(drift_ppm) > DRIFT_PPM_MAX:
        raise BenchRefused(
            f"inject: clock.drift: the drifts in force would come to {drift_ppm} ppm; at most {DRIFT_PPM_MAX} ppm either way"
        )


def _judge_jump(kernel: Kernel, values: Values) -> None:
    """The clock stays within what it can show."""
    belief, jump_us = kernel.state.belief, int(values["jump_us"])
    shift_us = kernel.state.plant.oscillator.rtc_shift_us + jump_us
    if belief is not None:
        clock_us, most_us = kernel.device_us + belief.clock_offset_us + shift_us, kernel.profile.clock.clock_us_max
        if not 0 <= clock_us <= most_us:
            raise BenchRefused(f"inject: clock.jump: the clock would show {clock_us} us; it goes from 0 to {most_us} us")
    if abs(shift_us) > CLOCK_SHIFT_US_MAX:
        raise BenchRefused(f"inject: clock.jump: the clock would be off by {shift_us} us; at most {CLOCK_SHIFT_US_MAX} us either way")


def _jump(kernel: Kernel, values: Values) -> None:
    kernel.state.plant.oscillator.rtc_shift_us += int(values["jump_us"])
    kernel.tell(lambda firmware: firmware.clock_moved())


CLOCK_FAULTS = (
    FaultSpec(
        "clock.drift",
        (Parameter("drift_ppm", "how much faster than before the oscillator runs", -DRIFT_PPM_MAX, DRIFT_PPM_MAX),),
        "nothing: all it has to measure time by is this oscillator",
        "rates, lockouts and schedules run fast or slow with it",
        "the rate is off by the drift, and so is every time in the log",
        "ageing and temperature of quartz oscillators",
        _drift,
        judge=_judge_drift,
    ),
    FaultSpec(
        "clock.jump",
        (Parameter("jump_us", "how far the clock chip jumps"),),
        "nothing: the flex step of the new time is in force at once",
        "that the clock is wrong; lockouts and windows count monotonic time and hold",
        "a flex schedule runs shifted",
        "time-zone and clock faults shift flex schedules",
        strike=_jump,
        judge=_judge_jump,
    ),
    FaultSpec(
        "clock.stuck",
        (),
        "the watchdog, which has an oscillator of its own, resets it; self_test_rtc then stops it: motor off until service",
        "the time until the watchdog acts: for it no time has passed",
        "nothing is given from the moment it stands still",
        "hazard lists for infusion pumps: clock failure",
        _stand_still,
    ),
)
