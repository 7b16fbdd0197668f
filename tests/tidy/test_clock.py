"""Law 1: the wall clock is read in two places only; everything else counts virtual time."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.tree import PACKAGES, Finding, Module, breaches, calls, modules, snippet, told

CLOCK_PLACES: dict[str, str] = {
    "hil/pacing.py": "real time wraps virtual time here",
    "protocol/waiting.py": "the client's reply timer, replaceable",
}
"""The modules that may read the wall clock, with the reason."""

READERS_OF_TIME = {
    "time",
    "monotonic",
    "perf_counter",
    "process_time",
    "thread_time",
    "clock_gettime",
    "localtime",
    "gmtime",
    "ctime",
    "strftime",
    "asctime",
    "sleep",
}
READERS = {f"time.{name}{suffix}" for name in READERS_OF_TIME for suffix in ("", "_ns")}
LAST_WORDS = {"now", "utcnow", "today"}
TIMERS = {
    "asyncio.sleep",
    "asyncio.wait_for",
    "asyncio.timeout",
    "threading.Timer",
    "signal.setitimer",
    "signal.alarm",
    "loop.time",
    "loop.call_later",
    "loop.call_at",
}


def clock_readers(module: Module) -> Iterator[Finding]:
    """Calls that read or wait for the wall clock, and imports that would hide one."""
    cure = f"reads the wall clock: take the time as an argument, or do it in {' or '.join(CLOCK_PLACES)}"
    for node, name in calls(module):
        if _reads_clock(name.lstrip("_")):
            yield Finding(module.path, node.lineno, f"{name}() {cure}")
    for inner in ast.walk(module.tree):
        if isinstance(inner, ast.ImportFrom) and inner.module == "time":
            yield Finding(module.path, inner.lineno, f"from time import ... {cure}")


def _reads_clock(name: str) -> bool:
    owner, _, last = name.rpartition(".")
    return name in READERS or name in TIMERS or (last in LAST_WORDS and owner.split(".")[-1] in {"datetime", "date"})


def test_wall_clock_is_read_in_two_places_only() -> None:
    """No module but pacing and waiting asks what time it is outside."""
    findings = breaches(clock_readers, (module for module in modules(*PACKAGES) if module.path not in CLOCK_PLACES))

    assert not findings, told(findings)


def test_places_of_the_clock_exist() -> None:
    """The list of exceptions names no file that has gone."""
    paths = {module.path for module in modules(*PACKAGES)}

    assert CLOCK_PLACES.keys() <= paths


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.monotonic()",
        "import time\ntime.time_ns()",
        "from time import perf_counter",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import date\ndate.today()",
        "import asyncio\nasyncio.sleep(1)",
    ],
)
def test_rule_of_clock_can_fail(text: str) -> None:
    """Each way of asking for the time outside is found."""
    assert list(clock_readers(snippet(text)))


def test_rule_of_clock_lets_virtual_time_pass() -> None:
    """A pump's own now and a plain deadline are no clock readings."""
    assert not list(clock_readers(snippet("pump.now()\nunit.next_due()\nbench.now_us()")))
