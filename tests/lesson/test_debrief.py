"""The debrief as a fold of a log: lanes, missed chances, judgements apart, sounds, and the gate before it is opened."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from hil.errors import CheckFailed, UsageError
from hil.lesson.audibility import could_hear, soundings
from hil.lesson.doors import DOORS
from hil.lesson.entries import Entry
from hil.lesson.facts import FACTS
from hil.lesson.lesson import Lesson
from hil.lesson.pearls import FORMS, OBSERVATIONS, observations, pearls
from hil.lesson.reader import load_lesson
from hil.lesson.views.clauses import clause
from hil.lesson.views.debrief import debrief_view, lanes_of
from hil.lesson.views.evidence import evident_facts
from hil.lesson.views.lanes import Deed, Evident, FactLane, Lanes, Missed, Span, missed_chances
from hil.lesson.views.moments import Moments
from hil.lesson.views.stored import Stored
from tests.support.debriefs import JUDGING, unquoted
from tests.support.lesson_logs import ANA, BEN, HOUR, MINUTE, NAMES, LogWriter, class_log

TIME = re.compile(r"\b\d\d:\d\d\b")


@cache
def lesson() -> Lesson:
    return load_lesson("found-stopped")


def stored(*, opened: bool = True, ended: bool = True) -> Stored:
    return Stored(lesson(), class_log(ended=ended, opened=opened))


def lanes_by_name(fold: Lanes) -> dict[str, FactLane]:
    return {lane.fact: lane for lane in fold.lanes()}


# ---------------------------------------------------------------- lanes


def test_a_fact_is_known_from_the_act_that_shows_it() -> None:
    """The stopped pump is true from the beginning, could be known at once, is known from the reading, and all ends with the start."""
    lane = lanes_by_name(lanes_of(stored(), ANA))["pump-stopped"]

    assert lane.true == (Span(0, 16 * MINUTE),)
    assert lane.could == (Span(0, 16 * MINUTE),)
    assert lane.knew == (Span(4 * MINUTE, 16 * MINUTE),)


def test_learners_have_lanes_of_their_own() -> None:
    """What one learner reads, another does not know."""
    lane = lanes_by_name(lanes_of(stored(), BEN))["pump-stopped"]

    assert lane.knew == (Span(130 * MINUTE, 1440 * MINUTE),)


def _one_fact(*ways: str, over_wire: tuple[str, ...] = ()) -> dict[str, Evident]:
    return {"hidden": Evident("it is so", frozenset(ways), frozenset(over_wire), lambda entry: entry.data.get("act") in ways)}


def test_a_fact_that_no_allowed_act_shows_could_not_be_known() -> None:
    """Could-have-known needs an act that the lesson allows."""
    log = LogWriter()
    log.fact(0, ANA, "hidden")
    log.fact(30, ANA, "hidden", holds=False)
    shut, ajar = (Lanes(ANA, _one_fact("xray"), allowed).feed_all(log.entries) for allowed in ({"interrogate"}, {"xray"}))

    assert lanes_by_name(shut)["hidden"].could == ()
    assert lanes_by_name(ajar)["hidden"].could == (Span(0, 30 * MINUTE),)


def test_without_telemetry_nothing_on_the_wire_could_be_known() -> None:
    """While the pump does not answer, a fact that only a reading shows could not be known."""
    log = LogWriter()
    log.fact(0, ANA, "hidden")
    log.fact(10, ANA, "telemetry-off")
    log.fact(25, ANA, "telemetry-off", holds=False)
    log.fact(40, ANA, "hidden", holds=False)
    fold = Lanes(ANA, _one_fact("interrogate", over_wire=("interrogate",)), {"interrogate"}).feed_all(log.entries)

    assert lanes_by_name(fold)["hidden"].could == (Span(0, 10 * MINUTE), Span(25 * MINUTE, 40 * MINUTE))


def test_a_refused_act_shows_nothing() -> None:
    """Whoever was refused knows no more than before."""
    log = LogWriter()
    log.fact(0, ANA, "pump-stopped")
    log.act(5, ANA, "interrogate", answer="refused")
    fold = Lanes(ANA, evident_facts(), {"interrogate"}).feed_all(log.entries)

    assert lanes_by_name(fold)["pump-stopped"].knew == ()


def test_whoever_does_a_thing_knows_it() -> None:
    """A pump that the learner himself has stopped is known to be stopped; one that the instructor stopped in the same instant is not."""
    own, other = LogWriter(), LogWriter()
    for log in (own, other):
        log.act(5, ANA, "stop")
    other.add(5, "inject", "instructor", ANA, fault="pump.stop")
    for log in (own, other):
        log.fact(5, ANA, "pump-stopped")
        log.add(30, "note", ANA, text="later")
    knew = [lanes_by_name(Lanes(ANA, evident_facts(), {"interrogate"}).feed_all(log.entries))["pump-stopped"].knew for log in (own, other)]

    assert knew == [(Span(5 * MINUTE, 30 * MINUTE),), ()]


def test_missed_chances_are_the_longest_and_come_first() -> None:
    """The longest time in which something could have been known and was not; facts with the same time are one chance."""
    missed = missed_chances(lanes_of(stored(), BEN).lanes())

    assert [(chance.facts, chance.span, chance.ended_known) for chance in missed] == [
        (("pump-stopped", "alarm-sounding"), Span(0, 130 * MINUTE), True)
    ]
    assert "interrogate" in missed[0].ways
    assert not missed_chances(lanes_of(stored(), ANA).lanes())


def test_lanes_of_every_beginning_of_a_log() -> None:
    """The fold works for any prefix, and a longer one never takes back what was known."""
    entries, known = class_log(), 0
    for count in range(len(entries) + 1):
        fold = Lanes(BEN, evident_facts(), frozenset(DOORS)).feed_all(entries[:count])
        now = sum(len(lane.knew) for lane in fold.lanes())
        missed_chances(fold.lanes())
        assert now >= known
        known = now
    assert known == 2


def test_what_a_return_to_a_bookmark_undid_is_not_shown() -> None:
    """The debrief shows the path that led to the present."""
    log = LogWriter()
    log.add(0, "began", "instructor", "", lesson="found-stopped", seed=3, speed=1, clock_us=0)
    log.add(0, "joined", ANA, nickname="Ana")
    log.add(1, "bookmark", "instructor", "", name="here")
    log.act(5, ANA, "start")
    log.add(1, "returned", "instructor", "", bookmark="here")
    log.act(3, ANA, "interrogate")
    view = debrief_view(Stored(lesson(), log.entries), ANA, "instructor")

    assert [deed["act"] for deed in view["deeds"]] == ["interrogate"]


# ---------------------------------------------------------------- the view


def test_each_decision_says_knew_could_have_known_did_and_truth() -> None:
    """At Ben's diagnosis he knew nothing, could have known that the pump stands still, and it did."""
    deed = next(each for each in debrief_view(stored(), BEN, "instructor")["deeds"] if each["decision"])

    assert deed["words"] == 'committed to a diagnosis: "An infection, with fever and spasms", 60 %'
    assert (deed["knew"], deed["could"]) == ([], deed["truth"])
    assert FACTS["pump-stopped"].words in deed["truth"]


def test_critical_error_fails_a_full_checklist_and_comes_first() -> None:
    """With every item ticked and a critical error, the verdict is fail, and the error is its first word."""
    entries = class_log()
    ticks = [
        Entry(
            len(entries) + place,
            1440 * MINUTE,
            "ticked",
            "instructor",
            BEN,
            {"learner": BEN, "item": item.id, "state": "met", "note": "seen"},
        )
        for place, item in enumerate(lesson().checklist, start=1)
    ]
    breath = Entry(len(entries) + 99, 100 * MINUTE, "fact", "class", BEN, {"fact": "breathing-fails", "holds": True})
    place = next(n for n, entry in enumerate(entries) if entry.at_us > breath.at_us)
    view = debrief_view(Stored(lesson(), [*entries[:place], breath, *entries[place:-1], *ticks, entries[-1]]), BEN, "instructor")

    assert view["verdict"]["share_percent"] == 100
    assert view["verdict"]["passed"] is False
    assert view["verdict"]["words"].startswith("Failed: critical error: Breathing failed")
    assert "checklist 100 %" in view["verdict"]["words"]
    assert [each["id"] for each in view["critical"]] == ["too-much"]
    assert list(view).index("verdict") < list(view).index("critical") < list(view).index("checklist") < list(view).index("rating")


def test_rating_stands_apart_from_the_checklist() -> None:
    """A rating changes neither share nor verdict."""
    rated = debrief_view(stored(), ANA, "instructor")
    entries = [entry for entry in class_log() if entry.kind != "rating"]
    bare = debrief_view(Stored(lesson(), entries), ANA, "instructor")

    assert rated["rating"] == {"score": 4, "of": 5, "words": "good", "note": "calm"}
    assert bare["rating"] is None
    assert rated["verdict"] == bare["verdict"]


def test_near_misses_are_told() -> None:
    """A limit that was met and an entry that was changed are near misses, each with its detail."""
    told = [debrief_view(stored(), who, "instructor")["near_misses"] for who in (ANA, BEN)]

    assert [[each["what"] for each in some] for some in told] == [["back"], ["limit"]]
    assert "4,400 → 440" in told[0][0]["detail"]


def test_review_state_and_items_with_their_reasons_are_shown() -> None:
    """The page says that nobody has reviewed the lesson, and of each item why it is there."""
    view = debrief_view(stored(), ANA, "instructor")

    assert view["run"]["review"] == "Clinically reviewed: none yet"
    assert all(item["debrief"] for item in view["checklist"])


def test_nobody_is_no_learner() -> None:
    """A key that nobody has is an error; none at all is the first learner."""
    with pytest.raises(UsageError):
        debrief_view(stored(), "L9", "instructor")
    assert debrief_view(stored(), "", "instructor")["learner"]["key"] == ANA


# ---------------------------------------------------------------- the gate


def test_a_learner_has_no_truth_before_the_debrief_is_opened() -> None:
    """Ended is not opened: until the instructor opens it, the view holds the run's name and nothing else."""
    view = debrief_view(stored(opened=False), ANA, "learner")

    assert (view["open"], view["ended"]) == (False, True)
    assert set(view) == {"v", "open", "why", "ended", "run"}
    assert view["run"] == {"name": "Blue lake", "colour": "#1f4e8c"}


def test_an_observer_never_has_the_debrief() -> None:
    """The read-only link shows no truth, open or not."""
    assert debrief_view(stored(), ANA, "observer")["open"] is False
    with pytest.raises(CheckFailed):
        stored().demand_truth("observer")


def test_opened_a_learner_has_his_own_truth_and_nobody_elses_name() -> None:
    """After the order a learner sees lanes and score of his own; neither nickname, note nor key of another is anywhere in it."""
    text = json.dumps(debrief_view(stored(), ANA, "learner"))

    assert debrief_view(stored(), ANA, "learner")["lanes"]
    assert NAMES[BEN] not in text
    assert "for Ben only" not in text
    assert f'"{BEN}"' not in text


# ---------------------------------------------------------------- sounds


def test_sounds_carry_what_the_client_said() -> None:
    """A muted client's sounds are not audible, one without a report counts as heard."""
    entries = class_log()
    heard, muted = (soundings(entries, who) for who in (ANA, BEN))

    assert [each.heard for each in heard] == [True]
    assert [each.heard for each in muted] == [False, False]
    assert could_hear(entries, ANA, 0, HOUR)
    assert not could_hear(entries, BEN, 0, HOUR)
    assert could_hear([entry for entry in entries if entry.kind != "heard"], BEN, 0, HOUR)
    assert "0 of 2 sounds could be heard" in debrief_view(stored(), BEN, "instructor")["audibility"]["words"]


# ---------------------------------------------------------------- prompts


def test_observations_have_time_act_and_fact_and_no_judgement() -> None:
    """Each sentence of the description holds a time, an act and a fact, and no judging word."""
    for who in (ANA, BEN):
        fold = lanes_of(stored(), who)
        told = observations(fold.deeds, fold.lanes(), stored().moments, soundings(class_log(), who))

        assert 4 <= len(told) <= OBSERVATIONS
        for each in told:
            assert TIME.search(each.text)
            assert each.act in each.text
            assert each.fact in each.text
            assert not JUDGING.search(unquoted(each.text)), each.text


def test_no_act_and_no_fact_has_a_judging_word() -> None:
    """Whatever the log holds, its observation judges nobody: every act beside every fact, done and refused."""
    lanes = [FactLane(name, fact.words, (), (Span(0, HOUR),), (), ()) for name, fact in FACTS.items()]
    moments = Moments(0, HOUR)
    for act in DOORS:
        for answer, facts in (("done", ("x",)), ("refused", ()), *(("done", (name,)) for name in FACTS)):
            words = clause(act, {}, done=answer == "done")
            deed = Deed(1, MINUTE, act, words, {"args": {}, "answer": answer}, shown=facts, truth=facts)
            (told,) = observations([deed], lanes, moments)
            assert TIME.search(told.text)
            assert not JUDGING.search(unquoted(told.text)), told.text


def test_word_list_finds_a_reproach() -> None:
    """The list would find what it is there for."""
    assert JUDGING.search("At 10:41 you should have interrogated the pump.")
    assert JUDGING.search("At 10:41 you forgot the bolus; too late.")


@pytest.mark.parametrize("zone", FORMS)
def test_zone_chooses_the_form(zone: str) -> None:
    """Skill, case and team are talked over differently, always in five steps; no prompt is a reproach."""
    chance = Missed(("pump-stopped",), "the pump is stopped", Span(0, HOUR), ("interrogate",), ended_known=False)
    told = pearls(zone, [], [chance], [], Moments(0, HOUR))

    assert told["form"] == FORMS[zone]
    assert [phase["id"] for phase in told["phases"]] == ["setting", "reactions", "description", "analysis", "summary"]
    topic = told["phases"][3]["topics"][0]
    assert set(topic) == {"preview", "observation", "view", "inquiry", "listen"}
    assert not JUDGING.search(topic["observation"])
    assert "should" not in json.dumps(told).lower()
    assert len({json.dumps(pearls(each, [], [], [], Moments())) for each in FORMS}) == len(FORMS)
