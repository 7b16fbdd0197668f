"""Two futures from one decision, and the curves of a run, from a real run of a scripted learner."""

from __future__ import annotations

import json
from functools import cache

import pytest

from hil.errors import CheckFailed, UsageError
from hil.lesson.entries import as_plain
from hil.lesson.export import curves_csv
from hil.lesson.futures import AS_READ, curves_view, future_view
from hil.lesson.headless import Result, run_headless
from hil.lesson.reader import load_lesson
from hil.lesson.rerun import rerun
from hil.lesson.run import LessonRun
from hil.lesson.shelf import shipped_lessons
from hil.lesson.views.debrief import debrief_view
from hil.lesson.views.stored import Stored
from tests.support.debriefs import JUDGING, unquoted
from tests.support.lesson_logs import HOUR


@cache
def poor() -> tuple[Stored, str]:
    """The run of the learner who does not do well, from its log alone."""
    result: Result = run_headless(load_lesson("found-stopped"), "poor")
    return Stored(load_lesson("found-stopped"), list(result.log.entries())), result.learner


def first_decision() -> int:
    stored, learner = poor()
    return next(int(deed["n"]) for deed in debrief_view(stored, learner, "instructor")["deeds"] if deed["decision"])


def chart(told: dict[str, object], name: str) -> list[list[float]]:
    charts = {each["id"]: each for each in told["charts"]}  # type: ignore[attr-defined]  # JSON
    return [series["values"] for series in charts[name]["series"]]


def test_the_good_path_gives_drug_where_the_path_taken_gives_none() -> None:
    """From the first decision of somebody who leaves the pump stopped, the other path restarts it, and tone falls within a day."""
    stored, learner = poor()
    told = future_view(stored, learner, first_decision(), "instructor")
    (dose_taken, dose_good), (tone_taken, tone_good) = chart(told, "dose"), chart(told, "tone")

    assert max(dose_taken) == 0
    assert dose_good[-1] == pytest.approx(400, rel=0.05)
    assert tone_taken[-1] > tone_good[-1] + 1
    assert "started the pump" in [act["words"] for act in told["acts"]]


def test_both_paths_are_one_before_the_decision() -> None:
    """Up to the decision the curves are the same: it is one past and two futures."""
    stored, learner = poor()
    decision = [entry for entry in stored.entries if entry.kind == "act" and entry.data["act"] == "interrogate"][-1]
    told = future_view(stored, learner, decision.n, "instructor")

    for each in told["charts"]:
        before = [place for place, at_us in enumerate(each["at_us"]) if at_us < decision.at_us]
        taken, good = (series["values"] for series in each["series"])
        assert len(before) > 10
        assert [taken[place] for place in before] == [good[place] for place in before]


def test_looking_at_futures_leaves_the_run_as_it_was() -> None:
    """The same question has the same answer, and the log does not grow."""
    stored, learner = poor()
    before = [as_plain(entry) for entry in stored.entries]

    assert future_view(stored, learner, first_decision(), "instructor") == future_view(stored, learner, first_decision(), "instructor")
    assert [as_plain(entry) for entry in stored.entries] == before


def test_only_an_own_act_is_a_decision() -> None:
    """An entry that is no act of this learner has no other future."""
    stored, learner = poor()

    with pytest.raises(UsageError, match="no act of this learner"):
        future_view(stored, learner, 1, "instructor")


def test_curves_show_the_true_dose_beside_the_one_that_was_read() -> None:
    """Nothing left the tip, and from the reading on the learner knew; before it there is no such figure."""
    stored, learner = poor()
    told = curves_view(stored, learner, "instructor")
    dose = {series["name"]: series["values"] for series in told["charts"][0]["series"]}

    assert set(dose) == {"out of the tip, in truth", AS_READ}
    assert set(dose[AS_READ]) == {None, 0.0}
    assert dose[AS_READ][0] is None


def test_curves_are_truth_and_wait_for_the_debrief() -> None:
    """Before the order to open it, neither curves nor futures nor their file are a learner's."""
    stored, learner = poor()

    with pytest.raises(CheckFailed, match="not open"):
        curves_view(stored, learner, "learner")
    with pytest.raises(CheckFailed, match="not open"):
        future_view(stored, learner, first_decision(), "learner")
    with pytest.raises(CheckFailed, match="not open"):
        curves_csv(stored, "learner", learner)


def test_curves_as_a_file() -> None:
    """One line a time, a unit in every column."""
    stored, learner = poor()
    head, *lines = curves_csv(stored, "instructor", learner).splitlines()

    assert "mcg/day]" in head
    assert all("[" in column for column in head.replace('"', "").split("],")[:-1])
    assert len(lines) > 100


def _class() -> LessonRun:
    """Three learners, of whom one gets a fault, one goes on at once, and all return once to a bookmark."""
    run = LessonRun(load_lesson("found-stopped"), name="class")
    keys = [run.join(name) for name in ("Ana", "Ben", "Chi")]
    done = [
        run.order("instructor", "resume"),
        run.order(keys[1], "interrogate"),
        run.order("instructor", "bookmark", {"name": "here"}),
        run.order(keys[1], "stop"),
        run.order("instructor", "return", {"name": "here"}),
        run.order("instructor", "inject", {"learner": keys[1], "fault": "catheter.occlusion", "params": {"fraction": "100 %"}}),
        run.order(keys[1], "start"),
        run.order("instructor", "advance", {"time": "5 h"}),
    ]
    assert all(outcome.ok for outcome in done), done
    assert not run.order(keys[0], "wait", {"for": "1 h"}).ok
    while run.now_us < 5 * HOUR:
        run.advance_us(5 * HOUR - run.now_us)
    run.order(keys[2], "interrogate")
    return run


def test_a_case_of_a_class_is_the_same_alone() -> None:
    """Played again without the others, a case ends as the very pump and patient that it was, down to the digest."""
    run = _class()
    try:
        entries = list(run.log.entries())
        for learner, case in run.cases.items():
            with rerun(run.lesson, entries, learner, run.now_us) as again:
                assert again.case.unit.pump.digest() == case.unit.pump.digest()
                assert again.case.state() == case.state()
    finally:
        run.close()


def test_no_log_is_no_case() -> None:
    """What does not begin, and who never came, cannot be played again."""
    stored, _ = poor()

    with pytest.raises(CheckFailed, match="no log"), rerun(stored.lesson, stored.entries[1:], "L1", 0):
        pass
    with pytest.raises(UsageError, match="has not joined"), rerun(stored.lesson, stored.entries, "L9", 0):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped_lessons())
@pytest.mark.parametrize("policy", ["good", "poor"])
def test_every_lesson_can_be_debriefed(name: str, policy: str) -> None:
    """Of each lesson that ships, as each scripted learner took it, the view is JSON, no sentence judges, curves and futures come out."""
    result = run_headless(load_lesson(name), policy)
    stored = Stored(load_lesson(name), list(result.log.entries()))
    view = debrief_view(stored, result.learner, "instructor")
    decisions = [deed["n"] for deed in view["deeds"] if deed["decision"]]

    json.dumps(view, allow_nan=False)
    for sentence in view["pearls"]["phases"][2]["from_log"]:
        assert not JUDGING.search(unquoted(sentence)), sentence
    assert curves_view(stored, result.learner, "instructor")["charts"]
    for n in decisions[:1]:
        json.dumps(future_view(stored, result.learner, n, "instructor"), allow_nan=False)
