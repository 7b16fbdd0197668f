"""The addresses of the console: one table, which says of each who may ask for it. Nothing is answered that is not in it.

A page is the same for everybody who may open it; what it shows comes over the WebSocket, or from the addresses below `/api`, by the cookie.
`OWN` marks addresses with a learner's key in them that a learner may ask for with his own key only.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from hil.console import answers, files
from hil.console.door import Door
from hil.console.guard import Guard
from hil.console.places import Place
from hil.console.room import Room
from hil.console.sessions import ROLES, Role, Session
from hil.console.socket import talk
from hil.errors import CheckFailed, HilError, UsageError
from hil.web.refusals import Refusal, answered, deny

__all__ = ["ADDRESSES", "Address", "make_app"]

Asked = Callable[[Request, Room, Session], Awaitable[Response]]
TRUTH: tuple[Role, ...] = ("instructor",)
LOOKERS: tuple[Role, ...] = ("instructor", "observer")


class Address(NamedTuple):
    """One address: who may ask, and what answers. `page` is a shell without facts; without a cookie one is led to the join page."""

    path: str
    roles: tuple[Role, ...]
    answer: Asked
    page: bool = False
    own: bool = False
    method: str = "GET"


def _page(name: str) -> Asked:
    async def shown(request: Request, _room: Room, _session: Session) -> Response:
        return files.page(request, name)

    return shown


ADDRESSES: tuple[Address, ...] = (
    Address("/instructor", TRUTH, _page("instructor"), page=True),
    Address("/observe", LOOKERS, _page("observer"), page=True),
    Address("/learner", ("learner",), _page("learner"), page=True),
    Address("/debrief", ("instructor", "learner"), _page("debrief"), page=True),
    Address("/debrief/{key}", ("instructor", "learner"), _page("debrief"), page=True, own=True),
    Address("/print/{key}/{n:int}", ("instructor", "learner"), _page("printout"), page=True, own=True),
    Address("/quiz", ROLES, _page("quiz"), page=True),
    Address("/api/lessons", TRUTH, answers.lessons),
    Address("/api/order", TRUTH, answers.order, method="POST"),
    Address("/api/run/truth", TRUTH, answers.truth),
    Address("/api/run/case", TRUTH, answers.case),
    Address("/api/run/log", TRUTH, answers.log),
    Address("/api/run/export.json", TRUTH, answers.export_json),
    Address("/api/run/export.csv", TRUTH, answers.export_csv),
    Address("/api/run/curves.csv", TRUTH, answers.curves_csv),
    Address("/api/run/items.csv", TRUTH, answers.items_csv),
    Address("/api/debrief", ("learner", "instructor"), answers.debrief),
    Address("/api/debrief/curves", ("instructor", "learner"), answers.curves),
    Address("/api/debrief/{key}", ("instructor", "learner"), answers.debrief, own=True),
    Address("/api/debrief/{key}/future/{n:int}", ("instructor", "learner"), answers.future, own=True),
    Address("/api/debrief/future/{n:int}", ("instructor", "learner"), answers.future),
    Address("/api/debrief/{key}/curves", ("instructor", "learner"), answers.curves, own=True),
    Address("/api/print/{key}/{n:int}", ("instructor", "learner"), answers.printout, own=True),
    Address("/api/me/export.json", ("learner",), answers.export_json),
    Address("/api/me/export.csv", ("learner",), answers.export_csv),
    Address("/api/quiz/results", ROLES, answers.quiz_results, method="POST"),
    Address("/api/quiz/results.csv", ROLES, answers.quiz_csv, method="POST"),
)


def make_app(room: Room, place: Place) -> ASGIApp:
    """The guarded application."""
    door = Door(room, place)
    routes: list[BaseRoute] = [Route(each.path, _asked(each, room, door), methods=[each.method]) for each in ADDRESSES]
    routes += [
        Route("/", _join),
        Route("/join", _join),
        Route("/favicon.ico", _nothing),
        Route("/static/sounds.json", answers.sounds),
        Route("/static/{name}", _static),
        Route("/static/{folder}/{name}", _static),
        Route("/session", door.open, methods=["POST"]),
        Route("/session", door.leave, methods=["DELETE"]),
        Route("/api/me", door.who),
        WebSocketRoute("/ws", _socket(room, door)),
    ]
    handlers: Any = {HTTPException: _not_routed, HilError: _refused, ClientDisconnect: _gone, Exception: _defect}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app, place)


def _asked(address: Address, room: Room, door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def asked(request: Request) -> Response:
        try:
            session = door.session(request, address.roles)
        except Refusal as refusal:
            if address.page and refusal.status == 401:
                return RedirectResponse("/", status_code=303)
            raise
        if address.own and session.role != "instructor" and request.path_params["key"] != session.learner:
            raise Refusal(403, "this is another learner's", where=request.url.path[:100], do="look at your own")
        if not (address.page or session.role == "instructor" or room.rates.asks.of(session.digest).take()):
            raise Refusal(429, "too many requests at once", where=request.url.path[:100], do="wait a moment, then look again")
        return await address.answer(request, room, session)

    return asked


def _socket(room: Room, door: Door) -> Callable[[WebSocket], Awaitable[None]]:
    async def opened(socket: WebSocket) -> None:
        try:
            role = door.role_asked(socket.query_params)
            await talk(socket, room, door.session(socket, (role,)))
        except Refusal as refusal:
            await deny(refusal, socket.scope, socket.receive, socket.send)

    return opened


async def _join(request: Request) -> Response:
    return files.page(request, "join")


async def _static(request: Request) -> Response:
    return files.static(request, request.path_params.get("folder", ""), request.path_params["name"])


async def _nothing(_request: Request) -> Response:
    return Response(status_code=204)


async def _defect(request: Request, error: Exception) -> Response:
    """One address that fails must not take the class with it."""
    sys.stderr.write(f"pumpsim: a defect at {request.url.path[:100]}:\n{''.join(traceback.format_exception(error))}")
    return Refusal(500, "a defect of the console", where=request.url.path[:100], do="its standard error has the traceback").response()


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


async def _refused(_request: Request, error: Exception) -> Response:
    if isinstance(error, Refusal):
        return error.response()
    status = 403 if isinstance(error, CheckFailed) else 404 if isinstance(error, UsageError) else 409
    return Refusal.of(error, status).response() if isinstance(error, HilError) else answered({}, status=500)


async def _not_routed(request: Request, error: Exception) -> Response:
    """No such address, or not by this method."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    what = f"this address does not take {request.method[:20]}" if status == 405 else "there is nothing at this address"
    return Refusal(status, what, where=request.url.path[:100], do="use the link that the console printed").response()
