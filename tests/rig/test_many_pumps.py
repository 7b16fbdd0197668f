"""Many pumps in one process: asked for in one go, each with what is its own, and asleep while nobody wants anything of them."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hil.cli.serve_count import ports_from
from hil.pacing import TICK_US, parse_pace
from hil.server.served_pump import PumpOptions, ServedPump
from protocol.client import Programmer
from tests.rig.serving import HELLO, run_cli, running, serve

HOUR_S = 3_600
WARD = 12


@contextmanager
def ward(*options: str) -> Iterator[dict[str, Any]]:
    """A server of many pumps; its ready line."""
    with serve("--count", str(WARD), *options) as process:
        yield running(process)
        process.terminate()


class Loop:
    """Notes what a pump asks of its loop, and does nothing of it."""

    def __init__(self) -> None:
        self.planned: dict[object, tuple[float, Callable[[], None]]] = {}

    def add_reader(self, *_: object) -> None:
        """Somebody else moves the bytes here."""

    def call_later(self, seconds: float, act: Callable[[], None]) -> Any:
        """Note it; what comes back can cancel it."""
        handle = Handle(self)
        self.planned[handle] = (seconds, act)
        return handle

    def remove_reader(self, *_: object) -> None:
        """The port closes."""

    def fire(self) -> None:
        """Do the one thing that is planned."""
        (handle,) = self.planned
        _, act = self.planned.pop(handle)
        act()

    @property
    def waits_s(self) -> list[float]:
        """How long each planned thing has to wait."""
        return [seconds for seconds, _ in self.planned.values()]


class Handle:
    """Of something planned."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def cancel(self) -> None:
        """It is not to happen after all."""
        self._loop.planned.pop(self, None)


@pytest.fixture
def loop() -> Loop:
    """A loop in name only."""
    return Loop()


@pytest.fixture
def pump(tmp_path: Path, loop: Loop) -> Iterator[ServedPump]:
    """A pump at x1 that keeps its state, on that loop."""
    options = PumpOptions("itp-40", f"pty:{tmp_path / 'pump'}", pace=parse_pace("x1"), state=tmp_path / "state", security="no-auth")
    served = ServedPump(options)
    served.start(loop, lambda _why: None)  # type: ignore[arg-type]  # as much of a loop as it needs
    served.run_time()
    yield served
    served.close()


def test_pump_that_nobody_wants_sleeps_until_something_is_due(pump: ServedPump, loop: Loop) -> None:
    """The one look that is planned is the one for the next mark in the state folder, an hour away."""
    assert pump.unit.now_us == 0
    assert len(loop.waits_s) == 1
    assert HOUR_S - 1 < loop.waits_s[0] <= HOUR_S


def test_request_rouses_it_and_it_sleeps_again(pump: ServedPump, loop: Loop) -> None:
    """After a request it looks within a tick, and then plans for when the session that it opened would lapse."""
    assert pump.port.handler(HELLO)
    roused_s = loop.waits_s
    loop.fire()

    assert roused_s == [TICK_US / 1_000_000]
    assert len(loop.waits_s) == 1
    assert TICK_US / 1_000_000 < loop.waits_s[0] < HOUR_S


def test_bench_verb_rouses_it(pump: ServedPump, loop: Loop) -> None:
    """What a verb did may be due at once, so there is a look within a tick; a pump put into lock-step plans none."""
    pump.call("reset", {})
    roused_s = loop.waits_s
    pump.call("pace", {"pace": "lock-step"})
    loop.fire()

    assert (roused_s, loop.waits_s) == ([TICK_US / 1_000_000], [])


def test_sleeper_brings_time_up_when_it_is_looked_at(pump: ServedPump) -> None:
    """Virtual time is where the wall clock has brought it, without any look in between."""
    first_us = pump.call("now", {})["now_us"]
    second_us = pump.call("now", {})["now_us"]

    assert 0 < first_us < second_us
    assert pump.call("pace", {})["keeps_up"] is True


def test_each_has_a_name_a_port_a_seed_and_a_folder(tmp_path: Path) -> None:
    """They count up, and each answers for itself."""
    with ward("--port", "tcp://127.0.0.1:0", "--seed", "5", "--state", str(tmp_path / "ward"), "--name", "bed") as ready:
        pumps = ready["pumps"]
        for each in pumps:
            with Programmer.open(each["port"], key_file=each["key_file"]) as programmer:
                assert programmer.identity_hello.serial == each["serial"]
        folders = {path.name for path in (tmp_path / "ward").iterdir()}

    names = [f"bed{number}" for number in range(1, WARD + 1)]
    assert (ready["count"], [each["name"] for each in pumps]) == (WARD, names)
    assert len({each["port"] for each in pumps}) == len({each["serial"] for each in pumps}) == WARD
    assert folders == set(names)


def test_names_go_on_through_all_rows(tmp_path: Path) -> None:
    """A row behind --and counts on where the one before it ended."""
    more = f"itp-20 --count 2 --port pty:{tmp_path / 'b07'}"
    with ward("--port", f"pty:{tmp_path / 'a'}", "--and", more) as ready:
        pumps = ready["pumps"]

    assert [each["name"] for each in pumps] == [f"pump{number}" for number in range(1, WARD + 3)]
    assert [Path(each["port"]).name for each in pumps[-3:]] == [f"a{WARD}", "b07", "b08"]


@pytest.mark.parametrize(
    "url, expected",
    [
        ("tcp://127.0.0.1:9000", ["tcp://127.0.0.1:9000", "tcp://127.0.0.1:9001"]),
        ("tcp://[::1]:0", ["tcp://[::1]:0", "tcp://[::1]:0"]),
        ("rfc2217://localhost:9", ["rfc2217://localhost:9", "rfc2217://localhost:10"]),
        ("pty:./pump", ["pty:./pump1", "pty:./pump2"]),
        ("pty:./pump9", ["pty:./pump9", "pty:./pump10"]),
        ("pty:./pump009", ["pty:./pump009", "pty:./pump010"]),
    ],
)
def test_ports_count_up(url: str, expected: list[str]) -> None:
    """From the number that was given, from 1 where a path has none; a free port is free for each."""
    assert ports_from(url, 2) == expected


@pytest.mark.parametrize(
    "options, word",
    [
        (("--port", "serial:/dev/ttyUSB0"), b"do not fit on"),
        (("--port", "tcp://127.0.0.1:65535"), b"65535 is the last"),
        (("--port", "tcp://127.0.0.1:0", "--capture", "one.pcapng"), b"a capture is of one pump"),
        (("--port", "tcp://127.0.0.1:0", "--and", "itp-20 --count 5000 --port tcp://127.0.0.1:0"), b"4,096 at most"),
        (("--port", "tcp://127.0.0.1:0", "--and", "itp-20 --name pump2 --port tcp://127.0.0.1:0"), b"named 'pump2'"),
    ],
)
def test_what_cannot_be_many_is_one_line(options: tuple[str, ...], word: bytes) -> None:
    """It says what is wrong, and nothing has been started."""
    result = run_cli("serve", "itp-40", "--count", "2", *options)

    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (2, b"", 1), result.stderr
    assert word in result.stderr


def limited(soft: int, hard: int) -> subprocess.CompletedProcess[bytes]:
    """Ask for a hundred pumps, and so for a bench call and the end, where so many files may be open."""
    command = [sys.executable, "-c", "from hil.cli import main; main()", "serve", "itp-40", "--count", "100", "--bench", "stdio"]
    return subprocess.run(
        [*command, "--port", "tcp://127.0.0.1:0"],
        input=b'{"verb": "now"}',
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
    )


def test_too_few_open_files_are_told_before_anything_starts() -> None:
    """The line says how many are needed and how to allow them."""
    result = limited(128, 128)

    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (2, b"", 1), result.stderr
    assert b"open files, 128 are allowed" in result.stderr
    assert b"ulimit" in result.stderr


def test_more_open_files_are_asked_for_where_they_may_be() -> None:
    """A soft limit stops nobody."""
    result = limited(128, 1_024)

    assert (result.returncode, result.stdout.count(b"\n")) == (0, 2), result.stderr
