"""Where a bench is: the URL it listens on, the token that opens it, and the ways a client is told of both.

A bench is on loopback only. Whoever reaches it can stop the pump's time and break its motor, so it is never offered to a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hil.errors import UsageError

__all__ = ["LOOPBACK_HOSTS", "BenchAddress", "address_in", "listen_place", "pump_entry"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
PORT_MAX = 65_535


class BenchAddress(NamedTuple):
    """One pump's bench. `path` is empty for the first pump of a server, else `/pumps/NAME`."""

    host: str
    port: int
    token: str
    path: str = ""

    @classmethod
    def of(cls, url: str, token: str | None) -> BenchAddress:
        """Read what a ready line or a user says. Raises UsageError."""
        host, port, path = _split(url, where="bench")
        if not port:
            raise UsageError("a bench's URL has a port", where=url, do="copy it from the ready line of `pumpsim serve`")
        if not token:
            raise UsageError("a token is missing", where=url, do="give --token or PUMPSIM_TOKEN; it is in the ready line")
        if not token.isascii() or not token.isprintable():
            raise UsageError("this is no token", where="--token", do="copy it from the ready line")
        return cls(host, port, token, path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Host and port as a URL and a Host header have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def of_pump(self, name: str) -> BenchAddress:
        """The bench of another pump of the same server."""
        return self._replace(path=f"/pumps/{name}")


def listen_place(text: str) -> tuple[str, int]:
    """Host and port of `http` or `http://HOST:PORT`; port 0 is a free one. Raises UsageError for anything but loopback."""
    if text == "http":
        return "127.0.0.1", 0
    host, port, path = _split(text, where="--bench")
    if path.rstrip("/"):
        raise UsageError("the bench's URL has no path here", where=text, do="use http://127.0.0.1:PORT")
    return ("127.0.0.1" if host == "localhost" else host), port


def pump_entry(ready: Mapping[str, Any], pump: str | None) -> Mapping[str, Any]:
    """What a ready line says of one pump; None asks for the first. Raises UsageError."""
    if pump is None:
        return ready
    entries = {str(entry.get("name")): entry for entry in ready.get("pumps", ())}
    if pump not in entries:
        raise UsageError(f"this server has no pump {pump!r}", where="ready line", do=f"use one of: {', '.join(entries) or 'none'}")
    found: Mapping[str, Any] = entries[pump]
    return found


def address_in(ready: Mapping[str, Any], pump: str | None = None) -> BenchAddress | None:
    """The HTTP bench that a ready line tells of; None if there is none. Raises UsageError."""
    url = pump_entry(ready, pump).get("bench")
    if not isinstance(url, str) or not url.startswith("http:"):
        return None
    return BenchAddress.of(url, ready.get("token"))


def _split(url: str, *, where: str) -> tuple[str, int, str]:
    """Host, port (0 if none) and path. Raises UsageError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        host, port, parts = "", 0, urlsplit("")
    if parts.scheme != "http" or parts.query or parts.fragment or parts.username is not None or not 0 <= port <= PORT_MAX:
        raise UsageError(f"{url!r} is no bench", where=where, do="use http://127.0.0.1:PORT")
    if host not in LOOPBACK_HOSTS:
        raise UsageError(f"a bench is on loopback only, not on {host}", where=where, do="use http://127.0.0.1:PORT")
    return host, port, parts.path
