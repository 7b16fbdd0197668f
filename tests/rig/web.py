"""A server with its bench on HTTP, asked in every way there is: well, badly, and byte by byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from websockets.sync.client import ClientConnection, connect

from hil.bench.calls import BenchCalls
from hil.bench.stdio import ServerProcess
from hil.web.address import address_in
from hil.web.client import HttpBench

__all__ = ["Answer", "Web", "listening", "taken", "until_live", "web"]

ANSWER_S = 30.0
NO_REQUEST = b"\r\n\r\n" + bytes(200) + b"\r\n\r\n"
"""Ends any head, fills any short body, and is no request after either."""


class Answer(NamedTuple):
    """A status and the JSON that came with it."""

    status: int
    content: Any

    @property
    def refused(self) -> bool:
        """A refusal of the right shape."""
        error = self.content.get("error", {})
        return 400 <= self.status < 500 and error.keys() == {"what", "where", "do"} and bool(error["what"])


class Web:
    """One server by its ready line: its HTTP bench to ask, and a bench to look from behind."""

    def __init__(self, ready: dict[str, Any], behind: BenchCalls | None = None) -> None:
        self.ready = ready
        address = address_in(ready)
        assert address is not None
        self.address = address
        self.bench = HttpBench(address)
        self.behind = behind or self.bench

    def headers(self, **changes: str | None) -> dict[str, str]:
        """Those of a good request, with changes; underscores stand for hyphens, None leaves one out."""
        good: dict[str, str | None] = {"Authorization": f"Bearer {self.address.token}", "Content-Type": "application/json"}
        good |= {name.replace("_", "-"): value for name, value in changes.items()}
        return {name: value for name, value in good.items() if value is not None}

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request on a connection of its own."""
        line = http.client.HTTPConnection(self.address.host, self.address.port, timeout=ANSWER_S)
        try:
            line.putrequest(method, path, skip_host=headers is not None and "Host" in headers, skip_accept_encoding=True)
            for name, value in (self.headers() if headers is None else headers).items():
                line.putheader(name, value)
            if body is not None and "Content-Length" not in (headers or {}):
                line.putheader("Content-Length", str(len(body)))
            line.endheaders(body)
            response = line.getresponse()
            return Answer(response.status, json.loads(response.read()))
        finally:
            line.close()

    def raw(self, data: bytes) -> bytes:
        """Send bytes, then some that are no request, on which the server hangs up; returns all that comes back until then."""
        with socket.create_connection((self.address.host, self.address.port), timeout=ANSWER_S) as line:
            got = b""
            with contextlib.suppress(ConnectionError):
                line.sendall(data + NO_REQUEST)
                while more := line.recv(65_536):
                    got += more
            return got


@contextmanager
def web(folder: Path, *options: str, profile: str = "itp-40") -> Iterator[Web]:
    """A server in lock-step, unless options say otherwise, on a pty in this folder."""
    with ServerProcess(profile, ["--port", f"pty:{folder / 'pump'}", "--pace", "lock-step", "--bench", "http", *options]) as server:
        found = Web(server.ready, server.bench)
        yield found
        found.bench.close()


def listening(to: Web, path: str = "", **query: object) -> ClientConnection:
    """Open the feed; keyword arguments are its query."""
    words = "&".join(f"{name}={value}" for name, value in query.items())
    url = f"ws://{to.address.authority}{path}/events?{words}"
    return connect(url, additional_headers={"Authorization": f"Bearer {to.address.token}"}, proxy=None, compression=None, close_timeout=0.5)


def taken(line: ClientConnection, count: int) -> list[dict[str, Any]]:
    """So many messages."""
    return [json.loads(line.recv(ANSWER_S)) for _ in range(count)]


def until_live(line: ClientConnection) -> list[dict[str, Any]]:
    """All messages up to the one that says that all has been told, without it."""
    return list(iter(lambda: _unless_live(json.loads(line.recv(ANSWER_S))), None))


def _unless_live(message: dict[str, Any]) -> dict[str, Any] | None:
    return None if message["type"] == "live" else message
