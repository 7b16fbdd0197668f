"""What a scenario says together: names that exist, units that fit, therapies that the pump takes, times that do not run backwards."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from firmware_sim.errors import PumpError
from firmware_sim.profile.folder import is_path
from hil.errors import Problem, QuantityError, TherapyRefused
from hil.scenario.acts import Advance, Clear, Expect, Inject, Listen, Measure, Refill, Repeat, Steps, TellRefill, Update
from hil.scenario.amount import TIME, Dimension
from hil.scenario.claim import Claim
from hil.scenario.fault_values import FaultValue
from hil.scenario.formula import Formula, dimension_of, names_in
from hil.scenario.parts import meant
from hil.scenario.problems import problem_at
from hil.scenario.quantities import QUANTITIES
from hil.scenario.script import Cast, Scenario, Step
from hil.scenario.states import States
from hil.scenario.therapies import therapy_named
from hil.therapy.source import Place

if TYPE_CHECKING:
    from pydantic import BaseModel

    from protocol.messages import Identity

__all__ = ["identity_for", "meaning_problems", "pump_named"]

IDENTITIES_MAX = 16
"""Profiles that ship, some with another catheter: none of them changes while we run."""


def pump_named(scenario: Scenario, cast: Cast) -> str:
    """The profile of a run; a file is looked for beside the scenario."""
    return str(Path(scenario.path).parent / cast.pump) if is_path(cast.pump) else cast.pump


def identity_for(profile: str, catheter: str = "") -> Identity:
    """What a pump of this profile tells of itself. Raises PumpError."""
    return _identity(profile, catheter) if is_path(profile) else _shipped_identity(profile, catheter)


@lru_cache(maxsize=IDENTITIES_MAX)
def _shipped_identity(profile: str, catheter: str) -> Identity:
    return _identity(profile, catheter)


def _identity(profile: str, catheter: str) -> Identity:
    from firmware_sim.pump import Pump
    from hil.belief_on_wire import identity_of

    pump = Pump(profile, catheter=catheter) if catheter else Pump(profile)
    return identity_of(pump.brief(), pump.profile, pump.serial, pump.calibration_ppm)


def meaning_problems(scenario: Scenario) -> Iterator[Problem]:
    """All of them."""
    names = _Names(scenario)
    yield from names.of_words()
    for step in scenario.all_steps:
        yield from names.of_step(step)
    yield from _clears(scenario)
    yield from _variants(scenario)
    yield from _times(scenario)
    yield from _wire_only(scenario)
    yield from _therapies(scenario)


# ---------------------------------------------------------------- formulas


class _Names:
    """What formulas may name, and what each comes to. A word stands for its formula, a measured name for its value's."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._formulas: dict[str, Formula] = dict(scenario.head.words)
        for cast in scenario.casts:
            self._formulas = {**cast.words, **self._formulas}
        self._measured = {step.act.name: step.act.value for step in scenario.all_steps if isinstance(step.act, Measure)}
        self._seen: set[str] = set()
        self.dimensions: dict[str, Dimension] = {name: row.dimension for name, row in QUANTITIES.items()}

    def of_words(self) -> Iterator[Problem]:
        """Words of the file, and those of its variants."""
        head = self._scenario.head
        places: dict[Place, Formula] = {("words", name): formula for name, formula in head.words.items()}
        places |= {("variants", one, "words", name): word for one, variant in head.variants.items() for name, word in variant.words.items()}
        for name in self._formulas | self._measured:
            self._settle(name, ())
        for place, formula in places.items():
            name = str(place[-1])
            if name in QUANTITIES:
                yield Problem(self._scenario.line(place), f"{name!r} is a quantity already", "take another name")
            yield from self._check(formula, place, self.dimensions.get(name))
        for step in self._scenario.all_steps:
            if isinstance(step.act, Measure) and (step.act.name in QUANTITIES or step.act.name in self._formulas):
                yield Problem(
                    self._scenario.line((*step.place, step.word, "name")), f"{step.act.name!r} has a meaning already", "take another name"
                )

    def _settle(self, name: str, behind: tuple[str, ...]) -> None:
        """Find what a name comes to; one that needs itself, or that cannot be worked out, stays unknown."""
        formula = self._formulas.get(name) or self._measured.get(name)
        if formula is None or name in self.dimensions or name in behind:
            return
        for inner in names_in(formula.node):
            self._settle(inner, (*behind, name))
        try:
            self.dimensions[name] = dimension_of(formula.node, self.dimensions)
        except QuantityError:
            return

    def of_step(self, step: Step) -> Iterator[Problem]:
        """Formulas of a step."""
        for key, formula in step.timing.formulas:
            yield from self._check(formula, (*step.place, key))
        place = (*step.place, step.word)
        for at, formula in _formulas_in(step.act, place):
            yield from self._check(formula, at)
        if isinstance(step.act, Expect):
            for position, item in step.act.items:
                yield from self._claim(item, (*place, position))
        if isinstance(step.act, Measure):
            yield from self._limits(step.act, place)
            self._seen.add(step.act.name)

    def _claim(self, item: Claim | States, place: Place) -> Iterator[Problem]:
        if isinstance(item, States):
            for formula in item.formulas:
                yield from self._check(formula, (*place, "log"))
            return
        unmeasured = [problem for formula in item.formulas for problem in self._unmeasured(formula, place)]
        try:
            item.check(self.dimensions)
        except QuantityError as error:
            unmeasured.append(self._say(place, error))
        yield from unmeasured

    def _limits(self, act: Measure, place: Place) -> Iterator[Problem]:
        """Value and limits are of one kind."""
        dimension = self.dimensions.get(act.name)
        if dimension is not None and not dimension.said:
            yield Problem(
                self._scenario.line((*place, "value")), "value: it has no unit of its own", "divide until it is a dose, a time ..."
            )
        for key, limit in (("at-least", act.at_least), ("at-most", act.at_most)):
            if limit is not None:
                yield from self._check(limit, (*place, key), dimension)

    def _check(self, formula: Formula, place: Place, wanted: Dimension | None = None) -> Iterator[Problem]:
        yield from self._unmeasured(formula, place)
        try:
            found = dimension_of(formula.node, self.dimensions)
            asked = formula.wanted or wanted
            if asked is not None and found != asked:
                what = f"{formula.text!r} is {found.said or 'a product'}, and this is {asked.said}"
                raise QuantityError(what, do=f"write it like {_EXAMPLES.get(asked, '3')}")
        except QuantityError as error:
            yield self._say(place, error)

    def _unmeasured(self, formula: Formula, place: Place) -> Iterator[Problem]:
        for name in self._all_names(formula, ()):
            if name in self._measured and name not in self._seen:
                yield Problem(self._scenario.line(place), f"{name!r} is not measured before this step", "measure it first")

    def _all_names(self, formula: Formula, behind: tuple[str, ...]) -> Iterator[str]:
        for name in names_in(formula.node):
            yield name
            if name in self._formulas and name not in behind and name not in self._measured:
                yield from self._all_names(self._formulas[name], (*behind, name))

    def _say(self, place: Place, error: QuantityError) -> Problem:
        loop = next((name for name in self._formulas if error.what == f"nothing is called {name!r}"), "")
        if loop:
            error = QuantityError(f"the word {loop!r} cannot be worked out", do="correct its formula under `words`")
        return problem_at(self._scenario.tree, place, error)


_EXAMPLES = {
    TIME: "8 h",
    Dimension(volume=1): "20 mL",
    Dimension(mass=1): "50 mcg",
    Dimension(-1, 1, 0): "500 mcg/mL",
    Dimension(1, 0, -1): "0.96 mL/day",
}


def _formulas_in(part: BaseModel, place: Place) -> Iterator[tuple[Place, Formula]]:
    """Every formula of an act with its place."""
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, Formula):
            yield (*place, field.alias or name), value
        elif isinstance(value, tuple):
            for each in value:
                if isinstance(each, FaultValue) and isinstance(each.value, Formula):
                    yield (*place, each.key), each.value


# ---------------------------------------------------------------- the rest


def _clears(scenario: Scenario) -> Iterator[Problem]:
    """A fault is injected before it is cleared."""
    injected: list[str] = []
    for step in scenario.all_steps:
        if isinstance(step.act, Inject):
            injected.append(step.act.name or step.act.fault)
        if isinstance(step.act, Clear) and step.act.fault not in injected:
            do = meant(step.act.fault, injected) if injected else "inject it first"
            yield Problem(scenario.line((*step.place, step.word)), f"nothing called {step.act.fault!r} was injected before", do)


def _variants(scenario: Scenario) -> Iterator[Problem]:
    """`only` names variants."""
    for step in scenario.all_steps:
        for name in step.timing.only or ():
            if name not in scenario.head.variants:
                do = meant(name, scenario.head.variants) if scenario.head.variants else "add `variants:` above the steps"
                yield Problem(scenario.line((*step.place, "only")), f"there is no variant {name!r}", do)


def _times(scenario: Scenario) -> Iterator[Problem]:
    """A step comes one way, and no `at` lies before the steps above it."""
    for step in scenario.all_steps:
        timing = step.timing
        ways = [key for key in ("at", "after", "when") if getattr(timing, key) is not None]
        if len(ways) > 1:
            yield Problem(scenario.line((*step.place, ways[1])), f"'{ways[0]}' and '{ways[1]}' exclude each other", "keep one of them")
        if timing.within is not None and timing.when is None:
            yield Problem(
                scenario.line((*step.place, "within")), "'within' says how long `when` is waited for", "add `when`, or take it away"
            )
        if timing.at is not None and step not in scenario.steps:
            yield Problem(scenario.line((*step.place, "at")), "'at' has no place in a repeat", "use `after`")
        yield from _spans(scenario, step)
    passed = Fraction(0)
    for step in scenario.steps:
        at = _constant(step.timing.at)
        if at is not None and at < passed and step.timing.only is None:
            yield Problem(
                scenario.line((*step.place, "at")),
                f"at: {step.timing.at.text if step.timing.at else ''} has passed by then",
                "give a later time",
            )
        passed = max(passed, at or 0) + _least(step) if step.timing.only is None else passed


def _spans(scenario: Scenario, step: Step) -> Iterator[Problem]:
    """Time passes by a length or until something, and `at-most` belongs to until."""
    act = step.act
    if not isinstance(act, Advance):
        return
    line = scenario.line((*step.place, step.word))
    if (act.lasts is None) == (act.until is None):
        yield Problem(line, "'advance' says how long, or until what", "write `- advance: 8 h`, or `until:` and `at-most:` below it")
    elif (act.until is None) != (act.at_most is None):
        yield Problem(line, "'until' and 'at-most' belong together", "add the one that is missing")


def _least(step: Step) -> Fraction:
    """Time that a step takes at least."""
    after = _constant(step.timing.after) or Fraction(0)
    if isinstance(step.act, Repeat | Steps):
        times = step.act.times if isinstance(step.act, Repeat) else 1
        return after + times * sum((_least(inner) for inner in step.steps if inner.timing.only is None), Fraction(0))
    return after + (_constant(step.act.lasts) or 0 if isinstance(step.act, Advance | Listen) else 0)


def _constant(formula: Formula | None) -> Fraction | None:
    amount = None if formula is None else formula.constant
    return None if amount is None else amount.value


def _wire_only(scenario: Scenario) -> Iterator[Problem]:
    """Only what goes over the wire has an answer and a role."""
    for step in scenario.all_steps:
        given = [key for key in ("answer", "by") if key in step.timing.model_fields_set]
        if given and not step.act.wire:
            yield Problem(
                scenario.line((*step.place, given[0])), f"'{step.word}' does not go over the wire, so it has no {given[0]}", "take it away"
            )


def _therapies(scenario: Scenario) -> Iterator[Problem]:
    """Therapies exist, and the pumps of all variants take them; so do drugs that are named."""
    used = [((*step.place, step.word), step.act.therapy) for step in scenario.all_steps if isinstance(step.act, Update)]
    used += [(("begin",), cast.begin.running) for cast in scenario.casts if cast.begin is not None]
    for step in scenario.all_steps:
        if isinstance(step.act, Expect):
            used += [
                ((*step.place, step.word, at), item.therapy) for at, item in step.act.items if isinstance(item, States) and item.therapy
            ]
    identities: dict[str, Identity] = {}
    for cast in scenario.casts:
        profile = pump_named(scenario, cast)
        try:
            identities[profile] = identity_for(profile, cast.catheter)
        except PumpError as error:
            place: Place = ("variants", cast.variant, "pump") if cast.variant else ("pump",)
            yield Problem(scenario.line(place), str(error), "")
    for identity in identities.values():
        yield from _fit(scenario, identity, used)
        yield from _drugs(scenario, identity)


def _fit(scenario: Scenario, identity: Identity, used: list[tuple[Place, str]]) -> Iterator[Problem]:
    for place, name in used:
        try:
            document = therapy_named(name, scenario.therapies, scenario.path)
            document.therapy(identity)
        except QuantityError as error:
            yield problem_at(scenario.tree, place, error)
        except TherapyRefused as error:
            own = error.path == scenario.path
            yield from (each if own else Problem(scenario.line(place), each.text(error.path)) for each in error.problems)


def _drugs(scenario: Scenario, identity: Identity) -> Iterator[Problem]:
    names = sorted({entry.name for entry in identity.drugs})
    for step in scenario.all_steps:
        if isinstance(step.act, Refill | TellRefill) and step.act.drug is not None and step.act.drug not in names:
            yield Problem(
                scenario.line((*step.place, step.word, "drug")),
                f"the pump does not know the drug {step.act.drug!r}",
                meant(step.act.drug, names),
            )
