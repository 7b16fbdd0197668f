"""Rates and volumes, from Acme's test plan 1."""

from __future__ import annotations

import pytest
from acme_host import Alarm, Host, Refused

from hil.bench.calls import BenchCalls
from hil.pytest_plugin.measure import Measure
from hil.pytest_plugin.waiting import Wait
from hil.rig import Rig

BAND_PERCENT = 14.5


@pytest.mark.pump_requirement("ACME-01")
@pytest.mark.pump_needs("bench.truth", "bench.time")
def test_rate_is_delivered(running: Rig, host: Host, wait: Wait, measure: Measure) -> None:
    """A day at 100 uL/h, by what leaves the catheter."""
    before_nl = running.bench.truth()["delivered_nl"]
    wait(hours=24)
    after_nl = running.bench.truth()["delivered_nl"]

    assert host.ask("RAT") == "100.0UH"
    band = 2_400 * BAND_PERCENT / 100
    measure("delivered in 24 h", (after_nl - before_nl) / 1_000, unit="uL", low=2_400 - band, high=2_400 + band)


@pytest.mark.pump_requirement("ACME-02")
@pytest.mark.parametrize("rate", ["RAT 9999 UH", "RAT 0.001 UH"])
def test_rate_out_of_range_is_refused(running: Rig, host: Host, rate: str) -> None:
    """The answer says so, and the pump goes on as before."""
    with pytest.raises(Refused, match="OOR"):
        host.ask(rate)

    assert (host.ask("RAT"), host.status) == ("100.0UH", "I")


@pytest.mark.pump_requirement("ACME-17")
@pytest.mark.pump_needs("bench.inject", "bench.time")
def test_stall_is_told_within_an_hour(running: Rig, host: Host, bench: BenchCalls) -> None:
    """The number is in Acme's profile; the pump that it stands on takes a day."""
    bench.inject("motor.stall")
    bench.advance(minutes=59)
    host.ask("")
    bench.advance(minutes=31)

    with pytest.raises(Alarm, match="S"):
        host.ask("")
