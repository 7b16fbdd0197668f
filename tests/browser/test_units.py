"""A class in the United Kingdom: every page and its paper say micrograms in full, and keep the other rules of display too."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from playwright.sync_api import Page, expect

from hil.wording.profiles import UK, broken
from tests.browser.browser import OpenPage, Served
from tests.browser.test_sound_live import ORDER

ABBREVIATED = re.compile(r"\bmcg\b|[µμ]")
GREEK = re.compile(r"[µμ]")
MEDIA: tuple[Literal["screen", "print"], ...] = ("screen", "print")
FILES = ("export.csv", "items.csv", "curves.csv")


def wrong(page: Page) -> list[str]:
    """What breaks the rules on the screen, and on paper."""
    found = []
    for media in MEDIA:
        page.emulate_media(media=media)
        text = page.inner_text("body")
        found += [f"{media}: {line}" for line in (*broken(text, UK), *ABBREVIATED.findall(text))]
    page.emulate_media(media="screen")
    return found


def test_no_page_and_no_paper_abbreviates(train: Callable[..., Served], open_page: OpenPage) -> None:
    """U8: a reading, the instructor's view of it, the debrief and the printout in words of the UK; files have the same heads everywhere."""
    trainer = train("found-stopped", "--units", "UK")
    instructor, ana = open_page(trainer.instructor_link), open_page(trainer.learner_link)
    ana.get_by_label("Nickname").fill("Ana")
    ana.get_by_role("button", name="Join", exact=True).click()
    ana.locator("#begin").click()
    instructor.locator('html[data-link="ok"] body.instructor').wait_for()
    instructor.get_by_role("button", name="Resume simulation").click()
    ana.locator("#interrogate").click()
    expect(ana.locator("body")).to_contain_text("400 micrograms/day")
    instructor.get_by_role("button", name="Ana").click()
    instructor.locator(".plot").nth(3).wait_for()
    found = {"learner": wrong(ana), "instructor": wrong(instructor)}

    assert instructor.evaluate(ORDER, ["end", {}])["ok"]
    for name, path in (("debrief", "/debrief/L1"), ("printout", "/print/L1/0")):
        page = open_page(f"{trainer.url}{path}", beside=instructor)
        expect(page.locator("body")).to_contain_text("micrograms")
        found[name] = wrong(page)
    for name in FILES:
        head = instructor.evaluate("(name) => fetch(`/api/run/${name}`).then((answer) => answer.text())", name).splitlines()[0]
        found[name] = GREEK.findall(head)
    assert found == {name: [] for name in found}
