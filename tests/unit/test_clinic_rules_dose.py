"""Rules about doses, in both sets: at the number accepted, past it not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hil.clinic.person import Break, Person, Test
from hil.clinic.plan import Plan, Regimen
from hil.clinic.rules.on_dose import start_dose
from hil.clinic.rules.table import rule_set
from tests.support.clinic import DAY, HOUR, MCG, NOW, SETS, adult, change, doses, found, start, verdict

H = 3_600
CEREBRAL = {"origin": "cerebral", "cause": "stroke"}
CHILD = {"age_months": 10 * 12}
MAINTAINED = {"phase": "maintenance", "stable": True, "effect": "some"}
LONG_AGO = doses((300, 50), (200, 100))


def responder(hours: int, dose: int = 50) -> Person:
    """Somebody whose test dose had its effect for so long."""
    return adult(tests=(Test(NOW - 2 * DAY, dose * MCG, positive=True, effect_s=hours * H),))


# ---------------------------------------------------------------- the start


@pytest.mark.pump_rule("R-024", "R-025")
@pytest.mark.parametrize(
    ("rules", "hours", "rule", "first"),
    [
        ("label-seed", 6, "R-024", 100),
        ("label-seed", 10, "R-024", 100),
        ("label-seed", 12, "R-024", 100),
        ("label-seed", 13, "R-025", 50),
        ("label-us", 6, "R-024", 100),
        ("label-us", 8, "R-024", 100),
        ("label-us", 9, "R-025", 50),
        ("label-us", 10, "R-025", 50),
        ("label-us", 13, "R-025", 50),
    ],
)
def test_start_follows_the_length_of_the_response(rules: str, hours: int, rule: str, first: int) -> None:
    """Twice the test dose after a short response, once after a long one; a ten-hour responder starts at 100 or at 50 mcg/day."""
    assert start_dose(rule_set(rules), 50 * MCG, hours * H)[1] == first * MCG
    assert start_dose(rule_set(rules), 50 * MCG, hours * H)[0].id == rule
    assert verdict(rule, start(first), responder(hours), rules) == "accept"
    assert verdict(rule, start(first - 1), responder(hours), rules) == "accept"
    assert verdict(rule, start(first + 1), responder(hours), rules) == "refuse"


@pytest.mark.pump_rule("R-024", "R-025")
def test_only_one_of_the_start_rules_speaks() -> None:
    """A short response is no matter of the long rule, and the other way round; an unknown length leaves both unjudged."""
    unknown = adult(tests=(Test(NOW - DAY, 50 * MCG, positive=True),))

    assert [verdict(rule, start(50), responder(6)) for rule in ("R-024", "R-025")] == ["accept", ""]
    assert [verdict(rule, start(50), responder(24)) for rule in ("R-024", "R-025")] == ["", "accept"]
    assert [verdict(rule, start(50), unknown) for rule in ("R-024", "R-025")] == ["not judged", "not judged"]


@pytest.mark.pump_rule("R-026")
@pytest.mark.parametrize(("since", "said"), [(0, "refuse"), (DAY - 1_000_000, "refuse"), (DAY, "accept"), (30 * DAY, "accept")])
def test_first_day_knows_no_increase(since: int, said: str) -> None:
    """Not by a microgram within 24 h of the start; a decrease is no increase."""
    person = adult(doses=(replace(doses((1, 100))[0], at_us=NOW - since),))

    assert verdict("R-026", change(100, 101), person) == said
    assert verdict("R-026", change(100, 99), person) == ""


# ---------------------------------------------------------------- steps


@pytest.mark.pump_rule("R-027", "R-028", "R-029", "R-037", "R-038")
@pytest.mark.parametrize(
    ("rule", "known", "percent", "broken"),
    [
        ("R-027", {}, 30, "refuse"),
        ("R-027", {"phase": "titration"}, 30, "refuse"),
        ("R-028", CHILD, 15, "refuse"),
        ("R-028", CHILD | MAINTAINED, 15, "refuse"),
        ("R-029", CEREBRAL, 15, "refuse"),
        ("R-029", CEREBRAL | CHILD, 15, "refuse"),
        ("R-038", CEREBRAL | MAINTAINED, 20, "refuse"),
        ("R-038", CEREBRAL | CHILD | MAINTAINED, 20, "refuse"),
    ],
)
@pytest.mark.parametrize("rules", SETS)
def test_step_is_limited_by_population(rules: str, rule: str, known: dict[str, Any], percent: int, broken: str) -> None:
    """The largest step of each population is accepted, a nanogram more is not; an unknown phase counts as titration."""
    person = adult(doses=LONG_AGO, **known)
    limit = Plan("baclofen", Regimen.even(100 * MCG + percent * MCG, 500 * MCG), Regimen.even(100 * MCG, 500 * MCG))
    past = replace(limit, new=Regimen.even(100 * MCG + percent * MCG + 1, 500 * MCG))

    assert verdict(rule, limit, person, rules) == "accept"
    assert verdict(rule, past, person, rules) == broken
    assert verdict(rule, change(100, 90), person, rules) == ""


@pytest.mark.pump_rule("R-037")
@pytest.mark.parametrize(("rules", "percent"), [("label-seed", 30), ("label-us", 40)])
def test_spinal_maintenance_differs_between_the_sets(rules: str, percent: int) -> None:
    """30 % by one label, 40 % by the other, whose number is from memory and says so; past it both warn."""
    person = adult(doses=LONG_AGO, **MAINTAINED)
    at_limit, past = (found("R-037", change(100, 100 + percent + more), person, rules) for more in (0, 1))
    assert at_limit is not None
    assert past is not None

    assert (at_limit.verdict, past.verdict) == ("accept", "warn")
    assert past.verified is (rules == "label-seed")


@pytest.mark.pump_rule("R-027")
def test_day_with_the_greatest_rise_counts() -> None:
    """A weekend that rises by more is judged, though the mean of the week rises by less."""
    old = Regimen(500 * MCG, (100 * MCG,) * 7)
    new = Regimen(500 * MCG, (*(100 * MCG,) * 5, 140 * MCG, 140 * MCG), complex_mode=True)

    assert verdict("R-027", Plan("baclofen", new, old), adult(doses=LONG_AGO)) == "refuse"


@pytest.mark.pump_rule("R-039")
@pytest.mark.parametrize(("to", "said"), [(80, "accept"), (79, "warn"), (100, "")])
def test_decrease_for_side_effects_is_a_step(to: int, said: str) -> None:
    """A fifth at most; R-065 does not speak a second time."""
    plan = change(100, to, reason="side-effects")

    assert verdict("R-039", plan, adult(doses=LONG_AGO)) == said
    assert verdict("R-065", plan, adult(doses=LONG_AGO)) == ""


@pytest.mark.pump_rule("R-030", "R-031")
@pytest.mark.parametrize(("rule", "flow", "hours"), [("R-030", False, 24), ("R-031", True, 48)])
def test_increases_keep_their_distance(rule: str, flow: bool, hours: int) -> None:
    """24 h on a programmable pump, 48 h on one of constant flow, counted from the last increase."""
    history = doses((100, 50), (0, 60))
    plan = change(60, 66, constant_flow=flow)

    def person(since: int) -> Person:
        return adult(doses=(history[0], replace(history[1], at_us=NOW - since)))

    assert verdict(rule, plan, person(hours * HOUR)) == "accept"
    assert verdict(rule, plan, person(hours * HOUR - 1_000_000)) == "refuse"
    assert verdict("R-031" if rule == "R-030" else "R-030", plan, person(0)) == ""


@pytest.mark.pump_rule("R-030")
def test_decrease_needs_no_waiting_and_starts_no_wait() -> None:
    """After a decrease an increase may follow at once; a decrease may follow anything."""
    fell = adult(doses=doses((100, 50), (90, 60), (0, 55)))

    assert verdict("R-030", change(55, 60), fell) == "accept"
    assert verdict("R-030", change(60, 50), adult(doses=doses((100, 50), (0, 60)))) == ""


@pytest.mark.pump_rule("R-032")
@pytest.mark.parametrize(
    ("effect", "old", "said"), [("none", 150, "warn"), ("none", 120, "accept"), ("some", 400, "accept"), ("", 400, "not judged")]
)
def test_large_rise_without_effect_points_at_the_catheter(effect: str, old: int, said: str) -> None:
    """Half as much again as the first dose, and still no effect: look at pump and catheter."""
    person = adult(doses=doses((300, 100), (100, old)), effect=effect)

    assert verdict("R-032", change(old, old + 10), person) == said


@pytest.mark.pump_rule("R-044")
@pytest.mark.parametrize(("then", "said"), [(100, "warn"), (120, "accept")])
def test_sudden_need_points_at_a_fault(then: int, said: str) -> None:
    """Half as much again within four weeks of maintenance warns; slower growth does not."""
    person = adult(doses=doses((300, 50), (29, then), (10, 140)), **MAINTAINED)

    assert verdict("R-044", change(140, 154), person) == said


@pytest.mark.pump_rule("R-036")
def test_more_than_enough_is_not_the_aim() -> None:
    """An increase though the dose is enough warns; the smallest effective dose stays."""
    assert verdict("R-036", change(100, 110), adult(doses=LONG_AGO, effect="enough")) == "warn"
    assert verdict("R-036", change(100, 110), adult(doses=LONG_AGO, effect="some")) == "accept"
    assert verdict("R-036", change(100, 90), adult(doses=LONG_AGO, effect="enough")) == ""


# ---------------------------------------------------------------- limits


@pytest.mark.pump_rule("R-033")
@pytest.mark.parametrize("rules", SETS)
@pytest.mark.parametrize("person", [None, adult(doses=LONG_AGO), adult(doses=LONG_AGO, **CEREBRAL)], ids=["nobody", "spinal", "cerebral"])
def test_soft_limit_warns_of_everybody(rules: str, person: Person | None) -> None:
    """1,000 mcg/day is accepted, more warns, whoever it is for."""
    assert verdict("R-033", change(950, 1_000), person, rules) == "accept"
    assert verdict("R-033", change(950, 1_001), person, rules) == "warn"


@pytest.mark.pump_rule("R-040", "R-041")
@pytest.mark.parametrize(("rule", "known", "high"), [("R-040", {}, 2_003), ("R-041", CEREBRAL, 1_400)])
def test_more_than_was_ever_given_is_refused(rule: str, known: dict[str, str], high: int) -> None:
    """The largest dose seen is accepted and the next refused, by origin; a very small one is told."""
    person = adult(doses=LONG_AGO, **known)
    small = found(rule, change(10, 11), person)

    assert verdict(rule, change(high - 1, high), person) == "accept"
    assert verdict(rule, change(high - 1, high + 1), person) == "refuse"
    assert small is not None
    assert "less than any" in small.what


@pytest.mark.pump_rule("R-040")
def test_highest_dose_of_all_binds_nobody_in_particular() -> None:
    """Without a person the larger of the two maxima still holds."""
    assert verdict("R-040", change(2_000, 2_004)) == "refuse"
    assert verdict("R-041", change(2_000, 2_004)) == "not judged"


@pytest.mark.pump_rule("R-042")
@pytest.mark.parametrize(
    ("rules", "phase", "dose", "said"),
    [
        ("label-seed", "titration", 200, "accept"),
        ("label-seed", "titration", 201, "warn"),
        ("label-seed", "maintenance", 201, ""),
        ("label-us", "titration", 1_200, ""),
        ("label-us", "maintenance", 1_199, "accept"),
        ("label-us", "maintenance", 1_200, "warn"),
    ],
)
def test_range_of_children_belongs_to_a_phase(rules: str, phase: str, dose: int, said: str) -> None:
    """The first maintenance dose of one label and the long-term dose of the other are two quantities."""
    person = adult(doses=LONG_AGO, age_months=120, phase=phase)

    assert verdict("R-042", change(dose - 1, dose), person, rules) == said


# ---------------------------------------------------------------- holiday, stop, modes


@pytest.mark.pump_rule("R-046")
@pytest.mark.parametrize(("dose", "said"), [(50, "accept"), (49, "accept"), (51, "refuse"), (100, "refuse")])
def test_restart_after_a_holiday_is_at_the_first_dose(dose: int, said: str) -> None:
    """Sensitivity is back: the dose of before the break is an overdose now."""
    person = adult(doses=LONG_AGO, breaks=(Break(NOW - 10 * DAY),))

    assert verdict("R-046", change(100, dose), person) == said
    assert verdict("R-046", start(dose), person) == said


@pytest.mark.pump_rule("R-046")
@pytest.mark.parametrize(
    ("since", "until", "said"),
    [(48 * HOUR, None, "refuse"), (48 * HOUR - 1_000_000, None, ""), (20 * DAY, 5 * DAY, "refuse"), (5 * DAY, 4 * DAY, "")],
    ids=["two days", "less", "over, long", "over, short"],
)
def test_break_of_two_days_is_a_holiday(since: int, until: int | None, said: str) -> None:
    """Two days without infusion count, also when they are over and no dose was given since; a shorter break does not."""
    person = adult(doses=LONG_AGO, breaks=(Break(NOW - since, None if until is None else NOW - until),))

    assert verdict("R-046", change(100, 100), person) == said


def test_dose_after_a_break_ends_the_holiday() -> None:
    """Who was restarted long ago is titrated like anybody."""
    person = adult(doses=(*LONG_AGO, *doses((50, 50))), breaks=(Break(NOW - 80 * DAY, NOW - 60 * DAY),))

    assert verdict("R-046", change(50, 60), person) == ""
    assert verdict("R-027", change(50, 60), person) == "accept"


@pytest.mark.pump_rule("R-065")
@pytest.mark.parametrize("reason", ["", "holiday", "side-effects"])
def test_stop_at_once_is_refused(reason: str) -> None:
    """Minimum rate in the place of a dose is withdrawal, for whatever reason but two."""
    stop = Plan("baclofen", replace(Regimen.even(0, 500 * MCG), stops=True), Regimen.even(100 * MCG, 500 * MCG), reason=reason)

    assert verdict("R-065", stop, adult(doses=LONG_AGO)) == "refuse"
    for emergency in ("overdose", "reaction"):
        assert verdict("R-065", replace(stop, reason=emergency), adult(doses=LONG_AGO)) == ""


@pytest.mark.pump_rule("R-065")
def test_large_step_down_warns() -> None:
    """More than a fifth at once without a reason warns; a fifth does not; nobody's reason is not judged."""
    assert verdict("R-065", change(100, 80), adult(doses=LONG_AGO)) == "accept"
    assert verdict("R-065", change(100, 79), adult(doses=LONG_AGO)) == "warn"
    assert verdict("R-065", change(100, 79)) == "not judged"


@pytest.mark.pump_rule("R-047")
def test_complex_modes_wait_for_a_stable_person() -> None:
    """No steps at the start, and later only for who is stable; one rate is always simple."""
    flex = Regimen(500 * MCG, (100 * MCG,) * 7, complex_mode=True)
    plan = Plan("baclofen", flex, Regimen.even(100 * MCG, 500 * MCG))

    assert verdict("R-047", Plan("baclofen", flex), adult()) == "warn"
    assert verdict("R-047", plan, adult(doses=LONG_AGO, stable=False)) == "warn"
    assert verdict("R-047", plan, adult(doses=LONG_AGO, stable=True)) == "accept"
    assert verdict("R-047", plan, adult(doses=LONG_AGO)) == "not judged"
    assert verdict("R-047", change(100, 100), adult(doses=LONG_AGO)) == ""


# ---------------------------------------------------------------- slips


@pytest.mark.pump_rule("R-011")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (100, 999, ""),
        (100, 1_000, "10 x, like a decimal point in the wrong place"),
        (60, 1_440, "24 x, like a dose per hour for a dose per day"),
        (1_440, 60, "0.04 x, like a dose per hour for a dose per day"),
        (20, 1_200, "60 x, like minutes for hours"),
        (15, 1_500, "100 x, like two decimal places"),
        (2, 2_000, "1,000 x, like mcg for mg"),
        (100, 1_700, "17 x"),
    ],
)
@pytest.mark.parametrize("rules", SETS)
def test_slip_of_a_unit_is_named(rules: str, old: int, new: int, said: str) -> None:
    """Ten times or more, either way, is no titration: warned of without any person, with the slip that it looks like."""
    finding = found("R-011", change(old, new), rules=rules)
    assert finding is not None

    assert finding.verdict == ("warn" if said else "accept")
    assert said in finding.what


@pytest.mark.pump_rule("R-011")
def test_concentration_typed_ten_times_too_low_is_named() -> None:
    """50 for 500 mcg/mL at the same dose would run ten times the volume."""
    plan = Plan("baclofen", Regimen.even(100 * MCG, 50 * MCG), Regimen.even(100 * MCG, 500 * MCG))
    finding = found("R-011", plan)

    assert finding is not None
    assert "the concentration becomes 0.1 x" in finding.what


@pytest.mark.pump_rule("R-011")
@pytest.mark.parametrize(("mg", "said"), [(60, "accept"), (5, "warn")])
def test_intrathecal_dose_is_a_hundredth_of_the_oral_one(mg: int, said: str) -> None:
    """100 mcg/day beside 60 mg by mouth is well, beside 5 mg it is too much."""
    person = adult(doses=LONG_AGO, oral_baclofen_ng_per_day=mg * 1_000_000)

    assert verdict("R-011", change(100, 100), person) == said
