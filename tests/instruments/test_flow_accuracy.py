"""Start-up and trumpet curves, overall error and boluses against values worked out by hand and by the plain formulas."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from hil.errors import CheckFailed, QuantityError, UsageError
from hil.flow.accuracy import AMBULATORY, VOLUMETRIC, Corrections, SampleSet, Trumpet, analyse
from hil.flow.bolus import Bolus, bolus_results, parse_bolus
from hil.flow.log import Reading, read_log
from hil.flow.page import NO_CLAIM, lines, picture
from hil.rig import Rig
from tests.instruments.flow_oracle import Case, error_percent, flows_ml_per_h, window_errors
from tests.rig.serving import PROGRAMMER, RATE_NL_PER_H, filled

RECORDED = Path(__file__).parent / "recorded.csv"
"""Two days of a simulated itp-40 of seed 1 at 10,000 nL/h, weighed every 15 min by `pumpsim weigh`."""
WATER = Corrections(1_000_000)
SOLUTION = Corrections(1_004_600, 200)
US_PER_MIN = 60_000_000
UG_PER_ML = 1_000_000


def logged(masses_ug: Sequence[int], interval_s: int) -> tuple[Reading, ...]:
    """A log of these masses."""
    return tuple(Reading(place * interval_s * 1_000_000, mass) for place, mass in enumerate(masses_ug))


def steps_log() -> tuple[Reading, ...]:
    """0.01 mL of water every sixth minute, for two hours, sampled each half minute: 0.1 mL/h."""
    return logged([place // 12 * 10_000 for place in range(241)], 30)


def rows(trumpet: Trumpet) -> list[tuple[int, float, float, int]]:
    """The windows of a trumpet in minutes, rounded as a table shows them."""
    return [(each.window_s // 60, round(each.highest_percent, 2), round(each.lowest_percent, 2), each.windows) for each in trumpet.windows]


@pytest.mark.parametrize("sample_set, lengths", [(VOLUMETRIC, [2, 5, 11, 19, 31]), (AMBULATORY, [15, 60, 150, 330, 570, 930])])
def test_constant_flow_has_no_error(sample_set: SampleSet, lengths: list[int]) -> None:
    """At the set rate all curves are flat: 0 in each window, and the start-up curve is the rate."""
    count = 2 * sample_set.period_s // sample_set.interval_s
    report = analyse(logged([place * 2_500 for place in range(count + 1)], sample_set.interval_s), 10_000, sample_set, WATER)
    rate = 2_500 * 3_600 // sample_set.interval_s
    report = analyse(logged([place * 2_500 for place in range(count + 1)], sample_set.interval_s), rate, sample_set, WATER)

    assert [row[:3] for row in rows(report.first)] == [(length, 0.0, 0.0) for length in lengths]
    assert report.first.error_percent == 0
    assert set(report.start_up_nl_per_h) == {rate}
    assert len(report.start_up_nl_per_h) == sample_set.start_up_s // sample_set.interval_s
    assert report.last is None


def test_constant_flow_off_the_rate_is_off_by_that_everywhere() -> None:
    """5 % too much is 5 % in every window, both ways up."""
    report = analyse(logged([place * 2_625 for place in range(193)], 900), 10_000, AMBULATORY, WATER)

    assert {row[1:3] for row in rows(report.first)} == {(5.0, 5.0)}
    assert report.first.error_percent == pytest.approx(5)
    assert report.first.flow_nl_per_h == pytest.approx(10_500)


@pytest.mark.pump_requirement("FT-02")
def test_step_pump_has_its_published_trumpet() -> None:
    """The step pump worked out by hand: wide short windows, no error over all, and 19 min wider than 11 on the upper side."""
    report = analyse(steps_log(), 100_000, VOLUMETRIC, WATER)

    assert rows(report.first) == [
        (2, 200.00, -100.00, 117),
        (5, 20.00, -100.00, 111),
        (11, 9.09, -45.45, 99),
        (19, 26.32, -5.26, 83),
        (31, 16.13, -3.23, 59),
    ]
    assert report.first.error_percent == pytest.approx(0, abs=1e-9)
    assert report.start_up_nl_per_h[:13] == (0,) * 11 + (1_200_000, 0)


@pytest.mark.pump_requirement("FT-03")
def test_recorded_flow_has_hand_computed_values() -> None:
    """From the recorded masses at 24 h and 48 h, 230.03 and 460.04 mg: 230.01 mg and 4.8 mg evaporated are 233.735 uL, -2.61 % of 240."""
    report = analyse(read_log(RECORDED), 10_000, AMBULATORY, SOLUTION)

    assert report.first.flow_nl_per_h * 24 == pytest.approx((230_010 + 4_800) / 1.0046)
    assert round(report.first.error_percent, 2) == -2.61
    assert [row[3] for row in rows(report.first)] == [96, 93, 87, 75, 59, 35]
    first_nl = (2_380 + 50) / 1.0046
    assert report.start_up_nl_per_h[0] == pytest.approx(first_nl * 4)
    masses = [Fraction(reading.mass_ug + place * 50, UG_PER_ML) for place, reading in enumerate(read_log(RECORDED))]
    agree(report.first, Case(masses[96:], Fraction(15), Fraction("1.0046"), Fraction(1, 100)))


def agree(trumpet: Trumpet, case: Case) -> None:
    """A trumpet is what the formulas say."""
    assert trumpet.error_percent == pytest.approx(float(error_percent(case)), abs=1e-6)
    for window in trumpet.windows:
        wanted = window_errors(case, window.window_s // 60)
        assert (window.highest_percent, window.lowest_percent, window.windows) == pytest.approx([float(each) for each in wanted], abs=1e-6)


@pytest.mark.parametrize("sample_set", [VOLUMETRIC, AMBULATORY], ids=["volumetric", "ambulatory"])
def test_any_flow_is_as_the_formulas_say(sample_set: SampleSet, seed: int) -> None:
    """Drawn masses, longer than two periods: start-up curve, first and last trumpet follow the sums of the method."""
    draw = random.Random(seed)
    per_period, masses = sample_set.period_s // sample_set.interval_s, [0]
    for _ in range(2 * per_period + draw.randrange(1, per_period)):
        masses.append(masses[-1] + draw.randrange(-500, 5_000))
    evaporation, density, rate = draw.randrange(0, 1_000), draw.randrange(900_000, 1_100_000), draw.randrange(5_000, 200_000)
    report = analyse(logged(masses, sample_set.interval_s), rate, sample_set, Corrections(density, evaporation))

    corrected = [
        Fraction(mass, UG_PER_ML) + Fraction(evaporation * place * sample_set.interval_s, 3_600 * UG_PER_ML)
        for place, mass in enumerate(masses)
    ]
    how = (Fraction(sample_set.interval_s, 60), Fraction(density, UG_PER_ML), Fraction(rate, 1_000_000))
    begin = sample_set.first_from_s // sample_set.interval_s
    agree(report.first, Case(corrected[begin : begin + per_period + 1], *how))
    assert report.last is not None
    agree(report.last, Case(corrected[-per_period - 1 :], *how))
    start = flows_ml_per_h(Case(corrected[: len(report.start_up_nl_per_h) + 1], *how))
    assert report.start_up_nl_per_h == pytest.approx([float(flow * 1_000_000) for flow in start])


def test_evaporation_is_added_back() -> None:
    """A vessel that loses 0.5 mg/h under a flow of 10 mg/h shows 5 % too little; corrected, nothing is missing."""
    log = logged([place * 2_375 for place in range(193)], 900)

    assert analyse(log, 10_000, AMBULATORY, WATER).first.error_percent == pytest.approx(-5)
    assert analyse(log, 10_000, AMBULATORY, Corrections(1_000_000, 500)).first.error_percent == pytest.approx(0, abs=1e-9)


def test_density_turns_mass_into_volume() -> None:
    """10 mg/h of a solution of 1.25 g/mL are 8 uL/h."""
    log = logged([place * 2_500 for place in range(193)], 900)

    report = analyse(log, 8_000, AMBULATORY, Corrections(1_250_000))
    assert report.first.flow_nl_per_h == pytest.approx(8_000)
    assert report.first.error_percent == pytest.approx(0, abs=1e-9)
    assert analyse(log, 8_000, AMBULATORY, WATER).first.error_percent == pytest.approx(25)


def test_noise_widens_short_windows_and_leaves_the_whole(seed: int) -> None:
    """Noise of 0.03 mg on 2.5 mg a sample: a few per cent in the shortest window, a fraction over all, as errors of two ends are."""
    draw = random.Random(seed)
    log = logged([place * 2_500 + round(draw.gauss(0, 30)) for place in range(193)], 900)
    trumpet = analyse(log, 10_000, AMBULATORY, WATER).first

    assert 1 < trumpet.windows[0].highest_percent < 12
    assert -12 < trumpet.windows[0].lowest_percent < -1
    assert trumpet.windows[-1].highest_percent - trumpet.windows[-1].lowest_percent < 0.3
    assert abs(trumpet.error_percent) < 0.1


def test_readings_between_samples_are_interpolated() -> None:
    """Readings every 20 s, none of them at a half minute, give the same steady flow."""
    log = tuple(Reading(place * 20_000_000 + (7 if place else 0), place * 2_000) for place in range(362))

    trumpet = analyse(log, 360_000, VOLUMETRIC, WATER).first
    assert trumpet.windows[0].highest_percent == pytest.approx(0, abs=1e-3)


def test_log_too_short_or_with_gaps_is_refused() -> None:
    """A log that ends before the analysis period does, or in which samples are missing, gets no curve, and is told why."""
    with pytest.raises(CheckFailed, match=r"ends after 2\.00 h; the ambulatory set takes 48 h"):
        analyse(steps_log(), 100_000, AMBULATORY, WATER)
    with pytest.raises(UsageError, match=r"no reading for 60 s after 1470 s.*weigh as often"):
        analyse((*steps_log()[:50], *steps_log()[51:]), 100_000, VOLUMETRIC, WATER)
    with pytest.raises(UsageError, match="above 0"):
        analyse(steps_log(), 0, VOLUMETRIC, WATER)


def test_bolus_is_what_came_less_the_basal_flow() -> None:
    """20 uL asked at 60 min for 10 min: 21 uL came on top of 10 uL/h, 5 % too much; a second one is 10 % short."""
    masses = [0]
    for minute in range(1, 181):
        masses.append(masses[-1] + 10_000 // 60 + (2_100 if 60 < minute <= 70 else 1_800 if 120 < minute <= 130 else 0))
    log = tuple(Reading(minute * US_PER_MIN, mass) for minute, mass in enumerate(masses))
    asked = (Bolus(20_000, 7_200, 600), Bolus(20_000, 3_600, 600))

    first, second = bolus_results(log, asked, 9_960, WATER)
    assert (first.bolus.at_s, second.bolus.at_s) == (3_600, 7_200)
    assert first.delivered_nl == pytest.approx(21_000)
    assert first.error_percent == pytest.approx(5)
    assert second.error_percent == pytest.approx(-10)


def test_bolus_needs_readings_around_it() -> None:
    """One that the log does not reach, and two between the same readings, are refused."""
    log = logged([0, 2_500, 25_000, 27_500], 900)

    with pytest.raises(CheckFailed, match="ends before"):
        bolus_results(log, (Bolus(20_000, 2_600, 600),), 10_000, WATER)
    with pytest.raises(CheckFailed, match="weigh before and after"):
        bolus_results(log, (Bolus(9_000, 900, 300), Bolus(9_000, 1_300, 300)), 10_000, WATER)


def test_bolus_of_a_simulated_pump_is_off_by_its_unit_error() -> None:
    """A bolus of 0.05 mL in 10 min, weighed every 5 min, is as far off as the unit's own step is."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        rig.bench.advance(seconds=10)
        programmer = filled(rig)
        rig.balance.tare()
        begin_us, log = rig.bench.now_us(), []
        for reading in range(25):
            log.append(Reading(rig.bench.now_us() - begin_us, rig.balance.read().net_ug))
            if reading == 12:
                programmer.bolus(50_000, 25_000, 600)
            rig.bench.advance_us(begin_us + (reading + 1) * 300_000_000 - rig.bench.now_us())
        unit_percent = rig.bench.truth()["unit_error_ppm"] / 10_000

    (result,) = bolus_results(log, (Bolus(50_000, 3_600, 600),), RATE_NL_PER_H, SOLUTION)
    assert result.error_percent == pytest.approx(unit_percent, abs=1)


@pytest.mark.pump_requirement("FR-14")
def test_balance_measures_a_flow_within_a_tenth_of_a_millilitre_an_hour() -> None:
    """An hour of basal and one with a bolus in it, weighed at both ends: within 0.1 mL/h of what left the tip."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        rig.bench.advance(seconds=10)
        programmer = filled(rig)
        rig.balance.tare()
        looks = []
        for hour in range(3):
            looks.append((rig.balance.read().net_ug, rig.bench.truth()["delivered_nl"]))
            if hour == 1:
                programmer.bolus(400_000, 200_000, 1_800)
            rig.bench.advance(hours=1)

    for (before_ug, before_nl), (after_ug, after_nl) in pairwise(looks):
        measured_nl_per_h = (after_ug - before_ug + 200) * 1_000_000 / 1_004_600
        assert abs(measured_nl_per_h - (after_nl - before_nl)) < 100_000


def test_bolus_text_is_read() -> None:
    """Volume, start and duration with their units; anything else is refused."""
    assert parse_bolus("0.02 mL at 30 h for 10 min") == Bolus(20_000, 108_000, 600)
    for text in ("0.02 mL at 30 h", "0 mL at 30 h for 10 min", "20 at 30 h for 10 min"):
        with pytest.raises(QuantityError):
            parse_bolus(text)


def test_every_report_can_be_drawn(seed: int) -> None:
    """Any log gives a picture in which all curves lie within their panels, with a second trumpet where there is a last period."""
    draw = random.Random(seed)
    for spread in (0, 1, 50, 5_000):
        masses = [0]
        for _ in range(193 + draw.randrange(2) * 20):
            masses.append(masses[-1] + 2_500 + draw.randrange(-spread, spread + 1))
        report = analyse(logged(masses, 900), draw.choice([10_000, 11_000, 100]), AMBULATORY, WATER)
        shown = "".join(ET.fromstring(picture(report, "a <log>")).itertext())  # noqa: S314  # our own text

        assert "a <log>" in shown
        assert shown.count("Trumpet curve") == (1 if report.last is None else 2)
        assert NO_CLAIM in "\n".join(lines(report))
