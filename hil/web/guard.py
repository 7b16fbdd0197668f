"""Who may speak to the bench: a client on this machine that names us as its host, comes from no foreign page and has the token.

A page of any web site can send requests to a port on loopback. It cannot read the token; its Origin names its site; and if its site's
name was made to point here (DNS rebinding), the Host header still has that name. Each of the three is looked at on every route.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from hil.web.refusals import Refusal, deny

__all__ = ["Guard"]

HTTP_PORT = 80
READY = "see the ready line of `pumpsim serve`"


class Guard:
    """Lets a request through to `app`, or answers 400, 401 or 403 by itself."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}" for name in names} | (set(names) if port == HTTP_PORT else set())
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._judge(scope)
        except Refusal as refusal:
            await deny(refusal, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _judge(self, scope: Scope) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        self._judge_names(headers)
        if not self._has_token(scope, headers.get("authorization", [])):
            do = f"send the header Authorization: Bearer TOKEN; {READY}"
            raise Refusal(401, "the token is missing or wrong", where="Authorization", do=do, headers={"www-authenticate": "Bearer"})

    def _judge_names(self, headers: dict[str, list[str]]) -> None:
        hosts = [host.lower() for host in headers.get("host", [])]
        if len(hosts) != 1:
            raise Refusal(400, f"a request has one Host, this one has {len(hosts)}", where="Host", do="use HTTP/1.1")
        if hosts[0] not in self._hosts:
            raise Refusal(403, "this Host is not ours", where="Host", do=f"use the address of the bench; {READY}")
        if any(origin.lower() not in self._origins for origin in headers.get("origin", [])):
            raise Refusal(403, "pages of another Origin may not speak to the bench", where="Origin", do="send none, or the bench's own")

    def _has_token(self, scope: Scope, given: list[str]) -> bool:
        """Compare in a time that tells nothing; a browser's WebSocket cannot set headers and puts the token in the query."""
        if given:
            kind, _, token = given[0].partition(" ")
            return len(given) == 1 and kind.lower() == "bearer" and self._same(token.strip())
        if scope["type"] != "websocket":
            return False
        tokens = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token", [])
        return len(tokens) == 1 and self._same(tokens[0])

    def _same(self, token: str) -> bool:
        return secrets.compare_digest(token.encode("utf-8", "surrogatepass"), self._token)
