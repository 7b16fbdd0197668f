"""Scripted learners come in by the learner's doors only: they perceive what is projected for a learner, and act by acts of the table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hil.lesson.catalogue import shipped
from hil.lesson.doors import DOORS
from hil.lesson.entries import INSTRUCTOR, KINDS, Entry
from hil.lesson.facts import FACTS
from hil.lesson.headless import ScriptedLearner, policy_named
from hil.lesson.policy import Do, Until
from hil.lesson.run import LessonRun
from hil.lesson.shelf import shipped_lessons
from hil.lesson.views.learner_opening import opening

SOME = ("found-stopped", "pocket-fill", "mri-telemetry-trap")
"""Lessons that are run here: a stopped pump, a truth that no reading shows, no telemetry."""


def texts(content: Any) -> Iterator[str]:
    """Every key and text of plain data."""
    if isinstance(content, dict):
        for name, each in content.items():
            yield str(name)
            yield from texts(each)
    elif isinstance(content, list | tuple):
        for each in content:
            yield from texts(each)
    elif isinstance(content, str):
        yield content


def perceived(name: str) -> tuple[LessonRun, list[Entry]]:
    """A lesson played by its good learner, and all that he was told."""
    lesson = shipped(name)
    run = LessonRun(lesson, name="headless")
    run.order(INSTRUCTOR, "resume")
    key = run.join("scripted")
    told: list[Entry] = []
    learner = ScriptedLearner(run, key)
    told += learner.perceived
    run.log.listen(lambda _: told.extend(each for each in learner.perceived if not told or each.n > told[-1].n))
    learner.play(policy_named(lesson, "good").turns)
    learner.rest()
    return run, told


@pytest.mark.parametrize("name", SOME)
def test_a_scripted_learner_perceives_what_a_learner_may(name: str) -> None:
    """U13: in a whole lesson he is told a learner's fields alone: no fact but by the pump's word or his own, no lesson."""
    run, told = perceived(name)
    hidden = [entry for entry in run.log.entries() if KINDS[entry.kind].learner is None]
    run.close()

    assert len(told) > 10
    assert len(hidden) > 3
    assert {entry.n for entry in told}.isdisjoint(entry.n for entry in hidden)
    for entry in told:
        assert set(entry.data) <= set(KINDS[entry.kind].learner or ()), entry
    own = [entry.data for entry in told if entry.kind == "thought" or entry.data.get("act") in ("interrogate", "think")]
    said = set(texts([entry.data for entry in told if entry.data not in own]))
    assert not said & {*FACTS, *(fact.words for fact in FACTS.values())}
    assert name not in json.dumps([entry._asdict() for entry in told])
    assert shipped(name).title not in set(texts([entry.data for entry in told]))


@pytest.mark.parametrize("name", shipped_lessons())
def test_a_script_does_what_the_lesson_allows_and_names_no_lesson(name: str) -> None:
    """Each act of either learner is a door of the table, and neither file says which lesson it is for."""
    lesson = shipped(name)

    for script in (policy_named(lesson, "good"), policy_named(lesson, "poor")):
        acts = [
            turn.what.do if isinstance(turn.what, Do) else turn.what.by for turn in script.all_turns if isinstance(turn.what, Do | Until)
        ]
        assert {act for act in acts if act} <= set(DOORS)
        arguments = [turn.what.with_ for turn in script.all_turns if isinstance(turn.what, Do | Until)]
        assert not [each for each in texts(arguments) if lesson.title in each or ("-" in name and name in each)]


@pytest.mark.parametrize("name", shipped_lessons())
def test_the_first_page_does_not_tell_the_case(name: str) -> None:
    """The first page holds objectives and neither title nor story nor debriefing; diagnoses stand in an order of words.

    What is unlike the ward is told before a skill only: in a case it would name what it is about.
    """
    lesson = shipped(name)
    page = opening(lesson, "Blue", "#1f4e8c", "Ana")
    told = set(texts(page["briefing"]))
    choices = [each["text"].casefold() for each in page["diagnoses"]]

    assert not told & {lesson.title, *lesson.texts.story, *lesson.texts.debrief}
    assert told >= set(lesson.texts.briefing)
    assert told >= set(lesson.texts.objectives)
    assert (lesson.texts.fidelity in told) == (lesson.head.zone == "skill")
    assert choices == sorted(choices)
    assert f"Clinically reviewed: {lesson.head.reviewed}" in told
