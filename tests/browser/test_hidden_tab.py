"""U2: a page behind another tab still sounds when its pump does, though its timers sleep."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.tabs import tabs
from tests.console.classroom import Line, Person, console

LOOKS_MAX = 60
ENABLE = "document.querySelector('.sound-enable')?.click(), document.querySelector('.sound-state')?.textContent"
THROTTLED = """new Promise((done) => {
  const begun = performance.now()
  setTimeout(() => setTimeout(() => done(performance.now() - begun), 50), 50)
})"""


def entries(person: Person, kind: str) -> list[dict[str, Any]]:
    """Entries of the log so far."""
    lines = person.get("/api/run/log").body.decode().splitlines()
    return [entry["data"] for entry in map(json.loads, lines) if entry["kind"] == kind]


def beats(line: Line, count: int) -> None:
    """Let so many seconds pass, by the console's own beats."""
    for _ in range(count):
        line.until("beat")


def until(line: Line, holds: Callable[[], bool]) -> None:
    """Let seconds pass until something holds. Fails after a minute."""
    for _ in range(LOOKS_MAX):
        if holds():
            return
        beats(line, 1)
    pytest.fail("it does not come about")


@pytest.mark.parametrize("hidden_s", [3, pytest.param(370, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_hidden_page_sounds_in_time(tmp_path: Path, hidden_s: int) -> None:
    """Its timers are held back by the browser; it plays an alarm within 1.5 s of its time all the same, and the log says it was hidden."""
    with console(tmp_path) as served, tabs(tmp_path) as browser:
        boss, ana = served.admitted("instructor"), served.admitted("learner", "ana")
        line = boss.arrived()
        page = browser.open()
        page.visit(f"{served.ready['url']}/learner", ana.cookie)
        until(line, lambda: page.look(ENABLE, gesture=True) == "Sound on")
        browser.open()
        beats(line, hidden_s)
        hidden, slept_ms = page.look("document.hidden"), page.look(THROTTLED)
        line.do("resume")
        line.do("advance", {"time": "30 min"})
        until(line, lambda: bool(entries(boss, "heard")))

        assert hidden is True
        assert slept_ms > 900, "timers of a hidden page sleep a second"
        assert [each["outcome"] for each in entries(boss, "heard")] == ["played"]
        assert entries(boss, "audio")[-1]["hidden"] is True
