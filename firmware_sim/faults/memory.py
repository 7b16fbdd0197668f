"""Faults of the memory chip and of the RAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.errors import BenchRefused
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter, Values
from firmware_sim.limits import BYTE_BITS
from firmware_sim.plant.conditions import Conditions
from firmware_sim.profile import Profile

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel

__all__ = ["MEMORY_FAULTS", "RAM"]

RAM = "ram"
"""The name under which the RAM image of the therapy is addressed, beside the regions of the memory chip."""
_BANKS = ("bank_a", "bank_b")


def _judge_flip(kernel: Kernel, values: Values) -> None:
    """The place is within this pump's memory."""
    layout, region, offset = kernel.firmware.layout, str(values["region"]), int(values["offset"])
    sizes = {**layout.sizes, RAM: kernel.ram_bytes()}
    if region not in sizes:
        raise BenchRefused(f"inject: memory.bit_flip: no memory region {region!r}; there are {', '.join(sizes)}")
    if offset >= sizes[region]:
        raise BenchRefused(f"inject: memory.bit_flip: offset is {offset}; {region} has {sizes[region]} bytes")


def _flip(kernel: Kernel, values: Values) -> None:
    region, offset, bit = str(values["region"]), int(values["offset"]), int(values["bit"])
    if region == RAM:
        kernel.flip_ram(offset, bit)
    else:
        kernel.plant.memory.flip(kernel.firmware.layout.offsets[region] + offset, bit, kernel.device_us)


def _tear(kernel: Kernel, values: Values) -> None:
    kernel.plant.memory.tear_after_bytes = int(values["after_bytes"])


def _spoil_bank(kernel: Kernel, values: Values) -> None:
    """A byte of the bank's header has lost all its charge."""
    offset = kernel.firmware.layout.offsets[str(values["bank"])]
    for bit in range(BYTE_BITS):
        kernel.plant.memory.flip(offset, bit, kernel.device_us)


def _fail_log(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.log_fails = True


MEMORY_FAULTS = (
    FaultSpec(
        "memory.bit_flip",
        (
            Parameter("region", "name of the memory region, or ram for the therapy the firmware works from", text=True),
            Parameter("offset", "byte within the region", 0),
            Parameter("bit", "bit within the byte", 0, BYTE_BITS - 1),
        ),
        "memory_error or memory_failure at the next scrub when it hits a therapy bank or the RAM image; a log record as bad when read",
        "a flip in bytes that are written anew before they are read",
        "delivery is unchanged but for the RAM image: there a rate may be wrong until the next scrub",
        "single-event upset",
        strike=_flip,
        judge=_judge_flip,
    ),
    FaultSpec(
        "memory.torn_write",
        (Parameter("after_bytes", "bytes written from now on after which the rest of one write is lost", 0),),
        "the write reads back wrong and is written once more; no alarm, no record",
        "that anything was wrong, once the second write is right",
        "delivery and memory are as without it",
        "brown-out or charge-pump weakness during programming of non-volatile memory",
        strike=_tear,
    ),
    FaultSpec(
        "memory.bank_bad",
        (Parameter("bank", "which therapy bank is spoilt", choices=_BANKS),),
        "memory_error at the next scrub; memory_failure and the safe state when both are bad",
        "nothing further",
        "delivery is unchanged with one bank bad; the minimum rate with both",
        "wear-out of non-volatile memory",
        strike=_spoil_bank,
    ),
    FaultSpec(
        "memory.log_write_error",
        (),
        "log_error at the first record that reads back wrong; it clears with the first that reads back right",
        "what it would have written",
        "delivery is unchanged; records are missing",
        "hazard lists for infusion pumps: event log failure",
        _fail_log,
    ),
)
