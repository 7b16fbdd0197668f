"""What each act shows, key by key: what `found` of a condition and `seen` of a scripted learner may look for.

An act that is not here shows nothing. `tests/lesson/test_shown.py` holds the table against what the acts do show.
"""

from __future__ import annotations

__all__ = ["NO_FIGURE", "SHOWN", "VALUES", "shown_by"]

_TEXT = {"text": "what is said of it, in words"}
_EXAMINED = {**_TEXT, "abnormal": "yes or no: whether it shows something wrong"}
_SENT = {"notes": "what else somebody has to know of it, a list"}
_RUNNING = {"pump_gives": "the volume that the pump says it gives", "until_end": "how long the pump says it still takes"}
_READOUT = {
    "mode": "simple, flex, minimum rate, stopped ...",
    "therapy": "the therapy in the pump, by the keys of a therapy file: `therapy.daily-dose`",
    "readout": "the whole screen: `readout.dose_per_day` is what the doses of a day add up to",
    "generation": "how often a therapy has been committed",
    "read_at_us": "when it was read, us since the learner came",
}
SHOWN: dict[str, dict[str, str]] = {
    "interrogate": {
        **_READOUT,
        "reservoir": "what the pump has computed to be left",
        "alarms": "the alarms of its list, each with its time; `over` behind those that are gone",
        "log": "the newest records of its log, each with its time",
        "daily_dose_ng": "what the doses of a day add up to, in ng",
        "read_clock": "the time by the pump's clock",
    },
    "type": {"text": "the field as the pump will have it", "change": "what it changes, such as `was 100 → 120 mcg/day`"},
    "review": {
        "token": "what `update` must name",
        "therapy": "the therapy as it was typed",
        "needs_reason": "yes or no: whether a warning must be answered with a reason",
        "warnings": "warnings, a list",
        "refusals": "what the pump would refuse, a list",
        "notes": "what happens when it is sent, a list",
        "changed": "how many rows differ from what is in the pump",
        "top": "the rows that matter most",
        "rows": "every row: current beside pending",
        "drawn": "the pattern of the day, to be drawn",
        "bridge": "the bridge bolus that is needed, if any",
        "read_at": "when the pump was read",
    },
    "update": {**_READOUT, "rows": "every row: asked beside read back"},
    "start": {"mode": _READOUT["mode"]},
    "stop": {"mode": _READOUT["mode"]},
    "bolus": {"dose": "the dose", "over": "in how long", **_RUNNING},
    "patient-bolus": _TEXT,
    "prime": {"volume": "the volume", **_RUNNING},
    "bridge": {"volume": "the volume", "rate": "at which rate", **_RUNNING},
    "silence": {"alarm": "which alarm", "silent_for": "for how long"},
    "acknowledge": {"alarm": "which alarm"},
    "alarm-test": _TEXT,
    "set-clock": {"was": "the pump's clock before", "now": "the pump's clock now"},
    "settle": {"became": "what became of the last command"},
    "leave": _TEXT,
    "puncture": _TEXT,
    "withdraw": {
        "measured": "what the syringe drew",
        "expected": "what the pump had computed, in words",
        "difference": "how far apart they are, in words; nothing if they agree",
        "warns": "yes or no: whether they are further apart than a refill lets pass",
    },
    "rinse": _TEXT,
    "fill": {"filled": "what is in the reservoir through the needle", **_TEXT},
    "review-refill": {"rows": "every row", "headings": "what stands above them", "warnings": "warnings, a list"},
    "tell-refill": {
        "computed": "what the pump has computed to be left",
        "low_reservoir_date": "when the low-reservoir alarm is due",
        "empty_date": "when it will be empty",
    },
    "side-port": {"drawn": "the volume that came", **_TEXT},
    "magnet": _TEXT,
    "xray": _EXAMINED,
    "rotor": {**_EXAMINED, "since_last": "what the last two images say together"},
    "side-port-test": {**_EXAMINED, "drawn": "the volume that came", **_SENT},
    "contrast": {**_EXAMINED, "drawn": "the volume that came first", **_SENT},
    "isotope": _EXAMINED,
    "reservoir": {**_EXAMINED, "measured": "what the syringe drew", "expected": "what the pump had computed", **_SENT},
    "measure": {"what": "what was measured", "value": "the value, as below"},
    "ask": {"text": "what the patient says"},
    "treat": _TEXT,
    "call": _TEXT,
    "finish": _TEXT,
    "wait": _TEXT,
}
VALUES = {
    "heart-rate": "98 /min",
    "blood-pressure": "91/57 mmHg",
    "temperature": "38.5 °C",
    "breathing": "14 /min",
    "saturation": "97 %",
    "consciousness": "15 of 15 (Glasgow)",
    "tone-legs": "3.1 (Ashworth, mean of both legs)",
    "tone-arms": "2.6 (Ashworth, mean of both arms)",
    "spasms": "3 of 4 (Penn)",
    "reflex": "80 % (H/M ratio)",
    "look": "The patient has legs stiffer than usual.",
    "pocket": "A soft swelling over the pump.",
}
"""How `measure` writes down each thing. A remark in brackets does not count when it is compared."""
NO_FIGURE = ("blood-pressure", "look", "pocket")
"""Those whose value is not one figure, so that nothing is `at least` it."""


def shown_by(act: str) -> dict[str, str]:
    """What an act shows: its keys, each with what stands there."""
    return SHOWN.get(act, {})
