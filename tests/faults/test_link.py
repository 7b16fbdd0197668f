"""Interference that reaches the pump itself: the telemetry mode in which it believes to infuse and does not."""

from __future__ import annotations

import pytest

from firmware_sim.profile import load_profile
from tests.faults.cases import shows
from tests.support.bed import Bed
from tests.support.therapies import ML, active_causes, listed_causes

LOW_NL = 2 * ML


def sounding(profile: str = "itp-40") -> Bed:
    """A pump whose low-reservoir alarm sounds."""
    bed = Bed(volume_nl=LOW_NL, profile=load_profile(profile))
    assert active_causes(bed.pump) == ["low_reservoir"]
    return bed


@shows("link.telemetry_trap", "truth", "misses")
def test_interference_while_an_alarm_sounds_stops_the_pump_until_it_is_interrogated() -> None:
    """Half an hour of it, and a day without a drop though the rotor is free; nobody is told, and the computed reservoir stands."""
    bed = sounding()
    bed.pump.inject("link.telemetry_trap", minutes=30)
    computed_nl = bed.pump.status().computed_reservoir_nl
    assert bed.live(days=1) == 0
    status = bed.pump.status()
    assert (status.mode, status.computed_reservoir_nl, status.rate_nl_per_h) == ("simple", computed_nl, 40_000)
    assert listed_causes(bed.pump) == ["low_reservoir"]
    assert bed.pump.truth().moving

    bed.pump.interrogated()
    bed.mark()
    assert bed.live(hours=5) == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@shows("link.telemetry_trap", "misses")
def test_neither_48_hours_nor_a_stall_are_counted_in_the_trap() -> None:
    """Four days in it, with the rotor held on top: only what sounded before sounds."""
    bed = sounding()
    bed.pump.inject("link.telemetry_trap", minutes=1)
    bed.pump.inject("motor.stall")
    bed.pump.advance(days=4)

    assert listed_causes(bed.pump) == ["low_reservoir"]
    assert bed.pump.next_sound_us() is not None


@shows("link.telemetry_trap", "notices", "truth")
@pytest.mark.parametrize("profile", ["itp-40", "itp-40-next"])
def test_without_a_sounding_alarm_nothing_happens(profile: str) -> None:
    """No alarm, one that is silenced, or a pump without the trap: the dose is what is meant."""
    quiet, silenced = Bed(profile=load_profile(profile)), sounding(profile)
    silenced.pump.silence("low_reservoir")
    for bed in (quiet, silenced):
        bed.pump.inject("link.telemetry_trap", minutes=30)
        bed.pump.advance(hours=10)
        assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)

    assert listed_causes(quiet.pump) == []


def test_pump_of_the_next_kind_has_no_trap() -> None:
    """The same interference, the same alarm: it goes on infusing."""
    bed = sounding("itp-40-next")
    bed.pump.inject("link.telemetry_trap", minutes=30)
    bed.pump.advance(hours=10)

    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
