"""The flex schedule: what is no day is refused, each step begins on its minute, and the clock's changes keep its phase."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firmware_sim.units import US_PER_DAY, US_PER_MIN
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.therapies import EVERY_DAY, MIN_PER_DAY, basal_nl, dose_of
from protocol.codes import Answer, EventKind, Mode
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Group, Step, Therapy

RATES = (8_000, 31_000, 20_000, 5_000, 12_000)
STARTS = (0, 61, 719, 720, 1_439)
"""Odd minutes, a step of one minute, and one of the last minute of the day."""
WORKDAYS, WEEKEND = 0b001_1111, 0b110_0000
DAYS_TO_MONDAY = 5
"""2000-01-01, where the clock counts from, was a Saturday; bit 0 of a group is Monday."""

needs = pytest.mark.pump_needs

NO_DAYS: dict[str, tuple[tuple[Step, ...], RefusalCode, Field, int, int]] = {
    "begins late": ((Step(1, 1440, 8_000),), RefusalCode.SCHEDULE_GAP, Field.START_MINUTE, 1, 0),
    "gap": ((Step(0, 600, 8_000), Step(601, 1440, 9_000)), RefusalCode.SCHEDULE_GAP, Field.START_MINUTE, 601, 600),
    "overlap": ((Step(0, 600, 8_000), Step(599, 1440, 9_000)), RefusalCode.SCHEDULE_OVERLAP, Field.START_MINUTE, 599, 600),
    "ends early": ((Step(0, 600, 8_000), Step(600, 1439, 9_000)), RefusalCode.SCHEDULE_GAP, Field.END_MINUTE, 1439, 1440),
    "past midnight": ((Step(0, 600, 8_000), Step(600, 1441, 9_000)), RefusalCode.SCHEDULE_MIDNIGHT, Field.END_MINUTE, 1441, 1440),
    "no length": ((Step(0, 600, 8_000), Step(600, 600, 9_000)), RefusalCode.SCHEDULE_MIDNIGHT, Field.END_MINUTE, 600, 1440),
}
"""Steps that tile no day: the refusal, its field, value and limit."""
NO_WEEKS: dict[str, tuple[tuple[int, ...], RefusalCode, int]] = {
    "a day is missing": ((WORKDAYS, 0b100_0000), RefusalCode.WEEKDAY_MISSING, 0b101_1111),
    "a day is there twice": ((WORKDAYS, WEEKEND | 1), RefusalCode.WEEKDAY_TWICE, 1),
}


def refused(given: Given, therapy: Therapy) -> tuple[int, ...]:
    """Code, field, value and limit of the refusal; nothing else of the pump has changed."""
    before = given.wire.therapy(), given.wire.status()[5:7]
    _, sealed = given.wire.stage(therapy)
    given.wire.ok("ABORT")
    assert sealed.answer is Answer.REFUSED, f"what is no schedule was taken: {sealed.answer.name}"
    assert (given.wire.therapy(), given.wire.status()[5:7]) == before
    told = sealed.body
    return told.code, told.field, told.value, told.limit


@pytest.mark.pump_requirement("FR-13")
@pytest.mark.parametrize("how", NO_DAYS)
def test_steps_that_do_not_tile_a_day_are_refused(running: Rig, given: Given, how: str) -> None:
    """A gap, an overlap, a day that is not 24 h: the pump refuses it and says which minute; the old therapy stays."""
    steps, *told = NO_DAYS[how]
    nl_minutes = sum((step.end_minute - step.start_minute) * step.rate_nl_per_h for step in steps)
    therapy = given.prescribe.of(Mode.FLEX, (Group(EVERY_DAY, dose_of(nl_minutes // 60), steps),))

    assert refused(given, therapy) == tuple(told)


@pytest.mark.pump_requirement("FR-13")
@pytest.mark.parametrize("how", NO_WEEKS)
def test_days_that_make_no_week_are_refused(running: Rig, given: Given, how: str) -> None:
    """Every weekday stands in exactly one group."""
    weekdays, code, value = NO_WEEKS[how]
    groups = tuple(given.prescribe.group([10_000], weekdays=days) for days in weekdays)

    assert refused(given, given.prescribe.of(Mode.FLEX, groups)) == (code, Field.WEEKDAYS, value, 0 if value == 1 else EVERY_DAY)


@pytest.mark.pump_requirement("FR-13")
@pytest.mark.parametrize("more", [0, 1], ids=["as many as may be", "one too many"])
def test_day_has_as_many_steps_as_declared(running: Rig, given: Given, more: int) -> None:
    """The declared number of steps is taken and read back; one more is refused with that number."""
    most = given.profile.rate.steps_per_group_max
    therapy = given.prescribe.flex([10_000 + 100 * number for number in range(most + more)])
    if more:
        assert refused(given, therapy) == (RefusalCode.RANGE, Field.STEPS, most + 1, most)
        return
    given.wire.update(therapy)

    assert given.wire.therapy() == therapy


def boundaries(given: Given, days: int) -> Iterator[tuple[int, int, int]]:
    """Device time of each step's beginning in the coming days, the rate before it and the rate from it on."""
    status = given.wire.status()
    midnight_us = status.device_us - status.clock_us % US_PER_DAY + US_PER_DAY
    for day in range(days):
        for place, minute in enumerate(STARTS):
            yield midnight_us + day * US_PER_DAY + minute * US_PER_MIN, RATES[place - 1], RATES[place]


@pytest.mark.pump_requirement("FR-13")
@needs("bench.needle", "bench.time")
def test_each_step_begins_on_its_minute_and_the_last_wraps_at_midnight(given: Given) -> None:
    """Two days of uneven steps: a moment before each boundary the old rate, at it the new one."""
    given.running(given.prescribe.flex(RATES, STARTS))
    for at_us, before, after in boundaries(given, 2):
        given.clock.until(at_us - 2)
        assert given.wire.condition().rate_nl_per_h == before
        given.clock.until(at_us)
        condition = given.wire.condition()

        assert condition.rate_nl_per_h == after, f"at minute {condition.clock_us % US_PER_DAY // US_PER_MIN}"


@pytest.mark.pump_requirement("FR-13")
@needs("bench.needle", "bench.time")
def test_schedule_of_many_steps_drops_nothing_in_weeks(given: Given, measure: Measure) -> None:
    """Thirty days of the most steps a day, of rates that make no whole nanolitres: the sum is that of the steps, to the nanolitre."""
    most = given.profile.rate.steps_per_group_max
    starts = [0] + [97 * number + 5 for number in range(1, most)]
    rates = [4_001 + 977 * number for number in range(most)]
    given.running(given.prescribe.flex(rates, starts))
    given.clock.until(next(boundaries(given, 1))[0])
    before, midnight_us = given.wire.counters().basal_nl, given.clock.device_us
    given.clock.until(midnight_us + 30 * US_PER_DAY)

    lengths = [end - begin for begin, end in zip(starts, [*starts[1:], MIN_PER_DAY], strict=True)]
    exact_nl = 30 * sum(rate * length for rate, length in zip(rates, lengths, strict=True)) // 60
    measure("commanded in 30 days", given.wire.counters().basal_nl - before, unit="nL", low=exact_nl - 1, high=exact_nl + 2)


@pytest.mark.pump_requirement("FR-13")
@needs("bench.needle", "bench.time")
def test_groups_run_on_their_own_weekdays(given: Given) -> None:
    """Work days at one rate, the weekend at another: at noon of nine days in a row the rate is that of the day."""
    groups = (given.prescribe.group([21_000], weekdays=WORKDAYS), given.prescribe.group([7_000], weekdays=WEEKEND))
    given.running(given.prescribe.of(Mode.FLEX, groups))
    for _ in range(9):
        given.bench.advance(days=1)
        condition = given.wire.condition()
        weekday = (condition.clock_us // US_PER_DAY + DAYS_TO_MONDAY) % 7

        assert condition.rate_nl_per_h == (21_000 if 1 << weekday & WORKDAYS else 7_000), f"weekday {weekday}"


@pytest.mark.pump_requirement("FR-13")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("hours", [-13, 7, 18, 24])
@pytest.mark.parametrize("how", ["set", pytest.param("jump", marks=needs("bench.inject"))])
def test_clock_that_changes_keeps_the_schedule_on_the_clock(given: Given, measure: Measure, how: str, hours: int) -> None:
    """The step of the new time is in force at once, nothing is made up or taken back, and the next day goes by the new clock."""
    therapy = given.prescribe.flex((8_000, 12_000, 20_000, 9_000))
    given.running(therapy)
    given.bench.advance(hours=29)
    total_nl, clock_us = given.wire.counters().basal_nl, given.wire.status().clock_us
    target_us = clock_us + hours * 60 * US_PER_MIN
    if how == "set":
        told = given.wire.set_clock(target_us)
        assert (told.old_us, told.new_us) == (clock_us, target_us)
    else:
        given.suffers("clock.jump", jump_us=target_us - clock_us)
    condition = given.wire.condition()
    moved_us = given.clock.device_us

    assert condition.clock_us == target_us
    step = therapy.groups[0].steps[condition.clock_us % US_PER_DAY // (US_PER_DAY // 4)]
    assert condition.rate_nl_per_h == step.rate_nl_per_h
    assert given.wire.counters().basal_nl == total_nl
    edge_us = moved_us + step.end_minute * US_PER_MIN - condition.clock_us % US_PER_DAY
    given.clock.until(edge_us)
    exact_nl = total_nl + basal_nl(step.rate_nl_per_h, edge_us - moved_us)
    measure("commanded at the next edge", given.wire.counters().basal_nl, unit="nL", low=exact_nl, high=exact_nl + 1)
    logged = [(entry.value, entry.clock_us) for entry in given.wire.log(EventKind.CLOCK_SET)]
    assert logged == ([(clock_us, target_us)] if how == "set" else [])


@pytest.mark.pump_requirement("FR-13")
@needs("bench.needle", "bench.time", "bench.power")
def test_clock_that_was_set_is_kept_over_a_reset(given: Given) -> None:
    """The schedule goes on by the clock that was set, and not by the factory's."""
    given.running(given.prescribe.flex((8_000, 40_000)))
    clock_us = given.wire.status().clock_us
    given.wire.set_clock(clock_us - clock_us % US_PER_DAY + 13 * 60 * US_PER_MIN)
    given.bench.reset()
    given.bench.run_until("ready", limit_s=70)
    condition = given.wire.condition()

    assert condition.clock_us % US_PER_DAY // (60 * US_PER_MIN) == 13
    assert condition.rate_nl_per_h == 40_000
