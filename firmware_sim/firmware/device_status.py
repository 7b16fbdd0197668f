"""What the firmware thinks: the belief side of the pump, as an interrogation would tell it."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.firmware.prescription import Prescription, RefillEntry

__all__ = ["ActiveAlarm", "BolusStatus", "BriefStatus", "DeviceStatus"]


class ActiveAlarm(NamedTuple):
    """One cause: active or not, acknowledged or not, when raised, silenced until (device times; 0 = not silenced)."""

    cause: str
    critical: bool
    active: bool
    acknowledged: bool
    raised_us: int
    silenced_until_us: int


class BolusStatus(NamedTuple):
    """The bolus under way."""

    command_id: int
    programmed_nl: int
    delivered_nl: int
    start_us: int
    end_us: int
    kind: str


class BriefStatus(NamedTuple):
    """What a short look tells: the part of a `DeviceStatus` that costs nothing to work out.

    `self_testing` says that the power-on self-test is not over, `overridden` that the therapy is above a soft limit which its COMMIT set
    aside.
    """

    device_us: int
    clock_us: int
    boot_count: int
    mode: str
    stop_reason: str
    safe_state: bool
    self_testing: bool
    overridden: bool
    concentration_pending: bool
    generation: int
    prescription: Prescription | None
    fill: RefillEntry | None
    bolus: BolusStatus | None
    alarms: tuple[ActiveAlarm, ...]


class DeviceStatus(NamedTuple):
    """The firmware's belief at one instant. Clock dates are microseconds since 2000-01-01, None where nothing can be computed.

    The reservoir's dates are those of the plan in force; of a pump that is stopped, those of its therapy if it ran from now on. A pump held
    back without knowing it, as in telemetry mode, tells the rate that it believes to give.
    """

    device_us: int
    clock_us: int
    boot_count: int
    mode: str
    stop_reason: str
    safe_state: bool
    self_testing: bool
    overridden: bool
    concentration_pending: bool
    generation: int
    prescription: Prescription | None
    rate_nl_per_h: int
    computed_reservoir_nl: int | None
    fill: RefillEntry | None
    low_reservoir_clock_us: int | None
    empty_clock_us: int | None
    replace_by_clock_us: int | None
    supply_mv: int
    battery_state: str
    bolus: BolusStatus | None
    alarms: tuple[ActiveAlarm, ...]
    basal_nl: int
    bolus_nl: int
    steps: int
    log_oldest: int
    log_newest: int
    fault_log_oldest: int
    fault_log_newest: int
    patient_granted: int
    patient_refused: int
