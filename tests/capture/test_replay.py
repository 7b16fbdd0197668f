"""`pumpsim replay`: a recorded session against the same pump, against another one, with a bench and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hil.faults.wire_faults import TO_HOST
from hil.parity.page import render_page
from hil.parity.pump_to_replay import Asked, find_pump
from hil.parity.recording import load_recording
from hil.parity.replay import Parity, replay
from hil.parity.rewriting import KeyChain
from hil.rig import Rig
from tests.capture.sessions import served, visit
from tests.golden.session import FILES, SEED
from tests.rig.serving import run_cli

GOLDEN = FILES["secure"]
SAME = f"pumpsim://itp-40?seed={SEED}"
BENCHED = ("--seed", str(SEED), "--pace", "lock-step", "--bench", "http")
CHANGED = "extends: itp-40\nbolus:\n  bolus_nl_max: {value: 4_000_000, provenance: assumed}\n"


def replayed(file: Path, *options: str, cwd: Path | None = None, code: int = 0) -> dict[str, Any]:
    """The report that `pumpsim replay --json` prints; it must end with this code."""
    done = run_cli("replay", str(file), "--json", *options, cwd=cwd)
    assert done.returncode == code, (done.stdout[-2_000:], done.stderr)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def parity(file: Path, port: str = "", *, another_unit: bool = False) -> Parity:
    """The comparison with a pump in this process."""
    recording = load_recording(str(file))
    end, keys = find_pump(Asked(port), recording)
    return replay(recording, end, KeyChain(keys, keys), tolerance_us=0, another_unit=another_unit)


class TestSamePump:
    """No difference."""

    @pytest.mark.parametrize("security", FILES)
    @pytest.mark.parametrize("port", ["", SAME], ids=["as recorded", "named"])
    def test_golden_session_has_no_difference(self, security: str, port: str) -> None:
        """The golden session, played to the pump that it describes, is the same to the microsecond and to the byte."""
        report = replayed(FILES[security], *(["--port", f"{port}&security={security}"] if port else []))

        assert report["verdict"] == "same"
        assert report["differences"] == report["profile_changes"] == []
        assert all(exchange["byte_for_byte"] for exchange in report["exchanges"])
        assert [run["raw"] for each in report["exchanges"] for run in each["recorded"]] == [
            run["raw"] for each in report["exchanges"] for run in each["replayed"]
        ]

    def test_served_pump_with_a_bench(self, tmp_path: Path) -> None:
        """A new pump of a server with keys of its own answers the same; nonces, proofs and MACs are listed as expected."""
        ready_file = tmp_path / "ready.json"
        with served("--port", f"pty:{tmp_path}/pump", *BENCHED, "--ready-file", str(ready_file)) as (_, ready):
            golden_keys = tmp_path / "golden.key"
            _write_keys(golden_keys)
            report = replayed(GOLDEN, "--ready-file", str(ready_file), "--recorded-key-file", str(golden_keys))

        assert report["verdict"] == "same"
        assert {each["field"] for each in report["expected"]} == {"pump_nonce", "proof", "MAC"}
        assert report["timing"]["same_instants"] is True
        assert report["pump"]["port"] == ready["port"]

    @pytest.mark.parametrize("port", ["pty:{folder}/pump", "tcp://127.0.0.1:0"], ids=["pty", "tcp"])
    def test_recorded_live_and_played_to_the_model(self, port: str, tmp_path: Path) -> None:
        """What a server and a client captured of a live session at x1 both play without a difference to a new pump."""
        server, client = tmp_path / "s.pcapng", tmp_path / "c.pcapng"
        with served("--port", port.format(folder=tmp_path), "--seed", "5", "--capture", str(server)) as (_, ready):
            visit(ready, capture=client)

        assert replayed(server)["verdict"] == "same"
        assert replayed(client, "--port", "pumpsim://itp-40?seed=5")["verdict"] == "same"

    def test_line_without_a_bench(self, tmp_path: Path) -> None:
        """A pump that is only reached over its line is played to by the wall clock, and its answers are the same."""
        client = tmp_path / "c.pcapng"
        for again in (False, True):
            options = ["--port", f"pty:{tmp_path}/pump{again}", "--seed", "5", "--pace", "lock-step"]
            with served(*options) as (_, ready):
                if not again:
                    visit(ready, capture=client)
                else:
                    report = replayed(client, "--port", ready["port"], "--pace", "x0", "--tolerance", "5000")
                    assert report["verdict"] == "same"
                    assert report["timing"]["moved_by"] == "wall clock"

    def test_played_twice(self) -> None:
        """One pump after the other gets the session with the next numbers: sessions differ, as expected, and are sent mapped."""
        recording = load_recording(str(GOLDEN))
        end, keys = find_pump(Asked(), recording)
        replay(recording, end, KeyChain(keys, keys), tolerance_us=0)
        second = replay(recording, end, KeyChain(keys, keys), tolerance_us=0, another_unit=True)

        hello = second.exchanges[1]
        assert [each.field for each in hello.differences if each.expected] >= ["session"]
        assert second.exchanges[2].sent != second.exchanges[2].asked.reading.raw
        assert second.exchanges[2].replayed[0].reading.answer is second.exchanges[2].recorded[0].reading.answer


class TestOtherPump:
    """The first difference, and why."""

    def test_one_number_of_the_profile(self, tmp_path: Path) -> None:
        """Against a pump with one number changed the report names the first field, both values, and that number."""
        (tmp_path / "changed.yaml").write_text(CHANGED)
        report = replayed(GOLDEN, "--port", f"pumpsim://./changed.yaml?seed={SEED}", cwd=tmp_path, code=1)

        assert report["profile_changes"] == [{"path": "bolus.bolus_nl_max", "recorded": 5_000_000, "replayed": 4_000_000}]
        first = report["first"]
        assert (first["name"], first["field"], first["recorded"], first["replayed"]) == (
            "INTERROGATE",
            "limits[0].bolus_nl_max",
            "5 mL",
            "4 mL",
        )
        assert "bolus.bolus_nl_max, 5 mL recorded and 4 mL here" in first["why"]

    @pytest.mark.parametrize(
        ("section", "number", "value", "field"),
        [
            ("clock", "drift_ppm", 45, "clock_us"),
            ("alarm", "stopped_too_long_s", 1_800, "alarms"),
            ("bolus", "lockout_s_min", 900, "limits[0].lockout_s_min"),
            ("catheter", "tubing_nl", 150_000, "tubing_nl"),
            ("motor", "step_nl", 200, "steps"),
        ],
    )
    def test_any_number_that_shows(self, section: str, number: str, value: int, field: str, tmp_path: Path) -> None:
        """Each number that the session can show is found by its first effect, and named as the reason."""
        path = tmp_path / "changed.yaml"
        path.write_text(f"extends: itp-40\n{section}:\n  {number}: {{value: {value}, provenance: assumed}}\n")
        found = parity(GOLDEN, f"pumpsim://{path}?seed={SEED}")

        assert found.first is not None
        assert f"{section}.{number}" in found.first.why
        assert found.first.difference.field.endswith(field) or field in {each.difference.field for each in found.found}

    def test_number_that_does_not_show(self, tmp_path: Path) -> None:
        """A number that the session does not show makes no difference, and is told all the same."""
        path = tmp_path / "changed.yaml"
        path.write_text("extends: itp-40\nreservoir:\n  residual_nl: {value: 1_500_000, provenance: assumed}\n")
        done = run_cli("replay", str(GOLDEN), "--port", f"pumpsim://{path}?seed={SEED}")

        assert done.returncode == 0
        assert b"no difference, though the profiles differ in 1 number" in done.stdout

    def test_another_unit(self) -> None:
        """A unit of another seed is another unit: named as the reason, and with --another-unit taken for granted."""
        strict, lenient = (
            replayed(GOLDEN, "--port", "pumpsim://itp-40?seed=9", *more, code=code) for more, code in (([], 1), (["--another-unit"], 0))
        )

        assert strict["first"]["field"] == "serial"
        assert "--another-unit" in strict["first"]["why"]
        assert "serial" in {each["field"] for each in lenient["expected"]}

    def test_pump_with_a_past(self, tmp_path: Path) -> None:
        """Played with --another-unit to a pump that has been used, command ids and generations are counted from where it stands."""
        session, ready_file = tmp_path / "c.pcapng", tmp_path / "r"
        with served("--port", f"pty:{tmp_path}/a", *BENCHED, "--capture", str(session)) as (_, ready):
            _commands(ready)
        with served("--port", f"pty:{tmp_path}/b", *BENCHED, "--ready-file", str(ready_file)) as (_, ready):
            _commands(ready)
            _commands(ready)
            report = replayed(session, "--ready-file", str(ready_file), "--another-unit", code=1)

        ids = [each for each in report["expected"] if "command ids" in each["why"]]
        assert ids
        refused = [each for each in report["differences"] if each["field"] == "answer"]
        assert not refused

    def test_late_answers(self, tmp_path: Path) -> None:
        """A pump whose answers come 100 ms later is waited for; the time to an answer is the first difference."""
        ready_file = tmp_path / "r"
        with served("--port", f"pty:{tmp_path}/pump", *BENCHED, "--ready-file", str(ready_file)) as (_, ready):
            with Rig.connect(ready) as rig:
                rig.bench.inject("answer.late", delay_us=100_000)
            report = replayed(GOLDEN, "--ready-file", str(ready_file), code=1)

        assert (report["first"]["name"], report["first"]["field"], report["first"]["recorded"]) == ("HELLO", "time to answer", "0.000 ms")
        assert 100_000 <= report["timing"]["apart_us_max"] < 130_000
        assert not [each for each in report["differences"] if each["replayed"] == "none came"]

    def test_silence(self, tmp_path: Path) -> None:
        """An answer that never comes is a difference, and the session goes on."""
        ready_file = tmp_path / "r"
        with served("--port", f"pty:{tmp_path}/pump", *BENCHED, "--ready-file", str(ready_file)) as (_, ready):
            with Rig.connect(ready) as rig:
                rig.bench.inject("link.drop", direction=TO_HOST, at_frames="3")
            report = replayed(GOLDEN, "--ready-file", str(ready_file), code=1)

        assert (report["first"]["exchange"], report["first"]["field"], report["first"]["replayed"]) == (4, "answer", "none came")
        assert report["exchanges"][-1]["replayed"]

    def test_recorded_pump_stood_still(self, tmp_path: Path) -> None:
        """A client's recording of a pump whose time did not run with the wall clock says so where clocks differ."""
        session = tmp_path / "c.pcapng"
        with served("--port", f"pty:{tmp_path}/pump", *BENCHED) as (_, ready), Rig.connect(ready) as rig:
            visit(ready, capture=session)
            rig.bench.advance(minutes=10)
            visit(ready, capture=session)
        report = replayed(session, "--port", SAME, code=1)

        assert "did not run with the wall clock" in report["first"]["why"]

    def test_other_security(self) -> None:
        """A session without proofs, played to a pump that wants them, is different from the start, and the reason is told."""
        report = replayed(FILES["no-auth"], "--port", SAME, code=1)

        assert (report["first"]["name"], report["first"]["field"]) == ("HELLO", "answer")
        assert "recorded under security no-auth, played under secure" in report["first"]["why"]

    def test_other_key(self, tmp_path: Path) -> None:
        """With keys that are not the pump's, the first difference is its proof."""
        _write_keys(tmp_path / "other.key", seed=99)
        with served(
            "--port",
            f"pty:{tmp_path}/pump",
            "--seed",
            str(SEED),
            "--pace",
            "lock-step",
            "--bench",
            "http",
            "--ready-file",
            str(tmp_path / "r"),
        ):
            report = replayed(GOLDEN, "--ready-file", str(tmp_path / "r"), "--key-file", str(tmp_path / "other.key"), code=1)

        assert report["first"]["field"] == "proof"


class TestUse:
    """Asked in a way that cannot be done."""

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--port", "pty:./none"], "no such port"),
            (["--run", "7"], "no run 7"),
            (["--pace", "fast"], "unknown pace"),
            (["--port", "pumpsim://itp-99"], "itp-99"),
        ],
    )
    def test_is_told_in_one_line(self, options: list[str], words: str, tmp_path: Path) -> None:
        """One line, exit code 2."""
        done = run_cli("replay", str(GOLDEN), *options, cwd=tmp_path)

        assert done.returncode == 2
        assert words in done.stderr.decode()
        assert done.stderr.decode().count("\n") == 1

    def test_capture_without_a_pump(self, tmp_path: Path) -> None:
        """What a client captured does not say which pump it was: one has to be named."""
        with served("--port", f"pty:{tmp_path}/pump") as (_, ready):
            visit(ready, capture=tmp_path / "c.pcapng")
        done = run_cli("replay", str(tmp_path / "c.pcapng"))

        assert done.returncode == 2
        assert b"name the pump to play it to: --port URL" in done.stderr


class TestPage:
    """The report as a page."""

    def test_is_self_contained_and_says_it_all(self, tmp_path: Path) -> None:
        """The page names verdict, first difference, both values and the number, and asks the network for nothing."""
        path = tmp_path / "changed.yaml"
        path.write_text(CHANGED)
        page = render_page(parity(GOLDEN, f"pumpsim://{path}?seed={SEED}"))

        for words in ("5 differences in 5 of", "limits[0].bolus_nl_max", "5 mL", "4 mL", "bolus.bolus_nl_max", "default-src 'none'"):
            assert words in page.replace("&#39;", "'")
        assert "http://" not in page
        assert "https://" not in page
        assert "<script" not in page

    def test_hostile_text_is_text(self, tmp_path: Path) -> None:
        """What a capture tells of itself cannot put markup into the page."""
        file = tmp_path / "<img src=x>.pcapng"
        file.write_bytes(GOLDEN.read_bytes())
        page = render_page(parity(file))

        assert "No difference in" in page
        assert "<img" not in page

    def test_is_written_beside_the_lines(self, tmp_path: Path) -> None:
        """--report leaves the page and says where."""
        done = run_cli("replay", str(GOLDEN), "--report", "out/parity.html", cwd=tmp_path)

        assert done.returncode == 0
        assert b"no difference\nreport: out/parity.html" in done.stdout
        assert (tmp_path / "out" / "parity.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def _write_keys(path: Path, seed: int = SEED) -> None:
    """The keys of a pump that nobody gave any."""
    from protocol.key_file import seed_keys, write_keys

    write_keys(path, seed_keys(seed))


def _commands(ready: dict[str, Any]) -> None:
    """Fill, program, give a bolus to its end."""
    from tests.rig.serving import therapy

    with Rig.connect(ready) as rig:
        rig.bench.advance(minutes=1)
        rig.programmer.refill(20_000_000, 0, 1, 500_000)
        rig.programmer.update(therapy())
        rig.programmer.bolus(20_000, 10_000, 600)
        rig.bench.advance(minutes=20)
        rig.programmer.status()
