"""The basal rate: its range, that all of it is delivered, step by step, hour by hour."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_sim.units import S_PER_H
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.therapies import SALINE, basal_nl
from protocol.codes import Answer, Mode, Unit
from protocol.messages import Begin, Counters
from protocol.refusals import Field, RefusalCode

PLACES = 20
"""Rates of the sweep, both ends among them."""
LOOKS = 25
"""Looks in the time of one step."""

needs = pytest.mark.pump_needs


def swept(given: Given, place: int) -> int:
    """The rate at this place of the sweep, evenly spaced on a logarithmic scale."""
    low, high = given.profile.rate.rate_nl_per_h_min, given.profile.rate.rate_nl_per_h_max
    share: float = (high / low) ** (place / (PLACES - 1))
    return round(low * share)


def hours_of(given: Given, rate_nl_per_h: int, most: int) -> int:
    """As many hours as four fifths of a fill last, at most `most`."""
    return min(most, given.fill_nl * 4 // 5 // rate_nl_per_h)


def steps_fit(given: Given, counters: Counters) -> None:
    """The steps that were commanded are those of the commanded volume by the constant on the box: none too many, none dropped."""
    step = given.profile.motor.step_nl * given.wire.identity().calibration_ppm
    left = (counters.basal_nl + counters.bolus_nl) * 1_000_000 - counters.steps * step
    assert -2_000_000 <= left < step + 2_000_000, f"{counters.steps} steps do not make {counters.basal_nl + counters.bolus_nl} nL"


@pytest.mark.pump_requirement("FR-01")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_either_end_of_the_range_is_accepted_and_commanded(given: Given, measure: Measure, end: str) -> None:
    """The ends that the profile declares belong to the range; what is told of the limits are those ends."""
    declared = given.profile.rate
    limits = given.wire.identity().limits[0]
    assert (limits.rate_nl_per_h_min, limits.rate_nl_per_h_max) == (declared.rate_nl_per_h_min, declared.rate_nl_per_h_max)
    rate = declared.rate_nl_per_h_min if end == "lowest" else declared.rate_nl_per_h_max
    given.running(given.prescribe.simple(rate, SALINE))
    before = given.wire.counters().basal_nl, given.clock.device_us
    given.bench.advance(hours=5)

    condition = given.wire.condition()
    assert (condition.rate_nl_per_h, condition.mode) == (rate, Mode.SIMPLE)
    commanded_nl = given.wire.counters().basal_nl - before[0]
    exact_nl = basal_nl(rate, given.clock.device_us - before[1])
    measure(f"commanded in 5 h at the {end} rate", commanded_nl, unit="nL", low=exact_nl - 1, high=exact_nl + 1)


@pytest.mark.pump_requirement("FR-01")
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_rate_past_either_end_is_refused_and_changes_nothing(running: Rig, given: Given, end: str) -> None:
    """One nL/h beyond is refused by the pump with field, value and limit; therapy, generation and digest are as before."""
    declared = given.profile.rate
    low = end == "lowest"
    limit = declared.rate_nl_per_h_min if low else declared.rate_nl_per_h_max
    rate = limit - 1 if low else limit + 1
    before = given.wire.therapy(), given.wire.status()[5:7]
    _, sealed = given.wire.stage(given.prescribe.simple(rate, SALINE))
    given.wire.ok("ABORT")

    assert sealed.answer is Answer.REFUSED, f"{rate} nL/h: {sealed.answer.name}"
    assert sealed.body == (RefusalCode.RANGE, Field.RATE, 0, rate, limit, Unit.NL_PER_H)
    assert (given.wire.therapy(), given.wire.status()[5:7]) == before


@pytest.mark.pump_requirement("FR-02")
@needs("bench.needle", "bench.time", "bench.truth")
@pytest.mark.parametrize("place", range(PLACES))
def test_whole_range_is_delivered(given: Given, measure: Measure, place: int) -> None:
    """Twenty rates from one end to the other: what is commanded is exact, in steps too, and what is delivered lies within the band."""
    rate = swept(given, place)
    given.running(given.prescribe.simple(rate, SALINE))
    before, begun_us, delivered_nl = given.wire.counters(), given.clock.device_us, given.bench.truth()["delivered_nl"]
    given.bench.advance(hours=hours_of(given, rate, 24))
    after, span_us = given.wire.counters(), given.clock.device_us - begun_us

    exact_nl = basal_nl(rate, span_us)
    measure("commanded", after.basal_nl - before.basal_nl, unit="nL", low=exact_nl - 1, high=exact_nl + 1)
    steps_fit(given, after)
    error = 100 * (given.bench.truth()["delivered_nl"] - delivered_nl) / exact_nl - 100
    room = given.band_percent + 100 * given.step_nl_max / exact_nl
    measure(f"flow error at {rate} nL/h", round(error, 3), unit="%", low=-room, high=room)


@pytest.mark.pump_requirement("FR-03")
@needs("bench.needle", "bench.time", "bench.truth")
@pytest.mark.parametrize("place", [0, 6, 12, 19])
def test_steps_come_as_evenly_as_the_rate_says(given: Given, measure: Measure, place: int) -> None:
    """Looked at 25 times a step, no gap is longer than step volume / rate and one look, and none is shorter."""
    rate = swept(given, place)
    given.running(given.prescribe.simple(rate, SALINE))
    step_us = given.profile.motor.step_nl * given.wire.identity().calibration_ppm * S_PER_H // rate
    looks = []
    for _ in range(30 * LOOKS):
        given.bench.advance(us=step_us // LOOKS)
        looks.append(given.bench.truth()["steps_moved"])
    jumps = [number for number, (before, after) in enumerate(pairwise(looks)) if after > before]
    gaps = [100 * (later - earlier) // LOOKS for earlier, later in pairwise(jumps)]

    assert max(after - before for before, after in pairwise(looks)) == 1, "steps come in a bunch"
    measure("longest gap between steps", max(gaps), unit="% of a step's time", high=100 * (LOOKS + 1) // LOOKS)
    measure("shortest gap between steps", min(gaps), unit="% of a step's time", low=100 * (LOOKS - 1) // LOOKS)


@pytest.mark.pump_requirement("FR-03")
@needs("bench.needle", "bench.time", "bench.truth", "bench.image")
def test_session_leaves_no_bunch_of_steps(given: Given) -> None:
    """A session that reads everything and tests the alarm: each step falls where it falls without one."""
    given.running(given.prescribe.simple(80_000))

    def listened() -> list[int]:
        steps: list[int] = given.bench.sample(every_s=1, duration_s=300)["steps_moved"]
        return steps

    def asked() -> list[int]:
        steps: list[int] = []
        for second in range(300):
            given.bench.advance(seconds=1)
            steps.append(given.bench.truth()["steps_moved"])
            if second % 60 == 0:
                given.wire.therapy()
                given.wire.log()
                given.wire.ok("ALARM_TEST")
                given.leave()
        return steps

    alone, disturbed = given.apart(listened, asked)
    assert alone[-1] > alone[0], "no step in five minutes"
    assert disturbed == alone[1:]


@pytest.mark.pump_requirement("FR-05")
@needs("bench.needle", "bench.time", "bench.truth")
def test_minimum_rate_is_a_mode_of_its_own(given: Given, measure: Measure) -> None:
    """Programmed as such it is kept for ten days, exactly, without an alarm."""
    rate = given.profile.rate.minimum_rate_nl_per_h
    given.running(given.prescribe.minimum())
    before, begun_us, moved = given.wire.counters().basal_nl, given.clock.device_us, given.bench.truth()["steps_moved"]
    given.bench.advance(days=10)

    condition = given.wire.condition()
    assert (condition.mode, condition.rate_nl_per_h) == (Mode.MINIMUM_RATE, rate)
    exact_nl = basal_nl(rate, given.clock.device_us - begun_us)
    measure("minimum rate, commanded", given.wire.counters().basal_nl - before, unit="nL", low=exact_nl - 1, high=exact_nl + 1)
    steps = exact_nl * 1_000_000 / (given.profile.motor.step_nl * given.wire.identity().calibration_ppm)
    measure("minimum rate, steps", given.bench.truth()["steps_moved"] - moved, unit="", low=steps - 1, high=steps + 1)
    given.alarms_none()


@pytest.mark.pump_requirement("FR-06")
@needs("bench.needle", "bench.time", "bench.truth")
@pytest.mark.parametrize("share", [0, 50, 100], ids=["lowest", "middle", "highest"])
def test_three_days_and_each_hour_of_them_are_within_the_band(given: Given, measure: Measure, share: int) -> None:
    """72 h of a rate, and each hour that begins at a full ten minutes: within the declared band, an hour with one step more."""
    low, high = given.profile.rate.rate_nl_per_h_min, given.fill_nl * 4 // 5 // 72
    rate = low + (high - low) * share // 100
    given.running(given.prescribe.simple(rate, SALINE))
    columns = given.bench.sample(every_s=600, duration_s=72 * S_PER_H)
    delivered, commanded = columns["delivered_nl"], columns["commanded_nl"]
    error = 100 * (delivered[-1] - delivered[0]) / (72 * rate) - 100
    hours = [100 * (after - before) / rate - 100 for before, after in zip(delivered, delivered[6:], strict=False)]

    hours_in = [number / 6 for number in range(len(delivered))]
    measure.curve(f"delivered at {rate} nL/h", hours_in, [(nl - delivered[0]) / 1_000 for nl in delivered], x_unit="h", y_unit="uL")
    measure("mean flow error over 72 h", round(error, 3), unit="%", low=-given.band_percent, high=given.band_percent)
    room = given.band_percent + 100 * given.step_nl_max / rate
    measure("worst hour below", round(min(hours), 3), unit="%", low=-room)
    measure("worst hour above", round(max(hours), 3), unit="%", high=room)
    drift_nl = 1 + rate * given.profile.clock.drift_ppm // 1_000_000
    off_nl = [after - before - rate for before, after in zip(commanded, commanded[6:], strict=False)]
    measure("hour's command, least", min(off_nl), unit="nL beside the rate", low=-1 - drift_nl)
    measure("hour's command, most", max(off_nl), unit="nL beside the rate", high=1 + drift_nl)


@pytest.mark.pump_requirement("FR-04")
@needs("bench.needle", "bench.time", "bench.truth", "bench.image")
@pytest.mark.parametrize("then", ["session stays open", "link is lost"])
def test_program_that_is_edited_and_never_committed_changes_no_drop(given: Given, then: str) -> None:
    """Staged whole and left, each second's volume is that of a pump left alone."""
    given.running(given.prescribe.flex((30_000, 10_000, 60_000)))
    other = given.prescribe.flex((5_000, 80_000))

    def left_alone() -> dict[str, list[int]]:
        return given.bench.sample(every_s=1, duration_s=900)

    def edited() -> dict[str, list[int]]:
        if then == "session stays open":
            _, sealed = given.wire.stage(other)
            assert sealed.answer is Answer.OK, f"SEAL: {sealed.answer.name}"
        else:
            given.wire.ok("BEGIN", Begin(1, False))
        return given.bench.sample(every_s=1, duration_s=900)

    alone, beside = given.apart(left_alone, edited)
    for column in ("steps_commanded", "commanded_nl", "delivered_nl"):
        assert beside[column] == alone[column], f"{column} differ while a program is edited"


@pytest.mark.pump_requirement("FR-04", deviates=("itp-20", "itp-40", "legacy-18"))
@needs("bench.needle", "bench.time", "bench.truth")
def test_program_that_is_edited_stops_the_pump_and_leaves_it_stopped(given: Given, measure: Measure) -> None:
    """From BEGIN on no step is commanded, for a day, though nothing is ever committed."""
    given.running(given.prescribe.simple(80_000))
    given.bench.advance(hours=1)
    given.wire.ok("BEGIN", Begin(1, False))
    steps = given.bench.truth()["steps_commanded"]
    given.bench.advance(hours=24)

    measure("steps commanded in the day after BEGIN", given.bench.truth()["steps_commanded"] - steps, unit="", low=0, high=0)
    assert (given.wire.status().mode, given.wire.status().generation) == (Mode.STOPPED, 1)
