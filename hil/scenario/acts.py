"""The acts of a scenario: one model for each word that a step may begin with.

The first line of a docstring is what the reference page says of it, a field's `title` what it says of a key.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from hil.bench.examine import EXAMINATIONS
from hil.scenario.claim import Claim
from hil.scenario.fault_values import FaultValue
from hil.scenario.parts import (
    Cause,
    Clock,
    Condition,
    Count,
    Dose,
    Duration,
    FileText,
    Flow,
    Label,
    Part,
    Rules,
    Strength,
    Text,
    Value,
    Volume,
    VolumeOrAll,
    Word,
    Yes,
    choice,
)
from hil.scenario.states import States

__all__ = ["ACTS", "Act"]


class Act(Part):
    """Root of all acts. `wire` says that the programmer does it, so that it has an answer; `group` is its heading on the page."""

    group: ClassVar[str] = ""
    wire: ClassVar[bool] = False


class _Wire(Act):
    group = "At the programmer, over the wire"
    wire = True


class Interrogate(_Wire):
    """The programmer reads the pump out."""

    bare = True


class Update(_Wire):
    """A therapy is programmed: staged, read back, committed."""

    shorthand = "therapy"
    therapy: FileText = Field(title="a therapy of this file, one that ships, or the path of a therapy file")
    overrides: Rules = Field((), title="rules whose warning somebody sets aside, such as R-033")
    interrupt: Yes = Field(False, title="whether a running bolus may be ended by it")


class TellRefill(_Wire):
    """The pump is told of a refill, whatever the needle did."""

    shorthand = "volume"
    volume: Volume = Field(title="what is in the reservoir now")
    withdrawn: Volume | None = Field(None, title="what was drawn out before; what the last needle drew if not given")
    drug: Text | None = Field(None, title="the drug's name; the one that the pump has if not given")
    concentration: Strength | None = Field(None, title="its strength; the one that the pump has if not given")


class Bolus(_Wire):
    """A single bolus on top of the therapy."""

    dose: Dose = Field(title="how much drug")
    over: Duration = Field(title="in how long")
    may_lengthen: Yes = Field(False, alias="may-lengthen", title="whether the pump may give it more time")


class PatientBolus(_Wire):
    """The patient presses the handset's key."""

    bare = True


class Prime(_Wire):
    """Tubing and catheter of a stopped pump are filled."""

    shorthand = "volume"
    volume: Volume | None = Field(None, title="tubing + catheter if not given")
    bare = True


class Bridge(_Wire):
    """A bridge bolus: the old drug in tubing and catheter is run out at its old rate."""

    rate: Flow = Field(title="the old rate")
    volume: Volume | None = Field(None, title="tubing + catheter if not given")


class Start(_Wire):
    """The therapy is started."""

    bare = True


class Stop(_Wire):
    """The motor is stopped."""

    bare = True


class Silence(_Wire):
    """One alarm is silenced for its time."""

    shorthand = "alarm"
    alarm: Cause = Field(title="which one")


class Acknowledge(_Wire):
    """One alarm is marked as seen."""

    shorthand = "alarm"
    alarm: Cause = Field(title="which one")


class Settle(_Wire):
    """The programmer finds out what became of a command whose answer was lost."""

    bare = True


class AlarmTest(_Wire):
    """The pump is asked to play both sounds."""

    bare = True


class SetClock(_Wire):
    """The pump's clock is set."""

    shorthand = "to"
    to: Clock = Field(title="date and time")


class Leave(_Wire):
    """The programmer walks away without a word: the session is left to time out."""

    bare = True


class _Hands(Act):
    group = "By hand, at the patient"


class Refill(_Hands):
    """A whole visit: the reservoir is emptied and filled, and the pump is told what the needle drew."""

    shorthand = "volume"
    wire = True
    volume: Volume = Field(title="what is filled in")
    drug: Text | None = Field(None, title="the drug's name; the one that the pump has if not given")
    concentration: Strength | None = Field(None, title="its strength; the one that the pump has if not given")
    rinse: Count = Field(0, title="how often the emptied reservoir is rinsed with 10 mL of drug-free fluid before")


class Needle(_Hands):
    """The needle alone: draws out, then fills in; the pump is told nothing."""

    draw: VolumeOrAll | None = Field(None, title="a volume, or `all` that can be reached")
    fill: Volume | None = Field(None, title="a volume")
    concentration: Strength | None = Field(None, title="the strength of what is filled in; drug-free if not given")


class Rinse(_Hands):
    """The reservoir is emptied and rinsed with drug-free fluid; the pump is told nothing."""

    shorthand = "volume"
    volume: Volume = Field(title="each time")
    times: Count = Field(1, title="how often")


class SidePort(_Hands):
    """A needle in the catheter's access port draws out, then pushes in; the pump is told nothing."""

    draw: Volume | None = Field(None, title="a volume")
    push: Volume | None = Field(None, title="a volume")
    concentration: Strength | None = Field(None, title="the strength of what is pushed in; drug-free if not given")


class Magnet(_Hands):
    """A magnet is held over the pump, or taken away."""

    shorthand = "is"
    is_: Annotated[str, *choice(("held", "away"))] = Field(alias="is", title="held or away")


class Examine(_Hands):
    """An examination; what it finds is printed and recorded, right or wrong."""

    shorthand = "by"
    by: Annotated[str, *choice(word.replace("_", "-") for word in EXAMINATIONS if word != "alarms")] = Field(title="which one")
    draw: Volume | None = Field(None, title="side-port and contrast: how much is drawn first")
    contrast: Volume | None = Field(None, title="contrast: how much is given")
    put_back: Yes | None = Field(None, alias="put-back", title="reservoir: whether what was drawn goes back in")


class Listen(_Hands):
    """Time passes while somebody listens to the pump; the sounds are counted."""

    shorthand = "lasts"
    lasts: Duration = Field(title="how long")


class _Bench(Act):
    group = "Faults and supply"


class Inject(_Bench):
    """A fault comes. Its parameters stand beside its name, with their units."""

    shorthand = "fault"
    fault: Text = Field(title="a fault of docs/reference/faults.md, such as motor.stall")
    name: Label | None = Field(None, alias="as", title="a name by which `clear` ends it; the fault's own if not given")
    lasts: Duration | None = Field(None, alias="for", title="when it ends by itself; until cleared if not given")
    on: Text | None = Field(None, title="a trigger it waits for, such as command:COMMIT#1")
    values: tuple[FaultValue, ...] = Field((), exclude=True)


class Clear(_Bench):
    """A fault ends, or one that waits is taken back."""

    shorthand = "fault"
    fault: Text = Field(title="the name that `inject` gave it")


class PowerCut(_Bench):
    """The supply fails."""

    shorthand = "for"
    bare = True
    lasts: Duration | None = Field(None, alias="for", title="how long; it comes back at once if not given")


class Reset(_Bench):
    """The firmware starts anew."""

    bare = True


class ServiceReset(_Bench):
    """What service does to a pump that has failed."""

    bare = True


class _Time(Act):
    group = "Time"


class Advance(_Time):
    """Time passes: a stretch of it, or until something holds."""

    shorthand = "for"
    lasts: Duration | None = Field(None, alias="for", title="how long")
    until: Condition | None = Field(None, title="what is waited for")
    at_most: Duration | None = Field(None, alias="at-most", title="how long at most; the step fails if it does not come")


class Mark(_Time):
    """Count from here: time, doses and log records."""

    bare = True


class _Judging(Act):
    group = "What comes of it"


class Expect(_Judging):
    """What must be so now: sentences about quantities, and states by their word, each with its place in the list."""

    items: tuple[tuple[int, Claim | States], ...] = ()


class Measure(_Judging):
    """A figure that is kept, under a name which later formulas may use."""

    name: Word = Field(title="its name")
    value: Value = Field(title="a formula")
    at_least: Value | None = Field(None, alias="at-least", title="the step fails below it")
    at_most: Value | None = Field(None, alias="at-most", title="the step fails above it")


class Repeat(_Time):
    """The steps under `steps`, again and again."""

    shorthand = "times"
    times: Count = Field(title="how often")


class Steps(_Time):
    """Steps that belong together: made under one `only`, one time or one `say`."""


_MODELS: tuple[type[Act], ...] = (
    Refill, Needle, Rinse, SidePort, Magnet, Examine, Listen,
    Interrogate, Update, TellRefill, Bolus, PatientBolus, Prime, Bridge, Start, Stop,
    Silence, Acknowledge, AlarmTest, Settle, SetClock, Leave,
    Inject, Clear, PowerCut, Reset, ServiceReset,
    Advance, Mark, Repeat, Steps, Expect, Measure,
)  # fmt: skip


def _said(name: str) -> str:
    """SidePort is written side-port."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("-")


ACTS: dict[str, type[Act]] = {_said(model.__name__): model for model in _MODELS}
"""By the word that a step begins with."""
