"""The page's line to the console: a page says within three seconds that the server is gone, and is there again when it is back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.browser import OpenPage, Pages, Served, served

NOTICED_MS = 3_000
BACK_MS = 15_000
GONE = "html[data-link=lost], html[data-link=rejoining]"
OK = "html[data-link=ok]"
REFUSED = ("ERR_CONNECTION", "WebSocket connection to", "/api/me")


def joined(page: Page, nickname: str) -> Page:
    """Come in as a learner does."""
    page.get_by_label("Nickname").fill(nickname)
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_selector(OK, state="attached")
    return page


def test_page_notices_a_dead_and_a_frozen_server_and_rejoins(
    train: Callable[..., Served], pages: Pages, open_page: OpenPage, tmp_path: Path
) -> None:
    """A server that stands still is noticed by its missing beats, a killed one by its socket; what was noted is there again after both."""
    pages.foreseen += REFUSED
    started = train("found-stopped")
    page = joined(open_page(started.learner_link), "Ana")

    started.process.send_signal(signal.SIGSTOP)
    page.wait_for_selector(GONE, state="attached", timeout=NOTICED_MS)
    started.process.send_signal(signal.SIGCONT)
    page.wait_for_selector(OK, state="attached", timeout=BACK_MS)

    started.process.kill()
    page.wait_for_selector(GONE, state="attached", timeout=NOTICED_MS)
    port = str(started.ready["url"]).rpartition(":")[2]
    with served("", "--run", started.ready["run"], "--port", port, folder=tmp_path):
        page.wait_for_selector(OK, state="attached", timeout=BACK_MS)

        expect(page.locator("body")).to_contain_text("Ana")


def test_join_page_tells_what_is_wrong_and_keeps_the_secret_out_of_sight(
    train: Callable[..., Served], pages: Pages, open_page: OpenPage
) -> None:
    """A wrong code, a missing and a taken nickname are said beside the field; the link's secret does not stay in the address."""
    pages.foreseen += ["/session", "/api/me"]
    started = train("found-stopped")
    page = open_page(started.url)
    code, nickname, join = page.get_by_label("Code"), page.get_by_label("Nickname"), page.get_by_role("button", name="Join", exact=True)
    join.click()
    expect(page.get_by_role("alert")).to_contain_text("The code is missing")
    code.fill("AAAA-AAAA")
    nickname.fill("Ana")
    join.click()
    expect(page.get_by_role("alert")).to_contain_text("not of this run")
    expect(code).to_be_focused()
    code.fill(started.ready["code"].lower())
    join.click()
    page.wait_for_selector(OK, state="attached")

    second = open_page(started.learner_link)
    second.get_by_label("Nickname").fill("ana")
    second.get_by_role("button", name="Join", exact=True).click()
    expect(second.get_by_role("alert")).to_contain_text("somebody is called")
    assert "#" not in second.url

    again = open_page(started.url, beside=page)
    again.get_by_role("button", name="Go on as Ana").click()
    again.wait_for_selector(OK, state="attached")
    assert again.url.endswith("/learner")


def test_join_keeps_the_gesture_for_sound(train: Callable[..., Served], open_page: OpenPage) -> None:
    """The learner's page stands in the document of the join page, so that the click on Join still counts there."""
    started = train("found-stopped")
    page = open_page(started.learner_link)
    page.evaluate("window.sameDocument = true")

    joined(page, "Ben")

    assert page.evaluate("window.sameDocument && navigator.userActivation.hasBeenActive")
    assert page.url.endswith("/learner")
