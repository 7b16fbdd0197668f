"""The therapy in the pump beside the one to be sent."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.therapy.forecast import day_group, reached_at, weekday
from hil.therapy.review import Review, Row, review
from hil.wording import quantity
from protocol.codes import Mode, StatusFlag
from protocol.messages import BolusEntry, Condition, DrugEntry
from protocol.therapy import Group, Step, Therapy
from tests.support.identities import LIMITS, identity

IDENTITY = identity(DrugEntry(1, 1, "baclofen", 0, 2**31, 2**31, 0, 180))
NOW = quantity.parse_clock("2026-01-01 08:00")
CONDITION = Condition(0, NOW, Mode.FLEX, 0, 10_000, 18_000_000, 1, 500_000, 0, 0, 0, 0, 3_100, (), ())
US_PER_MINUTE = 60_000_000


def simple(dose_ng: int, concentration: int = 500_000) -> Therapy:
    """One dose a day, evenly."""
    rate = dose_ng * 1_000_000 // (24 * concentration)
    return Therapy(Mode.SIMPLE, 1, 1, concentration, 2_000_000, 600, 3_600, (Group(0x7F, dose_ng, (Step(0, 1440, rate),)),))


def flex(*days: tuple[int, tuple[int, ...]]) -> Therapy:
    """Groups of (weekdays, rates of equal steps)."""
    groups = []
    for mask, rates in days:
        length = 1440 // len(rates)
        steps = tuple(Step(place * length, (place + 1) * length, rate) for place, rate in enumerate(rates))
        groups.append(Group(mask, sum(rate * length for rate in rates) * 500_000 // 60_000_000, steps))
    return Therapy(Mode.FLEX, 1, 1, 500_000, 2_000_000, 600, 3_600, tuple(groups))


def row(shown: Review, name: str) -> Row:
    """The line of this name."""
    return next(line for line in shown.rows if line.name == name)


def test_dose_per_day_comes_first_with_its_factor() -> None:
    """A tenfold dose stands at the top and says so."""
    shown = review(simple(100_000), simple(1_000_000), IDENTITY, CONDITION)

    assert shown.rows[0].name == "dose per day, every day"
    assert shown.rows[0].note == "was 100 → 1,000 mcg/day, 10 x"
    assert (shown.rows[0].change, shown.rows[0].factor) == ("up", "10 x")


def test_unchanged_lines_are_present() -> None:
    """Sending what is there already shows every line, none of them changed but the forecast."""
    therapy = simple(100_000)
    shown = review(therapy, therapy, IDENTITY, CONDITION._replace(low_reservoir_clock_us=1, empty_clock_us=1))

    changed = {line.name for line in shown.rows if line.change != "same"}
    assert changed <= {"low-reservoir date", "empty date"}
    assert len(shown.rows) == 14


def test_days_that_differ_have_lines_of_their_own() -> None:
    """A weekend group in either therapy splits the week for both."""
    shown = review(simple(300_000), flex((0b001_1111, (40_000,)), (0b110_0000, (20_000, 30_000))), IDENTITY, CONDITION)

    doses = [line.name for line in shown.rows if line.name.startswith("dose per day")]
    assert doses == ["dose per day, Mon-Fri", "dose per day, Sat, Sun"]
    assert [profile.days for profile in shown.profiles] == ["Mon-Fri", "Sat, Sun"]


def test_new_pump_has_nothing_on_the_left() -> None:
    """Before the first therapy the left column says none, and no factor is invented."""
    shown = review(None, simple(100_000), IDENTITY, CONDITION._replace(flags=StatusFlag.NO_FILL))

    assert row(shown, "mode").current == "none"
    assert row(shown, "empty date").pending == "not computed"
    assert not any(line.factor for line in shown.rows)


def test_profiles_share_one_scale_and_show_short_peaks() -> None:
    """Both days are drawn to the same full block, and a step of a few minutes is not lost."""
    peak = Therapy(
        Mode.FLEX,
        1,
        1,
        500_000,
        2_000_000,
        600,
        3_600,
        (Group(0x7F, 0, (Step(0, 700, 10_000), Step(700, 703, 80_000), Step(703, 1440, 10_000))),),
    )
    drawn = review(simple(120_000), peak, IDENTITY, CONDITION).profiles[0]

    assert len(drawn.current) == len(drawn.pending) == 48
    assert drawn.full == "40 mcg/h"
    assert drawn.pending.count("█") == 1
    assert set(drawn.current) == {"▁"}


def test_notes_tell_what_no_line_says() -> None:
    """A stop for the update, a running bolus, another concentration and a rounded dose are said in words."""
    bolus = BolusEntry(3, 100_000, 50_000, 0, 600_000_000, 0)
    shown = review(simple(100_000), simple(100_000, 300_000), IDENTITY, CONDITION._replace(bolus=(bolus,)))

    text = "\n".join(shown.notes)
    for words in (
        "stops when the update begins",
        "A bolus is running",
        "The last refill said 500 mcg/mL",
        "no bridge bolus",
        "99.993 mcg/day of the 100 mcg/day",
    ):
        assert words in text


def test_low_date_is_not_later_than_the_drug_keeps() -> None:
    """A slow therapy's date is bounded by the drug's days, and by the pump's own earlier date."""
    slow = simple(24_000)
    by_drug = review(None, slow, IDENTITY, CONDITION)
    own = quantity.parse_clock("2026-03-01 00:00")
    by_pump = review(slow, slow, IDENTITY, CONDITION._replace(low_reservoir_clock_us=own))

    assert row(by_drug, "low-reservoir date").pending == "2026-06-30 08:00"
    assert row(by_pump, "low-reservoir date").pending == "2026-03-01 00:00"


def test_review_becomes_json() -> None:
    """The same comparison is plain data, with the integers behind the texts."""
    shown = review(simple(100_000), simple(200_000), IDENTITY, CONDITION).as_dict()

    first = json.loads(json.dumps(shown))["rows"][0]
    assert (first["values"], first["unit"]) == ([100_000, 200_000], "ng/day")


@pytest.mark.parametrize("text", ["2000-01-01 00:00", "2026-01-01 08:00", "2028-02-29 23:59"])
def test_weekday_is_the_calendars(text: str) -> None:
    """The device clock's weekday is that of its date."""
    assert weekday(quantity.parse_clock(text)) == date.fromisoformat(text[:10]).weekday()


@given(
    rates=st.lists(st.sampled_from([0, 250, 2_000, 40_000, 1_000_000]), min_size=7, max_size=7),
    start=st.integers(0, 20 * 1440),
    volume=st.integers(1, 40_000_000),
)
def test_forecast_agrees_with_minute_by_minute(rates: list[int], start: int, volume: int) -> None:
    """The date solved for is the one that counting every minute finds."""
    therapy = flex(*((1 << day, (rate, rate // 2)) for day, rate in enumerate(rates)))
    found = reached_at(therapy, LIMITS, start * US_PER_MINUTE, volume)

    per_week = sum(Fraction(rate * 12 + rate // 2 * 12) for rate in rates)
    if not per_week:
        assert found is None
        return
    weeks = int(volume // per_week)
    at, left = start + weeks * 7 * 1440, volume - weeks * per_week
    while left > 0:
        group = day_group(therapy, weekday(at * US_PER_MINUTE), LIMITS)
        rate = next(step.rate_nl_per_h for step in group.steps if step.start_minute <= at % 1440 < step.end_minute)
        left -= Fraction(rate, 60)
        at += 1
    assert found is not None
    assert (at - 1) * US_PER_MINUTE <= found <= at * US_PER_MINUTE
