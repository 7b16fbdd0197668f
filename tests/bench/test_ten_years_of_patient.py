"""Ten years of a patient, sampled every hour, beside the bare formula in numpy in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from firmware_sim import Pump
from firmware_sim.patient import Patient
from tests.bench.conftest import Note
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, flex, refill_of, running, simple

pytestmark = pytest.mark.bench

VISITS = 60
DAYS_BETWEEN = 60
ROUNDS = 3
THERAPIES = {"simple": simple(12_000), "flex": flex((8_000, 12_000, 16_000, 10_000))}


def ten_years(therapy: str) -> Pump:
    """A pump that was refilled every sixty days for ten years, and recorded."""
    pump = running(THERAPIES[therapy], volume_nl=40 * ML)
    pump.record_delivery()
    for _ in range(VISITS):
        pump.advance(days=DAYS_BETWEEN)
        pump.needle(withdraw_nl=None, inject_nl=40 * ML, concentration_ng_per_ml=500_000)
        pump.refill(refill_of(40 * ML))
    return pump


def timed(call: Callable[[], object]) -> float:
    """Seconds of the processor."""
    start = time.process_time()
    call()
    return time.process_time() - start


def sampled(pump: Pump, preset: str) -> dict[str, list[float]]:
    """A new patient of the pump, every hour."""
    return Patient(pump, preset).sample(US_PER_H, 0, pump.now_us)


def bare_formula(pump: Pump, times_us: range) -> object:
    """Level and slow site of one compartment, each the closed form of its piece, for all hours at once."""
    pieces = pump.record_delivery().pieces()
    begins = np.array([piece.since.at_us for piece in pieces], dtype=np.float64) / US_PER_H
    ends = np.append(begins[1:], begins[-1] + 1)
    rates = np.array(
        [(piece.until.mass - piece.since.mass) / 1e18 / (piece.until.at_us - piece.since.at_us) * US_PER_H for piece in pieces]
    )
    fall, slow = 0.459, 0.117
    levels, sites = np.zeros(len(pieces)), np.zeros(len(pieces))
    for place in range(1, len(pieces)):
        span, rest = ends[place - 1] - begins[place - 1], rates[place - 1] / fall
        gap = levels[place - 1] - rest
        part = slow / (slow - fall) * gap
        levels[place] = rest + gap * np.exp(-fall * span)
        sites[place] = rest + part * np.exp(-fall * span) + (sites[place - 1] - rest - part) * np.exp(-slow * span)
    hours = np.arange(times_us.start, times_us.stop, times_us.step) / US_PER_H
    at = np.searchsorted(begins, hours, side="right") - 1
    span, rest = hours - begins[at], rates[at] / fall
    gap = levels[at] - rest
    part = slow / (slow - fall) * gap
    return rest + gap * np.exp(-fall * span), rest + part * np.exp(-fall * span) + (sites[at] - rest - part) * np.exp(-slow * span)


@pytest.mark.parametrize("preset", ["one-compartment", "label-consistent", "steep"])
@pytest.mark.parametrize("therapy", THERAPIES)
def test_ten_years_sampled_every_hour(therapy: str, preset: str, note: Note) -> None:
    """A patient of ten years is sampled every hour: laying the pieces, carrying the compartments, and 86,400 rows of all effects."""
    pump = ten_years(therapy)
    times = range(0, pump.now_us, US_PER_H)
    recorder = pump.record_delivery()
    laying = timed(recorder.pieces)
    sampling = min(timed(partial(sampled, pump, preset)) for _ in range(ROUNDS))
    bare = min(timed(lambda: bare_formula(pump, times)) for _ in range(ROUNDS))
    columns = sampled(pump, preset)

    pieces = f"{len(recorder.pieces())} pieces, once {laying:.2f} s"
    note(f"ten years hourly: {preset}, {therapy}", f"{sampling:6.2f} s = {sampling / bare:6.1f} x two compartments in numpy; {pieces}")

    assert len(columns["at_us"]) == VISITS * DAYS_BETWEEN * US_PER_DAY // US_PER_H + 1
    assert min(columns["plasma_ng_per_ml"]) >= 0
