"""A person's file: YAML in, `Person` out. Nothing in it has to be told, and nothing in it may be misspelt.

Times are the pump's clock, `2026-01-31 08:00`. Every problem is told at its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from firmware_sim.profile.file import catheter_names
from hil.clinic.limits import MONTHS_PER_YEAR
from hil.clinic.person import CAUSES, EFFECTS, ORIGINS, PHASES, Break, Change, Person, Test
from hil.clinic.rules.on_person import ORAL
from hil.clinic.rules.table import SHIPPED, rule_set
from hil.errors import PersonFileError, Problem, QuantityError, TherapyFileError, UsageError
from hil.therapy.source import FileKind, Place, Tree, load
from hil.therapy.values import reads
from hil.wording import quantity

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["PersonDocument", "parse_person", "read_person"]

_KIND = FileKind("a person's file", "age: 34 years")
_AGE = re.compile(r"(?P<count>\d{1,3}) (?P<unit>year|month)s?")
_YES = {"yes": True, "no": False}


class PersonDocument(NamedTuple):
    """A person, and the file's name for errors."""

    path: str
    person: Person


# ---------------------------------------------------------------- values


def _age(text: str) -> int:
    fit = _AGE.fullmatch(text.strip())
    if fit is None:
        raise QuantityError(f"{text!r} is no age", do="write it like 34 years or 18 months")
    return int(fit["count"]) * (MONTHS_PER_YEAR if fit["unit"] == "year" else 1)


def _yes(text: str) -> bool:
    if text not in _YES:
        raise QuantityError(f"{text!r} is neither yes nor no", do="write yes or no")
    return _YES[text]


def _above_nothing(parse: Callable[[str], int]) -> Callable[[str], int]:
    def read(text: str) -> int:
        units = parse(text)
        if not units:
            raise QuantityError(f"{text!r} is nothing", do="leave the line out, or write what was given")
        return units

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in words:
            return text
        raise QuantityError(f"{text!r} is not known", do=_meant(text, words))

    return read


def _meant(word: str, words: tuple[str, ...]) -> str:
    near = get_close_matches(word, words, 1)
    return f"did you mean {near[0]!r}?" if near else f"it is one of: {', '.join(words)}"


@cache
def _hazards(check: str) -> tuple[str, ...]:
    """Every word that a shipped rule with this check knows."""
    found = (word for name in SHIPPED for rule in rule_set(name).rules.values() if rule.check == check for word in rule.words)
    return tuple(sorted(set(found) - {ORAL}))


def _named(*checks: str) -> BeforeValidator:
    """A list of words that the rules know; an unknown one would be judged by none of them."""

    def read(value: object) -> frozenset[str]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise QuantityError("a list belongs here", do="write it like [epilepsy], and [] for none")
        known = tuple(word for check in checks for word in _hazards(check))
        for word in value:
            _one_of(*known)(word)
        return frozenset(value)

    return BeforeValidator(read)


Age = Annotated[int, reads(_age)]
Yes = Annotated[bool, reads(_yes)]
Clock = Annotated[int, reads(quantity.parse_clock)]
Dose = Annotated[int, reads(_above_nothing(quantity.DOSE.parse))]
DailyDose = Annotated[int, reads(_above_nothing(quantity.DAILY_DOSE.parse))]
OralDose = Annotated[int, reads(quantity.ORAL_DOSE.parse)]
Seconds = Annotated[int, reads(quantity.parse_duration)]


# ---------------------------------------------------------------- the file


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class _TestFile(_Part):
    at: Clock
    dose: Dose
    positive: Yes | None = None
    effect: Seconds | None = None


class _DoseFile(_Part):
    at: Clock
    dose: DailyDose


class _BreakFile(_Part):
    since: Clock
    until: Clock | None = None


class _PersonFile(_Part):
    age: Age | None = None
    origin: Annotated[str, reads(_one_of(*ORIGINS))] = ""
    cause: Annotated[str, reads(_one_of(*CAUSES))] = ""
    injured: Clock | None = None
    very_small: Yes = Field(default=False, alias="very-small")
    too_small: Yes = Field(default=False, alias="too-small-for-the-pump")
    conditions: Annotated[frozenset[str] | None, _named("condition", "no-change")] = None
    medicines: Annotated[frozenset[str] | None, _named("medicine")] = None
    oral_baclofen: OralDose | None = Field(default=None, alias="oral-baclofen")
    catheter: Annotated[str, reads(_one_of(*catheter_names()))] = ""
    phase: Annotated[str, reads(_one_of(*PHASES))] = ""
    effect: Annotated[str, reads(_one_of(*EFFECTS))] = ""
    stable: Yes | None = None
    tests: tuple[_TestFile, ...] | None = Field(default=None, strict=False)
    doses: tuple[_DoseFile, ...] | None = Field(default=None, strict=False)
    breaks: tuple[_BreakFile, ...] = Field(default=(), strict=False)

    def person(self) -> Person:
        """The same as the rules see it."""
        plain = {name: getattr(self, name) for name in ("origin", "cause", "very_small", "too_small", "conditions", "medicines")}
        return Person(
            age_months=self.age,
            injured_us=self.injured,
            oral_baclofen_ng_per_day=self.oral_baclofen,
            catheter=self.catheter,
            phase=self.phase,
            effect=self.effect,
            stable=self.stable,
            tests=None if self.tests is None else tuple(Test(test.at, test.dose, test.positive, test.effect) for test in self.tests),
            doses=None if self.doses is None else tuple(Change(dose.at, dose.dose) for dose in self.doses),
            breaks=tuple(Break(each.since, each.until) for each in self.breaks),
            **plain,
        )


def read_person(path: Path | str) -> PersonDocument:
    """Read a file. Raises PersonFileError for what is in it, UsageError if it cannot be opened."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"the person's file cannot be read: {error.strerror}", where=str(path), do="give the path of a YAML file"
        ) from error
    return parse_person(data, str(path))


def parse_person(data: bytes, path: str = "person") -> PersonDocument:
    """Read the bytes of a file. Raises PersonFileError with every problem found."""
    try:
        tree = load(data, path, _KIND)
    except TherapyFileError as error:
        raise PersonFileError(path, error.problems) from error
    try:
        file = _PersonFile.model_validate(tree.root)
    except ValidationError as error:
        raise PersonFileError(path, tuple(_problem(details, tree) for details in error.errors(include_url=False))) from error
    if problems := tuple(_order_problems(file, tree)):
        raise PersonFileError(path, problems)
    return PersonDocument(path, file.person())


def _problem(details: ErrorDetails, tree: Tree) -> Problem:
    key = str(details["loc"][-1]) if details["loc"] else ""
    cause = details.get("ctx", {}).get("error")
    line = tree.line(details["loc"])
    if isinstance(cause, QuantityError):
        return Problem(line, f"{key}: {cause.what}", cause.do)
    if details["type"] == "missing":
        return Problem(line, f"'{key}' is missing", f"add a line `{key}: ...`")
    if details["type"] == "extra_forbidden" and key[:1].isdigit():
        return Problem(line, f"'{key}' is not a key", 'a number with a comma needs quotes inside braces: dose: "1,100 mcg/day"')
    if details["type"] == "extra_forbidden":
        return Problem(line, f"'{key}' is not a key here", _meant(key, _keys_at(details["loc"])))
    return Problem(
        line, f"'{key}' cannot be read" if key else "the file has no keys", "compare it with the example in docs/how-to/clinic.md"
    )


def _keys_at(loc: Place) -> tuple[str, ...]:
    """The keys that are known where an unknown one stands."""
    parts: dict[str, type[BaseModel]] = {"tests": _TestFile, "doses": _DoseFile, "breaks": _BreakFile}
    model: type[BaseModel] = _PersonFile if len(loc) == 1 else parts[str(loc[0])]
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _order_problems(file: _PersonFile, tree: Tree) -> Iterator[Problem]:
    """Lists of times run forward, and a break ends after it began."""
    for key, parts in (("tests", file.tests or ()), ("doses", file.doses or ())):
        for position in range(1, len(parts)):
            if parts[position].at <= parts[position - 1].at:
                yield Problem(tree.line((key, position, "at")), f"{key} are not in the order of their times", "put the oldest first")
    for position, each in enumerate(file.breaks):
        if each.until is not None and each.until <= each.since:
            yield Problem(tree.line(("breaks", position, "until")), "the break ends before it begins", "correct one of the times")
