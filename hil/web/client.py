"""The bench of a server that runs already, over HTTP, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hil.bench.calls import BenchCalls
from hil.bench.stdio import ServerEnded
from hil.errors import BenchError
from hil.system.waiting import wait_readable
from hil.web.address import BenchAddress

__all__ = ["HttpBench"]

ANSWER_S = 600.0
"""Wall time for one verb; years of virtual time pass in less than a second."""
DONE = 200


class HttpBench(BenchCalls):
    """One kept connection to one pump's bench. Raises BenchError for what the bench refuses, ServerEnded if nobody answers."""

    def __init__(self, address: BenchAddress, *, answer_s: float = ANSWER_S) -> None:
        self.address = address
        self._line = http.client.HTTPConnection(address.host, address.port, timeout=answer_s)
        self._headers = {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"}

    def call(self, verb: str, args: Mapping[str, object] | None = None, /, **named: object) -> dict[str, Any]:
        body = json.dumps({**(args or {}), **named}, separators=(",", ":")).encode()
        return self._exchange("POST", f"/verbs/{quote(verb, safe='')}", body)

    def look(self, path: str) -> dict[str, Any]:
        """GET one of the other addresses of this pump: `/ready`, `/verbs`."""
        return self._exchange("GET", path, None)

    def close(self) -> None:
        """Close the connection. May be called twice; a later call opens another."""
        self._line.close()

    def _exchange(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        self._refresh()
        try:
            self._line.request(method, self.address.path + path, body, self._headers)
            response = self._line.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._line.close()
            unsure = "" if isinstance(error, ConnectionRefusedError) else ", and whether it did this is not known"
            raise ServerEnded(f"the server does not answer{unsure}", where=self.address.authority, do="look whether it runs") from None
        return self._read(response.status, content)

    def _refresh(self) -> None:
        """A kept connection that the server has closed meanwhile is readable; take a fresh one instead of losing a verb on it."""
        if self._line.sock is None:
            return
        if wait_readable([self._line.sock], 0):
            self._line.close()

    def _read(self, status: int, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
            if status == DONE and isinstance(found, dict):
                return found
            error = found["error"]
            raise BenchError(error["what"], where=error["where"], do=error["do"])
        except (ValueError, KeyError, TypeError):
            raise BenchError(f"this is no bench: it answers with {status}", where=self.address.authority, do="look at the port") from None
