"""lesson.yaml: the keys of a scenario, and what makes a lesson of it. Words for people stand in the texts beside it, by id."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from hil.errors import QuantityError
from hil.lesson.condition import KINDS, Condition, Id, Span
from hil.lesson.vocabulary import facts
from hil.scenario.head import Head
from hil.scenario.parts import Count, Label, Names, Part, Text, Yes, choice
from hil.therapy.values import reads

__all__ = ["LEVELS", "NOT_REVIEWED", "UNUSED", "ZONES", "Critical", "Ends", "Handler", "Item", "LessonHead", "PatientHead", "Speed"]

LEVELS = ("foundation", "practice", "expert")
ZONES = ("skill", "case", "team")
NOT_REVIEWED = "none yet"
UNUSED = ("title", "lesson", "about", "variants")
"""Keys of a scenario that a lesson has not: its words are texts, and it is played once."""
PASS_PERCENT = 80
PERCENT = 100
WEIGHT_MAX = 20


def _percent(text: str) -> int:
    number = text.removesuffix("%").strip()
    if not (text.endswith("%") and number.isascii() and number.isdigit() and 1 <= int(number) <= PERCENT):
        raise QuantityError(f"{text!r} is no share from 1 % to {PERCENT} %", do="write it like 80 %")
    return int(number)


def _weight(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text or 0) <= WEIGHT_MAX):
        raise QuantityError(f"{text!r} is no weight", do=f"write a whole number from 1 to {WEIGHT_MAX}")
    return int(text)


def _condition(value: object) -> object:
    if isinstance(value, str):
        kind = "fact" if value in facts() else "did"
        raise QuantityError("a condition belongs here", do=f"write it like `when: {{{kind}: {value or 'interrogate'}}}`")
    return value


Percent = Annotated[int, reads(_percent), WithJsonSchema({"type": "string", "examples": ["80 %"]})]
Weight = Annotated[int, reads(_weight), WithJsonSchema({"type": ["integer", "string"], "minimum": 1, "maximum": WEIGHT_MAX})]


class PatientHead(Part):
    """The patient: joined when the pump has begun, and then settled before the steps."""

    shorthand = "model"
    model: Text = Field("label-consistent", title="a patient by name: label-consistent (if not given), one-compartment, steep or child")
    sensitivity: Text = Field("typical", title="how sensitive: typical (if not given), sensitive, extreme, refractory or withdrawal-prone")
    seed: Count | None = Field(None, title="which person it is; the typical one if not given")
    settled: Span | None = Field(None, title="how long the pump has run with this patient before the steps; whole days keep the hour")


class Item(Condition):
    """One line of the checklist."""

    id: Id = Field(title="by which texts and other items name it")
    weight: Weight = Field(1, title=f"how much it counts, 1 to {WEIGHT_MAX}")


class Critical(Condition):
    """A critical error: who commits it has failed, whatever the checklist says."""

    id: Id = Field(title="by which the texts name it")
    missed: Id | None = Field(None, title="instead of a condition: the item of the checklist whose omission is the error")

    @model_validator(mode="after")
    def _one(self) -> Critical:
        given = [kind for kind in (*KINDS, "missed") if getattr(self, kind) is not None]
        if len(given) != 1:
            what = f"it says both '{given[0]}' and '{given[1]}'" if given else "nothing says what the error is"
            raise QuantityError(what, do="keep one of them" if given else f"add one of {', '.join(KINDS)} or missed")
        return self


class Handler(Part):
    """Something that happens while the lesson runs, without the learner's doing: at a time, or once a condition holds."""

    at: Span | None = Field(None, title="so long after the learner came, in simulated time")
    when: Annotated[Condition | None, BeforeValidator(_condition)] = Field(None, title="once this condition holds")
    do: Annotated[list[Any], WithJsonSchema({"type": "array"})] = Field([], title="steps, as in a scenario")
    tell: Id | None = Field(None, title="a text that the learner is told then")

    @model_validator(mode="after")
    def _whole(self) -> Handler:
        if (self.at is None) == (self.when is None):
            raise QuantityError("it comes at a time or once a condition holds", do="write either `at` or `when`")
        if not self.do and self.tell is None:
            raise QuantityError("it does nothing", do="add `do` with steps, or `tell` with the id of a text")
        return self


class Ends(Part):
    """When the lesson is over, if nobody ends it before."""

    shorthand = "after"
    after: Span = Field(title="so long after the learner came, in simulated time")
    when: Annotated[Condition | None, BeforeValidator(_condition)] = Field(None, title="earlier, once this condition holds")


class Speed(Part):
    """How simulated time goes in a class."""

    first: Count = Field(1, title="how fast it goes at first: 1 (if not given) is real time; the instructor changes it at any time")
    alarm_drops: Yes = Field(True, alias="alarm-drops", title="whether a new alarm drops it to real time: yes (if not given) or no")


class LessonHead(Head):
    """lesson.yaml."""

    title: Text = Field("lesson", exclude=True)
    lesson: Text | None = Field(None, exclude=True)
    about: Text | None = Field(None, exclude=True)
    variants: dict[Label, Any] = Field({}, exclude=True)
    steps: Annotated[list[Any], WithJsonSchema({"type": "array"})] = Field([], title="what happened before the learner comes, in order")
    level: Annotated[str, *choice(LEVELS)] = Field(title="foundation, practice or expert")
    zone: Annotated[str, *choice(ZONES)] = Field(
        title="how it is talked over: skill (at once, then tried again), case (debriefing afterwards) or team"
    )
    minutes: Count = Field(title="how long it takes in a class, in minutes of real time: told, not enforced")
    reviewed: Text = Field(alias="clinically-reviewed", title="who of the clinic has reviewed it, and when; or `none yet`")
    piloted: Text = Field(NOT_REVIEWED, title="with which learners it was tried, and when; or `none yet`")
    covers: Names = Field((), title="items of the curriculum that it covers")
    sources: Names = Field(title="where it comes from: one text or a list")
    patient: PatientHead = Field(PatientHead(), title="the patient")
    intended: Text | None = Field(None, title="the therapy that was ordered, by its name")
    allowed: Names = Field((), title="acts and groups of acts that the learner may do; all if not given. `mind` and `wait` are always open")
    diagnoses: Names = Field((), title="ids of diagnoses that the learner may commit to")
    right: Names = Field((), title="the right ones of them")
    then: list[Handler] = Field([], title="what happens while the lesson runs")
    checklist: list[Item] = Field(title="what the learner is judged by")
    critical: list[Critical] = Field(title="errors that fail whoever commits them; `[]` if there are none")
    pass_mark: Percent = Field(PASS_PERCENT, alias="pass", title=f"share of the weights that passes; {PASS_PERCENT} % if not given")
    ends: Ends = Field(title="when it is over")
    speed: Speed = Field(Speed(), title="how time goes")
