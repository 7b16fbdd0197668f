"""What reaches whom: nothing of the truth, and nothing of another learner, ever leaves for a learner or an observer (U13)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.lesson.entries import INSTRUCTOR, KINDS, Entry
from hil.lesson.facts import FACTS
from hil.lesson.projection import Role, project
from tests.lesson.runs import H, a_run, found, therapy

ROLES: tuple[Role, ...] = ("instructor", "learner", "observer")
TRUTH = ("fact", "event", "step", "inject", "clear", "bookmark", "rating", "ticked", "muffled")
"""Kinds that no learner knows of."""
HIDDEN = {
    "began": {"lesson", "seed", "speed"},
    "clock": {"goal"},
    "sound": {"critical", "causes"},
    "returned": {"bookmark"},
}
"""Fields that no learner sees, of kinds that he does."""
WORDS = st.text(max_size=8)
KIND = st.sampled_from(sorted(KINDS))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Any entry: any kind, by and about anybody, with fields that its kind has and fields that it has not."""
    kind = draw(KIND)
    names = st.sampled_from([*sorted(KINDS[kind].fields), "order", "ref", "truth", "facts", "surprise"])
    data = draw(st.dictionaries(names, WORDS, max_size=8))
    people = st.sampled_from(["L1", "L2", "instructor", "class", "clock", ""])
    return Entry(1, draw(st.integers(0, 9)), kind, draw(people), draw(people), data)


@settings(max_examples=60)
@given(entry=entries())
def test_a_learner_gets_what_the_table_gives_him_and_no_more(entry: Entry) -> None:
    """Whatever an entry holds, a learner has the named fields of entries about himself or about all, or nothing."""
    told = project(entry, "learner", "L1")

    if told is None:
        return
    assert entry.about in ("L1", "")
    assert entry.kind not in TRUTH
    assert set(told.data) <= (KINDS[entry.kind].learner or set())
    assert not set(told.data) & ({"order", "ref", "truth", "facts", "surprise"} | HIDDEN.get(entry.kind, set()))
    assert "L2" not in (told.who, told.about)


@settings(max_examples=60)
@given(entry=entries())
def test_an_observer_gets_no_more_than_a_learner(entry: Entry) -> None:
    """Somebody who looks over a learner's shoulder sees what he sees; without a learner, what any of them sees."""
    over, anybody = project(entry, "observer", "L1"), project(entry, "observer")

    assert over == project(entry, "learner", "L1")
    if anybody is not None:
        assert set(anybody.data) <= (KINDS[entry.kind].learner or set())


def test_the_schema_of_what_may_leave() -> None:
    """Every kind and field that a learner may see, written down a second time: a new one is let out here on purpose, or not at all."""
    assert {kind: sorted(row.learner) for kind, row in KINDS.items() if row.learner is not None} == {
        "began": ["clock_us", "colour", "profile", "run"],
        "joined": ["nickname"],
        "left": [],
        "back": [],
        "clock": ["speed", "state", "why"],
        "act": ["act", "answer", "args", "error", "seen", "wire", "wire_cut", "words"],
        "sound": ["count", "every_s", "fresh", "muffled", "pattern", "test", "tones"],
        "heard": ["client", "outcome", "sound"],
        "audio": ["client", "hidden", "muted", "state", "volume"],
        "speakers": ["who"],
        "said": ["by", "text"],
        "finding": ["text"],
        "prompt": ["id", "text"],
        "reply": ["id", "text"],
        "thought": ["diagnosis", "sure"],
        "note": ["text"],
        "edit": ["detail", "what"],
        "returned": [],
        "finished": [],
        "opened": ["what"],
        "ended": ["why"],
    }


@pytest.mark.parametrize("kind", TRUTH)
def test_kinds_of_the_truth_reach_nobody_but_the_trainer(kind: str) -> None:
    """They are told to the trainer whole, and to nobody else, whoever they are about."""
    for about in ("", "L1"):
        entry = Entry(1, 0, kind, "class", about, {"fact": "pump-stopped"})

        assert [project(entry, role, "L1") for role in ROLES] == [entry, None, None]


def _texts(content: Any) -> list[str]:
    """Every key and text of plain data."""
    if isinstance(content, dict):
        return [text for key, value in content.items() for text in (str(key), *_texts(value))]
    if isinstance(content, list):
        return [text for value in content for text in _texts(value)]
    return [str(content)]


HIDDEN_WORDS = {"motor.stall", "catheter.occlusion", "stalled", "lesson", "order", "truth", "facts", "balance", "delivered_ng"}
"""Names of faults, of a bookmark, and keys of the truth, that stand in the log of the lesson below."""


def test_a_whole_lesson_tells_a_learner_neither_facts_nor_faults(tmp_path: Path) -> None:
    """A run with everything in it, as its learner gets it: no name of a fact, a fault, a step or the lesson, no key of the truth."""
    run, ana = a_run(tmp_path)
    ben = run.join("Ben")
    run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": "catheter.occlusion", "params": {"fraction": "94 %"}})
    run.order(INSTRUCTOR, "bookmark", {"name": "stalled"})
    run.order(INSTRUCTOR, "until", {"condition": "under-infusing"})
    for act, args in (
        ("interrogate", {}),
        ("review", therapy()),
        ("xray", {}),
        ("reservoir", {}),
        ("measure", {"what": "look"}),
        ("side-port-test", {}),
    ):
        run.order(ana, act, args)
        run.order(ben, act, args)
    run.hurry()
    run.order(INSTRUCTOR, "return", {"name": "stalled"})
    run.advance_us(H)
    run.order(INSTRUCTOR, "end")

    told = [entry for each in run.log.entries() if (entry := project(each, "learner", ana)) is not None]

    words = set(_texts([entry._asdict() for entry in told]))
    assert not words & (HIDDEN_WORDS | {ben} | set(FACTS) | {fact.words for fact in FACTS.values()})
    assert "A stall" not in json.dumps([entry._asdict() for entry in told])
    assert len(told) > 15
    assert len(found(run, "fact")) > 3
