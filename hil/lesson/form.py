"""The programmer's therapy form: texts as they were typed, read strictly, and every error at the field it is about.

The form has the keys of a therapy file and nothing else, so one model reads both. A field is `daily-dose` or `groups.0.steps.1.dose`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from hil.errors import HilError, QuantityError, UsageError
from hil.therapy.days import days_name, parse_days
from hil.therapy.file import TherapyDocument
from hil.therapy.model import ADAPTER, MINIMUM_RATE
from hil.therapy.problems import model_problems
from hil.therapy.schedule import schedule_problems
from hil.therapy.source import Plain, Tree
from hil.therapy.wire import from_wire
from hil.wording import quantity
from protocol.client import Interrogation
from protocol.therapy import Therapy

__all__ = ["FieldError", "FormRefused", "form_of", "read_field", "read_form"]

Place = tuple[str | int, ...]
FORM = "the therapy form"
PERCENT = 100
TITRATION_PERCENT = (-10, -5, -1, 1, 5, 10)
_EXAMPLES = {
    "mode": "simple, flex or minimum-rate",
    "drug": "baclofen",
    "concentration": "500 mcg/mL",
    "low-reservoir-alarm": "2 mL",
    "daily-dose": "120 mcg/day",
    "days": "all, or Mon-Fri",
    "from": "00:00",
    "to": "24:00",
    "dose": "25 mcg",
    "duration": "10 min",
    "lockout": "2 h",
    "most-per-day": "4",
    "daily-limit": "400 mcg/day",
}
_PATIENT = ("dose", "duration", "lockout", "most-per-day", "daily-limit")
_NEEDED = {
    "": ("mode",),
    "simple": ("drug", "concentration", "low-reservoir-alarm", "daily-dose"),
    "flex": ("drug", "concentration", "low-reservoir-alarm"),
    MINIMUM_RATE: ("drug", "concentration", "low-reservoir-alarm"),
}


class FieldError(NamedTuple):
    """What is wrong with one field, what was typed there, and what to do."""

    field: str
    typed: str
    what: str
    do: str


class FormRefused(UsageError):
    """The form cannot be read, or this pump does not take what it says; nothing was sent."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        self.errors = errors
        first = errors[0]
        super().__init__(first.what, where=first.field or FORM, do=first.do)

    def as_dicts(self) -> list[dict[str, str]]:
        """The errors as plain data."""
        return [error._asdict() for error in self.errors]


# ---------------------------------------------------------------- one field


def _kind(kind: quantity.Kind) -> Callable[[str], str]:
    return lambda text: kind.text(kind.parse(text))


def _whole(text: str) -> str:
    if not (text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= len("65535")):
        raise QuantityError(f"{text!r} is not a whole number", do="write it like 4")
    return str(int(text))


def _flow(text: str) -> str:
    return text.strip() if text.strip() == MINIMUM_RATE else quantity.FINE_FLOW.text(quantity.parse_rate(text))


def _word(text: str) -> str:
    if not text.strip():
        raise QuantityError("nothing is typed", do="write a name")
    return text.strip()


_READERS: dict[str, Callable[[str], str]] = {
    "concentration": _kind(quantity.CONCENTRATION),
    "daily-dose": _kind(quantity.DAILY_DOSE),
    "daily-limit": _kind(quantity.DAILY_DOSE),
    "low-reservoir-alarm": _kind(quantity.VOLUME),
    "dose": _kind(quantity.DOSE),
    "rate": _flow,
    "from": lambda text: quantity.minute_of_day(quantity.parse_minute(text)),
    "to": lambda text: quantity.minute_of_day(quantity.parse_minute(text)),
    "days": lambda text: days_name(parse_days(_days(text))),
    "critical-alarm-every": lambda text: quantity.duration(quantity.parse_duration(text)),
    "non-critical-alarm-every": lambda text: quantity.duration(quantity.parse_duration(text)),
    "duration": lambda text: quantity.duration(quantity.parse_duration(text)),
    "lockout": lambda text: quantity.duration(quantity.parse_duration(text)),
    "most-per-day": _whole,
    "drug": _word,
    "mode": _word,
    "drug-version": _whole,
}


def read_field(field: str, text: str, known: Interrogation | None = None) -> dict[str, str]:
    """Read one field strictly: {"text": as the pump will have it, "change": what that changes}. Raises QuantityError with the reason."""
    key = field.rpartition(".")[2]
    reader = _READERS.get(key)
    if reader is None:
        raise UsageError(f"the form has no field {field!r}", do=f"it has {', '.join(_READERS)}")
    if len(text) > quantity.SHOWN_MAX * 4:
        raise QuantityError("this is longer than any value", do=f"write it like {_EXAMPLES.get(key, 'a value')}")
    return {"text": reader(text), "change": _change(field, text, known.therapy if known else None)}


def _change(field: str, text: str, therapy: Therapy | None) -> str:
    """`was 100 → 1,000 mcg/day, 10 x`, for what the therapy in the pump has one of."""
    if therapy is None:
        return ""
    doses = {group.daily_dose_ng for group in therapy.groups}
    olds = {
        "daily-dose": (quantity.DAILY_DOSE, doses.pop() if len(doses) == 1 else 0),
        "concentration": (quantity.CONCENTRATION, therapy.concentration_ng_per_ml),
        "low-reservoir-alarm": (quantity.VOLUME, therapy.low_reservoir_nl),
    }
    kind, old = olds.get(field, (quantity.DOSE, 0))
    if not old:
        return ""
    new = kind.parse(text)
    if new == old:
        return f"as in the pump now, {kind.text(old)}"
    return f"was {quantity.number(old * kind.per, kind.decimals)} → {kind.text(new)}, {quantity.factor(old, new)}"


# ---------------------------------------------------------------- the whole form


def read_form(fields: Mapping[str, Any], known: Interrogation) -> tuple[TherapyDocument, Therapy]:
    """Read the whole form for the pump that was interrogated. Raises FormRefused with every error, each at its field."""
    from pydantic import ValidationError

    plain = _cleaned(fields)
    places = tuple(_places(plain))
    tree = Tree(plain, {place: number for number, place in enumerate(places, 1)})
    missing = tuple(_missing(plain))
    if missing:
        raise FormRefused(missing)
    try:
        file = ADAPTER.validate_python(plain)
    except ValidationError as error:
        problems = model_problems(error, tree)
    else:
        document = TherapyDocument(FORM, file, tree)
        problems = tuple(schedule_problems(file, tree)) or _against_pump(document, known)
        if not problems:
            return document, document.therapy(known.identity)
    raise FormRefused(tuple(_at_field(problem.line, problem.what, problem.do, places, plain) for problem in problems))


def _against_pump(document: TherapyDocument, known: Interrogation) -> tuple[Any, ...]:
    """What this pump does not take."""
    try:
        document.therapy(known.identity)
    except HilError as error:
        return tuple(getattr(error, "problems", ()))
    return ()


def _cleaned(fields: Mapping[str, Any]) -> dict[str, Plain]:
    """The form without its empty fields; days become what a file writes."""
    plain: dict[str, Plain] = {}
    for key, value in fields.items():
        if isinstance(value, Mapping):
            content = _cleaned(value)
            if content:
                plain[str(key)] = content
        elif isinstance(value, list):
            plain[str(key)] = [_cleaned(part) if isinstance(part, Mapping) else str(part) for part in value]
        elif str(value).strip():
            plain[str(key)] = _days(str(value)) if key == "days" else str(value)
    return plain


def _days(text: str) -> Plain:
    words: list[Plain] = [word.strip() for word in text.split(",")]
    return words if len(words) > 1 else text.strip()


def _places(plain: Plain, above: Place = ()) -> Iterator[Place]:
    """Every place of the form from the top down, those of empty fields too."""
    yield above
    if isinstance(plain, dict):
        for key in dict.fromkeys((*plain, *_EXAMPLES)):
            yield from _places(plain.get(key, ""), (*above, key))
    elif isinstance(plain, list):
        for position, part in enumerate(plain):
            yield from _places(part, (*above, position))


def _missing(plain: dict[str, Plain]) -> Iterator[FieldError]:
    """Fields that have to be typed and were not."""
    mode = str(plain.get("mode", ""))
    for key in _NEEDED.get(mode, ("mode",)):
        if key not in plain:
            yield _empty(key)
    if mode == "flex":
        yield from _missing_steps(plain.get("groups"))
    asked = plain.get("patient-bolus")
    if isinstance(asked, dict):
        yield from (_empty(f"patient-bolus.{key}") for key in _PATIENT if key not in asked)


def _missing_steps(groups: Plain | None) -> Iterator[FieldError]:
    if not isinstance(groups, list) or not groups:
        yield FieldError("groups", "", "there is no pattern", "add the days and their steps")
        return
    for position, group in enumerate(groups):
        if not isinstance(group, dict):
            continue
        here = f"groups.{position}"
        if "days" not in group:
            yield _empty(f"{here}.days")
        steps = group.get("steps")
        for number, step in enumerate(steps if isinstance(steps, list) else ()):
            needed = ("from", "to") if isinstance(step, dict) and "rate" in step else ("from", "to", "dose")
            yield from (_empty(f"{here}.steps.{number}.{key}") for key in needed if isinstance(step, dict) and key not in step)


def _empty(field: str) -> FieldError:
    key = field.rpartition(".")[2]
    return FieldError(field, "", "nothing is typed", f"write it like {_EXAMPLES.get(key, key)}")


def _at_field(line: int, what: str, do: str, places: tuple[Place, ...], plain: dict[str, Plain]) -> FieldError:
    """The error at the field behind a line of the numbered form."""
    place = places[line - 1] if 0 < line <= len(places) else ()
    typed: Any = plain
    for key in place:
        typed = typed.get(key, "") if isinstance(typed, dict) else typed[key] if isinstance(typed, list) and isinstance(key, int) else ""
    return FieldError(".".join(map(str, place)), typed if isinstance(typed, str) else "", what, do)


# ---------------------------------------------------------------- what is in the pump, as the form would have it


def form_of(known: Interrogation) -> dict[str, Any]:
    """What the pump has, as texts of the form: to be shown beside each field, never typed for anybody. Empty without a therapy."""
    if known.therapy is None:
        return {}
    try:
        plain = ADAPTER.dump_python(from_wire(known.therapy, known.identity), mode="json", by_alias=True, exclude_none=True)
    except HilError:
        return {}
    for group in plain.get("groups", ()):
        group["days"] = ", ".join(group["days"]) if isinstance(group["days"], list) else group["days"]
    return dict(plain)


def titration(known: Interrogation) -> list[dict[str, str]]:
    """The dose per day in small steps from that in the pump: `{"label": "+5 %", "text": "105 mcg/day"}`; none where days differ."""
    doses = {group.daily_dose_ng for group in known.therapy.groups} if known.therapy else set()
    if len(doses) != 1 or not (dose := doses.pop()):
        return []
    return [
        {"label": f"{'+' if percent > 0 else '−'}{abs(percent)} %", "text": quantity.DAILY_DOSE.text(dose * (PERCENT + percent) // PERCENT)}
        for percent in TITRATION_PERCENT
    ]
