"""Six years of flex therapy, four steps a day, refilled every sixty days and interrogated every week, against bare simpy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from firmware_sim import Pump
from tests.bench.conftest import Note
from tests.bench.growth import with_faults, with_log, with_years
from tests.bench.six_years import Look, Told, born, interrogated, live, seconds, simpy_steps, unseen, walked
from tests.link.bedside import CONCENTRATION, FILL_NL, OLD, Bedside

pytestmark = pytest.mark.bench

YEARS = 6
EVENTS = YEARS * 365 * 4
ROUNDS = 5
WEEKS = 313
GROWTH: dict[str, tuple[Callable[[int], float], tuple[int, ...]]] = {
    "years": (with_years, (3, 6, 12, 24)),
    "log records": (with_log, (100, 1_000, 4_000, 16_000)),
    "faults in force": (with_faults, (1, 8, 64, 256)),
}
LOOKS: dict[str, Look] = {"weekly interrogation, answers only": interrogated, "no interrogation": unseen}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", LOOKS)
def test_six_years_against_bare_simpy(name: str, benchmark: BenchmarkFixture, note: Note) -> None:
    """Another seed and therapy each round, in turns with simpy; all that is counted, and the digest, is that of the pump that walks."""
    pytest.importorskip("simpy", reason="the measure is bare simpy")
    ratios, spent = [], []
    for seed in range(ROUNDS):
        pump = born(seed)
        wanted, digest = walked(YEARS, pump, LOOKS[name])
        before_s = seconds(lambda: simpy_steps(EVENTS))
        spent.append(seconds(partial(live_as, wanted, pump, LOOKS[name])))
        ratios.append(2 * spent[-1] / (before_s + seconds(lambda: simpy_steps(EVENTS))))

        assert pump.digest() == digest
    note(f"six years of flex: {name}", f"{median(spent) * 1e3:8.1f} ms = {median(ratios):.2f} x bare simpy stepping {EVENTS:,} events")
    benchmark.pedantic(lambda: live(YEARS, born(1), LOOKS[name]), rounds=1)  # type: ignore[no-untyped-call]  # ships no types for it


def live_as(wanted: Told, pump: Pump, look: Look) -> None:
    """Let the pump live, and compare what is counted."""
    assert live(YEARS, pump, look) == wanted


def test_six_years_with_a_client(benchmark: BenchmarkFixture, note: Note) -> None:
    """The same with the real client, in a session of its own each week: no alarm, all given."""
    bedside = benchmark.pedantic(with_client, rounds=3, warmup_rounds=1)  # type: ignore[no-untyped-call]  # ships no types for it

    if benchmark.stats is not None:
        note("six years of flex: weekly interrogation by the client", f"{benchmark.stats.stats.median * 1e3:8.1f} ms")
    assert bedside.unit.pump.status().alarms == ()
    assert bedside.totals().basal_nl > 500_000_000


def with_client() -> Bedside:
    """Let six years pass, in sessions."""
    bedside = Bedside.running(OLD, days=0)
    for week in range(1, WEEKS + 1):
        bedside.advance(days=7)
        with bedside.programmer() as programmer:
            programmer.interrogate()
            if week % 8 == 0:
                bedside.fill()
                programmer.refill(FILL_NL, 0, 1, CONCENTRATION)
    return bedside


@pytest.mark.parametrize("what", GROWTH)
def test_time_grows_with_the_work(what: str, note: Note) -> None:
    """Time against years, log length and faults: the same work each time, of which there is more."""
    grow, sizes = GROWTH[what]
    taken_s = {size: median(grow(size) for _ in range(3)) for size in sizes}
    note(f"time against {what}", ", ".join(f"{size:,}: {taken * 1e3:.2f} ms" for size, taken in taken_s.items()))

    assert len(taken_s) == len(sizes)
