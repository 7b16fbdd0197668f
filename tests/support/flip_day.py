"""The pump that the bit-flip campaign hits: in the evening of a day with much done over the wire, so that every region holds something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple
from unittest.mock import patch

from firmware_sim.faults.memory import RAM
from firmware_sim.plant.memory import Memory
from firmware_sim.units import US_PER_S
from protocol.messages import Bolus
from protocol.therapy import PatientRule
from tests.link.bedside import CONCENTRATION, FILL_NL, Bedside, flex

__all__ = ["BOLUS", "LOCKOUT_H", "PHASES_S", "Day", "Span", "evening"]

LOCKOUT_H = 8
PHASES_S = (1, 1_800, 3_599)
"""Seconds after a turn of the scrub at which a bit flips: right after it, between two, right before the next."""
MORNING = flex(8_000, 10_000, 12_000, 9_000)
ALLOWED = flex(6_000, 14_000, 7_000, 11_000, 5_000)._replace(
    patient=(PatientRule(20_000, 20_000 * CONCENTRATION // 1_000_000, 240, LOCKOUT_H * 3_600, 4, 2_000_000),)
)
BOLUS = Bolus(0, 60_000, 60_000 * CONCENTRATION // 1_000_000, 600, 0)
"""The clinician's last bolus; its id is the day's."""


class Span(NamedTuple):
    """Bytes of a region that were written: from, length."""

    start: int
    length: int


class Day(NamedTuple):
    """Images of the unit at each phase, what is written in each region, and the id of the clinician's last bolus."""

    images: tuple[bytes, ...]
    written: dict[str, tuple[Span, ...]]
    bolus_id: int


@cache
def evening() -> Day:
    """Live through two days and save the evening of the third."""
    bedside = Bedside()
    with _writes(bedside) as writes:
        bolus_id = _live(bedside)
    images = []
    for phase_s in PHASES_S:
        _advance_to_phase(bedside, phase_s)
        images.append(bedside.unit.save())
    pump = bedside.unit.pump
    written: dict[str, tuple[Span, ...]] = {RAM: (Span(0, _ram_bytes(bedside)),)}
    start = 0
    for name, size in pump.profile.memory.regions().items():
        spans = _joined([(at - start, length) for at, length in writes if start <= at < start + size])
        if spans:
            written[name] = spans
        start += size
    return Day(tuple(images), written, bolus_id)


def _live(bedside: Bedside) -> int:
    """Fill, clock, therapy; a stall by MRI; an update in the morning; a patient's bolus and a clinician's one in the evening."""
    bedside.fill()
    with bedside.programmer() as programmer:
        programmer.refill(FILL_NL, 0, 1, CONCENTRATION)
        programmer.set_clock(programmer.status().clock_us // (86_400 * US_PER_S) * 86_400 * US_PER_S + 16 * 3_600 * US_PER_S)
        programmer.update(MORNING)
        bedside.advance(hours=30)
        bedside.unit.pump.inject("motor.mri", minutes=45)
        bedside.advance(hours=12)
        programmer.interrogate()
        programmer.stop()
        programmer.start()
        programmer.update(ALLOWED)
        bedside.advance(hours=LOCKOUT_H, minutes=5)
        programmer.bolus(20_000, BOLUS.dose_ng // 3, 300)
        bedside.advance(minutes=30)
    with bedside.programmer(role="patient", programmer_id=8) as patient:
        patient.patient_bolus()
    bedside.advance(hours=1)
    with bedside.programmer() as programmer:
        programmer.bolus(BOLUS.volume_nl, BOLUS.dose_ng, BOLUS.duration_s)
        bolus_id = programmer.status().last_command_id
    bedside.advance(minutes=20)
    return bolus_id


def _advance_to_phase(bedside: Bedside, phase_s: int) -> None:
    period_us = bedside.unit.pump.profile.memory.scrub_period_s * US_PER_S
    device_us = bedside.unit.pump.device_us
    bedside.advance(us=(phase_s * US_PER_S - device_us) % period_us)


@contextmanager
def _writes(bedside: Bedside) -> Iterator[list[tuple[int, int]]]:
    """Every (offset, length) that is written meanwhile, the factory's own before it included."""
    pump, seen = bedside.unit.pump, []
    regions, start = pump.profile.memory.regions(), 0
    for name, size in regions.items():
        used = len(pump.load(name).rstrip(b"\xff"))
        if used:
            seen.append((start, used))
        start += size
    plain = Memory.write

    def write(memory: Memory, offset: int, data: bytes) -> None:
        seen.append((offset, len(data)))
        plain(memory, offset, data)

    with patch.object(Memory, "write", write):
        yield seen


def _joined(pieces: list[tuple[int, int]]) -> tuple[Span, ...]:
    """Pieces as spans that do not overlap."""
    spans: list[Span] = []
    for start, length in sorted(set(pieces)):
        if spans and start <= spans[-1].start + spans[-1].length:
            last = spans.pop()
            spans.append(Span(last.start, max(last.length, start + length - last.start)))
        else:
            spans.append(Span(start, length))
    return tuple(spans)


def _ram_bytes(bedside: Bedside) -> int:
    therapy = bedside.unit.pump.status().prescription
    assert therapy is not None
    return len(therapy.encode()) + 4
