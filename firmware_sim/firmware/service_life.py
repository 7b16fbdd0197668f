"""The battery as the firmware judges it: ERI, EOS, and a supply out of range. When each comes is worked out in `power`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware_sim.firmware.controller import Controller

__all__ = ["ServiceLife"]


class ServiceLife:
    """What is done when the battery's deadlines come."""

    def __init__(self, firmware: Controller) -> None:
        self._firmware = firmware

    def begin_eri(self) -> None:
        """The replacement indicator; the time to the end of service runs from here."""
        belief = self._firmware.belief
        if belief.eri_us < 0:
            belief.eri_us = self._firmware.now_us
            self._firmware.alarms.raise_alarm("eri")

    def end_service(self) -> None:
        """The end of service: a pump of this class stops for good."""
        firmware = self._firmware
        firmware.alarms.raise_alarm("eos")
        if firmware.profile.behaviour.stops_at_end_of_service:
            firmware.stop("eos")

    def judge_supply(self) -> None:
        """The mean of the readings has left its range, or is back in it."""
        firmware = self._firmware
        outside = firmware.belief.alarms.is_active("supply_range")
        firmware.belief.supply_us = firmware.now_us
        (firmware.alarms.clear_alarm if outside else firmware.alarms.raise_alarm)("supply_range")
