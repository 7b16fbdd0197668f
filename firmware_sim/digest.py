"""Digests: SHA-256 over integers, by which two pumps are compared."""

from __future__ import annotations

import hashlib
import json

from firmware_sim.firmware.nvm import Layout
from firmware_sim.image import pack
from firmware_sim.pump_state import PumpState

__all__ = ["digest_all", "digest_therapy"]

_THERAPY_REGIONS = ("bank_a", "bank_b", "delivery_records", "delivery_state", "reservoir_state", "clock_offset")


def digest_all(state: PumpState) -> str:
    """Everything: state, memory bytes and the trace's chain."""
    return _hash(pack(state))


def digest_therapy(state: PumpState, layout: Layout) -> str:
    """What concerns delivery: unchanged by a refusal. Leaves out log, answer table, counters and trace."""
    belief, plant = state.belief, state.plant
    parts: list[object] = [plant.memory.read(layout.offsets[name], layout.sizes[name]).hex() for name in _THERAPY_REGIONS]
    parts += [pack(part) for part in (plant.motor, plant.reservoir, plant.catheter, plant.unit, plant.oscillator)]
    if belief is not None:
        parts += [belief.mode, belief.generation, belief.safe_state, belief.stop_reason, belief.stopped_us, belief.clock_offset_us]
        parts += [pack(belief.dosing), pack(belief.alarms)]
    return _hash(parts)


def _hash(data: object) -> str:
    return hashlib.sha256(json.dumps(data, separators=(",", ":")).encode()).hexdigest()
