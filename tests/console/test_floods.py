"""Who does too much slows down himself: floods of connections, messages and requests, long texts, and who stays after he has left."""

from __future__ import annotations

import json
import resource
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.console.classroom import ANSWER_S, Console, Person, console

FILES = 160
"""What the console of one test may have open."""
CONNECTIONS = 300


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One console for all of this file."""
    with console(tmp_path_factory.mktemp("floods"), "--class", "20") as started:
        yield started


@contextmanager
def few_files() -> Iterator[None]:
    """Programs that are started meanwhile may open few files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def admitted_learner(served: Console, nickname: str) -> Person:
    """A learner with a case."""
    return served.admitted("learner", nickname)


def test_connections_that_say_nothing_do_not_end_the_console(tmp_path: Path) -> None:
    """Somebody on the network opens more connections than there are files: the class goes on, and once they are gone others come in."""
    with ExitStack() as ended:
        with few_files():
            started = ended.enter_context(console(tmp_path))
        line = ended.enter_context(started.admitted("instructor").arrived())
        with ExitStack() as idle:
            for _ in range(CONNECTIONS):
                idle.enter_context(socket.create_connection((started.host, started.port), ANSWER_S))
            line.until("beat")
            assert line.do("resume")["ok"]
        line.until("beat")

        assert started.admitted("learner", "Late").learner == "L1"


def test_flood_of_acts_is_refused_and_holds_up_nobody_else(served: Console) -> None:
    """Beyond what a person does, in all windows together, acts are refused and not written down; another learner's are done."""
    kim, lou = admitted_learner(served, "Kim"), admitted_learner(served, "Lou")
    with kim.arrived() as one, kim.arrived() as two, kim.arrived() as three, lou.arrived() as other:
        lines = (one, two, three)
        asked = [(line, line.say("note", {"text": "again"})) for _ in range(60) for line in lines]
        answers = [line.until("answer", id=ref) for line, ref in asked]
        theirs = other.do("note", {"text": "mine"})

    statuses = Counter(answer["ok"] or answer["error"]["status"] for answer in answers)
    assert set(statuses) == {True, 429}
    assert statuses[429] > len(lines)
    assert theirs["ok"]


def test_text_longer_than_a_field_is_refused_before_it_is_kept(served: Console) -> None:
    """Nothing of it is in the record of the page or in the log."""
    max_, trainer = admitted_learner(served, "Max"), served.admitted("instructor")
    with max_.arrived() as line:
        refused = [line.do("note", {"text": "z" * 2_001}), line.do("review", {"groups": [{"days": "z" * 2_001}]})]
        view = line.view

    assert [answer["error"]["status"] for answer in refused] == [422, 422]
    assert view["record"] == []
    assert b"zzz" not in trainer.get("/api/run/log").body


def test_windows_opened_over_and_over_are_refused(served: Console) -> None:
    """Each of them would be written down, and gets the whole view."""
    nan = admitted_learner(served, "Nan")

    def opened() -> int:
        try:
            with nan.arrived():
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    assert 429 in {opened() for _ in range(60)}


def test_files_asked_for_over_and_over_are_refused(served: Console) -> None:
    """A learner's file is made from the whole log; the instructor's own are never refused."""
    oda, trainer = admitted_learner(served, "Oda"), served.admitted("instructor")

    assert {oda.get("/api/me/export.json").status for _ in range(80)} == {200, 429}
    assert {trainer.get("/api/debrief").status for _ in range(70)} == {200}


def test_who_has_left_is_told_nothing_more(served: Console) -> None:
    """The connection of a cookie that was given back ends at once, without another look at the truth."""
    gone = served.admitted("instructor")
    with gone.arrived() as line:
        left = served.ask("DELETE", "/session?role=instructor", Cookie=gone.cookie)
        told = line.until("gone")

    assert left.status == 200
    assert "none any more" in told["why"]


def test_instructors_form_of_another_site_is_refused(served: Console) -> None:
    """An order comes as JSON, which no form of another page can send."""
    trainer = served.admitted("instructor")
    body = json.dumps({"act": "end"}).encode()

    answer = served.ask("POST", "/api/order", body, Cookie=trainer.cookie, Content_Type="text/plain")

    assert answer.status == 415


def test_place_of_somebody_sent_out_is_free(tmp_path: Path) -> None:
    """Who took the only place and is nobody of the class is told to go, and somebody else comes in; no learner can do it."""
    with console(tmp_path, "--class", "1") as started:
        eve, trainer = admitted_learner(started, "Eve"), started.admitted("instructor")
        full = started.post("/session", {"token": started.secret("learner"), "nickname": "Pia"})
        with eve.arrived() as hers, trainer.arrived() as line:
            own = hers.do("send-out", {"learner": eve.learner})
            answers = [line.do("send-out", {"learner": eve.learner}) for _ in range(2)]
            hers.until("gone")

        assert full.status == 409
        assert own["error"]["status"] == 403
        assert [answer["ok"] for answer in answers] == [True, False]
        assert eve.get("/api/me/export.json").status == 401
        assert admitted_learner(started, "Pia").learner == "L2"
