"""tcp://HOST:PORT, one client at a time. A second one is told PORT_BUSY in one frame and shown the door."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, ClassVar

from hil.errors import UsageError
from hil.ports.base import READ_BYTES_MAX, Port
from hil.system.listening import claim_address
from hil.system.waiting import wait_readable
from protocol.errors import LinkError
from protocol.transport.tcp import port_busy_frame, split_address

if TYPE_CHECKING:
    import asyncio

__all__ = ["TcpPort"]

TURNED_AWAY_MAX = 16
"""Second clients that may be on their way out at once; past it the oldest is cut off without ceremony."""


class TcpPort(Port):
    """A listening socket and at most one client. Port 0 asks the system for a free one; `url` then says which.

    A protocol between TCP and the pump's bytes goes into a subclass, which welcomes, hears and turns away clients in its own way.
    """

    scheme: ClassVar[str] = "tcp"

    def __init__(self, address: str) -> None:
        host, port = _parse(address, self.scheme)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: socket.socket | None = None
        self._turned_away: list[socket.socket] = []
        try:
            family, kind, number, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            self._listener = socket.socket(family, kind, number)
        except OSError as error:
            raise UsageError(
                f"no such address: {error.strerror}", where=self._url(address), do=f"use {self._url('127.0.0.1:PORT')}"
            ) from None
        claim_address(self._listener)
        try:
            self._listener.bind(place)
            self._listener.listen()
        except OSError as error:
            self._listener.close()
            raise UsageError(
                f"cannot listen: {error.strerror}", where=self._url(address), do="choose another port, or 0 for a free one"
            ) from None
        self._listener.setblocking(False)
        shown = f"[{host}]" if ":" in host else host
        super().__init__(self._url(f"{shown}:{self._listener.getsockname()[1]}"))

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._listener.fileno(), self._accept)

    def drain(self) -> None:
        # What the old client left comes before the new one, or the new one would find the port busy.
        while self._client is not None and self._read():
            pass
        while self._accept():
            while self._client is not None and self._read():
                pass

    def wait(self, seconds: float) -> None:
        wait_readable([self._listener] if self._client is None else [self._listener, self._client], seconds)

    def close(self) -> None:
        self._drop_client()
        for leaving in self._turned_away[:]:
            self._dismiss(leaving)
        if self._loop is not None and self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener.fileno())
        self._listener.close()

    def _accept(self) -> bool:
        """Take one client, or turn it away; False when none was waiting."""
        try:
            client, _ = self._listener.accept()
        except OSError:
            return False
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while self._client is not None and self._read():
            pass
        if self._client is not None:
            self._turn_away(client)
            return True
        self._client = client
        self.received = self.emitted = 0
        self._welcome(client)
        if self._loop is not None:
            self._loop.add_reader(client.fileno(), self._read)
        return True

    def _welcome(self, client: socket.socket) -> None:
        """A client has the port from now on."""

    def _hear(self, client: socket.socket, data: bytes) -> None:
        """What the client sent."""
        self._answer(data, client.send)

    def _read(self) -> bool:
        """Read once and answer; False when nothing was waiting or the client is gone."""
        client = self._client
        if client is None:
            return False
        try:
            data = client.recv(READ_BYTES_MAX)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._drop_client()
            return False
        self._hear(client, data)
        return self._client is not None

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._forget(client)

    def _turn_away(self, client: socket.socket) -> None:
        """Say PORT_BUSY, then read on until the client leaves: closing over unread bytes would reset the line and lose the frame."""
        self._refuse(client)
        self._turned_away.append(client)
        if len(self._turned_away) > TURNED_AWAY_MAX:
            self._dismiss(self._turned_away[0])
        if self._loop is not None:
            self._loop.add_reader(client.fileno(), self._see_off, client)

    def _refuse(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client.send(port_busy_frame())
            client.shutdown(socket.SHUT_WR)

    def _see_off(self, client: socket.socket) -> None:
        try:
            data = client.recv(READ_BYTES_MAX)
        except OSError:
            data = b""
        if not data:
            self._dismiss(client)
        else:
            self._hear_off(client, data)

    def _hear_off(self, client: socket.socket, data: bytes) -> None:
        """What somebody sent who is on the way out."""

    def _dismiss(self, client: socket.socket) -> None:
        self._turned_away.remove(client)
        self._forget(client)

    def _url(self, address: str) -> str:
        return f"{self.scheme}://{address}"

    def _forget(self, client: socket.socket) -> None:
        if self._loop is not None and client.fileno() >= 0:
            self._loop.remove_reader(client.fileno())
        client.close()


def _parse(address: str, scheme: str) -> tuple[str, int]:
    try:
        return split_address(address, scheme)
    except LinkError as error:
        raise UsageError(str(error), where="--port") from None
