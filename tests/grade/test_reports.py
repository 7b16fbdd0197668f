"""The report: live and from a capture the same, as text and as JSON, at the end and on demand; and how it fails."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hil.bench.stdio import ServerProcess
from hil.cli import execute as pumpsim
from hil.errors import BenchError
from hil.rig import Rig
from tests.export.tools import run, tool
from tests.grade.raw_client import Graded, RawClient, served
from tests.grade.wrong_clients import walks_away
from tests.rig.programs import program
from tests.rig.serving import filled
from tests.tidy.tree import ROOT

GOLDEN = ROOT / "tests/golden/session.pcapng"
C_CLIENT = ROOT / "docs/examples/c-client/client.c"
NODE_CLIENT = ROOT / "docs/examples/node_serialport"
WAIT_S = 60.0


def rules_of(report: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    """What a report says of each rule, evidence aside."""
    return {row["rule"]: (row["verdict"], row["kept"], row["broken"]) for row in report["rules"]}


def graded_capture(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> tuple[int, str]:
    """`pumpsim grade` on a capture: its exit code and what it printed."""
    code = pumpsim(["grade", str(path), *options])
    return code, capsys.readouterr().out


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A capture by a client that stopped its pump and left it so."""
    path = tmp_path / "stopped.pcapng"
    with Rig.open("pumpsim://itp-40?seed=1", programmer={"capture": path}) as rig:
        rig.bench.advance(seconds=10)
        filled(rig).stop()
    return path


def test_broken_rule_is_shown_with_its_frames(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report names the rule, shows request and answer with number, time and content, says what to do, and ends with 1."""
    code, shown = graded_capture(capsys, stopped)

    assert code == 1
    _, found = shown.split("BROKEN")
    lines = [line.strip() for line in found.splitlines()]
    assert lines[0].startswith("leave-running       leaves no pump stopped that it stopped (")
    assert lines[1] == "stopped by STOP and left so"
    assert "host > STOP 1/" in lines[2]
    assert "pump < STOP 1/" in lines[3]
    assert lines[3].endswith("OK  mode=stopped")
    assert lines[4].startswith("to mend: START the pump")


def test_json_has_the_evidence_in_bytes(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON each frame has its number, fields and bytes, and the summary counts verdicts."""
    code, shown = graded_capture(capsys, stopped, "--json")
    report = json.loads(shown)
    (finding,) = next(row["findings"] for row in report["rules"] if row["verdict"] == "broken")

    assert code == 1
    assert [(frame["from"], frame["kind"], frame["name"]) for frame in finding["frames"]] == [
        ("host", "request", "STOP"),
        ("pump", "answer", "STOP"),
    ]
    assert bytes.fromhex(finding["frames"][0]["raw"]).endswith(b"\0")
    assert report["summary"]["broken"] == 1
    assert sum(report["summary"].values()) == len(report["rules"])


def test_declared_rule_is_no_failure(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is broken on purpose is told as declared, and the exit code is 0."""
    code, shown = graded_capture(capsys, stopped, "--declare", "leave-running")

    assert code == 0
    assert "0 broken, 1 broken as declared" in shown


def test_golden_session_is_blamed_for_what_it_does_on_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    """The golden capture repeats an old number, uses an id twice and pulls a plug, to have the pump's answers in it; and nothing else."""
    code, shown = graded_capture(capsys, GOLDEN, "--json")
    report = json.loads(shown)

    assert code == 1
    broken = {row["rule"]: row["findings"][0]["frames"][-1] for row in report["rules"] if row["verdict"] == "broken"}
    assert {rule: (frame["name"], frame["answer"]) for rule, frame in broken.items()} == {
        "identical-resend": ("LOG", "REPLAY"),
        "ids-once": ("START", "CONFLICT"),
        "close-sessions": ("STOP", "OK"),
    }


def test_misuse_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that is not there, a file that is no capture, and provoking without grading end with 2 and one line."""
    (tmp_path / "no.pcapng").write_bytes(b"hello")
    for words, told in (
        (["grade", str(GOLDEN), "--declare", "leaves-running"], "no rule 'leaves-running'; did you mean leave-running?"),
        (["grade", str(tmp_path / "no.pcapng")], "it does not begin as a capture does"),
        (["grade", str(GOLDEN), "--key-file", str(tmp_path / "no.key")], "--key-file: key file"),
        (["serve", "itp-40", "--grade-provoke", "lost"], "nothing is graded; add --grade FILE"),
        (["serve", "itp-40", "--grade", "g.txt", "--grade-provoke", "bussy"], "did you mean busy?"),
        (["serve", "itp-40", "--grade", str(tmp_path / "none" / "g.txt")], "cannot be written (No such file or directory)"),
    ):
        assert pumpsim(words) == 2, words
        assert told in capsys.readouterr().err


def test_report_on_demand_leaves_open_what_is_open(graded: Graded) -> None:
    """In the middle of a visit a stopped pump and an open session are no breach yet; the same record judged as over says both."""
    graded.begin()
    client = RawClient(graded.pump, 13)
    client.hello()
    client.look()
    client.told("STOP")
    now, over = (graded.pump.bench.call("grade", final=final) for final in (False, True))
    client.hang_up()

    assert now["summary"]["broken"] == 0
    assert not now["final"]
    assert {row["rule"] for row in over["rules"] if row["verdict"] == "broken"} == {"leave-running", "close-sessions"}
    assert any(line.startswith("BROKEN") for line in over["text"])


def test_what_was_no_frame_is_counted(graded: Graded) -> None:
    """A program that sends anything else is told so, in words and in JSON; one that sends frames and delimiters is not."""
    graded.begin()
    client = RawClient(graded.pump, 15)
    client.hello()
    frames = graded.pump.bench.call("grade")
    client.send(b"STATUS?\r\n")
    garbage = graded.pump.bench.call("grade")
    client.hang_up()

    assert frames["no_frames"] == 0
    assert not any("no frame" in line for line in frames["text"])
    assert garbage["no_frames"] == 1
    assert "1 run of bytes was no frame (COBS, CRC-32C: see the wire protocol)" in garbage["text"]


def test_pump_that_is_not_graded_says_so() -> None:
    """The verb needs a server that was asked to grade."""
    with Rig.open("pumpsim://itp-40") as rig, pytest.raises(BenchError, match=r"nobody grades .*serve it with --grade FILE"):
        rig.bench.call("grade")


def test_provoking_needs_a_new_record(graded: Graded) -> None:
    """A record that has begun is not provoked in the middle; an unknown provocation is refused."""
    with pytest.raises(BenchError, match="add begin=true"):
        graded.pump.bench.call("grade", provoke=["lost"])
    with pytest.raises(BenchError, match="add begin=true"):
        graded.pump.bench.call("grade", provoke="lost")  # as a shell gives it: a bare word
    with pytest.raises(BenchError, match="no provocation"):
        graded.pump.bench.call("grade", begin=True, provoke=["thunder"])


class TestServedAndCaptured:
    """A server that grades and captures at once."""

    def test_capture_tells_the_same_as_the_server(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A wrong client of a pump that provokes: file at the end, words on standard error, and the same from the capture with keys."""
        report, capture, key_file = tmp_path / "grade.json", tmp_path / "c.pcapng", tmp_path / "keys"
        options = ["--port", "tcp://127.0.0.1:0", "--pace", "lock-step", "--seed", "1", "--key-file", str(key_file)]
        options += ["--grade", str(report), "--grade-provoke", "lost,alarm", "--capture", str(capture)]
        with ServerProcess("itp-40", options) as server, served(server) as pump:
            client = RawClient(pump, 14)
            walks_away(client)
            client.hang_up()
        live = json.loads(report.read_text())
        code, shown = graded_capture(capsys, capture, "--json", "--key-file", str(key_file))

        assert code == 1
        assert rules_of(json.loads(shown)) == rules_of(live)
        assert {name for name, (verdict, _, _) in rules_of(live).items() if verdict == "broken"} == {"leave-running", "acknowledge-alarms"}
        assert live["resends"] == 1

    @pytest.mark.parametrize("language", ["c", pytest.param("node", marks=pytest.mark.slow)])
    def test_foreign_clients_break_no_rule(self, language: str, tmp_path: Path) -> None:
        """The clients under docs/examples, compiled or fetched as a reader would, are blamed for nothing."""
        report = tmp_path / "grade.json"
        options = ["--port", f"pty:{tmp_path / 'pump0'}", "--pace", "lock-step", "--seed", "1", "--grade", str(report)]
        with ServerProcess("itp-40", options) as server:
            server.bench.needle(inject_nl=20_000_000, concentration_ng_per_ml=500_000)
            command = {"c": c_client, "node": node_client}[language](tmp_path, server.ready)
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    if line.startswith("waiting for the self-test"):
                        server.bench.run_until("ready", limit_s=60)
                    elif line.startswith("bolus under way"):
                        server.bench.run_until("bolus-ended", limit_s=600)
                assert process.wait(WAIT_S) == 0
        told = json.loads(report.read_text())

        assert told["summary"]["broken"] == 0, [row for row in told["rules"] if row["verdict"] == "broken"]
        assert told["sessions"] == 1


def c_client(folder: Path, ready: dict[str, Any]) -> list[str]:
    """The client in C, compiled, and its words."""
    run([tool("gcc"), "-std=c99", "-D_DEFAULT_SOURCE", "-o", folder / "client", C_CLIENT])
    return [str(folder / "client"), ready["device"], ready["key_file"], "20000000", "10000", "20000", "300"]


def node_client(folder: Path, ready: dict[str, Any]) -> list[str]:
    """The one for Node.js, with its package."""
    import shutil

    shutil.copytree(NODE_CLIENT, folder, dirs_exist_ok=True)
    install = [program("npm"), "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=100)
    return [program("node"), "hello.mjs", ready["device"]]
