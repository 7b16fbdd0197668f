"""What the HTTP bench answers when it does not do as asked: a status and one JSON object, always of the same shape."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hil.errors import HilError

__all__ = ["JSON", "Refusal", "answered", "deny"]

JSON = "application/json"
TEXT_CHARS_MAX = 600
"""A message may quote what was sent, which can be megabytes; no reader wants them back."""


class Refusal(HilError):
    """A request that is not done, with its HTTP status and headers."""

    def __init__(self, status: int, what: str, *, where: str = "", do: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(what, where=where, do=do)
        self.status = status
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: HilError, status: int) -> Refusal:
        """An error of the bench as it goes over HTTP."""
        return cls(status, error.what, where=error.where, do=error.do)

    def response(self) -> Response:
        """The answer to send."""
        error = {name: _short(text) for name, text in (("what", self.what), ("where", self.where), ("do", self.do))}
        return answered({"error": error}, status=self.status, headers=self.headers)


def _short(text: str) -> str:
    return text if len(text) <= TEXT_CHARS_MAX else f"{text[: TEXT_CHARS_MAX - 4]} ..."


def answered(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer, in ASCII so that no text a caller sends can break it, never kept by anyone on the way."""
    body = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    return Response(body, status_code=status, headers={"cache-control": "no-store", **(headers or {})}, media_type=JSON)


async def deny(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or the wish for a WebSocket, before anything looks at it."""
    response = refusal.response()
    if scope["type"] == "websocket":
        await send({"type": "websocket.http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "websocket.http.response.body", "body": response.body})
    else:
        await response(scope, receive, send)
