"""A run: who may join, what time does, what a trainer may order, and what happens by itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from hil.errors import CheckFailed, UsageError
from hil.lesson.entries import INSTRUCTOR
from hil.lesson.projection import project
from hil.lesson.run import LessonRun
from tests.lesson.runs import MIN, QUIET, H, a_lesson, a_run, found, last

STALL = {"fault": "motor.stall", "params": {}}


# ---------------------------------------------------------------- who is there


@pytest.mark.parametrize("name", ["", "   ", "a name far too long for any table", "bell\a"])
def test_refuses_a_nickname_that_is_none(tmp_path: Path, name: str) -> None:
    """A nickname has a few letters that can be shown."""
    run = LessonRun(a_lesson(tmp_path))

    with pytest.raises(UsageError, match="nickname"):
        run.join(name)


def test_refuses_a_nickname_twice(tmp_path: Path) -> None:
    """Two learners are told apart by their names, however they are written."""
    run = LessonRun(a_lesson(tmp_path))
    run.join("Ana")

    with pytest.raises(CheckFailed, match="called ana already"):
        run.join(" ana ")


def test_the_second_learner_moves_the_sound_into_the_room(tmp_path: Path) -> None:
    """One learner hears the pump at his place; from the second on it sounds in the room, and once only is that said."""
    run, _ = a_run(tmp_path)
    assert not found(run, "speakers")

    run.join("Ben")
    run.join("Chi")

    assert [entry.data["who"] for entry in found(run, "speakers")] == ["room"]


def test_everybody_meets_the_same_pump(tmp_path: Path) -> None:
    """Two learners begin with pumps and patients that are alike to the last bit, and what one does is not done to the other's."""
    run, ana = a_run(tmp_path)
    ben = run.join("Ben")
    assert run.cases[ana].unit.digest() == run.cases[ben].unit.digest()

    run.order(ana, "stop")

    assert "pump-stopped" in run.cases[ana].facts
    assert "pump-stopped" not in run.cases[ben].facts


def test_whoever_comes_late_meets_the_pump_as_it_is_by_then(tmp_path: Path) -> None:
    """A case that is joined later has lived through the same time, the lesson's handlers included, without a word in the log."""
    run, ana = a_run(tmp_path)
    run.advance_us(H)
    run.advance_us(H)
    sounds = len(found(run, "sound"))

    ben = run.join("Ben")

    assert run.cases[ben].now_us == run.now_us
    assert run.cases[ben].unit.digest() == run.cases[ana].unit.digest()
    assert len(found(run, "sound")) == sounds


def test_a_learner_who_dropped_out_misses_nothing_but_the_sound(tmp_path: Path) -> None:
    """The common clock goes on while somebody is away, and what his pump sounded is in the log when he is back."""
    run, ana = a_run(tmp_path)
    run.order(ana, "left")
    while run.now_us < H:
        run.advance_us(H - run.now_us)
    run.order(ana, "back")

    away, back = found(run, "left")[0], found(run, "back")[0]
    missed = found(run, "sound", lambda entry: away.n < entry.n < back.n and entry.about == ana)
    assert run.now_us == H
    assert [entry.data["count"] for entry in missed] == [1, 2, 3, 4, 5, 6]


# ---------------------------------------------------------------- the clock


def test_nobody_acts_while_the_simulation_is_paused(tmp_path: Path) -> None:
    """Paused, a learner may think and write; what touches pump or patient waits, and is a refused act in the log."""
    run = LessonRun(a_lesson(tmp_path))
    ana = run.join("Ana")

    refused, noted = run.order(ana, "interrogate"), run.order(ana, "note", {"text": "it beeps"})

    assert refused.error is not None
    assert refused.error["what"] == "the simulation is paused"
    assert noted.ok
    assert [entry.data["answer"] for entry in found(run, "act")] == ["refused", "done"]


def test_a_new_alarm_stops_time_at_its_instant_and_drops_to_real_time(tmp_path: Path) -> None:
    """However much time was asked for, it ends where the pump begins to sound; the class is told it is real time, not whose pump it is."""
    run, ana = a_run(tmp_path)
    run.order(INSTRUCTOR, "speed", {"factor": "100000"})

    passed = run.advance_us(12 * H)

    sound, clock = found(run, "sound")[0], found(run, "clock")[-1]
    assert 0 < passed < 12 * H
    assert sound.at_us == clock.at_us == run.now_us
    assert sound.about == ana
    assert sound.data["fresh"]
    assert (run.speed, clock.who, clock.data["speed"]) == (1, "class", 1)
    assert "pump" not in str(project(clock, "learner", "L2"))


def test_a_lesson_may_leave_the_speed_as_it_is(tmp_path: Path) -> None:
    """Where the lesson says so, a new alarm is heard and time goes on as fast as before."""
    run, _ = a_run(tmp_path, {"lesson.yaml": ("ends: 1 day", "ends: 1 day\nspeed: {first: 1000, alarm-drops: no}")})

    run.advance_us(2 * H)

    assert found(run, "sound")
    assert run.speed == 1_000
    assert len(found(run, "clock")) == 1


def test_repeats_are_each_counted_at_their_instant(tmp_path: Path) -> None:
    """A critical alarm sounds every ten minutes: each time is an entry with its number, and only the first is new."""
    run, _ = a_run(tmp_path)
    while run.now_us < 3 * H:
        run.advance_us(3 * H - run.now_us)

    sounds = found(run, "sound")
    gaps = {round((later.at_us - sooner.at_us) / MIN, 3) for sooner, later in pairwise(sounds)}
    assert [entry.data["count"] for entry in sounds] == list(range(1, len(sounds) + 1))
    assert len(sounds) in (18, 19)
    assert gaps == {10.0}
    assert [entry.data["fresh"] for entry in sounds] == [True] + [False] * (len(sounds) - 1)
    assert sounds[1].data["every_s"] == 600


def test_time_hurries_to_an_instant_and_then_stands_as_before(tmp_path: Path) -> None:
    """`advance` is reached to the microsecond, whatever the slices; a paused run is paused again."""
    run, _ = a_run(tmp_path, QUIET)
    run.order(INSTRUCTOR, "pause")
    run.advance_us(1)

    outcome = run.order(INSTRUCTOR, "advance", {"time": "90 min"})
    while run.hurrying:
        run.advance_us(17 * MIN)

    assert outcome.ok
    assert run.now_us == 90 * MIN + 1
    assert run.state == "paused"


def test_time_hurries_to_what_is_waited_for(tmp_path: Path) -> None:
    """A fact or a condition of a scenario can be waited for; nobody but the trainer learns which."""
    run, _ = a_run(tmp_path, QUIET)
    run.order(INSTRUCTOR, "inject", {"learner": "", **STALL})

    run.order(INSTRUCTOR, "until", {"condition": "motor-stalled"})
    run.hurry()
    reached_us = run.now_us
    run.order(INSTRUCTOR, "until", {"condition": "alarm motor-stall"})
    run.hurry()

    assert 0 <= reached_us <= run.now_us < 12 * H
    assert "stall" not in "".join(entry.data["why"] for entry in found(run, "clock"))


def test_time_hurries_to_the_next_thing_that_happens(tmp_path: Path) -> None:
    """The next thing in this lesson is said half an hour after the learner came."""
    run, _ = a_run(tmp_path, QUIET)

    run.order(INSTRUCTOR, "next-event")
    run.hurry()

    assert run.now_us == 30 * MIN
    assert last(run, "said")["text"] == "It gets worse."


@pytest.mark.parametrize(
    ("act", "args", "what"),
    [
        ("advance", {"time": "1,5 h"}, "not a length of time"),
        ("advance", {"time": "0 s"}, "no time at all"),
        ("until", {"condition": "better weather"}, "better weather"),
        ("speed", {"factor": "2"}, "'2' is not known"),
        ("say", {"learner": "L9", "text": "x"}, "nobody here is called 'L9'"),
        ("inject", {"learner": "", "fault": "motor.stahl"}, "motor.stahl"),
        ("clear", {"learner": "L1", "handle": "77"}, "77"),
        ("return", {"name": "never set"}, "no bookmark is called"),
        ("open-debrief", {}, "the lesson still runs"),
        ("rate", {"learner": "L1", "score": "6"}, "'6' is not known"),
        ("interogate", {}, "no order"),
    ],
)
def test_a_wrong_order_changes_nothing_and_says_why(tmp_path: Path, act: str, args: dict[str, object], what: str) -> None:
    """An order that cannot be done is refused with what is wrong and what to do; it is not in the log."""
    run, ana = a_run(tmp_path)
    before, entries = run.cases[ana].unit.digest(), len(run.log)

    outcome = run.order(INSTRUCTOR, act, args)

    assert outcome.error is not None
    assert what in outcome.error["what"]
    assert outcome.error["do"]
    assert (run.cases[ana].unit.digest(), len(run.log)) == (before, entries)


# ---------------------------------------------------------------- what a trainer does


def test_a_fault_comes_into_one_case_or_into_all(tmp_path: Path) -> None:
    """A fault is injected where it was asked for, in words with units, and ends by its handle."""
    run, ana = a_run(tmp_path, QUIET)
    ben = run.join("Ben")
    params = {"fraction": "94 %"}

    run.order(INSTRUCTOR, "inject", {"learner": ben, "fault": "catheter.occlusion", "params": params})
    handle = last(run, "inject")["handle"]

    assert [bool(run.cases[key].faults()) for key in (ana, ben)] == [False, True]
    assert last(run, "inject")["words"] == "catheter.occlusion, fraction 94 %"
    assert "catheter-occluded" in run.cases[ben].facts
    run.order(INSTRUCTOR, "clear", {"learner": ben, "handle": str(handle)})
    assert not run.cases[ben].faults()
    assert last(run, "clear")["words"] == "catheter.occlusion"
    run.order(INSTRUCTOR, "inject", {"learner": "", **STALL})
    assert [len(run.cases[key].faults()) for key in (ana, ben)] == [1, 1]


def test_a_question_is_answered_once(tmp_path: Path) -> None:
    """A prompt has an id; its answer counts once, also for whoever was away in between."""
    run, ana = a_run(tmp_path)
    prompt = run.order(INSTRUCTOR, "ask", {"learner": ana, "text": "What do you hear?"}).seen["id"]
    run.order(ana, "left")
    run.order(ana, "back")

    first, second = (run.order(ana, "reply", {"id": prompt, "text": text}) for text in ("two tones", "one tone"))

    assert first.ok
    assert second.error is not None
    assert [entry.data["text"] for entry in found(run, "reply")] == ["two tones"]


def test_a_rating_and_a_tick_are_about_one_learner(tmp_path: Path) -> None:
    """What the trainer judges is in the log with its note."""
    run, ana = a_run(tmp_path)

    run.order(INSTRUCTOR, "rate", {"learner": ana, "score": "4", "note": "calm"})
    run.order(INSTRUCTOR, "tick", {"learner": ana, "item": "read-it", "state": "met"})

    assert last(run, "rating") | {"order": 0} == {"learner": ana, "score": 4, "note": "calm", "order": 0}
    assert (last(run, "ticked")["item"], last(run, "ticked")["state"]) == ("read-it", "met")


def test_going_back_to_a_bookmark_undoes_pump_patient_and_desk(tmp_path: Path) -> None:
    """Pump, patient, facts and what was read are as they were; whatever is done from there is a branch of its own."""
    run, ana = a_run(tmp_path)
    run.order(ana, "interrogate")
    case = run.cases[ana]
    before = case.unit.digest(), case.state(), case.reading, set(case.facts), run.now_us
    run.order(INSTRUCTOR, "bookmark", {"name": "first"})
    run.order(ana, "stop")
    run.order(ana, "treat", {"treatment": "benzodiazepine", "dose": "10 mg"})
    run.advance_us(5 * H)

    run.order(INSTRUCTOR, "return", {"name": "first"})

    assert (case.unit.digest(), case.state(), case.reading, set(case.facts), run.now_us) == before
    assert run.order(ana, "measure", {"what": "tone-legs"}).ok


# ---------------------------------------------------------------- what happens by itself


def test_handlers_come_at_their_time_and_once(tmp_path: Path) -> None:
    """What is to come after half an hour is said to each learner at that very instant, once."""
    run, ana = a_run(tmp_path, QUIET)
    ben = run.join("Ben")

    run.advance_us(29 * MIN)
    assert not found(run, "said")
    run.advance_us(5 * H)

    assert [(entry.at_us, entry.about) for entry in found(run, "said")] == [(30 * MIN, ana), (30 * MIN, ben)]


def test_handlers_wait_for_what_a_learner_does(tmp_path: Path) -> None:
    """Reading the pump clears the stall, in the case of whoever read it and in no other."""
    run, ana = a_run(tmp_path)
    ben = run.join("Ben")

    run.order(ana, "interrogate")
    run.order(ana, "interrogate")

    assert [bool(run.cases[key].faults()) for key in (ana, ben)] == [False, True]
    assert [entry.about for entry in found(run, "step")] == [ana]


def test_a_handler_that_goes_wrong_is_told_to_the_trainer(tmp_path: Path) -> None:
    """Where the fault that a handler clears is gone already, the run goes on and the entry says so."""
    run, ana = a_run(tmp_path)
    handle = run.cases[ana].faults()[0]["handle"]
    run.order(INSTRUCTOR, "clear", {"learner": ana, "handle": str(handle)})

    assert run.order(ana, "interrogate").ok

    assert "error" in last(run, "step")


def test_a_trainer_may_bring_a_step_forward(tmp_path: Path) -> None:
    """A step of the lesson can be had now; it does not come again at its time."""
    run, _ = a_run(tmp_path, QUIET)

    run.order(INSTRUCTOR, "step", {"learner": "", "id": "worse"})
    run.advance_us(2 * H)

    assert [entry.at_us for entry in found(run, "said")] == [0]


def test_the_lesson_ends_by_its_time(tmp_path: Path) -> None:
    """After its time nothing goes on: not the clock, and no act."""
    run, ana = a_run(tmp_path, QUIET)

    run.advance_us(48 * H)

    assert (run.state, run.now_us) == ("ended", 24 * H)
    refused = run.order(ana, "interrogate")
    assert refused.error is not None
    assert refused.error["what"] == "the lesson is over"
    assert run.order(INSTRUCTOR, "open-debrief").ok
    assert run.order(INSTRUCTOR, "resume").error is not None


def test_the_lesson_ends_when_it_has_come_about_for_all(tmp_path: Path) -> None:
    """An end that waits for something waits for every learner, but not for one who has finished."""
    run, ana = a_run(tmp_path, {"lesson.yaml": ("ends: 1 day", "ends: {after: 1 day, when: {did: stop}}")})
    ben = run.join("Ben")

    run.order(ana, "stop")
    assert not found(run, "ended")
    run.order(ben, "finish")

    assert last(run, "ended")["why"] == "what the lesson was about has come"


def test_whoever_has_finished_does_nothing_more(tmp_path: Path) -> None:
    """After `finish` a learner's acts are refused, while the run goes on for the others."""
    run, ana = a_run(tmp_path)
    ben = run.join("Ben")

    run.order(ana, "finish")

    refused = run.order(ana, "interrogate")
    assert refused.error is not None
    assert refused.error["what"] == "you have finished"
    assert run.order(ben, "interrogate").ok


def test_one_alone_may_wait_and_a_class_may_not(tmp_path: Path) -> None:
    """A learner who is alone lets time pass himself; in a class there is one clock."""
    run, ana = a_run(tmp_path, QUIET)

    run.order(ana, "wait", {"for": "2 h"})
    run.hurry()
    run.join("Ben")

    assert run.now_us == 2 * H
    refused = run.order(ana, "wait", {"for": "2 h"})
    assert refused.error is not None
    assert refused.error["what"] == "the class has one clock"


def test_tests_of_the_sound_are_sounds_for_whoever_asked(tmp_path: Path) -> None:
    """A page asks whether it can be heard: the same kind of entry as a sounding pump makes, and no alarm of anybody's."""
    run, ana = a_run(tmp_path, QUIET)

    run.order(ana, "test-sound")
    run.order(ana, "heard", {"n": found(run, "sound")[-1].n, "outcome": "played"})

    assert last(run, "sound")["test"]
    assert last(run, "heard")["outcome"] == "played"
    assert run.speed == 1
