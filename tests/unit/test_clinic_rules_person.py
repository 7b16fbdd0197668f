"""Rules about the person, the test doses, the ampoules and the refill; and the engine that asks them."""

from __future__ import annotations

from typing import Any

import pytest

from hil.clinic.history import check_history
from hil.clinic.person import Break, Change, Person, Test
from hil.clinic.plan import Plan, Refilling, Regimen, Supply
from hil.clinic.rules.check import judge
from hil.clinic.rules.table import Verdict, rule_set
from hil.errors import UsageError
from tests.support.clinic import DAY, HOUR, MCG, NOW, SETS, adult, change, doses, found, report, start, verdict

LONG_AGO = doses((300, 50), (200, 100))
MINIMUM = Regimen(500 * MCG, (3 * MCG,) * 7, stops=True)


def screened(*tests: tuple[int, bool | None], hours_ago: int = 48, **known: Any) -> Person:
    """Somebody with test doses (mcg, answered), a day apart, the last one so long ago."""
    last = NOW - hours_ago * HOUR
    count = len(tests)
    made = tuple(
        Test(last - (count - 1 - place) * DAY, dose * MCG, positive=positive, effect_s=6 * 3_600)
        for place, (dose, positive) in enumerate(tests)
    )
    return adult(tests=made, **known)


def screening(mcg: int) -> Plan:
    """A test dose."""
    return Plan("baclofen", test_dose_ng=mcg * MCG)


# ---------------------------------------------------------------- who


@pytest.mark.pump_rule("R-012")
@pytest.mark.parametrize(("months", "said"), [(47, "refuse"), (48, "warn"), (71, "warn"), (72, "accept"), (900, "accept")])
def test_age_has_a_floor(months: int, said: str) -> None:
    """Below four years refused, below six warned of; a body too small is refused at any age."""
    assert verdict("R-012", start(50), adult(age_months=months)) == said
    assert verdict("R-012", start(50), adult(age_months=months, too_small=True)) == "refuse"


@pytest.mark.pump_rule("R-013")
@pytest.mark.parametrize(("days", "said"), [(364, "refuse"), (365, "accept")])
def test_brain_injury_is_waited_out(days: int, said: str) -> None:
    """A year after a traumatic brain injury; other causes are not concerned, an unknown day is not judged."""
    injured = {"cause": "traumatic brain injury", "origin": "cerebral"}

    assert verdict("R-013", start(50), adult(**injured, injured_us=NOW - days * DAY)) == said
    assert verdict("R-013", start(50), adult(**injured)) == "not judged"
    assert verdict("R-013", start(50), adult()) == ""


@pytest.mark.pump_rule("R-014", "R-015", "R-062", "R-089")
@pytest.mark.parametrize(
    ("rule", "condition", "said"),
    [
        ("R-014", "baclofen allergy", "refuse"),
        ("R-015", "infection", "refuse"),
        ("R-062", "impaired kidneys", "warn"),
        ("R-089", "epilepsy", "warn"),
        ("R-089", "autonomic dysreflexia", "warn"),
        ("R-089", "Parkinson's disease", "warn"),
        ("R-089", "diabetes", "warn"),
        ("R-089", "respiratory failure", "warn"),
    ],
)
def test_condition_stands_against_the_plan(rule: str, condition: str, said: str) -> None:
    """What the person has is refused or warned of by its rule, accepted without it, and not judged when nobody said."""
    assert verdict(rule, start(50), adult(conditions=frozenset({condition}))) == said
    assert verdict(rule, start(50), adult()) == "accept"
    assert verdict(rule, start(50), adult(conditions=None)) == "not judged"


@pytest.mark.pump_rule("R-088")
@pytest.mark.parametrize("medicine", ["morphine", "alcohol", "tricyclic antidepressants", "antihypertensives", "levodopa", "propofol"])
def test_interaction_is_named(medicine: str) -> None:
    """Each medicine of the label warns, with what it may do."""
    finding = found("R-088", start(50), adult(medicines=frozenset({medicine})))

    assert finding is not None
    assert finding.verdict == "warn"
    assert finding.what.startswith(f"{medicine}: ")


@pytest.mark.pump_rule("R-035")
def test_other_relaxants_bring_advice() -> None:
    """Oral baclofen and its like are no obstacle; weaning them one by one is the advice."""
    finding = found("R-035", start(50), adult(oral_baclofen_ng_per_day=60_000_000, medicines=frozenset({"tizanidine"})))

    assert finding is not None
    assert finding.verdict == "accept"
    assert "oral baclofen" in finding.what
    assert "tizanidine" in finding.what
    assert "by 25 % to 50 % a step" in finding.do


@pytest.mark.pump_rule("R-063")
def test_liver_and_age_change_no_dose() -> None:
    """Neither an impaired liver nor 80 years stand against a dose."""
    assert verdict("R-063", start(50), adult(age_months=960)) == "accept"
    assert verdict("R-063", start(50), adult(conditions=frozenset({"impaired liver"}))) == "accept"


@pytest.mark.pump_rule("R-010")
@pytest.mark.parametrize(
    ("route", "said"), [("intrathecal", "accept"), ("intravenous", "refuse"), ("epidural", "refuse"), ("oral", "refuse")]
)
def test_route_is_intrathecal(route: str, said: str) -> None:
    """No other way, whoever it is for."""
    assert verdict("R-010", start(50, route=route)) == said


@pytest.mark.pump_rule("R-075")
def test_high_risk_moments_bring_advice() -> None:
    """Test, start and restart say that the person is watched; a change of dose in maintenance does not."""
    assert verdict("R-075", screening(50), adult(tests=())) == "accept"
    assert verdict("R-075", start(50), adult()) == "accept"
    assert verdict("R-075", change(100, 100), adult(doses=LONG_AGO)) == ""


# ---------------------------------------------------------------- screening


@pytest.mark.pump_rule("R-017")
@pytest.mark.parametrize(
    ("rules", "small", "allowed"),
    [("label-seed", False, {25, 50}), ("label-seed", True, {25, 50}), ("label-us", False, {50}), ("label-us", True, {25})],
)
def test_first_test_dose_is_one_of_a_list(rules: str, small: bool, allowed: set[int]) -> None:
    """25 or 50 mcg by one label; 50 by the other, and 25 for the very small."""
    person = adult(tests=(), very_small=small)
    accepted = {dose for dose in (10, 25, 50, 75, 100) if verdict("R-017", screening(dose), person, rules) == "accept"}

    assert accepted == allowed
    assert verdict("R-017", screening(75), screened((50, False)), rules) == ""


@pytest.mark.pump_rule("R-019")
@pytest.mark.parametrize(
    ("dose", "hours", "said"), [(75, 24, "accept"), (75, 23, "refuse"), (76, 48, "refuse"), (50, 24, "accept"), (100, 48, "refuse")]
)
@pytest.mark.parametrize("rules", SETS)
def test_next_test_dose_is_one_step_and_one_day_on(rules: str, dose: int, hours: int, said: str) -> None:
    """25 mcg more at most, 24 h after the last at the soonest."""
    assert verdict("R-019", screening(dose), screened((50, False), hours_ago=hours), rules) == said


@pytest.mark.pump_rule("R-021")
def test_screening_ends_at_a_hundred() -> None:
    """No answer to 100 mcg: no higher dose and no pump, though a repeat that is answered opens the way."""
    failed = screened((50, False), (75, False), (100, False))

    assert verdict("R-021", screening(125), failed) == "refuse"
    assert verdict("R-021", screening(100), failed) == "refuse"
    assert verdict("R-021", start(50), failed) == "refuse"
    assert verdict("R-021", screening(125), screened((100, None))) == "refuse"
    assert verdict("R-021", screening(100), screened((75, False))) == "accept"
    assert verdict("R-021", start(50), screened((75, False), (100, True))) == "accept"


@pytest.mark.pump_rule("R-016")
def test_pump_needs_an_answered_test() -> None:
    """Without a positive test no infusion; without any word of tests it is not judged."""
    assert verdict("R-016", start(50), screened((50, True))) == "accept"
    assert verdict("R-016", start(50), screened((50, False))) == "refuse"
    assert verdict("R-016", start(50), adult(tests=())) == "refuse"
    assert verdict("R-016", start(50), adult(tests=None)) == "not judged"


@pytest.mark.pump_rule("R-020")
@pytest.mark.parametrize(("seconds", "said"), [(4 * 3_600 - 1, "warn"), (4 * 3_600, "accept"), (30 * 3_600, "accept")])
def test_short_answer_is_doubtful(seconds: int, said: str) -> None:
    """An effect under four hours warns; a long one has a start dose of its own."""
    person = adult(tests=(Test(NOW - DAY, 50 * MCG, positive=True, effect_s=seconds),))

    assert verdict("R-020", start(50), person) == said


# ---------------------------------------------------------------- ampoule, pump, refill


@pytest.mark.pump_rule("R-001", "R-003", "R-009")
@pytest.mark.parametrize(
    ("mcg_per_ml", "sold", "purpose"),
    [
        (50, "accept", "warn"),
        (500, "accept", "accept"),
        (1_000, "accept", "accept"),
        (2_000, "accept", "accept"),
        (2_001, "warn", "accept"),
    ],
)
@pytest.mark.parametrize("rules", SETS)
def test_strength_is_judged_without_a_person(rules: str, mcg_per_ml: int, sold: str, purpose: str) -> None:
    """Sold or made by dilution is well, stronger warns; the strength for tests warns in a pump; the volume of a day is told."""
    plan = start(100, mcg_per_ml * MCG)
    volume = found("R-009", plan, rules=rules)

    assert (verdict("R-001", plan, rules=rules), verdict("R-003", plan, rules=rules)) == (sold, purpose)
    assert volume is not None
    assert volume.numbers == {"nl_per_day": 100 * 1_000_000 // mcg_per_ml}


@pytest.mark.pump_rule("R-050")
def test_change_of_concentration_brings_the_bridge_to_mind() -> None:
    """Another strength is a change of its own, and the advice names the bridge."""
    plan = Plan("baclofen", Regimen.even(100 * MCG, 2_000 * MCG), Regimen.even(100 * MCG, 500 * MCG))
    finding = found("R-050", plan)

    assert finding is not None
    assert finding.verdict == "accept"
    assert "bridge" in finding.do
    assert verdict("R-050", change(100, 110)) == ""


@pytest.mark.pump_rule("R-005", "R-006", "R-007")
@pytest.mark.parametrize(
    ("rule", "supply"),
    [
        ("R-005", Supply(diluent="water")),
        ("R-005", Supply(mixed_with="morphine")),
        ("R-005", Supply(diluent="sodium chloride 0.9 %")),
        ("R-006", Supply(opened_before=True)),
        ("R-006", Supply(coloured=True)),
        ("R-006", Supply(particles=True)),
        ("R-007", Supply(frozen=True)),
        ("R-007", Supply(heated=True)),
        ("R-007", Supply(stored_degc=31)),
        ("R-007", Supply(age_days=3 * 365 + 1)),
    ],
    ids=["water", "mixed", "sold strength diluted", "opened", "coloured", "particles", "frozen", "heated", "warm", "old"],
)
@pytest.mark.parametrize("rules", SETS)
def test_bad_ampoule_is_refused(rules: str, rule: str, supply: Supply) -> None:
    """Each fault of ampoule, storage and diluent is refused by its rule; a good one is accepted, an unknown one not judged."""
    assert verdict(rule, start(100, supply=supply), rules=rules) == "refuse"
    assert verdict(rule, start(100, supply=Supply(stored_degc=30, age_days=3 * 365)), rules=rules) == "accept"
    assert verdict(rule, start(100), rules=rules) == "not judged"


@pytest.mark.pump_rule("R-005")
def test_strength_that_is_not_sold_may_be_diluted() -> None:
    """1,000 mcg/mL with sodium chloride is well."""
    assert verdict("R-005", start(100, 1_000 * MCG, supply=Supply(diluent="sodium chloride 0.9 %"))) == "accept"


@pytest.mark.pump_rule("R-008")
@pytest.mark.parametrize(("rules", "days"), [("label-seed", 77), ("label-us", 180)])
def test_refill_is_within_the_drugs_days(rules: str, days: int) -> None:
    """The last day is accepted, a minute more refused: 77 days by one label, 180 by the other."""
    at_limit, past = (start(100, refilling=Refilling(0, days * DAY + more, None)) for more in (0, 60_000_000))

    assert verdict("R-008", at_limit, rules=rules) == "accept"
    assert verdict("R-008", past, rules=rules) == "refuse"


@pytest.mark.pump_rule("R-084")
@pytest.mark.parametrize(("empty", "said"), [(31 * DAY, "accept"), (30 * DAY, "refuse"), (29 * DAY, "refuse"), (None, "accept")])
def test_refill_comes_before_empty(empty: int | None, said: str) -> None:
    """A reservoir that is empty by the day of the refill, or before it, is refused."""
    assert verdict("R-084", start(100, refilling=Refilling(0, 30 * DAY, empty))) == said


# ---------------------------------------------------------------- the engine


def test_gravest_finding_comes_first() -> None:
    """Refusals, then warnings, then what was accepted; the report's verdict is the gravest."""
    judged = report(start(5_000), adult(medicines=frozenset({"morphine"})))
    order = [finding.verdict for finding in judged.findings]

    assert order == sorted(order, key=[Verdict.REFUSE, Verdict.WARN, Verdict.ACCEPT].index)
    assert judged.verdict is Verdict.REFUSE


def test_finding_says_what_why_and_what_to_do() -> None:
    """Each finding that stands against a plan has a sentence for each, a source, and the numbers it was judged by."""
    for finding in report(start(5_000), adult(medicines=frozenset({"morphine"}))).findings:
        assert finding.what
        assert finding.why
        assert finding.source
        assert finding.do or finding.verdict is Verdict.ACCEPT


def test_override_closes_a_warning_and_no_refusal() -> None:
    """Only the rule that was named is passed; refusals stay."""
    judged = report(start(1_200), adult(medicines=frozenset({"morphine"})))

    assert {finding.rule for finding in judged.open_warnings(())} == {"R-033", "R-088"}
    assert {finding.rule for finding in judged.open_warnings({"R-033"})} == {"R-088"}
    assert judged.of(Verdict.REFUSE)


@pytest.mark.parametrize("rules", SETS)
def test_nobody_is_judged_by_rules_that_need_nobody(rules: str) -> None:
    """Without a person a change of dose is judged by these, and every other rule that might apply is listed."""
    judged = report(change(100, 110), rules=rules)

    assert {finding.rule for finding in judged.findings} == {"R-001", "R-003", "R-009", "R-010", "R-011", "R-033", "R-040"}
    assert all(each.lacks for each in judged.not_judged)


def test_history_needs_a_present() -> None:
    """Times without a now, and times after it, are refused rather than guessed."""
    person = adult(doses=(Change(NOW, 1),))

    with pytest.raises(UsageError, match="--now"):
        judge(rule_set(), start(50), person)
    with pytest.raises(UsageError, match="after the present"):
        judge(rule_set(), start(50), person, NOW - 1)


def test_last_dose_of_the_history_stands_for_an_empty_pump() -> None:
    """A pump that was replaced has no therapy: the step is judged against the last dose that the person had."""
    person = adult(doses=LONG_AGO)

    assert verdict("R-027", start(130), person) == "accept"
    assert verdict("R-027", start(131), person) == "refuse"


@pytest.mark.parametrize(
    ("known", "old", "said"),
    [
        ({"doses": LONG_AGO}, Regimen.even(100 * MCG, 500 * MCG), ""),
        ({"doses": LONG_AGO}, Regimen(500 * MCG, (*(90 * MCG,) * 6, 100 * MCG)), ""),
        ({"doses": LONG_AGO}, None, ""),
        ({"doses": None}, Regimen.even(7 * MCG, 500 * MCG), ""),
        ({"doses": LONG_AGO}, Regimen.even(90 * MCG, 500 * MCG), "its last dose is 100 mcg/day"),
        ({"doses": ()}, Regimen.even(90 * MCG, 500 * MCG), "it tells of no dose"),
        ({"doses": LONG_AGO}, MINIMUM, "no break is told"),
        ({"doses": LONG_AGO, "breaks": (Break(NOW - DAY),)}, MINIMUM, ""),
        (
            {"doses": LONG_AGO, "breaks": (Break(NOW - DAY, NOW - HOUR),)},
            MINIMUM,
            "no break is told",
        ),
    ],
)
def test_history_has_to_fit_the_pump(known: dict[str, Any], old: Regimen | None, said: str) -> None:
    """A file whose last dose is not what the pump gives, or that knows of no break, is told; one that fits passes."""
    plan = Plan("baclofen", Regimen.even(100 * MCG, 500 * MCG), old)
    if not said:
        check_history(plan, adult(**known), "p.yaml")
        return
    with pytest.raises(UsageError, match=said):
        check_history(plan, adult(**known), "p.yaml")


def test_other_fluids_are_no_matter_of_these_rules() -> None:
    """Saline meets no rule at all."""
    judged = report(Plan("saline", Regimen.even(0, 0)))

    assert (judged.findings, judged.not_judged) == ((), ())


@pytest.mark.parametrize(
    ("rule", "plan"),
    [
        ("U-01", Plan("morphine", Regimen.even(MCG, 25_000 * MCG))),
        ("U-03", Plan("morphine", Regimen.even(16_000 * MCG, 20_000 * MCG), Regimen.even(15_000 * MCG, 20_000 * MCG))),
        ("U-04", Plan("ziconotide", Regimen.even(MCG, 200 * MCG))),
        ("U-06", Plan("ziconotide", Regimen.even(20 * MCG, 25 * MCG), Regimen.even(19 * MCG, 25 * MCG))),
        ("U-07", Plan("ziconotide", Regimen.even(5 * MCG, 25 * MCG), Regimen.even(2 * MCG, 25 * MCG))),
        ("U-08", Plan("ziconotide", Regimen.even(MCG, 25 * MCG), refilling=Refilling(0, 15 * DAY, None))),
        ("U-12", Plan("clonidine", Regimen.even(MCG, 1_001 * MCG))),
        ("U-14", Plan("fentanyl", Regimen.even(MCG, 10_001 * MCG))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_drugs_warn_and_say_that_they_are_unverified(rule: str, plan: Plan) -> None:
    """Figures of other drugs never refuse, and each finding is marked."""
    finding = found(rule, plan)

    assert finding is not None
    assert (finding.verdict, finding.verified) == ("warn", False)
