"""The debrief page and the printout in a real Chromium, on views of hand-written and of real runs; no server is needed."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Route

from hil.lesson.futures import curves_view, future_view
from hil.lesson.headless import run_headless
from hil.lesson.lesson import Lesson
from hil.lesson.reader import load_lesson
from hil.lesson.views.debrief import debrief_view
from hil.lesson.views.printout import printout_view
from hil.lesson.views.stored import Stored
from hil.wording.profiles import US, broken
from tests.browser.browser import DESKTOP, PHONE, TYPES, OpenPage, Pages, axe, grey, overflows, overlaps, shot
from tests.support.lesson_logs import ANA, BEN, NAMES, class_log
from tests.tidy.tree import ROOT

SITE = "http://console.test"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'"
"""Nothing inline: no script, no style attribute."""
VIEWS = [
    pytest.param(DESKTOP, "light", id="wide"),
    pytest.param(PHONE, "dark", id="narrow-dark"),
    pytest.param(DESKTOP, "dark", id="wide-dark", marks=pytest.mark.slow),
    pytest.param(PHONE, "light", id="narrow", marks=pytest.mark.slow),
]
"""Windows and themes; the slow ones change only one thing of the others."""


@cache
def lesson() -> Lesson:
    return load_lesson("found-stopped")


@cache
def real() -> tuple[Stored, str]:
    """A run of the scripted learner who does not do well."""
    result = run_headless(lesson(), "poor")
    return Stored(lesson(), list(result.log.entries())), result.learner


class Site:
    """The pages with their files and the JSON behind them; `posted` keeps what the page orders."""

    def __init__(self, page: Page, answers: dict[str, Any]) -> None:
        self.posted: list[Any] = []
        self._answers = answers
        page.route(f"{SITE}/**", self._answer)

    def _answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if route.request.method == "POST":
            self._order(route, route.request)
        elif path in self._answers:
            route.fulfill(body=json.dumps(self._answers[path]), content_type="application/json")
        elif path.startswith(("/debrief", "/print")):
            name = "debrief" if path.startswith("/debrief") else "printout"
            body = (ROOT / f"hil/console/pages/{name}.html").read_text(encoding="utf-8")
            route.fulfill(body=body, content_type=TYPES[".html"], headers={"Content-Security-Policy": POLICY})
        else:
            name = path.removeprefix("/static/")
            found = next(folder / name for folder in (ROOT / "hil/console/static", ROOT / "hil/pages/static") if (folder / name).is_file())
            route.fulfill(body=found.read_text(encoding="utf-8"), content_type=TYPES[found.suffix])

    def _order(self, route: Route, request: Request) -> None:
        self.posted.append(request.post_data_json)
        route.fulfill(body='{"ok": true}', content_type="application/json")


@cache
def answers_of_real() -> dict[str, Any]:
    stored, learner = real()
    view = debrief_view(stored, learner, "instructor")
    first = next(deed["n"] for deed in view["deeds"] if deed["decision"])
    return {
        f"/api/debrief/{learner}": view,
        f"/api/debrief/{learner}/curves": curves_view(stored, learner, "instructor"),
        f"/api/debrief/{learner}/future/{first}": future_view(stored, learner, first, "instructor"),
        f"/api/print/{learner}/0": printout_view(stored, learner),
    }


def _class_view(key: str = BEN, *, role: Any = "instructor", opened: bool = False, curves: bool = True) -> dict[str, Any]:
    stored = Stored(lesson(), class_log(opened=opened))
    path = "/api/debrief" if role == "learner" else f"/api/debrief/{key}"
    return {path: debrief_view(stored, key, role), f"{path}/curves": {"charts": []} if curves else None}


def debrief(page: Page, answers: dict[str, Any], key: str = BEN) -> Site:
    site = Site(page, answers)
    page.goto(f"{SITE}/debrief/{key}" if key else f"{SITE}/debrief")
    page.get_by_role("heading", name="True, could have known, knew, did").wait_for()
    return site


# ---------------------------------------------------------------- the page


@pytest.mark.parametrize(("size", "theme"), VIEWS)
def test_page_is_whole_in_each_window(open_page: OpenPage, size: tuple[int, int], theme: str) -> None:
    """With curves and two futures drawn nothing overlaps, overflows or is grave for axe, and every quantity keeps the display rules."""
    learner = real()[1]
    page = open_page(size=size, theme=theme)
    debrief(page, answers_of_real(), learner)
    page.locator(".plots .uplot").first.wait_for()
    page.locator("#future-from").select_option(index=1)
    page.locator(".plots.alone .uplot").first.wait_for()

    name = f"debrief-{size[0]}-{theme}"
    assert shot(page, name).stat().st_size
    if theme == "light":
        grey(page, name)
    assert (overlaps(page), overflows(page), axe(page)) == ([], [], [])
    assert broken(page.inner_text("body"), US) == []


def test_cursor_and_prompts_go_by_keys_and_buttons(open_page: OpenPage) -> None:
    """At each decision the page says knew, could have known, did, truth; the five steps are tabs with sentences of the log and a timer."""
    page = open_page()
    debrief(page, _class_view(ANA), ANA)
    decisions = [deed for deed in _class_view(ANA)[f"/api/debrief/{ANA}"]["deeds"] if deed["decision"]]
    moment, strip = page.locator(".moment"), page.locator(".timeline")

    assert decisions[0]["words"] in moment.inner_text()
    assert [text.strip() for text in moment.get_by_role("heading", level=4).all_inner_texts()] == [
        "Knew",
        "Could have known",
        "Did",
        "Truth",
    ]
    strip.focus()
    page.keyboard.press("ArrowRight")
    assert decisions[1]["words"] in moment.inner_text()
    page.keyboard.press("End")
    assert decisions[-1]["words"] in moment.inner_text()
    assert page.get_by_role("button", name="Next decision").is_disabled()
    page.get_by_role("button", name="Previous decision").click()
    assert decisions[-2]["words"] in moment.inner_text()
    _steps_of_the_debriefing(page)


def _steps_of_the_debriefing(page: Page) -> None:
    tabs = page.get_by_role("tab")

    assert tabs.all_inner_texts() == ["Setting the scene", "Reactions", "Description", "Analysis", "Summary"]
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    sentences = page.locator("#panel-description ol li").all_inner_texts()
    assert 4 <= len(sentences) <= 5
    assert all(re.match(r"At \d\d:\d\d on day \d", each) for each in sentences)
    page.get_by_role("tabpanel", name="Description").get_by_role("button", name="Start the timer").click()
    page.locator("#panel-description .clock").get_by_text("0:01").wait_for()
    page.get_by_role("button", name="Hold the timer").click()
    page.get_by_role("button", name="Go on").wait_for()


def test_axis_runs_down_on_a_narrow_screen_and_paper_has_all_steps(open_page: OpenPage) -> None:
    """A span is wide on a wide screen and tall on a narrow one; on paper all five steps stand there and no button does."""
    page = open_page()
    debrief(page, _class_view())
    boxes = []
    for size in (DESKTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        box = page.locator(".strip.true i").first.bounding_box()
        assert box is not None
        boxes.append((box["width"], box["height"]))
    page.emulate_media(media="print")
    shot(page, "debrief-paper")

    assert boxes[0][0] > 10 * boxes[0][1]
    assert boxes[1][1] > 10 * boxes[1][0]
    assert page.locator(".phase:visible").count() == 5
    assert page.locator("button:visible").count() == 0
    assert page_count(page) <= 8


def test_instructor_reads_the_verdict_first_opens_the_debrief_and_rates(open_page: OpenPage) -> None:
    """The first heading is the critical error, judgements stand apart in their order, and opening and rating are one order each."""
    page = open_page()
    site = debrief(page, _class_view())
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    page.get_by_role("button", name="Open the debrief to the learners").click()
    page.get_by_text("open to the learners", exact=True).wait_for()
    page.get_by_text("Rate again").click()
    page.get_by_label("Rating").select_option("3")
    page.get_by_label("Note").fill("better than before")
    page.get_by_role("button", name="Save the rating").click()
    page.get_by_role("button", name="Save the rating").wait_for(state="hidden")

    assert headings[0].startswith("Failed: critical error: The pump was not made to deliver within the hour")
    assert headings[1:4] == ["Critical errors", "Checklist", "Global rating"]
    assert "Clinically reviewed: none yet" in page.inner_text(".verdict")
    rating = {"act": "rate", "args": {"learner": BEN, "score": "3", "note": "better than before"}}
    assert site.posted == [{"act": "open-debrief", "args": {}}, rating]
    assert page.get_by_role("button", name="Open the debrief").count() == 0


def test_learner_sees_nothing_before_and_no_other_name_after(open_page: OpenPage) -> None:
    """Before the order the page says that it waits; afterwards it shows the learner's own case, without the name of anybody else."""
    page = open_page()
    Site(page, _class_view(ANA, role="learner"))
    page.goto(f"{SITE}/debrief")
    page.get_by_role("heading", name="Not open yet").wait_for()
    assert "stopped" not in page.inner_text("body")

    after = open_page()
    debrief(after, _class_view(ANA, role="learner", opened=True), "")
    assert NAMES[BEN] not in after.content()
    assert after.get_by_role("combobox", name="Learner").count() == 0
    assert after.get_by_role("link", name="Log, CSV").get_attribute("href") == "/api/me/export.csv"


def test_an_answer_that_does_not_come_is_said(open_page: OpenPage, pages: Pages) -> None:
    """A server that refuses leaves a sentence and a button to try again, no empty page."""
    pages.foreseen.append("answered 404")
    page = open_page()
    site = Site(page, {})
    page.unroute(f"{SITE}/api/**")
    page.route(
        f"{SITE}/api/**",
        lambda route: route.fulfill(status=404, body='{"what": "there is no such learner"}', content_type="application/json"),
    )
    page.goto(f"{SITE}/debrief/L9")

    assert page.get_by_role("alert").inner_text() == "there is no such learner"
    assert page.get_by_role("button", name="Try again").is_visible()
    assert site.posted == []


# ---------------------------------------------------------------- paper


def page_count(page: Page) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", page.pdf(prefer_css_page_size=True, print_background=True)))


@pytest.mark.parametrize(("size", "theme"), VIEWS[1:])
def test_printout_is_one_sheet(open_page: OpenPage, size: tuple[int, int], theme: str) -> None:
    """The interrogation printout is one page of A4, from any window and theme, and holds what the pump said and the review's state."""
    page = open_page(size=size, theme=theme)
    Site(page, answers_of_real())
    page.goto(f"{SITE}/print/{real()[1]}/0")
    page.get_by_role("heading", name="Interrogation", exact=True).wait_for()
    text = page.inner_text("main")

    assert page_count(page) == 1
    assert "STOPPED" in text
    assert "stopped too long" in text
    assert "clinically reviewed: none yet" in text
    assert lesson().title not in text
    shot(page, f"printout-{size[0]}-{theme}")
    assert (overlaps(page), overflows(page), axe(page)) == ([], [], [])
    assert broken(text, US) == []
