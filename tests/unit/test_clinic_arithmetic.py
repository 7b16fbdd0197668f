"""Therapy arithmetic: what goes there comes back, exactly, and rounding is always to the side that gives less."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.clinic.bridge import bridge
from hil.clinic.night import night_pattern
from hil.clinic.percent import percent_text, rise_percent
from hil.clinic.priming import catheter_nl, priming
from hil.clinic.rules.table import rule_set
from hil.clinic.weaning import weaning_plan
from hil.errors import CheckFailed, UsageError
from hil.numbers.practice import practice
from hil.therapy.arithmetic import day_dose_ng, dose_ng, exact_rate_nl_per_h, rate_for, step_dose_ng, volume_nl
from protocol.therapy import Step
from tests.support.clinic import SETS

DOSES = st.integers(1, 4_000_000)
CONCENTRATIONS = st.integers(50_000, 4_000_000)
MINUTES = st.integers(1, 1440)
PATH_NL = 335_800
"""Tubing 0.14 mL and a catheter of 89 cm."""


@given(DOSES, MINUTES, CONCENTRATIONS)
def test_rate_gives_its_dose_back(dose: int, minutes: int, concentration: int) -> None:
    """The exact rate gives exactly the dose; the whole one no more, and less by under one nanolitre an hour."""
    exact = exact_rate_nl_per_h(dose, minutes, concentration)
    whole = rate_for(dose, minutes, concentration)

    assert exact * minutes * concentration == dose * 60_000_000
    assert step_dose_ng(whole, minutes, concentration) <= dose < step_dose_ng(whole + 1, minutes, concentration)


@given(DOSES, CONCENTRATIONS)
def test_volume_holds_its_dose(dose: int, concentration: int) -> None:
    """A dose turned into a volume and back is the same dose."""
    assert dose_ng(volume_nl(dose, concentration), concentration) == dose


def test_fluid_without_drug_has_rates_and_no_doses() -> None:
    """Saline has no rate that follows from a dose."""
    assert rate_for(100_000, 1440, 0) == 0


def test_rate_of_a_known_dose() -> None:
    """100 mcg/day of 500 mcg/mL is 8,333 and a third nL/h."""
    assert exact_rate_nl_per_h(100_000, 1440, 500_000) == Fraction(25_000, 3)


# ---------------------------------------------------------------- bridge


@pytest.mark.pump_rule("R-050")
def test_bridge_of_a_known_change() -> None:
    """From 500 to 2,000 mcg/mL at 100 mcg/day: 0.3358 mL run for 40.3 h; without a bridge a quarter of the dose for 6.7 days."""
    plan = bridge(PATH_NL, 500_000, 2_000_000, 100_000)

    assert (plan.volume_nl, plan.rate_nl_per_h) == (PATH_NL, 8_333)
    assert plan.duration_s == Fraction(PATH_NL * 3, 25_000) * 3_600 == Fraction("145065.6")
    assert plan.error_factor == Fraction(1, 4)
    assert plan.error_s == 4 * plan.duration_s


@given(st.integers(1, 1_000_000), CONCENTRATIONS, CONCENTRATIONS, st.integers(100_000, 4_000_000))
def test_bridge_gives_the_old_dose_while_it_lasts(volume: int, old: int, new: int, dose: int) -> None:
    """Its volume holds exactly the dose of its time, and it ends when V x C_old / dose says; the programmed one is never faster."""
    if old == new:
        return
    plan = bridge(volume, old, new, dose)

    assert dose_ng(volume, old) == dose * plan.duration_s / 86_400
    assert plan.exact_rate_nl_per_h * plan.duration_s == volume * 3_600
    assert plan.programmed_s >= plan.duration_s
    assert plan.error_factor == Fraction(old, new)
    assert bridge(volume, new, old, dose).error_factor == 1 / plan.error_factor


def test_bridge_to_another_dose_keeps_the_old_rate() -> None:
    """A new dose changes what a forgotten bridge does, and not the bridge."""
    same, other = bridge(PATH_NL, 500_000, 2_000_000, 100_000), bridge(PATH_NL, 500_000, 2_000_000, 100_000, 200_000)

    assert same[:5] == other[:5]
    assert other.error_s * 2 == same.error_s


@pytest.mark.parametrize(
    "asked",
    [(0, 1, 2, 3), (1, 0, 2, 3), (1, 2, 0, 3), (1, 1, 2, 0), (1, 2, 2, 3), (1, 1, 2, 3, 0), (1, 4_000_000, 2, 1), (-1, 1, 2, 3)],
    ids=["volume", "old", "new", "dose", "no change", "new dose", "too slow", "negative"],
)
def test_bridge_of_nothing_is_refused(asked: tuple[int, ...]) -> None:
    """Nothing to bridge, or too little to run, is said and not divided by."""
    with pytest.raises(ValueError, match=r"\w"):
        bridge(*asked)


# ---------------------------------------------------------------- priming


def test_prime_of_a_dry_pump_fills_tubing_and_catheter() -> None:
    """A dry pump needs both, another the catheter alone."""
    catheter = catheter_nl("89cm")

    assert priming(catheter, 500_000, dry=True).volume_nl == 140_000 + 195_800
    assert priming(catheter, 500_000, dry=False).volume_nl == 195_800


def test_old_constant_gives_too_much() -> None:
    """0.199 for 0.140 mL of tubing is 59 uL: 118 mcg of the strong solution, more than any test dose; a filled tubing is not concerned."""
    dry, filled = (priming(195_800, 2_000_000, dry=dry) for dry in (True, False))

    assert dry.over_nl == 59_000
    assert dry.over_ng == 118_000
    assert dry.old_volume_nl == practice("tubing_old_nl") + 195_800
    assert filled.over_nl == 0


@given(st.integers(1, 1_000_000), st.integers(0, 300_000), CONCENTRATIONS)
def test_prime_is_the_way_to_the_tip(catheter: int, tubing: int, concentration: int) -> None:
    """Whatever the pump says of its tubing, the prime is that and the catheter, and too much is never negative."""
    plan = priming(catheter, concentration, dry=True, tubing_nl=tubing)

    assert plan.volume_nl == catheter + tubing
    assert plan.over_nl == max(0, plan.old_volume_nl - plan.volume_nl)


def test_catheter_without_a_name_or_volume_is_refused() -> None:
    """An unknown catheter names those that there are; one of no volume is none."""
    with pytest.raises(UsageError, match="104cm"):
        catheter_nl("90cm")
    with pytest.raises(ValueError, match="has a volume"):
        priming(0, 500_000, dry=True)


# ---------------------------------------------------------------- night


@pytest.mark.pump_rule("R-048", "R-049")
def test_night_is_higher_and_programmed_ahead() -> None:
    """For an effect from 22:00 to 06:00 the rate is a fifth higher from 20:00 to 04:00."""
    group = night_pattern(rule_set("label-seed"), 240_000, 500_000, (22 * 60, 6 * 60))

    assert group.steps == (Step(0, 240, 22_500), Step(240, 1200, 18_750), Step(1200, 1440, 22_500))
    assert group.steps[0].rate_nl_per_h * 5 == group.steps[1].rate_nl_per_h * 6
    assert day_dose_ng(group, 500_000) == 240_000


@given(st.sampled_from(SETS), st.integers(1_000, 4_000_000), CONCENTRATIONS, st.integers(0, 1440), st.integers(0, 1440))
def test_night_keeps_the_dose_and_tiles_the_day(rules: str, dose: int, concentration: int, start: int, end: int) -> None:
    """Any night gives the dose of the day, less what rounding each step takes, in steps without gap."""
    if (end - start) % 1440 == 0:
        return
    group = night_pattern(rule_set(rules), dose, concentration, (start, end))

    assert [step.start_minute for step in group.steps] == [0, *(step.end_minute for step in group.steps[:-1])]
    assert group.steps[-1].end_minute == 1440
    assert 0 <= dose - day_dose_ng(group, concentration) < step_dose_ng(1, 1440, concentration)


@pytest.mark.parametrize("asked", [(0, 500_000, (0, 60)), (1, 0, (0, 60)), (1, 1, (60, 60)), (1, 1, (0, 1440)), (1, 1, (-1, 60))])
def test_night_of_nothing_is_refused(asked: tuple[int, int, tuple[int, int]]) -> None:
    """No dose, no drug, no night and no day are said."""
    with pytest.raises(ValueError, match="night"):
        night_pattern(rule_set(), *asked)


# ---------------------------------------------------------------- weaning, percentages


@pytest.mark.pump_rule("R-046", "R-065")
@given(st.integers(1, 4_000_000), st.integers(2, 4))
def test_weaning_falls_evenly_to_nothing(dose: int, weeks: int) -> None:
    """Every step is down, alike within a nanogram, at most one in two days, and the last is nothing within the weeks."""
    steps = weaning_plan(rule_set(), dose, weeks)
    levels = [dose, *(step.dose_ng_per_day for step in steps)]
    falls = [before - after for before, after in pairwise(levels)]

    assert levels[-1] == 0
    assert max(falls) - min(falls) <= 1
    assert [step.day for step in steps] == list(range(0, weeks * 7 - 1, 2))


@pytest.mark.parametrize("weeks", [0, 1, 5])
@pytest.mark.pump_rule("R-046")
def test_weaning_is_neither_fast_nor_slow(weeks: int) -> None:
    """Two to four weeks, or the rule refuses."""
    with pytest.raises(CheckFailed, match="R-046"):
        weaning_plan(rule_set(), 300_000, weeks)


@given(st.integers(1, 10**7), st.integers(0, 10**7))
def test_percent_never_reads_like_the_limit_it_passes(old: int, new: int) -> None:
    """A rise and its way back are inverse; what is above 30 % never reads 30 %."""
    rise = rise_percent(old, new)

    assert old * (100 + rise) / 100 == new
    if rise > 30:
        assert percent_text(rise) != "30 %"
    assert percent_text(Fraction(30)) == "30 %"
