"""Numbers as they are shown, and as they are read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import QuantityError
from hil.wording import quantity
from hil.wording.quantity import (
    CONCENTRATION,
    DAILY_DOSE,
    DAILY_FLOW,
    DOSE,
    DOSE_RATE,
    FINE_FLOW,
    VOLUME,
    Kind,
    clock,
    duration,
    factor,
    minute_of_day,
    parse_clock,
    parse_duration,
    parse_minute,
    parse_rate,
)

KINDS = (VOLUME, DOSE, DAILY_DOSE, DOSE_RATE, CONCENTRATION, FINE_FLOW, DAILY_FLOW)
CLOCK_MINUTES_MAX = 8_000 * 365 * 1440
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.unit)
NICE = re.compile(r"(0|[1-9][0-9]{0,2}(,[0-9]{3})*)(\.[0-9]*[1-9])? [A-Za-z]+(/[A-Za-z]+)?")


def refusal(parse: Callable[[str], int], text: str) -> str:
    """What a parser says of a text; empty if it reads it."""
    try:
        parse(text)
    except QuantityError as error:
        return str(error)
    return ""


@kinds
@given(units=st.integers(0, 2**64))
def test_shown_text_reads_back_to_the_same_integer(kind: Kind, units: int) -> None:
    """Whatever is shown exactly can be typed, and means the same."""
    if len(str(units * kind.per)) - kind.decimals > quantity.DIGITS_MAX:
        units %= 10**6

    assert kind.parse(kind.text(units)) == units


@kinds
@given(units=st.integers(0, 10**15), places=st.none() | st.integers(0, 6))
def test_shown_text_has_no_bare_point_and_no_trailing_zero(kind: Kind, units: int, places: int | None) -> None:
    """A number has a leading zero, never a trailing one, separators from 1,000 and one space before its unit."""
    text = kind.text(units, places).removeprefix("under ")

    assert NICE.fullmatch(text), text
    assert text.endswith(f" {kind.unit}")


@kinds
@given(units=st.integers(1, 10**12), places=st.integers(0, 6))
def test_rounding_never_shows_something_as_nothing(kind: Kind, units: int, places: int) -> None:
    """A value above zero never reads 0."""
    assert not kind.text(units, places).startswith("0 ")


@pytest.mark.parametrize(
    "text, expected",
    [
        (VOLUME.text(1_500_000), "1.5 mL"),
        (VOLUME.text(500), "0.0005 mL"),
        (VOLUME.text(18_123_456, 3), "18.123 mL"),
        (VOLUME.text(400, 3), "under 0.001 mL"),
        (VOLUME.text(-1_500_000), "-1.5 mL"),
        (DAILY_DOSE.text(1_250_000), "1,250 mcg/day"),
        (DOSE.text(60_000), "60 mcg"),
        (CONCENTRATION.text(2_000_000), "2,000 mcg/mL"),
        (DAILY_FLOW.text(10_000), "0.24 mL/day"),
        (FINE_FLOW.text(10_000), "10,000 nL/h"),
        (duration(5_400), "1 h 30 min"),
        (duration(86_400), "1 day"),
        (duration(2 * 86_400 + 5), "2 days 5 s"),
        (duration(0), "0 s"),
        (minute_of_day(1_440), "24:00"),
        (clock(0), "2000-01-01 00:00"),
        (clock(61_500_000, seconds=True), "2000-01-01 00:01:01"),
        (factor(100, 1_000), "10 x"),
        (factor(1_000, 100), "0.1 x"),
        (factor(3, 1), "0.33 x"),
        (factor(7, 7), "1 x"),
        (factor(1_000, 1_001), "1.001 x"),
        (factor(10**9, 10**9 + 1), "about 1 x"),
        (factor(10**9, 1), "under 0.01 x"),
        (factor(0, 5), ""),
    ],
)
def test_shows(text: str, expected: str) -> None:
    """Each kind of number has one way to be shown."""
    assert text == expected


@pytest.mark.parametrize(
    "typed, reason",
    [
        ("", "is empty"),
        ("1,5 mL", "comma that does not separate thousands"),
        ("1,50 mL", "comma that does not separate thousands"),
        ("12,34,567 mL", "comma that does not separate thousands"),
        ("0,500 mL", "comma that does not separate thousands"),
        ("1.5.2 mL", "two points"),
        ("1e3 mL", "exponent"),
        ("1E+3 mL", "exponent"),
        (".5 mL", "begins with a point"),
        ("5. mL", "bare point"),
        ("007 mL", "a zero too many"),
        ("-1 mL", "sign"),
        ("+1 mL", "sign"),
        ("1.5", "no unit"),
        ("1.5 mL x", "'x' after the unit"),
        ("1 2 mL", "two numbers"),
        ("1.5 ml", "where mL is written"),
        ("1 cc", "where mL is written"),
        ("1 mL/day", "given in mL"),
        ("abc", "does not begin with a number"),
        ("\u0663 mL", "does not begin with a number"),
        ("1.0000001 mL", "finer than 0.000001 mL"),
        ("1234567890123 mL", "more than 12 digits"),
    ],
)
def test_refuses_a_volume_with_its_reason(typed: str, reason: str) -> None:
    """What is not one number and mL is refused, and the error says why and how to write it."""
    with pytest.raises(QuantityError) as caught:
        VOLUME.parse(typed)

    assert reason in caught.value.what
    assert caught.value.do


@pytest.mark.parametrize("typed", ["50 ug", "50 µg", "50 μg"])
def test_names_mcg_where_a_micro_sign_was_typed(typed: str) -> None:
    """The micro sign has been read as milli; only mcg is taken."""
    with pytest.raises(QuantityError, match="where mcg is written"):
        DOSE.parse(typed)


def test_says_what_a_milligram_is() -> None:
    """A dose in mg is refused with the factor that it would have hidden."""
    with pytest.raises(QuantityError, match="1 mg is 1,000 mcg"):
        DOSE.parse("50 mg")


@given(text=st.text(max_size=30))
def test_parsers_raise_nothing_but_their_error(text: str) -> None:
    """Any text at all is read or refused in one line."""
    parsers = (*(kind.parse for kind in KINDS), parse_clock, parse_duration, parse_minute, parse_rate)

    assert all("\n" not in refusal(parse, text) for parse in parsers)


@given(text=st.from_regex(r"\A[0-9.,eE+ -]{0,12} ?(mL|mcg|cc)?\Z"))
def test_a_volume_that_is_read_is_what_its_digits_say(text: str) -> None:
    """Anything accepted means its digits without separators, and nothing else."""
    try:
        units = VOLUME.parse(text)
    except QuantityError:
        return

    plain = text.strip().removesuffix("mL").strip()
    whole, _, part = plain.replace(",", "").partition(".")
    assert units == int(whole) * 10**6 + int(part[:6].ljust(6, "0") or 0)
    assert plain.count(".") <= 1
    assert re.fullmatch(r"[0-9,.]+", plain)


@given(minutes=st.integers(0, CLOCK_MINUTES_MAX))
def test_clock_reads_back(minutes: int) -> None:
    """A device clock of whole minutes survives being shown and typed."""
    assert parse_clock(clock(minutes * 60_000_000)) == minutes * 60_000_000


@pytest.mark.parametrize("clock_us", [2**63, 2**64 - 1, -1])
def test_clock_past_its_calendar_stays_a_number(clock_us: int) -> None:
    """A clock out of a broken record is shown, not raised."""
    assert clock(clock_us).endswith(" us")


@pytest.mark.parametrize(
    "typed",
    ["2026-13-01 00:00", "2026-02-30 00:00", "1999-12-31 23:59", "2026-01-01 24:00", "2026-01-01 08:60", "2026-01-01T08:00", "soon"],
)
def test_refuses_a_date_that_is_none(typed: str) -> None:
    """A clock is a day that exists, from 2000 on."""
    with pytest.raises(QuantityError, match="device clock"):
        parse_clock(typed)


@given(seconds=st.integers(0, 10**9))
def test_duration_reads_back(seconds: int) -> None:
    """A length of time survives being shown and typed."""
    assert parse_duration(duration(seconds)) == seconds


@pytest.mark.parametrize("typed", ["", "10", "1.5 h", "1,5 h", "1 min 1 h", "10 minutes", "h", "-1 h"])
def test_refuses_a_duration_with_how_to_write_it(typed: str) -> None:
    """Whole parts with units, largest first; minutes are never taken for hours."""
    with pytest.raises(QuantityError, match="write it like 10 min"):
        parse_duration(typed)


@given(minute=st.integers(0, 1_440))
def test_time_of_day_reads_back(minute: int) -> None:
    """Every minute from 00:00 to 24:00 survives being shown and typed."""
    assert parse_minute(minute_of_day(minute)) == minute


@pytest.mark.parametrize("typed", ["24:01", "25:00", "6:00", "06:60", "06.00", "0600"])
def test_refuses_a_time_of_day_that_is_none(typed: str) -> None:
    """A time of day is HH:MM up to 24:00."""
    with pytest.raises(QuantityError, match="time of day"):
        parse_minute(typed)


def test_reads_a_rate_in_either_unit() -> None:
    """Engineers write nL/h, clinicians mL/day."""
    assert parse_rate("10,000 nL/h") == parse_rate("0.24 mL/day") == 10_000


def test_refuses_a_daily_flow_between_two_rates() -> None:
    """A flow that is no whole nL/h is refused with the next one below."""
    with pytest.raises(QuantityError, match=r"next one below is 0\.249984 mL/day"):
        parse_rate("0.25 mL/day")
