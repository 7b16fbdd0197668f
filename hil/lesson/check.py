"""What a lesson's files say together: names that exist, words for every id, items that can be met, handlers that can come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, cast

from firmware_sim.plant.patient.preset import preset_names, sensitivity_names
from hil.errors import Problem, QuantityError
from hil.lesson.condition import START, Condition
from hil.lesson.curriculum import curriculum
from hil.lesson.head import Critical, Item, LessonHead
from hil.lesson.lesson import Reaction
from hil.lesson.policy import Policy, act_in
from hil.lesson.reach import reach_problems, value_problem
from hil.lesson.texts import PARTS, Texts, keys_in
from hil.lesson.vocabulary import acts, acts_named, arguments_of, facts, groups
from hil.scenario.acts import Advance, Listen
from hil.scenario.checking import meaning_problems
from hil.scenario.parts import meant
from hil.scenario.problems import problem_at
from hil.scenario.script import Scenario
from hil.scenario.therapies import therapy_named
from hil.therapy.source import Place, Tree

if TYPE_CHECKING:
    from hil.lesson.head import Handler

__all__ = ["lesson_problems", "policy_problems", "texts_problems", "translation_problems"]


SLIP = 0.85
"""How like a name must be to be taken for a slip of the finger; what is less like it may mean another of its family."""


def lesson_problems(scenario: Scenario, reactions: Sequence[Reaction]) -> Iterator[Problem]:
    """All of lesson.yaml."""
    yield from meaning_problems(replace(scenario, steps=(*scenario.steps, *(step for each in reactions for step in each.steps))))
    for each in reactions:
        yield from _timeless(scenario, each)
    yield from _Names(scenario).problems()
    yield from reach_problems(scenario)


def policy_problems(policy: Policy, scenario: Scenario) -> Iterator[Problem]:
    """What a lesson's own scripted learner cannot choose: a word that the act does not offer, a diagnosis that the lesson has not."""
    diagnoses = cast(LessonHead, scenario.head).diagnoses
    for turn in policy.all_turns:
        name, given, _ = act_in(turn.what)
        if name not in acts() or getattr(turn.what, "answer", None) in ("refused", "any"):
            continue
        for key, value in given.items():
            found = value_problem(name, key, value)
            if (name, key) == ("think", "diagnosis") and value not in diagnoses:
                found = f"diagnosis: lesson.yaml has no {value!r}", meant(str(value), diagnoses) if diagnoses else "add `diagnoses` to it"
            if found is not None:
                yield Problem(policy.tree.line((*turn.place, "with", key)), *found)


def _timeless(scenario: Scenario, reaction: Reaction) -> Iterator[Problem]:
    """What a handler does is done at once: its time is the handler's own, and time is not its to let pass."""
    for step in (inner for each in reaction.steps for inner in each.inside):
        line = scenario.line((*step.place, step.word))
        if isinstance(step.act, Advance | Listen):
            yield Problem(line, f"'{step.word}' lets time pass, and a handler happens at once", "write a second handler with a later `at`")
        for key in ("at", "after", "when"):
            if getattr(step.timing, key) is not None:
                yield Problem(scenario.line((*step.place, key)), f"'{key}' has no place in a handler", "give the handler itself a time")


class _Names:
    """Every name in lesson.yaml that must be another's."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._head = cast(LessonHead, scenario.head)
        self._items = [item.id for item in self._head.checklist]
        self._acts = list(acts())

    def problems(self) -> Iterator[Problem]:
        head = self._head
        yield from self._ids("checklist", head.checklist)
        yield from self._ids("critical", head.critical)
        for position, item in enumerate(head.checklist):
            yield from self._condition(item, ("checklist", position), own=item.id)
        for position, error in enumerate(head.critical):
            yield from self._critical(error, ("critical", position))
        for position, handler in enumerate(head.then):
            yield from self._handler(handler, ("then", position))
        if head.ends.when is not None:
            yield from self._condition(head.ends.when, ("ends", "when"))
        yield from self._each("allowed", head.allowed, [*groups(), *self._acts])
        yield from self._diagnoses()
        yield from self._each("covers", head.covers, list(curriculum()))
        yield from self._patient()
        yield from self._intended()
        yield from self._reviewed()

    # -- conditions ------------------------------------------------------------------------------------------------------

    def _condition(self, condition: Condition, place: Place, own: str = "") -> Iterator[Problem]:
        known = {
            "did": [*self._acts, *groups()],
            "knew": facts(),
            "fact": facts(),
            "gone": facts(),
            "never": facts(),
            "thought": ["right", *self._head.diagnoses],
        }[condition.kind]
        for name in condition.names:
            if name not in known:
                yield self._say((*place, condition.kind), *self._no_such(condition.kind, name, known))
        if condition.kind == "did":
            yield from self._arguments(condition, place)
        others = [item for item in self._items if item != own]
        for key, allowed in (("since", [START, *others, *facts()]), ("after", others), ("before", [*others, *self._acts])):
            name = getattr(condition, key)
            if name is not None and name not in allowed:
                what = f"{key}: it names itself" if name == own else f"{key}: there is no {_ANCHORS[key]} {name!r}"
                yield self._say((*place, key), what, meant(name, allowed))
        if condition.at is not None and condition.within is not None:
            yield self._say((*place, "within"), "'within' and 'at: end' exclude each other", "keep one of them")

    def _no_such(self, kind: str, name: str, known: Sequence[str]) -> tuple[str, str]:
        """What to write in the place of a name that is none."""
        what = f"there is no {_NOUNS[kind]} {name!r}"
        if kind not in ("did", "thought") and acts_named(name):
            do = f"a critical error is written `did: {name}`" if kind in ("never", "fact") else f"write `did: {name}`"
            return f"{name!r} is an act and no fact", do
        if kind == "did" and name in facts():
            return f"{name!r} is a fact and no act", f"write `fact: {name}`, or `knew: {name}` if the learner should find it out"
        family = name.split("-", maxsplit=1)[0]
        kin = [each for each in known if each.split("-", maxsplit=1)[0] == family]
        slip = get_close_matches(name, known, 1, cutoff=SLIP)
        return what, meant(name, known) if slip or len(kin) <= 1 else f"near it are {', '.join(kin)}; {_REFERENCE}"

    def _arguments(self, condition: Condition, place: Place) -> Iterator[Problem]:
        done = [act for name in condition.names for act in acts_named(name)]
        known = sorted({argument for act in done for argument in arguments_of(act)})
        for name in condition.with_ or ():
            if done and name.split(".")[0] not in known:
                do = meant(name, known) if known else "take it away"
                yield self._say((*place, "with", name), f"{' and '.join(condition.names)} has no argument {name!r}", do)

    def _critical(self, error: Critical, place: Place) -> Iterator[Problem]:
        if error.missed is None:
            yield from self._condition(error, place)
        elif error.missed not in self._items:
            yield self._say((*place, "missed"), f"missed: there is no item {error.missed!r}", meant(error.missed, self._items))

    def _handler(self, handler: Handler, place: Place) -> Iterator[Problem]:
        if handler.when is not None:
            yield from self._condition(handler.when, (*place, "when"))
        if handler.at is not None and handler.at > self._head.ends.after:
            yield self._say((*place, "at"), "the lesson is over by then", "give an earlier time, or a later `ends`")

    # -- the rest --------------------------------------------------------------------------------------------------------

    def _ids(self, key: str, parts: Sequence[Item | Critical]) -> Iterator[Problem]:
        taken = {**dict.fromkeys(facts(), "fact"), **dict.fromkeys(self._acts, "act"), START: "word"}
        if key == "critical":
            taken |= dict.fromkeys(self._items, "item")
        seen: set[str] = set()
        for position, part in enumerate(parts):
            place: Place = (key, position, "id")
            if part.id in seen:
                yield self._say(place, f"id: {part.id!r} is here a second time", "give each its own id")
            if part.id in taken:
                yield self._say(place, f"id: {part.id!r} is the name of {_article(taken[part.id])}", "take another id")
            seen.add(part.id)
        if key == "checklist" and not parts:
            yield self._say((key,), "the checklist is empty", "add at least one item")

    def _each(self, key: str, names: Iterable[str], known: Sequence[str]) -> Iterator[Problem]:
        for position, name in enumerate(names):
            if key == "allowed" and name == "all":
                yield self._say((key, position), "allowed: 'all' is no act", "take `allowed` away: without it every act is allowed")
            elif name not in known:
                yield self._say((key, position), f"{key}: there is no {_NOUNS[key]} {name!r}", meant(name, known))

    def _diagnoses(self) -> Iterator[Problem]:
        head = self._head
        yield from self._each("right", head.right, head.diagnoses)
        if head.diagnoses and not head.right:
            yield self._say(("diagnoses",), "none of the diagnoses is right", "add `right` with one of them")
        for position, name in enumerate(head.diagnoses):
            if name == "right" or name in head.diagnoses[:position]:
                yield self._say(("diagnoses", position), f"diagnoses: {name!r} cannot be an id here", "give each its own id")

    def _patient(self) -> Iterator[Problem]:
        patient = self._head.patient
        for key, name, known in (("model", patient.model, _presets()), ("sensitivity", patient.sensitivity, _sensitivities())):
            if name not in known:
                yield self._say(("patient", key), f"{key}: there is no {_NOUNS[key]} {name!r}", meant(name, known))

    def _intended(self) -> Iterator[Problem]:
        name = self._head.intended
        if name is not None:
            try:
                therapy_named(name, self._scenario.therapies, self._scenario.path)
            except QuantityError as error:
                yield problem_at(self._scenario.tree, ("intended",), error)

    def _reviewed(self) -> Iterator[Problem]:
        for key, text in (("clinically-reviewed", self._head.reviewed), ("piloted", self._head.piloted)):
            if text.lower() in ("no", "none", "not yet", "never", "yes"):
                yield self._say((key,), f"{key}: {text!r} does not say by whom and when", "write `none yet`, or a name and a date")

    def _say(self, place: Place, what: str, do: str) -> Problem:
        return Problem(self._scenario.line(place), what, do)


@cache
def _presets() -> tuple[str, ...]:
    return tuple(preset_names())


@cache
def _sensitivities() -> tuple[str, ...]:
    return tuple(sensitivity_names())


_NOUNS = {
    "did": "act or group of acts",
    "knew": "fact",
    "fact": "fact",
    "gone": "fact",
    "never": "fact",
    "thought": "diagnosis",
    "allowed": "act or group of acts",
    "right": "diagnosis",
    "covers": "item of the curriculum",
    "model": "patient",
    "sensitivity": "sensitivity",
}
_REFERENCE = "docs/reference/lesson-reference.md has them all"
_ANCHORS = {"since": "item or fact", "after": "item", "before": "item or act"}


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


# ---------------------------------------------------------------- words


def texts_problems(scenario: Scenario, texts: Texts, tree: Tree) -> Iterator[Problem]:
    """Each id has its words, and there are no others."""
    head = cast(LessonHead, scenario.head)
    wanted = {
        "checklist": [item.id for item in head.checklist],
        "critical": [error.id for error in head.critical],
        "diagnoses": list(head.diagnoses),
        "tell": [handler.tell for handler in head.then if handler.tell is not None],
        "say": [step.timing.say for step in scenario.all_steps if step.timing.say is not None],
    }
    for part in PARTS:
        given = getattr(texts, part)
        for name in dict.fromkeys(wanted[part]):
            if name not in given:
                yield Problem(tree.line((part,)), f"{part}: there are no words for {name!r}", f"add it below `{part}:`")
        for name in given:
            if name not in wanted[part]:
                do = meant(name, wanted[part]) if wanted[part] else "take it away"
                yield Problem(tree.line((part, name)), f"{part}: lesson.yaml has no {name!r}", do)


def translation_problems(tree: Tree, original: Tree, name: str) -> Iterator[Problem]:
    """A translation has the keys of the original, and as many texts in each list."""
    own, others = set(keys_in(tree.root)), set(keys_in(original.root))
    for place in sorted(others - own):
        yield Problem(
            tree.line(_numbered(place)), f"{'.'.join(place)} is not translated", f"{name} has it at line {original.line(_numbered(place))}"
        )
    for place in sorted(own - others):
        yield Problem(tree.line(_numbered(place)), f"{'.'.join(place)} is not in {name}", "take it away, or add it there")


def _numbered(place: tuple[str, ...]) -> Place:
    return tuple(int(part) - 1 if part.isdigit() else part for part in place)
