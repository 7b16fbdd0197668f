"""An HTTP server in a loop that runs already: no thread, one listening socket, no signal handlers, no log.

Whatever bytes come, only their own connection ends; bytes that are no HTTP are answered in JSON, as all the rest is.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import NamedTuple

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hil.errors import UsageError
from hil.system.listening import claim_address
from hil.system.open_files import files_allowed
from hil.web.refusals import Refusal

__all__ = ["CertificateFiles", "HttpServer"]

LOOPBACKS = {"127.0.0.1", "::1"}
KEEP_ALIVE_S = 600
"""A client between two calls, such as a person at a prompt, keeps its connection."""
END_S = 1
"""What connections get to end by themselves when the server ends."""
CONNECTIONS_MAX = 512
"""At most, and half of the files that the machine lets us open: past it nobody comes in, and what is open goes on."""
REQUEST_S = 30
"""What a fresh connection gets to send the head of its first request. Some browsers open one they may not need."""


class CertificateFiles(NamedTuple):
    """Paths of a certificate and its private key, both PEM."""

    certificate: str
    key: str


def _no_request() -> bytes:
    """The whole answer to bytes that are no HTTP request."""
    response = Refusal(
        400, "this is no HTTP request", where="request", do="use an HTTP/1.1 client", headers={"connection": "close"}
    ).response()
    head = b"".join(b"%s: %s\r\n" % header for header in response.raw_headers)
    return b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + bytes(response.body)


NO_REQUEST = _no_request()


class HttpServer:
    """Binds when made (raises UsageError, which names what was `asked`), serves from `start` on."""

    def __init__(self, place: tuple[str, int], *, asked: str, tls: CertificateFiles | None = None) -> None:
        host, port = place
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, for else asyncio leaves Nagle's delay on
        claim_address(self._socket)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            do = "choose another port, or 0 for a free one"
            raise UsageError(f"cannot listen: {error.strerror}", where=asked, do=do) from None
        self.port: int = self._socket.getsockname()[1]
        self._tls = tls
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, app: ASGIApp, *, message_bytes_max: int) -> None:
        """Take connections from when this returns. WebSocket messages from clients have that many bytes at most."""
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws=_WebSocket,
            ws_max_size=message_bytes_max,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=END_S,
            ssl_certfile=self._tls.certificate if self._tls else None,
            ssl_keyfile=self._tls.key if self._tls else None,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        up = asyncio.create_task(self._server.up.wait())
        await asyncio.wait({self._task, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()

    async def stop(self) -> None:
        """Take no more, and end what is open."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task

    def close(self) -> None:
        """Give the socket back. May be called twice."""
        self._socket.close()


class _Server(uvicorn.Server):
    """Leaves signals to us, and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


def _connections_max() -> int:
    return min(CONNECTIONS_MAX, (files_allowed() or 2 * CONNECTIONS_MAX) // 2)


def _address(connection: object) -> str:
    client = getattr(connection, "client", None)
    return str(client[0]) if client else ""


class _Protocol(H11Protocol):
    """Says in JSON, as all the rest does, that a request is none; and whatever comes, only its own connection ends.

    Who opens connections and says nothing has them closed, and one address never has more than half of all.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        most, own = _connections_max(), _address(self)
        of_one = [_address(each) for each in self.connections].count(own)
        if len(self.connections) > most or (of_one > most // 2 and own not in LOOPBACKS):
            transport.abort()
            return
        self.loop.call_later(REQUEST_S, self._close_silent)

    def _close_silent(self) -> None:
        begun: object = self.cycle  # None until a request has begun, whatever its type says
        if self.transport.get_protocol() is self and begun is None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception:  # noqa: BLE001  # a stranger's bytes found a gap in a library: that must not end the server
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:  # an answer has gone already
            self.transport.close()
            return
        self.transport.write(NO_REQUEST)
        self.transport.close()


class _WebSocket(WebSocketsSansIOProtocol):
    """The same for WebSockets."""

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception:  # noqa: BLE001  # as above
            self.transport.abort()
        if self.conn.handshake_exc is not None and not self.handshake_initiated:  # the library would leave it hanging
            self.transport.write(NO_REQUEST)
            self.transport.close()
