"""Formulas: numbers with units, names of quantities, + - * / and brackets. Units are checked before anything is run.

    drug given          40 mL * 500 mcg/mL          0.96 mL/day * pump time * unit factor          (20 mL - 2 mL) / (1.3 * rate)

A name is one word or several; a minus stands between spaces. Division by another quantity is written with spaces, a unit without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from fractions import Fraction
from typing import NamedTuple

from hil.errors import QuantityError
from hil.scenario.amount import Amount, Dimension, literal_at

__all__ = ["KEYWORDS", "DividedByZero", "Formula", "Names", "dimension_of", "names_in", "parse_formula", "value_of"]

KEYWORDS = ("is", "within", "and")
"""Words that belong to sentences and end a name; `at least`, `above`, `not` and their like stand right behind `is`, where no name ends."""
CHARS_MAX = 400
DEPTH_MAX = 20
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SPACE = re.compile(r"\s*")

Names = Mapping[str, Dimension]
"""Which names there are, and what each is."""


class Literal(NamedTuple):
    """A number that was written, with its unit."""

    amount: Amount
    percent: bool = False


class Name(NamedTuple):
    """A quantity, a word of the file, or something measured."""

    name: str


class Binary(NamedTuple):
    """Two terms and + - * or / between them."""

    sign: str
    left: Node
    right: Node


Node = Literal | Name | Binary


class Formula(NamedTuple):
    """A formula as it was written; `wanted` is what it must come to (None: anything)."""

    text: str
    node: Node
    wanted: Dimension | None = None

    @property
    def is_percent(self) -> bool:
        """Nothing but a percentage: a share of what it stands beside."""
        return isinstance(self.node, Literal) and self.node.percent

    @property
    def constant(self) -> Amount | None:
        """What it comes to before anything is run; None if that depends on a name."""
        return None if next(names_in(self.node), None) is not None else value_of(self.node, _no_name)


class DividedByZero(ValueError):
    """A formula divides by something that has come to nothing."""


def parse_formula(text: str, wanted: Dimension | None = None) -> Formula:
    """Read a whole text. Raises QuantityError."""
    reader = Reader(text)
    node = reader.formula()
    reader.demand_end()
    return Formula(text.strip(), node, wanted)


class Reader:
    """Reads a text from left to right; sentences use it for their parts."""

    def __init__(self, text: str) -> None:
        if len(text) > CHARS_MAX:
            raise QuantityError(
                f"the formula has {len(text)} characters, and {CHARS_MAX} are the most", do="give its parts names, under `words`"
            )
        self.text = text
        self.place = 0
        self._depth = 0

    def part(self) -> Formula:
        """A formula that ends where it must."""
        self._skip()
        start = self.place
        node = self.formula()
        return Formula(self.text[start : self.place].strip(), node)

    def keyword(self, *words: str) -> bool:
        """Step over these words if they come next."""
        place = self.place
        for word in words:
            self._skip()
            fit = _NAME.match(self.text, self.place)
            if fit is None or fit[0] != word:
                self.place = place
                return False
            self.place = fit.end()
        return True

    def demand_end(self) -> None:
        """Raises QuantityError if anything is left."""
        self._skip()
        rest = self.text[self.place :]
        if rest:
            raise QuantityError(f"{rest!r} is left over in {self.text.strip()!r}", do="write + - * or / between two terms, with spaces")

    def formula(self) -> Node:
        """Terms with + and - between them."""
        node = self._product()
        while sign := self._sign("+-"):
            node = Binary(sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._atom()
        while sign := self._sign("*/"):
            node = Binary(sign, node, self._atom())
        return node

    def _atom(self) -> Node:
        self._skip()
        here = self.text[self.place : self.place + 1]
        if here == "(":
            return self._bracket()
        if here.isascii() and here.isdigit():
            amount, self.place, percent = literal_at(self.text, self.place)
            return Literal(amount, percent)
        words = list(self._words())
        if not words:
            shown = self.text[self.place :].strip() or "nothing"
            raise QuantityError(f"a number or a name belongs where {shown!r} stands", do="write it like `drug given / 480 mcg`")
        return Name(" ".join(words))

    def _bracket(self) -> Node:
        self.place += 1
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise QuantityError(f"brackets are {self._depth} deep", do="give a part of it a name, under `words`")
        node = self.formula()
        if not self._sign(")"):
            raise QuantityError(f"a bracket is not closed in {self.text.strip()!r}", do="add `)`")
        self._depth -= 1
        return node

    def _words(self) -> Iterator[str]:
        while True:
            self._skip()
            fit = _NAME.match(self.text, self.place)
            if fit is None or fit[0] in KEYWORDS:
                return
            self.place = fit.end()
            yield fit[0]

    def _sign(self, signs: str) -> str:
        self._skip()
        sign = self.text[self.place : self.place + 1]
        if not sign or sign not in signs:
            return ""
        self.place += 1
        return sign

    def _skip(self) -> None:
        fit = _SPACE.match(self.text, self.place)
        self.place = fit.end() if fit else self.place


# ---------------------------------------------------------------- meaning


def names_in(node: Node) -> Iterator[str]:
    """Every name in it."""
    match node:
        case Name(name):
            yield name
        case Binary(_, left, right):
            yield from names_in(left)
            yield from names_in(right)


def dimension_of(node: Node, names: Names) -> Dimension:
    """What it comes to. Raises QuantityError for a name there is not, and for terms that do not go together."""
    match node:
        case Literal(amount):
            return amount.dimension
        case Name(name) if name in names:
            return names[name]
        case Name(name):
            near = get_close_matches(name, names, 1)
            raise QuantityError(f"nothing is called {name!r}", do=f"did you mean {near[0]!r}?" if near else "see the table of quantities")
        case Binary(sign, left, right):
            one, other = dimension_of(left, names), dimension_of(right, names)
            if sign in "*/":
                return one * other if sign == "*" else one / other
            if one != other:
                verb = "added to" if sign == "+" else "taken from"
                raise QuantityError(f"{other.said or 'a product'} cannot be {verb} {one.said or 'a product'}", do="give both one unit")
            return one
    raise AssertionError(node)


def value_of(node: Node, look: Callable[[str], Amount]) -> Amount:
    """What it comes to now; `look` tells what a name stands for. Raises DividedByZero."""
    match node:
        case Literal(amount):
            return amount
        case Name(name):
            return look(name)
        case Binary(sign, left, right):
            one, other = value_of(left, look), value_of(right, look)
            if sign == "*":
                return Amount(one.value * other.value, one.dimension * other.dimension)
            if sign == "/":
                return Amount(_divided(one.value, other.value), one.dimension / other.dimension)
            return Amount(one.value + other.value if sign == "+" else one.value - other.value, one.dimension)
    raise AssertionError(node)


def _divided(one: Fraction, other: Fraction) -> Fraction:
    if not other:
        raise DividedByZero("it divides by something that is 0 here")
    return one / other


def _no_name(name: str) -> Amount:
    raise AssertionError(f"{name} stands in a constant")
