"""Plans of campaigns: YAML in, a `Plan` out. Every problem of a file is told at once, each at its line; a wrong file runs no case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib.resources import files
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, TypeVar

from firmware_sim.errors import ProfileError
from firmware_sim.profile import load_profile
from hil.campaign.cases import Case, Value
from hil.campaign.engines import ENGINES, STORIES
from hil.campaign.parameters import DISTRIBUTIONS, Distribution, nearest, setting_named, value_of
from hil.errors import PlanFileError, Problem, QuantityError, TherapyFileError, UsageError
from hil.fleet.settings import Setting
from hil.therapy.source import FileKind, Place, Plain, Tree, load

__all__ = ["Plan", "parse_plan", "plan_named", "shipped_plans"]

KIND = FileKind("a plan", "name: alarm-at-4-ml")
CASES_MAX = 100_000_000
YEARS_MAX = 50
SEED_MAX = 2**63
POINTS_MAX = 1_000
LABEL_CHARS_MAX = 100
_KEYS = ("name", "about", "engine", "story", "runs", "years", "seed", "profile", "rates", "set", "grid", "draw")
_NEEDED = ("name", "runs", "years")
_T = TypeVar("_T")


class Plan:
    """A plan that has been read. `points` are the grid's points in the order of the file, the last key fastest."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.name = ""
        self.about = ""
        self.engine = "fleet"
        self.story = "life"
        self.runs = 0
        self.years = 0
        self.seed = 1
        self.profile = "itp-40"
        self.fixed: dict[str, Value] = {}
        self.grid: dict[str, tuple[Value, ...]] = {}
        self.drawn: dict[str, Distribution] = {}

    @cached_property
    def points(self) -> tuple[dict[str, Value], ...]:
        """What is otherwise at each point of the grid; one empty point without a grid."""
        return tuple(dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values()))

    @property
    def size(self) -> int:
        """Cases."""
        return self.runs * len(self.points)

    def cases(self, low: int, high: int) -> list[Case]:
        """Those from index `low` up to `high`."""
        import numpy as np

        from hil.campaign.seeds import seed_words

        indices = range(low, min(high, self.size))
        seeds = seed_words(self.seed, np.array([index % self.runs for index in indices], np.int64))
        return [self._case(index, int(seed)) for index, seed in zip(indices, seeds, strict=True)]

    def _case(self, index: int, seed: int) -> Case:
        point, run = divmod(index, self.runs)
        drawn = {name: distribution.draw(seed) for name, distribution in self.drawn.items()}
        return Case(index, point, run, seed, {**self.fixed, **drawn, **self.points[point]})

    @property
    def plain(self) -> dict[str, Any]:
        """What the results hang on: a plan that differs in none of it is the same plan."""
        drawn = {name: [each.shape, *each.arguments] for name, each in self.drawn.items()}
        grid = {name: list(values) for name, values in self.grid.items()}
        head = {key: getattr(self, key) for key in ("name", "engine", "story", "runs", "years", "seed", "profile")}
        return {**head, "set": self.fixed, "grid": grid, "draw": drawn}

    @property
    def digest(self) -> str:
        """SHA-256 over `plain`."""
        return hashlib.sha256(json.dumps(self.plain, sort_keys=True).encode()).hexdigest()


def shipped_plans() -> dict[str, bytes]:
    """Plans that ship, by name."""
    folder = files("hil.campaign") / "plans"
    found = (
        sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name) if folder.is_dir() else []
    )
    return {each.name.removesuffix(".yaml"): each.read_bytes() for each in found}


def plan_named(name: str) -> Plan:
    """A file by its path, or a plan that ships by its name. Raises PlanFileError, or UsageError if there is none."""
    path = Path(name)
    if not path.suffix and not path.exists():
        shipped = shipped_plans()
        if name in shipped:
            return parse_plan(shipped[name], f"{name}.yaml")
        raise UsageError("there is no such plan", where=name, do=f"{nearest(name, shipped)}; a file of your own ends in .yaml")
    try:
        return parse_plan(path.read_bytes(), name)
    except OSError as error:
        raise UsageError(f"the plan cannot be read: {error.strerror}", where=name, do="see `pumpsim campaign plans`") from None


def parse_plan(data: bytes, path: str = "plan.yaml") -> Plan:
    """Read the bytes of a file; `path` names it. Raises PlanFileError."""
    try:
        tree = load(data, path, KIND)
    except TherapyFileError as error:
        raise PlanFileError(path, error.problems) from None
    reader = _Reader(tree, Plan(path, data))
    reader.read()
    if reader.problems:
        raise PlanFileError(path, tuple(dict.fromkeys(reader.problems)))
    return reader.plan


class _Reader:
    """Fills a plan, collecting problems."""

    def __init__(self, tree: Tree, plan: Plan) -> None:
        self._tree = tree
        self.plan = plan
        self.problems: list[Problem] = []

    def read(self) -> None:
        root = self._tree.root
        if not isinstance(root, dict):
            self._note((), "the file has no keys", "begin with a line such as `name: alarm-at-4-ml`")
            return
        for key in root:
            if key not in _KEYS:
                self._note((key,), f"{key!r} is not a key here", nearest(key, _KEYS))
        for key in _NEEDED:
            if key not in root:
                self._note((), f"'{key}' is missing", f"add a line `{key}: ...`")
        self._head(root)
        self._settings(root)
        if not self.problems and self.plan.size > CASES_MAX:
            self._note(("runs",), f"there are {self.plan.size:,} cases, and {CASES_MAX:,} are the most", "take fewer runs or points")

    def _head(self, root: dict[str, Plain]) -> None:
        plan = self.plan
        plan.name = self._value(root, "name", _label, "")
        plan.about = self._value(root, "about", str, "")
        plan.engine = self._value(root, "engine", _one_of(ENGINES), plan.engine)
        plan.story = self._value(root, "story", _one_of(STORIES), plan.story)
        plan.runs = self._value(root, "runs", _count(1, CASES_MAX), 1)
        plan.years = self._value(root, "years", _count(1, YEARS_MAX), 1)
        plan.seed = self._value(root, "seed", _count(0, SEED_MAX), plan.seed)
        plan.profile = self._value(root, "profile", _profile, plan.profile)
        if plan.engine != "pump" and plan.story != "life":
            self._note(("story",), f"the engine {plan.engine} knows no story {plan.story!r}", "write `engine: pump`")

    def _settings(self, root: dict[str, Plain]) -> None:
        plan = self.plan
        if "rates" in root:
            self._setting(("rates",), root["rates"], _one, plan.fixed)
        self._each(root, "set", _one, plan.fixed)
        self._each(root, "grid", _several, plan.grid)
        self._each(root, "draw", _distribution, plan.drawn)
        if not self.problems and prod(len(values) for values in plan.grid.values()) > POINTS_MAX:
            self._note(("grid",), f"the grid has more than {POINTS_MAX:,} points", "take fewer values")

    def _each(self, root: dict[str, Plain], key: str, read: Callable[[Setting, Plain], _T], into: dict[str, _T]) -> None:
        """Read the settings below a key; a setting has its value from one place."""
        part = root.get(key, {}) or {}
        if not isinstance(part, dict):
            self._note((key,), f"'{key}' has no settings", "write them below it, such as `low-reservoir-alarm: 2 mL`")
            return
        for name, value in part.items():
            self._setting((key, name), value, read, into)

    def _setting(self, place: Place, value: Plain, read: Callable[[Setting, Plain], _T], into: dict[str, _T]) -> None:
        name = str(place[-1])
        try:
            if name in {**self.plan.fixed, **self.plan.grid, **self.plan.drawn}:
                raise QuantityError("it has a value already", do="say it in one place: rates, set, grid or draw")
            into[name] = read(setting_named(name), value)
        except QuantityError as error:
            self._wrong(place, error)

    def _value(self, root: dict[str, Plain], key: str, read: Callable[[str], _T], default: _T) -> _T:
        """One value of the head; the default where it is missing or wrong."""
        text = root.get(key)
        if text is None:
            return default
        try:
            return read(_text(text))
        except QuantityError as error:
            self._wrong((key,), error)
            return default

    def _wrong(self, place: Place, error: QuantityError) -> None:
        self._note(place, f"{place[-1]}: {error.what}", error.do)

    def _note(self, place: Place, what: str, do: str) -> None:
        self.problems.append(Problem(self._tree.line(place), what, do))


def _text(part: Plain) -> str:
    """One value. Raises QuantityError for a list or a mapping."""
    if not isinstance(part, str) or not part.strip():
        raise QuantityError("one value belongs here", do="write it after the colon")
    return " ".join(part.split())


def _one_of(words: Iterable[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise QuantityError(f"{text!r} is not known", do=nearest(text, words))
        return text

    return read


def _label(text: str) -> str:
    if len(text) > LABEL_CHARS_MAX or not text.isprintable():
        raise QuantityError(f"{text[:LABEL_CHARS_MAX]!r} is no name", do="use a few plain words")
    return text


def _count(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        digits = text.replace(",", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(high)) and low <= int(digits) <= high):
            raise QuantityError(f"{text!r} is not a whole number from {low:,} to {high:,}", do="write one such as 2000")
        return int(digits)

    return read


def _profile(text: str) -> str:
    """The name of a pump that ships, or the path of a file of one's own."""
    try:
        load_profile(text)
    except ProfileError as error:
        raise QuantityError(str(error)) from None
    return text


def _one(setting: Setting, part: Plain) -> Value:
    return value_of(setting, _text(part))


def _several(setting: Setting, part: Plain) -> tuple[Value, ...]:
    """The values that a grid has of a setting."""
    if not isinstance(part, list) or not part:
        raise QuantityError("a grid has a list of values", do="write it like [2 mL, 4 mL]")
    values = tuple(_one(setting, each) for each in part)
    if len(set(values)) < len(values):
        raise QuantityError("a value comes twice", do="take one away")
    return values


def _distribution(setting: Setting, part: Plain) -> Distribution:
    """`normal: [0 %, 3 %]`."""
    if not isinstance(part, dict) or len(part) != 1:
        raise QuantityError("one distribution belongs below it", do=f"write one of: {', '.join(DISTRIBUTIONS)}")
    ((word, arguments),) = part.items()
    if word not in DISTRIBUTIONS:
        raise QuantityError(f"{word!r} is no distribution", do=nearest(word, DISTRIBUTIONS))
    shape = DISTRIBUTIONS[word]
    if not isinstance(arguments, list) or not arguments or (shape.takes_count and len(arguments) != shape.takes_count):
        raise QuantityError(f"{word!r} takes a list", do=f"write {word}: {shape.takes}")
    if shape.takes_count and setting.kind == "choice":
        raise QuantityError(f"{setting.name} is a word", do="draw it by one-of")
    return Distribution(setting, word, tuple(_one(setting, each) for each in arguments))
