"""Refill planner, residual, dilution and a patient's day."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.clinic.dilution import dilution
from hil.clinic.patient_day import boluses_in_a_day, patient_day
from hil.clinic.plan import Plan, regimen_of
from hil.clinic.refill import Fill, plan_refill
from hil.clinic.residual import discrepancy, expected_nl
from hil.clinic.rules.table import rule_set
from hil.errors import CheckFailed
from hil.therapy.forecast import given_nl, most_in_a_day_nl, reached_at, reached_with_boluses
from protocol.therapy import Group, PatientRule, Step, Therapy
from tests.support.clinic import DAY, HOUR, flex_therapy, limits, simple_therapy, verdict

ML = 1_000_000
RULE = PatientRule(50_000, 25_000, 600, 3_600, 4, 400_000)
CLOCKS = st.integers(0, 400 * DAY)
RATES = st.integers(2_000, 1_000_000)


@st.composite
def weeks(draw: st.DrawFn) -> Therapy:
    """Therapies whose weekdays differ."""
    therapy = flex_therapy([Step(0, 1440, 10_000)])
    groups = []
    for mask in (0b001_1111, 0b110_0000):
        cuts = sorted(draw(st.sets(st.integers(1, 1439), max_size=3)))
        edges = [0, *cuts, 1440]
        steps = tuple(Step(a, b, draw(RATES)) for a, b in pairwise(edges))
        groups.append(Group(mask, 0, steps))
    return therapy._replace(groups=tuple(groups))


# ---------------------------------------------------------------- what a week gives


@given(weeks(), CLOCKS, st.integers(0, 40 * ML))
def test_volume_is_reached_when_it_has_been_given(therapy: Therapy, clock: int, volume: int) -> None:
    """At the date the volume has been given, and a microsecond before it has not: the date is the inverse of the integral."""
    date = reached_at(therapy, limits(), clock, volume)

    assert date is not None
    assert given_nl(therapy, limits(), clock, date) >= volume
    assert date == clock or given_nl(therapy, limits(), clock, date - 1) < volume


@given(weeks(), CLOCKS, st.integers(0, 40 * DAY), st.integers(0, 40 * DAY))
def test_volume_given_adds_up(therapy: Therapy, clock: int, first: int, second: int) -> None:
    """Two spans give what the whole gives."""
    middle, end = clock + first, clock + first + second
    parts = given_nl(therapy, limits(), clock, middle) + given_nl(therapy, limits(), middle, end)

    assert parts == given_nl(therapy, limits(), clock, end)


@given(weeks(), CLOCKS, st.integers(1, 40 * ML), st.integers(1, 2 * ML))
def test_boluses_bring_the_date_forward(therapy: Therapy, clock: int, volume: int, boluses: int) -> None:
    """With boluses the date is not later; what was given by then, with each day's boluses in full, reaches the volume and no sooner."""
    date = reached_with_boluses(therapy, limits(), clock, volume, boluses)
    plain = reached_at(therapy, limits(), clock, volume)
    assert date is not None
    assert plain is not None

    days = (date - clock) // DAY + 1
    assert date <= plain
    assert given_nl(therapy, limits(), clock, date) + days * boluses >= volume
    if date > clock:
        before = (date - 1 - clock) // DAY + 1
        assert given_nl(therapy, limits(), clock, date - 1) + before * boluses < volume


def test_minimum_rate_runs_out_too() -> None:
    """A therapy without groups gives the pump's minimum rate: 6 uL a day."""
    therapy = simple_therapy()._replace(mode=0, groups=())

    assert given_nl(therapy, limits(), 0, DAY) == 6_000
    with pytest.raises(ValueError, match="ends before"):
        given_nl(therapy, limits(), 1, 0)


@given(weeks(), CLOCKS)
def test_no_day_holds_more_than_the_most(therapy: Therapy, clock: int) -> None:
    """No 24 hours give more than the greatest day says, wherever they begin."""
    assert given_nl(therapy, limits(), clock, clock + DAY) <= most_in_a_day_nl(therapy, limits())


def test_greatest_day_crosses_midnight() -> None:
    """The fast evening of one group and the fast morning of the next make a day that no calendar day is."""
    fast, slow = 100_000, 2_000
    monday = Group(0b000_0001, 0, (Step(0, 720, slow), Step(720, 1440, fast)))
    others = Group(0b111_1110, 0, (Step(0, 720, fast), Step(720, 1440, slow)))

    assert most_in_a_day_nl(simple_therapy()._replace(groups=(monday, others)), limits()) == 24 * fast


# ---------------------------------------------------------------- planner


@pytest.mark.pump_rule("R-008", "R-084")
def test_volume_wins_while_the_drug_keeps() -> None:
    """18 mL at 1 mL/day, alarm at 2 mL: due after 16 days by volume, empty after 18, whatever the label's stability."""
    plan = plan_refill(simple_therapy(41_666), limits(), Fill(0, 18 * ML, 77))

    assert plan.wins == "volume"
    assert plan.due_us == plan.volume_us
    assert 16 * DAY <= plan.due_us < 16 * DAY + HOUR
    assert plan.empty_us == plan.longest_us
    assert plan.due_us < (plan.empty_us or 0)


@pytest.mark.pump_rule("R-008")
@pytest.mark.parametrize(("rules", "days"), [("label-seed", 77), ("label-us", 180)])
def test_stability_wins_in_a_slow_pump(rules: str, days: int) -> None:
    """40 mL at 0.1 mL/day would last a year; each set's stability ends it, and the planner says so."""
    keeps = rule_set(rules).rules["R-008"].one("stability_days")
    plan = plan_refill(simple_therapy(4_166), limits(), Fill(0, 40 * ML, keeps))

    assert (plan.wins, plan.due_us) == ("stability", days * DAY)


@pytest.mark.pump_rule("R-084")
@given(weeks(), CLOCKS, st.integers(3 * ML, 40 * ML), st.integers(1, 400), st.booleans())
def test_reservoir_is_never_empty_by_plan(therapy: Therapy, clock: int, fill: int, keeps: int, bolus: bool) -> None:
    """Whatever week, fill and boluses: at the due date the computed volume is still at the alarm level, and the drug still good."""
    therapy = therapy._replace(patient=(RULE,) if bolus else ())
    plan = plan_refill(therapy, limits(), Fill(clock, fill, keeps))

    most = boluses_in_a_day(RULE) * RULE.volume_nl * ((plan.due_us - clock) // DAY) if bolus else 0
    assert expected_nl(therapy, limits(), fill, (clock, max(plan.due_us - 1, clock)), most) >= therapy.low_reservoir_nl
    assert plan.due_us <= clock + keeps * DAY
    assert plan.empty_us is None or plan.empty_us > plan.due_us or plan.wins == "stability"


def test_longest_time_to_empty_is_without_boluses() -> None:
    """Nobody asks for a bolus: 20 mL at 0.24 mL/day last 83 days and 8 h; with every bolus, 45."""
    plan = plan_refill(simple_therapy(10_000, [RULE]), limits(), Fill(0, 20 * ML, 180))

    assert plan.longest_us == 2_000 * HOUR
    assert plan.empty_us == 45 * DAY


def test_fast_pump_is_dry_before_its_alarm() -> None:
    """A pump at the upper end of its band empties 40 mL before the computed 38 are gone: the planner knows, the alarm does not."""
    plan = plan_refill(simple_therapy(10_000), limits(), Fill(0, 40 * ML, 400))

    assert plan.dry_us is not None
    assert plan.dry_us < plan.due_us


# ---------------------------------------------------------------- residual


def test_expected_residual_is_fill_less_what_was_given() -> None:
    """20 mL less 30 days of 0.24 mL and one bolus."""
    left = expected_nl(simple_therapy(10_000), limits(), 20 * ML, (0, 30 * DAY), 50_000)

    assert left == 20 * ML - 30 * 240_000 - 50_000
    assert expected_nl(simple_therapy(), limits(), ML, (0, 400 * DAY)) == 0


@pytest.mark.pump_requirement("RS-08")
@pytest.mark.parametrize(
    ("withdrawn", "warns"),
    [(5 * ML, False), (6 * ML, False), (6 * ML + 1, True), (4 * ML, False), (4 * ML - 1, True), (0, True)],
    ids=["as expected", "a fifth more", "more", "a fifth less", "less", "nothing"],
)
def test_difference_beyond_a_fifth_warns(withdrawn: int, warns: bool) -> None:
    """Up to 20 % of what was expected is well, one nanolitre past it warns, to either side."""
    assert discrepancy(5 * ML, withdrawn).warns is warns


def test_limit_of_the_difference_is_settable() -> None:
    """A stricter limit warns of what 20 % let pass; one of nothing accepts only the exact volume."""
    assert discrepancy(5 * ML, 5_600_000, 10).warns
    assert not discrepancy(5 * ML, 5 * ML, 0).warns
    assert discrepancy(5 * ML, 5 * ML + 1, 0).warns


def test_direction_of_the_difference_is_told() -> None:
    """More left means that too little was given, less that too much was, or went beside the reservoir."""
    more, less = discrepancy(5 * ML, 8 * ML), discrepancy(5 * ML, 2 * ML)

    assert (more.percent, less.percent) == (Fraction(60), Fraction(60))
    assert "too little" in more.do
    assert "pocket" in less.do


def test_anything_in_an_empty_pump_is_a_difference() -> None:
    """Where nothing was expected there is no percentage; nothing found is well, anything found is not."""
    assert discrepancy(0, 0)._asdict() | {"what": ""} == discrepancy(0, 0)._asdict() | {"what": "", "percent": None, "warns": False}
    assert discrepancy(0, 1).warns
    with pytest.raises(ValueError, match="below nothing"):
        discrepancy(-1, 0)


# ---------------------------------------------------------------- dilution


@pytest.mark.pump_rule("R-001", "R-002", "R-005", "R-006")
def test_recipe_of_a_known_strength() -> None:
    """18 mL of 1,000 mcg/mL: equal parts, two ampoules of 5 mL, and the millilitre that is left is thrown away."""
    recipe = dilution(rule_set(), 1_000_000, 18 * ML)

    assert (recipe.drug_parts, recipe.saline_parts) == (1, 1)
    assert recipe.drug_nl == recipe.saline_nl == 9 * ML
    assert (recipe.ampoules, recipe.ampoule_nl) == (2, 5 * ML)
    assert recipe.discarded_nl == ML


@pytest.mark.pump_rule("R-002", "R-003")
@given(st.integers(1, 1_999_999), st.integers(1, 60 * ML))
def test_recipe_holds_what_is_wanted(wanted: int, volume: int) -> None:
    """Drug and saline make the volume, the drug makes the strength, ampoules are enough and not one too many, and none for tests."""
    if wanted in {50_000, 500_000}:
        return
    recipe = dilution(rule_set(), wanted, volume)

    assert recipe.drug_nl + recipe.saline_nl == volume
    assert recipe.drug_nl * recipe.sold_ng_per_ml == volume * wanted
    assert Fraction(recipe.drug_parts, recipe.drug_parts + recipe.saline_parts) == Fraction(wanted, recipe.sold_ng_per_ml)
    assert 0 <= recipe.discarded_nl < recipe.ampoule_nl
    assert recipe.sold_ng_per_ml in {500_000, 2_000_000}


@pytest.mark.pump_rule("R-005")
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"wanted_ng_per_ml": 500_000}, "is sold"),
        ({"wanted_ng_per_ml": 2_000_001}, "stronger than any"),
        ({"wanted_ng_per_ml": 1_000_000, "diluent": "water"}, "no diluent"),
        ({"wanted_ng_per_ml": 1_000_000, "mixed_with": "clonidine"}, "mixed with clonidine"),
    ],
    ids=["sold", "too strong", "water", "mixed"],
)
def test_what_may_not_be_made_is_refused(asked: dict[str, int | str], said: str) -> None:
    """A sold strength, one that cannot be made, another diluent and a mixture end with the rule."""
    with pytest.raises(CheckFailed, match=f"R-005.*{said}"):
        dilution(rule_set(), volume_nl=ML, **asked)  # type: ignore[arg-type]  # words and numbers by name


def test_recipe_of_nothing_is_refused() -> None:
    """No strength and no volume are no recipe."""
    for asked in ((0, ML), (1_000_000, 0)):
        with pytest.raises(ValueError, match="above nothing"):
            dilution(rule_set(), *asked)


# ---------------------------------------------------------------- a patient's day


@pytest.mark.parametrize(
    ("most", "lockout_s", "count"), [(4, 3_600, 4), (24, 3_600, 24), (24, 7_200, 12), (24, 50_000, 2), (1, 300, 1), (24, 86_400, 1)]
)
def test_count_and_lockout_bind_together(most: int, lockout_s: int, count: int) -> None:
    """As many as the count allows, and no more than one for each lockout begun in 24 h."""
    assert boluses_in_a_day(RULE._replace(most_per_day=most, lockout_s=lockout_s)) == count


@pytest.mark.parametrize(
    ("rule", "total", "bound"),
    [
        (RULE._replace(window_nl=10 * ML), 240_000 + 200_000, "most-per-day"),
        (RULE._replace(window_nl=10 * ML, lockout_s=43_200), 240_000 + 100_000, "lockout"),
        (RULE._replace(window_nl=300_000), 300_000, "daily-limit"),
        (RULE._replace(window_nl=100_000), 240_000, "daily-limit"),
    ],
    ids=["count", "lockout", "limit", "limit below basal"],
)
def test_most_of_a_day_is_told_with_its_bound(rule: PatientRule, total: int, bound: str) -> None:
    """Basal and boluses add up until the first of count, lockout and limit; a limit below basal takes no basal away."""
    day = patient_day(simple_therapy(10_000, [rule]), limits())

    assert day.total_nl == total
    assert day.bound == bound
    assert day.total_ng == Fraction(total, 2)


def test_day_without_a_patient_rule_is_basal() -> None:
    """Nobody may ask: the day is basal alone."""
    day = patient_day(simple_therapy(10_000), limits())

    assert day.total_nl == 240_000
    assert (day.boluses, day.bound) == (0, "")


@pytest.mark.pump_rule("R-033")
@pytest.mark.parametrize(("rate", "most", "said"), [(83_333, 0, "accept"), (80_000, 1, "accept"), (80_000, 4, "warn")])
def test_what_the_patient_may_ask_for_counts(rate: int, most: int, said: str) -> None:
    """960 mcg/day and one bolus of 25 stay below the soft limit, with four they do not; the therapy's own dose is below it in both."""
    rules = [PatientRule(50_000, 25_000, 600, 3_600, most, 10 * ML)] if most else []
    regimen = regimen_of(simple_therapy(rate, rules), limits())

    assert verdict("R-033", Plan("baclofen", regimen)) == said
    assert regimen.highest_ng_per_day <= 1_000_000
