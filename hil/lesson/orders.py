"""What a trainer, the clock and a learner's page may order beside the acts of a case: one table for each, every argument a typed text."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from hil.errors import CheckFailed, UsageError
from hil.lesson.acts.asked import Asked
from hil.lesson.goal import Goal
from hil.lesson.sounds import SPEAKERS, muffling, test_sound
from hil.lesson.views.fault_forms import fault_values, values_text

if TYPE_CHECKING:
    from hil.lesson.run import LessonRun

__all__ = ["LEARNER_ORDERS", "ORDERS", "SPEEDS", "Orders"]

SPEEDS = (1, 10, 100, 1_000, 10_000, 100_000)
RATINGS = ("1", "2", "3", "4", "5")
STATES = ("met", "missed", "auto")
OUTCOMES = ("played", "not_unlocked", "muted", "hidden", "late", "blocked")
TEXT_CHARS_MAX = 200
MILLIMETRES_MAX_DIGITS = 3

Order = Callable[["LessonRun", str, dict[str, Any]], dict[str, Any]]


class Orders(dict[str, Order]):
    """Orders by their word."""

    def demand(self, act: str) -> Order:
        """One of them. Raises UsageError."""
        if act not in self:
            near = get_close_matches(act, self, 1)
            raise UsageError(f"there is no order {act!r}", where="act", do=f"did you mean {near[0]!r}?" if near else "use one of the page")
        return self[act]


# ---------------------------------------------------------------- the clock


def _demand_going_on(run: LessonRun, act: str) -> None:
    if run.state == "ended":
        raise CheckFailed("the lesson is over", where=act, do="open its debriefing")


def _pause(run: LessonRun, who: str, _typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "pause")
    run.goal = None
    run.set_clock(who, "paused", run.speed, "simulation paused")
    return {}


def _resume(run: LessonRun, who: str, _typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "resume")
    run.set_clock(who, "running", run.speed, "simulation goes on")
    return {}


def _speed(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "speed")
    factor = Asked(typed).choice("factor", (str(speed) for speed in SPEEDS))
    run.set_clock(who, run.state, int(factor), f"x{int(factor):,}")
    return {}


def _hurry(run: LessonRun, who: str, goal: Goal) -> dict[str, Any]:
    _demand_going_on(run, "advance")
    run.goal = goal
    run.set_clock(who, run.state, run.speed, "time passes quickly", goal.words)
    return {"until": goal.words}


def _advance(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    return _hurry(run, who, Goal.wait(run, Asked(typed).text("time")))


def _next_event(run: LessonRun, who: str, _typed: dict[str, Any]) -> dict[str, Any]:
    return _hurry(run, who, Goal.next_event())


def _until(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    return _hurry(run, who, Goal.until(Asked(typed).text("condition")))


def _end(run: LessonRun, who: str, _typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "end")
    run.end("the trainer has ended it", who)
    return {}


# ---------------------------------------------------------------- faults and steps


def _inject(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "inject")
    asked = Asked(typed)
    fault, params = asked.text("fault"), typed.get("params") or {}
    if not isinstance(params, dict) or not all(isinstance(text, str) for text in params.values()):
        raise UsageError("parameters are texts by their names", where="params", do="fill the form of the fault")
    values = fault_values(fault, params)
    for case in run.cases_of(asked.maybe("learner") or ""):
        handle = case.stage.bench.plan(fault, values)
        case.stage.handles[f"{fault} {handle}"] = handle
        said = ", ".join(filter(None, (fault, values_text(fault, values))))
        run.write("inject", who, case.key, {"fault": fault, "params": dict(params), "handle": handle, "words": said})
        run.settle((case,))
    return {}


def _clear(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "clear")
    asked = Asked(typed)
    handle = asked.whole("handle", 0, 10**9)
    for case in run.cases_of(asked.text("learner")):
        fault = next((fault["name"] for fault in case.faults() if fault["handle"] == handle), None)
        if fault is None:
            raise UsageError(f"nothing in this case has the handle {handle}", where="handle", do="choose one of the faults in force")
        case.stage.bench.clear(handle)
        run.write("clear", who, case.key, {"handle": handle, "fault": fault, "words": fault})
        run.settle((case,))
    return {}


def _step(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "step")
    asked = Asked(typed)
    for case in run.cases_of(asked.maybe("learner") or ""):
        run.react_now(case, asked.text("id"), who)
        run.settle((case,))
    return {}


# ---------------------------------------------------------------- words


def _about(run: LessonRun, typed: dict[str, Any]) -> str:
    learner = Asked(typed).maybe("learner") or ""
    run.cases_of(learner)
    return learner


def _say(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    run.write("said", who, _about(run, typed), {"text": Asked(typed).text("text"), "by": "trainer"})
    return {}


def _give_finding(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    run.write("finding", who, _about(run, typed), {"text": Asked(typed).text("text")})
    return {}


def _ask(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    about, text = _about(run, typed), Asked(typed).text("text")
    run.prompts += 1
    prompt = f"P{run.prompts}"
    for case in run.cases_of(about):
        case.prompts.add(prompt)
    run.write("prompt", who, about, {"id": prompt, "text": text})
    return {"id": prompt}


def _rate(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    asked = Asked(typed)
    learner, score = asked.text("learner"), asked.choice("score", RATINGS)
    run.cases_of(learner)
    run.write("rating", who, learner, {"learner": learner, "score": int(score), "note": asked.maybe("note") or ""})
    return {}


def _tick(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    asked = Asked(typed)
    learner, state = asked.text("learner"), asked.choice("state", STATES)
    items = [item.id for item in run.lesson.checklist]
    item = asked.choice("item", items)
    run.cases_of(learner)
    run.write("ticked", who, learner, {"learner": learner, "item": item, "state": state, "note": asked.maybe("note") or ""})
    return {}


def _bookmark(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    name = Asked(typed).text("name")
    run.mark(name)
    run.write("bookmark", who, "", {"name": name})
    return {"name": name}


def _return(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    _demand_going_on(run, "return")
    name, from_us = Asked(typed).text("name"), run.now_us
    run.go_back(name)
    run.write("returned", who, "", {"bookmark": name, "from_us": from_us})
    run.set_clock(who, run.state, run.speed, "back at an earlier moment", name)
    run.settle(run.cases_of(""))
    return {"name": name}


def _open_debrief(run: LessonRun, who: str, _typed: dict[str, Any]) -> dict[str, Any]:
    if run.state != "ended":
        raise CheckFailed("the lesson still runs", where="open-debrief", do="end it first")
    run.write("opened", who, "", {"what": "debrief"})
    return {}


# ---------------------------------------------------------------- sound


def _speakers(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    run.speakers = Asked(typed).choice("who", SPEAKERS)
    run.write("speakers", who, "", {"who": run.speakers})
    return {}


def _muffle(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    text = Asked(typed).text("depth")
    number = text.removesuffix("mm").strip()
    if not (text.endswith("mm") and number.isascii() and number.isdigit() and len(number) <= MILLIMETRES_MAX_DIGITS):
        raise UsageError(f"{text!r} is no depth", where="depth", do="write it like 20 mm")
    muffling(int(number))
    for case in run.cases.values():
        case.depth_mm = int(number)
    run.write("muffled", who, "", {"depth_mm": int(number)})
    return {}


def _test_sound(run: LessonRun, who: str, _typed: dict[str, Any]) -> dict[str, Any]:
    run.write("sound", who, who, test_sound())
    return {}


# ---------------------------------------------------------------- a learner's page


def _heard(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    sound, outcome = typed.get("n"), typed.get("outcome")
    if not isinstance(sound, int) or outcome not in OUTCOMES:
        raise UsageError("a report of a sound says which, and what became of it", where="heard", do=f"one of {', '.join(OUTCOMES)}")
    run.write("heard", who, who if who in run.cases else "", {"sound": sound, "outcome": outcome, "client": _short(typed, "client")})
    return {}


def _audio(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {name: _short(typed, name) for name in ("client", "state", "volume")}
    told |= {name: bool(typed.get(name)) for name in ("muted", "hidden")}
    run.write("audio", who, who if who in run.cases else "", told)
    return {}


def _short(typed: dict[str, Any], name: str) -> str:
    return str(typed.get(name, ""))[:TEXT_CHARS_MAX]


def _reply(run: LessonRun, who: str, typed: dict[str, Any]) -> dict[str, Any]:
    asked, case = Asked(typed), run.cases[who]
    prompt, text = asked.text("id"), asked.text("text")
    if prompt not in case.prompts:
        raise CheckFailed("this question is not open any more", where="id", do="answer one that is")
    case.prompts.discard(prompt)
    run.write("reply", who, who, {"id": prompt, "text": text})
    return {}


def _presence(kind: str) -> Order:
    def order(run: LessonRun, who: str, _typed: dict[str, Any]) -> dict[str, Any]:
        run.write(kind, who, who, {})
        return {}

    return order


ORDERS = Orders(
    {
        "pause": _pause,
        "resume": _resume,
        "speed": _speed,
        "advance": _advance,
        "next-event": _next_event,
        "until": _until,
        "inject": _inject,
        "clear": _clear,
        "step": _step,
        "say": _say,
        "ask": _ask,
        "give-finding": _give_finding,
        "tick": _tick,
        "rate": _rate,
        "bookmark": _bookmark,
        "return": _return,
        "end": _end,
        "open-debrief": _open_debrief,
        "speakers": _speakers,
        "muffle": _muffle,
        "test-sound": _test_sound,
        "heard": _heard,
        "audio": _audio,
    }
)
"""Of the trainer, and of whoever lets time pass."""
LEARNER_ORDERS = Orders(
    {
        "heard": _heard,
        "audio": _audio,
        "reply": _reply,
        "test-sound": _test_sound,
        "left": _presence("left"),
        "back": _presence("back"),
    }
)
"""Of a learner's page; all else is an act, and goes through a door."""
