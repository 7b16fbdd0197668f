"""The ports of a served pump: what is published, taken, left behind and given back."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import stat
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.errors import UsageError
from hil.server.pump_keys import PumpKeys
from protocol.client import Programmer
from protocol.codes import Answer, Role
from protocol.key_file import load_keys, new_keys
from protocol.security import security_of
from tests.rig.serving import HELLO, connected, hello_answer, run_cli, running, serve, stop_server

READY_KEYS = {
    "ready",
    "profile",
    "name",
    "serial",
    "port",
    "device",
    "bench",
    "token",
    "key_file",
    "grade",
    "balance",
    "capture",
    "state",
    "start",
    "pace",
    "security",
    "pid",
    "count",
    "pumps",
}


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Where the pump is linked."""
    return tmp_path / "pump0"


@pytest.fixture
def pty_server(link: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A pump on a pty, in lock-step."""
    with serve("--port", f"pty:{link}", "--pace", "lock-step") as process:
        yield process
        process.kill()


@pytest.fixture
def tcp_server() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A pump on a free TCP port, in lock-step, with its URL."""
    with serve("--port", "tcp://127.0.0.1:0", "--pace", "lock-step") as process:
        yield process, running(process)["port"]
        process.kill()


class TestReadyLine:
    """The first line on standard output."""

    def test_says_where_the_pump_is(self, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """Every key is there, and the link leads to the device it names."""
        ready = running(pty_server)

        assert ready.keys() == READY_KEYS
        assert ready["port"] == f"pty:{link}"
        assert str(link.readlink()) == ready["device"]
        assert (ready["pid"], ready["security"], ready["start"]) == (pty_server.pid, "secure", "new pump")
        assert ready["key_file"] == f"{link}.key"

    def test_names_the_port_the_system_chose(self, tcp_server: tuple[subprocess.Popen[bytes], str]) -> None:
        """Port 0 becomes a real one."""
        assert int(tcp_server[1].rpartition(":")[2]) > 0

    def test_file_holds_the_same_and_goes_with_the_server(self, link: Path, tmp_path: Path) -> None:
        """--ready-file is whole when the line is out, and removed at the end."""
        path = tmp_path / "ready.json"
        with serve("--port", f"pty:{link}", "--ready-file", str(path)) as process:
            ready = running(process)
            written = json.loads(path.read_text(encoding="utf-8"))
            stop_server(process)

        assert written == ready
        assert not path.exists()

    def test_keys_lie_beside_the_port_and_go_with_the_server(self, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """Each start says on standard error where its programmers' keys are: in a file of its owner's alone, for this run."""
        ready = running(pty_server)
        path = Path(ready["key_file"])
        keys, mode = load_keys(path), stat.S_IMODE(path.stat().st_mode)
        words = stop_server(pty_server)[1]

        assert ([key.role for key in keys], mode) == ([Role.PATIENT, Role.CLINICIAN, Role.SERVICE], 0o600)
        assert f"security secure; the keys of its programmers are in {path}" in words
        assert not any(key.secret.hex() in words + json.dumps(ready) for key in keys)
        assert not path.exists()

    def test_keys_of_a_named_file_stay(self, link: Path, tmp_path: Path) -> None:
        """A file that is not there is made, is there after the server, and is good for the next one."""
        path, found = tmp_path / "ward.key", []
        for _ in range(2):
            with serve("--port", f"pty:{link}", "--pace", "lock-step", "--key-file", str(path)) as process:
                assert running(process)["key_file"] == str(path)
                with Programmer.open(str(link), key_file=path) as programmer:
                    assert programmer.status().boot_count == 1
                stop_server(process)
            found.append(load_keys(path))

        assert found[0] == found[1]

    def test_file_of_somebody_elses_is_left_alone(self, link: Path) -> None:
        """What lies beside the port and was not written by a server is not written over."""
        theirs = link.with_name("pump0.key")
        theirs.write_text("dear diary\n")
        result = run_cli("serve", "itp-40", "--port", f"pty:{link}")

        assert result.returncode == 2
        assert f"{theirs} is there and not ours" in result.stderr.decode()
        assert theirs.read_text() == "dear diary\n"

    def test_keys_of_another_running_pump_stay(self, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """A pump on a serial line of that name would have the same file: it is neither written over nor, by one without keys, removed."""
        path = Path(running(pty_server)["key_file"])
        before = path.read_bytes()
        for security, keys in (("secure", new_keys()), ("no-auth", ())):
            with pytest.raises(UsageError, match="has the keys of another running pump"):
                PumpKeys(None, security_of(security)).publish(keys, f"serial:{link}")
        assert path.read_bytes() == before
        stop_server(pty_server)
        assert not path.exists()

    def test_file_that_came_later_stays(self, link: Path) -> None:
        """A server that ends takes away what it wrote, and nothing that somebody put in its place."""
        with serve("--port", f"pty:{link}", "--pace", "lock-step") as process:
            path = Path(running(process)["key_file"])
            path.with_name("theirs").write_text("theirs")
            path.with_name("theirs").replace(path)
            stop_server(process)

        assert path.read_text() == "theirs"

    def test_warns_of_a_weakness_on_purpose(self, link: Path) -> None:
        """Each start of a pump that proves nothing says so, with where that was seen; it has no key file."""
        with serve("--port", f"pty:{link}", "--pace", "lock-step", "--security", "no-auth") as process:
            ready = running(process)
            with Programmer.open(str(link)) as programmer:
                assert programmer.identity_hello.proof == bytes(16)
            words = stop_server(process)[1]

        assert (ready["security"], ready["key_file"]) == ("no-auth", None)
        assert "security no-auth, a weakness on purpose: whoever reaches the line programs the pump (CVE-2019-10964" in words


class TestPty:
    """pty:PATH."""

    @pytest.mark.skipif(sys.platform != "linux", reason="a living server is told by a name that Linux keeps")
    @pytest.mark.parametrize("scheme", ["", "serial:"])
    def test_port_of_a_running_pump_is_no_serial_line(self, link: Path, pty_server: subprocess.Popen[bytes], scheme: str) -> None:
        """Without `pty:` another server is refused, and the first pump and its keys are as they were."""
        running(pty_server)
        keys = link.with_name("pump0.key").read_bytes()
        result = run_cli("serve", "itp-40", "--port", f"{scheme}{link}")

        assert result.returncode == 2
        assert result.stderr.decode().endswith(
            f"{link}: it is the port of a running pump; to serve another: --port pty:{link.with_name('pump1')}\n"
        )
        assert link.with_name("pump0.key").read_bytes() == keys
        with Programmer.open(str(link)) as programmer:
            assert programmer.identity_hello.proof != bytes(16)

    def test_forgotten_scheme_is_named(self, link: Path) -> None:
        """Where nothing is, nobody has a serial line."""
        result = run_cli("serve", "itp-40", "--port", str(link))

        assert result.returncode == 2
        assert f"No such file or directory; for a pseudo-terminal of that name say --port pty:{link}" in result.stderr.decode()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
    def test_link_goes_with_the_server(self, number: signal.Signals, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """A signal ends the server in good order, without a traceback."""
        running(pty_server)
        code, words = stop_server(pty_server, number)

        assert code == 0
        assert not link.is_symlink()
        assert "Traceback" not in words

    def test_link_of_a_killed_server_is_replaced(self, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """What kill -9 leaves behind is in nobody's way."""
        running(pty_server)
        stop_server(pty_server, signal.SIGKILL)
        assert link.is_symlink()
        with serve("--port", f"pty:{link}", "--pace", "lock-step") as process:
            device = running(process)["device"]

            assert str(link.readlink()) == device
            stop_server(process)

    def test_link_of_a_living_server_is_refused(self, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """A second server leaves the first one's link alone."""
        device = running(pty_server)["device"]
        second = run_cli("serve", "itp-40", "--port", f"pty:{link}")

        assert second.returncode == 2
        assert "running server has this port" in second.stderr.decode()
        assert str(link.readlink()) == device

    def test_other_peoples_files_are_refused(self, link: Path) -> None:
        """A file, or a link to something else, is not overwritten."""
        link.write_text("mine", encoding="utf-8")
        over_file = run_cli("serve", "itp-40", "--port", f"pty:{link}")
        other = link.with_name("other")
        other.symlink_to(link)
        over_link = run_cli("serve", "itp-40", "--port", f"pty:{other}")

        assert (over_file.returncode, over_link.returncode) == (2, 2)
        assert link.read_text(encoding="utf-8") == "mine"

    def test_clients_come_and_go(self, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """One client after another finds the same pump."""
        ready = running(pty_server)
        serials = []
        for _ in range(3):
            with Programmer.open(ready["port"], programmer_id=7) as programmer:
                serials.append(programmer.identity_hello.serial)

        assert serials == [ready["serial"]] * 3

    def test_waits_without_work_while_nobody_is_there(self, link: Path, pty_server: subprocess.Popen[bytes]) -> None:
        """A port that nobody has open costs no processor time, before a client and after one."""
        ready = running(pty_server)
        with Programmer.open(ready["port"], programmer_id=7):
            pass
        before = _processor_ticks(pty_server.pid)
        with pytest.raises(subprocess.TimeoutExpired):
            pty_server.wait(0.5)

        assert _processor_ticks(pty_server.pid) - before <= 5


class TestTcp:
    """tcp://HOST:PORT."""

    def test_second_client_is_told_and_shown_out(self, tcp_server: tuple[subprocess.Popen[bytes], str]) -> None:
        """It gets one PORT_BUSY frame and the end of the stream; the first goes on."""
        url = tcp_server[1]
        with Programmer.open(url, programmer_id=7) as first, connected(url) as second:
            second.sendall(HELLO)
            body = hello_answer(lambda: second.recv(4096))
            rest = second.recv(4096)

            assert (body, rest) == (bytes([Answer.PORT_BUSY]), b"")
            assert first.status().line_errors == 0

    def test_next_client_is_served_when_the_first_has_gone(self, tcp_server: tuple[subprocess.Popen[bytes], str]) -> None:
        """A client that left in the middle of a frame leaves the port free."""
        url = tcp_server[1]
        with connected(url) as rude:
            rude.sendall(HELLO[:9])
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        with Programmer.open(url, programmer_id=7) as programmer:
            assert programmer.identity_hello.model == "ITP-40"

    def test_taken_port_is_one_clear_line(self, tcp_server: tuple[subprocess.Popen[bytes], str]) -> None:
        """Serving where somebody listens is misuse, not a traceback."""
        second = run_cli("serve", "itp-40", "--port", tcp_server[1])

        assert second.returncode == 2
        assert second.stderr.decode().count("\n") == 1
        assert "cannot listen" in second.stderr.decode()


class TestSerial:
    """serial:PATH, with a pty standing in for the UART."""

    def test_serves_a_uart(self) -> None:
        """What comes in on the line is answered on the line."""
        far, near = pty.openpty()
        tty.setraw(near)
        with serve("--port", f"serial:{os.ttyname(near)}", "--pace", "lock-step") as process:
            ready = running(process)
            os.write(far, HELLO)
            body = hello_answer(lambda: os.read(far, 4096))
            stop_server(process)
        os.close(near)
        os.close(far)

        assert body[0] == Answer.OK
        assert ready["serial"].encode() in body

    def test_lost_uart_ends_the_server_with_a_line(self) -> None:
        """When the line itself goes away there is nothing left to serve."""
        far, near = pty.openpty()
        with serve("--port", f"serial:{os.ttyname(near)}", "--pace", "lock-step") as process:
            running(process)
            os.close(near)
            os.close(far)
            _, words = process.communicate(timeout=30)

        assert process.returncode == 1
        assert "is gone" in words.decode()
        assert "Traceback" not in words.decode()

    def test_missing_device_is_one_clear_line(self, tmp_path: Path) -> None:
        """A path that is not there is misuse."""
        result = run_cli("serve", "itp-40", "--port", f"serial:{tmp_path / 'none'}")

        assert result.returncode == 2
        assert "No such file" in result.stderr.decode()


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("itp-4",), "did you mean itp-40?"),
        (("itp-40", "--pace", "fast"), "lock-step, free, or xN"),
        (("itp-40", "--pace", "x0"), "out of range"),
        (("itp-40", "--pace", "x1", "--until", "sound"), "add --pace free"),
        (("itp-40", "--pace", "free", "--until", "alarm:motor_stal"), "did you mean motor_stall?"),
        (("itp-40", "--pace-while-talking", "fast"), "no pace factor"),
        (("itp-40", "--port", "usb:1"), "pty:PATH, tcp://HOST:PORT or serial:PATH"),
        (("itp-40", "--port", "tcp://localhost"), "HOST:PORT"),
        (("itp-40", "--port", "pty:/no/such/folder/pump"), "/no/such/folder"),
        (("itp-40", "--key-file", "/no/such/key"), "choose another place"),
        (("itp-40", "--key-file", "/dev/null"), "do: chmod 600"),
        (("itp-40", "--security", "none"), "there are secure, no-auth"),
    ],
    ids=["profile", "pace", "pace zero", "until", "condition", "talking", "scheme", "address", "folder", "key", "open key", "security"],
)
def test_misuse_is_one_line_that_says_what_to_do(arguments: tuple[str, ...], says: str) -> None:
    """A server that cannot start says why on one line and exits 2."""
    result = run_cli("serve", *arguments)

    assert result.returncode == 2
    assert result.stdout == b""
    assert result.stderr.decode().count("\n") == 1
    assert says in result.stderr.decode()


def _processor_ticks(pid: int) -> int:
    """Processor time a process has used, in clock ticks (a hundredth of a second on Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
