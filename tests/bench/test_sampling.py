"""A day of truth, sampled every second by one call and by single looks, against as many bare events of simpy."""

from __future__ import annotations

from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from firmware_sim import Pump
from tests.bench.conftest import Note
from tests.bench.six_years import born, seconds, simpy_steps
from tests.support.therapies import US_PER_DAY, US_PER_S

pytestmark = pytest.mark.bench

ROWS = 86_400
ROUNDS = 5


def looked(pump: Pump, looks: int) -> None:
    """Look at the truth every second."""
    for _ in range(looks):
        pump.advance(seconds=1)
        pump.truth()


def test_day_of_truth_every_second(benchmark: BenchmarkFixture, note: Note) -> None:
    """Columns by `sample`, and truths one by one, of one pump: both end in one state, and the last row is the last truth."""
    pytest.importorskip("simpy", reason="the measure is bare simpy")
    sampled, single = [], []
    for seed in range(ROUNDS):
        pump = born(seed)
        pump.advance(days=seed + 1)
        image = pump.save()
        rows, other = Pump.restore(image), Pump.restore(image)
        bare_s = seconds(lambda: simpy_steps(ROWS))
        columns: dict[str, list[int]] = {}
        sampled.append(seconds(lambda rows=rows, columns=columns: columns.update(rows.sample(US_PER_S, US_PER_DAY))) / bare_s)  # type: ignore[misc]  # defaults
        single.append(seconds(lambda other=other: looked(other, ROWS)) / bare_s)  # type: ignore[misc]  # a default

        truth = other.truth()
        assert rows.digest() == other.digest()
        assert (columns["delivered_ng"][-1], columns["steps_moved"][-1]) == (truth.delivered_ng, truth.steps_moved)
        assert len(columns["now_us"]) == ROWS + 1
    note("a day of truth every second: one call for all columns", f"{median(sampled):8.2f} x bare simpy stepping {ROWS:,} events")
    note("   by single truths, an advance between", f"{median(single):8.2f} x")
    benchmark.pedantic(lambda: born(1).sample(US_PER_S, US_PER_DAY), rounds=1)  # type: ignore[no-untyped-call]  # ships no types for it
