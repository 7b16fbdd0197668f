"""As on Windows: no pseudo-terminals, fork, POSIX locks, signals or readers of files, and the product does its work all the same.

Shown is that nothing is asked of the system that Windows does not have. How Windows itself shares and deletes files is not shown here.
"""

from __future__ import annotations

import http.client
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hil.demo.run import DemoRun
from hil.rig import Rig
from tests.packaging.windows import Windows

WITHOUT = """
import asyncio, importlib, os, select, signal, socket, sys
for name in "pty tty termios fcntl resource grp pwd".split():
    try: importlib.import_module(name)
    except ImportError: print(name)
print(*(name for name in ("fork", "openpty", "killpg", "fdatasync") if not hasattr(os, name)))
print(*(name for name in ("SIGKILL", "SIGHUP") if not hasattr(signal, name)), hasattr(socket, "AF_UNIX"), hasattr(select, "poll"))
async def ask(what):
    try: getattr(asyncio.get_running_loop(), what)(2, print)
    except NotImplementedError: print(what)
asyncio.run(ask("add_reader"))
asyncio.run(ask("add_signal_handler"))
"""
PLAN = """
name: Two lives
about: Two pumps, as on Windows.
engine: fleet
runs: 2
years: 1
seed: 1
set:
  fill: 38 mL
"""


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    """A folder of this test's own."""
    return Windows(tmp_path)


def test_what_windows_lacks_is_lacking(windows: Windows) -> None:
    """In such a process none of it can be imported or called."""
    done = windows.python(WITHOUT)

    assert done.stdout.split("\n") == [
        *("pty", "tty", "termios", "fcntl", "resource", "grp", "pwd"),
        "fork openpty killpg fdatasync",
        "SIGKILL SIGHUP False False",
        "add_reader",
        "add_signal_handler",
        "",
    ]


def test_demo_goes_over_tcp_to_the_same_digest(windows: Windows) -> None:
    """Without pseudo-terminals the demonstration takes TCP, and the pump comes to the state that it comes to over any port."""
    done = windows.pumpsim("demo", "--no-report")

    with DemoRun(windows.folder / "here", profile="itp-40", seed=1) as here:
        list(here.acts())
    assert done.returncode == 0, done.stderr
    assert "on tcp://127.0.0.1:" in done.stdout
    assert here.digest[:16] in done.stdout
    assert "--port tcp://127.0.0.1:7777" in done.stdout


def test_serve_and_program_over_tcp(windows: Windows) -> None:
    """A server with its bench, capture and state folder is programmed, holds its folder against a second, and hears Ctrl-C."""
    options = ("--port", "tcp://127.0.0.1:0", "--bench", "http", "--state", "state", "--capture", "line.pcapng", "--pace", "lock-step")
    with windows.serving("serve", "itp-40", *options) as ready:
        asked = windows.pumpsim("program", ready["port"], "interrogate")
        second = windows.pumpsim("serve", "itp-40", *options)
        with Rig.connect(ready) as rig:
            rig.bench.advance(hours=1)
            now_us = rig.bench.now_us()

    assert asked.returncode == 0, asked.stderr
    assert ready["serial"] in asked.stdout
    assert (second.returncode, second.stderr.count("\n")) == (2, 1)
    assert "a running server has this state folder" in second.stderr
    assert now_us >= 3_600_000_000
    with windows.serving("serve", "itp-40", *options) as again:
        assert (again["start"], again["serial"]) == ("reset from state", ready["serial"])


def test_class_is_served_and_held(windows: Windows) -> None:
    """The page of a class answers, and a lesson without pages comes to its verdict."""
    with windows.serving("train", "--lesson", "found-stopped", "--json") as ready:
        link = urlsplit(ready["learner_link"])
        asking = http.client.HTTPConnection(link.netloc, timeout=30)
        asking.request("GET", link.path or "/")
        answer = asking.getresponse()
        text = answer.read().decode()
        asking.close()
    held = windows.pumpsim("train", "--headless", "found-stopped", "--policy", "good", "--json")

    assert answer.status == 200
    assert "<title>" in text
    assert held.returncode == 0, held.stderr
    assert json.loads(held.stdout)


def test_suite_runs_and_leaves_evidence(windows: Windows) -> None:
    """`pumpsim verify` comes to its verdict, and the evidence is whole."""
    done = windows.pumpsim("verify", "pumpsim://itp-40", "-k", "test_keys", "--report", "evidence")
    checked = windows.pumpsim("verify", "--check", "evidence")

    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+ passed", done.stdout)
    assert checked.returncode == 0, checked.stderr


def test_campaign_runs_in_workers(windows: Windows) -> None:
    """Worker processes live the cases, and the journal's folder is locked meanwhile."""
    (windows.folder / "plan.yaml").write_text(PLAN)
    done = windows.pumpsim("campaign", "run", "plan.yaml", "--out", "lives", "--workers", "2", "--quiet", "--json")
    status = windows.pumpsim("campaign", "status", "lives", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(status.stdout)["done"] == 2


def test_doctor_tells_what_takes_its_place(windows: Windows) -> None:
    """Nothing is wrong with a system that has no pseudo-terminals, and the doctor names the port to take."""
    done = windows.pumpsim("doctor", "--json")
    (pty,) = (finding for finding in json.loads(done.stdout)["findings"] if finding["name"] == "pty")

    assert done.returncode == 0, done.stdout
    assert "--port tcp://" in pty["remedy"]


@pytest.mark.parametrize(
    "arguments, cure",
    [
        (("serve", "itp-40", "--port", "pty:./pump0"), "this system has no pseudo-terminals; use tcp://127.0.0.1:0"),
        (("serve", "itp-40", "--port", "serial:COM3"), "use --port tcp://127.0.0.1:0"),
        (("mutants", "run", "--mutant", "bolus-short", "--", "pytest", "tests"), "run it on Linux or macOS"),
    ],
    ids=["pty", "serial", "mutants"],
)
def test_what_needs_posix_says_so_in_one_line(windows: Windows, arguments: tuple[str, ...], cure: str) -> None:
    """Where Windows cannot, one line says so and what to do in its place; the exit code is that of wrong use."""
    done = windows.pumpsim(*arguments)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert cure in done.stderr
