"""Belief beside truth: one pump as it thinks it is and as it is, in rows, in a drawing's numbers, and the differences in words.

Pure functions of `truth` and `belief` as the bench tells them (`belief` is None of a pump that has no power). Every quantity leaves as
finished text; a drawing has the bare integers beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hil.wording.alarms import ALARMS_SAID
from hil.wording.quantity import CONCENTRATION, DAILY_DOSE, DAILY_FLOW, VOLUME, clock, duration, number
from protocol.codes import AlarmCause

__all__ = ["Row", "alarm_texts", "dose_text", "drawing", "mode_text", "differences", "rows"]

Told = Mapping[str, Any]

HOURS_PER_DAY = 24
NL_PER_ML = 1_000_000
US_PER_S = 1_000_000
APART_NL = 100_000
"""A reservoir that is off by less is as it should be: a unit's own step, drops in a needle."""
APART_PERCENT = 3
"""A strength or a dose that is off by less is as it should be."""
APART_CLOCK_US = 120 * US_PER_S
NOTHING, SILENT = "–", "the pump does not answer"
_MODES = {
    "shelf": "new from the factory",
    "stopped": "STOPPED",
    "minimum_rate": "minimum rate",
    "simple": "simple continuous",
    "flex": "flex",
    "safe_state": "safe state",
}
_CAUSES = {cause.name.lower(): said.name for cause, said in zip(AlarmCause, ALARMS_SAID, strict=True)}
_STOPS = {
    "command": "by command",
    "update": "for an update",
    "new_drug": "new drug",
    "after_bolus": "after a bolus",
    "eos": "end of service",
}


class Row(NamedTuple):
    """One line of the comparison."""

    what: str
    belief: str
    truth: str
    agrees: bool


def mode_text(belief: Told | None) -> str:
    """What the pump says it does: `STOPPED, by command`."""
    if belief is None:
        return "no power"
    reason = _STOPS.get(belief["stop_reason"], str(belief["stop_reason"]).replace("_", " "))
    mode = _MODES.get(belief["mode"], str(belief["mode"]).replace("_", " "))
    return mode if reason in ("none", "") else f"{mode}, {reason}"


def alarm_texts(belief: Told | None) -> list[dict[str, Any]]:
    """The alarms that the pump says are active: name, priority, what has been done about each."""
    active = [alarm for alarm in (belief or {}).get("alarms", ()) if alarm["active"]]
    return [
        {
            "cause": alarm["cause"],
            "name": _CAUSES.get(alarm["cause"], alarm["cause"].replace("_", " ")),
            "priority": "high" if alarm["critical"] else "low",
            "state": "silenced" if alarm["silenced_until_us"] else "acknowledged" if alarm["acknowledged"] else "",
        }
        for alarm in active
    ]


def dose_text(nl_per_h: int, ng_per_ml: int) -> str:
    """A flow of a strength as a dose per day."""
    return DAILY_DOSE.text(nl_per_h * HOURS_PER_DAY * ng_per_ml // NL_PER_ML, 1)


def rows(truth: Told, belief: Told | None, flowing_nl_per_h: int | None = None) -> list[Row]:
    """The comparison, line by line; `flowing_nl_per_h` is what has truly come of late, where that is known."""
    return [*_delivery(truth, belief, flowing_nl_per_h), *_fluid(truth, belief), *_electronics(truth, belief)]


def _delivery(truth: Told, belief: Told | None, flowing: int | None) -> Iterator[Row]:
    rate = belief["rate_nl_per_h"] if belief else 0
    still = bool(rate) and not truth["moving"]
    motor = "motor stands still" if not truth["moving"] else "motor turns" if rate else "motor ready, nothing commanded"
    yield Row("mode", mode_text(belief), motor, bool(belief) and not still)
    strength = _strength(belief)
    said = SILENT if belief is None else f"{DAILY_FLOW.text(rate, 3)}{f', {dose_text(rate, strength)}' if strength else ''}"
    if flowing is not None:
        so = f"{DAILY_FLOW.text(flowing, 3)}, {dose_text(flowing, truth['tip_concentration_ng_per_ml'])}"
        yield Row("flow, dose", said, so, _near(flowing * truth["tip_concentration_ng_per_ml"], rate * (strength or 0)))
    else:
        yield Row("flow, dose", said, NOTHING, True)
    yield Row("delivered, leaked, astray", NOTHING, _gone(truth), not (truth["leaked_nl"] or truth["astray_nl"] or truth["pocket_nl"]))


def _gone(truth: Told) -> str:
    parts = [VOLUME.text(truth["delivered_nl"], 2)]
    for key, words in (("leaked_nl", "leaked"), ("astray_nl", "astray"), ("pocket_nl", "in the pocket")):
        if truth[key]:
            parts.append(f"{VOLUME.text(truth[key], 2)} {words}")
    return ", ".join(parts)


def _fluid(truth: Told, belief: Told | None) -> Iterator[Row]:
    computed = belief["computed_reservoir_nl"] if belief else None
    held = truth["reservoir_nl"]
    yield Row("reservoir", _volume(computed, belief), VOLUME.text(held, 2), computed is not None and abs(computed - held) < APART_NL)
    told, strength = _strength(belief), truth["reservoir_concentration_ng_per_ml"]
    yield Row("strength in the reservoir", _concentration(told, belief), CONCENTRATION.text(strength, 0), _near(strength, told or 0))
    tip = truth["tip_concentration_ng_per_ml"]
    yield Row("strength at the tip", _concentration(told, belief), CONCENTRATION.text(tip, 0), _near(tip, told or 0))
    if truth["tip_level"]:
        yield Row("tip", "not known to the pump", str(truth["tip_level"]), True)


def _electronics(truth: Told, belief: Told | None) -> Iterator[Row]:
    off_us = truth["clock_error_us"]
    said = SILENT if belief is None else clock(belief["clock_us"])
    yield Row("clock", said, _clock_words(off_us), abs(off_us) < APART_CLOCK_US)
    names = [alarm["name"] + (f" ({alarm['state']})" if alarm["state"] else "") for alarm in alarm_texts(belief)]
    sound = truth["sound"]
    heard = f"sounds: {str(sound['pattern'] if isinstance(sound, Mapping) else sound[0]).replace('_', ' ')}" if sound else "silent now"
    yield Row("alarms", SILENT if belief is None else ", ".join(names) or "none", heard, True)
    if belief is not None:
        state = f"{_battery(belief['battery_state'])}, {_volts(belief['supply_mv'])}"
        yield Row("battery", state, _volts(truth["supply_mv"]), belief["supply_mv"] == truth["supply_mv"])
    if truth["magnet_held"]:
        yield Row("magnet", "not known to the pump", "held over the pump", False)


def differences(truth: Told, belief: Told | None) -> list[str]:
    """What the pump has wrong, in words, what matters most first."""
    if belief is None:
        return ["it has no power and believes nothing"]
    return [text for text in (*_motor_apart(truth, belief), *_fluid_apart(truth, belief), *_rest_apart(truth, belief)) if text]


def _motor_apart(truth: Told, belief: Told) -> Iterator[str]:
    if belief["rate_nl_per_h"] and not truth["moving"]:
        yield f"it commands {DAILY_FLOW.text(belief['rate_nl_per_h'], 3)}, the motor stands still"
    if truth["steps_moved"] < truth["steps_commanded"]:
        yield f"{number(truth['steps_commanded'] - truth['steps_moved'])} commanded steps did not happen"
    for key, words in (("leaked_nl", "leaked on its way"), ("astray_nl", "went astray"), ("pocket_nl", "lies in the pocket")):
        if truth[key]:
            yield f"{VOLUME.text(truth[key], 2)} {words}; it counts that as given"


def _fluid_apart(truth: Told, belief: Told) -> Iterator[str]:
    computed, held = belief["computed_reservoir_nl"], truth["reservoir_nl"]
    if computed is not None and abs(computed - held) >= APART_NL:
        yield f"it thinks {VOLUME.text(computed, 1)}, holds {VOLUME.text(held, 1)}"
    told = _strength(belief)
    if told is None:
        return
    strength, tip = truth["reservoir_concentration_ng_per_ml"], truth["tip_concentration_ng_per_ml"]
    if not _near(strength, told):
        yield f"it reckons with {CONCENTRATION.text(told, 0)}, the reservoir holds {CONCENTRATION.text(strength, 0)}"
    if not _near(tip, told) and not _near(tip, strength):
        yield f"{CONCENTRATION.text(tip, 0)} leaves the tip: other fluid is still in tubing and catheter"


def _rest_apart(truth: Told, belief: Told) -> Iterator[str]:
    if belief["concentration_pending"]:
        yield "a new strength was told of, and the therapy for it is still to come"
    if abs(truth["clock_error_us"]) >= APART_CLOCK_US:
        yield f"its clock is {_clock_words(truth['clock_error_us'])}"
    if truth["magnet_held"]:
        yield "a magnet is held over the pump"
    stall = any(alarm["active"] and alarm["cause"] == "motor_stall" for alarm in belief["alarms"])
    unknown = [mark["words"] for mark in _marks(truth["faults"]) if not (stall and mark["site"] == "motor")]
    if unknown:
        yield f"it does not know: {', '.join(unknown)}"


def drawing(truth: Told, belief: Told | None, capacity_nl: int) -> dict[str, Any]:
    """Reservoir, tubing and catheter twice: `true` and `believed`. Pieces go from the pump to the tip."""
    told = _strength(belief)
    computed = belief["computed_reservoir_nl"] if belief else None
    path = [_piece(volume, level) for volume, level in reversed(truth["path"])]
    rate = belief["rate_nl_per_h"] if belief else 0
    shape = {
        "capacity_nl": capacity_nl,
        "capacity_text": VOLUME.text(capacity_nl, 1),
        "tubing_nl": truth["tubing_nl"],
        "catheter_nl": truth["catheter_nl"],
    }
    shape["strongest_ng_per_ml"] = max([level for _, level in truth["path"]] + [truth["reservoir_concentration_ng_per_ml"], told or 0, 1])
    true = {
        "reservoir": _piece(truth["reservoir_nl"], truth["reservoir_concentration_ng_per_ml"]),
        "path": path,
        "flows": bool(truth["moving"] and rate),
        "tip": truth["tip_level"],
        "marks": _marks(truth["faults"]),
    }
    whole = truth["tubing_nl"] + truth["catheter_nl"]
    believed = {
        "reservoir": None if computed is None else _piece(computed, told or 0),
        "path": [] if told is None else [_piece(whole, told)],
        "flows": bool(rate),
        "tip": "",
        "marks": [],
    }
    return {"shape": shape, "true": true, "believed": believed, "words": _drawing_words(true, believed)}


def _drawing_words(true: Told, believed: Told) -> dict[str, str]:
    """The same for somebody who does not see it."""
    return {"true": f"In truth: {_side_words(true)}", "believed": f"As the pump believes: {_side_words(believed)}"}


def _side_words(side: Told) -> str:
    reservoir = side["reservoir"]
    held = "an unknown reservoir" if reservoir is None else f"reservoir {reservoir['volume']} of {reservoir['strength']}"
    path = ", then ".join(f"{piece['volume']} of {piece['strength']}" for piece in side["path"]) or "unknown"
    flow = "flow at the tip" if side["flows"] else "no flow"
    marks = "; ".join(mark["words"] for mark in side["marks"])
    return f"{held}; from pump to tip {path}; {flow}{f'; {marks}' if marks else ''}."


_SITES = {
    "catheter.occlusion": ("block", "catheter occluded"),
    "catheter.slow_occlusion": ("block", "catheter occluding"),
    "catheter.granuloma": ("block", "mass at the tip"),
    "catheter.kink": ("block", "catheter kinked"),
    "catheter.leak": ("gap", "catheter leaks"),
    "catheter.fracture": ("gap", "catheter broken"),
    "catheter.disconnection": ("gap", "catheter off"),
    "catheter.dislodgement": ("gap", "tip out of place"),
    "motor.stall": ("motor", "motor stalled"),
    "motor.permanent_stall": ("motor", "motor stalled"),
    "motor.intermittent_stall": ("motor", "motor stalls at times"),
    "motor.mri": ("motor", "motor held by a field"),
    "motor.magnet": ("motor", "motor held by a magnet"),
    "reservoir.pocket_fill": ("pocket", "refill goes beside the reservoir"),
    "reservoir.valve_closed": ("motor", "valve closed"),
}
"""Where a fault in force is drawn, and what stands beside it."""


def _marks(faults: Any) -> list[dict[str, str]]:
    return [{"site": _SITES[name][0], "words": _SITES[name][1]} for name in faults if name in _SITES]


def _piece(volume_nl: int, ng_per_ml: int) -> dict[str, Any]:
    strength = CONCENTRATION.text(ng_per_ml, 0) if ng_per_ml else "no drug"
    places = 3 if volume_nl < NL_PER_ML else 1
    return {"nl": volume_nl, "ng_per_ml": ng_per_ml, "volume": VOLUME.text(volume_nl, places), "strength": strength}


def _strength(belief: Told | None) -> int | None:
    """The strength that the pump reckons with: its therapy's, else that of the fill it was told of."""
    known = None if belief is None else belief["prescription"] or belief["fill"]
    return None if known is None else int(known["concentration_ng_per_ml"])


def _volume(computed: int | None, belief: Told | None) -> str:
    return SILENT if belief is None else "not computed" if computed is None else VOLUME.text(computed, 2)


def _concentration(told: int | None, belief: Told | None) -> str:
    return SILENT if belief is None else "not told" if told is None else CONCENTRATION.text(told, 0)


def _near(one: int, other: int) -> bool:
    return abs(one - other) * 100 <= APART_PERCENT * max(one, other)


def _clock_words(off_us: int) -> str:
    seconds = abs(off_us) // US_PER_S
    return "right to a second" if not seconds else f"{duration(seconds)} {'fast' if off_us > 0 else 'slow'}"


def _battery(state: str) -> str:
    return {"eri": "replacement due (ERI)", "eos": "end of service"}.get(state, state)


def _volts(millivolts: int) -> str:
    return f"{number(millivolts, 3)} V"
