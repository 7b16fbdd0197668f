"""Drops: of a learner's line, and of the whole server. The class goes on, and everybody is there again with what he missed.

One story is played once: a class, a learner away for minutes, kill -9 while a line is being written, the same run in a new server.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.console.classroom import Console, Line, Person

AWAY_US = 300_000_000
TORN = b'{"n":99,"at_us'
QUESTION = "What do you see?"


class Story(NamedTuple):
    """What was seen in it."""

    before: Console
    after: Console
    missed: dict[str, Any]
    away_us: int
    killed: Line
    first: dict[str, Any]
    again: dict[str, Any]
    waiting_us: int
    stopped_us: int
    went_on: dict[str, Any]
    returned: Line
    replies: list[bool]
    log: bytes
    entries: list[dict[str, Any]]
    refused: str


def until_us(line: Line, at_us: int) -> dict[str, Any]:
    """Read until the clock shows that much; returns the clock."""
    while (clock := line.until("beat")["clock"])["at_us"] < at_us:
        pass
    return dict(clock)


def before_the_kill(started: Console) -> dict[str, Any]:
    """A learner is away for minutes of simulated time; then the server is killed."""
    trainer, ana = started.admitted("instructor"), started.admitted("learner", "Ana")
    with ana.arrived() as line:
        line.do("note", {"text": "before the drop"})
    with trainer.arrived() as boss:
        boss.do("speed", {"factor": "100"})
        boss.do("resume")
        boss.do("say", {"learner": "", "text": "while you were away"})
        away_us = until_us(boss, AWAY_US)["at_us"]
        with ana.arrived() as line:
            missed = dict(line.view)
            first = line.do("interrogate", ref="ana-1")
            boss.do("ask", {"learner": ana.learner, "text": QUESTION}, ref="boss-1")
            line.shows("prompts", QUESTION)
            started.end(signal.SIGKILL)
    log = Path(started.ready["folder"]) / "log.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + TORN)
    return {"missed": missed, "away_us": away_us, "first": first, "killed": line, "log": whole, "people": (trainer, ana)}


def after_the_kill(resumed: Console, trainer: Person, ana: Person) -> dict[str, Any]:
    """Everybody comes back with the cookie he has, and sends again what he got no answer to."""
    boss_again, ana_again = trainer._replace(console=resumed), ana._replace(console=resumed)
    stopped_us = json.loads((Path(resumed.ready["folder"]) / "clock.json").read_text())["now_us"]
    waiting_us = boss_again.get("/api/run/truth").content["at_us"]
    with ana_again.arrived() as line, boss_again.arrived() as boss:
        again = line.do("interrogate", ref="ana-1")
        boss.do("ask", {"learner": ana.learner, "text": QUESTION}, ref="boss-1")
        went_on = until_us(line, waiting_us + 1)
        prompt = next(each["id"] for each in line.view["prompts"] if each["text"] == QUESTION)
        replies = [line.do("reply", {"id": prompt, "text": "it stands"}, ref=f"ana-{ref}")["ok"] for ref in (2, 2, 3)]
    entries = [json.loads(text) for text in boss_again.get("/api/run/log").body.splitlines()]
    told = {"again": again, "waiting_us": waiting_us, "stopped_us": stopped_us, "went_on": went_on}
    return told | {"returned": line, "replies": replies, "entries": entries}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The story, played once."""
    folder = tmp_path_factory.mktemp("drops")
    started = Console(folder, ["--lesson", "found-stopped"])
    told = before_the_kill(started)
    options = ["--run", started.ready["run"], "--port", str(started.port)]
    resumed = Console(folder, options)
    try:
        told |= after_the_kill(resumed, *told.pop("people"))
    finally:
        errors = resumed.end()
    assert "Traceback" not in errors
    facts = Path(started.ready["folder"]) / "run.json"
    facts.write_text(facts.read_text().replace('"digest": "', '"digest": "0'))
    with pytest.raises(AssertionError) as refused:
        Console(folder, options)
    return Story(before=started, after=resumed, refused=str(refused.value), **told)


def test_class_goes_on_while_one_is_away(story: Story) -> None:
    """A learner drops for minutes: the common clock goes on, and what was said meanwhile stands on the page afterwards."""
    shown = json.dumps(story.missed)

    assert story.away_us >= AWAY_US
    assert "before the drop" in shown
    assert "while you were away" in shown


def test_killed_server_comes_back_with_links_and_views(story: Story) -> None:
    """After kill -9 the run has the same links and cookies, and the page shows what it showed."""
    same = [key for key, value in story.killed.view.items() if story.returned.view.get(key) == value]

    assert story.after.ready["learner_link"] == story.before.ready["learner_link"]
    assert {"readout", "notes", "record", "messages"} <= set(same)


def test_time_goes_on_from_where_it_was_when_somebody_is_back(story: Story) -> None:
    """While nobody has come back no simulated time passes; the first one who does sets it going."""
    assert story.waiting_us >= story.stopped_us >= AWAY_US
    assert story.went_on["state"] == "running"
    assert story.went_on["at_us"] > story.waiting_us


def test_act_of_before_the_kill_is_done_once(story: Story) -> None:
    """An act that is sent again after the restart has the answer that it had, and stands in the log once."""
    acts = [entry["data"]["act"] for entry in story.entries if entry["kind"] == "act"]

    assert story.again["seen"] == story.first["seen"]
    assert acts.count("interrogate") == 1
    assert [entry["kind"] for entry in story.entries].count("prompt") == 1


def test_prompt_of_before_the_kill_is_answered_once(story: Story) -> None:
    """A question from before the restart can still be answered: once, however often the answer is sent."""
    assert story.replies == [True, True, False]
    assert [entry["kind"] for entry in story.entries].count("reply") == 1


def test_torn_last_line_is_forgotten(story: Story) -> None:
    """The line that the kill tore never counted; those before it are as they were."""
    numbers = [entry["n"] for entry in story.entries]

    assert numbers == list(range(1, len(numbers) + 1))
    assert [json.loads(line) for line in story.log.splitlines()] == story.entries[: story.log.count(b"\n")]


def test_changed_lesson_is_not_gone_on_with(story: Story) -> None:
    """A run of a lesson whose logic was changed since says so and is left as it is."""
    assert "the lesson has changed since this run began" in story.refused
    assert story.refused.count("\n") == 1
