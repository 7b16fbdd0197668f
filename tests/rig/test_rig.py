"""Rig: a pump, a programmer and a bench in one line; and nothing left behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hil.errors import BenchError, HilError, UsageError
from hil.rig import Rig
from protocol.errors import Busy, LinkLost, NoAnswer, PortMissing
from tests.rig.serving import FILL_NL, PROGRAMMER, filled, running, serve, stop_server


def url_of(kind: str, folder: Path) -> str:
    """A URL for each way to open a rig."""
    return {"memory": "pumpsim://itp-40?seed=1", "pty": f"pty:{folder / 'pump'}", "tcp": "tcp://127.0.0.1:0"}[kind]


@pytest.mark.parametrize("kind", ["memory", "pty", "tcp"])
class TestOpen:
    """The same on every transport."""

    def test_programmer_and_bench_meet_the_same_pump(self, kind: str, tmp_path: Path) -> None:
        """What the client is told is what the bench sees."""
        with Rig.open(url_of(kind, tmp_path), seed=1, programmer=PROGRAMMER) as rig:
            programmer = filled(rig)
            rig.bench.advance(days=3)

            assert programmer.interrogate().condition.computed_reservoir_nl == rig.bench.status()["computed_reservoir_nl"] < FILL_NL

    def test_second_programmer_after_the_first(self, kind: str, tmp_path: Path) -> None:
        """Close one, open another: commands go on where the first left off."""
        with Rig.open(url_of(kind, tmp_path), seed=1, programmer=PROGRAMMER) as rig:
            filled(rig).close()
            second = rig.another_programmer(programmer_id=8)
            second.bolus(20_000, 10_000, 600)

            assert rig.bench.status()["bolus"]["command_id"] == 3

    def test_lost_answer_is_waited_for_in_virtual_time(self, kind: str, tmp_path: Path) -> None:
        """A pump without power answers nothing: the reply timer runs on the bench, and no wall time passes."""
        with Rig.open(url_of(kind, tmp_path), seed=1, programmer={**PROGRAMMER, "reply_timeout_s": 3600.0}) as rig:
            programmer = filled(rig)
            before_us = rig.bench.now_us()
            rig.bench.power_cut(off_s=86_400)
            with pytest.raises(NoAnswer):
                programmer.stop()

            assert rig.bench.now_us() - before_us >= 3_600_000_000

    def test_pump_back_in_power_answers_a_resend(self, kind: str, tmp_path: Path) -> None:
        """The supply comes back while the client waits: its resend meets the self-test and is certainly not done; asked anew, it is."""
        with Rig.open(url_of(kind, tmp_path), seed=1, programmer=PROGRAMMER) as rig:
            programmer = filled(rig)
            rig.bench.power_cut(off_s=1)
            with pytest.raises(Busy) as caught:
                programmer.bolus(20_000, 10_000, 600)
            rig.bench.advance(us=caught.value.until_us - programmer.status().device_us)
            assert (rig.bench.status()["bolus_nl"], programmer.open_command_id) == (0, None)
            programmer.bolus(20_000, 10_000, 600)
            rig.bench.advance(hours=1)

            assert rig.bench.status()["bolus_nl"] == 20_000


class TestLeavesNothing:
    """Ports and processes end with the rig."""

    def test_link_and_process_are_gone(self, tmp_path: Path) -> None:
        """After the context there is no link, and nobody has the process id."""
        link = tmp_path / "pump"
        with Rig.open(f"pty:{link}") as rig:
            pid = int((rig.ready or {})["pid"])
            assert link.is_symlink()

        assert not link.is_symlink()
        assert not Path(f"/proc/{pid}").exists()

    def test_also_after_an_error_inside(self, tmp_path: Path) -> None:
        """A test that fails in the middle leaves nothing either."""
        link = tmp_path / "pump"
        with pytest.raises(BenchError), Rig.open(f"pty:{link}", programmer=PROGRAMMER) as rig:
            rig.bench.call("nonsense")

        assert not link.is_symlink()

    def test_server_that_does_not_start_says_why(self, tmp_path: Path) -> None:
        """Its own words come out of Rig.open."""
        with pytest.raises(HilError, match="did you mean itp-40"):
            Rig.open(f"pty:{tmp_path / 'pump'}", profile="itp-4")

    def test_killed_server_is_an_error_not_a_hang(self, tmp_path: Path) -> None:
        """Client and bench both say that the other side is gone."""
        rig = Rig.open(f"pty:{tmp_path / 'pump'}", programmer=PROGRAMMER)
        programmer = rig.programmer
        subprocess.run(["kill", "-9", str((rig.ready or {})["pid"])], check=True)
        with pytest.raises(BenchError, match="ended"):
            rig.bench.advance(hours=1)
        with pytest.raises(LinkLost):
            programmer.status()
        rig.close()

    @pytest.mark.parametrize(
        "url", ["pumpsim://", "pumpsim://itp-40?speed=1", "pumpsim://itp-40?seed=x", "pumpsim://itp-40/x", "pumpsim://itp-40?pace=fast"]
    )
    def test_url_that_names_no_pump_is_misuse(self, url: str) -> None:
        """It says how to write one."""
        with pytest.raises(UsageError):
            Rig.open(url)


class TestConnect:
    """A server that runs already."""

    def test_by_ready_line_or_file(self, tmp_path: Path) -> None:
        """Mapping, text and file lead to the same pump."""
        path = tmp_path / "ready.json"
        with serve("--port", "tcp://127.0.0.1:0", "--ready-file", str(path)) as process:
            ready = running(process)
            serials = []
            for source in (ready, json.dumps(ready), path):
                with Rig.connect(source, programmer=PROGRAMMER) as rig:
                    serials.append(rig.programmer.identity_hello.serial)
            stop_server(process)

        assert serials == [ready["serial"]] * 3

    def test_bench_out_of_reach_says_so(self) -> None:
        """A bench on somebody else's pipe cannot be called."""
        with Rig.connect({"ready": True, "port": "tcp://127.0.0.1:9"}) as rig, pytest.raises(BenchError, match="standard input"):
            rig.bench.now_us()

    def test_missing_port_is_one_error(self, tmp_path: Path) -> None:
        """Where nobody serves there is no port."""
        with Rig.connect({"ready": True, "port": f"pty:{tmp_path / 'none'}"}) as rig, pytest.raises(PortMissing):
            rig.programmer.status()

    def test_server_that_goes_away_is_a_lost_link(self, tmp_path: Path) -> None:
        """A client in the middle of its work is told that the line is gone."""
        with serve("--port", f"pty:{tmp_path / 'pump'}") as process:
            rig = Rig.connect(running(process), programmer=PROGRAMMER)
            rig.programmer.status()
            stop_server(process)
            with pytest.raises(LinkLost):
                rig.programmer.status()
            rig.close()

    @pytest.mark.parametrize("source", ["{}", "{", "/no/such/file", "[]"])
    def test_what_is_no_ready_line_is_misuse(self, source: str) -> None:
        """It says where to find one."""
        with pytest.raises(UsageError, match="pumpsim serve"):
            Rig.connect(source)
