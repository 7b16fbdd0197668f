"""What is so at this instant, for the trainer: the class at a glance, and one case in full. Looks change nothing.

`now_view` is asked for about once a second, `case_view` by the one page that has a case open. What cannot be worked out afterwards is the
rate that the pump believed to give: the view keeps it from look to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firmware_sim.patient import PatientState
from hil.lesson.views.curves import CHARTS, US_PER_S, Believed, columns, grid, step_for
from hil.lesson.views.fault_forms import values_text
from hil.lesson.views.instructor import CONDITIONS, Course, InstructorView
from hil.lesson.views.moments import Moments
from hil.lesson.views.sides import alarm_texts, differences, drawing, mode_text, rows
from hil.lesson.views.spans import lanes, marks
from hil.lesson.vocabulary import fact_words
from hil.wording.quantity import number

if TYPE_CHECKING:
    from hil.lesson.case import Case
    from hil.lesson.run import LessonRun

__all__ = ["case_view", "now_view"]

BEFORE_US = 86_400 * US_PER_S
"""The day before the lesson is drawn too."""
FLOW_US = 1_800 * US_PER_S
"""The true flow is told as the mean over this time: a slow pump makes a step every few minutes."""
NL_PER_ML = 1_000_000
HOURS_PER_DAY = 24


def now_view(run: LessonRun, view: InstructorView) -> dict[str, Any]:
    """The class at a glance, under the key `now`."""
    moments = Moments(view.moments.origin_us, max(run.now_us, view.moments.end_us))
    told = {key: _glance(case, view, run.now_us) for key, case in run.cases.items() if key in view.learners}
    audible, everybody = _audible(view)
    return {
        "now": {
            "at": moments.text(run.now_us),
            "at_us": run.now_us,
            "state": run.state,
            "speed": run.speed,
            "hurrying": bool(getattr(run, "hurrying", False)),
            "audible": audible,
            "all_audible": everybody,
            "rows": told,
        }
    }


def _audible(view: InstructorView) -> tuple[str, bool]:
    """Who can be reached by a sound, in words, and whether that is everybody."""
    if view.speakers == "none":
        return "sounds are off", False
    if view.speakers == "room":
        return ("room speaker on", True) if view.room_sound[0] == "ok" else (f"room speaker: {view.room_sound[1]}", False)
    here = [learner for learner in view.learners.values() if learner.online]
    heard = sum(learner.sound[0] == "ok" for learner in here)
    return f"{heard} of {len(here)} audible", heard == len(here)


def case_view(run: LessonRun, view: InstructorView, learner: str, since_us: int = -1) -> dict[str, Any]:
    """One case in full. Curves are those after `since_us` from where they begin; none yet, or a time that is still to come, begins anew."""
    case, course = run.cases[learner], view.course(learner)
    now_us = case.now_us
    _note(view, learner, case)
    truth, belief, state = dict(case.truth()["pump"]), case.belief(), case.state()
    moments = Moments(view.moments.origin_us, max(now_us, view.moments.end_us))
    first_us = max(-BEFORE_US, case.patient.since_us - case.base_us if case.patient else 0)
    anew = not 0 <= since_us <= now_us - first_us
    step_us = step_for(now_us - first_us)
    times = grid(first_us + (0 if anew else since_us), now_us, step_us)
    believed: Believed = view.believed.get(learner, ())
    flowing = _flowing(case)
    return {
        "learner": learner,
        "nickname": view.learners[learner].nickname,
        "at": moments.text(now_us),
        "at_us": now_us,
        "origin_s": view.moments.origin_us // US_PER_S,
        "rows": [row._asdict() for row in rows(truth, belief, flowing)],
        "differences": differences(truth, belief),
        "drawing": drawing(truth, belief, case.drawing()["capacity_nl"]),
        "patient": _patient(state),
        "condition": CONDITIONS[_condition(state, course)],
        "lanes": lanes(course, view.learners[learner].offline, now_us),
        "marks": marks(course, moments),
        "facts": [fact_words(name) for name in sorted(course.held)],
        "score": view.score(learner, now_us),
        "faults": [_fault(fault) for fault in case.faults()],
        "curves": {
            "anew": anew,
            "first_us": first_us,
            "step_us": step_us,
            "charts": CHARTS if anew else None,
            "columns": columns(case, times, believed, step_us),
            "tail": columns(case, [now_us], believed, step_us),
        },
    }


def _fault(fault: dict[str, Any]) -> dict[str, str]:
    """A fault in force, whoever brought it."""
    values = values_text(fault["name"], fault["parameters"])
    return {"handle": str(fault["handle"]), "words": f"{fault['name']}: {values}" if values else str(fault["name"])}


def _glance(case: Case, view: InstructorView, now_us: int) -> dict[str, Any]:
    """One row of the class table."""
    course, believed = view.course(case.key), case.belief()
    _note(view, case.key, case)
    alarms = [{"name": alarm["name"], "priority": alarm["priority"], "state": alarm["state"]} for alarm in alarm_texts(believed)]
    stopped = believed is None or believed["mode"] in ("stopped", "shelf")
    state = case.state()
    return {
        "mode": mode_text(believed),
        "stopped": stopped,
        "alarms": alarms,
        "sounding": case.true().sound is not None,
        "ago": f"{Moments.length(max(now_us - course.last_us, 0))} ago" if course.last else "",
        "condition": CONDITIONS[_condition(state, course)],
        "errors": view.errors(case.key, now_us),
    }


def _condition(state: PatientState, course: Course) -> str:
    """The patient's condition by name: what the model says now, and failing breath as the log has it."""
    if "breathing-fails" in course.held:
        return "breathing-fails"
    if state.condition == "over-dosed":
        return "over-dosed"
    if state.withdrawal != "none":
        return f"withdrawal-{state.withdrawal}"
    return state.condition


def _note(view: InstructorView, learner: str, case: Case) -> None:
    """Keep what the pump believes to give, where it has changed since the last look."""
    status = case.believed()
    rate = 0 if status is None else status.rate_nl_per_h
    strength = 0 if status is None or status.prescription is None else status.prescription.concentration_ng_per_ml
    view.note_belief(learner, case.now_us, rate * HOURS_PER_DAY * strength // NL_PER_ML)


def _flowing(case: Case) -> int:
    """What has come out at the tip of late, nL/h."""
    truth = case.true()
    per_day = columns(case, [case.now_us], [], FLOW_US)["true_dose"][0] or 0
    strength = truth.tip_concentration_ng_per_ml
    return round(per_day * NL_PER_ML * 1_000 / strength / HOURS_PER_DAY) if strength else 0


def _patient(state: PatientState) -> list[dict[str, str]]:
    """The patient now, line by line."""
    vital = state.vital
    told = [
        ("condition", state.condition if state.withdrawal == "none" else f"{state.condition}, {state.withdrawal} withdrawal"),
        ("tone, legs and arms", f"Ashworth {_decimal(state.ashworth_legs, 1)} and {_decimal(state.ashworth_arms, 1)}"),
        ("spasms", f"score {_decimal(state.spasm_score, 1)} of 4"),
        ("H reflex", f"{number(round(100 * state.reflex_share))} % of its size without drug"),
        ("drug in CSF", f"lumbar {_level(state.lumbar_ng_per_ml)}, cisternal {_level(state.cisternal_ng_per_ml)}"),
        ("heart rate", f"{number(round(vital.heart_rate_per_min))} per min"),
        ("blood pressure", f"{number(round(vital.systolic_mmhg))}/{number(round(vital.diastolic_mmhg))} mmHg"),
        ("temperature", f"{_decimal(vital.temperature_c, 1)} °C"),
        ("breathing", f"{number(round(vital.breaths_per_min))} per min, saturation {number(round(vital.saturation_percent))} %"),
        ("consciousness", f"Glasgow {vital.coma_score} of 15"),
        ("signs", ", ".join(state.signs) or "none"),
    ]
    return [{"what": what, "text": text} for what, text in told]


def _decimal(value: float, places: int) -> str:
    return number(round(value * 10**places), places)


def _level(ng_per_ml: float) -> str:
    return f"{_decimal(ng_per_ml, 0 if ng_per_ml >= 10 else 1)} ng/mL"
