"""The facts of a case: what is so, whether or not anybody knows it; and which acts show it to whoever does them while it is so.

A fact is looked at on the grid of simulated time and after every act, from truth, belief and patient; looking changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from firmware_sim.units import NL_PER_ML, PPM, US_PER_MIN
from hil.clinic.diagnostics.lesion import lesions
from hil.clinic.residual import discrepancy

if TYPE_CHECKING:
    from firmware_sim.firmware.device_status import DeviceStatus
    from firmware_sim.patient import PatientState
    from firmware_sim.truth import Truth
    from hil.lesson.case import Case
    from hil.lesson.entries import Entry

__all__ = ["FACTS", "Fact", "Look", "facts_now", "look_at"]

FAR_PPM = 50_000
"""Strengths further apart than this are not the same drug."""
CLOCK_OFF_US = 10 * US_PER_MIN
LITTLE_NL = NL_PER_ML // 10
"""What is left of a reservoir that counts as empty: less is read off no syringe."""
FLOW_LOW, FLOW_HIGH, PERCENT = 75, 125, 100
"""Per cent of what was commanded, over six hours."""
FLOW_LEAST_NL = 2_000
"""Less commanded in six hours than this tells nothing: a pump at its minimum rate gives 1,500."""
BREATHS_FEW = 8
SATURATION_LOW = 90


class Look(NamedTuple):
    """What facts are read from, at one instant. A pump that does not answer tells nothing."""

    true: Truth
    told: DeviceStatus | None
    person: PatientState
    case: Case
    lesions: frozenset[str]

    def alarm(self, *causes: str) -> bool:
        """Whether one of these alarms is active."""
        return self.told is not None and any(alarm.active and alarm.cause in causes for alarm in self.told.alarms)


class Fact(NamedTuple):
    """One fact: its name, its words, whether it holds, and the acts that show it (`act`, or `act what`)."""

    name: str
    words: str
    holds: Callable[[Look], bool]
    shown_by: tuple[str, ...]

    def reveals(self, entry: Entry) -> bool:
        """Whether this entry is an act that shows the fact to whoever did it, if it is so; what saw nothing shows nothing."""
        data = entry.data
        if entry.kind != "act" or data.get("answer") != "done":
            return False
        act = str(data.get("act"))
        if not {act, f"{act} {data.get('args', {}).get('what')}"} & set(self.shown_by):
            return False
        return bool(data.get("seen", {}).get("abnormal", True))


# ---------------------------------------------------------------- what the pump knows


def _is(mode: str) -> Callable[[Look], bool]:
    return lambda look: look.told is not None and look.told.mode == mode


def _alarm(*causes: str) -> Callable[[Look], bool]:
    return lambda look: look.alarm(*causes)


def _alarm_sounding(look: Look) -> bool:
    told = look.told
    return told is not None and any(alarm.active and alarm.silenced_until_us <= told.device_us for alarm in told.alarms)


def _pump_failed(look: Look) -> bool:
    return not look.true.powered or (look.told is not None and (look.told.safe_state or look.told.stop_reason == "failure"))


def _battery(state: str) -> Callable[[Look], bool]:
    return lambda look: look.told is not None and look.told.battery_state == state


def _pending(look: Look) -> bool:
    return look.told is not None and (look.told.stop_reason in ("update", "new_drug") or look.told.concentration_pending)


def _not_intended(look: Look) -> bool:
    wanted, told = look.case.intended, None if look.told is None else look.told.prescription
    if wanted is None:
        return False
    return told is None or (told.mode, told.drug_id, told.concentration_ng_per_ml, told.groups, told.patient) != (
        wanted.mode,
        wanted.drug_id,
        wanted.concentration_ng_per_ml,
        wanted.groups,
        wanted.patient,
    )


def _bolus_runs(look: Look) -> bool:
    return look.told is not None and look.told.bolus is not None


def _clock_wrong(look: Look) -> bool:
    return look.told is not None and abs(look.told.clock_us - look.case.wall_us) > CLOCK_OFF_US


# ---------------------------------------------------------------- what is so


def _far(one: int, other: int) -> bool:
    return abs(one - other) * PPM > FAR_PPM * max(one, other)


def _stalled(look: Look) -> bool:
    return look.alarm("motor_stall") or (look.told is not None and look.told.rate_nl_per_h > 0 and not look.true.moving)


def _differs(look: Look) -> bool:
    computed = None if look.told is None else look.told.computed_reservoir_nl
    if computed is None or abs(look.true.reservoir_nl - computed) < NL_PER_ML // 2:
        return False
    return discrepancy(max(0, computed), look.true.reservoir_nl).warns


def _strength_differs(look: Look) -> bool:
    if look.told is None or look.told.prescription is None:
        return False
    return _far(look.true.reservoir_concentration_ng_per_ml, look.told.prescription.concentration_ng_per_ml)


def _old_drug(look: Look) -> bool:
    inside = look.true.reservoir_concentration_ng_per_ml
    return any(_far(strength, inside) for _, strength in look.true.path)


def _in_pocket(look: Look) -> bool:
    return look.true.pocket_ng - look.true.absorbed_ng > 0


def _lesion(*kinds: str) -> Callable[[Look], bool]:
    return lambda look: bool(look.lesions & set(kinds))


def _flow(look: Look) -> int | None:
    """What left the pump, in per cent of what was commanded, over the last six hours; None where that tells nothing."""
    flow = look.case.flow
    commanded = flow[-1][0] - flow[0][0] if len(flow) == flow.maxlen else 0
    return (flow[-1][1] - flow[0][1]) * PERCENT // commanded if commanded >= FLOW_LEAST_NL else None


def _over(look: Look) -> bool:
    percent = _flow(look)
    return percent is not None and percent > FLOW_HIGH


def _under(look: Look) -> bool:
    percent = _flow(look)
    return percent is not None and percent < FLOW_LOW


# ---------------------------------------------------------------- the patient


def _condition(condition: str) -> Callable[[Look], bool]:
    return lambda look: look.person.condition == condition


def _withdrawn(*stages: str) -> Callable[[Look], bool]:
    return lambda look: look.person.withdrawal in stages


def _breathing_fails(look: Look) -> bool:
    return look.person.vital.breaths_per_min < BREATHS_FEW or look.person.vital.saturation_percent < SATURATION_LOW


_READ = ("interrogate",)
_DRAWN = ("withdraw", "reservoir")
_TONE = ("measure tone-legs", "measure tone-arms", "measure spasms", "measure reflex", "ask")
_FILMS = ("xray", "contrast")
_EARLY = (*_TONE, "measure look", "measure blood-pressure")
_LATE = (*_TONE, "measure look", "measure consciousness")
_ROWS = (
    Fact("pump-stopped", "the pump is stopped", _is("stopped"), _READ),
    Fact("motor-stalled", "the motor stands though the pump commands it", _stalled, (*_READ, "rotor", "isotope")),
    Fact("pump-failed", "the pump has failed: it has no power, or is in its safe state", _pump_failed, _READ),
    Fact("eri", "the pump asks for its replacement", _battery("eri"), _READ),
    Fact("eos", "the pump has come to the end of its service", _battery("eos"), _READ),
    Fact("low-reservoir", "the low-reservoir alarm is on", _alarm("low_reservoir", "empty_reservoir"), _READ),
    Fact("reservoir-empty", "nothing is left in the reservoir", lambda look: look.true.reservoir_nl < LITTLE_NL, _DRAWN),
    Fact("reservoir-differs", "the reservoir holds another volume than the pump has computed", _differs, _DRAWN),
    Fact("concentration-differs", "the drug in the reservoir has another strength than the therapy", _strength_differs, _DRAWN),
    Fact("pocket-fill", "drug lies in the tissue beside the pump", _in_pocket, ("withdraw", "reservoir", "measure pocket")),
    Fact(
        "catheter-occluded",
        "the catheter is blocked or narrowed",
        _lesion("occlusion", "kink", "granuloma"),
        ("side-port-test", *_FILMS, "isotope"),
    ),
    Fact("catheter-leaking", "the catheter leaks on its way", _lesion("leak", "fracture"), (*_FILMS, "side-port-test", "isotope")),
    Fact("catheter-off", "the catheter has come off the pump", _lesion("disconnection"), (*_FILMS, "side-port-test", "isotope")),
    Fact("tip-displaced", "the tip is not where it was placed", _lesion("dislodgement"), (*_FILMS, "side-port-test", "isotope")),
    Fact("old-drug-in-path", "tubing and catheter hold another strength than the reservoir", _old_drug, ("side-port", "side-port-test")),
    Fact("therapy-pending", "the pump waits for an update to be completed, or to be started", _pending, _READ),
    Fact("therapy-not-intended", "the pump does not have the therapy that was ordered", _not_intended, _READ),
    Fact("bolus-running", "a bolus runs", _bolus_runs, _READ),
    Fact("clock-wrong", "the pump's clock shows another time than it is", _clock_wrong, _READ),
    Fact("telemetry-off", "the pump does not answer", lambda look: not look.case.unit.pump.answers, ()),
    Fact("magnet-held", "a magnet is over the pump", lambda look: look.true.magnet_held, ("measure look", "magnet")),
    Fact("alarm-sounding", "an alarm of the pump sounds", _alarm_sounding, _READ),
    Fact("over-infusing", "more leaves the pump than it commands", _over, _DRAWN),
    Fact("under-infusing", "less leaves the pump than it commands", _under, (*_DRAWN, "rotor")),
    Fact("under-dosed", "the patient has less drug than needed", _condition("under-dosed"), _TONE),
    Fact(
        "over-dosed", "the patient has more drug than needed", _condition("over-dosed"), (*_TONE, "measure look", "measure consciousness")
    ),
    Fact(
        "withdrawal-early",
        "the patient is in withdrawal",
        _withdrawn("early", "severe"),
        (*_TONE, "measure look", "measure blood-pressure"),
    ),
    Fact(
        "withdrawal-severe",
        "the patient is in severe withdrawal",
        _withdrawn("severe"),
        ("measure temperature", "measure heart-rate", "measure look"),
    ),
    Fact(
        "breathing-fails",
        "the patient does not breathe enough",
        _breathing_fails,
        ("measure breathing", "measure saturation", "measure look"),
    ),
)
FACTS: dict[str, Fact] = {fact.name: fact for fact in _ROWS}
"""By name."""


def look_at(case: Case) -> Look:
    """Look at a case."""
    return Look(case.true(), case.believed(), case.state(), case, frozenset(lesion.kind for lesion in lesions(case.unit.pump)))


def facts_now(look: Look) -> set[str]:
    """The names of the facts that hold."""
    return {fact.name for fact in _ROWS if fact.holds(look)}
