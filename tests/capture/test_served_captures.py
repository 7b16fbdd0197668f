"""Captures of real processes: on ptys and TCP, killed, gone on with, of several pumps, and read by the real tshark."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hil.faults.wire_faults import TO_PUMP
from hil.instruments.line_capture import LineCapture
from hil.instruments.tapped_transport import TappedTransport
from hil.rig import Rig
from protocol.client import Programmer
from protocol.transport import open_transport
from tests.capture.sessions import items, joined, packets, runs, sections, served, tshark, visit
from tests.rig.serving import run_cli, running, stop_server

PORTS = ["pty:{folder}/pump", "tcp://127.0.0.1:0"]
NEEDS_TSHARK = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


class TestServer:
    """`pumpsim serve --capture`."""

    @pytest.mark.parametrize("port", PORTS, ids=["pty", "tcp"])
    def test_killed_server_leaves_all_that_passed(self, port: str, tmp_path: Path) -> None:
        """After SIGKILL in the middle of a session the file is whole, and has exactly what the client has sent and got."""
        server, client = tmp_path / "server.pcapng", tmp_path / "client.pcapng"
        with served("--port", port.format(folder=tmp_path), "--capture", str(server)) as (process, ready):
            programmer = Programmer.open(ready["port"], key_file=ready["key_file"], capture=client)
            programmer.interrogate()
            programmer.transport.write(b"\x03ab")  # half a frame is on its way
            process.kill()
            process.wait()
            programmer.transport.close()

        assert runs(server) == runs(client)[: len(runs(server))]
        assert runs(client)[len(runs(server)) :] == [("host", b"\x03ab")]

    def test_second_run_goes_into_the_same_file(self, tmp_path: Path) -> None:
        """A server that is started again adds a run of its own, which says that its pump is the same one."""
        path = tmp_path / "a.pcapng"
        for _ in range(2):
            with served("--port", "tcp://127.0.0.1:0", "--capture", str(path), "--state", str(tmp_path / "state")) as (process, ready):
                visit(ready)
                process.send_signal(signal.SIGKILL)
                process.wait()

        first, second = sections(path)
        assert first.facts["serial"] == second.facts["serial"]
        assert (first.facts["new"], second.facts["new"]) == (True, False)
        assert {packet.section for packet in packets(path)} == {1, 2}

    def test_each_pump_has_its_own(self, tmp_path: Path) -> None:
        """Two pumps of one process are captured apart."""
        one, other = tmp_path / "one.pcapng", tmp_path / "other.pcapng"
        another = f"itp-20 --port tcp://127.0.0.1:0 --seed 2 --capture {other} --pace lock-step"
        with served("--port", "tcp://127.0.0.1:0", "--capture", str(one), "--and", another) as (_, ready):
            for pump in ready["pumps"]:
                visit(pump)
            said = [pump["capture"] for pump in ready["pumps"]]

        assert said == [str(one), str(other)]
        assert [sections(path)[0].facts["profile"] for path in (one, other)] == ["itp-40", "itp-20"]
        assert len(packets(one)) == len(packets(other)) > 10

    def test_file_in_use_is_refused(self, tmp_path: Path) -> None:
        """A second server does not write into a file that a first one writes, nor into one that is no capture."""
        path = tmp_path / "a.pcapng"
        with served("--port", "tcp://127.0.0.1:0", "--capture", str(path)):
            busy = run_cli("serve", "itp-40", "--port", "tcp://127.0.0.1:0", "--capture", str(path))
        other = tmp_path / "letter.txt"
        other.write_text("dear reader")
        strange = run_cli("serve", "itp-40", "--port", "tcp://127.0.0.1:0", "--capture", str(other))

        assert (busy.returncode, strange.returncode) == (2, 2)
        assert b"another process is writing to it" in busy.stderr
        assert b"does not begin as a capture" in strange.stderr
        assert other.read_text() == "dear reader"

    def test_full_disk_ends_the_capture_only(self, tmp_path: Path) -> None:
        """Where the file takes no more, the pump is served on, one line says so, and what was written is whole."""
        path = tmp_path / "a.pcapng"
        command = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from hil.cli import main; main()"
        arguments = ["serve", "itp-40", "--port", "tcp://127.0.0.1:0", "--capture", str(path)]
        process = subprocess.Popen(
            [sys.executable, "-c", command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000)),  # noqa: PLW1509  # no threads here
        )
        ready = running(process)
        visit(ready)
        visit(ready)
        code, words = stop_server(process)

        assert code == 0
        assert words.count("the capture ends here") == 1
        assert 4 < len(packets(path)) < 20

    def test_both_ends_show_the_faults_between(self, tmp_path: Path) -> None:
        """With --capture-ends both, a byte that the line bends is right at the host's end and wrong at the pump's."""
        path = tmp_path / "a.pcapng"
        options = ["--port", "tcp://127.0.0.1:0", "--pace", "lock-step", "--bench", "http"]
        with served(*options, "--capture", str(path), "--capture-ends", "both") as (_, ready), Rig.connect(ready) as rig:
            rig.programmer.status()
            rig.bench.inject("link.flip", direction=TO_PUMP, at_bytes="9")
            rig.programmer.status()

        ends = {number: [(p.sender, p.raw) for p in packets(path) if p.interface == number] for number in (0, 1)}
        host, pump = (joined(ends[number], "host") for number in (0, 1))
        assert sum(one != other for one, other in zip(host, pump, strict=True)) == 1
        assert joined(ends[0], "pump") == joined(ends[1], "pump")


class TestClient:
    """`pumpsim program --capture`, and `Programmer.open(capture=...)`."""

    def test_actions_one_after_another(self, tmp_path: Path) -> None:
        """Each action is a run in the same file; the client and the server have seen the same bytes, in the same directions."""
        client, server = tmp_path / "c.pcapng", tmp_path / "s.pcapng"
        with served("--port", f"pty:{tmp_path}/pump", "--capture", str(server)) as (_, ready):
            for action in (["status"], ["interrogate"], ["stop"]):
                done = run_cli("program", ready["port"], *action, "--capture", str(client))
                assert done.returncode == 0, done.stderr

        assert len(sections(client)) == 3
        assert runs(client) == runs(server)
        assert {section.facts["clock"] for section in sections(client)} == {"wall"}

    def test_file_that_cannot_be_written(self, tmp_path: Path) -> None:
        """A capture that cannot be had is an error of use, and nothing is sent."""
        done = run_cli("program", "pumpsim://itp-40", "status", "--capture", str(tmp_path / "none" / "a.pcapng"))

        assert done.returncode == 2
        assert done.stderr.decode().count("\n") == 1
        assert b"choose another place" in done.stderr


class TestTap:
    """A tap of one's own, on the host's side of a line."""

    def test_tap_is_captured_at_both_ends(self, tmp_path: Path) -> None:
        """What the tap does to the bytes is seen between its two ends."""
        path = tmp_path / "a.pcapng"
        with served("--port", "tcp://127.0.0.1:0") as (_, ready):
            transport = TappedTransport(open_transport(ready["port"]))
            capture = LineCapture(path, lambda: 0, port=ready["port"], facts={}, tap=transport.tap)
            with Programmer.over(transport, key_file=ready["key_file"]) as programmer:
                transport.inject("link.duplicate", direction=TO_PUMP, at_frames="1")
                programmer.status()
            capture.close()

        counts = [sum(p.interface == end and p.sender == "host" for p in packets(path)) for end in (0, 1)]
        assert counts[1] == counts[0] + 1


@NEEDS_TSHARK
class TestTshark:
    """The real tshark."""

    def test_reads_what_we_wrote(self, tmp_path: Path) -> None:
        """Numbers, lengths, times, directions and bytes are the same in tshark as in our reader, over two runs in one file."""
        path = tmp_path / "a.pcapng"
        for port in PORTS:
            with served("--port", port.format(folder=tmp_path), "--capture", str(path)) as (process, ready):
                visit(ready)
                os.kill(process.pid, signal.SIGKILL)
                process.wait()

        rows = tshark(path, "frame.number", "frame.len", "frame.time_epoch", "frame.packet_flags_direction", "frame.encap_type")
        ours = packets(path)
        assert len(rows) == len(ours)
        for row, packet in zip(rows, ours, strict=True):
            direction = {"host": 2, "pump": 1}[packet.sender]
            assert (int(row[0]), int(row[1]), int(row[3], 16)) == (packet.number, len(packet.raw), direction)
            assert round(float(row[2]) * 1_000_000) == packet.at_us
        assert {row[4] for row in rows} == {"45"}  # USER0 in Wireshark's own numbering

    def test_what_tshark_writes_is_read(self, tmp_path: Path) -> None:
        """A capture that tshark has filtered and written keeps its directions and what it tells of itself."""
        path, part = tmp_path / "a.pcapng", tmp_path / "part.pcapng"
        with served("--port", "tcp://127.0.0.1:0", "--capture", str(path)) as (_, ready):
            visit(ready)
        subprocess.run(["tshark", "-r", str(path), "-Y", "frame.len > 1", "-w", str(part)], check=True, capture_output=True, timeout=60)

        assert runs(part) == [run for run in runs(path) if len(run[1]) > 1]
        assert sections(part)[0].facts == sections(path)[0].facts


@pytest.mark.parametrize("ends", ["host", "both"])
def test_keys_are_in_no_capture(ends: str, tmp_path: Path) -> None:
    """No key of a programmer is in a capture, as bytes or as text."""
    path, keys = tmp_path / "a.pcapng", tmp_path / "keys"
    with served("--port", "tcp://127.0.0.1:0", "--key-file", str(keys), "--capture", str(path), "--capture-ends", ends) as (_, ready):
        visit(ready, capture=tmp_path / "c.pcapng")
        secrets = [line.split()[-1] for line in keys.read_text().splitlines() if not line.startswith("#")]

    content = path.read_bytes() + (tmp_path / "c.pcapng").read_bytes()
    assert items(path)
    assert secrets
    assert not any(secret.encode() in content or bytes.fromhex(secret) in content for secret in secrets)
