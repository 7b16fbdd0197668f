"""At the programmer: what a learner asks the pump and tells it, over real frames, with the slips in force between him and it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.clinic.human import Bolus, Bridge, Intent, Prime, programmed
from hil.errors import CheckFailed
from hil.lesson import say
from hil.lesson.acts.asked import Asked, Done
from hil.lesson.reading import mode_name, reading_shown
from hil.wording import quantity
from hil.wording.alarms import ALARM_WORDS, alarm_name
from protocol.codes import DoseState
from protocol.errors import Forgotten

if TYPE_CHECKING:
    from hil.lesson.case import Case, Reading
    from protocol.client import Programmer

__all__ = [
    "acknowledge",
    "alarm_test",
    "bolus",
    "bridge",
    "commander",
    "demand_reading",
    "interrogate",
    "leave",
    "patient_bolus",
    "prime",
    "set_clock",
    "settle",
    "silence",
    "start",
    "stop",
]

RECORDS_SHOWN = 40
NL_PER_ML = 1_000_000
US_PER_H = 3_600_000_000


def demand_reading(case: Case) -> Reading:
    """What was read off last. Raises CheckFailed if nothing was."""
    if case.reading is None:
        raise CheckFailed("the pump was not read", where="programmer", do="interrogate it first")
    return case.reading


def interrogate(case: Case, _asked: Asked) -> Done:
    """Read the pump out."""
    from hil.lesson.case import Reading

    programmer = case.stage.programmer()
    known = programmer.interrogate()
    records = programmer.read_log(max(0, known.counters.log_newest - RECORDS_SHOWN + 1))
    case.reading, case.staged = Reading(case.now_us, known), None
    shown = reading_shown(known, records)
    alarms = ", ".join(shown["alarms"]) or "none"
    return Done({**shown, "read_at_us": case.now_us}, f"interrogated the pump: mode {shown['mode']}, alarms {alarms}")


def start(case: Case, _asked: Asked) -> Done:
    """Start the therapy that was read."""
    generation = None if case.reading is None else case.reading.known.generation
    mode = mode_name(commander(case).start(generation).mode)
    return Done({"mode": mode}, f"started the pump: mode {mode}")


def stop(case: Case, _asked: Asked) -> Done:
    """Stop the motor."""
    mode = mode_name(case.stage.programmer().stop().mode)
    return Done({"mode": mode}, "stopped the pump")


def silence(case: Case, asked: Asked) -> Done:
    """Silence one alarm for its time."""
    cause = ALARM_WORDS.index(asked.choice("alarm", ALARM_WORDS))
    programmer = case.stage.programmer()
    until_us = programmer.silence(cause).until_us
    left = say.span(until_us - programmer.status().device_us)
    return Done({"alarm": alarm_name(cause), "silent_for": left}, f"silenced the alarm {alarm_name(cause)} for {left}")


def acknowledge(case: Case, asked: Asked) -> Done:
    """Mark one alarm as seen."""
    cause = ALARM_WORDS.index(asked.choice("alarm", ALARM_WORDS))
    case.stage.programmer().acknowledge(cause)
    return Done({"alarm": alarm_name(cause)}, f"acknowledged the alarm {alarm_name(cause)}")


def alarm_test(case: Case, _asked: Asked) -> Done:
    """Have the pump play both its sounds."""
    case.stage.programmer().alarm_test()
    return Done({"text": "The pump plays its two sounds."}, "had the pump play its alarm sounds")


def set_clock(case: Case, asked: Asked) -> Done:
    """Set the pump's clock."""
    to_us = asked.read("to", quantity.parse_clock)
    answer = commander(case).set_clock(to_us)
    was, now = say.clock(answer.old_us), say.clock(answer.new_us)
    return Done({"was": was, "now": now}, f"set the pump's clock from {was} to {now}")


def settle(case: Case, _asked: Asked) -> Done:
    """Find out what became of a command whose answer was lost."""
    if case.open_command is None:
        return Done({"became": "nothing was open"}, "asked what became of the last command: nothing was open")
    try:
        state = case.stage.programmer().outcome(case.open_command).state
    except Forgotten:
        case.open_command = None
        raise
    case.open_command = None
    became = DoseState(state).name.lower().replace("_", " ") if state in set(DoseState) else f"state {state}"
    return Done({"became": became}, f"asked what became of the last command: {became}")


def commander(case: Case) -> Programmer:
    """The programmer, for a command: none leaves while nobody knows of the one before. Raises CheckFailed, ProtocolError."""
    if case.open_command is not None:
        what = "nobody knows yet whether the pump did the last command"
        raise CheckFailed(what, where="programmer", do="find out about the last command first")
    return case.stage.programmer()


def leave(case: Case, _asked: Asked) -> Done:
    """Put the programmer away; what was typed and not sent is gone."""
    also = (("edit", {"what": "abandoned", "detail": "a reviewed update was not sent"}),) if case.staged is not None else ()
    case.staged = None
    return Done({"text": "The programmer is put away."}, "put the programmer away", also)


def bolus(case: Case, asked: Asked) -> Done:
    """A single bolus on top of the therapy."""
    dose, seconds = asked.read("dose", quantity.DOSE.parse), asked.read("over", quantity.parse_duration)
    therapy = demand_reading(case).known.therapy
    if therapy is None or not therapy.concentration_ng_per_ml:
        raise CheckFailed("the pump has no drug to give a dose of", where="dose", do="program a therapy first")
    volume = dose * NL_PER_ML // therapy.concentration_ng_per_ml
    _send(case, Bolus(volume, dose, seconds, asked.yes("may-lengthen")))
    text = f"{say.dose(dose)} in {say.seconds(seconds)}"
    return Done({"dose": say.dose(dose), "over": say.seconds(seconds), **_running(case)}, f"gave a bolus of {text}")


def patient_bolus(case: Case, _asked: Asked) -> Done:
    """Have the patient press the handset's key."""
    case.stage.programmer("patient").patient_bolus()
    return Done({"text": "The handset says: granted."}, "had the patient press the handset's key")


def prime(case: Case, asked: Asked) -> Done:
    """Fill tubing and catheter of a stopped pump."""
    volume = asked.volume("volume")
    tubing = demand_reading(case).known.identity.tubing_nl
    _send(case, Prime(volume, tubing if volume >= tubing else 0))
    return Done({"volume": say.volume(volume), **_running(case)}, f"primed with {say.volume(volume)}")


def bridge(case: Case, asked: Asked) -> Done:
    """Run the old drug out of tubing and catheter at its old rate."""
    volume, rate = asked.volume("volume"), asked.read("rate", quantity.parse_rate)
    tubing = demand_reading(case).known.identity.tubing_nl
    _send(case, Bridge(volume, rate, tubing if volume >= tubing else 0))
    text = f"{say.volume(volume)} at {say.rate(rate)}"
    return Done({"volume": say.volume(volume), "rate": say.rate(rate), **_running(case)}, f"gave a bridge bolus of {text}")


def _send(case: Case, intent: Intent) -> None:
    """Tell the pump, with the slips in force."""
    programmed(case.stage.bench, commander(case), intent)


def _running(case: Case) -> dict[str, str]:
    """What the pump says of the dose that it took."""
    programmer = case.stage.programmer()
    condition = programmer.interrogate_short()[0]
    if not condition.bolus:
        return {}
    running = condition.bolus[0]
    left_us = max(running.end_us - condition.device_us, 0)
    return {"pump_gives": say.volume(running.programmed_nl), "until_end": say.span(left_us)}
