"""What the trainer sees: the fold of the log, and what is so at this instant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hil.lesson.entries import CLASS, INSTRUCTOR, Entry
from hil.lesson.run import LessonRun
from hil.lesson.views.curves import ROWS
from hil.lesson.views.instructor import CHUNKS, LINES_PER_CHUNK, InstructorView
from hil.lesson.views.live import case_view, now_view
from hil.lesson.views.observer import class_view
from tests.lesson.runs import MIN, QUIET, H, a_run

ANA, BEN = "L1", "L2"
DAY = 24 * H


class Story:
    """A view that is told entries one after another; `at` is the simulated minute."""

    def __init__(self) -> None:
        self.view = InstructorView()
        self.count = 0
        self.tell("began", INSTRUCTOR, "", run="blue", colour="#00f", clock_us=10 * H)
        for key, name in ((ANA, "Ana"), (BEN, "Ben")):
            self.tell("joined", key, key, nickname=name)

    def tell(self, kind: str, who: str = CLASS, about: str = ANA, at: int = 0, **data: Any) -> None:
        self.count += 1
        self.view.feed(Entry(self.count, at * MIN, kind, who, about, data))

    def act(self, act: str, at: int = 0, answer: str = "done", **args: Any) -> None:
        self.tell("act", ANA, ANA, at, act=act, args=args, answer=answer, seen={})

    @property
    def row(self) -> dict[str, Any]:
        row: dict[str, Any] = self.view.as_dict()[f"row:{ANA}"]
        return row

    def lines(self, level: str = "clinical") -> list[str]:
        chunks = [value for key, value in self.view.as_dict().items() if key.startswith(f"log:{level}:")]
        return [line["text"] for chunk in chunks for line in chunk]


@pytest.fixture
def story() -> Story:
    return Story()


def told(run: LessonRun) -> InstructorView:
    """The view of a run so far, which hears of what comes."""
    view = InstructorView(run.lesson)
    for entry in run.log.entries():
        view.feed(entry)
    run.log.listen(view.feed)
    return view


# ---------------------------------------------------------------- the class table


def test_a_row_tells_the_last_act_and_when(story: Story) -> None:
    """The table names what was done last, and an act that was refused says so."""
    story.act("interrogate", at=2)
    story.act("start", at=3, answer="refused")

    assert story.row["last"].endswith(": refused")
    assert (story.row["last_us"], story.row["acts"]) == (3 * MIN, 2)
    assert story.view.as_dict()[f"row:{BEN}"]["last"] == ""


def test_the_worst_condition_is_the_one_that_is_said(story: Story) -> None:
    """Of several facts about the patient the gravest is in the table, with a sign beside its word."""
    story.tell("fact", fact="under-dosed", holds=True)
    story.tell("fact", fact="withdrawal-severe", holds=True)
    assert story.row["condition"] == {"word": "severe withdrawal", "sign": "◆", "tone": "high"}

    story.tell("fact", fact="withdrawal-severe", holds=False)
    assert story.row["condition"]["word"] == "under-dosed"


def test_a_return_takes_a_case_back_and_leaves_what_the_trainer_wrote(story: Story) -> None:
    """Acts, facts and faults after a bookmark are undone by returning to it; questions and ratings are not."""
    story.act("interrogate", at=1)
    story.tell("bookmark", INSTRUCTOR, "", 2, name="here")
    story.act("stop", at=3)
    story.tell("fact", about=ANA, at=4, fact="pump-stopped", holds=True)
    story.tell("inject", INSTRUCTOR, ANA, 5, fault="motor.stall", params={}, handle=1, words="motor.stall")
    story.tell("prompt", INSTRUCTOR, ANA, 5, id="P1", text="Why?")
    story.tell("rating", INSTRUCTOR, ANA, 5, learner=ANA, score=3, note="calm")
    story.tell("returned", INSTRUCTOR, "", 2, bookmark="here")

    assert (story.row["acts"], story.row["facts"], story.row["faults"]) == (1, [], [])
    assert (story.row["prompts"][0]["text"], story.row["rating"]["score"]) == ("Why?", 3)
    assert story.view.as_dict()["bookmarks"] == [{"name": "here", "at": "10:02"}]


def test_an_answer_belongs_to_its_question(story: Story) -> None:
    """A question to the class is answered by each learner for himself."""
    story.tell("prompt", INSTRUCTOR, "", id="P1", text="What do you see?")
    story.tell("reply", BEN, BEN, id="P1", text="nothing flows")

    assert story.row["prompts"][0]["reply"] == ""
    assert story.view.as_dict()[f"row:{BEN}"]["prompts"][0]["reply"] == "nothing flows"


@pytest.mark.parametrize(
    ("report", "state"),
    [
        ({"state": "running", "muted": False, "volume": "40", "hidden": False}, "ok"),
        ({"state": "running", "muted": True, "volume": "40", "hidden": False}, "muted"),
        ({"state": "running", "muted": False, "volume": "0", "hidden": False}, "muted"),
        ({"state": "running", "muted": False, "volume": "40", "hidden": True}, "hidden"),
        ({"state": "suspended", "muted": False, "volume": "40", "hidden": False}, "off"),
    ],
)
def test_a_client_that_cannot_be_heard_is_not_counted_as_audible(story: Story, report: dict[str, Any], state: str) -> None:
    """Muted, hidden, without volume or not unlocked: each is a word of its own, and none is audible."""
    story.tell("audio", ANA, ANA, **report)

    assert story.row["sound"]["state"] == state


# ---------------------------------------------------------------- the log


def test_the_log_on_the_page_stays_small(story: Story) -> None:
    """However long a lesson is, the page holds the last lines, and one more line changes one key of the view."""
    for number in range(3 * LINES_PER_CHUNK * CHUNKS):
        story.tell("note", ANA, ANA, number, text=f"note {number}")
    before = story.view.as_dict()
    assert len(story.lines()) <= LINES_PER_CHUNK * CHUNKS
    assert any(line.endswith(f"note {3 * LINES_PER_CHUNK * CHUNKS - 1}") for line in story.lines())

    before = json.loads(json.dumps(before))
    story.tell("said", INSTRUCTOR, "", 700, text="hello", by="trainer")
    after = json.loads(json.dumps(story.view.as_dict()))

    assert len([key for key in after if key.startswith("log:") and after[key] != before.get(key)]) == 1


def test_a_sound_that_only_repeats_is_not_clinical(story: Story) -> None:
    """The first sounding stands in the clinical log; repeats stand where everything does."""
    story.tell("sound", pattern="two-tone", count=1, fresh=True)
    story.tell("sound", pattern="two-tone", count=2, fresh=False)

    assert [line for line in story.lines() if "sounds" in line] == ["the pump sounds: two-tone"]
    assert [line for line in story.lines("debug") if "sounds" in line] == ["the pump sounds: two-tone, time 2"]


def test_frames_stand_below_their_act(story: Story) -> None:
    """The wire level shows what went over the wire for an act, at that act."""
    story.tell("act", ANA, ANA, act="interrogate", args={}, answer="done", seen={}, wire=[{"to": "pump", "name": "INTERROGATE"}])
    line = next(
        line for chunk in story.view.as_dict().items() if chunk[0].startswith("log:clinical") for line in chunk[1] if "wire" in line
    )

    assert line["wire"] == ["pump INTERROGATE"]


# ---------------------------------------------------------------- what is so now


def test_looking_changes_nothing(tmp_path: Path) -> None:
    """However often the trainer's page asks, the pump, the patient and the log are what they would be without it."""
    pages, digests = [], []
    for looks in (0, 2):
        run, key = a_run(tmp_path, QUIET)
        view = told(run)
        for _ in range(3):
            run.advance_us(H)
            for _ in range(looks):
                now_view(run, view)
                case_view(run, view, key)
        pages.append([entry._replace(data={}) for entry in run.log.entries()])
        digests.append(run.cases[key].bench.unit.digest())
        run.close()

    assert digests[0] == digests[1]
    assert pages[0] == pages[1]


def test_a_fault_from_the_page_is_in_force_and_in_words(tmp_path: Path) -> None:
    """What was injected is told in words, drawn where it is, and gone when it is cleared."""
    run, key = a_run(tmp_path, QUIET)
    view = told(run)
    assert run.order(INSTRUCTOR, "inject", {"learner": key, "fault": "catheter.occlusion", "params": {"fraction": "94 %"}}).ok
    known = case_view(run, view, key)

    assert [fault["words"] for fault in known["faults"]] == ["catheter.occlusion: fraction 94 %"]
    assert known["drawing"]["true"]["marks"] == [{"site": "block", "words": "catheter occluded"}]
    assert "it does not know: catheter occluded" in known["differences"]

    assert run.order(INSTRUCTOR, "clear", {"learner": key, "handle": known["faults"][0]["handle"]}).ok
    assert case_view(run, view, key)["faults"] == []
    run.close()


def test_curves_come_in_pieces_that_fit(tmp_path: Path) -> None:
    """Asked piece by piece or at once, the curves are the same rows, and a return begins them anew."""
    run, key = a_run(tmp_path, QUIET)
    view = told(run)
    run.order(INSTRUCTOR, "bookmark", {"name": "here"})
    run.advance_us(2 * H)
    first = case_view(run, view, key)["curves"]
    run.advance_us(H)
    since_us = round(first["columns"]["at"][-1] * 1_000_000) - first["first_us"]
    second, whole = (case_view(run, view, key, since)["curves"] for since in (since_us, -1))

    assert not second["anew"]
    assert second["columns"]["at"]
    assert first["columns"]["at"] + second["columns"]["at"] == whole["columns"]["at"]
    assert first["columns"]["legs"] + second["columns"]["legs"] == whole["columns"]["legs"]

    run.order(INSTRUCTOR, "return", {"name": "here"})
    back = case_view(run, view, key, since_us)["curves"]
    assert back["anew"]
    assert back["columns"]["at"][-1] <= 0
    run.close()


def test_the_dose_drawn_is_the_dose_that_came(tmp_path: Path) -> None:
    """The curve of the true dose adds up to what truly left the tip, and the believed one is the program."""
    run, key = a_run(tmp_path, QUIET)
    view, case = told(run), run.cases[key]
    now_view(run, view)
    before = case.true().delivered_ng
    run.advance_us(DAY)
    curves = case_view(run, view, key)["curves"]
    doses = [dose for at, dose in zip(curves["columns"]["at"], curves["columns"]["true_dose"], strict=True) if at > 0]
    came_mcg = (case.true().delivered_ng - before) / 1_000

    assert len(curves["columns"]["at"]) <= ROWS
    assert sum(doses) * curves["step_us"] / DAY == pytest.approx(came_mcg, rel=0.02)
    assert {dose for dose in curves["columns"]["believed_dose"] if dose is not None} == {240.0}
    run.close()


def test_the_class_at_a_glance(tmp_path: Path) -> None:
    """Pump, patient and how long ago the last act was; who is there and heard is counted."""
    run, key = a_run(tmp_path, QUIET)
    view = told(run)
    run.order(key, "interrogate")
    run.advance_us(2 * H)
    now = now_view(run, view)["now"]

    assert now["rows"][key]["ago"] == "2 h ago"
    assert (now["rows"][key]["mode"], now["rows"][key]["stopped"]) == ("simple continuous", False)
    assert (now["audible"], now["all_audible"]) == ("0 of 1 audible", False)
    assert class_view(run) == {"class": [{"key": key, "nickname": "Ana"}]}
    run.close()


def test_a_room_with_one_speaker_hears_the_trainers_page(tmp_path: Path) -> None:
    """From the second learner on the pumps sound at the trainer's place: whether that page can be heard is what counts then."""
    run, _ = a_run(tmp_path, QUIET)
    view = told(run)
    run.join("Ben")
    assert now_view(run, view)["now"]["audible"] == "room speaker: no report of sound yet"

    run.order(INSTRUCTOR, "audio", {"state": "running", "muted": True, "volume": 40, "hidden": False})
    assert now_view(run, view)["now"]["audible"] == "room speaker: muted"

    run.order(INSTRUCTOR, "audio", {"state": "running", "muted": False, "volume": 40, "hidden": False})
    assert now_view(run, view)["now"]["all_audible"]
    run.close()


def test_the_view_can_be_made_again_from_the_log(tmp_path: Path) -> None:
    """A view that listened all along and one that reads the log afterwards say the same."""
    run, key = a_run(tmp_path)
    live = told(run)
    run.order(key, "interrogate")
    run.order(INSTRUCTOR, "tick", {"learner": key, "item": run.lesson.checklist[0].id, "state": "met", "note": "seen"})
    run.advance_us(3 * H)
    again = told(run)

    assert again.as_dict() == live.as_dict()
    assert again.score(key, run.now_us) == live.score(key, run.now_us)
    run.close()
