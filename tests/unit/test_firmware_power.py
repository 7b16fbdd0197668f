"""Replacement, end of service and a bad supply: solved dates against readings taken one by one, and what a whole pump makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.dosing import BolusRun, Dosing
from firmware_sim.firmware.power import battery_state, eos_due_us, eri_due_us, life_left_days, measured_mv, supply_due_us
from firmware_sim.firmware.prescription import Prescription
from firmware_sim.firmware.week import week_of
from firmware_sim.hal import Hal
from firmware_sim.profile import Profile, load_profile
from tests.support.therapies import UNITS_PER_NL, US_PER_DAY, US_PER_S, flex, minimum, simple

ITP_40 = load_profile("itp-40")
READING_US = 18 * US_PER_S
STEP_UNITS = 250 * UNITS_PER_NL
LIFE_DAYS = 2_557
ERI_DAYS = 90


class Board:
    """A board whose voltage falls by time and by steps; `shifts` are (from device time on, millivolts more or less)."""

    def __init__(self, full_mv: int, us_per_mv: int, steps_per_mv: int, shifts: tuple[tuple[int, int], ...] = ()) -> None:
        self.full_mv, self.us_per_mv, self.steps_per_mv, self.shifts = full_mv, us_per_mv, steps_per_mv, shifts
        self.supply_changes = 0
        self.asked = 0

    @property
    def supply_disturbed_us(self) -> int | None:
        """When the last shift began."""
        return self.shifts[-1][0] if self.shifts else None

    def supply_mv(self, device_us: int, steps: int) -> int:
        """The reading at a device time with so many steps sent."""
        self.asked += 1
        shift_mv = next((mv for since_us, mv in reversed(self.shifts) if since_us <= device_us), 0)
        return self.full_mv - (device_us * self.steps_per_mv + steps * self.us_per_mv) // (self.us_per_mv * self.steps_per_mv) + shift_mv


def as_hal(board: Board) -> Hal:
    """The board where the whole of it is asked for; of the rest nothing is used."""
    hal: Hal = board  # type: ignore[assignment]  # power asks for nothing else
    return hal


def believing(therapy: Prescription | None = None, anchor_us: int = 0, booted_us: int = 0, implanted_us: int = -1) -> Belief:
    """A firmware that has this plan since `anchor_us`."""
    week = week_of(therapy, 250) if therapy else None
    steps_until_then = anchor_us // US_PER_DAY
    dosing = Dosing(STEP_UNITS, anchor_us=anchor_us, basal_units=steps_until_then * STEP_UNITS, week=week)
    return Belief(dosing, booted_us=booted_us, implanted_us=implanted_us)


def means_one_by_one(board: Board, belief: Belief, until_us: int, profile: Profile = ITP_40) -> Iterator[tuple[int, int]]:
    """(device time, mean) of each full mean from where it may still be judged: ten readings, 18 s apart, since the boot."""
    dosing, readings, count = belief.dosing, list[int](), profile.battery.readings
    judged_us = max(dosing.anchor_us, board.supply_disturbed_us or 0)
    number = at_us = 0
    while at_us <= until_us:
        if at_us > belief.booted_us:
            readings.append(board.supply_mv(at_us, dosing.steps_at(max(at_us, dosing.anchor_us))))
            if len(readings) >= count and at_us >= judged_us:
                yield at_us, sum(readings[-count:]) // count
        number += 1
        at_us = number * profile.battery.sample_period_s * US_PER_S // count


PLANS = st.sampled_from([None, minimum(), simple(2_000), simple(900_000), flex((2_000, 900_000, 40_000))])
SHIFTS = st.lists(st.tuples(st.integers(0, 40 * READING_US), st.integers(-700, 900)), max_size=4).map(
    lambda shifts: tuple(sorted(dict(shifts).items()))
)
FALLS = st.sampled_from([US_PER_S // 2, 3 * US_PER_S, READING_US, 5 * READING_US, 61 * READING_US, 10**12])
STEPS_PER_MV = st.sampled_from([1, 7, 10**9])
SAMPLINGS = st.sampled_from(
    [ITP_40, *(replace(ITP_40, battery=replace(ITP_40.battery, sample_period_s=s, readings=n)) for s, n in ((181, 7), (7, 1), (59, 13)))]
)
TIMES = st.integers(0, 45 * READING_US)
BOARDS = st.builds(Board, st.integers(2_532, 2_900), FALLS, STEPS_PER_MV, SHIFTS)


@given(PLANS, SAMPLINGS, BOARDS, TIMES, TIMES)
def test_replacement_is_due_at_the_first_mean_that_is_low(
    plan: Prescription | None, profile: Profile, board: Board, anchor_us: int, booted_us: int
) -> None:
    """The solved date is that of the first mean at or below the level, among means taken one by one, whatever fell and shifted before."""
    belief = believing(plan, anchor_us, min(anchor_us, booted_us))

    until_us = 5_000 * READING_US
    wanted = next((at_us for at_us, mean_mv in means_one_by_one(board, belief, until_us, profile) if mean_mv <= 2_530), None)

    due_us = eri_due_us(belief, as_hal(board), profile)
    assert due_us is not None
    assert (due_us if due_us <= until_us else None) == wanted


@given(PLANS, SAMPLINGS, BOARDS, TIMES, TIMES)
def test_supply_goes_out_and_comes_back_at_the_means_that_say_so(
    plan: Prescription | None, profile: Profile, board: Board, anchor_us: int, booted_us: int
) -> None:
    """Every raise and clear of the supply alarm, each solved from the one before, is what means taken one by one tell."""
    belief = believing(plan, anchor_us, min(anchor_us, booted_us))
    until_us = 3_000 * READING_US
    wanted, out = [], False
    for at_us, mean_mv in means_one_by_one(board, belief, until_us, profile):
        if board.shifts and (2_400 <= mean_mv <= 3_400) == out:
            out = not out
            wanted.append(at_us)

    told: list[int] = []
    while (due_us := supply_due_us(belief, as_hal(board), profile)) is not None and due_us <= until_us:
        told.append(due_us)
        belief.supply_us = due_us
        if not belief.alarms.clear("supply_range"):
            belief.alarms.raise_alarm("supply_range", due_us)
        belief.alarms.states = {cause: state for cause, state in belief.alarms.states.items() if state.active}
    assert told == wanted


@pytest.mark.pump_requirement("PW-02")
def test_single_bad_reading_does_not_alarm() -> None:
    """One reading far too low among ten is outvoted, and the dates stay as they were; a value that is low throughout is acted on."""
    single = Board(2_900, 10**12, 10**9, ((20 * READING_US, -690), (21 * READING_US, 0)))
    throughout = Board(2_900, 10**12, 10**9, ((20 * READING_US, -690),))
    belief = believing()

    supply_us = [supply_due_us(belief, as_hal(board), ITP_40) for board in (single, throughout)]
    eri_us = [eri_due_us(belief, as_hal(board), ITP_40) for board in (single, throughout)]
    assert supply_us == [READING_US * -(-501 * 10**12 // READING_US), 27 * READING_US]
    assert eri_us == [READING_US * -(-370 * 10**12 // READING_US), 25 * READING_US]


@pytest.mark.pump_requirement("PW-01")
@pytest.mark.parametrize("began_us", [1, READING_US - 1, READING_US, 9 * READING_US + 5, 1_000 * READING_US])
def test_supply_that_stays_out_of_range_is_acted_on_within_the_period(began_us: int) -> None:
    """Wherever in the period it begins, and however little it is out, 180 s later at the latest the value says so."""
    for shift_mv in (-201, -500, 801, 2_000):
        board = Board(2_600, 10**15, 10**9, ((began_us, shift_mv),))

        due_us = supply_due_us(believing(), as_hal(board), ITP_40)
        assert due_us is not None
        assert began_us <= due_us < max(began_us + 180 * US_PER_S, 181 * US_PER_S)


def test_range_of_the_supply_includes_its_limits() -> None:
    """2,400 and 3,400 mV are in range; one millivolt beyond is out."""
    for mv, out in ((2_400, False), (2_399, True), (3_400, False), (3_401, True)):
        board = Board(mv, 10**18, 10**9, ((0, 0),))
        assert (supply_due_us(believing(), as_hal(board), ITP_40) is not None) == out, mv


def test_mean_at_the_replacement_voltage_is_low_enough() -> None:
    """2,530 mV is reached by a mean of 2,530 to 2,530.9 that looks back on better days, and not by one of 2,531."""
    for shift_mv, readings in (
        (-700, 10),
        (-701, 10),
        (-1_400, 5),
        (-1_402, 5),
        (-1_398, 6),
        (-3_500, 2),
        (-7_000, 1),
        (-6_991, 1),
        (-6_990, 2),
    ):
        board = Board(3_230, 10**18, 10**9, ((20 * READING_US, shift_mv),))

        assert eri_due_us(believing(), as_hal(board), ITP_40) == (19 + readings) * READING_US, shift_mv


def test_undisturbed_supply_is_not_looked_at() -> None:
    """A battery whose whole line lies in the range needs no date, and no reading is made for one."""
    board = Board(2_600, 10**12, 10**9)

    assert supply_due_us(believing(), as_hal(board), ITP_40) is None
    assert board.asked == 0


def test_line_that_leaves_the_range_by_itself_is_looked_at() -> None:
    """Where a profile's cell ends below the range, the date is found with no disturbance at all."""
    deep = replace(ITP_40, battery=replace(ITP_40.battery, empty_mv=2_000))
    board = Board(2_410, 100 * READING_US, 10**9)

    assert supply_due_us(believing(), as_hal(board), deep) == next(
        at_us for at_us, mean_mv in means_one_by_one(board, believing(), 3_000 * READING_US) if mean_mv < 2_400
    )


def test_steps_before_the_plan_are_not_those_of_the_plan() -> None:
    """A plan that begins fast has not been fast before: readings from before it count with the steps it began with."""
    board, belief = Board(2_560, 10**18, 1), believing(simple(900_000), anchor_us=40 * READING_US)

    due_us = eri_due_us(belief, as_hal(board), ITP_40)
    assert due_us == next(at_us for at_us, mean_mv in means_one_by_one(board, belief, US_PER_DAY) if mean_mv <= 2_530)
    assert due_us == 46 * READING_US


# -- dates by age -----------------------------------------------------------------------------------------------------------------


def test_age_brings_replacement_to_the_microsecond() -> None:
    """A battery that would last longer is due 90 days before the age limit; before there is an age it is due by voltage alone."""
    board = Board(3_100, 30 * US_PER_DAY, 10**9)
    assert eri_due_us(believing(), as_hal(board), ITP_40) == 570 * 30 * US_PER_DAY
    assert eri_due_us(believing(implanted_us=7), as_hal(board), ITP_40) == 7 + (LIFE_DAYS - ERI_DAYS) * US_PER_DAY
    assert eri_due_us(believing(anchor_us=3_000 * US_PER_DAY, implanted_us=7), as_hal(board), ITP_40) == 7 + 2_467 * US_PER_DAY


def test_profile_younger_than_its_warning_is_due_at_implantation() -> None:
    """With an age limit below the days of warning, replacement is due at once, never before implantation."""
    young = replace(ITP_40, battery=replace(ITP_40.battery, age_days_max=30))

    assert eri_due_us(believing(implanted_us=99), as_hal(Board(3_100, 10**18, 10**9)), young) == 99


def test_replacement_comes_once() -> None:
    """Once the indicator is there no date is told for it, and none for a converter that reads high for ever before there is an age."""
    belief = believing()
    belief.eri_us = 5
    assert eri_due_us(belief, as_hal(Board(2_000, 10**12, 10**9)), ITP_40) is None

    stuck = Board(3_000, 10**40, 10**40)
    assert eri_due_us(believing(), as_hal(stuck), ITP_40) is None


@pytest.mark.parametrize(
    "implanted_us, eri_us, end_us, state_before, state_at",
    [
        (-1, -1, None, "good", "good"),
        (10, -1, 10 + LIFE_DAYS * US_PER_DAY, "good", "eos"),
        (10, 500, 500 + ERI_DAYS * US_PER_DAY, "eri", "eos"),
        (10, 10 + 2_467 * US_PER_DAY, 10 + LIFE_DAYS * US_PER_DAY, "eri", "eos"),
        (10, 10 + 2_500 * US_PER_DAY, 10 + LIFE_DAYS * US_PER_DAY, "eri", "eos"),
        (-1, 0, ERI_DAYS * US_PER_DAY, "eri", "eos"),
    ],
)
def test_end_of_service_is_the_earlier_of_two_dates(
    implanted_us: int, eri_us: int, end_us: int | None, state_before: str, state_at: str
) -> None:
    """90 days after the indicator or the age limit, whichever is first; the battery's state turns at that microsecond."""
    belief = believing(implanted_us=implanted_us)
    belief.eri_us = eri_us

    assert eos_due_us(belief, ITP_40) == end_us
    instant_us = 10**16 if end_us is None else end_us
    assert (battery_state(belief, ITP_40, instant_us - 1), battery_state(belief, ITP_40, instant_us)) == (state_before, state_at)


# -- the value as told ------------------------------------------------------------------------------------------------------------------


def test_value_is_told_from_the_first_moment() -> None:
    """Before the first reading of a boot one is made at once; then it is the mean of those there are, at most ten, until the next."""
    board = Board(3_000, READING_US, 10**9)
    belief = believing(booted_us=5 * READING_US)

    def told(at_us: int) -> int:
        return measured_mv(belief, as_hal(board), ITP_40, at_us)

    assert told(5 * READING_US) == told(6 * READING_US - 1) == 3_000 - 5
    assert told(6 * READING_US) == told(7 * READING_US - 1) == 3_000 - 6
    assert told(7 * READING_US) == (2_994 + 2_993) // 2
    assert told(15 * READING_US) == sum(range(2_985, 2_995)) // 10
    assert told(16 * READING_US) == sum(range(2_984, 2_994)) // 10


@given(BOARDS, st.integers(0, 60 * READING_US))
def test_value_is_the_mean_of_ten_readings(board: Board, at_us: int) -> None:
    """Shortcuts or not, it is the sum of the readings over their count."""
    last = at_us // READING_US
    numbers = range(max(1, last - 9), last + 1)

    readings = [board.supply_mv(number * READING_US, 0) for number in numbers] or [board.supply_mv(at_us, 0)]
    assert measured_mv(believing(), as_hal(board), ITP_40, at_us) == sum(readings) // len(readings)


def test_value_looks_at_every_reading_around_a_dip() -> None:
    """A dip between two equal readings is part of the mean as long as the mean looks back on it."""
    board = Board(3_000, 10**18, 10**9, ((20 * READING_US, -500), (22 * READING_US, 0)))

    told = [measured_mv(believing(), as_hal(board), ITP_40, number * READING_US) for number in (19, 20, 21, 22, 29, 30, 31)]
    assert told == [3_000, 2_950, 2_900, 2_900, 2_900, 2_950, 3_000]


@pytest.mark.parametrize("number", range(1, 30))
def test_value_turns_at_the_very_microsecond_of_a_reading(number: int) -> None:
    """Where readings do not fall on whole microseconds, one counts from the microsecond it is made in."""
    odd = replace(ITP_40, battery=replace(ITP_40.battery, sample_period_s=181, readings=7))
    board, at_us = Board(3_000, US_PER_S, 10**9), number * 181 * US_PER_S // 7

    readings = [board.supply_mv(earlier * 181 * US_PER_S // 7, 0) for earlier in range(max(1, number - 6), number + 1)]
    assert measured_mv(believing(), as_hal(board), odd, at_us) == sum(readings) // len(readings)
    if number > 1:
        assert measured_mv(believing(), as_hal(board), odd, at_us - 1) > measured_mv(believing(), as_hal(board), odd, at_us)


# -- the cache ----------------------------------------------------------------------------------------------------------------------


def test_dates_are_worked_out_once_for_a_plan() -> None:
    """Asked again for the same plan the board is not read; one thing changed, and it is."""
    board, belief = Board(3_100, 5 * US_PER_DAY, 10**6, ((50, 0),)), believing(simple(20_000), implanted_us=0)

    def readings_made() -> int:
        before = board.asked
        eri_due_us(belief, as_hal(board), ITP_40)
        supply_due_us(belief, as_hal(board), ITP_40)
        return board.asked - before

    assert readings_made() > 0
    assert readings_made() == 0
    belief.dosing.bolus = BolusRun(1, US_PER_DAY, 2 * US_PER_DAY, 100_000)
    assert readings_made() > 0
    assert readings_made() == 0
    board.supply_changes += 1
    assert readings_made() > 0
    belief.booted_us = 1
    assert readings_made() > 0
    assert readings_made() == 0


def test_two_boards_do_not_share_their_dates() -> None:
    """The same plan on another battery has another date."""
    belief = believing(simple(20_000))
    dates = {eri_due_us(belief, as_hal(Board(full_mv, US_PER_DAY, 10**9)), ITP_40) for full_mv in (2_900, 3_000, 3_100)}

    assert len(dates) == 3


def test_dates_take_few_readings() -> None:
    """Seven years are searched with at most fifty readings, right after a disturbance with seventy."""
    for shifts, most in (((), 50), (((US_PER_DAY, -100),), 70)):
        board = Board(3_100, 4 * US_PER_DAY, 10**6, shifts)
        eri_due_us(believing(simple(20_000), anchor_us=US_PER_DAY, implanted_us=0), as_hal(board), ITP_40)
        assert board.asked <= most


# -- life left --------------------------------------------------------------------------------------------------------------------------


def battery_board(profile: Profile) -> Board:
    """A board with the profile's own battery: 600 mV for 7,200 C, of which the quiescent current takes its part each second."""
    numbers = profile.battery
    fc_per_mv = numbers.capacity_mc * 10**12 // (numbers.full_mv - numbers.empty_mv)
    return Board(numbers.full_mv, fc_per_mv // numbers.quiescent_na, fc_per_mv // (numbers.step_nc * 10**6))


PLANS_BY_NAME = {"stopped": None, "minimum": minimum(), "slow": simple(2_100), "flex": flex((4_000, 90_000, 20_000)), "fast": simple(10**6)}


@pytest.mark.pump_requirement("PW-03")
@pytest.mark.parametrize("name", PLANS_BY_NAME)
def test_life_left_is_told_within_a_quarter(name: str) -> None:
    """Every tenth day of a whole life the days told, to replacement and 90 more, are within 25 % of those that come; mostly within 3 %."""
    belief, hal = believing(PLANS_BY_NAME[name], implanted_us=-1), as_hal(battery_board(ITP_40))
    eri_us = eri_due_us(belief, hal, ITP_40)
    assert eri_us is not None
    end_us = eri_us + ERI_DAYS * US_PER_DAY
    for now_us in range(0, eri_us, 10 * US_PER_DAY):
        days = life_left_days(belief, hal, ITP_40, now_us)

        assert 3 * (end_us - now_us) <= 4 * (days + 1) * US_PER_DAY
        assert 4 * days * US_PER_DAY <= 5 * (end_us - now_us)
        assert abs(days * US_PER_DAY - (end_us - now_us)) <= 6 * US_PER_DAY


def test_life_left_knows_age_and_its_own_end() -> None:
    """Age shortens it; once the indicator is there it counts down to the end of service, and then it is zero."""
    board, belief = as_hal(battery_board(ITP_40)), believing(implanted_us=0)

    assert life_left_days(belief, board, ITP_40, 2_000 * US_PER_DAY) == 557
    belief.eri_us = 2_000 * US_PER_DAY
    assert [life_left_days(belief, board, ITP_40, day * US_PER_DAY) for day in (2_000, 2_001, 2_089, 2_090, 2_091)] == [90, 89, 1, 0, 0]
