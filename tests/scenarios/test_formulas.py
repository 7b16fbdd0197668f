"""Formulas and sentences: exact, with units, and read as a person reads them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hil.errors import QuantityError
from hil.scenario.amount import DOSE_RATE, DRUG, FLOW, PLAIN, STRENGTH, TIME, VOLUME, Amount, Dimension
from hil.scenario.claim import parse_claim
from hil.scenario.formula import DividedByZero, dimension_of, parse_formula, value_of

NAMES = {"drug given": Amount(Fraction(500_000), DRUG), "time": Amount(Fraction(86_400_000_000), TIME), "is-it": Amount(Fraction(3))}


def value(text: str) -> Amount:
    """What a formula comes to, its dimension as it was foretold."""
    node = parse_formula(text).node
    found = value_of(node, NAMES.__getitem__)
    assert found.dimension == dimension_of(node, {name: amount.dimension for name, amount in NAMES.items()})
    return found


@pytest.mark.parametrize(
    ("text", "units", "dimension"),
    [
        ("3", 3, PLAIN),
        ("1,000.5", Fraction(2001, 2), PLAIN),
        ("14.5 %", Fraction(145, 1000), PLAIN),
        ("20 mL", 20_000_000, VOLUME),
        ("50 mcg", 50_000, DRUG),
        ("500 mcg/mL", Fraction(1, 2), STRENGTH),
        ("1 day 6 h", 108_000_000_000, TIME),
        ("24 mL/day", Fraction(24_000_000, 86_400_000_000), FLOW),
        ("10,000 nL/h", Fraction(10_000, 3_600_000_000), FLOW),
        ("24 mcg/day", Fraction(24_000, 86_400_000_000), DOSE_RATE),
        ("40 mL * 500 mcg/mL", 20_000_000, DRUG),
        ("20 mL / 24 mL/day", 72_000_000_000, TIME),
        ("2 + 3 * 4", 14, PLAIN),
        ("(2 + 3) * 4 - 1", 19, PLAIN),
        ("8 / 4 / 2", 1, PLAIN),
        ("9 - 4 - 3", 2, PLAIN),
        ("drug given / 500 mcg", 1, PLAIN),
        ("drug given / time * 1 day", 500_000, DRUG),
        ("is-it * 2", 6, PLAIN),
    ],
)
def test_formula_comes_to_its_value(text: str, units: int | Fraction, dimension: Dimension) -> None:
    """Numbers with units, products before sums, from left to right, to the last digit."""
    assert value(text) == (units, dimension)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a number or a name belongs where 'nothing' stands"),
        ("3 +", "a number or a name belongs where 'nothing' stands"),
        ("3 mL 4 mL", "'4 mL' is left over"),
        ("3 furlongs", "'furlongs' is no unit"),
        ("1,5 mL", "a comma that does not separate thousands"),
        (".5 mL", "a number or a name belongs where '.5 mL' stands"),
        ("1.5 h", "is not a length of time in whole days, h, min and s"),
        ("((3 mL)", "a bracket is not closed"),
        ("(" * 30 + "3" + ")" * 30, "brackets are 21 deep"),
        ("3 " * 300, "characters"),
        ("__import__", "a number or a name belongs"),
    ],
)
def test_what_is_no_formula_says_why(text: str, says: str) -> None:
    """One reason each."""
    with pytest.raises(QuantityError) as caught:
        parse_formula(text)

    assert says in str(caught.value)


def test_nothing_is_divided_by_nothing() -> None:
    """A quantity that has come to 0 is told, not computed with."""
    with pytest.raises(DividedByZero):
        value("3 / (drug given - 500 mcg)")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("drug given is 500 mcg", True),
        ("drug given is 500.001 mcg", False),
        ("drug given is 500.001 mcg within 0.001 mcg", True),
        ("drug given is 510 mcg within 2 %", True),
        ("drug given is 520 mcg within 2 %", False),
        ("drug given is not 500 mcg", False),
        ("drug given is not 501 mcg", True),
        ("drug given is not 501 mcg within 1 mcg", False),
        ("drug given is at least 500 mcg", True),
        ("drug given is at least 501 mcg within 1 mcg", True),
        ("drug given is at least 501 mcg", False),
        ("drug given is at most 500 mcg", True),
        ("drug given is at most 499 mcg", False),
        ("drug given is above 500 mcg", False),
        ("drug given is above 499.999 mcg", True),
        ("drug given is below 500 mcg", False),
        ("drug given is below 500.001 mcg", True),
        ("drug given is between 400 mcg and 500 mcg", True),
        ("drug given is between 501 mcg and 600 mcg", False),
        ("drug given is between 400 mcg and 499 mcg", False),
        ("time is 24 h", True),
        ("is-it is 3", True),
        ("is-it is 3.2 within 0.2", True),
        ("is-it is 3.2 within 1 %", False),
    ],
)
def test_sentence_holds_or_not(text: str, holds: bool) -> None:
    """Each way of comparing, on both sides of its limit."""
    assert parse_claim(text).judge(NAMES.__getitem__).holds is holds


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Amount(Fraction(1_234_567), VOLUME), "1.2346 mL"),
        (Amount(Fraction(1, 3), DRUG), "0 mcg"),
        (Amount(Fraction(1_500_000), DRUG), "1,500 mcg"),
        (Amount(Fraction(1, 3)), "0.3333"),
        (Amount(Fraction(1, 1_000_000)), "under 0.0001"),
        (Amount(Fraction(90_000_000), TIME), "1 min 30 s"),
        (Amount(Fraction(500_000), TIME), "0.5 s"),
        (Amount(Fraction(-90_000_000), TIME), "-1 min 30 s"),
        (Amount(Fraction(40_000, 3_600_000_000), FLOW), "0.96 mL/day"),
        (Amount(Fraction(1, 2), STRENGTH), "500 mcg/mL"),
        (Amount(Fraction(480_000, 86_400_000_000), DOSE_RATE), "480 mcg/day"),
    ],
)
def test_amount_is_written_in_the_unit_of_its_kind(amount: Amount, text: str) -> None:
    """As everywhere else in the program."""
    assert amount.text == text
