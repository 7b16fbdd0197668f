"""One Chromium for each process of tests; each test has pages of its own and fails if one of them had an error."""

from __future__ import annotations

from asyncio import AbstractEventLoop, _set_running_loop, get_running_loop
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.browser import OpenPage, Pages, Served, launched, served

LOOPS: dict[Browser, AbstractEventLoop] = {}


@contextmanager
def its_loop(browser: Browser) -> Iterator[None]:
    """Playwright marks its event loop as the one that runs in this thread. Only for these tests: others have loops of their own."""
    _set_running_loop(LOOPS[browser])
    try:
        yield
    finally:
        _set_running_loop(None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright, launched(playwright) as browser:
        LOOPS[browser] = get_running_loop()
        _set_running_loop(None)
        yield browser
        _set_running_loop(LOOPS.pop(browser))


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """Opens pages; at the end there must be no error in the console, no exception and no failed request but those foreseen."""
    pages = Pages(browser)
    with its_loop(browser):
        try:
            yield pages
        finally:
            pages.close()
    assert not pages.faults()


@pytest.fixture
def open_page(pages: Pages) -> OpenPage:
    """`open_page(url, size, theme, still=..., beside=...)`."""
    return pages.open


@pytest.fixture
def train(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """`train("found-stopped", "--class", "2")`: a trainer that runs until the end of the test."""
    with ExitStack() as stack:

        def start(lesson: str, *options: str) -> Served:
            return stack.enter_context(served(lesson, *options, folder=tmp_path))

        yield start
