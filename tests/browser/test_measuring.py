"""The measures of a page find what they are for: a rule that finds nothing anywhere would be none."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.browser import PHONE, OpenPage, Pages, axe, grey, look, overflows, overlaps, shot, static_site

WELL = "<h1>Well</h1><p>One line, and <b>another</b>.</p><button>Act</button>"


def test_plain_page_has_nothing_wrong(open_page: OpenPage) -> None:
    """A heading, a line and a button: nothing overlaps, overflows or is grave; a picture can be taken in colour and without."""
    page = open_page(size=PHONE)
    static_site(page, WELL)

    assert (overlaps(page), overflows(page), axe(page)) == ([], [], [])
    assert shot(page, "measuring").stat().st_size
    assert grey(page, "measuring").stat().st_size


FAULTS: tuple[tuple[str, Callable[[Page], list[str]], str], ...] = (
    ('<p>under</p><p class="over">over</p>', overlaps, "overlap"),
    ('<button>a</button><button class="beside">b</button>', overlaps, "overlap"),
    ('<p class="wide">wide</p>', overflows, "px wide in a window"),
    ('<p class="narrow">cut off at its end</p>', overflows, "too wide"),
    ('<p class="pale">pale</p><input>', axe, "color-contrast"),
    ('<p class="pale">pale</p><input>', axe, "label"),
)
STYLE = """.over { margin-top: -30px } .beside { margin-left: -15px } .wide { width: 2000px }
.narrow { width: 40px; overflow: hidden; white-space: nowrap } .pale { color: #eee; background: #fff }"""


def test_each_fault_is_found(open_page: OpenPage) -> None:
    """What lies on something, sticks out, is cut off, is pale or has no name is said."""
    page = open_page(size=PHONE)
    static_site(page, "")
    page.add_style_tag(content=STYLE)
    for body, measure, found in FAULTS:
        page.locator("main").evaluate("(main, body) => { main.innerHTML = body }", f"<h1>Bad</h1>{body}")

        assert any(found in line for line in measure(page)), found


def test_errors_of_a_page_are_kept(open_page: OpenPage, pages: Pages) -> None:
    """An error said to the console, an exception and a missing file count, unless the test foresaw them."""
    page = open_page()
    static_site(page, '<h1>Bad</h1><script src="/static/none.js"></script>')
    page.evaluate("console.error('said')")
    page.evaluate("new Promise((done) => { setTimeout(() => { setTimeout(done, 0); throw new Error('thrown') }, 0) })")

    assert [part for part in ("said", "thrown", "answered 404") if not any(part in line for line in pages.faults())] == []

    pages.foreseen += ["said", "thrown", "404"]
    assert not pages.faults()


def test_sound_waits_for_a_gesture(open_page: OpenPage, pages: Pages) -> None:
    """As in a browser with a window: without a gesture no audio context runs, after one it does; looking is no gesture."""
    pages.foreseen.append("AudioContext was not allowed to start")
    page = open_page()
    script = "window.sound = new AudioContext(); document.querySelector('button').onclick = () => sound.resume()"
    static_site(page, f'{WELL}<script src="/sound.js"></script>', files={"/sound.js": script})

    assert look(page, "sound.state") == "suspended"
    assert look(page, "Promise.race([sound.resume(), new Promise((late) => setTimeout(late, 300))]).then(() => sound.state)") == "suspended"

    page.get_by_role("button").click()
    assert look(page, "sound.resume().then(() => sound.state)") == "running"
