"""The HTTP bench in the loop that the ports have: one address on loopback, one token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from hil.web.app import Pump, make_app
from hil.web.http_server import HttpServer

__all__ = ["WebListener"]

TOKEN_BYTES = 32
LISTENER_MESSAGE_BYTES_MAX = 4_096
"""Listeners have nothing to say."""


class WebListener:
    """Binds when made (raises UsageError), serves from `start` on."""

    def __init__(self, place: tuple[str, int]) -> None:
        host, port = place
        self._http = HttpServer(place, asked=f"--bench http://{host}:{port}")
        self.port = self._http.port
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        self.token = secrets.token_urlsafe(TOKEN_BYTES)

    async def start(self, pumps: Sequence[Pump], ready: Callable[[], dict[str, Any]], on_defect: Callable[[Exception], None]) -> None:
        """Take connections from when this returns."""
        app = make_app(pumps, token=self.token, port=self.port, ready=ready, on_defect=on_defect)
        await self._http.start(app, message_bytes_max=LISTENER_MESSAGE_BYTES_MAX)

    async def stop(self) -> None:
        """Take no more, and end what is open."""
        await self._http.stop()

    def close(self) -> None:
        """Give the socket back. May be called twice."""
        self._http.close()
