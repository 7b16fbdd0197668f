"""TCP: the client's end, and the frame that a server sends to a second client before it hangs up."""

from __future__ import annotations

import socket

from protocol.codes import Answer
from protocol.errors import LinkError, PortMissing
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.transport.base import REPLY_TIMEOUT_S
from protocol.transport.ready import ReadyTransport

__all__ = ["TcpTransport", "port_busy_frame", "split_address"]

_CONNECT_TIMEOUT_S = 5.0


class TcpTransport(ReadyTransport):
    """A connected socket."""

    def __init__(self, address: str) -> None:
        """Connect to HOST:PORT. Raises PortMissing, LinkError."""
        self._socket = _connect(address)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(self._socket.fileno(), f"tcp://{address}", REPLY_TIMEOUT_S)

    def _release(self) -> None:
        self._socket.close()

    def _receive(self) -> bytes:
        return self._socket.recv(4096)

    def _put(self, data: bytes) -> int:
        return self._socket.send(data)


def split_address(address: str, scheme: str = "tcp") -> tuple[str, int]:
    """HOST and PORT; [::1]:5000 for IPv6. Raises LinkError, which names the scheme."""
    host, _, port = address.rstrip("/").rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise LinkError(f"{scheme}://{address}: no HOST:PORT; for example {scheme}://127.0.0.1:5600")
    return host.strip("[]"), int(port)


def port_busy_frame() -> bytes:
    """What a second client is told: an answer to nothing, PORT_BUSY."""
    return encode_frame(Frame(0, 0, 0, bytes((Answer.PORT_BUSY,)), ANSWER))


def _connect(address: str) -> socket.socket:
    try:
        return socket.create_connection(split_address(address), _CONNECT_TIMEOUT_S)
    except OSError as error:
        raise PortMissing(
            f"tcp://{address}: cannot connect ({error.strerror or error}); start one with: pumpsim serve itp-40 --port tcp://{address}"
        ) from None
