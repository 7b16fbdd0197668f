"""What the firmware waits for, worked out from its state: name and device time of each deadline, in order of priority at one instant."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.power import eos_due_us, eri_due_us, supply_due_us
from firmware_sim.hal import Hal
from firmware_sim.profile import Profile
from firmware_sim.units import US_PER_S

__all__ = ["deadlines", "low_level_nl"]

Deadline = tuple[str, int | None]


def deadlines(belief: Belief, hal: Hal, profile: Profile) -> list[Deadline]:
    """Every deadline; None for those that will not come under the present plan. What a hung task waits for is not waited for.

    When the battery is due takes longest to work out, so it comes last and may be None when it is surely later than another.
    """
    if not profile.behaviour.telemetry:
        return []
    found: list[Deadline] = [
        ("power_on_test", belief.post_until_us if belief.post_until_us >= 0 else None),
        ("scrub", _after(hal.memory.disturbed_us, profile.memory.scrub_period_s)),
        ("self_test", _after(hal.failing_us, profile.self_test.period_s) if belief.post_until_us < 0 else None),
    ]
    alarms_run = "alarms" not in hal.hung
    if alarms_run:
        found += [*_stall(belief, hal, profile), *_reservoir(belief, profile)]
    found.append(("bolus_end", belief.dosing.bolus.end_us if belief.dosing.bolus else None))
    if alarms_run:
        found += _ages(belief, hal, profile)
        soonest_us = min((due_us for _, due_us in found if due_us is not None), default=None)
        found.append(("eri", eri_due_us(belief, hal, profile, soonest_us)))
    return found


def low_level_nl(belief: Belief, profile: Profile) -> int | None:
    """The low-reservoir level: the therapy's; of a pump whose therapy is lost, the profile's; None before there is one."""
    if belief.prescription is not None:
        return belief.prescription.low_reservoir_nl
    return profile.alarm.low_reservoir_nl_default if belief.safe_state else None


def _ages(belief: Belief, hal: Hal, profile: Profile) -> Iterator[Deadline]:
    yield "stopped", _stopped_us(belief, profile)
    yield "eos", eos_due_us(belief, profile) if not belief.alarms.is_active("eos") else None
    yield "supply", supply_due_us(belief, hal, profile)


def _after(disturbed_us: int | None, period_s: int) -> int | None:
    """The next turn of a periodic check after something to find was there; turns that find nothing need not happen."""
    period_us = period_s * US_PER_S
    return None if disturbed_us is None else (disturbed_us // period_us + 1) * period_us


def _reservoir(belief: Belief, profile: Profile) -> Iterator[Deadline]:
    """Low and empty are judged from the commanded total while the pump runs, never from a volume."""
    fill, dosing = belief.fill, belief.dosing
    if fill is None or not dosing.moving:
        return
    yield "empty", dosing.time_of_total(fill.end_units())
    level_nl = low_level_nl(belief, profile)
    if level_nl is not None and not belief.alarms.is_active("low_reservoir"):
        yield "low", dosing.time_of_total(fill.end_units(level_nl))


def _stall(belief: Belief, hal: Hal, profile: Profile) -> Iterator[Deadline]:
    if not profile.behaviour.stall_alarm:
        return
    stalled, motor = belief.alarms.is_active("motor_stall"), profile.motor
    if hal.motor_feedback().moving == stalled:
        detection_s = motor.recovery_detection_s if stalled else motor.stall_detection_s
        yield "recovery" if stalled else "stall", belief.stall.due_us(belief.dosing, detection_s * US_PER_S)


def _stopped_us(belief: Belief, profile: Profile) -> int | None:
    waiting = belief.mode == "stopped" and belief.stopped_us >= 0 and not belief.alarms.is_active("stopped_too_long")
    return belief.stopped_us + profile.alarm.stopped_too_long_s * US_PER_S if waiting else None
