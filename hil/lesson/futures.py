"""Curves of a run, and two futures from one decision: the path that was taken and the one of the good scripted learner from there.

Both are worked out by playing the log again, which leaves the run itself alone. Behind the end of the log nobody does anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hil.errors import UsageError
from hil.lesson.case import Case
from hil.lesson.entries import Entry
from hil.lesson.headless import play
from hil.lesson.projection import Role
from hil.lesson.rerun import rerun
from hil.lesson.views.clauses import clause
from hil.lesson.views.curves import CHARTS, Believed, columns, grid, step_for
from hil.lesson.views.lanes import DONE
from hil.lesson.views.stored import Stored

__all__ = ["GOOD", "curves_view", "future_view", "run_columns"]

GOOD = "good"
AHEAD_US = 24 * 3_600_000_000
"""How far a future goes beyond its decision at least: a day shows what a dose does."""
AS_READ = "as the learner last read it"
CURVES = ("dose", "csf", "tone")
FUTURES = (("dose", "true_dose"), ("csf", "lumbar"), ("tone", "legs"), ("rates", "breaths"))
"""Charts of two futures, and which of their curves is drawn of each path."""
_BY_ID = {chart["id"]: chart for chart in CHARTS}


def curves_view(stored: Stored, learner: str, role: Role) -> dict[str, Any]:
    """The curves below the lanes. Raises CheckFailed before the debrief is opened to this role, UsageError for nobody's key."""
    stored.demand_truth(role)
    learner = stored.known(learner)
    told = run_columns(stored, learner)
    charts = [_chart(_BY_ID[name], told["at_us"], _series(name, told)) for name in CURVES]
    return {"charts": [_without_unknown(chart) for chart in charts]}


def _series(name: str, told: dict[str, Any]) -> list[tuple[str, Any]]:
    """A chart's curves by their names; what the live page draws of the pump's belief is here what the learner had read."""
    return [(AS_READ if series["key"] == "believed_dose" else series["name"], told[series["key"]]) for series in _BY_ID[name]["series"]]


def run_columns(stored: Stored, learner: str) -> dict[str, Any]:
    """All curves of a run from its beginning to its end, by name; `at_us` are their times, `believed_dose` is as last read."""
    with rerun(stored.lesson, stored.entries, learner, stored.moments.end_us) as again:
        return _columns(again.case, stored.moments.end_us, _readings(stored.present, learner))


def future_view(stored: Stored, learner: str, n: int, role: Role) -> dict[str, Any]:
    """Two futures from the act of this number. Raises UsageError for no act of this learner, CheckFailed before the debrief is open."""
    stored.demand_truth(role)
    learner = stored.known(learner)
    act = _act(stored, learner, n)
    until_us = max(stored.moments.end_us, act.at_us + AHEAD_US)
    taken = _taken(stored, learner, until_us)
    other = _good(stored, learner, act, until_us)
    names = "the path taken", "the good learner's path"
    moments = stored.moments
    return {
        "n": n,
        "at_us": act.at_us,
        "from_us": 0,
        "to_us": until_us,
        "words": f"At {moments.said(act.at_us)} you {_words(act)}. From this moment on:",
        "charts": [
            {**_chart(_BY_ID[chart], taken["at_us"], [(names[0], taken[key]), (names[1], other.columns[key])]), "title": _title(chart, key)}
            for chart, key in FUTURES
        ],
        "acts": [{"at": moments.text(each.at_us), "words": _words(each)} for each in other.acts],
    }


class _Other(NamedTuple):
    """The other path: its curves, and what was done on it."""

    columns: dict[str, Any]
    acts: tuple[Entry, ...]


def _act(stored: Stored, learner: str, n: int) -> Entry:
    entry = next((entry for entry in stored.present if entry.n == n), None)
    if entry is None or entry.kind != "act" or entry.who != learner:
        raise UsageError(f"entry {n} is no act of this learner", where="future", do="choose a decision of the debrief")
    return entry


def _taken(stored: Stored, learner: str, until_us: int) -> dict[str, Any]:
    with rerun(stored.lesson, stored.entries, learner, stored.moments.end_us) as again:
        return _columns(again.case, until_us)


def _good(stored: Stored, learner: str, act: Entry, until_us: int) -> _Other:
    """The good scripted learner goes on from the instant before an act."""
    policy = stored.lesson.policies.get(GOOD)
    if policy is None:
        raise UsageError("this lesson has no good scripted learner", where=stored.lesson.name, do="write a good.yaml beside it")
    before = [entry for entry in stored.entries if entry.n < act.n]
    with rerun(stored.lesson, before, learner, act.at_us) as again:
        first = len(again.run.log) + 1
        play(again.run, again.key, policy, until_us)
        acts = tuple(entry for entry in again.run.log.entries(first) if entry.kind == "act" and entry.who == again.key)
        return _Other(_columns(again.case, until_us), acts)


def _readings(entries: Sequence[Entry], learner: str) -> Believed:
    """The dose per day as the learner last read it, from each reading on: 0 of a pump that does not run."""
    found = []
    for entry in entries:
        seen = entry.data.get("seen") or {}
        if entry.kind == "act" and entry.who == learner and seen.get("daily_dose_ng") is not None:
            found.append((entry.at_us, seen["daily_dose_ng"] if seen.get("readout", {}).get("runs") else 0))
    return found


def _columns(case: Case, until_us: int, believed: Believed = ()) -> dict[str, Any]:
    """The curves of a case from the lesson's beginning to a time, which the case is brought to."""
    case.advance_to(until_us)
    step_us = step_for(until_us)
    times = grid(-1, until_us, step_us)
    told: dict[str, Any] = columns(case, times, believed, step_us)
    return {**told, "at_us": times}


def _chart(chart: dict[str, Any], at_us: Sequence[int], series: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    named = [{"name": name, "values": values, "step": bool(chart.get("step"))} for name, values in series]
    return {
        "id": chart["id"],
        "title": chart["title"],
        "unit": chart["unit"],
        "range": chart.get("range"),
        "at_us": list(at_us),
        "series": named,
    }


def _without_unknown(chart: dict[str, Any]) -> dict[str, Any]:
    """What was never written down is not drawn."""
    return {**chart, "series": [each for each in chart["series"] if any(value is not None for value in each["values"])]}


def _title(chart: str, key: str) -> str:
    named = next(series["name"] for series in _BY_ID[chart]["series"] if series["key"] == key)
    return f"{_BY_ID[chart]['title']}, {named}"


def _words(entry: Entry) -> str:
    return clause(str(entry.data["act"]), entry.data.get("args") or {}, done=entry.data.get("answer", DONE) == DONE)
