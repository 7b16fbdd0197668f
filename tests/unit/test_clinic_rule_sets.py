"""Rule sets as data: what ships is whole, what is one's own is read with its mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.clinic.plan import Plan, Regimen
from hil.clinic.rules.check import CHECKS, judge
from hil.clinic.rules.table import DEFAULT_SET, SHIPPED, read_set, rule_set, token_of
from hil.errors import UsageError
from hil.numbers.practice import practice
from hil.wording.measures import measure, unit_of
from tests.support.clinic import SETS

HEAD = "name: ours\ntitle: our ward\nsource: our handbook\nextends: label-seed\nrules:\n"
STEP = "step_percent_max: {value: 20, provenance: assumed}"


def read(tmp_path: Path, text: str) -> Path:
    """A file with this text."""
    path = tmp_path / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SETS)
def test_every_rule_of_the_label_is_there(name: str) -> None:
    """R-001 to R-089 without a gap, each with users, a sentence, numbers with a unit in their names, and a check that exists."""
    rules = rule_set(name).rules
    labels = [rule for rule in rules.values() if rule.id.startswith("R")]

    assert [rule.id for rule in labels] == [f"R-{number:03d}" for number in range(1, 90)]
    assert all(rule.why and rule.users and "{" not in rule.why + rule.advice for rule in rules.values())
    assert all(rule.check in CHECKS for rule in rules.values() if rule.check)
    assert all(unit_of(number) for rule in rules.values() for number in rule.numbers)


NUMBERS = """
R-001 strengths_ng_per_ml 50000,500000,2000000
R-002 ampoules_nl 1000000,20000000,5000000
R-002 box_count 5
R-004 sodium_chloride_mg_per_ml 9
R-007 stored_degc 30
R-007 shelf_years 3
R-008 stability_days 77 180
R-011 oral_factor 100
R-012 age_years_min 4
R-012 age_years_limited 6
R-013 wait_days 365
R-017 test_doses_ng 25000,50000 50000
R-018 over_s 60
R-019 step_ng 25000
R-019 interval_s 86400
R-020 effect_s_min 14400
R-020 effect_s_max 28800
R-021 last_ng 100000
R-022 coma_ng 25000
R-024 effect_s_max 43200 28800
R-024 multiple_factor 2
R-025 effect_s_above 43200 28800
R-025 multiple_factor 1
R-026 wait_s 86400
R-027 step_percent_min 10
R-027 step_percent_max 30
R-028 step_percent_min 5
R-028 step_percent_max 15
R-029 step_percent_min 5
R-029 step_percent_max 15
R-030 interval_s 86400
R-031 interval_s 172800
R-031 catheter_mm 760
R-033 soft_ng_per_day 1000000
R-037 step_percent_min 10
R-037 step_percent_max 30 40
R-038 step_percent_min 5
R-038 step_percent_max 20
R-039 step_percent_min 10
R-039 step_percent_max 20
R-040 low_ng_per_day 12000
R-040 high_ng_per_day 2003000
R-040 most_from_ng_per_day 300000
R-040 most_to_ng_per_day 800000
R-041 low_ng_per_day 22000
R-041 high_ng_per_day 1400000
R-041 mean_12_months_ng_per_day 276000
R-041 mean_24_months_ng_per_day 307000
R-042 low_ng_per_day 35000 24000
R-042 high_ng_per_day 200000 1199000
R-042 mean_ng_per_day 100000 274000
R-045 share_percent 5
R-046 weeks_min 2
R-046 weeks_max 4
R-048 night_percent 20
R-049 lead_s 7200
R-053 volume_ml_min 22
R-053 volume_ml_max 157
R-054 level_ng_per_csf_ml_min 130
R-054 level_ng_per_csf_ml_max 1240
R-054 dose_ng_per_day_min 50000
R-054 dose_ng_per_day_max 1200000
R-057 clearance_ml_per_h 30
R-058 ratio_milli_min 1800
R-058 ratio_milli_max 8700
R-058 ratio_milli_mean 4000
R-059 plasma_ng_per_plasma_ml 5
R-060 plasma_ng_per_plasma_ml 10
R-063 age_years 65
R-078 removed_ml_min 30
R-078 removed_ml_max 40
R-079 dose_mg_max 2
R-080 dose_mcg_per_kg 20
R-080 dose_mg_max 2
R-087 hypotonia_permille 374 347
R-087 drowsiness_permille 248 209
R-087 headache_permille 199 107
R-087 seizures_permille 104 100
"""
"""Rule, number, value by the seed's label, and by the US one where it is another: typed from the labels, not from the data files."""


@pytest.mark.parametrize("line", NUMBERS.split("\n")[1:-1])
def test_number_is_the_labels(line: str) -> None:
    """Each number of a rule is the one that the label prints, in both sets."""
    rule, name, *values = line.split()
    expected = [tuple(map(int, value.split(","))) for value in (values * 2)[:2]]

    assert [rule_set(rules).rules[rule].many(name) for rules in SETS] == expected


def test_half_life_is_two_ranges() -> None:
    """1 to 5 h by one label, 1.51 h by the other, and neither set has the other's number."""
    seed, us = (rule_set(name).rules["R-056"].numbers for name in SETS)

    assert (seed["half_life_s_min"].value, seed["half_life_s_max"].value) == (3_600, 18_000)
    assert us["half_life_s"].value == round(1.51 * 3_600)
    assert not {"half_life_s_min", "half_life_s_max"} & us.keys()


def test_sets_ship_by_name_and_the_default_is_the_safer_start() -> None:
    """The default set starts a ten-hour responder lower than the other."""
    first = {name: rule_set(name).rules["R-025"].one("effect_s_above") for name in SHIPPED}

    assert set(SETS) == set(SHIPPED)
    assert first[DEFAULT_SET] == min(first.values())


def test_what_us_leaves_out_is_the_seeds() -> None:
    """A rule of the US set keeps every part that it does not say."""
    seed, us = (rule_set(name).rules for name in SETS)

    assert us["R-027"] == seed["R-027"]
    assert us["R-024"].says == seed["R-024"].says
    assert us["R-024"].numbers != seed["R-024"].numbers


def test_tokens_tell_every_rule_apart_and_fit_the_wire() -> None:
    """R-033 is 33, U-01 is 1001, no two are alike, and each fits its field."""
    tokens = [token_of(name) for name in rule_set().rules]

    assert (token_of("R-033"), token_of("U-01")) == (33, 1_001)
    assert len(set(tokens)) == len(tokens)
    assert max(tokens) < 1 << 16


@pytest.mark.parametrize("name", ["33", "R033", "r-033", "R-", "", "X-01"])
def test_what_is_no_rule_has_no_token(name: str) -> None:
    """An id that is none is told before anything is sent."""
    with pytest.raises(UsageError, match="names no rule"):
        token_of(name)


def test_own_set_says_only_what_differs(tmp_path: Path) -> None:
    """A ward's smaller step takes the place of the label's; everything else stands."""
    ours = rule_set(str(read(tmp_path, HEAD + f"  R-027: {{numbers: {{{STEP}}}}}\n")))

    assert ours.name == "ours"
    assert ours.rules["R-027"].one("step_percent_max") == 20
    assert ours.rules["R-027"].verdict == "refuse"
    assert ours.rules["R-028"] == rule_set("label-seed").rules["R-028"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: {R-001: {}}", "a rule set has name, source, title"),
        ("[]", "a rule set has"),
        ("name: [\n", "no YAML"),
        ("name: a\ntitle: b\nsource: c\nrules: []\n", "rules under their ids"),
        ("name: a\ntitle: b\nsource: c\nextends: other\nrules: {}\n", "extends names no shipped set"),
        (HEAD + "  33: {}\n", "a rule is an id"),
        (HEAD + "  R-033: 5\n", "a rule is an id"),
        (HEAD + "  R-033: {verdikt: warn}\n", "'verdikt' is no part"),
        (HEAD + "  R-033: {verdict: perhaps}\n", "the verdict is"),
        (HEAD + "  R-033: {users: [NURSE]}\n", "users are some of"),
        (HEAD + "  R-033: {applies: {weight: [heavy]}}\n", "narrowed by"),
        (HEAD + "  R-033: {numbers: {soft_ng_per_day: {value: many, provenance: assumed}}}\n", "whole number"),
        (HEAD + "  R-033: {numbers: {soft_ng_per_day: {value: 1.5, provenance: assumed}}}\n", "whole number"),
        (HEAD + "  R-033: {numbers: {soft_ng_per_day: {value: true, provenance: assumed}}}\n", "whole number"),
        (HEAD + "  R-033: {numbers: {soft_ng_per_day: 5}}\n", "whole number"),
        (HEAD + "  R-033: {numbers: {soft_ng_per_day: {value: 5}}}\n", "provenance"),
        (HEAD + "  R-033: {numbers: {soft_ng_per_day: {value: 5, provenance: guessed}}}\n", "provenance"),
        (HEAD + "  R-033: {numbers: {soft_ng_per_day: }}\n", "speaks of soft_ng_per_day"),
        (HEAD + "  R-100: {title: New, users: [PROG]}\n", "says something"),
        (HEAD + "  R-033: {users: PROG}\n", "users"),
        (HEAD + "  R-033: {words: [a]}\n", "words"),
        (HEAD + "  R-033: {applies: [a]}\n", "applies"),
        (HEAD + "  R-033: {applies: {act: start}}\n", "applies"),
        (HEAD + "  R-033: {numbers: [a]}\n", "numbers"),
    ],
)
def test_mistake_in_an_own_set_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Each mistake ends the reading with one line that names the file and, if it lies there, the rule."""
    with pytest.raises(UsageError, match=said) as caught:
        read_set(read(tmp_path, text))

    assert "ours.yaml" in caught.value.lines[0]


@pytest.mark.parametrize(
    ("rule", "said"),
    [("R-033: {check: guess}", "no check 'guess'"), ("R-033: {check: interval, applies: {act: [change]}}", "")],
    ids=["unknown check", "check of another rule"],
)
def test_check_that_cannot_run_is_told(tmp_path: Path, rule: str, said: str) -> None:
    """A rule that names a check that does not exist ends in one line when it is asked."""
    ours = read_set(read(tmp_path, HEAD + f"  {rule}\n"))
    plan = Plan("baclofen", Regimen.even(110_000, 500_000), Regimen.even(100_000, 500_000))

    if said:
        with pytest.raises(UsageError, match=said):
            judge(ours, plan)
    else:
        assert "R-033" in {each.rule for each in judge(ours, plan).not_judged}


def test_check_without_its_number_is_told(tmp_path: Path) -> None:
    """A check that needs a number which the rule has not says which."""
    ours = read_set(read(tmp_path, HEAD + "  R-010: {check: soft-limit}\n"))

    with pytest.raises(UsageError, match="R-010: the check 'soft-limit' needs the number soft_ng_per_day"):
        judge(ours, Plan("baclofen", Regimen.even(110_000, 500_000)))


def test_unknown_set_and_missing_file_are_told(tmp_path: Path) -> None:
    """A name that is none lists those that ship; a file that is not there is named."""
    with pytest.raises(UsageError, match="label-seed"):
        rule_set("label-eu")
    with pytest.raises(UsageError, match="cannot be read"):
        rule_set(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("effect_s_max", 43_200, "12 h"),
        ("interval_s", 172_800, "48 h"),
        ("over_s", 60, "1 min"),
        ("plateau_days_min", 1, "1 day"),
        ("stability_days", 77, "77 days"),
        ("step_percent", 30, "30 %"),
        ("share_permille", 248, "24.8 %"),
        ("ratio_milli", 8_700, "8.7:1"),
        ("rate_mcg_per_min", 500, "500 mcg/min"),
        ("strengths_ng_per_ml", (50_000, 500_000, 2_000_000), "50 mcg/mL, 500 mcg/mL or 2,000 mcg/mL"),
        ("flow_nl_per_day", 1_000_000, "1 mL/day"),
        ("no_unit_at_all", 5, "5"),
    ],
)
def test_number_is_written_by_the_unit_in_its_name(name: str, value: int | tuple[int, ...], said: str) -> None:
    """The last words of a name say how its number reads."""
    assert measure(name, value) == said


def test_numbers_of_practice_have_their_source() -> None:
    """The corrected constant of the tubing is below the old one."""
    assert practice("tubing_nl") == 140_000 < practice("tubing_old_nl") == 199_000
