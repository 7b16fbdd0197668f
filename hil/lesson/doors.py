"""The doors: every act that a learner has, what it takes, and what it does. There is no other way from a learner to pump and patient.

A lesson may shut some of them. What comes out of a door is what a person would see there; nothing of the truth stands behind one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.errors import CheckFailed, UsageError
from hil.lesson.acts import bedside, examining, programming, refilling, thinking, updating
from hil.lesson.acts.asked import Argument, Asked, Done
from hil.wording.alarms import ALARM_WORDS

if TYPE_CHECKING:
    from hil.lesson.case import Case

__all__ = ["DOORS", "GROUPS", "WAIT", "Door", "door_named", "is_open"]

GROUPS = ("programmer", "refill", "hands", "examine", "patient", "treat", "mind", "wait")
"""In the order of a page."""
ALWAYS = ("mind", "wait")
"""Groups that no lesson shuts: to think, to write, to finish; to wait is for whoever is alone."""
WAIT = "wait"
YES = ("yes", "no")
THERAPY = (
    Argument("drug", "Drug", "baclofen"),
    Argument("drug-version", "Version of the drug's entry", "1", needed=False),
    Argument("concentration", "Concentration", "500 mcg/mL"),
    Argument("mode", "Mode", "simple", ("simple", "flex", "minimum-rate")),
    Argument("daily-dose", "Dose per day", "120 mcg/day", needed=False),
    Argument("rate", "Rate, where the dose does not say it", "10,000 nL/h", needed=False),
    Argument("groups", "Patterns: days and their steps", needed=False),
    Argument("low-reservoir-alarm", "Low-reservoir alarm at", "2 mL"),
    Argument("critical-alarm-every", "Critical alarm every", "10 min", needed=False),
    Argument("non-critical-alarm-every", "Non-critical alarm every", "1 h", needed=False),
    Argument("patient-bolus", "Patient bolus", needed=False),
)
"""The therapy form: the keys of a therapy file. Which are needed depends on the mode."""
_ALARM = Argument("alarm", "Alarm", "motor-stall", ALARM_WORDS)
_VOLUME = Argument("volume", "Volume", "20 mL")
_DRAW = Argument("draw", "Draw first", "2 mL", needed=False)
_STRENGTH = Argument("concentration", "Concentration", "500 mcg/mL")
_DRUG = Argument("drug", "Drug", "baclofen")


def _wait(_case: Case, asked: Asked) -> Done:
    """Let time pass; the run does it."""
    text = asked.text("for")
    return Done({"text": f"{text} pass."}, f"waited {text}")


class Door(NamedTuple):
    """One act: its word, its group, what its button says, what is said of it afterwards, what it does, and its arguments."""

    act: str
    group: str
    label: str
    past: str
    run: Callable[[Case, Asked], Done]
    arguments: tuple[Argument, ...] = ()


_PROGRAMMER = (
    Door("interrogate", "programmer", "Interrogate the pump", "interrogated the pump", programming.interrogate),
    Door(
        "type",
        "programmer",
        "Type one field",
        "typed a field of the therapy",
        updating.type_field,
        (Argument("field", "Field", "daily-dose"), Argument("text", "Text", "120 mcg/day")),
    ),
    Door("review", "programmer", "Review the therapy", "reviewed a therapy", updating.review, THERAPY),
    Door(
        "update",
        "programmer",
        "Send the reviewed therapy",
        "updated the therapy",
        updating.update,
        (
            Argument("token", "The review"),
            Argument("reason", "Why, in spite of the warnings", needed=False, long=True),
            Argument("interrupt", "A running bolus may be ended", "no", YES, needed=False),
        ),
    ),
    Door("start", "programmer", "Start pump", "started the pump", programming.start),
    Door("stop", "programmer", "Stop pump", "stopped the pump", programming.stop),
    Door(
        "bolus",
        "programmer",
        "Give a single bolus",
        "gave a single bolus",
        programming.bolus,
        (
            Argument("dose", "Dose", "50 mcg"),
            Argument("over", "In how long", "10 min"),
            Argument("may-lengthen", "The pump may give it more time", "no", YES, needed=False),
        ),
    ),
    Door("patient-bolus", "programmer", "Have the patient press the key", "had the patient ask for a bolus", programming.patient_bolus),
    Door(
        "prime",
        "programmer",
        "Prime tubing and catheter",
        "primed tubing and catheter",
        programming.prime,
        (Argument("volume", "Volume", "0.336 mL"),),
    ),
    Door(
        "bridge",
        "programmer",
        "Give a bridge bolus",
        "gave a bridge bolus",
        programming.bridge,
        (Argument("volume", "Volume of old drug", "0.336 mL"), Argument("rate", "At the old rate", "0.24 mL/day")),
    ),
    Door("silence", "programmer", "Silence an alarm", "silenced an alarm", programming.silence, (_ALARM,)),
    Door("acknowledge", "programmer", "Acknowledge an alarm", "acknowledged an alarm", programming.acknowledge, (_ALARM,)),
    Door("alarm-test", "programmer", "Play the alarm sounds", "had the pump play its sounds", programming.alarm_test),
    Door(
        "set-clock",
        "programmer",
        "Set the pump's clock",
        "set the pump's clock",
        programming.set_clock,
        (Argument("to", "Date and time", "2026-01-31 08:00"),),
    ),
    Door("settle", "programmer", "Find out about the last command", "asked what became of the last command", programming.settle),
    Door("leave", "programmer", "Put the programmer away", "put the programmer away", programming.leave),
)
_TELL = (
    Argument("volume", "In the reservoir now", "20 mL"),
    Argument("withdrawn", "Drawn out before", "3.1 mL"),
    _DRUG,
    _STRENGTH,
)
_REFILL = (
    Door("puncture", "refill", "Put the needle in", "put the needle in", refilling.puncture),
    Door(
        "withdraw",
        "refill",
        "Draw out and measure",
        "drew out of the reservoir",
        refilling.withdraw,
        (Argument("volume", "Volume, or all", "all"),),
    ),
    Door(
        "rinse",
        "refill",
        "Rinse with drug-free fluid",
        "rinsed the reservoir",
        refilling.rinse,
        (Argument("volume", "Volume", "10 mL"), Argument("times", "How often", "2")),
    ),
    Door("fill", "refill", "Fill in", "filled the reservoir", refilling.fill, (_VOLUME, _DRUG, _STRENGTH)),
    Door(
        "review-refill",
        "refill",
        "Review what the pump will be told",
        "reviewed a refill",
        refilling.review_refill,
        (Argument("volume", "In the reservoir now", "20 mL"),),
    ),
    Door("tell-refill", "refill", "Tell the pump of the refill", "told the pump of a refill", refilling.tell_refill, _TELL),
)
_HANDS = (
    Door(
        "side-port",
        "hands",
        "Needle in the catheter's access port",
        "used the side port",
        examining.side_port,
        (
            Argument("draw", "Draw", "1 mL", needed=False),
            Argument("push", "Then push in", "1 mL", needed=False),
            Argument("concentration", "Of what is pushed in", "drug-free", needed=False),
        ),
    ),
    Door("magnet", "hands", "Magnet", "used a magnet", examining.magnet, (Argument("is", "Where", "", ("held", "away")),)),
)
_EXAMINE = (
    Door("xray", "examine", "Plain film", "took a plain film", examining.xray),
    Door("rotor", "examine", "Image of the rotor", "took an image of the rotor", examining.rotor),
    Door("side-port-test", "examine", "Draw CSF through the side port", "tried to draw CSF", examining.side_port_test, (_DRAW,)),
    Door(
        "contrast",
        "examine",
        "Contrast study",
        "made a contrast study",
        examining.contrast,
        (_DRAW, Argument("contrast", "Contrast", "1 mL", needed=False)),
    ),
    Door("isotope", "examine", "Isotope study", "made an isotope study", examining.isotope),
    Door(
        "reservoir",
        "examine",
        "Empty the reservoir and measure",
        "emptied the reservoir and measured",
        examining.reservoir,
        (Argument("put-back", "Put it back", "yes", YES, needed=False),),
    ),
)
_PATIENT = (
    Door(
        "measure",
        "patient",
        "Measure or look",
        "examined the patient",
        bedside.measure,
        (Argument("what", "What", "", tuple(bedside.MEASURES)),),
    ),
    Door("ask", "patient", "Ask how it is", "asked the patient", bedside.ask),
    Door(
        "treat",
        "treat",
        "Give a treatment",
        "gave a treatment",
        bedside.treat,
        (Argument("treatment", "Treatment", "", bedside.TREATED), Argument("dose", "How much", "20 mg")),
    ),
)
_MIND = (
    Door(
        "think",
        "mind",
        "I think …",
        "committed to a diagnosis",
        thinking.think,
        (Argument("diagnosis", "Diagnosis"), Argument("sure", "How sure", "80 %")),
    ),
    Door("note", "mind", "Write a note", "wrote a note", thinking.note, (Argument("text", "Note", long=True),)),
    Door(
        "call",
        "mind",
        "Call somebody",
        "called somebody",
        thinking.call,
        (Argument("whom", "Whom", "neurosurgery", thinking.CALLS), Argument("why", "What you say", needed=False, long=True)),
    ),
    Door("finish", "mind", "Finish the lesson", "finished the lesson", thinking.finish),
    Door(WAIT, "wait", "Wait", "waited", _wait, (Argument("for", "How long", "30 min"),)),
)
DOORS: dict[str, Door] = {door.act: door for door in (*_PROGRAMMER, *_REFILL, *_HANDS, *_EXAMINE, *_PATIENT, *_MIND)}
"""By act."""


def is_open(door: Door, allowed: frozenset[str] | None) -> bool:
    """Whether a lesson lets one through."""
    return allowed is None or door.group in ALWAYS or bool({door.act, door.group} & allowed)


def door_named(act: str, args: Mapping[str, Any], allowed: frozenset[str] | None) -> Door:
    """The door for an act with these arguments. Raises UsageError, CheckFailed."""
    door = DOORS.get(act)
    if door is None:
        near = get_close_matches(act, DOORS, 1)
        raise UsageError(f"there is no act {act!r}", where="act", do=f"did you mean {near[0]!r}?" if near else "use one of the page")
    if not is_open(door, allowed):
        raise CheckFailed(f"'{door.label}' is not at hand here", where=act, do="use what there is")
    names = [argument.name for argument in door.arguments]
    unknown = [name for name in args if name not in names]
    if unknown:
        raise UsageError(f"{act} takes no {unknown[0]!r}", where=act, do=f"it takes {', '.join(names) or 'nothing'}")
    return door
