"""Scripted learners: files of what somebody does, step by step, who sees and does only what a learner can.

    - do: interrogate
    - if: {seen: mode, is: stopped}
      then:
        - do: start
    - until: sound
      at-most: 2 days
    - wait: 2 h

`seen` looks into what the acts have shown, the newest first: a key, or the way to it with points between.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from hil.errors import LessonFileError, Problem, QuantityError, TherapyFileError, UsageError
from hil.lesson.condition import Span, Wanted, parse_wanted
from hil.lesson.vocabulary import acts, acts_named, arguments_of
from hil.scenario.parts import Part, Text, meant
from hil.scenario.problems import model_problems
from hil.therapy.source import FileKind, Place, Plain, Tree, load

__all__ = ["Do", "If", "Policy", "Seen", "Turn", "Until", "Wait", "act_in", "policy_of", "read_policy"]

KIND = FileKind("a scripted learner", "- do: interrogate")
TURNS_MAX = 500
EVENTS = ("sound", "said", "prompt")
"""What a learner may wait for besides something seen: a sound of the pump, words, a question."""


def _value(value: object) -> object:
    if not isinstance(value, str):
        raise QuantityError("one value belongs here", do="write it like `is: stopped` or `is: at least 2 mL`")
    return parse_wanted(value)


Value = Annotated[Wanted, BeforeValidator(_value), WithJsonSchema({"type": ["string", "number"]})]


class Seen(Part):
    """Whether something was shown: at all, or with such a value."""

    seen: Text = Field(title="a key under 'What acts show', or the way to what is in it: `therapy.daily-dose`; or said, finding, prompt")
    is_: Value | None = Field(
        None, alias="is", title="what it is: a value, `at least X`, `at most X`, `between A and B`; anything if not given"
    )
    in_: Text | None = Field(None, alias="of", title="only as this act showed it")
    contains: Text | None = Field(None, title="words that are somewhere in it")


class Do(Part):
    """An act."""

    do: Text = Field(title="an act of the learner")
    with_: dict[str, Any] = Field(
        {}, alias="with", title="its arguments, as they are typed; `$token` is what was last shown under that name"
    )
    answer: Text | None = Field(None, title="what it must be answered by: done (if not given), refused or any")


class Wait(Part):
    """Time passes."""

    wait: Span = Field(title="how long")


class Until(Part):
    """Time passes until something is seen, while an act is done again and again; or until a sound or words come."""

    until: Any = Field(title="`sound`, `said`, `prompt`, or `{seen: ...}`")
    at_most: Span = Field(alias="at-most", title="how long at most; the learner goes on then")
    by: Text | None = Field(None, title="the act that looks")
    with_: dict[str, Any] = Field({}, alias="with", title="the arguments of that act")
    every: Span | None = Field(None, title="how often it looks")
    seen: Seen | None = Field(None, exclude=True)


class If(Part):
    """What depends on what was seen."""

    condition: Seen = Field(alias="if", title="what must have been seen")
    then: list[Any] = Field([], title="turns, if so")
    else_: list[Any] = Field([], alias="else", title="turns, if not")
    yes: tuple[Turn, ...] = Field((), exclude=True)
    no: tuple[Turn, ...] = Field((), exclude=True)


class Turn(NamedTuple):
    """One entry of the file with its line."""

    place: Place
    line: int
    what: Do | Wait | Until | If

    @property
    def inside(self) -> Iterator[Turn]:
        """Itself, and the turns in it."""
        yield self
        for turn in (*self.what.yes, *self.what.no) if isinstance(self.what, If) else ():
            yield from turn.inside


If.model_rebuild()
_FORMS: dict[str, type[Do | Wait | Until | If]] = {"do": Do, "wait": Wait, "until": Until, "if": If}


class Policy(NamedTuple):
    """A scripted learner's file."""

    path: str
    turns: tuple[Turn, ...]
    tree: Tree

    @property
    def all_turns(self) -> Iterator[Turn]:
        """Those in branches too."""
        for turn in self.turns:
            yield from turn.inside

    def problems(self) -> Iterator[Problem]:
        """Acts and arguments that are none. Lessons do not matter: a scripted learner may meet any."""
        every = acts()
        for turn in self.all_turns:
            name, given, key = act_in(turn.what)
            if not name:
                continue
            line = self.tree.line((*turn.place, key))
            if name not in every:
                yield Problem(
                    line,
                    f"there is no act {name!r}",
                    meant(name, every) if not acts_named(name) else f"it is a group of {', '.join(acts_named(name))}",
                )
                continue
            known = arguments_of(name)
            for argument in given:
                if argument not in known:
                    do = meant(argument, known) if known else "take it away"
                    yield Problem(self.tree.line((*turn.place, "with", argument)), f"{name!r} has no argument {argument!r}", do)


def act_in(what: Do | Wait | Until | If) -> tuple[str, dict[str, Any], str]:
    """The act of a turn, its arguments, and the key that names it; empty where it has none."""
    match what:
        case Do():
            return what.do, what.with_, "do"
        case Until(by=str() as by):
            return by, what.with_, "by"
        case _:
            return "", {}, ""


def read_policy(path: Path) -> Policy:
    """Read a file. Raises LessonFileError, UsageError."""
    try:
        tree = load(path.read_bytes(), str(path), KIND)
    except OSError as error:
        raise UsageError(f"the scripted learner cannot be read: {error.strerror}", where=str(path), do="give a file") from error
    except TherapyFileError as error:
        raise LessonFileError((str(path), problem) for problem in error.problems) from error
    policy, problems = policy_of(tree, str(path))
    if policy is None or problems:
        raise LessonFileError((str(path), problem) for problem in problems)
    return policy


def policy_of(tree: Tree, path: str) -> tuple[Policy | None, list[Problem]]:
    """Read a file: a policy, and what is wrong with it."""
    reader = _Reader(tree)
    root = tree.root
    if not isinstance(root, list):
        return None, [Problem(tree.line(()), "a scripted learner is a list of turns", "begin a line with `- do: interrogate`")]
    turns = reader.turns(root, ())
    return Policy(path, turns, tree), reader.problems


class _Reader:
    """Reads turns, collecting problems."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.problems: list[Problem] = []

    def turns(self, parts: list[Plain], place: Place) -> tuple[Turn, ...]:
        if len(parts) > TURNS_MAX:
            self._note(place, f"there are {len(parts):,} turns, and {TURNS_MAX} are the most", "use `until`")
            return ()
        read = (self._turn(part, (*place, position)) for position, part in enumerate(parts))
        return tuple(turn for turn in read if turn is not None)

    def _turn(self, part: Plain, place: Place) -> Turn | None:
        keys = list(part) if isinstance(part, dict) else []
        words = [word for word in _FORMS if word in keys]
        if len(words) != 1 or not isinstance(part, dict):
            what = f"the turn says both '{words[0]}' and '{words[1]}'" if words else "the turn says nothing to do"
            self._note(place, what, f"begin it with one of {', '.join(_FORMS)}, such as `- do: interrogate`")
            return None
        model = _FORMS[words[0]]
        try:
            read = model.model_validate(part)
        except ValidationError as error:
            self.problems += model_problems(error, model, self._tree, place)
            return None
        return Turn(place, self._tree.line(place), self._whole(read, place))

    def _whole(self, what: Do | Wait | Until | If, place: Place) -> Do | Wait | Until | If:
        """With what it has inside."""
        if isinstance(what, If):
            yes, no = (self.turns(getattr(what, key), (*place, word)) for key, word in (("then", "then"), ("else_", "else")))
            if not what.then and not what.else_:
                self._note(place, "nothing depends on this", "add `then` or `else` with turns below it")
            return what.model_copy(update={"yes": yes, "no": no})
        if isinstance(what, Until):
            return what.model_copy(update={"seen": self._until(what, place)})
        return what

    def _until(self, what: Until, place: Place) -> Seen | None:
        if isinstance(what.until, str):
            if what.until not in EVENTS:
                self._note((*place, "until"), f"nobody can wait for {what.until!r}", meant(what.until, [*EVENTS, "seen"]))
            return None
        try:
            seen = Seen.model_validate(what.until)
        except ValidationError as error:
            self.problems += model_problems(error, Seen, self._tree, (*place, "until"))
            return None
        if what.by is None or what.every is None:
            self._note(place, "somebody must look", "add `by: ACT` and `every: 1 h`")
        return seen

    def _note(self, place: Place, what: str, do: str) -> None:
        self.problems.append(Problem(self._tree.line(place), what, do))
