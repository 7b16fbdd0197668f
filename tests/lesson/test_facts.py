"""Facts: each comes with what makes it so, is looked at without changing anything, and is shown by acts that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hil.lesson.doors import DOORS
from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.facts import FACTS, facts_now, look_at
from hil.lesson.run import LessonRun
from tests.lesson.runs import MIN, QUIET, H, a_run, found

COMES: dict[str, tuple[str, dict[str, str], int]] = {
    "motor-stalled": ("motor.stall", {}, 0),
    "alarm-sounding": ("motor.stall", {}, 2 * H),
    "pump-failed": ("supply.cut", {"off": "1 h"}, 0),
    "telemetry-off": ("firmware.hang", {"task": "telemetry"}, 0),
    "eri": ("battery.premature_eri", {}, H),
    "clock-wrong": ("clock.jump", {"jump": "1 h"}, 0),
    "catheter-occluded": ("catheter.occlusion", {"fraction": "100 %"}, 0),
    "catheter-leaking": ("catheter.leak", {"at": "200 mm", "share": "50 %"}, 0),
    "catheter-off": ("catheter.disconnection", {}, 0),
    "tip-displaced": ("catheter.dislodgement", {"level": "subcutaneous"}, 0),
    "under-infusing": ("catheter.occlusion", {"fraction": "100 %"}, 7 * H),
    "over-infusing": ("motor.over_infusion", {"excess": "100 %"}, 7 * H),
}
"""Facts that a fault of the registry brings, with its parameters and how long it takes."""
NEEDLE: tuple[tuple[str, dict[str, str]], ...] = (("interrogate", {}), ("puncture", {}), ("withdraw", {"volume": "all"}))
FILL = {"volume": "20 mL", "drug": "baclofen"}
TELL = {"volume": "1.5 mL", "withdrawn": "20 mL", "drug": "baclofen", "concentration": "500 mcg/mL"}
DONE: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "pump-stopped": (("stop", {}),),
    "reservoir-empty": NEEDLE,
    "reservoir-differs": NEEDLE,
    "low-reservoir": (*NEEDLE, ("tell-refill", TELL)),
    "concentration-differs": (*NEEDLE, ("fill", {**FILL, "concentration": "2,000 mcg/mL"})),
    "old-drug-in-path": (*NEEDLE, ("fill", {**FILL, "concentration": "2,000 mcg/mL"})),
    "bolus-running": (("interrogate", {}), ("bolus", {"dose": "50 mcg", "over": "1 h"})),
    "magnet-held": (("magnet", {"is": "held"}),),
    "over-dosed": (("treat", {"treatment": "intrathecal-bolus", "dose": "400 mcg"}),),
}
"""Facts that a learner may bring about himself; the last act does it, at once or within some hours."""
ELSEWHERE = ("pocket-fill", "therapy-not-intended", "therapy-pending", "under-dosed", "eos")
"""Facts of tests/lesson/test_doors.py, of found-stopped, and those that take months."""


@pytest.fixture
def quiet(tmp_path: Path) -> tuple[LessonRun, str]:
    """A run whose pump works as it should."""
    return a_run(tmp_path, QUIET)


def pass_to(run: LessonRun, at_us: int) -> None:
    """Let time pass, alarms or not."""
    while run.now_us < at_us:
        run.advance_us(at_us - run.now_us)


def act(name: str, answer: str = "done", **more: Any) -> Entry:
    """An entry of an act."""
    return Entry(1, 0, "act", "L1", "L1", {"act": name, "answer": answer, "args": {}, "seen": {}, **more})


def test_every_fact_is_shown_by_acts_that_there_are() -> None:
    """What shows a fact is a door, or a door with one of its choices; words tell what is so, and nothing is said twice."""
    for fact in FACTS.values():
        for shown in fact.shown_by:
            name, _, what = shown.partition(" ")
            assert name in DOORS
            assert not what or what in DOORS[name].arguments[0].choices
        assert fact.words[0].islower()
    assert len({fact.words for fact in FACTS.values()}) == len(FACTS)


def test_a_pump_that_works_is_no_fact(quiet: tuple[LessonRun, str]) -> None:
    """Of a pump and a patient that are as they should be, after a day, there is nothing to know but that the patient gets little."""
    run, ana = quiet
    pass_to(run, 12 * H)

    assert run.cases[ana].facts <= {"under-dosed"}


def test_looking_changes_nothing(quiet: tuple[LessonRun, str]) -> None:
    """However often facts, truth, belief and drawing are looked at, pump and patient are as they were."""
    run, ana = quiet
    case = run.cases[ana]
    before = case.unit.save(), case.state()

    for _ in range(3):
        facts_now(look_at(case))
        case.truth()
        case.belief()
        case.drawing()
        case.faults()
        case.patient_columns(MIN, 0, run.now_us)

    assert (case.unit.save(), case.state()) == before


def test_each_fact_is_brought_about_somewhere() -> None:
    """A new fact needs a test that sees it come."""
    assert {*COMES, *DONE, *SEEN, *ELSEWHERE} == set(FACTS)


@pytest.mark.parametrize("fact", sorted(COMES))
def test_facts_come_with_the_fault_that_makes_them_so(quiet: tuple[LessonRun, str], fact: str) -> None:
    """A fault brings its fact, at once or by the time that it needs; the log tells when."""
    run, ana = quiet
    fault, params, after_us = COMES[fact]
    before = set(run.cases[ana].facts)

    outcome = run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": fault, "params": params})
    pass_to(run, after_us)

    assert outcome.error is None, outcome.error
    assert fact not in before
    assert fact in run.cases[ana].facts
    assert found(run, "fact", lambda entry: entry.data["fact"] == fact)[-1].data["holds"]


@pytest.mark.parametrize("fact", sorted(DONE))
def test_facts_come_with_the_act_that_makes_them_so(quiet: tuple[LessonRun, str], fact: str) -> None:
    """What a learner does is a fact when it is done, and no hour before."""
    run, ana = quiet
    for act_done, args in DONE[fact][:-1]:
        run.order(ana, act_done, args)
    before = set(run.cases[ana].facts)
    outcome = run.order(ana, *DONE[fact][-1])

    assert outcome.error is None, outcome.error
    assert fact not in before
    if fact in ("old-drug-in-path", "over-dosed"):
        pass_to(run, run.now_us + 4 * H)
    assert fact in run.cases[ana].facts


SEEN: dict[str, dict[str, Any]] = {
    "withdrawal-early": {"withdrawal": "early"},
    "withdrawal-severe": {"withdrawal": "severe"},
    "breathing-fails": {"vital": {"breaths_per_min": 5.0}},
}
"""Facts of a patient in a state that no small lesson reaches."""


@pytest.mark.parametrize("fact", sorted(SEEN))
def test_facts_of_the_patient_follow_his_state(quiet: tuple[LessonRun, str], fact: str) -> None:
    """They are read off the patient, whatever brought him there."""
    run, ana = quiet
    look = look_at(run.cases[ana])
    changes = dict(SEEN[fact])
    if "vital" in changes:
        changes["vital"] = look.person.vital._replace(**changes["vital"])

    assert not FACTS[fact].holds(look)
    assert FACTS[fact].holds(look._replace(person=look.person._replace(**changes)))


def test_whoever_does_the_act_knows_the_fact() -> None:
    """An interrogation shows a stopped pump; a refused one, another act, or an examination that saw nothing does not."""
    stopped, blocked, hot = FACTS["pump-stopped"], FACTS["catheter-occluded"], FACTS["withdrawal-severe"]

    assert stopped.reveals(act("interrogate"))
    assert not stopped.reveals(act("interrogate", answer="refused"))
    assert not stopped.reveals(act("xray"))
    assert blocked.reveals(act("contrast", seen={"abnormal": True}))
    assert not blocked.reveals(act("contrast", seen={"abnormal": False}))
    assert hot.reveals(act("measure", args={"what": "temperature"}))
    assert not hot.reveals(act("measure", args={"what": "saturation"}))
    assert not hot.reveals(Entry(1, 0, "note", "L1", "L1", {"text": "interrogate"}))


def test_facts_end_when_it_is_over(quiet: tuple[LessonRun, str]) -> None:
    """What is no more so is in the log too, at the look that found it."""
    run, ana = quiet
    run.order(ana, "stop")
    run.order(ana, "start")

    assert [entry.data["holds"] for entry in found(run, "fact", lambda entry: entry.data["fact"] == "pump-stopped")] == [True, False]
