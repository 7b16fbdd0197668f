"""The alarm quiz as somebody takes it: by mouse, by keyboard alone, without hearing; at both widths."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from hil.lesson.alarm_sounds import client_table
from hil.lesson.quiz import judge, judge_csv, order_of, quiz_acts, quiz_sounds
from hil.wording.profiles import US, broken
from tests.browser.browser import DESKTOP, PHONE, Pages, axe, grey, look, overflows, overlaps, shot, static_site
from tests.tidy.tree import ROOT

SEED, MISTAKEN, MISTAKEN_FOR = 42, 3, "other-later"
COUNTING = """window.begun = 0
const make = AudioContext.prototype.createOscillator
void (AudioContext.prototype.createOscillator = function () { begun++; return make.call(this) })"""
HTML = (ROOT / "hil/console/pages/quiz.html").read_text(encoding="utf-8")


def opened(pages: Pages, size: tuple[int, int] = DESKTOP, theme: str = "light") -> Page:
    """The quiz page; its questions are answered by the quiz itself, with no server between."""
    page = pages.open(size=size, theme=theme)

    def answer(route: Route) -> None:
        posted = json.loads(route.request.post_data or "{}")
        if route.request.url.endswith(".csv"):
            route.fulfill(body=judge_csv(posted), content_type="text/csv")
        else:
            route.fulfill(body=json.dumps(judge(posted)), content_type="application/json")

    static_site(page, "", files={"/": HTML, "/static/sounds.json": json.dumps(client_table())})
    page.route("**/api/quiz/**", answer)
    return page


def begin(page: Page, items: int = 8) -> None:
    """Choose the quiz and start it."""
    page.get_by_label("Sounds", exact=True).select_option(str(items))
    page.get_by_label("Number of the quiz").fill(str(SEED))
    page.get_by_role("button", name="Start").click()


def choose(page: Page, name: str, priority: str, act: str) -> None:
    """Answer a turn."""
    for legend, words in (("What is it?", name), ("How urgent?", priority), ("What do you do first?", act)):
        page.get_by_role("group", name=legend).get_by_label(words, exact=True).check()
    page.get_by_role("button", name="Answer").click()


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["1366", "390"])
def test_quiz_is_taken_to_its_end(pages: Pages, tmp_path: Path, size: tuple[int, int], theme: str) -> None:
    """Eight sounds, one mistaken: feedback after each, then shares, the confusion in words and matrix, the CSV; and every view fits."""
    page = opened(pages, size, theme)
    check(page, f"quiz-start-{size[0]}")
    begin(page)
    rights: list[bool] = []
    for turn in range(1, 9):
        expect(page.get_by_role("heading", name=f"Sound {turn} of 8")).to_be_visible()
        sound = quiz_sounds()[order_of(SEED, rights)[-1]]
        taken = quiz_sounds()[MISTAKEN_FOR] if turn == MISTAKEN else sound
        rights.append(turn != MISTAKEN)
        page.get_by_role("button", name="Read the pattern").click()
        if turn == 1:
            check(page, f"quiz-question-{size[0]}")
        choose(page, taken.name, taken.priority.capitalize(), quiz_acts()[taken.act])
        expect(page.get_by_role("heading", name="Not right" if turn == MISTAKEN else "Right", exact=True)).to_be_visible()
        if turn == MISTAKEN:
            check(page, f"quiz-feedback-{size[0]}")
        page.get_by_role("button", name="See the result" if turn == 8 else "Next sound").click()
    check(page, f"quiz-result-{size[0]}")
    grey(page, f"quiz-result-{size[0]}")
    mistaken = quiz_sounds()[order_of(SEED, rights)[MISTAKEN - 1]].name

    assert page.get_by_role("listitem").all_inner_texts() == [f"{mistaken} – taken for: {quiz_sounds()[MISTAKEN_FOR].name}, 1 x"]
    assert broken(page.inner_text("body"), US) == []
    assert "88 %" in page.locator("dl").inner_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    saved.value.save_as(tmp_path / "quiz.csv")
    rows = list(csv.DictReader((tmp_path / "quiz.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["pattern_read"] for row in rows] == ["yes"] * 8
    assert saved.value.suggested_filename == f"alarm-quiz-{SEED}.csv"


def test_first_sound_is_heard(pages: Pages) -> None:
    """Start is the gesture: the sound plays, and only then, or when its pattern is read, can be answered."""
    page = opened(pages)
    look(page, COUNTING)
    begin(page)
    send = page.get_by_role("button", name="Answer")
    expect(send).to_have_attribute("aria-disabled", "true")
    expect(send).to_have_attribute("aria-disabled", "false")

    assert look(page, "begun") == sum(tone.hz > 0 for tone in quiz_sounds()[order_of(SEED, [])[-1]].burst.tones)


def test_muted_quiz_says_so_and_can_be_read(pages: Pages) -> None:
    """A sound that was not played is said so; nobody has to guess."""
    page = opened(pages)
    begin(page)
    expect(page.get_by_role("button", name="Play again")).not_to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Mute").click()
    page.get_by_role("button", name="Play again").click()

    expect(page.get_by_text("Sound is muted.")).to_be_visible()
    page.get_by_role("button", name="Read the pattern").click()
    expect(page.locator(".pattern")).to_contain_text("Hz")


def test_quiz_works_with_keys_alone(pages: Pages) -> None:
    """From the number of the quiz to the first feedback without a mouse; the focus is on what comes next."""
    page = opened(pages)
    page.get_by_label("Number of the quiz").focus()
    for keys in ("Control+a", "4", "2", "Tab", "Space", "Tab", "Enter"):
        page.keyboard.press(keys)
    expect(page.get_by_role("heading", name="Sound 1 of 16")).to_be_focused()
    for keys in ("Tab", "Tab", "Enter", "Tab", "7", "Tab", "ArrowUp", "Tab", "ArrowUp", "Tab", "ArrowUp", "Tab", "Enter"):
        page.keyboard.press(keys)

    expect(page.get_by_role("button", name="Next sound")).to_be_focused()
    expect(page.get_by_role("row", name="The sum")).to_contain_text("not so")


def test_bad_number_of_a_quiz_is_refused_in_words(pages: Pages) -> None:
    """The field is told and has the focus; no question is asked."""
    page = opened(pages)
    page.get_by_label("Number of the quiz").fill("4.5")
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("alert")).to_have_text("4.5 is no number of a quiz: type a whole number such as 42.")
    expect(page.get_by_label("Number of the quiz")).to_be_focused()


def check(page: Page, name: str) -> None:
    """Take a picture, measure."""
    shot(page, name)

    assert (overlaps(page), overflows(page), axe(page)) == ([], [], []), name
