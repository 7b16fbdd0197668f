"""What browsers say over their WebSockets: done once, refused if it is nothing, and never answered with what is true."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from hil.lesson.entries import KINDS
from tests.console.classroom import Console, Person, console

TOO_OFTEN = 429
"""Who has just said so much waits an eighth of a second for a turn."""
MALFORMED = 1_000
ACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("interrogate", {}),
    ("measure", {"what": "heart-rate"}),
    ("reservoir", {}),
    ("think", {"diagnosis": "x"}),
    ("no-such", {}),
)
HEADINGS = {"at_us", "name", "patient", "pump"}
"""Words that truth and what a learner sees have in common, and that tell nothing by themselves."""
LONG_NUMBER = 1_000_000
OF_INSTRUCTORS = {"inject", "clock", "ended", "said", "opened"}
NOT_LEARNERS = ("inject", "resume", "end", "readmit", "choose", "say", "open-debrief")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One console for all of this file."""
    with console(tmp_path_factory.mktemp("messages"), "--class", "20") as started:
        yield started


@pytest.fixture(scope="module")
def trainer(served: Console) -> Person:
    """The instructor, who has let time go."""
    trainer = served.admitted("instructor")
    with trainer.arrived() as line:
        line.do("resume")
    return trainer


def entries(trainer: Person) -> list[dict[str, Any]]:
    """The log so far."""
    return [json.loads(line) for line in trainer.get("/api/run/log").body.splitlines()]


def spoilt(draw: random.Random) -> str | bytes:
    """A message that is none: junk, or a good one with something wrong."""
    good: dict[str, Any] = {"v": 1, "t": "do", "id": "x", "act": "interrogate", "args": {}}
    wrong: list[Any] = [None, 7, -1.5, [], {}, True, "", "x" * 300, "\ud800"]
    match draw.randrange(7):
        case 0:
            return draw.randbytes(draw.randrange(40))
        case 1:
            return json.dumps(draw.choice([*wrong, [good]]))
        case 2:
            return json.dumps(good)[: draw.randrange(1, 30)]
        case 3:
            return json.dumps({**good, draw.choice(["v", "t", "id", "act", "args"]): draw.choice([None, 7.5, [], True, "", "x" * 300])})
        case 4:
            missing = draw.choice(["v", "t", "id", "act"])
            return json.dumps({name: value for name, value in good.items() if name != missing})
        case 5:
            return json.dumps(good)[:-1] + draw.choice([',"y":NaN}', ',"y":1e999}', ',"y":"\\ud800"}'])
        case _:
            return '{"a":' * 60 + "1" + "}" * 60


def test_a_thousand_malformed_messages_change_nothing(served: Console, trainer: Person, seed: int) -> None:
    """Whatever is sent that is no message, the log gets no entry of it, and the class goes on."""
    draw, eve, sent = random.Random(seed), served.admitted("learner", "Eve"), 0
    before = [entry["kind"] for entry in entries(trainer)]
    while sent < MALFORMED:
        line = eve.arrived()
        try:
            for _ in range(99):
                line.socket.send(spoilt(draw))
                sent += 1
            while line.until("answer")["ok"] is False and sum(each["t"] == "answer" for each in line.got) < 99:
                pass
        except ConnectionClosed:
            pass
        with line:
            assert not any(each.get("ok") for each in line.got)

    kinds = [entry["kind"] for entry in entries(trainer)]
    assert [kind for kind in kinds if kind not in {"left", "back"}] == [kind for kind in before if kind not in {"left", "back"}]
    with eve.arrived() as line:
        while not (answer := line.do("interrogate"))["ok"]:
            assert answer["error"]["status"] == TOO_OFTEN, answer


def test_act_that_is_sent_again_is_done_once(served: Console, trainer: Person) -> None:
    """The same id gets the same answer, on another connection too, and the log has one entry."""
    bob = served.admitted("learner", "Bob")
    with bob.arrived() as line:
        first = line.do("interrogate", ref="bob-1")
        again = line.do("interrogate", ref="bob-1")
    with bob.arrived() as line:
        later = line.do("interrogate", ref="bob-1")

    assert first == again == later
    assert [entry["data"]["act"] for entry in entries(trainer) if entry["who"] == bob.learner and entry["kind"] == "act"] == ["interrogate"]


def fields(value: Any, path: str = "") -> Iterator[str]:
    """Every path of keys in a message."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield f"{path}.{name}"
            yield from fields(each, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from fields(each, f"{path}[]")


def numbers(value: Any) -> set[int]:
    """Whole numbers so long that they stand nowhere by chance."""
    found = [value] if isinstance(value, dict) else []
    numbers_found: set[int] = set()
    while found:
        for each in found.pop().values():
            if isinstance(each, dict):
                found.append(each)
            elif isinstance(each, int) and each >= LONG_NUMBER:
                numbers_found.add(each)
    return numbers_found


def test_learners_socket_tells_no_truth(served: Console, trainer: Person) -> None:
    """Of all that a learner is sent, no field bears the name of a field of the log that no learner may see, nor says which lesson it is."""
    seen = {name for kind in KINDS.values() for name in kind.learner or ()}
    hidden = {name for kind in KINDS.values() for name in kind.fields} - seen
    dan = served.admitted("learner", "Dan")
    with dan.arrived() as line:
        for act, args in ACTS:
            line.do(act, args)
        capture, hello = [message for message in line.got if message["t"] != "hello"], line.hello
    case = trainer.get("/api/run/truth").content["cases"][dan.learner]

    told = {name.rpartition(".")[2].removesuffix("[]") for message in capture for name in fields(message)}
    assert not told & ((hidden | {name.rpartition(".")[2] for name in fields(case["truth"])}) - HEADINGS)
    text = json.dumps(capture).replace(",", "")
    assert not [value for value in numbers(case["truth"]) - numbers(case["belief"]) if str(value) in text]
    assert "found-stopped" not in json.dumps([capture, hello])
    assert set(hello) == {"v", "t", "role", "nickname", "learner", "run", "colour", "units", "chosen"}


def test_learner_may_not_do_what_the_instructor_does(served: Console, trainer: Person) -> None:
    """The instructor's acts are refused to a learner, and nothing comes of them."""
    eve = served.admitted("learner", "Mallory")
    with eve.arrived() as line:
        answers = {
            act: line.do(act, {"learner": eve.learner, "fault": "motor-stall", "text": "x"})
            for act in ("inject", "resume", "end", "readmit", "choose", "say", "open-debrief")
        }

    assert not [act for act, answer in answers.items() if answer["ok"]]
    assert [entry["kind"] for entry in entries(trainer) if entry["kind"] in OF_INSTRUCTORS] == ["clock"]


@pytest.mark.usefixtures("trainer")
def test_other_tabs_of_one_learner_show_the_same(served: Console) -> None:
    """What is done in one window stands in the other."""
    fay = served.admitted("learner", "Fay")
    with fay.arrived() as one, fay.arrived() as two:
        one.do("note", {"text": "seen in both"})

        assert two.shows("notes", "seen in both")


@pytest.mark.usefixtures("trainer")
def test_windows_of_one_learner_have_a_limit(served: Console) -> None:
    """The seventh window closes the first one, which is told why."""
    gil = served.admitted("learner", "Gil")
    lines = [gil.arrived() for _ in range(7)]
    try:
        assert "too many windows" in lines[0].until("gone")["why"]
        assert lines[-1].do("interrogate")["ok"]
    finally:
        for line in lines:
            with line:
                pass


def test_units_of_the_run_are_those_of_its_pages(tmp_path: Path) -> None:
    """In a run with UK units micrograms are written and read in full; mcg is refused in the words it was typed in."""
    with console(tmp_path, "--units", "UK") as started:
        trainer, hal = started.admitted("instructor"), started.admitted("learner", "Hal")
        with trainer.arrived() as line:
            line.do("resume")
        with hal.arrived() as line:
            shown = json.dumps(line.do("interrogate")) + json.dumps(line.view)
            field = {"field": "daily-dose"}
            taken = line.do("type", {**field, "text": "400 micrograms/day"})
            refused = line.do("type", {**field, "text": "400 mcg/day"})

    assert "micrograms/" in shown
    assert "mcg" not in shown
    assert taken["ok"], taken
    assert (refused["ok"], "'mcg'" in refused["error"]["what"]) == (False, True)
