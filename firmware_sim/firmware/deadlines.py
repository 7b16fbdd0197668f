"""What the firmware waits for, worked out from its state: name and device time of each deadline, in order of priority at one instant."""

from __future__ import annotations

from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.power import eos_due_us, eri_due_us, supply_due_us
from firmware_sim.hal import Hal
from firmware_sim.profile import Profile
from firmware_sim.units import US_PER_S

__all__ = ["Deadline", "low_level_nl", "next_deadline"]

Deadline = tuple[str, int]
"""What is waited for, and the device time at which it comes."""


def next_deadline(belief: Belief, hal: Hal, profile: Profile) -> Deadline | None:
    """The first to come under the present plan, and of several at one instant that of the highest priority. A hung task waits for nothing.

    When replacement is due takes longest to work out, so it is asked for last, and only for whether it is before all others.
    """
    if not profile.behaviour.telemetry:
        return None
    soonest: Deadline | None = None
    for name, due_us in _in_order(belief, hal, profile):
        if due_us is not None and (soonest is None or due_us < soonest[1]):
            soonest = name, due_us
    if "alarms" in hal.hung:
        return soonest
    horizon_us = None if soonest is None else soonest[1]
    eri_us = eri_due_us(belief, hal, profile, horizon_us)
    if eri_us is None or (horizon_us is not None and horizon_us <= eri_us):
        return soonest
    return "eri", eri_us


def low_level_nl(belief: Belief, profile: Profile) -> int | None:
    """The low-reservoir level: the therapy's; of a pump whose therapy is lost, the profile's; None before there is one."""
    if belief.prescription is not None:
        return belief.prescription.low_reservoir_nl
    return profile.alarm.low_reservoir_nl_default if belief.safe_state else None


def _in_order(belief: Belief, hal: Hal, profile: Profile) -> list[tuple[str, int | None]]:
    """Every deadline but that of the replacement indicator, by priority; None for those that will not come."""
    bolus, testing = belief.dosing.bolus, belief.post_until_us >= 0
    checks = (
        ("power_on_test", belief.post_until_us if testing else None),
        ("scrub", _after(hal.memory.disturbed_us, profile.memory.scrub_period_s)),
        ("self_test", None if testing else _after(hal.failing_us, profile.self_test.period_s)),
    )
    bolus_end = ("bolus_end", bolus.end_us if bolus else None)
    if "alarms" in hal.hung:
        return [*checks, bolus_end]
    return [
        *checks,
        _stall(belief, hal, profile),
        *_reservoir(belief, profile),
        bolus_end,
        ("stopped", _stopped_us(belief, profile)),
        ("eos", None if belief.alarms.is_active("eos") else eos_due_us(belief, profile)),
        ("supply", supply_due_us(belief, hal, profile)),
    ]


def _after(disturbed_us: int | None, period_s: int) -> int | None:
    """The next turn of a periodic check after something to find was there; turns that find nothing need not happen."""
    period_us = period_s * US_PER_S
    return None if disturbed_us is None else (disturbed_us // period_us + 1) * period_us


def _reservoir(belief: Belief, profile: Profile) -> list[tuple[str, int | None]]:
    """When the low level comes and when nothing is left: judged from the commanded total while the pump runs, never from a volume.

    While the level is to come, the end comes after it and is not asked for.
    """
    fill, dosing, level_nl = belief.fill, belief.dosing, low_level_nl(belief, profile)
    if fill is None or not dosing.moving:
        return []
    low_us = None
    if level_nl is not None and not belief.alarms.is_active("low_reservoir"):
        low_us = dosing.time_of_total(fill.end_units(level_nl))
        if level_nl and low_us is not None and low_us > dosing.anchor_us:
            return [("low", low_us)]
    return [("empty", dosing.time_of_total(fill.end_units())), ("low", low_us)]


def _stall(belief: Belief, hal: Hal, profile: Profile) -> tuple[str, int | None]:
    """A stall that shows, or the end of one."""
    stalled, motor = belief.alarms.is_active("motor_stall"), profile.motor
    name, detection_s = ("recovery", motor.recovery_detection_s) if stalled else ("stall", motor.stall_detection_s)
    if not profile.behaviour.stall_alarm or hal.motor_feedback().moving != stalled:
        return name, None
    return name, belief.stall.due_us(belief.dosing, detection_s * US_PER_S)


def _stopped_us(belief: Belief, profile: Profile) -> int | None:
    waiting = belief.mode == "stopped" and belief.stopped_us >= 0 and not belief.alarms.is_active("stopped_too_long")
    return belief.stopped_us + profile.alarm.stopped_too_long_s * US_PER_S if waiting else None
