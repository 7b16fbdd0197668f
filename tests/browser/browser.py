"""A real Chromium for the tests of pages: how it is started, what a page may not do, and what of a page can be measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, Request, Response, Route

from tests.tidy.tree import ROOT

__all__ = [
    "ARGUMENTS",
    "DESKTOP",
    "PHONE",
    "OpenPage",
    "Pages",
    "Served",
    "axe",
    "chromium",
    "grey",
    "launched",
    "look",
    "overflows",
    "overlaps",
    "served",
    "shot",
    "static_site",
]

DESKTOP, PHONE = (1366, 768), (390, 844)
"""The two windows that every view is looked at in."""
PICTURES = ROOT / "build" / "browser"
END_S = 20.0
ACTION_MS = 10_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=document-user-activation-required",
]
"""The last one makes sound wait for a gesture, as a Chromium with a window does; a headless one would not."""
GRAVE = ("serious", "critical")
STATIC_SITE = "http://console.test"
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

OpenPage = Callable[..., Page]


def chromium() -> str:
    """The machine's Chromium. Skips without one, but fails where CI is to run everything."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        said = "no Chromium on this machine (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    return found


def launched(playwright: Playwright) -> Browser:
    """Start it without a window."""
    return playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)


class Pages:
    """Opens pages and keeps what went wrong in them; `foreseen` are parts of messages that a test means to bring about."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.wrong: list[str] = []
        self.foreseen: list[str] = []

    def open(
        self,
        url: str = "",
        size: tuple[int, int] = DESKTOP,
        theme: str = "light",
        *,
        still: bool = False,
        beside: Page | None = None,
        **more: Any,
    ) -> Page:
        """Open a page: in a context of its own, with its own cookies, or in that of another page. `still` asks for reduced motion."""
        context = beside.context if beside is not None else self._context(size, theme, still, more)
        page = context.new_page()
        page.set_default_timeout(ACTION_MS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"uncaught: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        if url:
            page.goto(url)
        return page

    def _context(self, size: tuple[int, int], theme: str, still: bool, more: Mapping[str, Any]) -> BrowserContext:
        asked = {
            "viewport": {"width": size[0], "height": size[1]},
            "color_scheme": theme,
            "reduced_motion": "reduce" if still else "no-preference",
            "locale": "en-US",
        }
        context = self._browser.new_context(**{**asked, **more})
        self._contexts.append(context)
        return context

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.wrong.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page that was left or closed
            self.wrong.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"answered {response.status}: {response.request.method} {response.url}")

    def faults(self) -> list[str]:
        """What went wrong and was not foreseen."""
        return [line for line in self.wrong if not any(part in line for part in self.foreseen)]

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()


# ---------------------------------------------------------------- measuring


def shot(page: Page, name: str) -> Path:
    """Leave a picture of the whole page in build/browser, to be looked at."""
    path = PICTURES / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True, animations="allow")
    return path


def grey(page: Page, name: str) -> Path:
    """The same without colour."""
    page.evaluate("document.documentElement.style.filter = 'grayscale(1)'")
    try:
        return shot(page, f"{name}-grey")
    finally:
        page.evaluate("document.documentElement.style.filter = ''")


def overflows(page: Page) -> list[str]:
    """What is wider than the window, or than what holds it."""
    return list(_measured(page)["overflows"])


def overlaps(page: Page) -> list[str]:
    """Texts and controls that lie on one another."""
    return list(_measured(page)["overlaps"])


def _measured(page: Page) -> dict[str, list[str]]:
    measured: dict[str, list[str]] = page.evaluate((Path(__file__).parent / "measure.js").read_text(encoding="utf-8"))
    return measured


def axe(page: Page, *, rules_off: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds grave, one line each: rule, what to do, the first element."""
    options = {"resultTypes": ["violations"], "rules": {name: {"enabled": False} for name in rules_off}}
    found = Axe().run(page, options=options).response["violations"]
    grave = [each for each in found if each["impact"] in GRAVE]
    return [f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:120]}" for each in grave for node in each["nodes"]]


def look(page: Page, expression: str) -> Any:
    """Evaluate without being a user: what Playwright itself does in a page counts as a gesture and would unlock its sound."""
    session = page.context.new_cdp_session(page)
    asked = {"expression": expression, "userGesture": False, "awaitPromise": True, "returnByValue": True}
    answer = session.send("Runtime.evaluate", asked)
    session.detach()
    return answer["result"].get("value")


# ---------------------------------------------------------------- what is opened


class Served(NamedTuple):
    """A trainer that runs: its process and its ready line."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    @property
    def instructor_link(self) -> str:
        return str(self.ready["instructor_link"])

    @property
    def learner_link(self) -> str:
        return str(self.ready["learner_link"])

    @property
    def observer_link(self) -> str:
        return str(self.ready["observer_link"])


@contextmanager
def served(lesson: str, *options: str, folder: Path) -> Iterator[Served]:
    """Run `pumpsim train` on its own port for a lesson, or one to be chosen (""); ended whatever happens. `folder` keeps its runs."""
    said = folder / "train.log"
    command = [sys.executable, "-c", "from hil.cli import main; main()", "train", "--json", "--port", "0", "--state", str(folder / "runs")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    chosen = ["--lesson", lesson] if lesson else []
    with said.open("wb") as log:
        process = subprocess.Popen([*command, *chosen, *options], stdout=subprocess.PIPE, stderr=log, cwd=folder, env=environment)
    try:
        yield Served(process, _ready(process, said))
    finally:
        process.terminate()
        try:
            process.communicate(timeout=END_S)
        finally:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], said: Path) -> dict[str, Any]:
    """The first line on standard output. Fails with what the program said if it ends without one."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        code = process.wait(END_S)
        pytest.fail(f"`pumpsim train` ended with {code}: {said.read_text(encoding='utf-8', errors='replace')[-2_000:]}")
    content: dict[str, Any] = json.loads(line)
    return content


def static_site(page: Page, body: str, *, files: Mapping[str, str] | None = None) -> None:
    """Open a page made of this body, which may use the console's own static files, with no server: for tests of one script alone.

    `files` are more files, path to text. The policy is the console's: nothing inline but what the test itself evaluates.
    """
    made = {
        "/": f"<!doctype html><html lang=en><head><meta charset=utf-8><title>test</title></head><body><main>{body}</main></body></html>"
    }
    made |= files or {}

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        kind = TYPES.get(Path(path).suffix, TYPES[".html"])
        if path in made:
            route.fulfill(body=made[path], content_type=kind)
        elif path.startswith("/static/") and (found := _static(path.removeprefix("/static/"))) is not None:
            route.fulfill(body=found, content_type=kind)
        else:
            route.fulfill(status=404, body="")

    page.route(f"{STATIC_SITE}/**", answer)
    try:
        page.goto(f"{STATIC_SITE}/")
    except Error as error:  # the route is at fault, not the network
        pytest.fail(str(error))


def _static(name: str) -> str | None:
    path = next((folder / name for folder in (ROOT / "hil/console/static", ROOT / "hil/pages/static") if (folder / name).is_file()), None)
    return None if path is None else path.read_text(encoding="utf-8")
