"""What values in a scenario file may be: each is read from its text, says what is wrong with it, and tells an editor how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from hil.errors import BenchError, QuantityError
from hil.scenario.amount import DRUG, FLOW, PLAIN, STRENGTH, TIME, VOLUME, Dimension
from hil.scenario.claim import Claim, parse_claim
from hil.scenario.formula import KEYWORDS, Formula, parse_formula
from hil.therapy.values import reads
from hil.wording.alarms import ALARM_WORDS

__all__ = [
    "Cause",
    "Clock",
    "Condition",
    "Count",
    "Dose",
    "Duration",
    "FileText",
    "Label",
    "Flow",
    "Names",
    "Number",
    "Part",
    "Rules",
    "Sentence",
    "Strength",
    "Text",
    "Value",
    "Volume",
    "VolumeOrAll",
    "Word",
    "Yes",
    "chosen",
    "choice",
    "meant",
    "texts",
]

ALL = "all"
WORD_CHARS_MAX = 60
TEXT_CHARS_MAX = 2_000
COUNT_DIGITS_MAX = 6
TEXTS_MAX = 100
LISTED_MAX = 30
"""Words that an error lists; more are looked up faster on the page."""


class Part(BaseModel):
    """A mapping of the file, nothing extra. `shorthand` is the key that a single value stands for, `bare` whether nothing need follow."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", arbitrary_types_allowed=True)
    shorthand: ClassVar[str] = ""
    bare: ClassVar[bool] = False


def meant(word: str, words: Iterable[str]) -> str:
    """The nearest of the words there are, or all of them."""
    known = list(words)
    near = get_close_matches(word.lower().replace("_", "-").replace(" ", "-"), known, 1) or get_close_matches(word, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"it is one of: {', '.join(known)}" if len(known) <= LISTED_MAX else "docs/reference/scenario-reference.md has them all"


def chosen(words: Iterable[str]) -> Callable[[str], str]:
    """A parser for one of these words."""
    known = tuple(words)

    def parse(text: str) -> str:
        if text in known:
            return text
        raise QuantityError(f"{text!r} is not known", do=meant(text, known))

    return parse


def choice(words: Iterable[str]) -> tuple[object, ...]:
    """What annotates a text that is one of these words."""
    known = tuple(words)
    return reads(chosen(known)), WithJsonSchema({"type": "string", "enum": list(known)})


def texts(parse: Callable[[str], object]) -> BeforeValidator:
    """Read one text, or a list of them."""

    def read_all(value: object) -> object:
        parts = value if isinstance(value, list) else [value]
        read = [part for part in parts if isinstance(part, str) and part]
        if not read or len(parts) > TEXTS_MAX or len(read) < len(parts):
            raise QuantityError("one text or a list of texts belongs here", do="write it like [one, another]")
        return tuple(parse(part) for part in read)

    return BeforeValidator(read_all)


def _formula(wanted: Dimension | None) -> Callable[[str], Formula]:
    return lambda text: parse_formula(text, wanted)


def _shown(description: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "number"], "description": description, "examples": list(examples)})


def _text(text: str) -> str:
    if not text.strip():
        raise QuantityError("some words belong here, and it is empty", do="write them after the colon")
    if len(text) > TEXT_CHARS_MAX:
        raise QuantityError(f"the text has more than {TEXT_CHARS_MAX:,} characters", do="make it shorter")
    return " ".join(text.split())


def word(text: str) -> str:
    """A name for something measured, injected or defined. Raises QuantityError."""
    words = text.split()
    plain = text.isascii() and len(text) <= WORD_CHARS_MAX and all(part.replace("-", "a").isalnum() and part[0].isalpha() for part in words)
    if not words or not plain or text != text.lower() or any(part in KEYWORDS for part in words):
        barred = next((part for part in words if part in KEYWORDS), "")
        what = f"{barred!r} cannot be part of a name" if barred else f"{text!r} is no name"
        raise QuantityError(what, do="use a few plain small words, such as `first day`")
    return " ".join(words)


def _label(text: str) -> str:
    """A name that no formula uses. Raises QuantityError."""
    if not text.strip() or len(text) > WORD_CHARS_MAX or not text.isprintable():
        raise QuantityError(f"{text[:WORD_CHARS_MAX]!r} is no name", do="use a few plain words, such as `every hour`")
    return " ".join(text.split())


def _yes(text: str) -> bool:
    return chosen(("yes", "no"))(text) == "yes"


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= COUNT_DIGITS_MAX):
        raise QuantityError(f"{text!r} is no count", do="write a whole number such as 3")
    return int(text)


def _rule(text: str) -> int:
    """`R-033` is 33. Raises QuantityError."""
    if not (text.startswith("R-") and text[2:].isascii() and text[2:].isdigit() and len(text) == len("R-033")):
        raise QuantityError(f"{text!r} is no rule", do="write it like R-033")
    return int(text[2:])


def _clock(text: str) -> int:
    from hil.wording.quantity import parse_clock

    return parse_clock(text)


def condition(text: str) -> str:
    """A condition in the words of a scenario, as the bench writes it: `alarm motor-stall` is `alarm:motor_stall`. Raises QuantityError."""
    from hil.faults.conditions import parse_condition

    spoken = " ".join(text.split()).replace("reservoir at most ", "reservoir<=").replace("bolus ended", "bolus-ended")
    kind, _, name = spoken.partition(" ")
    if name and kind in ("alarm", "mode", "battery", "sound"):
        spoken = f"{kind}:{name if kind == 'sound' else name.replace('-', '_')}"
    try:
        parse_condition(spoken)
    except BenchError as error:
        do = error.do.replace("_", "-") if error.what.startswith("unknown") else CONDITIONS_SAID
        raise QuantityError(f"no condition: {text!r}" if not error.what.startswith("unknown") else error.what, do=do) from None
    return spoken


CONDITIONS_SAID = (
    "write alarm CAUSE, mode NAME, battery STATE, reservoir at most V, sound, sound critical, sound non-critical, bolus ended, quiet, "
    "ready, answers or powered"
)

VolumeOrAll = Annotated[Formula | str, reads(lambda text: text if text == ALL else parse_formula(text, VOLUME)), _shown("a volume", ALL)]
_ONE_OR_MORE = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
Names = Annotated[tuple[str, ...], texts(str), _ONE_OR_MORE]
Rules = Annotated[tuple[int, ...], texts(_rule), _ONE_OR_MORE]
Text = Annotated[str, reads(_text), _shown("words for a reader")]
Label = Annotated[str, reads(_label), _shown("a name of a few words", "every hour")]
Word = Annotated[str, reads(word), _shown("a name of a few small words", "first day")]
Yes = Annotated[bool, reads(_yes), WithJsonSchema({"enum": ["yes", "no"]})]
Count = Annotated[int, reads(_count), WithJsonSchema({"type": ["integer", "string"], "examples": [3]})]
Clock = Annotated[int, reads(_clock), _shown("a time of the pump's clock", "2026-01-01 08:00")]
FileText = Annotated[str, reads(_text), _shown("a name or the path of a file beside this one")]
Cause = Annotated[str, *choice(ALARM_WORDS)]
Condition = Annotated[str, reads(condition), _shown(CONDITIONS_SAID, "alarm motor-stall", "reservoir at most 2 mL")]
Sentence = Annotated[Claim, reads(parse_claim), _shown("a sentence about quantities", "drug given is 500 mcg within 1 %")]
Value = Annotated[Formula, reads(_formula(None)), _shown("a formula", "drug given / 480 mcg")]
Duration = Annotated[Formula, reads(_formula(TIME)), _shown("a length of time", "8 h", "3 days", "1 h 30 min")]
Volume = Annotated[Formula, reads(_formula(VOLUME)), _shown("a volume", "20 mL")]
Strength = Annotated[Formula, reads(_formula(STRENGTH)), _shown("a concentration", "500 mcg/mL")]
Dose = Annotated[Formula, reads(_formula(DRUG)), _shown("a dose", "50 mcg")]
Flow = Annotated[Formula, reads(_formula(FLOW)), _shown("a rate of flow", "0.96 mL/day")]
Number = Annotated[Formula, reads(_formula(PLAIN)), _shown("a plain number or a percentage", "3", "14.5 %")]
