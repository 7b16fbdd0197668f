"""Six years of flex therapy, four steps a day, refilled every sixty days and interrogated every week."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hil.adapter import PumpApp
from protocol.codec import encode
from tests.bench.conftest import Note
from tests.link.bedside import CONCENTRATION, FILL_NL, OLD, Bedside

pytestmark = pytest.mark.bench

WEEKS = 313
DAYS_BETWEEN_REFILLS = 60
WEEK_S = 7 * 86_400

Look = Callable[[Bedside], object]


def live(look: Look) -> Bedside:
    """Let six years pass, looking every week."""
    bedside = Bedside.running(OLD, days=0)
    refilled_day = 0
    for week in range(1, WEEKS + 1):
        bedside.advance(seconds=WEEK_S)
        look(bedside)
        if week * 7 - refilled_day >= DAYS_BETWEEN_REFILLS - 6:
            refilled_day = week * 7
            bedside.fill()
            with bedside.programmer() as programmer:
                programmer.refill(FILL_NL, 0, 1, CONCENTRATION)
    return bedside


def with_client(bedside: Bedside) -> object:
    """A whole interrogation by the real client, in a session of its own."""
    with bedside.programmer() as programmer:
        return programmer.interrogate()


def without_client(bedside: Bedside) -> object:
    """What the pump answers to it, made and encoded, with no client and no frame."""
    app = PumpApp(bedside.unit.pump)
    generation, therapy = app.therapy()
    assert therapy is not None
    app.interrogated()
    return generation, encode(app.identity()), encode(therapy), encode(app.condition()), encode(app.counters())


LOOKS: dict[str, Look] = {"client": with_client, "no client": without_client, "no look": lambda _: None}


@pytest.mark.parametrize("name", LOOKS)
def test_six_years_of_flex_therapy(name: str, benchmark: BenchmarkFixture, note: Note) -> None:
    """Six years with a weekly interrogation by the client, with its answers only, and with none: no alarm, all given."""
    bedside = benchmark.pedantic(live, args=(LOOKS[name],), rounds=5, warmup_rounds=1)  # type: ignore[no-untyped-call]  # ships no types for it

    if benchmark.stats is not None:
        median_s = benchmark.stats.stats.median
        note(f"six years of flex, weekly interrogation: {name}", f"{median_s * 1e3:8.1f} ms = {WEEKS * WEEK_S / median_s:.2e} x real time")

    assert bedside.unit.pump.status().alarms == ()
    assert bedside.totals().basal_nl > 500_000_000
