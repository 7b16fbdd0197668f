"""Section EN, environment, each row by its observable."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from firmware_sim import Pump
from hil.unit import Unit
from tests.link.bedside import Bedside
from tests.support.therapies import US_PER_MIN, listed_causes, running, simple

BAND_PPM = 145_000
MEMORY_BYTES_MAX = 2_000_000


def delivered_fl(fault: str | None, value: int = 0) -> tuple[int, Pump]:
    """What a pump under one condition delivers in a day."""
    pump = running(simple(20_000))
    if fault:
        pump.inject(f"environment.{fault.split('_')[0]}", **{fault: value})
    pump.advance(days=1)
    return pump.truth().balance.delivered_fl, pump


@pytest.mark.pump_requirement("EN-01")
@pytest.mark.parametrize("mdegc", [35_000, 36_500, 38_000, 40_000])
def test_flow_in_a_body_is_within_the_band(mdegc: int) -> None:
    """From 35 to 40 degrees the flow follows its coefficient, stays within the accuracy band, and nothing is raised."""
    usual_fl, _ = delivered_fl(None)
    fl, pump = delivered_fl("temperature_mdegc", mdegc)
    environment = pump.profile.environment

    shift_ppm = (mdegc - environment.temperature_mdegc) * environment.temperature_ppm_per_k // 1_000
    assert abs(fl - usual_fl * (1_000_000 + shift_ppm) // 1_000_000) <= usual_fl // 1_000_000
    assert abs(fl - 480_000 * 1_000_000) * 1_000_000 <= 480_000 * 1_000_000 * BAND_PPM
    assert listed_causes(pump) == []


@pytest.mark.pump_requirement("EN-03")
@pytest.mark.parametrize("mmhg", [500, 760, 2_000, 5_000])
def test_flow_follows_the_pressure_around_the_body(mmhg: int) -> None:
    """From 500 to 5000 mmHg: the more pressure, the less flow, by its coefficient; the pump notices nothing."""
    usual_fl, _ = delivered_fl(None)
    fl, pump = delivered_fl("pressure_mmhg", mmhg)
    environment = pump.profile.environment

    shift_ppm = (mmhg - environment.pressure_mmhg) * environment.pressure_ppm_per_100_mmhg // 100
    assert abs(fl - usual_fl * (1_000_000 + shift_ppm) // 1_000_000) <= usual_fl // 1_000_000
    assert listed_causes(pump) == []


def bent(frames: list[bytes], draw: random.Random) -> bytes:
    """A frame with one bit wrong, or bytes that never were one."""
    if draw.random() < 0.5:
        return draw.randbytes(draw.randrange(1, 80)) + b"\0"
    frame = bytearray(draw.choice(frames))
    frame[draw.randrange(len(frame) - 1)] ^= 1 << draw.randrange(8)
    return bytes(frame)


@pytest.mark.pump_requirement("EN-04")
def test_day_of_broken_frames_changes_no_drop_and_takes_no_memory(seed: int) -> None:
    """Each minute of 24 hours a burst of frames of which every one is bent: delivery as in silence, minute by minute; memory stays."""
    draw, host = random.Random(seed), Bedside.running()
    with host.programmer() as programmer:
        programmer.interrogate()
        programmer.stop()
    frames = [frame for frame in host.heard if len(frame) > 4]
    loud, silent = Bedside.running().unit, Bedside.running().unit
    tracemalloc.start()
    columns = [day(unit, frames if unit is loud else [], draw) for unit in (loud, silent)]
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert columns[0] == columns[1]
    assert loud.digest("therapy") == silent.digest("therapy")
    assert held_bytes < MEMORY_BYTES_MAX


def day(unit: Unit, frames: list[bytes], draw: random.Random) -> list[int]:
    """Delivered femtolitres at each minute of a day; with frames, three bent ones come each minute."""
    delivered = []
    for _ in range(24 * 60):
        if frames:
            assert unit.receive(b"".join(bent(frames, draw) for _ in range(3))) == b""
        unit.advance_to(unit.now_us + US_PER_MIN)
        delivered.append(unit.pump.truth().balance.delivered_fl)
    return delivered
