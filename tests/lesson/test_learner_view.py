"""The learner's page as a fold: nothing is there that was not read, measured or said to this learner, and each with its time."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest

from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.projection import project
from hil.lesson.reader import load_lesson
from hil.lesson.run import LessonRun
from hil.lesson.views.learner import LearnerView, opening
from hil.wording import quantity

CLOCK_US = quantity.parse_clock("2026-03-02 22:30")
MINUTE_US = 60_000_000
DOORS = [
    {"group": "programmer", "acts": [{"act": act, "label": act, "arguments": []} for act in ("interrogate", "review", "update", "start")]},
    {"group": "patient", "acts": [{"act": act, "label": act, "arguments": []} for act in ("measure", "ask")]},
    {"group": "refill", "acts": [{"act": "withdraw", "label": "Withdraw", "arguments": [{"name": "volume", "choices": []}]}]},
]
GIVEN: dict[str, Any] = {
    "run": {"name": "Blue"},
    "briefing": {},
    "doors": DOORS,
    "diagnoses": [{"id": "stall", "text": "The motor stalled"}],
}


class Told:
    """A view and a hand that feeds it."""

    def __init__(self) -> None:
        self.view = LearnerView(GIVEN)
        self.n = 0
        self("began", run="Blue", colour="#1f4e8c", clock_us=CLOCK_US)

    def __call__(self, kind: str, minutes: int = 0, **data: Any) -> None:
        self.n += 1
        self.view.feed(Entry(self.n, minutes * MINUTE_US, kind, "L1", "L1", data))

    def act(self, act: str, minutes: int = 0, answer: str = "done", **more: Any) -> None:
        self("act", minutes, **{"act": act, "args": {}, "answer": answer, "seen": {}, "words": act, **more})

    def __getitem__(self, key: str) -> Any:
        return self.view.as_dict()[key]


@pytest.fixture
def told() -> Told:
    """A view of a lesson that has begun."""
    return Told()


def test_nothing_is_known_before_it_was_read_or_measured(told: Told) -> None:
    """At first there is no read-out, no value and no review."""
    assert (told["readout"], told["review"], told["sent"]) == (None, None, None)
    assert told["patient"] == {"measured": {}, "said": []}


def test_value_keeps_the_time_at_which_it_was_measured(told: Told) -> None:
    """A day begins anew on the way: both values are there, each with day and time."""
    told.act("measure", 5, args={"what": "heart-rate"}, seen={"what": "heart-rate", "value": "92 /min"})
    told.act("measure", 100, args={"what": "heart-rate"}, seen={"what": "heart-rate", "value": "118 /min"})

    values = told["patient"]["measured"]["heart-rate"]
    assert [(value["value"], value["when"]) for value in values] == [("92 /min", "day 1 22:35"), ("118 /min", "day 2 00:10")]


def test_refused_measurement_shows_nothing(told: Told) -> None:
    """A refusal is in the record with its reason, and no value is made of it."""
    told.act("measure", 5, answer="refused", args={"what": "mood"}, error={"what": "'mood' is not known", "do": "choose another"})

    assert told["patient"]["measured"] == {}
    assert told["record"][0]["error"] == "'mood' is not known; choose another"


def test_read_out_is_the_past_once_something_was_sent(told: Told) -> None:
    """After a start the page says that what it shows was read before; a new reading ends that."""
    told.act("interrogate", 1, seen={"readout": {"state": "STOPPED", "runs": False}})
    told.act("start", 2)
    assert (told["readout"]["state"], told["readout"]["when"], told["read_since"]) == ("STOPPED", "day 1 22:31", "start")

    told.act("interrogate", 3, seen={"readout": {"state": "running, simple", "runs": True}})
    assert (told["readout"]["state"], told["read_since"]) == ("running, simple", "")


def test_review_ends_with_a_new_reading_an_update_or_a_refusal(told: Told) -> None:
    """A comparison belongs to one reading and is gone when it does not hold any more."""
    for end in ({"act": "interrogate"}, {"act": "update", "seen": {"rows": []}}, {"act": "review", "answer": "refused"}):
        told.act("review", 1, seen={"top": ["dose"]})
        assert told["review"]["top"] == ["dose"]
        told.act(**end)
        assert told["review"] is None


def test_repeats_of_a_sound_are_one_line(told: Told) -> None:
    """A hundred repeats count up one caption; another pattern is another line, a test sound none."""
    for count in range(1, 101):
        told("sound", 10 * count, pattern="two-tone", tones=[[800, 1_500], [600, 1_500]], count=count, fresh=count == 1, every_s=600)
    told("sound", 2_000, pattern="single-tone", tones=[[800, 1_000]], count=1, fresh=True, every_s=0)
    told("sound", 2_001, pattern="two-tone", tones=[[800, 1_500]], count=1, fresh=True, test=True)

    assert [(sound["count"], sound["first"]) for sound in told["sounds"]] == [(100, "day 1 22:40"), (1, "day 3 07:50")]
    assert "100th time, every 10 min" in told["sounds"][0]["caption"]
    assert "stall" not in json.dumps(told["sounds"])


def test_question_is_answered_once(told: Told) -> None:
    """The first reply stays, whatever comes after; a question told again is not a second one (U16)."""
    told("prompt", 1, id="q1", text="What now?")
    told("prompt", 1, id="q1", text="What now?")
    told("reply", 2, id="q1", text="I read the pump")
    told("reply", 3, id="q1", text="Something else")

    assert [(prompt["id"], prompt["reply"]) for prompt in told["prompts"]] == [("q1", "I read the pump")]


def test_thought_is_shown_in_its_words(told: Told) -> None:
    """A diagnosis stands in the lesson's words, with certainty and time; a change of mind is a second line."""
    told("thought", 1, diagnosis="stall", sure="60 %")
    told("thought", 9, diagnosis="stall", sure="90 %")

    assert [(each["text"], each["sure"], each["when"]) for each in told["thoughts"]] == [
        ("The motor stalled", "60 %", "day 1 22:31"),
        ("The motor stalled", "90 %", "day 1 22:39"),
    ]


def test_going_back_takes_away_what_came_after(told: Told) -> None:
    """After a return to a bookmark nothing is left of what was read and done later."""
    told.act("measure", 5, args={"what": "heart-rate"}, seen={"value": "92 /min"})
    told.act("measure", 50, args={"what": "heart-rate"}, seen={"value": "118 /min"})
    told.act("interrogate", 55, seen={"readout": {"state": "STOPPED"}})
    told("returned", 10)

    assert [value["value"] for value in told["patient"]["measured"]["heart-rate"]] == ["92 /min"]
    assert told["readout"] is None
    assert [item["act"] for item in told["record"]] == ["measure"]


def test_act_is_called_as_its_button_with_what_was_typed(told: Told) -> None:
    """In the order of the fields, whatever the order in the log; a token is not shown to anybody."""
    told.act(
        "withdraw", 3, args={"token": "ab12", "volume": "all"}, seen={"measured": "8.8 mL", "expected": "9 mL expected", "warns": True}
    )

    item = told["refill"][0]
    assert (item["title"], item["warns"]) == ("Withdraw: all", True)
    assert item["rows"] == [["measured", "8.8 mL"], ["expected", "9 mL"]]


def test_exchanges_of_the_wire_are_named(told: Told) -> None:
    """Bytes that are no frame are shown as such, not left out."""
    told.act("interrogate", 1, wire=[["host", "0102030400"], ["pump", "ff00"]])

    frames = told["wire"][0]["frames"]
    assert told["readout"]["link"] == "0 requests, 0 answers, 2 damaged"
    assert [(frame["from"], frame["hex"]) for frame in frames] == [("programmer", "01 02 03 04 00"), ("pump", "ff 00")]


def test_older_copy_of_the_view_stays_as_it_was(told: Told) -> None:
    """Each key is replaced, never changed in place."""
    told.act("measure", 5, args={"what": "heart-rate"}, seen={"value": "92 /min"})
    before = told.view.as_dict()
    kept = copy.deepcopy(before)
    told.act("measure", 6, args={"what": "heart-rate"}, seen={"value": "93 /min"})
    told("prompt", 7, id="q1", text="What now?")
    told("returned", 1)

    assert before == kept


# ---------------------------------------------------------------- with a pump and a patient


@pytest.fixture(scope="module")
def run() -> LessonRun:
    """A lesson in which a learner reads, measures and starts the pump."""
    run = LessonRun(load_lesson("found-stopped"), name="Blue", colour="#1f4e8c")
    key = run.join("Ana")
    run.order(INSTRUCTOR, "resume", {})
    run.advance_us(5 * MINUTE_US)
    for act, args in (
        ("interrogate", {}),
        ("measure", {"what": "heart-rate"}),
        ("ask", {}),
        ("start", {}),
        ("think", {"diagnosis": "nonsense", "sure": "?"}),
    ):
        run.order(key, act, args)
    return run


def seen_by(run: LessonRun) -> LearnerView:
    """What the learner's page has of it."""
    view = LearnerView(opening(run.lesson, "Blue", "#1f4e8c", "Ana"))
    for entry in run.log.entries():
        told = project(entry, "learner", "L1")
        if told is not None:
            view.feed(told)
    return view


def test_page_of_a_real_run(run: LessonRun) -> None:
    """The read-out says that the pump stands still, with its real frames; after the start it is called the past."""
    view = seen_by(run).as_dict()

    assert view["readout"]["state"] == "STOPPED"
    assert {"hello", "interrogate"} <= {frame["name"] for frame in view["wire"][0]["frames"]}
    asked, answers = (int(part.split()[0]) for part in view["readout"]["link"].split(", "))
    assert asked == answers > 5
    assert view["read_since"] == "Start pump"
    assert view["patient"]["measured"]["heart-rate"][0]["value"].endswith("/min")
    assert json.loads(json.dumps(view)) == view


def test_only_allowed_acts_are_offered(run: LessonRun) -> None:
    """A lesson that allows reading and measuring offers these, and thinking, which is never forbidden; waiting only to somebody alone."""
    lesson = run.lesson
    head = lesson.head.model_copy(update={"allowed": ("interrogate", "patient")})
    narrow = SimpleNamespace(head=head, texts=lesson.texts, diagnosis=lesson.diagnosis)
    groups = {group["group"]: {act["act"] for act in group["acts"]} for group in opening(narrow)["doors"]}  # type: ignore[arg-type]

    assert groups["programmer"] == {"interrogate"}
    assert groups["patient"] >= {"measure", "ask"}
    assert set(groups) == {"programmer", "patient", "mind"}
    assert "wait" in {group["group"] for group in opening(lesson, alone=True)["doors"]}


def test_briefing_does_not_give_the_case_away(run: LessonRun) -> None:
    """Neither the lesson's name, nor its title, story, checklist or right diagnosis is on the page."""
    lesson, page = run.lesson, json.dumps(seen_by(run).as_dict())

    for hidden in (lesson.name, lesson.title, *lesson.texts.story, *(item.id for item in lesson.checklist), *lesson.texts.debrief):
        assert hidden not in page
    assert "Clinically reviewed: none yet" in page
