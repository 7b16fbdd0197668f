"""pumpsim bench and pumpsim monitor, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig import Rig
from tests.rig.serving import PROGRAMMER, run_cli
from tests.rig.web import Web, web


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The ready file of one server for all."""
    folder = tmp_path_factory.mktemp("cli")
    with web(folder, "--ready-file", str(folder / "ready.json"), "--and", "itp-20 --name b --port tcp://127.0.0.1:0 --pace lock-step"):
        yield str(folder / "ready.json")


def test_verb_is_done_and_shown(ready: str) -> None:
    """Names and values in columns; with --json one object."""
    shown = run_cli("bench", "--ready-file", ready, "advance", "us=1500000")
    as_json = run_cli("bench", "--ready-file", ready, "--json", "now")

    assert shown.stdout.decode().startswith("now_us ")
    assert json.loads(as_json.stdout)["now_us"] >= 1_500_000


def test_record_begun_afresh_is_one_line(tmp_path: Path) -> None:
    """There is nothing to judge yet: it says what will be provoked, and no rules."""
    with web(tmp_path, "--ready-file", str(tmp_path / "ready.json"), "--grade", str(tmp_path / "grade.txt")):
        words = ("bench", "--ready-file", str(tmp_path / "ready.json"), "grade", "begin=true")
        plain, provoked = (run_cli(*words, *more).stdout.decode() for more in ((), ('provoke=["lost"]',)))

    assert plain == "the record begins afresh; nothing is provoked\n"
    assert provoked == "the record begins afresh; to be provoked: lost\n"


def test_list_shows_every_verb(ready: str) -> None:
    """With what it takes."""
    shown = run_cli("bench", "--ready-file", ready, "--list").stdout.decode()
    verbs = json.loads(run_cli("bench", "--ready-file", ready, "--list", "--json").stdout)["verbs"]

    assert all(f"{verb['name']} " in shown for verb in verbs)


def test_named_pump_is_meant(ready: str) -> None:
    """--pump leads to another pump of the server."""
    named = run_cli("bench", "--ready-file", ready, "--pump", "b", "--json", "advance", "days=7")

    assert json.loads(named.stdout)["now_us"] == 7 * 86_400_000_000


def test_environment_says_where_the_bench_is(ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PUMPSIM_BENCH and PUMPSIM_TOKEN take the place of options."""
    line = json.loads(Path(ready).read_text(encoding="utf-8"))
    monkeypatch.setenv("PUMPSIM_BENCH", line["bench"])
    monkeypatch.setenv("PUMPSIM_TOKEN", line["token"])

    assert run_cli("bench", "now").returncode == 0
    assert run_cli("bench", "--pump", "b", "now").returncode == 0


@pytest.mark.parametrize(
    "words, code, said",
    [
        (("advanc",), 1, "did you mean advance?"),
        (("advance", "hours=-1"), 1, "advance.hours: should be greater"),
        (("advance", "hours"), 2, "NAME=VALUE"),
        ((), 2, "give a verb, or --list"),
        (("--list", "advance"), 2, "give a verb, or --list"),
        (("--pump", "c", "now"), 2, "pump1, b"),
    ],
)
def test_mistakes_are_one_line(ready: str, words: tuple[str, ...], code: int, said: str) -> None:
    """Exit 2 for misuse, 1 for a refusal."""
    result = run_cli("bench", "--ready-file", ready, *words)

    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (code, b"", 1)
    assert said in result.stderr.decode()


@pytest.mark.parametrize("command", [("bench", "now"), ("monitor",)])
@pytest.mark.parametrize(
    "place, code",
    [
        ((), 2),
        (("--ready-file", "none.json"), 2),
        (("--bench", "http://127.0.0.1:9", "--token", "x"), None),
        (("--bench", "http://127.0.0.1:9"), 2),
    ],
)
def test_bench_that_is_not_there_is_one_line(command: tuple[str, ...], place: tuple[str, ...], code: int | None) -> None:
    """It says what to give, or that nobody answers."""
    result = run_cli(*command, *place)

    assert result.returncode == code or (code is None and result.returncode in {1, 2})
    assert result.stderr.count(b"\n") == 1


def test_wrong_token_is_refused_by_both(ready: str) -> None:
    """The server's own words come through."""
    url = json.loads(Path(ready).read_text(encoding="utf-8"))["bench"]
    for command in (("bench", "now"), ("monitor", "--once")):
        result = run_cli(*command, "--bench", url, "--token", "wrong")

        assert (result.returncode, b"token is missing or wrong" in result.stderr) == (1, True)


class TestMonitor:
    """What happens on a pump, in a terminal."""

    def test_once_shows_what_is_kept(self, ready: str) -> None:
        """The trace so far, and the end."""
        run_cli("bench", "--ready-file", ready, "inject", "fault=motor.stall")
        shown = run_cli("monitor", "--ready-file", ready, "--once")

        assert shown.returncode == 0
        assert "act=inject" in shown.stdout.decode()

    def test_json_is_one_object_a_line(self, ready: str) -> None:
        """For scripts; --count ends it."""
        lines = run_cli("monitor", "--ready-file", ready, "--since", "0", "--count", "1", "--json").stdout.splitlines()

        assert [json.loads(line)["type"] for line in lines] == ["event"]

    def test_frames_come_as_they_pass(self, tmp_path: Path) -> None:
        """A monitor that runs sees the next exchange, decoded, both ways."""
        with web(tmp_path) as served, _monitor(served, "--count", "4") as monitor:
            assert monitor.stdout is not None
            first = monitor.stdout.readline()
            with Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
                rig.programmer.status()
            rest = monitor.communicate(timeout=30)[0]

        assert "live" in first
        assert monitor.returncode == 0
        assert ["host > HELLO" in rest, "pump < HELLO" in rest, "host > STATUS" in rest, "OK" in rest] == [True] * 4

    def test_end_of_the_server_is_told(self, tmp_path: Path) -> None:
        """Exit 1 and one line."""
        with web(tmp_path) as served:
            monitor = _monitor(served)
            assert monitor.stdout is not None
            monitor.stdout.readline()
        with monitor:
            words = monitor.communicate(timeout=30)[1]

        assert (monitor.returncode, words.count("\n"), "has ended" in words) == (1, 1, True)


def _monitor(served: Web, *options: str) -> subprocess.Popen[str]:
    """A monitor beside us."""
    command = [sys.executable, "-c", "from hil.cli import main; main()", "monitor", "--bench", served.ready["bench"]]
    command += ["--token", served.ready["token"], *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
