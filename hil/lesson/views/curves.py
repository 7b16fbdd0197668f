"""The curves of one case: doses, levels and signs on one grid of times.

They are worked out from the case as it stands, and change nothing in it. The day before the lesson is shown too. A plot has a few hundred
rows however long the lesson is: the step of its grid grows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from firmware_sim.units import MASS_PER_NG

if TYPE_CHECKING:
    from firmware_sim.delivery import Knot
    from firmware_sim.patient import PatientState
    from hil.lesson.case import Case

__all__ = ["CHARTS", "Believed", "columns", "grid", "step_for"]

US_PER_S = 1_000_000
US_PER_DAY = 86_400 * US_PER_S
NG_PER_MCG = 1_000
ROWS = 360
STEPS_S = (10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
"""Steps of the grid."""
Believed = Sequence[tuple[int, int]]
"""(us since the lesson began, ng per day): what the pump believed to give from then on."""


def _chart(name: str, title: str, unit: str, *series: tuple[str, str], **more: Any) -> dict[str, Any]:
    """`step`: a value holds until the next; `range`: from where to where; `least`: so much is shown at least."""
    return {"id": name, "title": title, "unit": unit, "series": [{"key": key, "name": said} for key, said in series], **more}


CHARTS = (
    _chart("dose", "Dose rate", "mcg/day", ("true_dose", "out of the tip, in truth"), ("believed_dose", "as the pump believes"), step=True),
    _chart("csf", "Drug in CSF", "ng/mL", ("lumbar", "lumbar"), ("cisternal", "cisternal")),
    _chart("tone", "Tone", "Ashworth, 1 to 5", ("legs", "legs"), ("arms", "arms"), range=(1, 5)),
    _chart("reflex", "H reflex", "% of its size without drug", ("reflex", "H reflex"), range=(0, 110)),
    _chart("rates", "Heart and breathing", "per min", ("heart", "heart rate"), ("breaths", "breaths")),
    _chart("pressure", "Blood pressure", "mmHg", ("systolic", "systolic"), ("diastolic", "diastolic")),
    _chart("temperature", "Temperature", "°C", ("temperature", "temperature"), least=2),
)
"""What is drawn, from top to bottom."""
_OF_PATIENT: dict[str, Callable[[PatientState], float]] = {
    "lumbar": lambda state: state.lumbar_ng_per_ml,
    "cisternal": lambda state: state.cisternal_ng_per_ml,
    "legs": lambda state: state.ashworth_legs,
    "arms": lambda state: state.ashworth_arms,
    "reflex": lambda state: 100 * state.reflex_share,
    "heart": lambda state: state.vital.heart_rate_per_min,
    "breaths": lambda state: state.vital.breaths_per_min,
    "systolic": lambda state: state.vital.systolic_mmhg,
    "diastolic": lambda state: state.vital.diastolic_mmhg,
    "temperature": lambda state: state.vital.temperature_c,
}
_PLACES = 2


def step_for(span_us: int) -> int:
    """The step of the grid, us, for a plot of that length."""
    return next((step for step in STEPS_S if span_us <= ROWS * step * US_PER_S), STEPS_S[-1]) * US_PER_S


def grid(after_us: int, until_us: int, step_us: int) -> list[int]:
    """Multiples of the step after one time up to another."""
    return [place * step_us for place in range(after_us // step_us + 1, until_us // step_us + 1)]


def columns(case: Case, times_us: Sequence[int], believed: Believed, step_us: int) -> dict[str, list[float | None]]:
    """The curves at these times, `at` in seconds since the lesson began; the true dose is the mean over the step before."""
    assert case.patient is not None
    patient, base_us, now_us = case.patient, case.base_us, case.unit.now_us
    states = [patient.at(min(at_us + base_us, now_us)) for at_us in times_us]
    knots = case.unit.pump.record_delivery().knots()
    told: dict[str, list[float | None]] = {"at": [at_us / US_PER_S for at_us in times_us]}
    told["true_dose"] = [_dose(knots, at_us + base_us, step_us) for at_us in times_us]
    told["believed_dose"] = [_held(believed, at_us) for at_us in times_us]
    return told | {name: [round(of(state), _PLACES) for state in states] for name, of in _OF_PATIENT.items()}


def _dose(knots: Sequence[Knot], at_us: int, step_us: int) -> float:
    """Drug out of the tip at its place over the step before, mcg/day."""
    from_us = max(at_us - step_us, knots[0].at_us)
    if at_us <= from_us:
        return 0.0
    gone = _mass(knots, at_us) - _mass(knots, from_us)
    return round(gone / MASS_PER_NG / NG_PER_MCG * US_PER_DAY / (at_us - from_us), _PLACES)


def _mass(knots: Sequence[Knot], at_us: int) -> float:
    """What had reached its place by then: what left the tip and did not go astray."""
    place = bisect_right(knots, at_us, key=lambda knot: knot.at_us)
    one = knots[max(place - 1, 0)]
    if place in (0, len(knots)):
        return one.mass - one.astray_mass
    other = knots[place]
    share = (at_us - one.at_us) / (other.at_us - one.at_us)
    arrived = one.mass - one.astray_mass
    return arrived + share * (other.mass - other.astray_mass - arrived)


def _held(believed: Believed, at_us: int) -> float | None:
    """What the pump believed then, mcg/day; None before the first look."""
    place = bisect_right(believed, at_us, key=lambda row: row[0])
    return believed[place - 1][1] / NG_PER_MCG if place else None
