"""Ports that are not there, are taken, or go away: one line that says what and where, and the pump on the other side unharmed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from protocol.client import Programmer
from protocol.errors import LinkError, LinkLost, PortBusy, PortMissing


def free_port() -> int:
    """A TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def missing(tmp_path: Path) -> dict[str, str]:
    """A URL of each kind that leads nowhere."""
    nowhere = tmp_path / "nowhere"
    return {"pty": f"pty:{nowhere}", "bare path": str(nowhere), "serial": f"serial:{nowhere}", "tcp": f"tcp://127.0.0.1:{free_port()}"}


@pytest.fixture(params=["pty", "tcp"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    """A served pump on either kind of port."""
    port = f"pty:{tmp_path / 'pump'}" if request.param == "pty" else "tcp://127.0.0.1:0"
    with ServerProcess("itp-40", ["--port", port, "--seed", "1", "--pace", "lock-step"]) as process:
        yield process


@pytest.mark.parametrize("kind", ["pty", "bare path", "serial", "tcp"])
def test_port_that_is_missing_is_named_in_one_line(kind: str, missing: dict[str, str]) -> None:
    """Whatever the transport, the error says which port and what to do, in one line."""
    with pytest.raises(PortMissing) as wrong:
        Programmer.open(missing[kind], programmer_id=1)

    said = str(wrong.value)
    assert missing[kind].removeprefix("pty:").removeprefix("serial:").removeprefix("tcp://") in said
    assert "\n" not in said


def test_second_client_is_told_that_the_port_is_busy(server: ServerProcess) -> None:
    """While one client has the port another is turned away at once, and the first one notices nothing."""
    with Programmer.open(server.ready["port"], programmer_id=1) as first:
        with pytest.raises(PortBusy) as busy:
            Programmer.open(server.ready["port"], programmer_id=2)
        status = first.status()

    assert "\n" not in str(busy.value)
    assert status.line_errors == 0


def test_peer_that_goes_away_is_noticed_at_the_next_request(server: ServerProcess) -> None:
    """When the server dies the client's next request ends in one line, not in a traceback of the operating system."""
    programmer = Programmer.open(server.ready["port"], programmer_id=1, reply_timeout_s=0.2)
    server.process.kill()
    server.process.wait()

    with pytest.raises(LinkError) as lost:
        programmer.status()

    assert isinstance(lost.value, LinkLost)
    assert "\n" not in str(lost.value)
    programmer.close()


def test_unknown_kind_of_port_is_refused_with_its_name() -> None:
    """A scheme that nobody registered is one clear line."""
    with pytest.raises(LinkError) as wrong:
        Programmer.open("carrier-pigeon://loft", programmer_id=1)

    assert "carrier-pigeon" in str(wrong.value)
    assert "\n" not in str(wrong.value)
