"""Conditions: what an item of the checklist, a critical error, a handler or the lesson's end waits for. The log alone decides."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, ClassVar, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from hil.errors import QuantityError
from hil.scenario.amount import Amount, Dimension, literal_at
from hil.scenario.parts import Names, Part, choice
from hil.therapy.values import reads
from hil.wording.quantity import duration, parse_duration

__all__ = ["KINDS", "START", "Condition", "Figure", "Id", "Span", "Wanted", "figure_of", "parse_id", "parse_span", "span_text"]

US_PER_S = 1_000_000
ID_CHARS_MAX = 40
COUNT_DIGITS_MAX = 3
START = "start"
"""What `since` may name besides items and facts: the moment at which the learner comes."""
_REMARK = re.compile(r" \([^()]*\)$")
_BEDSIDE = re.compile(r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?) ?(?P<unit>°C|/min|mmHg|mg|of [0-9]+)", re.ASCII)
"""What is measured or given at the bedside, in units that no pump has."""
_FINE = re.compile(r"(?:(?P<whole>.+) )?(?P<us>[0-9]{1,6}) us", re.ASCII)
KINDS = ("did", "knew", "fact", "gone", "never", "thought")
"""The keys of which a condition has exactly one."""


def parse_id(text: str) -> str:
    """A name for something that the lesson's texts say in words. Raises QuantityError."""
    parts = text.split("-")
    if not all(part.isascii() and part.isalnum() and part == part.lower() for part in parts) or len(text) > ID_CHARS_MAX:
        raise QuantityError(f"{text[:ID_CHARS_MAX]!r} is no id", do="write small words with hyphens between, such as read-the-pump")
    return text


def parse_span(text: str) -> int:
    """A length of time in us: days, h, min and s, and of a recorded run us behind them. Raises QuantityError."""
    whole, parts = text.strip(), _FINE.fullmatch(text.strip())
    if parts is None:
        return parse_duration(whole) * US_PER_S
    return (parse_duration(parts["whole"]) * US_PER_S if parts["whole"] else 0) + int(parts["us"])


def span_text(us: int) -> str:
    """The same written out."""
    seconds, left = divmod(us, US_PER_S)
    if not left:
        return duration(seconds)
    return f"{duration(seconds)} {left} us" if seconds else f"{left} us"


def _times(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= COUNT_DIGITS_MAX and int(text)):
        raise QuantityError(f"{text!r} is no count", do="write a whole number such as 2")
    return int(text)


_TEXT_OR_NUMBER = ["string", "number"]
Id = Annotated[str, reads(parse_id), WithJsonSchema({"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"})]
Span = Annotated[
    int, reads(parse_span), WithJsonSchema({"type": _TEXT_OR_NUMBER, "description": "a length of time", "examples": ["30 min"]})
]
Times = Annotated[int, reads(_times), WithJsonSchema({"type": ["integer", "string"], "examples": [2]})]


class Figure(NamedTuple):
    """A number and what it counts: a dimension, or a unit of the bedside."""

    value: Fraction
    unit: Dimension | str

    @property
    def said(self) -> str:
        """What it counts, in words."""
        return self.unit if isinstance(self.unit, str) else self.unit.said or "a product"


def figure_of(text: str) -> Figure:
    """The figure that a text is, but for a remark in brackets behind it. Raises QuantityError for other words."""
    text = _REMARK.sub("", text.strip())
    bedside = _BEDSIDE.fullmatch(text)
    if bedside is not None:
        return Figure(Fraction(bedside["number"].replace(",", "")), bedside["unit"])
    if not text[:1].isdigit():
        raise QuantityError(f"{text!r} is no amount", do="write a number and its unit, such as 2 mL")
    amount, end, _ = _literal(text)
    if end != len(text):
        raise QuantityError(f"{text!r} has {text[end:].strip()!r} after the amount", do="take it away")
    return Figure(amount.value, amount.dimension)


def _literal(text: str) -> tuple[Amount, int, bool]:
    try:
        return literal_at(text, 0)
    except QuantityError as error:
        if "unit" not in error.what:
            raise
        raise QuantityError(error.what, do=f"{error.do}; at the bedside °C, /min, mmHg, mg, of 15") from None


def _figure_or_none(text: str) -> Figure | None:
    try:
        return figure_of(text)
    except QuantityError:
        return None


class Wanted(NamedTuple):
    """What a value must be: from `low` to `high`, or one of these `words`."""

    text: str
    low: Figure | None = None
    high: Figure | None = None
    words: tuple[str, ...] = ()

    def fits(self, value: object) -> bool:
        """Whether a value does, as it was typed or shown; of a list, whether any of it does."""
        if isinstance(value, list | tuple):
            return any(self.fits(each) for each in value)
        text = " ".join(str("yes" if value is True else "no" if value is False else value).split())
        return text in self.words or self._within(_figure_or_none(text))

    def _within(self, figure: Figure | None) -> bool:
        if figure is None or (self.low is None and self.high is None):
            return False
        if any(bound.unit != figure.unit for bound in (self.low, self.high) if bound is not None):
            return False
        return (self.low is None or figure.value >= self.low.value) and (self.high is None or figure.value <= self.high.value)


def parse_wanted(text: str) -> Wanted:
    """`at least 2 mL`, `at most 530 mcg/day`, `between A and B`, or just the value. Raises QuantityError."""
    text = " ".join(text.split())
    for opening in ("at least ", "at most ", "between "):
        if text.startswith(opening):
            return _bounded(text, opening, text.removeprefix(opening))
    figure = _figure_or_none(text)
    return Wanted(text, figure, figure, (text,))


def _bounded(text: str, opening: str, rest: str) -> Wanted:
    low, _, high = rest.partition(" and ") if opening == "between " else (rest, "", rest)
    bounds = [figure_of(each) for each in (low, high)]
    if bounds[0].unit != bounds[1].unit:
        raise QuantityError(f"{text!r} compares {bounds[0].said} with {bounds[1].said}", do="write both in one unit")
    return Wanted(text, None if opening == "at most " else bounds[0], None if opening == "at least " else bounds[1])


def _wanted(value: object) -> dict[str, Wanted]:
    if not isinstance(value, dict) or not value:
        raise QuantityError("names and values belong here", do="write it like `with: {dose: at most 50 mcg}`")
    found = {}
    for key, each in value.items():
        parts = each if isinstance(each, list) else [each]
        if not parts or not all(isinstance(part, str) and part for part in parts):
            raise QuantityError(f"{key}: one value, or a list of them, belongs here")
        read = [parse_wanted(part) for part in parts]
        found[str(key)] = read[0] if len(read) == 1 else Wanted(" or ".join(parts), words=tuple(parts))
    return found


Values = Annotated[
    dict[str, Wanted],
    BeforeValidator(_wanted),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": [*_TEXT_OR_NUMBER, "array"]}}),
]


class Condition(Part):
    """What must come about: exactly one of did, knew, fact, gone, never, thought, and what narrows it down."""

    kinds: ClassVar[tuple[str, ...]] = KINDS
    did: Names | None = Field(None, title="an act of the learner, or one of several")
    knew: Names | None = Field(
        None, title="a fact: the learner did an act that showed it while it was so; an examination that missed it does not count"
    )
    fact: Names | None = Field(None, title="a fact that is so, or one of several")
    gone: Names | None = Field(None, title="a fact that was so, and is no more")
    never: Names | None = Field(None, title="a fact that must not come about; in a critical error it says the same as `fact`")
    thought: Names | None = Field(None, title="a diagnosis that the learner committed to; `right` for any of the right ones")
    with_: Values | None = Field(
        None, alias="with", title="did: the arguments of the act, each a value, `at least X`, `at most X`, or a list"
    )
    found: Values | None = Field(None, title="did: what the act showed, in the same way; the keys are under 'What acts show'")
    answered: Annotated[str, *choice(("done", "refused", "any"))] = Field("done", title="did: done (if not given), refused or any")
    times: Times = Field(1, title="did: how often; once if not given")
    lasts: Span | None = Field(None, alias="for", title="fact, gone and never: how long without a break")
    within: Span | None = Field(None, title="until when: so long after `since`, in simulated time")
    since: Id | None = Field(
        None,
        title="item of the checklist or fact from which it counts; nothing done before counts; the learner's coming if not given",
    )
    after: Id | None = Field(None, title="an item of the checklist that must have been met before; sets no deadline")
    before: Id | None = Field(None, title="an item of the checklist or an act that must not have come first")
    at: Annotated[str, *choice(("end",))] | None = Field(
        None, title="fact and gone: `end`, so that it must be so, or must not, when the lesson ends"
    )

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """What stands behind that key."""
        return tuple(getattr(self, self.kind))

    @model_validator(mode="after")
    def _one(self) -> Condition:
        _demand_one(self, KINDS)
        narrows = {
            "with": ("did",),
            "found": ("did",),
            "answered": ("did",),
            "times": ("did",),
            "for": ("fact", "gone", "never"),
            "at": ("fact", "gone"),
        }
        given = {type(self).model_fields[name].alias or name for name in self.model_fields_set}
        kind = next((kind for kind in KINDS if getattr(self, kind) is not None), "")
        for key, kinds in narrows.items():
            if kind and key in given and kind not in kinds:
                raise QuantityError(f"'{key}' says nothing of '{kind}'", do=f"take it away: it belongs to {' and '.join(kinds)}")
        return self


def _demand_one(part: Part, kinds: tuple[str, ...]) -> None:
    """Exactly one of these keys. Raises QuantityError."""
    given = [kind for kind in kinds if getattr(part, kind) is not None]
    if not given:
        raise QuantityError("nothing says what must come about", do=f"add one of {', '.join(kinds)}")
    if len(given) > 1:
        raise QuantityError(f"it says both '{given[0]}' and '{given[1]}'", do="keep one of them")
