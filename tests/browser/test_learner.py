"""The learner's page in a real browser, over a real run: what was not read is not known, what is off is seen before it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from hil.wording.profiles import US, broken
from tests.browser.browser import DESKTOP, PHONE, OpenPage, Served, axe, grey, overflows, overlaps, served, shot

NARROW = (320, 640)
"""The width at which nothing may have to be scrolled sideways (WCAG 1.4.10)."""
PARTS = ("Read-out", "Program therapy", "Commands", "Wire", "Refill", "Examine", "Treat", "Think, note, call", "Your record")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One trainer for all tests of this file, its run not paused."""
    folder = tmp_path_factory.mktemp("console")
    with served("found-stopped", "--class", "12", "--state", str(folder / "state"), folder=folder) as run:
        order(run, "resume")
        yield run


def order(console: Served, act: str, **args: str) -> dict[str, Any]:
    """What the instructor orders, as a page of his does."""
    at = urlsplit(console.url)
    line = HTTPConnection(str(at.hostname), at.port)
    headers = {"Content-Type": "application/json", "Origin": f"{at.scheme}://{at.netloc}"}

    def post(path: str, body: dict[str, Any], cookie: str = "") -> tuple[dict[str, Any], str]:
        line.request("POST", path, json.dumps(body), headers | ({"Cookie": cookie} if cookie else {}))
        answer = line.getresponse()
        return json.loads(answer.read()), (answer.headers["Set-Cookie"] or "").partition(";")[0]

    cookie = post("/session", {"token": urlsplit(console.instructor_link).fragment})[1]
    told, _ = post("/api/order", {"act": act, "args": args}, cookie)
    line.close()
    assert told["ok"], told
    return dict(told["seen"])


@pytest.fixture
def join(console: Served, open_page: OpenPage) -> Callable[..., Page]:
    """`join("Ana")`: the page of a new learner who has read the briefing."""

    def joined(nickname: str, *, begin: bool = True, **how: Any) -> Page:
        page = open_page(console.learner_link, **how)
        page.get_by_label("Nickname").fill(nickname)
        page.get_by_role("button", name="Join").click()
        page.locator("#begin").wait_for()
        if begin:
            page.locator("#begin").click()
        return page

    return joined


def part(page: Page, name: str) -> None:
    """Go to a part of the work area."""
    if name in PARTS[:4]:
        page.get_by_role("tab", name="Programmer").click()
    page.get_by_role("tab", name=name).click()


def interrogate(page: Page) -> None:
    """Read the pump."""
    page.locator("#interrogate").click()
    page.locator(".state-line").wait_for()


def typed(page: Page, field: str, text: str) -> None:
    """Type into a field of the therapy form and leave it."""
    box = page.get_by_role("tabpanel", name="Program therapy").get_by_role("textbox", name=field, exact=True)
    box.fill(text)
    box.blur()


def as_in_pump(page: Page, *fields: str) -> None:
    """Type what is in the pump, by the buttons that offer it."""
    for field in fields:
        page.get_by_role("button", name=f"{field}: type").first.click()


def review(page: Page) -> None:
    """Lay the form beside the pump."""
    page.get_by_role("button", name="Review before sending").click()
    page.get_by_role("heading", name="Compare before you send").wait_for()


# ---------------------------------------------------------------- nothing is known


def test_nothing_is_shown_that_was_not_read_or_measured(join: Callable[..., Page]) -> None:
    """State of the pump, values of the patient: first words that say so, then each with its time; the same after a reload."""
    page = join("Ana")
    expect(page.get_by_text("Nothing is known of this pump.")).to_be_visible()
    expect(page.get_by_text("not measured")).to_have_count(12)
    assert "STOPPED" not in page.inner_text("body")

    interrogate(page)
    page.get_by_role("button", name="Measure heart rate").click()
    rate = page.locator(".tile", has_text="Heart rate")
    expect(rate).to_contain_text(re.compile(r"\d+ /min.*at day 1 \d\d:\d\d"))
    expect(page.locator(".state-line")).to_contain_text("STOPPED")
    page.get_by_role("button", name="Ask how it is").click()
    expect(page.get_by_role("log", name="What the patient said and showed")).to_contain_text(re.compile(r"day 1 \d\d:\d\d\s*\S"))
    assert broken(page.inner_text("body"), US) == []

    page.reload()
    expect(rate).to_contain_text("/min")
    expect(page.locator(".state-line")).to_contain_text("STOPPED")


def test_instructor_is_heard_and_answered_once(join: Callable[..., Page], console: Served) -> None:
    """A message stands in the list with its time; a question is answered once, and stays answered (U16)."""
    page = join("Ben")
    order(console, "say", text="Take your time.")
    order(console, "ask", text="What do you do first?")
    page.get_by_role("textbox", name="What do you do first?").fill("I read the pump")
    page.get_by_role("button", name="Answer", exact=True).click()

    expect(page.locator("#messages")).to_contain_text("Take your time.")
    expect(page.get_by_text("You answered: I read the pump")).to_be_visible()
    page.reload()
    expect(page.get_by_text("You answered: I read the pump")).to_be_visible()
    expect(page.get_by_role("button", name="Answer", exact=True)).to_have_count(0)


# ---------------------------------------------------------------- programming


def test_what_cannot_be_read_is_acknowledged(join: Callable[..., Page]) -> None:
    """It is shown as it was typed, with the reason; the field is closed until somebody has understood, and keeps its good value (U9)."""
    page = join("Chi")
    interrogate(page)
    part(page, "Program therapy")
    page.get_by_role("radio", name="Simple").check()
    typed(page, "Low-reservoir alarm at", "3 mL")
    expect(page.get_by_text("was 2 → 3 mL, 1.5 x")).to_be_visible()
    field = page.get_by_role("textbox", name="Low-reservoir alarm at", exact=True)
    for wrong in ("2,5 mL", "1e3 mL", "5", "1.2.3 mL", "5 cc"):
        typed(page, "Low-reservoir alarm at", wrong)
        said = page.get_by_role("alert").filter(has_text="You typed")
        expect(said).to_contain_text(wrong)
        expect(said).to_contain_text("The field keeps 3 mL")
        assert not field.is_editable()
        page.get_by_role("button", name="Review before sending").click()
        expect(page.get_by_role("button", name="Understood")).to_be_focused()
        page.keyboard.press("Enter")
        expect(field).to_have_value("3 mL")
        expect(field).to_be_focused()
    page.get_by_role("button", name="Put the programmer away").click()
    expect(page.get_by_role("dialog")).to_contain_text("Not sent: a therapy. The pump is STOPPED")
    page.keyboard.press("Escape")
    expect(field).to_have_value("3 mL")


def send_sixty_a_day(page: Page) -> None:
    """What was meant, typed, reviewed and sent."""
    interrogate(page)
    part(page, "Program therapy")
    page.get_by_role("radio", name="Simple").check()
    as_in_pump(page, "Drug", "Concentration", "Low-reservoir alarm at")
    typed(page, "Dose per day", "60 mcg/day")
    expect(page.get_by_text("was 400 → 60 mcg/day, 0.15 x")).to_be_visible()
    expect(page.locator("#pending")).to_contain_text("Not sent: a therapy. The pump is STOPPED")
    review(page)
    page.get_by_role("button", name="Send to the pump").click()
    expect(page.get_by_text("The pump has what was asked")).to_be_visible()
    expect(page.locator("#pending")).to_be_hidden()


def type_sixty_an_hour(page: Page) -> None:
    """The same number in every hour of a pattern."""
    interrogate(page)
    part(page, "Program therapy")
    page.get_by_role("radio", name="Flex").check()
    as_in_pump(page, "Drug", "Concentration", "Low-reservoir alarm at")
    page.get_by_role("button", name="Days: type all").click()
    typed(page, "until", "24:00")
    typed(page, "gives, in all of this time", "1440 mcg")


def test_dose_per_hour_for_a_dose_per_day_is_seen_and_a_changed_pump_blocks(join: Callable[..., Page]) -> None:
    """60 mcg/day, then 60 mcg in every hour: 24 x in text and picture (U10); the pump is stopped meanwhile: nothing is sent (U12)."""
    page = join("Dan")
    send_sixty_a_day(page)
    type_sixty_an_hour(page)
    review(page)
    page.evaluate("scrollTo(0, 0)")
    shot(page, "learner-review-1366")
    assert [*axe(page), *overflows(page), *overlaps(page)] == []
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    shot(page, "learner-review-390")
    assert [*overflows(page), *overlaps(page)] == []
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    assert broken(page.inner_text("body"), US) == []

    dose = page.locator(".headline li").first
    expect(dose).to_contain_text(re.compile(r"1,440 mcg/day\s*was 60 mcg/day\s*▲more 24 x"))
    expect(page.locator(".picture-factor")).to_have_text("24 x the dose per day")
    assert page.evaluate(DRAWN) == pytest.approx(24, rel=0.01)
    expect(page.locator("#review-screen .day svg")).to_have_attribute("aria-label", re.compile("24 x the dose per day"))
    expect(page.locator("tr.same", has_text="Concentration")).to_contain_text("500 mcg/mL")
    page.get_by_role("button", name="Send to the pump").click()
    expect(page.get_by_text("Write why this is right all the same")).to_be_visible()
    page.get_by_label("Why it is right all the same").fill("meant once a morning")

    part(page, "Commands")
    page.get_by_role("button", name="Stop pump").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop pump").click()
    expect(page.get_by_role("log", name="Commands that were sent")).to_contain_text("Stop pump")
    part(page, "Program therapy")
    page.get_by_role("button", name="Send to the pump").click()
    expect(page.locator("#review-screen")).to_contain_text("the pump has changed since it was read")
    page.get_by_role("button", name="Interrogate the pump again").click()
    expect(page.locator("#review-screen")).to_be_hidden()
    expect(page.locator("#read-when")).to_contain_text("read at day 1")


DRAWN = """() => {
  const level = (name) => Number(/M\\d+ ([\\d.]+)/.exec(document.querySelector(`#review-screen .day path.${name}`).getAttribute("d"))[1]);
  return (160 - level("new")) / (160 - level("old"));
}"""
"""How much higher the drawn day is than the one before it."""


# ---------------------------------------------------------------- refill


def test_forty_told_for_twenty_filled_is_seen(join: Callable[..., Page]) -> None:
    """Measured stands against expected; 40 mL told where 20 mL went in: a warning and both empty dates, and one can go back (U11)."""
    page = join("Eva")
    interrogate(page)
    part(page, "Refill")
    steps = page.get_by_role("tabpanel", name="Refill")
    steps.get_by_role("button", name="Put the needle in").click()
    steps.get_by_label("Volume, or all").fill("all")
    steps.get_by_role("button", name="Draw out and measure").click()
    expect(page.get_by_role("log", name="What the refill gave")).to_contain_text(re.compile(r"Measured\s*[\d.]+ mL\s*Expected\s*8.8 mL"))
    fill, tell = steps.locator(".steps .card", has_text="Fill in"), steps.locator(".steps .card", has_text="Tell the pump")
    for card, volume in ((fill, "20 mL"), (tell, "40 mL")):
        card.get_by_role("textbox", name=re.compile("Volume|In the reservoir now")).fill(volume)
        card.get_by_role("textbox", name="Drug").fill("baclofen")
        card.get_by_role("textbox", name="Concentration").fill("500 mcg/mL")
    tell.get_by_role("textbox", name="Drawn out before").fill("8.8 mL")
    fill.get_by_role("button").click()
    expect(fill).to_contain_text("is in.")
    tell.get_by_role("button").click()

    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("40 mL is more than the 20 mL that went through the needle")
    dates = dialog.locator("tr", has_text="Empty date").locator("td.lines").all_inner_texts()
    assert dates[0] < dates[1]
    expect(dialog.locator("tr", has_text="Volume")).to_contain_text("2 x")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("log", name="What the refill gave")).not_to_contain_text("Tell the pump")


# ---------------------------------------------------------------- keyboard


FOCUSED = """() => {
  const node = document.activeElement;
  return node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent;
}"""


def press_to(page: Page, name: str, key: str = "Tab") -> None:
    """Go from one control to the next by a key until this one has the focus."""
    for _ in range(80):
        focused = page.evaluate(FOCUSED)
        if str(focused).strip().startswith(name):
            return
        page.keyboard.press(key)
    pytest.fail(f"{name!r} is not reached by {key}")


def test_lesson_by_keyboard_alone(join: Callable[..., Page]) -> None:
    """Read, find it stopped, start it, commit to a diagnosis, look back, finish: no pointer at all (U20)."""
    page = join("Fay", begin=False)
    for name, key in (("Begin", "Tab"), ("Interrogate the pump", "Tab")):
        press_to(page, name, key)
        page.keyboard.press("Enter")
    expect(page.locator(".state-line")).to_contain_text("STOPPED")
    press_to(page, "Read-out")
    press_to(page, "Commands", "ArrowRight")
    press_to(page, "Start pump")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Start pump")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("log", name="Commands that were sent")).to_contain_text("Start pump")
    page.locator("#tab-programmer").focus()
    press_to(page, "Think, note, call", "ArrowRight")
    press_to(page, "Diagnosis")
    page.keyboard.press("ArrowDown")
    press_to(page, "How sure")
    page.keyboard.type("80 %")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tabpanel", name="Think, note, call")).to_contain_text("(80 %)")
    press_to(page, "Finish lesson", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Before you finish")).to_be_focused()
    press_to(page, "Finish the lesson")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Not yet")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You have finished")).to_be_visible()


# ---------------------------------------------------------------- looks


SMALL = """(least) => {
  const all = "button, select, textarea, summary, nav a, label.choice, input:not([type=radio], [type=checkbox], [type=range])";
  const low = (node) => node.checkVisibility() && node.getBoundingClientRect().height < least - 0.5;
  return [...document.querySelectorAll(all)].filter(low).map((node) => `${node.outerHTML.slice(0, 80)} is too low for ${least} px`);
}"""
"""Controls that are lower than a finger wants them (WCAG 2.5.8, and 44 px on a narrow screen)."""
Theme = Literal["light", "dark"]
SEEN_IN: tuple[tuple[Theme, tuple[str, ...]], ...] = (
    ("light", ("Program therapy", "Refill", "Read-out")),
    ("dark", ("Commands", "Read-out")),
)


def test_looks(join: Callable[..., Page]) -> None:
    """Both widths and both themes: nothing grave for axe-core; nothing overflows or overlaps, at 320 px neither; a picture of each."""
    page = join("Gus", begin=False)
    found = [f"briefing: {line}" for line in (*axe(page), *overflows(page), *overlaps(page))]
    shot(page, "learner-briefing-1366")
    page.locator("#begin").click()
    interrogate(page)
    for name in ("look", "pocket"):
        page.get_by_role("button", name=f"Measure {name}").click()
    for size in (DESKTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for name in PARTS:
            part(page, name)
            low = page.evaluate(SMALL, 24 if size == DESKTOP else 44)
            found += [f"{name} at {size[0]}: {line}" for line in (*overflows(page), *overlaps(page), *low)]
        for theme, names in SEEN_IN:
            page.emulate_media(color_scheme=theme)
            for name in names[:: 1 if size == DESKTOP else 2]:
                part(page, name)
                found += [f"{name} at {size[0]}, {theme}: {line}" for line in axe(page)]
            page.evaluate("scrollTo(0, 0)")
            shot(page, f"learner-{size[0]}-{theme}")
        page.emulate_media(color_scheme="light")
        grey(page, f"learner-{size[0]}")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    for name in PARTS:
        part(page, name)
        found += [f"{name} at {NARROW[0]}: {line}" for line in overflows(page)]

    assert found == []
    assert Path(shot(page, "learner-320")).stat().st_size
