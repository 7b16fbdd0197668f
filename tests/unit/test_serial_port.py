"""Ptys and serial ports: every byte passes, and what is wrong is one line with a cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from protocol.client import Programmer
from protocol.errors import LinkError, LinkLost, PortBusy, PortMissing
from protocol.testing import check_transport
from protocol.transport import open_transport
from protocol.transport.base import REPLY_TIMEOUT_S, SERIAL_REPLY_TIMEOUT_S
from protocol.transport.pty import PtyServer
from protocol.transport.serial_port import UrlTransport


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PtyServer]:
    """A pty under a name of its own."""
    with PtyServer(tmp_path / "pump0") as server:
        yield server


def open_descriptors() -> int:
    """How many descriptors this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


class TestPty:
    def test_keeps_the_conformance(self, server: PtyServer) -> None:
        """Every byte passes in both directions, control characters too."""
        check_transport(open_transport(server.url), server.read, server.write)

    def test_is_a_serial_port_to_others(self, server: PtyServer) -> None:
        """A plain pyserial program opens the link and the device."""
        for name in (str(server.path), server.device):
            with serial.Serial(name, timeout=5) as port:
                port.write(b"\0ping\x03")
                assert server.read() == b"\0ping\x03"
                server.write(b"pong\r\n\0")
                assert port.read(7) == b"pong\r\n\0"

    def test_hears_nothing_while_nobody_is_there(self, server: PtyServer) -> None:
        """No client is no error, before and after one was there."""
        assert server.read() == b""
        open_transport(server.url).close()

        assert server.read() == b""
        assert server.fileno() >= 0

    def test_replaces_a_link_that_was_left_behind(self, tmp_path: Path) -> None:
        """After a crash the name is taken again."""
        (tmp_path / "pump0").symlink_to("/dev/pts/999999")
        with PtyServer(tmp_path / "pump0") as server:
            assert str(server.path.readlink()) == server.device

        assert list(tmp_path.iterdir()) == []

    def test_refuses_a_name_that_is_something_else(self, tmp_path: Path) -> None:
        """No file is overwritten."""
        (tmp_path / "notes").write_text("dear diary")
        with pytest.raises(PortBusy, match="exists and is no link of ours"):
            PtyServer(tmp_path / "notes")

        assert (tmp_path / "notes").read_text() == "dear diary"

    def test_refuses_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        """The cure is in the line, and nothing stays open."""
        before = open_descriptors()
        with pytest.raises(PortMissing, match=r"cannot be made \(No such file or directory\); name a folder"):
            PtyServer(tmp_path / "none" / "pump0")

        assert open_descriptors() == before

    def test_leaves_a_link_that_another_took_over(self, tmp_path: Path) -> None:
        """Closing takes away only what is still ours; closing again does nothing."""
        first = PtyServer(tmp_path / "pump0")
        with PtyServer(tmp_path / "pump0") as second:
            first.close()
            first.close()

            assert str(second.path.readlink()) == second.device

    def test_loses_what_nobody_reads(self, server: PtyServer) -> None:
        """A full line drops bytes and counts them; it does not stop the pump."""
        for _ in range(40):
            server.write(bytes(4096))

        assert server.lost_bytes > 0

    def test_that_went_away_is_a_lost_link(self, server: PtyServer) -> None:
        """A client of a dead server learns it from reading and from writing."""
        transport = open_transport(server.url)
        server.close()
        with pytest.raises(LinkLost, match="start the pump again"):
            transport.read(1.0)
        with pytest.raises(LinkLost, match="start the pump again"):
            transport.write(b"x")
        transport.close()

    def test_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        """A missing port names itself and the cure."""
        with pytest.raises(PortMissing, match=r"pump9: no such port; start one with: pumpsim serve itp-40"):
            open_transport(f"pty:{tmp_path}/pump9")

    def test_is_locked_against_a_second_client(self, server: PtyServer) -> None:
        """Two of our clients do not share a port, unless told to."""
        first = open_transport(server.url)
        with pytest.raises(PortBusy, match="in use by another program"):
            Programmer.open(server.url)
        open_transport(server.url, exclusive=False).close()
        first.close()
        open_transport(server.url).close()

    def test_refuses_what_is_no_terminal(self, tmp_path: Path) -> None:
        """A plain file is no port."""
        (tmp_path / "file").write_text("")
        with pytest.raises(LinkError, match="it is no serial port"):
            open_transport(f"pty:{tmp_path}/file")

    def test_gives_a_simulator_more_time_than_a_real_line(self, server: PtyServer) -> None:
        """The reply time follows what is behind the name, however it was written."""
        for url in (server.url, str(server.path), f"serial:{server.path}"):
            transport = open_transport(url, exclusive=False)
            assert transport.default_reply_timeout_s == REPLY_TIMEOUT_S
            transport.close()

        assert SERIAL_REPLY_TIMEOUT_S < REPLY_TIMEOUT_S

    def test_waits_for_room_when_the_pump_does_not_read(self, server: PtyServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """A line that takes nothing is lost after a while; one that takes again is not."""
        monkeypatch.setattr("protocol.transport.ready._WRITE_PATIENCE_S", 0.0)
        transport = open_transport(server.url)
        with pytest.raises(LinkLost, match="the line takes no bytes"):
            transport.write(bytes(1 << 20))
        assert server.read()
        transport.close()


class TestOpenErrors:
    @pytest.mark.parametrize(
        "error,kind,says",
        [
            pytest.param(serial.SerialException(2, "x"), PortMissing, "no such port", id="missing"),
            pytest.param(serial.SerialException(16, "x"), PortBusy, "in use", id="busy"),
            pytest.param(serial.SerialException(13, "x"), LinkError, "no permission .* dialout", id="permission"),
            pytest.param(serial.SerialException("odd"), LinkError, "it is no serial port", id="other"),
            pytest.param(OSError(22, "bad"), LinkError, r"it cannot be opened \(Invalid argument\)", id="termios"),
        ],
    )
    def test_become_one_line_with_a_cure(self, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[LinkError], says: str) -> None:
        """Whatever pyserial raises, the caller reads what is wrong and what to do."""

        def fail(*_args: object, **_kwargs: object) -> None:
            raise error

        monkeypatch.setattr(serial, "Serial", fail)
        with pytest.raises(kind, match=says):
            open_transport("/dev/ttyUSB9")

    def test_where_there_is_no_descriptor_pyserial_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On Windows a port has no descriptor to poll."""
        loop: Callable[..., object] = lambda *_args, **_kwargs: object()  # noqa: E731  # a stand-in for a class
        monkeypatch.setattr(serial, "Serial", loop)

        transport = open_transport("COM3")
        assert isinstance(transport, UrlTransport)
        assert transport.default_reply_timeout_s == SERIAL_REPLY_TIMEOUT_S
