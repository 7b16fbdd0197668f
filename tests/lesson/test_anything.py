"""Whatever a page sends, in whatever order: nothing breaks a run, everything is in its log, and the log makes the run again."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from hil.lesson.acts.asked import Argument
from hil.lesson.doors import DOORS
from hil.lesson.entries import INSTRUCTOR, KINDS, as_plain
from hil.lesson.orders import LEARNER_ORDERS, ORDERS
from hil.lesson.replay import replay
from hil.lesson.run import LessonRun
from tests.lesson.runs import MIN, H, a_lesson, therapy

TEXTS = (
    "",
    "all",
    "0 mL",
    "1 mL",
    "20 mL",
    "1e9 mL",
    "50 mcg",
    "500 mcg/mL",
    "264 mcg/day",
    "baclofen",
    "saline",
    "10 min",
    "2",
    "yes",
    "\x00",
    "x" * 3_000,
)
ODD: tuple[Any, ...] = (None, 7, 1.5, True, [], ["all"], {}, {"a": "b"})
TRAINER: dict[str, tuple[dict[str, Any], ...]] = {
    "speed": ({"factor": "100"}, {"factor": "fast"}),
    "advance": ({"time": "20 min"}, {"time": "-1 h"}),
    "until": ({"condition": "alarm-sounding"},),
    "inject": (
        {"learner": "L1", "fault": "motor.stall"},
        {"learner": "", "fault": "catheter.occlusion", "params": {"fraction": "50 %"}},
        {"learner": "L2", "fault": "link.drop", "params": {"rate": "30 %"}},
        {"fault": "supply.cut", "params": {"off": "10 min"}},
        {"fault": "human.update_abandoned"},
    ),
    "clear": ({"learner": "L1", "handle": "1"}, {"learner": "L1", "handle": "1000002"}),
    "say": ({"learner": "", "text": "go on"},),
    "ask": ({"learner": "L2", "text": "why?"},),
    "bookmark": ({"name": "a"}, {"name": ""}),
    "return": ({"name": "a"},),
    "step": ({"id": "worse"}, {"learner": "L1", "id": "9"}),
    "rate": ({"learner": "L1", "score": "3"},),
    "muffle": ({"depth": "20 mm"}, {"depth": "deep"}),
}


def value(draw: random.Random, argument: Argument) -> Any:
    """Something for an argument: what it takes, what another takes, or nothing that any takes."""
    kind = draw.random()
    if kind < 0.7:
        return draw.choice([*argument.choices] or [argument.example or "x"])
    return draw.choice(TEXTS) if kind < 0.95 else draw.choice(ODD)


REPORTS: tuple[dict[str, Any], ...] = ({}, {"n": 3, "outcome": "played"}, {"id": "P1", "text": "so"})


def anything(run: LessonRun, draw: random.Random) -> None:
    """One order of anybody's."""
    if draw.random() < 0.25:
        act = draw.choice(sorted(set(ORDERS) - {"end"}))
        run.order(INSTRUCTOR, act, draw.choice(TRAINER.get(act, ({},))), "r")
        return
    who = draw.choice(["L1", "L2"])
    if draw.random() < 0.1:
        run.order(who, draw.choice([*LEARNER_ORDERS, "no such act"]), draw.choice(REPORTS))
        return
    act = draw.choice(sorted(set(DOORS) - {"finish"}))
    args = {argument.name: value(draw, argument) for argument in DOORS[act].arguments if argument.needed or draw.random() < 0.3}
    if act == "review" and draw.random() < 0.8:
        args = therapy(daily_dose=draw.choice(["200 mcg/day", "264 mcg/day", "1,440 mcg/day"]))
    staged = run.cases[who].staged
    if act == "update" and staged is not None:
        args["token"] = staged.token
    run.order(who, act, args)


@pytest.mark.parametrize("turn", range(3))
def test_nothing_breaks_a_run(tmp_path: Path, seed: int, turn: int) -> None:
    """Two learners and a trainer do anything at all: no error comes out, each kind has only its fields, and the log replays."""
    lesson, draw = a_lesson(tmp_path), random.Random(seed + turn)
    run = LessonRun(lesson)
    for name in ("Ana", "Ben"):
        run.join(name)
    run.order(INSTRUCTOR, "resume")

    for _ in range(60):
        anything(run, draw)
        run.advance_us(draw.choice([0, 1, MIN, 7 * MIN, H]))

    entries = list(run.log.entries())
    again = replay(lesson, entries)
    assert [as_plain(entry) for entry in again.log.entries()] == [as_plain(entry) for entry in entries]
    for entry in entries:
        assert set(entry.data) <= KINDS[entry.kind].fields, entry
