"""Sound through the whole chain: a pump's alarm, the log, the socket, the audio clock of a joined page, and its report in the log again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browser import OpenPage, Pages, Served, look, served
from tests.browser.sound_page import until

ORDER = """async ([act, args]) => (await fetch("/api/order", {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ act, args }),
})).json()"""
BAD_QUIZ = """fetch("/api/quiz/results", { method: "POST", headers: { "content-type": "application/json" }, body: '{"seed": "x"}' })
  .then((answer) => answer.json())"""
LOOKS, LOOK_MS = 100, 100
LOG = 'fetch("/api/run/log").then((answer) => answer.text())'


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One console for these tests; each joins as somebody new."""
    with served("found-stopped", folder=tmp_path_factory.mktemp("train")) as running:
        yield running


class Instructor:
    """The instructor's page, asked by what it would ask the server."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def beside(self, path: str, open_page: OpenPage) -> Page:
        """Another page with the same cookie."""
        return open_page(self._page.url.replace("/instructor", path), beside=self._page)

    def order(self, act: str, **args: str) -> None:
        """Act."""
        assert self._page.evaluate(ORDER, [act, args])["ok"]

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Entries of the log."""
        return [entry for entry in map(json.loads, self._page.evaluate(LOG).splitlines()) if entry["kind"] == kind]

    def heard(self, number: int) -> str:
        """What became of a sound; waits until a page has said so."""
        for _ in range(LOOKS):
            for entry in self.entries("heard"):
                if entry["data"]["sound"] == number:
                    return str(entry["data"]["outcome"])
            self._page.wait_for_timeout(LOOK_MS)
        return "nothing"


@pytest.fixture
def instructor(trainer: Served, open_page: OpenPage) -> Instructor:
    """Whoever holds the class."""
    page = open_page(trainer.instructor_link)
    page.locator('html[data-link="ok"] body.instructor').wait_for()
    return Instructor(page)


def joined(open_page: OpenPage, trainer: Served, nickname: str) -> Page:
    """A learner who has joined by the button."""
    page = open_page(trainer.learner_link)
    page.get_by_label("Nickname").fill(nickname)
    page.get_by_role("button", name="Join", exact=True).click()
    page.locator('html[data-link="ok"] body.learner').wait_for()
    return page


def test_join_button_unlocks_and_alarm_is_heard_and_logged(trainer: Served, open_page: OpenPage, instructor: Instructor) -> None:
    """A learner joins by its button and does nothing more; ten minutes on the pump alarms, the page plays it, and the log says so."""
    page = joined(open_page, trainer, "ana")
    until(page, "document.querySelector('.sound-state')?.textContent === 'Sound on'")
    instructor.order("speakers", who="own")
    instructor.order("resume")
    instructor.order("advance", time="30 min")
    until(page, "document.querySelector('.sound-now')?.textContent.includes('[Pump: two-tone, 3 s')")
    mine = next(entry for entry in instructor.entries("joined") if entry["data"]["nickname"] == "ana")["about"]
    alarm = next(entry for entry in instructor.entries("sound") if entry["about"] == mine)

    assert alarm["data"]["fresh"] is True
    assert instructor.heard(alarm["n"]) == "played"
    assert instructor.entries("clock")[-1]["data"]["speed"] == 1


def test_page_without_a_gesture_says_so(trainer: Served, open_page: OpenPage, instructor: Instructor, tmp_path: Path) -> None:
    """U1, U3: the same page loaded anew is silent until it is touched: a test sound of the server is logged as not unlocked, then heard."""
    page = joined(open_page, trainer, "ben")
    state = page.context.storage_state(path=tmp_path / "cookies.json")
    page.close()
    again = open_page(f"{trainer.url}/learner", storage_state=state)
    until(again, "document.documentElement.dataset.link === 'ok'")
    until(again, "document.querySelector('.sound-state').textContent === 'Sound is off'")
    look(again, "void document.querySelector('.sound-test').click()")
    until(again, "document.querySelector('.sound-said').textContent.includes('not played: sound is off')")
    again.locator(".sound-enable").click()
    until(again, "document.querySelector('.sound-state').textContent === 'Sound on'")
    look(again, "void document.querySelector('.sound-test').click()")
    until(again, "document.querySelector('.sound-said').textContent === 'The test sound was played.'")
    tests = [entry["n"] for entry in instructor.entries("sound") if entry["data"].get("test")]

    assert [instructor.heard(number) for number in tests] == ["not_unlocked", "played"]


def test_quiz_is_served_to_whoever_is_in_the_run(open_page: OpenPage, instructor: Instructor, pages: Pages) -> None:
    """Its page opens with a cookie of any role, its questions come from the console, and what is no quiz is refused in words."""
    pages.foreseen.append("/api/quiz/results")
    page = instructor.beside("/quiz", open_page)
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("heading", name="Sound 1 of 16")).to_be_visible()
    assert "no answers of a quiz" in page.evaluate(BAD_QUIZ)["error"]["what"]
