"""The body around the pump: its warmth, the pressure, and a line full of noise."""

from __future__ import annotations

import random
from typing import Any

import pytest

from firmware_sim.units import FL_PER_NL, S_PER_H
from hil.suite.given import Given
from protocol.framing import Frame, encode_frame
from protocol.message_table import BY_NAME

RATE_NL_PER_H = 20_000
DAY_NL = 24 * RATE_NL_PER_H
LOOK_MIN = 10
LOOKS = 24 * S_PER_H // (LOOK_MIN * 60)
BURST = 5
"""Bent frames in one burst."""
IMAGE_GROWTH_MAX = 1_000
"""Bytes of base64: counters get longer, the trace has some records; a buffer that grows with the noise would keep all of it."""

needs = pytest.mark.pump_needs


def day_fl(given: Given, fault: str = "", **parameters: int) -> int:
    """What a day under one condition delivers."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.bench.advance(days=1)
    before_fl = int(given.bench.truth()["balance"]["delivered_fl"])
    if fault:
        given.suffers(fault, **parameters)
    given.bench.advance(days=1)
    return int(given.bench.truth()["balance"]["delivered_fl"]) - before_fl


def shifted(given: Given, measure: Any, fault: str, parameters: dict[str, int], shift_ppm: float) -> None:
    """The flow of a day follows the coefficient, to two steps, and nothing is raised."""
    usual_fl, fl = given.apart(lambda: day_fl(given), lambda: day_fl(given, fault, **parameters))
    steps_ppm = 2 * given.step_nl_max * 1_000_000 / DAY_NL
    measure("shift of flow", (fl / usual_fl - 1) * 1_000_000, unit="ppm", low=shift_ppm - steps_ppm, high=shift_ppm + steps_ppm)
    measure("flow error", (fl / (DAY_NL * FL_PER_NL) - 1) * 100, unit="%", low=-given.band_percent - 1, high=given.band_percent + 1)
    given.alarms_none()


@pytest.mark.pump_requirement("EN-01")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.image")
@pytest.mark.parametrize("mdegc", [35_000, 36_500, 38_000, 40_000])
def test_flow_in_a_body_is_within_the_band(given: Given, measure: Any, mdegc: int) -> None:
    """From 35 to 40 degrees the flow follows its coefficient, stays within the accuracy band, and nothing is raised."""
    environment = given.profile.environment
    shift_ppm = (mdegc - environment.temperature_mdegc) * environment.temperature_ppm_per_k / 1_000
    shifted(given, measure, "environment.temperature", {"temperature_mdegc": mdegc}, shift_ppm)


@pytest.mark.pump_requirement("EN-03")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.image")
@pytest.mark.parametrize("mmhg", [500, 760, 2_000, 5_000])
def test_flow_follows_the_pressure_around_the_body(given: Given, measure: Any, mmhg: int) -> None:
    """From 500 to 5000 mmHg: the flow follows its coefficient, and the pump notices nothing."""
    environment = given.profile.environment
    shift_ppm = (mmhg - environment.pressure_mmhg) * environment.pressure_ppm_per_100_mmhg / 100
    shifted(given, measure, "environment.pressure", {"pressure_mmhg": mmhg}, shift_ppm)


@pytest.mark.pump_requirement("EN-04")
@needs("bench.needle", "bench.time", "bench.truth", "bench.image", "bench")
def test_day_of_broken_frames_changes_no_drop(given: Given, measure: Any) -> None:
    """Each ten minutes of 24 hours a burst of frames of which every one is bent, and counted: delivery as in silence, look by look; what
    the unit keeps grows by nothing but its counts and records of it.
    """
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    frames = [encode_frame(Frame(BY_NAME[name].opcode, 1, number, b"")) for number, name in enumerate(("STATUS", "STOP", "START"))]
    draw = random.Random(given.bench.truth()["step_fl"])

    def bent() -> bytes:
        if draw.random() < 1 / 2:
            return draw.randbytes(draw.randrange(1, 80)).replace(b"\0", b"\1") + b"\0"
        frame = bytearray(draw.choice(frames))
        frame[draw.randrange(1, len(frame) - 1)] ^= 1 << draw.randrange(8)
        return bytes(frame)

    def day(*, loud: bool) -> tuple[list[int], str, int, int]:
        errors = given.wire.status().line_errors
        given.leave()
        delivered, kept = [], list[int]()
        for _ in range(LOOKS):
            if loud:
                given.bench.send(b"".join(bent() for _ in range(BURST)))
            given.bench.advance(minutes=LOOK_MIN)
            delivered.append(given.bench.truth()["balance"]["delivered_fl"])
            kept.append(len(given.bench.save()))
        digest = given.bench.digest("therapy")
        return delivered, digest, given.wire.status().line_errors - errors, max(kept) - kept[0]

    before_fl = given.bench.truth()["balance"]["delivered_fl"]
    silent, loud = given.apart(lambda: day(loud=False), lambda: day(loud=True))
    least_nl = DAY_NL * (100 - given.band_percent) / 100 - given.step_nl_max
    measure("delivered in a silent day", (silent[0][-1] - before_fl) / FL_PER_NL, unit="nL", low=least_nl)
    measure("line errors of the bent frames", loud[2], unit="", low=LOOKS * BURST)
    measure("growth of the unit's image in the noise", loud[3], unit="bytes", high=IMAGE_GROWTH_MAX)
    assert silent[2] == 0, "a silent line has errors"
    assert loud[:2] == silent[:2]
