"""A whole class in a real browser, from the links to the debrief: an instructor, a learner without a mouse, a learner who only listens."""

from __future__ import annotations

import base64
import json
import re
from array import array
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, WebSocket, expect

from hil.instruments.recording import FULL_SCALE, Recording
from hil.instruments.tone_listener import CRITICAL, ToneListener
from hil.wording.profiles import US, broken
from tests.browser.browser import DESKTOP, PHONE, OpenPage, Served, axe, grey, look, overflows, overlaps, shot
from tests.browser.keys import Keys

RATE_HZ = 44_100
EVERY_US = 600 * 1_000_000
CLOCK_ERROR = 50e-6
"""How wrong a pump's own clock may be, by which it repeats its alarm."""
LOG = 'fetch("/api/run/log").then((answer) => answer.text())'
RENDER = """import('/static/synth.js').then(async ({ render }) => {
  const bytes = new Uint8Array((await render(BURST, RATE)).buffer)
  const parts = Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, at) => bytes.subarray(at * 8192, at * 8192 + 8192))
  return btoa(parts.map((part) => String.fromCharCode(...part)).join(""))
})"""
TRUTH = "the pump is stopped"
LOOKS, LOOK_MS = 50, 100


def settle(page: Page) -> None:
    """Plots are drawn anew some frames after the window has another size."""
    for _ in range(LOOKS):
        if not overflows(page):
            return
        page.wait_for_timeout(LOOK_MS)


class Looks:
    """What each view looked like. `whole` looks in both windows, without colour and by axe-core too, and leaves pictures."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self.found: list[str] = []

    def at(self, page: Page, name: str) -> None:
        """Look at it."""
        for size in (DESKTOP, PHONE) if self._whole else (DESKTOP,):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            settle(page)
            wrong = [*overflows(page), *overlaps(page), *broken(page.inner_text("body"), US)]
            if self._whole:
                page.evaluate("scrollTo(0, 0)")
                shot(page, f"class-{name}-{size[0]}")
                grey(page, f"class-{name}-{size[0]}")
                wrong += axe(page)
            self.found += [f"{name} at {size[0]}: {line}" for line in wrong]
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


class Sounds:
    """What a page is told over its socket to sound; listens from before the page is opened."""

    def __init__(self, page: Page) -> None:
        self.messages: list[dict[str, Any]] = []
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._came)

    def _came(self, frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["t"] == "sound":
            self.messages.append(message)


def rendered(page: Page, message: dict[str, Any]) -> NDArray[np.float32]:
    """The samples that the page's own synthesiser makes of a message, rendered without a loudspeaker."""
    text = look(page, RENDER.replace("BURST", json.dumps(message)).replace("RATE", str(RATE_HZ)))
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def loudest_hz(samples: NDArray[np.float32], from_ms: int, to_ms: int) -> float:
    """The strongest frequency in a piece of it."""
    piece = samples[from_ms * RATE_HZ // 1_000 : to_ms * RATE_HZ // 1_000]
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece))))
    return float(spectrum.argmax() * RATE_HZ / len(piece))


def entries(instructor: Page, kind: str) -> list[dict[str, Any]]:
    """Entries of the log, as the instructor may have it."""
    return [entry for entry in map(json.loads, instructor.evaluate(LOG).splitlines()) if entry["kind"] == kind]


def entries_with(instructor: Page, kind: str, least: int) -> list[dict[str, Any]]:
    """The same when there are so many."""
    for _ in range(LOOKS):
        found = entries(instructor, kind)
        if len(found) >= least:
            return found
        instructor.wait_for_timeout(LOOK_MS)
    pytest.fail(f"there are not {least} entries {kind}")


# ---------------------------------------------------------------- what each of them does


CONTROLS = "main button, main [role=tab], main a, main input"
COVERED = """(controls) => {
  const over = document.querySelector(".sound-now").getBoundingClientRect();
  const under = (box) => box.left < over.right && box.right > over.left && box.top < over.bottom && box.bottom > over.top;
  const seen = [...document.querySelectorAll(controls)].filter((node) => node.checkVisibility());
  return seen.filter((node) => under(node.getBoundingClientRect())).map((node) => node.textContent);
}"""
"""Controls that lie under the caption of a sound at the top of the page."""


def hold(open_page: OpenPage, trainer: Served) -> Page:
    """The instructor's page."""
    page = open_page(trainer.instructor_link)
    page.locator('html[data-link="ok"] body.instructor').wait_for()
    return page


def join_by_keys(page: Page, trainer: Served, nickname: str, looks: Looks) -> Keys:
    """A learner joins without a mouse and reads the briefing."""
    page.goto(trainer.learner_link)
    page.get_by_label("Nickname").wait_for()
    looks.at(page, "join")
    keys = Keys(page)
    keys.fill("Nickname", nickname)
    page.keyboard.press("Enter")
    page.locator("#begin").wait_for()
    looks.at(page, "briefing")
    keys.press("Begin")
    return keys


def join(page: Page, trainer: Served, nickname: str) -> None:
    """A learner joins with a mouse."""
    page.goto(trainer.learner_link)
    page.get_by_label("Nickname").fill(nickname)
    page.get_by_role("button", name="Join", exact=True).click()
    page.locator("#begin").click()


def find_and_restart(page: Page, keys: Keys, looks: Looks) -> None:
    """Measure, read the pump, name the cause, start the pump, read it again: by keys."""
    for what in ("temperature", "tone legs"):
        keys.press(f"Measure {what}")
    keys.press("Interrogate the pump")
    expect(page.locator(".state-line")).to_contain_text("STOPPED")
    expect(page.locator(".alarm.high .alarm-caption")).to_contain_text("active, not acknowledged")
    looks.at(page, "learner-read-out")
    keys.tab("Programmer", "Think, note, call")
    keys.to("Diagnosis")
    page.keyboard.type("The pump has stood still")
    keys.fill("How sure", "90 %")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tabpanel", name="Think, note, call")).to_contain_text("(90 %)")
    looks.at(page, "learner-think")
    keys.to("Think, note, call", "Shift+Tab")
    keys.to("Programmer", "ArrowRight")
    keys.tab("Read-out", "Commands")
    keys.press("Start pump")
    keys.answer()
    expect(page.get_by_role("log", name="Commands that were sent")).to_contain_text("Start pump")
    looks.at(page, "learner-commands")
    keys.press("Interrogate the pump", "Shift+Tab")
    expect(page.locator(".state-line")).not_to_contain_text("STOPPED")
    expect(page.locator(".alarm.gone .alarm-caption")).to_contain_text("gone, not acknowledged")
    expect(page.locator(".alarm.high")).to_have_count(0)
    for what in ("breathing", "spasms"):
        keys.press(f"Measure {what}", "Shift+Tab")
        expect(page.locator(".tile", has_text=what.capitalize())).to_contain_text("at day 1")


def finish(page: Page, keys: Keys) -> None:
    """Look back, finish, confirm: by keys."""
    keys.press("Finish lesson", "Shift+Tab")
    expect(page.get_by_role("heading", name="Before you finish")).to_be_focused()
    keys.press("Finish the lesson")
    page.get_by_role("dialog").locator(":focus").wait_for()
    keys.press("Finish now")
    expect(page.get_by_role("heading", name="You have finished")).to_be_visible()


def measure_the_alarm(page: Page, message: dict[str, Any]) -> None:
    """What is sent to sound is the pump's critical alarm: two tones, each its length, nothing after."""
    samples = rendered(page, message)
    heard = ToneListener.of_profile("itp-40").hear(Recording(RATE_HZ, array("h", (samples * FULL_SCALE).astype(np.int16).tobytes())))
    tones = message["tones"]
    length_ms = sum(ms for _, ms in tones)
    begins = [sum(ms for _, ms in tones[:place]) for place in range(len(tones))]
    measured = [loudest_hz(samples, begin, begin + ms) for begin, (_, ms) in zip(begins, tones, strict=True)]

    assert heard.verdict == CRITICAL
    assert len({hz for hz, _ in tones}) == 2
    assert measured == pytest.approx([hz for hz, _ in tones], abs=10)
    assert heard.heard[0].length_us == pytest.approx(length_ms * 1_000, abs=25_000)
    assert np.abs(samples[length_ms * RATE_HZ // 1_000 :]).max() < 1e-4


def debrief(instructor: Page, looks: Looks) -> None:
    """The instructor ends the lesson and opens the debrief, which shows score and truth."""
    instructor.get_by_role("tab", name="Lesson").click()
    instructor.locator("#end-lesson").click()
    instructor.get_by_role("dialog").get_by_role("button", name="End lesson").click()
    instructor.get_by_role("link", name="Open the debrief").click()
    expect(instructor).to_have_url(re.compile(r"/debrief/.+"))
    instructor.get_by_role("heading", name="True, could have known, knew, did").wait_for()
    instructor.locator(".plots .uplot").first.wait_for()
    verdict = instructor.locator(".verdict")
    expect(verdict).to_contain_text("Passed")
    expect(verdict).to_contain_text("Ana")
    expect(instructor.locator(".timeline")).to_contain_text(TRUTH)
    instructor.get_by_role("button", name="Open the debrief to the learners").click()
    expect(instructor.get_by_text("open to the learners", exact=True)).to_be_visible()
    looks.at(instructor, "debrief")


def own_debrief(ana: Page, keys: Keys, looks: Looks) -> None:
    """The learner without a mouse opens the debriefing: a score, what was true, and nobody else's name."""
    keys.press("Open the debrief")
    ana.get_by_role("heading", name="True, could have known, knew, did").wait_for()
    expect(ana.locator("#verdict")).to_contain_text("Passed")
    assert "Ben" not in ana.inner_text("body")
    looks.at(ana, "debrief-of-a-learner")


def all_other_views(instructor: Page, ben: Page, trainer: Served, looks: Looks, open_page: OpenPage) -> None:
    """Every view that a class has besides, each looked at once."""
    for first, name in (
        ("Programmer", "Wire"),
        ("Programmer", "Program therapy"),
        ("Refill", ""),
        ("Examine", ""),
        ("Treat", ""),
        ("Your record", ""),
    ):
        ben.get_by_role("tab", name=first).click()
        if name:
            ben.get_by_role("tab", name=name).click()
        looks.at(ben, f"learner-{(name or first).lower().replace(' ', '-')}")
    for name in ("Lesson", "Judge", "Log"):
        instructor.get_by_role("tab", name=name).click()
        looks.at(instructor, f"instructor-{name.lower()}")
    observer = open_page(trainer.observer_link)
    observer.get_by_role("button", name="Ana").click()
    expect(observer.get_by_role("button", name="Ana")).to_have_attribute("aria-pressed", "true")
    looks.at(observer, "observer")
    printout = open_page(f"{trainer.url}/print/L1/0", beside=instructor)
    printout.get_by_text("Interrogation", exact=False).first.wait_for()
    looks.at(printout, "printout")
    quiz = open_page(f"{trainer.url}/quiz", beside=instructor)
    looks.at(quiz, "quiz")
    quiz.get_by_role("button", name="Start").click()
    quiz.get_by_role("heading", name="Sound 1 of 16").wait_for()
    looks.at(quiz, "quiz-question")


@pytest.mark.parametrize(
    "whole", [pytest.param(False, id="quick"), pytest.param(True, id="sweep", marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_a_class_is_held(train: Callable[..., Served], open_page: OpenPage, *, whole: bool) -> None:
    """Two join, the pump's alarm sounds, one finds it stopped and restarts it by keys alone; the debrief has score and truth."""
    looks, trainer = Looks(whole=whole), train("found-stopped", "--class", "2")
    instructor, ana, ben = hold(open_page, trainer), open_page(), open_page()
    sounds = Sounds(ben)
    keys = join_by_keys(ana, trainer, "Ana", looks)
    join(ben, trainer, "Ben")
    instructor.get_by_role("button", name="Resume simulation").click()
    instructor.get_by_role("button", name="Advance 1 h").click()
    expect(ana.locator(".sound-now")).to_contain_text("[Pump: two-tone, 3 s")
    assert ana.evaluate(COVERED, CONTROLS) == []
    assert entries(instructor, "clock")[-1]["data"]["speed"] == 1
    looks.at(instructor, "instructor-alarm")

    find_and_restart(ana, keys, looks)
    instructor.get_by_role("button", name="Advance 1 h").click()
    bens = [each for each in entries_with(instructor, "sound", 8) if each["about"] == "L2"]
    steps_us = [later["at_us"] - earlier["at_us"] for earlier, later in pairwise(bens)]
    assert steps_us == pytest.approx([EVERY_US] * len(steps_us), rel=CLOCK_ERROR)
    measure_the_alarm(ben, sounds.messages[0])
    looks.at(ben, "learner-who-waits")
    finish(ana, keys)
    if whole:
        all_other_views(instructor, ben, trainer, looks, open_page)

    debrief(instructor, looks)
    own_debrief(ana, keys, looks)
    assert looks.found == []
