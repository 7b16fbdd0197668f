"""The patient: nothing is shown that was not measured, looked at or asked for; each answer stands for the moment at which it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware_sim.errors import PumpError
from firmware_sim.patient import PatientState
from firmware_sim.plant.patient.treatments import TREATMENTS
from hil.errors import CheckFailed, UsageError
from hil.lesson.acts.asked import Asked, Done
from hil.wording.quantity import DOSE, VOLUME, Kind, number

if TYPE_CHECKING:
    from hil.lesson.case import Case

__all__ = ["MEASURES", "TREATED", "ask", "measure", "treat"]

SWELLING_NL = 1_000_000
"""Fluid beside the pump that can be felt."""
NO_ANSWER_BELOW = 9
"""Below this coma score nobody answers a question."""
TENTHS = 10
PERCENT = 100
MILLIGRAMS = Kind("dose", "mg", 6, "ng", "20 mg")
NG_PER_MG, NG_PER_MCG, NL_PER_ML = 1_000_000, 1_000, 1_000_000

_LOOKS = {
    "drowsiness": "is drowsy",
    "hypotonia": "lies limp",
    "unsteadiness": "cannot sit or stand safely",
    "nausea": "is pale",
    "salivation": "drools",
    "respiratory depression": "breathes slowly and not deeply",
    "seizures": "has seizures",
    "seizure": "has a seizure",
    "coma": "cannot be woken",
    "apnoea": "does not breathe",
    "spasticity up": "has legs stiffer than usual",
    "itching": "scratches all over, with no rash",
    "hallucinations": "speaks to somebody who is not there",
    "altered mind": "is confused",
    "rigidity": "is rigid all over",
    "convulsions": "has convulsions",
    "rhabdomyolysis": "has dark urine",
    "organ failure": "is grey and cold",
}
"""Signs that can be seen, in the words of somebody who sees them. Those that must be measured are not here."""
_SAYS = {
    "drowsiness": "I could sleep all day.",
    "dizziness": "Everything turns.",
    "unsteadiness": "I cannot stand safely.",
    "nausea": "I feel sick.",
    "hypotonia": "My legs give way.",
    "spasticity up": "My legs are stiffer again.",
    "itching": "It itches everywhere.",
    "paraesthesia": "It tingles, as if ants ran over me.",
    "fever": "I feel hot and shivery.",
    "hallucinations": "There is somebody behind you.",
    "rigidity": "I cannot move.",
    "altered mind": "Where am I?",
}
"""What is complained of."""


def _whole(value: float) -> str:
    return number(round(value))


def _tenths(value: float) -> str:
    return number(round(value * TENTHS), 1)


def _look(state: PatientState, _case: Case) -> str:
    seen = [_LOOKS[sign] for sign in state.signs if sign in _LOOKS]
    return f"The patient {', '.join(seen)}." if seen else "Nothing strikes you."


def _pocket(_state: PatientState, case: Case) -> str:
    true = case.true()
    left_nl = true.pocket_nl * (true.pocket_ng - true.absorbed_ng) // true.pocket_ng if true.pocket_ng else true.pocket_nl
    return "A soft swelling over the pump." if left_nl >= SWELLING_NL else "Nothing swollen, red or warm over the pump."


MEASURES: dict[str, Callable[[PatientState, Case], str]] = {
    "heart-rate": lambda state, _: f"{_whole(state.vital.heart_rate_per_min)} /min",
    "blood-pressure": lambda state, _: f"{_whole(state.vital.systolic_mmhg)}/{_whole(state.vital.diastolic_mmhg)} mmHg",
    "temperature": lambda state, _: f"{_tenths(state.vital.temperature_c)} °C",
    "breathing": lambda state, _: f"{_whole(state.vital.breaths_per_min)} /min",
    "saturation": lambda state, _: f"{_whole(state.vital.saturation_percent)} %",
    "consciousness": lambda state, _: f"{state.vital.coma_score} of 15 (Glasgow)",
    "tone-legs": lambda state, _: f"{_tenths(state.ashworth_legs)} (Ashworth, mean of both legs)",
    "tone-arms": lambda state, _: f"{_tenths(state.ashworth_arms)} (Ashworth, mean of both arms)",
    "spasms": lambda state, _: f"{_whole(state.spasm_score)} of 4 (Penn)",
    "reflex": lambda state, _: f"{_whole(state.h_m_ratio * PERCENT)} % (H/M ratio)",
    "look": _look,
    "pocket": _pocket,
}
"""What can be measured or looked at, and how it is written down."""


def measure(case: Case, asked: Asked) -> Done:
    """Measure one thing, now."""
    what = asked.choice("what", MEASURES)
    value = MEASURES[what](case.state(), case)
    return Done({"what": what, "value": value}, f"looked: {value}" if what == "look" else f"measured {what.replace('-', ' ')}: {value}")


def ask(case: Case, _asked: Asked) -> Done:
    """Ask how it is."""
    state = case.state()
    if state.vital.coma_score < NO_ANSWER_BELOW:
        return Done({"text": "There is no answer."}, "asked the patient, who did not answer")
    told = [_SAYS[sign] for sign in state.signs if sign in _SAYS]
    text = " ".join(told) if told else "As usual, thank you."
    return Done({"text": text}, f"asked the patient: {text}")


# ---------------------------------------------------------------- treatments

TREATED = tuple(name.replace("_", "-") for name in TREATMENTS)


def _millilitres(text: str) -> int:
    return _per(VOLUME.parse(text), NL_PER_ML, "mL")


def _milligrams(text: str) -> int:
    return _per(MILLIGRAMS.parse(text), NG_PER_MG, "mg")


def _micrograms_of_mg(text: str) -> int:
    return _per(MILLIGRAMS.parse(text), NG_PER_MCG, "mcg")


def _per(units: int, size: int, unit: str) -> int:
    whole, rest = divmod(units, size)
    if rest:
        raise UsageError(f"nobody gives a part of 1 {unit}", do=f"write a whole number of {unit}")
    return whole


def _supported(text: str) -> int:
    if text not in ("yes", "no"):
        raise UsageError(f"{text!r} is not yes or no", do="write yes to support breathing, no to end it")
    return int(text == "yes")


_AMOUNTS: dict[str, tuple[Callable[[str], int], str]] = {
    "volume_ml": (_millilitres, "30 mL"),
    "dose_ng": (DOSE.parse, "50 mcg"),
    "dose_mg": (_milligrams, "20 mg"),
    "dose_ug": (_micrograms_of_mg, "1 mg"),
    "supported": (_supported, "yes"),
}
"""How the amount of each treatment is read, by its parameter."""


def treat(case: Case, asked: Asked) -> Done:
    """Order a treatment; it is given at once."""
    name = asked.choice("treatment", TREATED)
    parameter = TREATMENTS[name.replace("-", "_")].parameter
    parse, example = _AMOUNTS[parameter]
    if asked.maybe("dose") is None:
        raise CheckFailed("how much is not written", where="dose", do=f"write it like {example}")
    amount = asked.read("dose", parse)
    assert case.patient is not None
    try:
        case.patient.treat(name.replace("-", "_"), **{parameter: amount})
    except PumpError:
        raise CheckFailed(f"nobody gives {asked.text('dose')} of it", where="dose", do="order an amount that is given") from None
    said = f"{name.replace('-', ' ')}, {asked.text('dose')}"
    return Done({"text": f"Given: {said}."}, f"gave {said}")
