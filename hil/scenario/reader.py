"""Scenario files: YAML in, a `Scenario` out. Every problem of a file is told at once, each at its line; a wrong file runs no step.

Three passes that build on one another: YAML (`hil.therapy.source`, as for therapy files), keys and values, what they say together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hil.errors import Problem, QuantityError, ScenarioFileError, TherapyFileError, UsageError
from hil.scenario.acts import ACTS, Act, Expect, Inject, Steps
from hil.scenario.checking import meaning_problems
from hil.scenario.claim import Claim, parse_claim
from hil.scenario.fault_values import FaultValue, known_fault, value_for, values_judged
from hil.scenario.head import NEW, Head, Timing
from hil.scenario.parts import meant
from hil.scenario.problems import COMMA, keys_of, model_problems, problem_at
from hil.scenario.script import Scenario, Step
from hil.scenario.states import States
from hil.scenario.therapies import therapies_of
from hil.therapy.source import FileKind, Place, Plain, Tree, load

__all__ = ["StepReader", "parse_scenario", "read_scenario"]

KIND = FileKind("a scenario", "title: Pocket fill")
STEPS_MAX = 1_000
REPEAT, STEPS = "repeat", "steps"
_TIMING = keys_of(Timing)
_M = TypeVar("_M", bound=BaseModel)


def read_scenario(path: Path | str) -> Scenario:
    """Read a file. Raises ScenarioFileError for what is in it, UsageError if it cannot be opened."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"the scenario cannot be read: {error.strerror}", where=str(path), do="give a name of --list, or a file's path"
        ) from error
    return parse_scenario(data, str(path))


def parse_scenario(data: bytes, path: str = "scenario.yaml", head_model: type[Head] = Head) -> Scenario:
    """Read the bytes of a file; `path` names it, and files beside it are found from there. Raises ScenarioFileError.

    `head_model` is what may stand above the steps: whoever needs more keys there derives from `Head`.
    """
    try:
        tree = load(data, path, KIND)
    except TherapyFileError as error:
        raise ScenarioFileError(path, error.problems) from error
    reader = StepReader(tree)
    head = reader.head(head_model)
    steps = reader.steps(tree.root.get(STEPS) if isinstance(tree.root, dict) else None, ("steps",))
    therapies, problems = therapies_of(tree, path)
    reader.problems += problems
    if reader.problems or head is None:
        raise ScenarioFileError(path, tuple(dict.fromkeys(reader.problems)))
    scenario = Scenario(path, data, tree, head, steps, therapies)
    problems = list(meaning_problems(scenario))
    if problems:
        raise ScenarioFileError(path, tuple(dict.fromkeys(problems)))
    return scenario


class StepReader:
    """Reads head and steps, collecting problems. A lesson has steps in more places than one."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.problems: list[Problem] = []

    def head(self, model: type[Head]) -> Head | None:
        root: object = self._tree.root
        if isinstance(root, dict):
            variants = root.get("variants")
            opened = {name: _begun(each) for name, each in variants.items()} if isinstance(variants, dict) else variants
            root = {**_begun(root), **({"variants": opened} if "variants" in root else {})}
        return self._read(model, root, ())

    def steps(self, parts: object, place: Place) -> tuple[Step, ...]:
        """The steps of a list, those that can be read."""
        if not isinstance(parts, list) or not parts:
            if parts is not None:
                self._note(place, "'steps' is not a list of steps", "write them below, each begun with a dash: `- advance: 8 h`")
            return ()
        if len(parts) > STEPS_MAX:
            self._note(place, f"there are {len(parts):,} steps, and {STEPS_MAX:,} are the most", "use `repeat`")
            return ()
        read = (self._step(part, (*place, position)) for position, part in enumerate(parts))
        return tuple(step for step in read if step is not None)

    def _step(self, part: Plain, place: Place) -> Step | None:
        step: dict[str, Plain] = {part: ""} if isinstance(part, str) else dict(part) if isinstance(part, dict) else {}
        words = [key for key in step if key in ACTS and not (key == STEPS and REPEAT in step)]
        unknown = [key for key in step if key not in ACTS and key not in _TIMING]
        for key in unknown:
            inside = next((word for word in words if key in keys_of(ACTS[word])), "")
            do = COMMA if key[:1].isdigit() else f"indent it: it belongs below `{inside}:`" if inside else meant(key, [*ACTS, *_TIMING])
            self._note((*place, key) if isinstance(part, dict) else place, f"'{key}' is no word that a step may have", do)
        if len(words) != 1:
            if not unknown:
                what = f"the step says both '{words[0]}' and '{words[1]}'" if words else "the step says nothing to do"
                self._note(place, what, "write one act in each step, such as `- advance: 8 h`")
            return None
        word = words[0]
        timing = self._read(Timing, {key: value for key, value in step.items() if key in _TIMING}, place)
        act = Steps() if word == STEPS else self._act(word, step[word], (*place, word))
        inner = self.steps(step.get(STEPS), (*place, STEPS)) if word in (REPEAT, STEPS) else ()
        if word == REPEAT and STEPS not in step:
            self._note(place, "'repeat' has no steps", "add `steps:` beside it, with a list below")
        return None if timing is None or act is None else Step(place, word, act, timing, inner)

    def _act(self, word: str, value: Plain, place: Place) -> Act | None:
        model = ACTS[word]
        if model is Expect:
            return self._expect(value, place)
        if model is Inject:
            return self._inject(value, place)
        content = _content(model, value)
        if content is None:
            self._note(place, *_misshapen(word, model, value))
            return None
        return self._read(model, content, place)

    def _expect(self, value: Plain, place: Place) -> Expect | None:
        parts: list[Plain] = value if isinstance(value, list) else [] if value == "" else [value]
        items: list[tuple[int, Claim | States]] = []
        for position, part in enumerate(parts):
            at = (*place, position) if isinstance(value, list) else place
            if isinstance(part, str):
                try:
                    items.append((position, parse_claim(part)))
                except QuantityError as error:
                    self.problems.append(problem_at(self._tree, at, error))
            elif isinstance(part, dict) and (states := self._read(States, part, at)) is not None:
                items.append((position, states))
        if not parts:
            self._note(place, "'expect' stands alone", "write sentences below it, such as `- drug given is above 500 mcg`")
            return None
        return Expect(items=tuple(items))

    def _inject(self, value: Plain, place: Place) -> Inject | None:
        content = {"fault": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
        known = keys_of(Inject)
        own = {key: content.pop(key) for key in list(content) if key not in known}
        inject = self._read(Inject, content, place)
        if inject is None:
            return None
        values: list[FaultValue] = []
        at: Place = place if isinstance(value, str) else (*place, "fault")
        try:
            known_fault(inject.fault)
            for key, text in own.items():
                at = (*place, key)
                if not isinstance(text, str):
                    raise QuantityError("a list or a mapping stands where one value belongs", do="write one value after the colon")
                values.append(value_for(inject.fault, key, text))
            at = place
            values_judged(inject.fault, tuple(values))
        except QuantityError as error:
            self.problems.append(problem_at(self._tree, at, error))
            return None
        return inject.model_copy(update={"values": tuple(values)})

    def _read(self, model: type[_M], content: object, place: Place) -> _M | None:
        try:
            return model.model_validate(content)
        except ValidationError as error:
            self.problems += model_problems(error, model, self._tree, place)
        return None

    def _note(self, place: Place, what: str, do: str) -> None:
        self.problems.append(Problem(self._tree.line(place), what, do))


def _misshapen(word: str, model: type[Act], value: Plain) -> tuple[str, str]:
    """What is wrong with an act that can be read neither from one value nor from its keys, and what to do."""
    keys = keys_of(model)
    if not keys:
        return f"'{word}' takes nothing behind it", "leave it empty"
    needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    what = f"'{word}' takes keys below it, not one value" if value else f"'{word}' stands alone"
    return what, f"write {', '.join(f'`{key}: ...`' for key in needed or keys)} below it"


def _content(model: type[Act], value: Plain) -> Plain | None:
    """What an act's model is read from: its keys, or the one that a single value stands for."""
    if isinstance(value, dict):
        return value
    if value == "":
        return {} if model.bare else None
    return {model.shorthand: value} if model.shorthand else None


def _begun(part: Plain) -> Any:
    """A head or a variant with its beginning as a mapping: `new` is the same as nothing, a single word the therapy that the pump runs."""
    if part == "":
        return {}
    if not isinstance(part, dict) or not isinstance(part.get("begin"), str):
        return part
    return {**part, "begin": None if part["begin"] == NEW else {"running": part["begin"]}}
