"""Digests: SHA-256 over integers, by which two pumps are compared."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from firmware_sim.firmware.nvm import Layout
from firmware_sim.image import ENCODER, pack
from firmware_sim.limits import ERASED_BYTE, PAGE_BYTES
from firmware_sim.pump_state import PumpState

__all__ = ["digest_all", "digest_therapy"]

_THERAPY_REGIONS = ("bank_a", "bank_b", "delivery_records", "delivery_state", "reservoir_state", "clock_offset")


def digest_all(state: PumpState, layout: Layout) -> str:
    """Everything: state, memory bytes and the trace's chain. Only the programmer keys are left out: they come from outside the run.

    How many there are still shows, in the count of writes.
    """
    plant = state.plant
    memory = replace(plant.memory, pages=_without(plant.memory.pages, layout.offsets["keys"], layout.sizes["keys"]))
    return _hash(pack(replace(state, plant=replace(plant, memory=memory))))


def digest_therapy(state: PumpState, layout: Layout) -> str:
    """What concerns delivery: unchanged by a refusal. Leaves out log, answer table, counters and trace."""
    belief, plant = state.belief, state.plant
    parts: list[object] = [plant.memory.read(layout.offsets[name], layout.sizes[name]).hex() for name in _THERAPY_REGIONS]
    parts += [pack(part) for part in (plant.motor, plant.reservoir, plant.catheter, plant.unit, plant.oscillator)]
    if belief is not None:
        parts += [belief.mode, belief.generation, belief.safe_state, belief.stop_reason, belief.stopped_us, belief.clock_offset_us]
        parts += [pack(belief.dosing), pack(belief.alarms)]
    return _hash(parts)


def _without(pages: dict[int, bytes], offset: int, length: int) -> dict[int, bytes]:
    """Memory pages with a stretch of them erased."""
    kept = dict(pages)
    for page in range(offset // PAGE_BYTES, (offset + length - 1) // PAGE_BYTES + 1):
        if page in kept:
            start, end = max(0, offset - page * PAGE_BYTES), min(PAGE_BYTES, offset + length - page * PAGE_BYTES)
            kept[page] = kept[page][:start] + bytes([ERASED_BYTE]) * (end - start) + kept[page][end:]
    return kept


def _hash(data: object) -> str:
    return hashlib.sha256(ENCODER.encode(data).encode()).hexdigest()
