"""Several pumps in one process: one ready line, and no pump that notices another."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from hil.rig import Rig
from hil.web.client import HttpBench
from tests.rig.serving import PROGRAMMER, filled, run_cli, running, scripted_day, serve, stop_server
from tests.rig.web import web

SECOND = "itp-20 --port tcp://127.0.0.1:0 --seed 2 --name b --pace lock-step"


def alone(profile: str, seed: int) -> str:
    """The digest of a day of a pump that has a process to itself."""
    with Rig.open(f"pumpsim://{profile}?seed={seed}", programmer=PROGRAMMER) as rig:
        return scripted_day(rig)


def test_ready_line_lists_all(tmp_path: Path) -> None:
    """The first pump stands at the top as if it were alone; each has its entry."""
    with web(tmp_path, "--name", "a", "--and", SECOND) as served:
        ready = served.ready
        same = {name: ready[name] for name in ("profile", "serial", "port", "pace", "name")}

    assert [(pump["name"], pump["profile"]) for pump in ready["pumps"]] == [("a", "itp-40"), ("b", "itp-20")]
    assert same.items() <= ready["pumps"][0].items()
    assert ready["pumps"][1]["bench"] == f"{ready['bench']}/pumps/b"


def test_days_of_two_pumps_turn_by_turn_are_their_days_alone(tmp_path: Path) -> None:
    """Two programmers and two benches, act by act in turn: each pump ends with the digest it has in a process of its own."""
    with web(tmp_path, "--seed", "1", "--name", "a", "--and", SECOND) as served, ExitStack() as stack:
        rigs = [stack.enter_context(Rig.connect(served.ready, pump=name, programmer=PROGRAMMER)) for name in ("a", "b")]
        for rig in rigs:
            filled(rig)
        for _ in range(5):
            for rig, hours in zip(rigs, (1, 7), strict=True):
                rig.bench.advance(hours=hours)
                rig.programmer.status()
                rig.bench.clear(rig.bench.inject("motor.stall"))
        together = [rig.bench.digest() for rig in rigs]
        times = [rig.bench.now_us() for rig in rigs]

    assert times == [5 * 3_600_000_000, 35 * 3_600_000_000]
    assert together == [_in_turn("itp-40", 1, 1), _in_turn("itp-20", 2, 7)]


def _in_turn(profile: str, seed: int, hours: int) -> str:
    with Rig.open(f"pumpsim://{profile}?seed={seed}", programmer=PROGRAMMER) as rig:
        filled(rig)
        for _ in range(5):
            rig.bench.advance(hours=hours)
            rig.programmer.status()
            rig.bench.clear(rig.bench.inject("motor.stall"))
        return rig.bench.digest()


def test_one_day_beside_another_pump(tmp_path: Path) -> None:
    """A paced neighbour that runs all the while changes no bit of a day in lock-step."""
    with web(tmp_path, "--seed", "1", "--and", "itp-20 --port tcp://127.0.0.1:0 --pace x1000") as served:
        with Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
            beside = scripted_day(rig)
        with Rig.connect(served.ready, pump="pump2") as rig:
            neighbour_us = rig.bench.now_us()

    assert beside == alone("itp-40", 1)
    assert neighbour_us > 0


def test_each_has_its_own_state_folder(tmp_path: Path) -> None:
    """Both come back after a kill, each at its own time."""
    second = f"itp-20 --port tcp://127.0.0.1:0 --pace lock-step --state '{tmp_path / 'state b'}'"
    options: tuple[str, ...] = (
        "--port",
        f"pty:{tmp_path / 'a'}",
        "--pace",
        "lock-step",
        "--state",
        str(tmp_path / "a state"),
        "--and",
        second,
    )
    options += ("--bench", "http", "--no-sync")
    times: list[int] = []
    for expected in ("new pump", "reset from state"):
        with serve(*options) as process:
            ready = running(process)
            starts = [pump["start"] for pump in ready["pumps"]]
            times = []
            for name, hours in (("pump1", 1), ("pump2", 2)):
                with Rig.connect(ready, pump=name) as rig:
                    rig.bench.advance(hours=hours)
                    times.append(rig.bench.now_us() // 3_600_000_000)
            process.kill()

        assert starts == [expected, expected]
    assert times == [2, 4]


def test_client_finds_the_pump_it_names(tmp_path: Path) -> None:
    """A bench's address leads to its own pump; a name that is none says which there are."""
    with web(tmp_path, "--and", SECOND) as served:
        bench = HttpBench(served.address.of_pump("b"))
        name = bench.look("/ready")["name"]
        bench.close()
        missing = served.ask("GET", "/pumps/c/ready")

    assert (name, missing.status, missing.refused) == ("b", 404, True)


@pytest.mark.parametrize(
    "options, word",
    [
        (("--and", "itp-20 --port tcp://127.0.0.1:0 --name pump1"), b"named 'pump1'"),
        (("--and", "itp-20 --port tcp://127.0.0.1:0 --bench http"), b"--bench"),
        (("--and", "itp-20 --port 'tcp:"), b"quotation"),
        (("--and", ""), b"--and"),
        (("--and", "itp-2 --port tcp://127.0.0.1:0"), b"did you mean"),
        (("--name", "a/b"), b"no name"),
        (("--and", "itp-20 --pace free --until nonsense --port tcp://127.0.0.1:0"), b"no condition"),
    ],
)
def test_misuse_is_one_line(options: tuple[str, ...], word: bytes) -> None:
    """It says what is wrong, and nothing has been started."""
    result = run_cli("serve", "itp-40", "--port", "tcp://127.0.0.1:0", *options)

    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (2, b"", 1), result.stderr
    assert word in result.stderr


def test_first_port_is_given_back_when_the_second_cannot_be_had(tmp_path: Path) -> None:
    """A server that cannot have all its ports leaves none."""
    link = tmp_path / "pump"
    result = run_cli("serve", "itp-40", "--port", f"pty:{link}", "--and", f"itp-20 --port pty:{tmp_path / 'none' / 'pump'}")

    assert (result.returncode, link.is_symlink()) == (2, False)


def test_signal_ends_all(tmp_path: Path) -> None:
    """One signal, exit 0, and no link is left."""
    with serve("--port", f"pty:{tmp_path / 'a'}", "--and", f"itp-20 --port pty:{tmp_path / 'b'}") as process:
        running(process)
        code, _ = stop_server(process)

    assert (code, list(tmp_path.iterdir())) == (0, [])
