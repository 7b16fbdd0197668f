"""What the pump's log and its trace tell, in few words."""

from __future__ import annotations

from firmware_sim import Pump
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.journal import Entry, EventKind
from tests.support.therapies import active_causes

__all__ = ["alarm_records", "last_boot", "raised_us_of", "records", "step_times_us", "wait_for_alarm"]

EVERYTHING = 5_000


def records(pump: Pump, *kinds: EventKind) -> list[Entry]:
    """Records of these kinds in the log; all without any."""
    entries = pump.read_log(0, EVERYTHING)[2]
    return [entry for entry in entries if not kinds or entry.kind in kinds]


def alarm_records(pump: Pump, cause: str) -> list[tuple[str, int]]:
    """("raised" or "cleared", device time) of one cause, in the log's order."""
    told = {EventKind.ALARM_RAISED: "raised", EventKind.ALARM_CLEARED: "cleared"}
    return [(told[EventKind(entry.kind)], entry.device_us) for entry in records(pump, *told) if entry.detail == number_of(cause)]


def last_boot(pump: Pump) -> Entry:
    """The newest BOOT record; its detail is the reset cause: 0 plain, 1 watchdog, 2 low battery."""
    return records(pump, EventKind.BOOT)[-1]


def raised_us_of(pump: Pump, cause: str) -> int:
    """Device time at which a cause was raised, by the status."""
    return next(alarm.raised_us for alarm in pump.status().alarms if alarm.cause == cause)


def wait_for_alarm(pump: Pump, cause: str) -> int:
    """Let happen what is next until a cause is active; returns the true time of it."""
    while cause not in active_causes(pump):
        due = pump.next_due()
        assert due is not None, f"{cause} will never come"
        pump.advance_to(due)
    return pump.now_us


def step_times_us(pump: Pump, rate_nl_per_h: int, count: int, since_us: int = 0) -> list[int]:
    """Device times of the first steps of one rate that began at `since_us` with no step begun."""
    step_units = 900_000 * pump.calibration_ppm
    return [since_us - (-number * step_units // rate_nl_per_h) for number in range(1, count + 1)]
