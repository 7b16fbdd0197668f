"""Claims: sentences about quantities that hold or do not.

    drug given is 35,000 mcg within 1 mcg        withdrawn is 0 mL              time is between 48 h and 48 h 1 min
    overdose is above 72                         reservoir is at least 2 mL     drug given is 1.3 * drug meant within 1 %

Without `within` two sides are the same to the last digit. A percentage behind `within` is a share of the right side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from hil.errors import QuantityError
from hil.scenario.amount import Amount, Dimension
from hil.scenario.formula import Formula, Names, Reader, dimension_of, value_of

__all__ = ["Claim", "Verdict", "parse_claim"]

EXAMPLE = "write it like `drug given is at most 500 mcg`"


class Verdict(NamedTuple):
    """Whether a claim holds, and what was found; `off` says by how much it is not met."""

    holds: bool
    left: Amount
    right: Amount
    tolerance: Amount | None
    off: str = ""


class Claim(NamedTuple):
    """A sentence. `how` is is, is not, at least, at most, above, below or between; only `between` has an `upper` end."""

    text: str
    left: Formula
    how: str
    right: Formula
    upper: Formula | None = None
    within: Formula | None = None

    @property
    def formulas(self) -> Iterator[Formula]:
        """Its parts."""
        return (formula for formula in (self.left, self.right, self.upper, self.within) if formula is not None)

    def check(self, names: Names) -> None:
        """Whether both sides can be compared. Raises QuantityError."""
        left = dimension_of(self.left.node, names)
        for other in (self.right, self.upper):
            if other is not None:
                _same(left, dimension_of(other.node, names), self.text)
        if self.within is not None and not self.within.is_percent:
            _same(left, dimension_of(self.within.node, names), self.text)

    def judge(self, look: Callable[[str], Amount]) -> Verdict:
        """Whether it holds now. Raises DividedByZero."""
        left, right = value_of(self.left.node, look), value_of(self.right.node, look)
        upper = right if self.upper is None else value_of(self.upper.node, look)
        tolerance = self._tolerance(look, right)
        room = Fraction(0) if tolerance is None else tolerance.value
        if self.how == "is not":
            return Verdict(abs(left.value - right.value) > room, left, right, tolerance)
        over, under = left.value - upper.value, right.value - left.value
        broken_over = {"is": over > room, "between": over > 0, "at most": over > room, "below": over >= 0}.get(self.how, False)
        broken_under = {"is": under > room, "between": under > 0, "at least": under > room, "above": under >= 0}.get(self.how, False)
        off = ""
        if broken_over or broken_under:
            by = Amount(over if broken_over else under, left.dimension)
            off = f"{by.text} too {'much' if broken_over else 'little'}" if by.value else "exactly that"
        return Verdict(not off, left, right, tolerance, off)

    def _tolerance(self, look: Callable[[str], Amount], right: Amount) -> Amount | None:
        if self.within is None:
            return None
        asked = value_of(self.within.node, look)
        return Amount(abs(right.value) * asked.value, right.dimension) if self.within.is_percent else asked


def _same(one: Dimension, other: Dimension, text: str) -> None:
    if not one.said or not other.said:
        raise QuantityError(
            f"{text!r} compares what has no unit of its own", do="divide or multiply until it is a volume, a dose, a time ..."
        )
    if one != other:
        raise QuantityError(f"{text!r} compares {one.said} with {other.said}", do="give both sides one kind of unit")


def parse_claim(text: str) -> Claim:
    """Read a sentence. Raises QuantityError."""
    reader = Reader(text)
    left = reader.part()
    if not reader.keyword("is"):
        raise QuantityError(f"{text.strip()!r} is no sentence: `is` is missing", do=EXAMPLE)
    how = _how(reader)
    right, upper = reader.part(), None
    if how == "between":
        if not reader.keyword("and"):
            raise QuantityError(f"{text.strip()!r} has no `and` behind `between`", do="write it like `time is between 1 h and 2 h`")
        upper = reader.part()
    within = reader.part() if reader.keyword("within") else None
    reader.demand_end()
    if within is not None and how in ("between", "above", "below"):
        raise QuantityError(f"`within` has no meaning with `{how}`", do="take it away, or write at least or at most")
    return Claim(text.strip(), left, how, right, upper, within)


def _how(reader: Reader) -> str:
    for words in (("at", "least"), ("at", "most"), ("above",), ("below",), ("between",)):
        if reader.keyword(*words):
            return " ".join(words)
    return "is not" if reader.keyword("not") else "is"
