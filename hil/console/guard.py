"""What every request must be before anything looks at it, and what every answer carries.

Host and Origin as `hil.console.places` says, on HTTP and WebSocket alike; bodies of limited length; no script or style but our own files,
no frame around us, nothing kept by anyone on the way.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hil.console.places import Place
from hil.web.refusals import Refusal, deny

__all__ = ["BODY_BYTES_MAX", "CONTENT_POLICY", "Guard"]

BODY_BYTES_MAX = 16_384
"""Only a token and a nickname are ever posted."""
PATH_CHARS_MAX = 400
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
CLOSED = "this Host is not ours"


class Guard:
    """Lets a request through to `app`, or answers 400, 403, 413 or 414 by itself."""

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self._app = app
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dressed(message: Message) -> None:
            await send(_dressed(message))

        try:
            self._judge(scope)
        except Refusal as refusal:
            await deny(refusal, scope, receive, dressed)
            return
        await self._app(scope, _limited(receive) if scope["type"] == "http" else receive, dressed)

    def _judge(self, scope: Scope) -> None:
        """Raises Refusal."""
        hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
        if len(hosts) != 1:
            raise Refusal(400, f"a request has one Host, this one has {len(hosts)}", where="Host", do="use HTTP/1.1")
        if not self._place.knows(hosts[0]):
            raise Refusal(403, CLOSED, where="Host", do="use the link that the console printed")
        if any(not self._place.is_origin(origin, hosts[0]) for origin in origins):
            raise Refusal(403, "pages of another Origin may not speak to the console", where="Origin", do="open the console's own link")
        if len(scope["path"]) > PATH_CHARS_MAX:
            raise Refusal(414, "this address is too long", where="path", do="use the link that the console printed")
        lengths = _values(scope, b"content-length")
        if any(not length.isdecimal() or int(length) > BODY_BYTES_MAX for length in lengths):
            raise Refusal(413, f"a body has at most {BODY_BYTES_MAX:,} bytes", where="body", do="send less")


def _values(scope: Scope, wanted: bytes) -> list[str]:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value.decode("latin-1").strip() for name, value in headers if name.lower() == wanted]


def _limited(receive: Receive) -> Receive:
    """The body's chunks, up to the limit; Refusal beyond it, whatever its head said."""
    left = BODY_BYTES_MAX

    async def chunk() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise Refusal(413, f"a body has at most {BODY_BYTES_MAX:,} bytes", where="body", do="send less")
        return message

    return chunk


def _dressed(message: Message) -> Message:
    if message["type"] not in {"http.response.start", "websocket.http.response.start"}:
        return message
    have = {name.lower() for name, _ in message.get("headers", [])}
    return {**message, "headers": [*message.get("headers", []), *(header for header in HEADERS if header[0] not in have)]}
