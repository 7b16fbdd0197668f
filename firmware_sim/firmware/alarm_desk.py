"""What is done about alarms: raised and cleared with their records, silenced, acknowledged, and recalled after a reset.

The board of causes (`alarms`) knows what sounds; the desk knows what an alarm brings about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.boot import Waking
from firmware_sim.firmware.deadlines import low_level_nl
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.store import AlarmMemory
from firmware_sim.units import UNITS_PER_NL, US_PER_S

if TYPE_CHECKING:
    from firmware_sim.firmware.controller import Controller

__all__ = ["AlarmDesk"]


_REPROGRAMMED = ("low_battery_reset", "memory_failure")
"""Latched causes that a COMMIT clears: until then the pump is in its safe state."""


class AlarmDesk:
    """The alarms of one firmware."""

    def __init__(self, firmware: Controller) -> None:
        self._firmware = firmware

    def raise_alarm(self, cause: str) -> None:
        """Raise a cause, once; a critical one ends the dose that runs."""
        firmware, alarm = self._firmware, ALARMS[number_of(cause)]
        if not firmware.belief.alarms.raise_alarm(cause, firmware.now_us):
            return
        if cause == "motor_stall":
            self.log_recovery()
        if alarm.latched:
            self._keep()
        firmware.log(EventKind.ALARM_RAISED, number_of(cause))
        if alarm.critical:
            firmware.desk.interrupt()

    def clear_alarm(self, cause: str) -> None:
        """A cause is gone."""
        firmware = self._firmware
        if not firmware.belief.alarms.clear(cause):
            return
        if ALARMS[number_of(cause)].latched:
            self._keep()
        firmware.log(EventKind.ALARM_CLEARED, number_of(cause))

    def silence(self, cause: str) -> int:
        """Silence one cause for its class's time; returns the device time at which that ends."""
        firmware, alarm, numbers = self._firmware, ALARMS[number_of(cause)], self._firmware.profile.alarm
        length_s = numbers.critical_silence_s if alarm.critical else numbers.non_critical_silence_s
        until_us = firmware.now_us + length_s * US_PER_S
        firmware.belief.alarms.silence(cause, until_us)
        firmware.log(EventKind.SILENCED, number_of(cause), value=until_us)
        return until_us

    def acknowledge(self, cause: str) -> None:
        """Mark a cause as seen."""
        self._firmware.belief.alarms.acknowledge(cause)
        self._firmware.log(EventKind.ACKNOWLEDGED, number_of(cause))
        if cause == "keys_changed":
            self.clear_alarm(cause)

    def test(self) -> None:
        """Play both sounds; changes nothing else."""
        self._firmware.belief.alarms.test_began_us = self._firmware.now_us
        self._firmware.log(EventKind.ALARM_TEST)

    def judge_reservoir(self, left_units: int) -> None:
        """Judge the computed volume outside of infusion: what a boot finds, or a REFILL leaves, raises its alarm at once."""
        belief = self._firmware.belief
        level_nl = low_level_nl(belief, self._firmware.profile)
        if belief.fill is None or level_nl is None:
            return
        if left_units <= 0:
            self.raise_alarm("empty_reservoir")
        if left_units <= level_nl * UNITS_PER_NL:
            self.raise_alarm("low_reservoir")

    def run_empty(self) -> None:
        """The computed volume has come to 0."""
        self.raise_alarm("empty_reservoir")
        self._firmware.stop("empty")

    def recover(self) -> None:
        """The rotor moves again; a lazy pump keeps the record back until it has been interrogated."""
        firmware = self._firmware
        if firmware.profile.behaviour.stall_log_lazy:
            firmware.belief.recovery_us = firmware.now_us
            firmware.belief.alarms.clear("motor_stall")
            self._keep()
        else:
            self.clear_alarm("motor_stall")

    def log_recovery(self) -> None:
        """Give the log the recovery it was not told, with the time at which it was seen."""
        belief = self._firmware.belief
        if belief.recovery_us >= 0:
            self._firmware.log(EventKind.ALARM_CLEARED, number_of("motor_stall"), value=belief.recovery_us)
            belief.recovery_us = -1
            self._keep()

    def recall(self, waking: Waking) -> None:
        """Raise again what outlives a reset; a supply that dipped raises its own. A COMMIT that finished has programmed the pump anew."""
        firmware, belief = self._firmware, self._firmware.belief
        mended = _REPROGRAMMED if waking.finished_commit else ()
        for alarm in ALARMS:
            if waking.latched >> number_of(alarm.cause) & 1 and alarm.cause not in mended:
                self.raise_alarm(alarm.cause)
        self._keep()
        if firmware.hal.registers.lost:
            firmware.store.lockouts.add_plan_change(firmware.now_us, firmware.desk.highest_basal())
            self.raise_alarm("low_battery_reset")
        if firmware.hal.motor_cut:
            self.raise_alarm("rate_limiter")
        belief.safe_state = belief.safe_state or any(belief.alarms.is_active(cause) for cause in _REPROGRAMMED)

    def _keep(self) -> None:
        """Put into memory what outlives a reset about alarms."""
        belief = self._firmware.belief
        word = sum(1 << number_of(cause) for cause in belief.alarms.latched())
        self._firmware.store.write_alarm_state(AlarmMemory(word, belief.eri_us, belief.recovery_us))
