"""What stands above the steps: the pump, how it begins, therapies, words of one's own, variants."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from hil.errors import QuantityError
from hil.scenario.formula import Formula
from hil.scenario.parts import Condition, Count, Duration, Label, Names, Part, Text, Value, Volume, Word, choice, chosen
from hil.therapy.values import reads
from protocol.codes import Answer as Code
from protocol.codes import Role
from protocol.refusals import RefusalCode

__all__ = ["ANSWERS", "NO_ANSWER", "REFUSALS", "UNCERTAIN", "NEW", "Answer", "Begin", "Head", "Timing", "Variant"]

NEW = "new"
"""A pump from the factory: no drug, no therapy."""
UNCERTAIN, NO_ANSWER = "uncertain", "no-answer"
"""A command may have been carried out, and what was asked changes nothing: in both cases nothing came back."""
_OTHERS = tuple(code.name.lower().replace("_", "-") for code in Code if code not in (Code.OK, Code.REFUSED))
ANSWERS = ("done", "any", "refused", UNCERTAIN, NO_ANSWER, *_OTHERS)
REFUSALS = tuple(code.name.lower().replace("_", "-") for code in RefusalCode)
ROLES = ("clinician", "patient", "service")
assert all(role.upper() in Role.__members__ for role in ROLES)

Words = dict[Word, Value]


class Begin(Part):
    """A pump that has run on a therapy until reservoir, tubing and catheter hold nothing but its drug, and was then refilled."""

    shorthand = "running"
    running: Text = Field(title="the therapy, by its name")
    reservoir: Volume | None = Field(None, title="what the reservoir holds then; half of what it can if not given")


class Variant(Part):
    """What is otherwise in a variant of the scenario."""

    bare = True
    pump: Text | None = Field(None, title="another pump")
    seed: Count | None = Field(None, title="another unit")
    begin: Begin | None = Field(None, title="another beginning")
    words: Words = Field({}, title="words that mean something else")


class Head(Part):
    """A scenario file. What a lesson adds, such as a briefing, stands beside these keys in a model that derives from this one."""

    title: Text = Field(title="what it is called")
    lesson: Text | None = Field(None, title="the lesson that happened and that this plays")
    about: Text | None = Field(None, title="what it shows, in a few sentences")
    pump: Text = Field("itp-40", title="a profile by its name, or the path of a file beside this one")
    catheter: Text = Field("", title="a catheter of the family, such as 89cm")
    seed: Count = Field(1, title="which unit of the model it is")
    begin: Begin | None = Field(None, title="how the pump begins; from the factory if not given")
    therapies: Annotated[dict[Label, Any], WithJsonSchema({"type": "object"})] = Field(
        {}, title="therapies by name, each as in a therapy file"
    )
    words: Words = Field({}, title="words of this file: each a formula")
    variants: dict[Label, Variant] = Field({}, title="the same steps on another pump, or with other words")
    steps: Annotated[list[Any], WithJsonSchema({"type": "array"})] = Field(title="what happens, in order")


class Answer(Part):
    """What an act over the wire must be answered by: `done`, `any`, `busy`, `refused`, or `refused` and why."""

    how: str = "done"
    code: str = ""

    @property
    def text(self) -> str:
        return f"{self.how} {self.code}".strip()


def _answer(text: str) -> Answer:
    """`refused dose-limit`. Raises QuantityError."""
    how, _, code = " ".join(text.split()).partition(" ")
    chosen(ANSWERS)(how)
    if code and how != "refused":
        raise QuantityError(f"{text!r} says too much", do=f"write {how!r} alone")
    return Answer(how=how, code=chosen(REFUSALS)(code) if code else "")


Answered = Annotated[Answer, reads(_answer), WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(ANSWERS)})( [a-z-]+)?$"})]


class Timing(Part):
    """What any step may have: when it comes, in which variants, by whom, and what is said of it."""

    say: Text | None = Field(None, title="what a reader is told of this step")
    at: Duration | None = Field(None, title="not before this time since the first step")
    after: Duration | None = Field(None, title="so long after the step before")
    when: Condition | None = Field(None, title="once this holds")
    within: Duration | None = Field(None, title="how long `when` is waited for at most; 30 days if not given")
    only: Names | None = Field(None, title="the variants that have this step")
    answer: Answered = Field(Answer(), title="over the wire: done, any, busy, refused, `refused` and why, uncertain ...; done if not given")
    by: Annotated[str, *choice(ROLES)] | None = Field(None, title="over the wire: clinician, patient or service")

    @property
    def formulas(self) -> tuple[tuple[str, Formula], ...]:
        """Those in it, by key."""
        return tuple((key, value) for key in ("at", "after", "within") if (value := getattr(self, key)) is not None)
