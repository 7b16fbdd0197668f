"""A run that was held can be saved as a lesson: taken again by its scripted learner it is the same run for the learner (U18)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hil.errors import CheckFailed, UsageError
from hil.lesson.condition import parse_span, span_text
from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.headless import run_headless
from hil.lesson.lesson import Lesson
from hil.lesson.projection import project
from hil.lesson.reader import load_lesson
from hil.lesson.record import save_lesson
from hil.lesson.run import LessonRun
from tests.lesson.lesson_files import written

S, MIN = 1_000_000, 60_000_000
THERAPY = {"drug": "baclofen", "concentration": "500 mcg/mL", "mode": "simple", "daily-dose": "260 mcg/day", "low-reservoir-alarm": "2 mL"}


@pytest.fixture
def small(tmp_path: Path) -> Lesson:
    """A small lesson: a stalled motor."""
    return load_lesson(written(tmp_path / "small"))


def advance(run: LessonRun, us: int) -> None:
    """Let all of a time pass, whatever interrupts it."""
    until_us = run.now_us + us
    while run.now_us < until_us and run.state != "ended":
        run.advance_us(until_us - run.now_us)


def perceived(entries: list[Entry], learner: str) -> list[tuple[int, str, Any]]:
    """What a learner had of it, but for the trainer's clock; whoever said something, or ended it, it was said, or ended."""
    mine = [each for entry in entries if (each := project(entry, "learner", learner)) is not None]
    told = ("said", "finding", "prompt")
    return [
        (each.at_us, "told" if each.kind in told else each.kind, each.data["text"] if each.kind in told else {**each.data, "why": ""})
        for each in mine
        if each.kind not in ("clock", "joined", "began")
    ]


def held(lesson: Lesson) -> tuple[LessonRun, str]:
    """A run with a trainer who does things at odd instants."""
    run = LessonRun(lesson, name="Blue", seed=5)
    key = run.join("Ana")
    run.order(INSTRUCTOR, "resume")
    advance(run, 65 * S + 123_457)
    run.order(key, "interrogate")
    advance(run, 3 * MIN)
    reviewed = run.order(key, "review", THERAPY)
    assert reviewed.ok, reviewed.error
    assert run.order(key, "update", {"token": reviewed.seen["token"]}).ok
    assert run.order(INSTRUCTOR, "inject", {"learner": "", "fault": "catheter.occlusion", "params": {"fraction": "94 %"}}).ok
    advance(run, 7 * S)
    assert run.order(INSTRUCTOR, "inject", {"learner": key, "fault": "motor.stall", "params": {}}).ok
    advance(run, 3 * S)
    run.order(INSTRUCTOR, "say", {"learner": key, "text": "She says: it hurts."})
    advance(run, 20 * MIN + 1)
    run.order(key, "update", {"token": "none"})
    advance(run, S)
    run.order(INSTRUCTOR, "step", {"learner": key, "id": "0"})
    advance(run, 90 * MIN)
    stall = next(entry.data["handle"] for entry in run.log.entries() if entry.data.get("fault") == "motor.stall")
    assert run.order(INSTRUCTOR, "clear", {"learner": key, "handle": str(stall)}).ok
    advance(run, 60 * MIN)
    run.order(key, "measure", {"what": "look"})
    run.order(key, "think", {"diagnosis": "empty", "sure": "70 %"})
    advance(run, 5 * MIN)
    run.order(INSTRUCTOR, "end")
    return run, key


def test_record_save_replay_is_the_same_for_the_learner(small: Lesson, tmp_path: Path) -> None:
    """Acts, answers, sounds and words come again at the same microsecond with the same content."""
    run, key = held(small)

    saved = save_lesson(small, run.log.entries(), tmp_path / "saved")
    again = run_headless(saved.lesson, "good")

    assert any(kind == "sound" for _, kind, _ in perceived(list(run.log.entries()), key))
    assert perceived(list(again.log.entries()), again.learner) == perceived(list(run.log.entries()), key)
    assert not again.surprises
    assert again.seed == 5
    assert not saved.left_out
    run.close()


def test_a_saved_lesson_reads_like_a_written_one(small: Lesson, tmp_path: Path) -> None:
    """The trainer's acts stand in it as handlers, its words in the texts; nobody has reviewed it; it can be edited and loads again."""
    run, _ = held(small)

    save_lesson(small, run.log.entries(), tmp_path / "saved", title="The afternoon")

    text = (tmp_path / "saved" / "lesson.yaml").read_text()
    assert "fault: catheter.occlusion" in text
    assert "fraction: 94 %" in text
    lesson = load_lesson(tmp_path / "saved")
    assert (lesson.title, lesson.head.reviewed) == ("The afternoon", "none yet")
    assert "She says: it hurts." in lesson.texts.tell.values()
    assert lesson.checklist == small.checklist
    run.close()


def test_a_return_to_a_bookmark_leaves_what_it_undid_out(small: Lesson, tmp_path: Path) -> None:
    """What came between a bookmark and the return is no part of the lesson, and that is told."""
    run = LessonRun(small, name="Blue")
    key = run.join("Ana")
    run.order(INSTRUCTOR, "resume")
    advance(run, MIN)
    run.order(INSTRUCTOR, "bookmark", {"name": "here"})
    advance(run, MIN)
    run.order(key, "stop")
    run.order(INSTRUCTOR, "return", {"name": "here"})
    advance(run, 2 * MIN)
    run.order(key, "interrogate")

    saved = save_lesson(small, run.log.entries(), tmp_path / "saved")

    acts = [entry for entry in run_headless(saved.lesson).log.entries() if entry.kind == "act"]
    assert [(entry.at_us, entry.data["act"]) for entry in acts] == [(3 * MIN, "interrogate")]
    assert saved.left_out == ("a return to a bookmark",)
    run.close()


def test_what_cannot_be_saved_is_told_and_nothing_is_left_behind(small: Lesson, tmp_path: Path) -> None:
    """A folder that is there, a log of another lesson, and a run that nobody joined are refused."""
    run = LessonRun(small, name="Blue")
    with pytest.raises(CheckFailed, match="nobody joined this run"):
        save_lesson(small, run.log.entries(), tmp_path / "saved")
    run.join("Ana")
    with pytest.raises(UsageError, match="there is something of this name already"):
        save_lesson(small, run.log.entries(), tmp_path / "small")
    with pytest.raises(CheckFailed, match="not one of that lesson"):
        save_lesson(load_lesson("found-stopped"), run.log.entries(), tmp_path / "saved")
    with pytest.raises(CheckFailed, match="nobody called 'L9' joined this run; it has L1"):
        save_lesson(small, run.log.entries(), tmp_path / "saved", learner="L9")

    assert not (tmp_path / "saved").exists()
    run.close()


@pytest.mark.parametrize("us", [0, 1, 999_999, S, S + 1, 86_400 * S + 61 * S + 5])
def test_every_instant_can_be_written(us: int) -> None:
    """An instant of a recorded run reads back to the same microsecond."""
    assert parse_span(span_text(us)) == us
