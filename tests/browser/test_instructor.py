"""The instructor's and the observer's page on a real console, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, expect

from hil.wording.profiles import US, broken
from tests.browser.browser import DESKTOP, PHONE, OpenPage, Pages, axe, grey, overflows, overlaps, shot
from tests.console.classroom import Console, Person, console

VIEWS = [
    pytest.param(DESKTOP, "light", id="wide"),
    pytest.param(PHONE, "dark", id="narrow-dark"),
    pytest.param(DESKTOP, "dark", id="wide-dark", marks=pytest.mark.slow),
    pytest.param(PHONE, "light", id="narrow", marks=pytest.mark.slow),
]
"""Windows and themes; the slow ones change only one thing of the others."""


class Class(NamedTuple):
    """A console with two learners, and the trainer as a program."""

    console: Console
    trainer: Person
    ana: Person
    ben: Person

    def truth(self, learner: Person) -> dict[str, Any]:
        """What is so in a learner's pump."""
        cases: dict[str, Any] = self.trainer.get("/api/run/truth").content["cases"]
        pump: dict[str, Any] = cases[learner.learner]["truth"]["pump"]
        return pump


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    """One lesson for all tests here; simulated time stands still but where a test lets it pass."""
    with console(tmp_path_factory.mktemp("room")) as found:
        trainer = found.admitted("instructor")
        yield Class(found, trainer, found.admitted("learner", "Ana"), found.admitted("learner", "Ben"))


def opened(room: Class, open_page: OpenPage, **how: Any) -> Page:
    """The instructor's page, with Ana open."""
    page = open_page(room.console.ready["instructor_link"], **how)
    page.locator(".drawing").first.wait_for()
    page.locator(".plot").nth(3).wait_for()
    return page


@pytest.mark.parametrize(("size", "theme"), VIEWS)
def test_the_page_is_sound_in_every_window(room: Class, open_page: OpenPage, size: tuple[int, int], theme: str) -> None:
    """With all tabs open nothing overlaps or overflows, axe finds nothing grave, and every quantity is written by the rules."""
    page = opened(room, open_page, size=size, theme=theme)
    page.get_by_role("tab", name="Log").click()
    page.evaluate("for (const panel of document.querySelectorAll('[role=tabpanel]')) panel.hidden = false")

    assert not axe(page)
    assert not overflows(page)
    assert not overlaps(page)
    assert broken(page.inner_text("body"), US) == []
    page.get_by_role("tab", name="Act").click()
    (grey if size == DESKTOP else shot)(page, f"instructor-{size[0]}-{theme}")


def test_what_is_injected_on_the_page_reaches_the_pump(room: Class, open_page: OpenPage) -> None:
    """A fault is chosen, its form filled, a wrong value refused in words; then it is so in that pump alone, drawn, listed and cleared."""
    page = opened(room, open_page)
    page.get_by_label("Fault", exact=True).select_option("catheter.occlusion")
    page.get_by_label("fraction").fill("194 %")
    inject = page.get_by_role("button", name="Inject", exact=True)
    inject.click()
    expect(page.get_by_role("alert")).to_contain_text("fraction is 194 %; it is 0 % to 100 %")

    page.get_by_label("fraction").fill("94 %")
    inject.click()
    expect(page.get_by_text("Injected for Ana.")).to_be_visible()
    expect(page.locator("figure").first).to_contain_text("✕ catheter occluded")
    assert room.truth(room.ana)["faults"] == ["catheter.occlusion"]
    assert room.truth(room.ben)["faults"] == []

    page.get_by_role("button", name="Clear catheter.occlusion: fraction 94 %").click()
    expect(page.get_by_text("No fault is in force.")).to_be_visible()
    assert room.truth(room.ana)["faults"] == []


def test_one_can_return_to_a_bookmark(room: Class, open_page: OpenPage) -> None:
    """A moment is kept by its name; time runs ahead on the page's order; returning brings the clock back."""
    page = opened(room, open_page)
    now = page.locator("#clock")
    expect(now).to_contain_text("day 1")
    began = now.inner_text()
    page.get_by_role("button", name="Bookmark").click()
    page.get_by_label("Name").fill("at the door")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="Advance 1 h").click()
    expect(now).not_to_have_text(began)

    page.get_by_label("Return to a bookmark").select_option("at the door")
    page.get_by_role("button", name="Return", exact=True).click()
    expect(now).to_have_text(began)
    expect(page.get_by_text("Back at at the door.")).to_be_visible()


def test_the_trainer_speaks_to_one_or_to_all(room: Class, open_page: OpenPage) -> None:
    """A question to the class stands at each learner until it is answered, there and here; who has gone can be let in again."""
    page = opened(room, open_page)
    page.get_by_label("the whole class", exact=True).first.check()
    page.get_by_label("Words").fill("What do you hear?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Asked the class.")).to_be_visible()
    with room.ben.arrived() as line:
        prompt = line.shows("prompts", "What do you hear?")["prompts"][-1]
        assert line.do("reply", {"id": prompt["id"], "text": "a two-tone"})["ok"]

    expect(page.locator("tr", has_text="Ben")).to_contain_text("1 of 1 answered")
    page.get_by_role("button", name="Ben").click()
    expect(page.locator("aside")).to_contain_text("answered a two-tone")
    page.get_by_role("button", name="Let in again").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"{room.console.ready['url']}/join#")


def test_by_keyboard_alone(room: Class, open_page: OpenPage) -> None:
    """Arrow keys go through the class, Tab reaches the tabs, and an item is judged without a mouse."""
    page = opened(room, open_page)
    page.get_by_role("button", name="Ana").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Ben")).to_be_focused()
    expect(page.get_by_role("heading", name="Ben")).to_be_visible()

    page.get_by_role("tab", name="Act").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Judge")).to_be_focused()
    page.get_by_text("Judge it yourself").first.press("Enter")
    page.get_by_role("button", name="Met: ").first.press("Enter")
    expect(page.locator(".items li").first).to_contain_text("met, by you")


def test_an_observer_sees_what_a_learner_sees(room: Class, pages: Pages) -> None:
    """The observer chooses whom to look at, has nothing to act with, and is told no truth."""
    page = pages.open(room.console.ready["observer_link"])
    page.get_by_role("button", name="Ben").click()
    expect(page.get_by_role("button", name="Ben")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("The pump was not read yet.")).to_be_visible()

    assert not axe(page)
    assert not overflows(page)
    assert page.evaluate("fetch('/api/run/case?learner=L1').then((answer) => answer.status)") in (401, 403)
    pages.foreseen.append("/api/run/case")
    shot(page, "observer-1366")
