"""The scrub: memory and the RAM image of the therapy are read through and checked, on a grid of the device clock.

A bank that is bad is masked by the other; both bad is the safe state. A RAM image that no longer has the CRC it was loaded with is loaded
again from a bank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from firmware_sim.errors import Refused
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.judge import judge_prescription
from firmware_sim.firmware.prescription import Prescription
from firmware_sim.firmware.records import CRC

if TYPE_CHECKING:
    from firmware_sim.firmware.controller import Controller

__all__ = ["Scrub", "image_crc"]


def image_crc(prescription: Prescription | None) -> int:
    """CRC of the RAM image; 0 without one."""
    return crc32(prescription.encode()) if prescription else 0


class Scrub:
    """The memory check of one firmware."""

    def __init__(self, firmware: Controller) -> None:
        self._firmware = firmware

    def run(self) -> None:
        """Read RAM image and banks through: blank never alarms; one bad is masked, both bad is the safe state."""
        firmware, belief = self._firmware, self._firmware.belief
        firmware.hal.memory.checked()
        if belief.prescription is not None and image_crc(belief.prescription) != belief.ram_crc:
            self.reload()
        mended = firmware.store.scrub(firmware.now_us, firmware.profile.rate.rate_nl_per_h_max)
        if mended:
            firmware.log(EventKind.MEMORY_CORRECTED, mended, value=belief.generation)
        states = {bank.state for bank in firmware.store.banks.read()}
        if "bad" not in states:
            return
        if len(states) > 1 or belief.mode == "shelf":
            firmware.alarms.raise_alarm("memory_error")
        elif not belief.alarms.is_active("memory_failure"):
            firmware.fail_safe("memory_failure")

    def reload(self) -> None:
        """Load the therapy from its bank again; without one that is whole the pump goes to its safe state."""
        firmware, belief = self._firmware, self._firmware.belief
        bank = firmware.store.banks.newest()
        if bank is None or bank.prescription is None:
            firmware.fail_safe("memory_failure")
            return
        belief.prescription, belief.ram_crc = bank.prescription, image_crc(bank.prescription)
        firmware.replan()
        firmware.log(EventKind.MEMORY_CORRECTED, value=belief.generation)
        firmware.alarms.raise_alarm("memory_error")

    def ram_bytes(self) -> int:
        """Length of the RAM image with its CRC; 0 without a therapy."""
        therapy = self._firmware.belief.prescription
        return len(therapy.encode()) + CRC.size if therapy else 0

    def flip_ram(self, offset: int, bit: int) -> None:
        """A particle hits the RAM image: what the firmware works from is what it reads there now.

        An image that cannot be read, or holds what no therapy may, is noticed as it is used; any other at the next scrub.
        """
        firmware, belief = self._firmware, self._firmware.belief
        assert belief.prescription is not None, "the place was judged"
        image = bytearray(belief.prescription.encode() + CRC.pack(belief.ram_crc))
        image[offset] ^= 1 << bit
        (belief.ram_crc,) = CRC.unpack(image[-CRC.size :])
        firmware.hal.memory.disturb(firmware.now_us)
        try:
            read = Prescription.decode(bytes(image[: -CRC.size]))
            judge_prescription(read, firmware.profile)
        except (ValueError, Refused):
            self.reload()
            return
        belief.prescription = read
        firmware.replan()
