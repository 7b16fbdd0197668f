"""Memory that goes bad: found within one period, masked or a safe state, never a wrong therapy without a word."""

from __future__ import annotations

import random

import pytest

from firmware_sim.units import US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import basal_nl
from protocol.codes import AlarmCause, AlarmClass, EventKind, Mode, StatusFlag
from protocol.messages import Start
from protocol.refusals import RefusalCode

RATES = (28_000, 32_000, 60_000)
RATE = 30_000
FLIPS = 40
"""Trials of one seed; `make flips` does a hundred thousand."""
USED_BYTES = 256
"""Of a region so many bytes at its beginning are hit: what lies behind is mostly erased."""
IMAGE_BYTES = 60
BANK_BYTES = 36 + IMAGE_BYTES
"""Its header and the image behind it."""

needs = pytest.mark.pump_needs


@pytest.mark.pump_requirement("SF-05")
@needs("bench.needle", "bench.time", "bench.inject", "bench.image")
@pytest.mark.parametrize("draw", range(3))
def test_flip_in_the_running_therapy_is_caught_within_one_period(given: Given, measure: Measure, draw: int) -> None:
    """A bit of the therapy in RAM, at any time: mended and told by the next turn of the scrub, and the rate is the programmed one."""
    given.running(given.prescribe.flex(RATES))
    given.bench.advance(hours=1)
    period_s, drawn = given.profile.memory.scrub_period_s, random.Random(draw)

    def flipped(wait_s: int, offset: int, bit: int) -> None:
        given.bench.advance(seconds=wait_s)
        given.suffers("memory.bit_flip", region="ram", offset=offset, bit=bit)
        begun_us = given.clock.device_us
        assert given.bench.run_until("alarm:memory_error", limit_s=period_s), "a flipped bit raises no alarm"
        delay_s = (given.clock.device_us - begun_us) / US_PER_S
        measure("time until it is found", delay_s, unit="s", low=0, high=period_s)
        condition = given.wire.condition()
        minutes = condition.clock_us // (60 * US_PER_S) % 1_440
        assert condition.rate_nl_per_h == RATES[minutes * len(RATES) // 1_440]
        assert given.wire.log(EventKind.MEMORY_CORRECTED), "the log does not tell that it was mended"
        assert given.wire.alarm(AlarmCause.MEMORY_ERROR).alarm_class == AlarmClass.NON_CRITICAL

    places = [(drawn.randrange(3 * period_s), drawn.randrange(IMAGE_BYTES // 2), drawn.randrange(8)) for _ in range(6)]
    given.apart(*(lambda place=place: flipped(*place) for place in places))


@pytest.mark.pump_requirement("SF-12")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.image")
@pytest.mark.parametrize("bank", ["bank_a", "bank_b"])
def test_one_bad_bank_is_masked_told_and_logged(given: Given, measure: Measure, bank: str) -> None:
    """Delivery is that of a twin without it, over a reset too; the alarm is non-critical, with one record; a COMMIT ends it."""
    therapy = given.prescribe.flex(RATES)
    given.running(therapy)

    def three_days(spoilt: bool) -> tuple[int, int]:
        if spoilt:
            given.suffers("memory.bank_bad", bank=bank)
        given.bench.advance(days=3)
        if spoilt:
            assert given.wire.active() == {AlarmCause.MEMORY_ERROR}
            assert given.wire.alarm(AlarmCause.MEMORY_ERROR).alarm_class == AlarmClass.NON_CRITICAL
            assert len(given.wire.raised(AlarmCause.MEMORY_ERROR)) == 1
            assert given.wire.therapy() == therapy
        truth = given.bench.truth()
        return truth["steps_moved"], truth["delivered_nl"]

    before_nl, programmed_nl = given.bench.truth()["delivered_nl"], 3 * 24 * sum(RATES) // len(RATES)
    sound, masked = given.apart(lambda: three_days(False), lambda: three_days(True))
    least_nl = programmed_nl * (100 - given.band_percent) / 100 - given.step_nl_max
    measure("delivered by the sound twin", sound[1] - before_nl, unit="nL", low=round(least_nl))
    assert masked == sound
    given.wire.update(therapy)
    assert given.wire.active() == set()


@pytest.mark.pump_requirement("SF-13", "SF-12")
@needs("bench.needle", "bench.time", "bench.inject")
def test_two_bad_banks_are_the_safe_state(given: Given, measure: Measure) -> None:
    """Critical at the scrub, the reason read; from there the minimum rate, no START; a COMMIT brings a therapy back."""
    therapy = given.prescribe.flex(RATES)
    given.running(therapy)
    given.bench.advance(minutes=10)
    for bank in ("bank_a", "bank_b"):
        given.suffers("memory.bank_bad", bank=bank)
    period_s = given.profile.memory.scrub_period_s
    assert given.bench.run_until("alarm:memory_failure", limit_s=period_s), "two bad banks raise no alarm"
    begun_us, before = given.clock.device_us, given.wire.counters().basal_nl
    assert given.wire.status().flags & StatusFlag.SAFE_STATE
    given.bench.advance(days=2)

    exact_nl = basal_nl(given.profile.rate.minimum_rate_nl_per_h, given.clock.device_us - begun_us)
    measure(
        "commanded in two days of the safe state", given.wire.counters().basal_nl - before, unit="nL", low=exact_nl - 1, high=exact_nl + 1
    )
    status = given.wire.status()
    assert given.wire.refusal("START", Start(status.last_command_id + 1, status.generation)).code == RefusalCode.SAFE_STATE
    given.wire.update(therapy)
    assert given.wire.active() == set()
    assert given.wire.status().mode == Mode.FLEX


@pytest.mark.pump_requirement("SF-12", "SF-05")
@needs("bench.needle", "bench.time", "bench.inject", "bench.image")
@pytest.mark.parametrize("banks", [("bank_a",), ("bank_b",), ("bank_a", "bank_b")], ids=["a", "b", "both"])
def test_flip_in_a_bank_is_found_wherever_it_is(given: Given, measure: Measure, banks: tuple[str, ...]) -> None:
    """One bit in header, check word or image, drawn anew eight times: a bad bank at the next turn of the scrub, both the safe state."""
    given.running(given.prescribe.flex(RATES))
    given.bench.advance(minutes=10)
    period_s, drawn = given.profile.memory.scrub_period_s, random.Random(len(banks))
    cause = AlarmCause.MEMORY_FAILURE if len(banks) > 1 else AlarmCause.MEMORY_ERROR

    def flipped(offset: int, bit: int) -> None:
        for bank in banks:
            given.suffers("memory.bit_flip", region=bank, offset=offset, bit=bit)
        raised = given.bench.run_until(f"alarm:{cause.name.lower()}", limit_s=period_s)
        assert raised, f"bit {bit} of byte {offset} flipped in {' and '.join(banks)} raises no alarm"
        assert given.wire.active() == {cause}

    given.apart(*(lambda place=place: flipped(*place) for place in ((drawn.randrange(BANK_BYTES), drawn.randrange(8)) for _ in range(8))))


@pytest.mark.pump_requirement("SF-14")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.power", "bench.image")
@pytest.mark.parametrize("seed", range(3))
def test_flipped_bit_never_gives_another_therapy_without_an_alarm(given: Given, measure: Measure, seed: int) -> None:
    """One bit in each region in turn, a day, a reset and another day: the steps are those of a sound pump, or an alarm says why not."""
    given.running(given.prescribe.simple(RATE))
    given.bench.advance(hours=5)
    drawn = random.Random(seed)
    regions = {"ram": IMAGE_BYTES // 2, **given.profile.memory.regions()}
    places = [sorted(regions)[number % len(regions)] for number in range(FLIPS)]
    trials = [(region, drawn.randrange(min(USED_BYTES, regions[region])), drawn.randrange(8)) for region in places]

    def day_and_day(hit: tuple[str, int, int] | None) -> tuple[int, int]:
        if hit is not None:
            given.suffers("memory.bit_flip", region=hit[0], offset=hit[1], bit=hit[2])
        given.bench.advance(hours=24)
        given.bench.reset()
        given.bench.advance(hours=24)
        told = len(given.wire.listed()) + len(given.wire.log(EventKind.ALARM_RAISED))
        return int(given.bench.truth()["steps_moved"]), told

    before, step_nl = given.bench.truth()["steps_moved"], given.profile.motor.step_nl * given.wire.identity().calibration_ppm / 1_000_000
    (sound, none), *hit = given.apart(*(lambda trial=trial: day_and_day(trial) for trial in (None, *trials)))
    assert none == 0
    programmed = 48 * RATE / step_nl
    measure("steps of the sound twin", sound - before, unit="", low=round(programmed * 0.99), high=round(programmed) + 1)
    silent = [abs(steps - sound) for steps, told in hit if not told]
    measure("steps beside the therapy without an alarm", max(silent, default=0), unit="", high=1)
    measure("trials with an alarm", len(hit) - len(silent), unit="", low=1, high=len(hit) - 1)
