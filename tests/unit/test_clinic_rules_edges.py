"""The edges of the rules: exactly on a number, no change at all, and the weekday that matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hil.clinic.dilution import dilution
from hil.clinic.night import night_pattern
from hil.clinic.patient_day import patient_day
from hil.clinic.person import Break, Change, Test
from hil.clinic.plan import Plan, Regimen, regimen_of
from hil.clinic.refill import Fill, plan_refill
from hil.clinic.rules.on_dose import start_dose
from hil.clinic.rules.table import rule_set
from hil.clinic.weaning import weaning_plan
from protocol.therapy import PatientRule, Step
from tests.support.clinic import DAY, HOUR, MCG, NOW, adult, change, doses, flex_therapy, found, limits, simple_therapy, start, verdict

LONG_AGO = doses((300, 50), (200, 100))
MAINTAINED: dict[str, Any] = {"phase": "maintenance", "stable": True, "effect": "some"}


@pytest.mark.pump_rule("R-024", "R-025")
@pytest.mark.parametrize(("rules", "hours"), [("label-seed", 12), ("label-us", 8)])
def test_threshold_itself_is_a_short_response(rules: str, hours: int) -> None:
    """At exactly that many hours the short rule speaks and the long one does not; a second later it is the other way round."""
    for more, said in ((0, ["accept", ""]), (1, ["", "accept"])):
        person = adult(tests=(Test(NOW - DAY, 50 * MCG, positive=True, effect_s=hours * 3_600 + more),))

        assert [verdict(rule, start(50), person, rules) for rule in ("R-024", "R-025")] == said


@pytest.mark.parametrize("rule", ["R-026", "R-027", "R-030", "R-032", "R-036", "R-037", "R-039", "R-044"])
def test_same_dose_is_no_change(rule: str) -> None:
    """A dose that is sent again is neither an increase nor a decrease, whatever was given just before."""
    person = adult(doses=doses((300, 50), (0, 100)), effect="enough")
    maintained = adult(doses=doses((300, 50), (0, 100)), **MAINTAINED | {"effect": "none"})

    assert verdict(rule, change(100, 100, reason="side-effects" if rule == "R-039" else ""), person) in {"", "not judged"}
    assert verdict(rule, change(100, 100, reason="side-effects" if rule == "R-039" else ""), maintained) == ""


def test_same_dose_is_no_reduction() -> None:
    """R-065 has nothing to say of it."""
    assert verdict("R-065", change(100, 100), adult(doses=LONG_AGO)) == ""


def test_dose_that_was_sent_again_is_no_increase() -> None:
    """Only a rise starts the wait for the next one."""
    person = adult(doses=doses((300, 50), (200, 100), (0, 100)))

    assert verdict("R-030", change(100, 110), person) == "accept"


@pytest.mark.pump_rule("R-032", "R-044")
def test_half_as_much_again_is_large() -> None:
    """Exactly 50 % counts, less does not; a change of exactly four weeks ago is the one compared with."""
    no_effect = adult(doses=doses((300, 100), (100, 140)), effect="none")
    month = adult(doses=doses((300, 50), (28, 100), (10, 140)), **MAINTAINED)

    assert [verdict("R-032", change(140, dose), no_effect) for dose in (149, 150)] == ["accept", "warn"]
    assert [verdict("R-044", change(140, dose), month) for dose in (149, 150)] == ["accept", "warn"]


@pytest.mark.pump_rule("R-040")
def test_smallest_dose_seen_is_among_those_seen() -> None:
    """12 mcg/day has been seen to work, 11 has not."""
    seen, unseen = (found("R-040", change(10, dose), adult(doses=LONG_AGO)) for dose in (12, 11))
    assert seen is not None
    assert unseen is not None

    assert "among the doses" in seen.what
    assert "less than any" in unseen.what


@pytest.mark.pump_rule("R-011")
def test_hundredth_of_the_oral_dose_is_well() -> None:
    """10 mg by mouth and 100 mcg/day: exactly a hundredth."""
    person = adult(doses=LONG_AGO, oral_baclofen_ng_per_day=10_000_000)

    assert [verdict("R-011", change(100, dose), person) for dose in (100, 101)] == ["accept", "warn"]


@pytest.mark.pump_rule("R-011")
@pytest.mark.parametrize(("ng", "named"), [(105 * MCG, False), (1_050 * MCG, True), (1_050 * MCG + 100, False)])
def test_slip_is_named_within_its_tolerance(ng: int, named: bool) -> None:
    """10.5 times is a misplaced point within 5 %; a little more is only large."""
    plan = Plan("baclofen", Regimen.even(ng, 500 * MCG), Regimen.even(100 * MCG, 500 * MCG))
    finding = found("R-011", plan)

    assert finding is not None
    assert ("decimal point" in finding.what) is named


@pytest.mark.pump_rule("R-027", "R-028")
def test_eighteen_years_is_grown() -> None:
    """The day of the eighteenth birthday belongs to adults."""
    grown, child = (adult(doses=LONG_AGO, age_months=months) for months in (18 * 12, 18 * 12 - 1))

    assert [verdict("R-027", change(100, 120), person) for person in (grown, child)] == ["accept", ""]
    assert [verdict("R-028", change(100, 120), person) for person in (grown, child)] == ["", "refuse"]


def test_pumps_therapy_goes_before_the_history() -> None:
    """What the pump gives is what a step is measured by, also where the file tells of another dose."""
    person = adult(doses=LONG_AGO)

    assert verdict("R-027", change(200, 250), person) == "accept"
    assert verdict("R-027", replace(change(200, 250), old=None), person) == "refuse"


@pytest.mark.pump_rule("R-065", "R-033")
def test_one_weekday_is_enough() -> None:
    """A Sunday that falls by too much warns, a Sunday above the soft limit warns, though the rest of the week stays."""
    week = (100 * MCG,) * 6
    old = Regimen(500 * MCG, (*week, 100 * MCG))
    fallen, high = Regimen(500 * MCG, (*week, 70 * MCG)), Regimen(500 * MCG, (*week, 1_001 * MCG))

    assert verdict("R-065", Plan("baclofen", fallen, old), adult(doses=LONG_AGO)) == "warn"
    assert verdict("R-033", Plan("baclofen", high, old)) == "warn"


@pytest.mark.pump_rule("R-046")
def test_dose_at_the_start_of_the_break_belongs_to_what_comes_after() -> None:
    """A change in the very minute of the break counts as given after it: the history says it was given."""
    since = NOW - 10 * DAY
    at_once = adult(doses=(Change(NOW - 300 * DAY, 50 * MCG), Change(since, 50 * MCG)), breaks=(Break(since),))
    before = adult(doses=(Change(NOW - 300 * DAY, 50 * MCG), Change(since - HOUR, 50 * MCG)), breaks=(Break(since),))

    assert verdict("R-046", change(50, 100), at_once) == ""
    assert verdict("R-046", change(50, 100), before) == "refuse"


@pytest.mark.parametrize(
    ("rule", "drug", "old", "new", "said"),
    [
        ("U-07", "ziconotide", 2_000, 4_400, "accept"),
        ("U-07", "ziconotide", 2_000, 4_401, "warn"),
        ("U-07", "ziconotide", 2_000, 2_000, ""),
    ],
)
def test_absolute_step_has_its_edge(rule: str, drug: str, old: int, new: int, said: str) -> None:
    """2.4 mcg/day more is allowed, a nanogram above it warns, none is no step."""
    plan = Plan(drug, Regimen.even(new, 25 * MCG), Regimen.even(old, 25 * MCG))

    assert verdict(rule, plan) == said


def test_concentration_of_other_drugs_has_its_edge() -> None:
    """Clonidine of 1,000 mcg/mL is accepted."""
    assert verdict("U-12", Plan("clonidine", Regimen.even(MCG, 1_000 * MCG))) == "accept"


# ---------------------------------------------------------------- arithmetic


def test_weaker_ampoules_are_taken_where_they_are_strong_enough() -> None:
    """250 mcg/mL is made from 500, 501 from 2,000."""
    assert dilution(rule_set(), 250_000, 1_000_000).sold_ng_per_ml == 500_000
    assert dilution(rule_set(), 501_000, 1_000_000).sold_ng_per_ml == 2_000_000


def test_night_from_midnight_has_no_empty_step() -> None:
    """An effect wanted from 02:00 to 24:00 is programmed from 00:00 to 22:00, in two steps."""
    group = night_pattern(rule_set(), 240_000, 500_000, (120, 1440))

    assert [(step.start_minute, step.end_minute) for step in group.steps] == [(0, 1320), (1320, 1440)]


def test_window_that_just_fits_is_not_what_binds() -> None:
    """Where basal and all boluses are exactly the daily limit, the count ends the boluses."""
    rule = PatientRule(50_000, 25_000, 600, 3_600, 4, 440_000)

    assert patient_day(simple_therapy(10_000, [rule]), limits()).bound == "most-per-day"


def test_volume_wins_a_tie() -> None:
    """Volume and stability on the same instant: the level is what a person sees first."""
    plan = plan_refill(simple_therapy(10_000), limits(), Fill(0, 2_000_000 + 240_000 * 30, 30))

    assert (plan.wins, plan.due_us) == ("volume", 30 * DAY)


def test_more_than_one_rate_is_a_complex_mode() -> None:
    """Two steps of one rate are simple, two rates are not."""
    same, other = (flex_therapy([Step(0, 720, 10_000), Step(720, 1440, rate)]) for rate in (10_000, 20_000))

    assert not regimen_of(same, limits()).complex_mode
    assert regimen_of(other, limits()).complex_mode


@pytest.mark.parametrize(("dose", "effect"), [(0, 3_600), (50_000, 0), (-1, 1)])
def test_start_from_nothing_is_refused(dose: int, effect: int) -> None:
    """No test dose, or no effect, starts nothing."""
    with pytest.raises(ValueError, match="no effect"):
        start_dose(rule_set(), dose, effect)


def test_weaning_from_nothing_is_refused() -> None:
    """There is nothing to taper."""
    with pytest.raises(ValueError, match="no dose"):
        weaning_plan(rule_set(), 0, 2)
