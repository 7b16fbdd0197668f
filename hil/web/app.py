"""The routes of the HTTP bench: every verb of the table, what the server is, and the feed of what happens.

The routes without a name are the first pump's; `/pumps/NAME` has the same for each pump. Verbs are looked up in the bench's table and
nowhere named here, so a new verb has its route at once. A verb is done whole, between two events of the loop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from hil.bench.lines import LINE_BYTES_MAX
from hil.bench.verbs import VERBS
from hil.errors import HilError
from hil.web.feed import Feed, Listener
from hil.web.guard import Guard
from hil.web.openapi import document, verb_list
from hil.web.refusals import JSON, Refusal, answered, deny

__all__ = ["BODY_BYTES_MAX", "Pump", "make_app"]

BODY_BYTES_MAX = LINE_BYTES_MAX
"""The same as for a line on standard input."""
WORDS = {"true": True, "1": True, "false": False, "0": False}
NUMBER_DIGITS_MAX = 18


class Pump(Protocol):
    """One pump of the server, as the routes need it."""

    @property
    def name(self) -> str: ...
    @property
    def feed(self) -> Feed: ...
    def call(self, verb: str, args: Mapping[str, object]) -> dict[str, object]:
        """Do a verb. Raises BenchError."""

    def entry(self) -> dict[str, object]:
        """What the ready line says of it."""


def make_app(
    pumps: Sequence[Pump], *, token: str, port: int, ready: Callable[[], dict[str, Any]], on_defect: Callable[[Exception], None]
) -> ASGIApp:
    """The guarded application. `on_defect` hears of an error that is nobody's request, but ours."""

    async def openapi(_request: Request) -> Response:
        return answered(document())

    async def whole(_request: Request) -> Response:
        return answered({name: value for name, value in ready().items() if name != "token"})

    async def all_pumps(_request: Request) -> Response:
        return answered({"pumps": [pump.entry() for pump in pumps]})

    async def defect(_request: Request, error: Exception) -> Response:
        on_defect(error)
        return Refusal(500, "a defect of the server, which ends now", do="its standard error has the traceback").response()

    routes: list[BaseRoute] = [Route("/openapi.json", openapi), Route("/ready", whole), Route("/pumps", all_pumps)]
    routes += _PumpRoutes(pumps[0]).routes()
    for pump in pumps:
        own = _PumpRoutes(pump)
        routes.append(Mount(f"/pumps/{pump.name}", routes=[Route("/ready", own.ready), *own.routes()]))
    handlers: Any = {HTTPException: _not_routed, Refusal: _refused, Exception: defect}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app, token=token, port=port)


class _PumpRoutes:
    """The routes of one pump."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/verbs", self.verbs),
            Route("/verbs/{verb}", self.verb, methods=["POST"]),
            Route("/events", self.not_upgraded),
            WebSocketRoute("/events", self.events),
        ]

    async def ready(self, _request: Request) -> Response:
        return answered(self._pump.entry())

    async def verbs(self, _request: Request) -> Response:
        return answered(verb_list())

    async def verb(self, request: Request) -> Response:
        verb = request.path_params["verb"]
        args = _object(await _body(request))
        try:
            return answered(self._pump.call(verb, args))
        except HilError as error:
            raise Refusal.of(error, 422 if verb in VERBS else 404) from None

    async def not_upgraded(self, _request: Request) -> Response:
        raise Refusal(400, "events come through a WebSocket", where="/events", do="open ws://HOST:PORT/events, or use the verb `events`")

    async def events(self, socket: WebSocket) -> None:
        feed = self._pump.feed
        try:
            listener = _listener(feed, socket.query_params)
        except Refusal as refusal:
            await deny(refusal, socket.scope, socket.receive, socket.send)
            return
        await socket.accept()
        gone = asyncio.create_task(_until_gone(socket, listener))
        try:
            await _tell(socket, listener)
        finally:
            feed.leave(listener)
            gone.cancel()


def _listener(feed: Feed, query: Mapping[str, str]) -> Listener:
    """Begin to listen as a query says. Raises Refusal."""
    unknown = sorted(query.keys() - {"since", "wire", "wire_since", "token"})
    if unknown:
        raise Refusal(422, "unknown argument", where=f"events.{unknown[0][:40]}", do="it takes: since, wire, wire_since")
    if feed.full:
        raise Refusal(403, "this pump has all the listeners it takes", where="/events", do="close one first")
    wire = query.get("wire", "false").lower()
    if wire not in WORDS:
        raise Refusal(422, "this is neither true nor false", where="events.wire", do="use wire=true")
    wire_since = _number(query, "wire_since")
    return feed.listen(since=_number(query, "since"), wire=WORDS[wire] or wire_since is not None, wire_since=wire_since)


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
        raise Refusal(422, "this is no number", where=f"events.{name}", do="use a whole number from 0")
    return int(text)


async def _tell(socket: WebSocket, listener: Listener) -> None:
    """Send what is new until the listener has gone. A slow listener holds up itself alone."""
    loop = asyncio.get_running_loop()
    while not listener.gone:
        await listener.wait()
        for message in (messages := listener.take()):
            try:
                await socket.send_text(json.dumps(message, separators=(",", ":")))
            except (WebSocketDisconnect, RuntimeError):
                return
        if messages:
            loop.call_soon(listener.wake)  # there may be more, but the pump comes first


async def _until_gone(socket: WebSocket, listener: Listener) -> None:
    """Read, and ignore, what the listener says."""
    message: Mapping[str, Any] = {"type": ""}
    while message["type"] != "websocket.disconnect":
        message = await socket.receive()
    listener.gone = True
    listener.wake()


async def _body(request: Request) -> bytes:
    """The request's body. Raises Refusal for another kind than JSON, and for more than the limit, which is not kept."""
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    charset = rest.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON or charset not in {"", "charset=utf-8"}:
        do = f"send the header Content-Type: {JSON}, and an object, {{}} if it is empty"
        raise Refusal(415, "a body is JSON here", where="Content-Type", do=do)
    long = Refusal(413, f"a body has at most {BODY_BYTES_MAX:,} bytes", where="body", do="send less")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
        raise long
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise long
    except ClientDisconnect:
        raise Refusal(400, "the body did not come", where="body") from None
    return bytes(body)


def _object(body: bytes) -> dict[str, object]:
    """The arguments of a verb. Raises Refusal."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "this is no JSON", where="body", do='send an object of arguments, such as {"hours": 8}') from None
    if not isinstance(found, dict):
        raise Refusal(422, "arguments are an object", where="body", do='send an object of arguments, such as {"hours": 8}')
    return found


def _not_routed(request: Request, error: HTTPException) -> Response:
    """No such address, or not by this method."""
    if error.status_code == 405:  # its own name could say no more
        what = f"this address does not take {request.method[:20]}"
        do = f"use {error.headers['Allow']}" if error.headers else ""
    else:
        what, do = "there is nothing at this address", "GET /openapi.json tells what there is, GET /pumps the names of the pumps"
    return Refusal(error.status_code, what, where=request.url.path, do=do, headers=error.headers).response()


def _refused(_request: Request, refusal: Refusal) -> Response:
    return refusal.response()
