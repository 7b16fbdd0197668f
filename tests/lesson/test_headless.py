"""Scripted learners: they act through the learner's doors alone, see what a learner sees, and their score tells good from poor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.errors import LessonFileError, UsageError
from hil.lesson.catalogue import shipped
from hil.lesson.doors import DOORS
from hil.lesson.entries import INSTRUCTOR
from hil.lesson.headless import ScriptedLearner, cross_table, play, policy_named, run_headless
from hil.lesson.lesson import Lesson
from hil.lesson.policy import Do, If, Until, Wait
from hil.lesson.projection import project
from hil.lesson.reader import load_lesson
from hil.lesson.run import LessonRun
from hil.lesson.scoring import ScoreFold, score
from hil.lesson.shelf import shipped_lessons
from tests.lesson.lesson_files import written

US_PER_H = 3_600_000_000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """A small lesson: a stalled motor."""
    return load_lesson(written(tmp_path_factory.mktemp("lessons") / "small"))


def policy_file(folder: Path, text: str) -> str:
    """A scripted learner of one's own."""
    (folder / "mine.yaml").write_text(text)
    return str(folder / "mine.yaml")


def test_the_same_seed_makes_the_same_log(small: Lesson) -> None:
    """Two runs of one script differ in nothing; another unit of the pump makes another log."""
    one, same, other = run_headless(small), run_headless(small), run_headless(small, seed=8)

    assert list(one.log.entries()) == list(same.log.entries())
    assert list(one.log.entries()) != list(other.log.entries())
    assert (one.seed, other.seed) == (3, 8)


def test_a_scripted_learner_perceives_what_is_projected_for_him(small: Lesson) -> None:
    """Nothing that he can look back on holds the lesson's name, its seed, a fact, an event or a hidden field of a sound."""
    run = LessonRun(small, name="Blue")
    run.order(INSTRUCTOR, "resume")
    key = run.join("Ana")
    learner = ScriptedLearner(run, key)
    learner.play(small.policies["good"].turns)

    perceived = learner.perceived
    assert perceived == [mine for entry in run.log.entries() if (mine := project(entry, "learner", key)) is not None]
    assert not {"fact", "event", "step"} & {entry.kind for entry in perceived}
    began = next(entry for entry in perceived if entry.kind == "began")
    assert not {"lesson", "seed"} & began.data.keys()
    run.close()


def test_a_script_may_only_use_the_learners_doors() -> None:
    """An order of the trainer is no act of a script; every act of those that ship is a door."""
    for name in shipped_lessons():
        for policy in shipped(name).policies.values():
            acts = {turn.what.do for turn in policy.all_turns if isinstance(turn.what, Do)}
            assert acts <= DOORS.keys()


def test_an_order_of_the_trainer_is_refused_in_a_script(small: Lesson, tmp_path: Path) -> None:
    """`inject`, `advance` and `until` are no acts."""
    with pytest.raises(LessonFileError, match=r"mine\.yaml:1:3: there is no act 'inject'"):
        policy_named(small, policy_file(tmp_path, "- do: inject\n  with: {fault: motor.stall}\n"))


def test_every_form_of_turn_is_read(small: Lesson, tmp_path: Path) -> None:
    """A script acts, waits, waits for something, and decides by what it saw."""
    text = """\
- do: interrogate
- wait: 10 min
- until: sound
  at-most: 2 h
- until: {seen: mode, is: stopped}
  by: interrogate
  every: 1 h
  at-most: 1 h
- if: {seen: daily_dose_ng, is: at least 1}
  then:
    - do: note
      with: {text: drug}
  else:
    - do: note
      with: {text: none}
"""
    policy = policy_named(small, policy_file(tmp_path, text))
    assert [type(turn.what) for turn in policy.turns] == [Do, Wait, Until, Until, If]

    result = run_headless(small, policy)

    acts = [(entry.at_us // 60_000_000, entry.data["act"]) for entry in result.log.entries() if entry.kind == "act"]
    assert [act for _, act in acts] == ["interrogate", "interrogate", "note"]
    sounds = [entry.at_us // 60_000_000 for entry in result.log.entries() if entry.kind == "sound"]
    assert 0 <= acts[1][0] - min(minute for minute in sounds if minute >= 10) <= 5
    assert [entry.data["text"] for entry in result.log.entries() if entry.kind == "note"] == ["drug"]


def test_an_answer_that_was_not_foreseen_is_told(small: Lesson, tmp_path: Path) -> None:
    """An act that is refused, or done where a refusal was foreseen, is a surprise with the line of the script; the run goes on."""
    text = "- do: update\n  with: {token: none}\n- do: update\n  with: {token: none}\n  answer: refused\n- do: finish\n"

    result = run_headless(small, policy_file(tmp_path, text))

    assert [(each.line, each.act, each.expected) for each in result.surprises] == [(1, "update", "done")]
    assert result.score.over


def test_a_reviewed_therapy_is_sent_by_what_the_review_showed(small: Lesson, tmp_path: Path) -> None:
    """`$token` puts in the newest thing of that name that was shown."""
    form = "{drug: baclofen, concentration: 500 mcg/mL, mode: simple, daily-dose: 260 mcg/day, low-reservoir-alarm: 2 mL}"
    text = f"- do: interrogate\n- do: review\n  with: {form}\n- do: update\n  with: {{token: $token}}\n- do: finish\n"

    result = run_headless(small, policy_file(tmp_path, text))

    assert not result.surprises, result.surprises


def test_who_never_finishes_is_judged_at_the_end(small: Lesson, tmp_path: Path) -> None:
    """The lesson goes on without him to its end, and every item is decided there."""
    result = run_headless(small, policy_file(tmp_path, "- wait: 1 min\n"))

    assert result.score.over
    assert {item.state for item in result.score.items} <= {"met", "missed", "not judged"}
    assert result.score.now_us == small.head.ends.after


def test_a_script_goes_on_in_a_run_and_stops_in_time(small: Lesson) -> None:
    """From a run that stands somewhere a script plays no further than it may."""
    run = LessonRun(small, name="Blue")
    key = run.join("Ana")
    run.advance_us(US_PER_H)

    play(run, key, small.policies["poor"], 2 * US_PER_H)

    assert run.now_us == 2 * US_PER_H
    assert not any(entry.kind == "act" for entry in run.log.entries())
    run.close()


def test_a_result_is_data_and_lines(small: Lesson) -> None:
    """The result prints the verdict second and says who reviewed the lesson; as data it is JSON, and the log alone gives the same score."""
    result = run_headless(small)

    assert result.lines[0].endswith("Clinically reviewed: none yet")
    assert result.lines[1] == result.score.verdict
    assert json.loads(json.dumps(result.as_dict()))["score"]["passed"] is True
    assert score(small, result.log.entries(), result.learner) == result.score


def test_a_wrong_name_of_a_script_is_told(small: Lesson) -> None:
    """There are those beside the lesson, and files."""
    with pytest.raises(UsageError, match="no scripted learner is called 'godo'; beside this lesson: good, poor; or give a file"):
        policy_named(small, "godo")
    with pytest.raises(UsageError, match="cannot be read"):
        policy_named(small, "nowhere.yaml")


def test_the_language_changes_no_score() -> None:
    """The same script in the German lesson meets the same items at the same times; what it is told is German."""
    english, german = (run_headless(shipped("found-stopped", language)) for language in ("en", "de"))

    judged = [[(item.id, item.state, item.at_us) for item in result.score.items] for result in (english, german)]
    said = [[entry.data["text"] for entry in result.log.entries() if entry.kind == "said"] for result in (english, german)]
    assert judged[0] == judged[1]
    assert not set(said[0]) & set(said[1])


def test_a_real_log_gives_at_every_entry_the_score_that_stood_there() -> None:
    """A whole run with alarms, handlers and an end: each beginning of its log gives the live score of that moment (U14)."""
    result = run_headless(shipped("found-stopped"), "poor")
    log = list(result.log.entries())
    fold = ScoreFold(shipped("found-stopped"), result.learner)

    for size, entry in enumerate(log, 1):
        fold.feed(entry)
        assert score(shipped("found-stopped"), log[:size], result.learner) == fold.score(), entry


def test_the_cross_table_has_every_learner_in_every_lesson(small: Lesson) -> None:
    """The good learner of one lesson meets another one, acts as he would, and does not pass there."""
    found = shipped("found-stopped")

    table = cross_table([small, found])

    assert {name: list(row) for name, row in table.items()} == {
        "small": ["small", "found-stopped"],
        "found-stopped": ["small", "found-stopped"],
    }
    assert all(table[name][name].passed for name in table)
    assert table["small"]["found-stopped"].passed is False
