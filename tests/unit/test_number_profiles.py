"""Quantities as each profile shows and reads them, and the rules that all of them keep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import QuantityError, UsageError
from hil.wording import quantity
from hil.wording.profiles import NO_GREEK, PROFILES, RULES, UK, US, Profile, Quantity, broken, profile_named, render, typed
from hil.wording.quantity import Kind

KINDS = tuple(value for value in vars(quantity).values() if isinstance(value, Kind))
CASES = json.loads((Path(__file__).parents[1] / "support" / "number_cases.json").read_text(encoding="utf-8"))
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.unit)
profiles = pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)


def test_all_kinds_are_here() -> None:
    """The table has every unit that a screen shows."""
    assert {kind.unit for kind in KINDS} == {"mL", "mcg", "mcg/day", "mg/day", "mcg/h", "mcg/mL", "nL/h", "mL/day"}


@kinds
@profiles
@given(units=st.integers(-(10**15), 10**15), places=st.none() | st.integers(0, 6))
def test_no_shown_quantity_breaks_a_rule(kind: Kind, profile: Profile, units: int, places: int | None) -> None:
    """U8: for every kind and profile, whatever the number and the places asked for."""
    text = render(Quantity(kind, units, places), profile)

    assert broken(text, profile) == []
    assert "µ" not in text
    assert any(character.isdigit() for character in text)


@kinds
@profiles
@given(units=st.integers(0, 10**11))
def test_what_is_shown_can_be_typed(kind: Kind, profile: Profile, units: int) -> None:
    """In every profile shown text reads back to the same integer."""
    assert kind.parse(typed(render(Quantity(kind, units), profile), profile)) == units


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("120 mcg/day", "120 micrograms/day"),
        ("was 100 mcg/day → 1,000 mcg/day, 10 x", "was 100 micrograms/day → 1,000 micrograms/day, 10 x"),
        ("500 mcg/mL in 20 mL", "500 micrograms/mL in 20 mL"),
        ("3 ng/mL", "3 nanograms/mL"),
        ('{"dose_mcg_per_day": "50 mcg", "during": "long"}', '{"dose_mcg_per_day": "50 micrograms", "during": "long"}'),
    ],
)
def test_finished_text_is_put_into_words_of_the_uk(text: str, said: str) -> None:
    """Only units are changed: names that hold such letters stay; the US gets what was made."""
    assert render(text, UK) == said
    assert render(text, US) == text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("a zero before the point", "give .5 mL"),
        ("no zero at the end", "give 0.50 mL"),
        ("no zero at the end", "give 60.0 mcg"),
        ("no zero at the end", "give 5. mg"),
        ("a comma between thousands from 1,000", "1250 mcg/day"),
        ("a comma between thousands from 1,000", "12,50000 mcg"),
        ("no comma in a shorter number", "1,5 mL"),
        ("one space before the unit", "1.5mL"),
        ("one space before the unit", "1.5  mL"),
        ("no unit that is misread", "5 cc"),
        ("no unit that is misread", "5 ml"),
        ("no unit that is misread", "5 mcgs"),
        ("no Greek letter in a unit", "5 µg/day"),
        (NO_GREEK, "the flow in μL"),
    ],
)
def test_each_rule_can_be_broken(rule: str, text: str) -> None:
    """A text that breaks it is found, in both profiles, with what broke it."""
    for profile in PROFILES.values():
        assert any(line.startswith(f"{rule}: ") for line in broken(text, profile)), profile.name


def test_each_profile_refuses_the_others_unit() -> None:
    """Mcg is no unit of the UK, micrograms none of the US."""
    assert broken("5 mcg", UK) == ["no unit that is misread: 5 mcg"]
    assert broken("5 micrograms", US) == ["no unit that is misread: 5 micrograms"]
    with pytest.raises(QuantityError, match="where micrograms is written here"):
        typed("5 mcg", UK)
    with pytest.raises(QuantityError, match="micrograms"):
        quantity.DOSE.parse(typed("5 micrograms", US))


@pytest.mark.parametrize("text", ["catheter-off", "mcg-pump", "ng_tube", "mcgs", "warning"])
def test_names_are_typed_as_they_are(text: str) -> None:
    """An id in which the letters of a unit stand is no unit."""
    assert typed(text, UK) == render(text, UK) == text


@pytest.mark.parametrize("text", ["2026-01-01 08:00", "R-033 g", "1500 days", "id 2500", "day 3 06:12", "x100,000", "v1.20", "3 gaps"])
def test_what_is_no_quantity_breaks_nothing(text: str) -> None:
    """Dates, names, counts and speeds have no unit of these behind them."""
    assert broken(text, US) == []


def test_every_rule_has_its_source() -> None:
    """And a name of its own."""
    assert all(rule.source for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_profiles_are_chosen_by_name() -> None:
    """One that is not there is refused with those that are."""
    assert profile_named("UK") is UK
    with pytest.raises(UsageError, match="FR") as caught:
        profile_named("FR")
    assert "US, UK" in str(caught.value.do)


@pytest.mark.parametrize(("units", "decimals", "text"), CASES)
def test_numbers_are_written_as_tabled(units: int, decimals: int, text: str) -> None:
    """The cases that the pages' own ticks are held against too."""
    assert quantity.number(units, decimals) == text
