"""What a browser says over its WebSocket, and what it is told.

A message is `{"v": 1, "t": ...}`. One that is none, or is not of this table, changes nothing and is answered with what is wrong; whoever
sends many such has to leave. An act has an `id`: sent again after a drop it is answered again and not done again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from hil.console.channel import VERSION, Client, message
from hil.console.rates import Bucket
from hil.console.room import ROOM_ACTS, Room
from hil.console.sessions import Session
from hil.errors import HilError
from hil.lesson.acts.asked import TEXT_CHARS_MAX
from hil.lesson.doors import DOORS
from hil.lesson.orders import LEARNER_ORDERS, ORDERS
from hil.web.refusals import Refusal

__all__ = ["MESSAGE_BYTES_MAX", "talk"]

MESSAGE_BYTES_MAX = 32_768
"""A therapy with all its groups has some thousands."""
BAD_MAX = 100
"""Messages of one connection that are none, past which it is closed."""
AT_ONCE, EVERY_US = 60, 25_000
"""Messages of one connection: sixty at once, then forty a second."""
ID_CHARS_MAX = 64
NAME_CHARS_MAX = 40
DEPTH_MAX = 8
END_S = 2.0
"""Wall time in which a browser that must leave may read why."""
INSTRUCTORS = frozenset((*ROOM_ACTS, *ORDERS)) - {*LEARNER_ORDERS, *DOORS}
"""Acts that no learner may do."""
PRESENCE = {"left", "back"}
"""What the console itself says of a browser."""
REPORTS = ("heard", "audio")
"""What a browser tells of itself; nobody waits for an answer."""
REPORTED = {"n", "outcome", "client", "state", "muted", "volume", "hidden"}


async def talk(socket: WebSocket, room: Room, session: Session) -> None:
    """Serve one connection to its end. Raises Refusal before it is accepted if there are too many."""
    client = room.enter(session, socket.query_params.get("watch", ""))
    writer = None
    try:
        await socket.accept()
        writer = asyncio.create_task(_tell(socket, client))
        await _listen(socket, Ear(room, client))
    finally:
        room.exit(client)
        if writer is not None:
            if client.gone is None:
                writer.cancel()
            await asyncio.wait({writer}, timeout=END_S)
            writer.cancel()


async def _listen(socket: WebSocket, ear: Ear) -> None:
    while ear.client.gone is None:
        await ear.client.hearing()
        received = await socket.receive()
        if received["type"] == "websocket.disconnect":
            return
        ear.hear(received.get("text"))


async def _tell(socket: WebSocket, client: Client) -> None:
    """Send what is new until the client has gone. A slow one holds up itself alone."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while client.gone is None:
            await client.wait()
            for text in client.take():
                await socket.send_text(text)
        await socket.send_text(client.gone)
        await socket.close(1008)


class Ear:
    """What one connection says, done or refused."""

    def __init__(self, room: Room, client: Client) -> None:
        self.client = client
        self._room = room
        self._bad = 0
        self._rate = Bucket(AT_ONCE, EVERY_US)
        self._kinds: Mapping[str, Callable[[Mapping[str, Any]], None]] = {"do": self._do, **dict.fromkeys(REPORTS, self._report)}

    def hear(self, text: str | None) -> None:
        """One message; None for one that is no text."""
        given: Any = None
        try:
            given = _object(text)
            if not (self._rate.take() and self._is_patient()):
                raise Refusal(429, "too many messages at once", where="message", do="wait a moment, then do it again")
            kind = given.get("t")
            if type(given.get("v")) is not int or given["v"] != VERSION or not isinstance(kind, str) or kind not in self._kinds:
                raise Refusal(422, f"this is no message of version {VERSION}", where="message", do="reload the page")
            self._kinds[kind](given)
        except Refusal as refusal:
            self._refuse(given, refusal)
        except Exception:  # noqa: BLE001  # one act that fails must not take the class with it
            sys.stderr.write(f"pumpsim: a defect at {str(given)[:200]}:\n{traceback.format_exc()}")
            self._refuse(given, Refusal(500, "a defect of the console", where="act", do="its standard error has the traceback"))

    def _is_patient(self) -> bool:
        """Whether a learner says no more than a person does, in all windows together."""
        session = self.client.session
        return session.role != "learner" or self._room.rates.says.of(session.digest).take()

    def _refuse(self, given: Any, refusal: Refusal) -> None:
        found = given.get("id") if isinstance(given, dict) else None
        error = {"what": refusal.what, "where": refusal.where, "do": refusal.do, "status": refusal.status}
        self.client.answer(message("answer", id=found if _is_id(found) else None, ok=False, error=error))
        self._bad += refusal.status not in {403, 429, 500}
        if self._bad >= BAD_MAX:
            self.client.leave("this browser sends messages that are none")

    def _do(self, given: Mapping[str, Any]) -> None:
        ref, act, args = given.get("id"), given.get("act"), given.get("args", {})
        if not (_is_id(ref) and isinstance(ref, str)):
            raise Refusal(422, "an act has an id of its own", where="id", do="reload the page")
        if not isinstance(act, str) or not 1 <= len(act) <= NAME_CHARS_MAX or not isinstance(args, dict):
            raise Refusal(422, "an act has a name and arguments", where="act", do="reload the page")
        if not _short(args):
            raise Refusal(422, f"a text has at most {TEXT_CHARS_MAX:,} characters", where=act, do="write less")
        session = self._session()
        if session.role == "observer":
            raise Refusal(403, "an observer only looks", where=act, do="join as a learner to act")
        if session.role != "instructor" and act in INSTRUCTORS:
            raise Refusal(403, "only the instructor may do this", where=act, do="ask the instructor")
        if act in PRESENCE:
            raise Refusal(422, "this is not done by asking", where="act", do="reload the page")
        answer = self._room.act(session, act, args, ref)
        self._room.refresh(self.client.channel)
        text = message("answer", id=ref, **answer)
        self.client.answer(text if answer.get("as_said") else self._room.render(text))

    def _report(self, given: Mapping[str, Any]) -> None:
        session = self._session()
        if session.role != "observer":
            facts = {name: value for name, value in given.items() if name in REPORTED and _short(value)}
            with contextlib.suppress(HilError):
                self._room.act(session, given["t"], facts)

    def _session(self) -> Session:
        """The session as it is now. Raises Refusal if it is none any more."""
        session = self._room.sessions.now(self.client.session)
        if session is None:
            self.client.leave("this cookie is none any more")
            raise Refusal(403, "this cookie is none any more", where="cookie", do="open your link again")
        return session


def _object(text: str | None) -> dict[str, Any]:
    """The message as an object of plain values. Raises Refusal."""
    try:
        found = json.loads(text or "", parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not _shallow(found, DEPTH_MAX):
        raise Refusal(400, "a message is one JSON object", where="message", do="reload the page")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _shallow(value: Any, depth: int) -> bool:
    """Whether it nests no deeper, has no text that cannot be written down, and no number beyond all counting."""
    match value:
        case dict():
            return depth > 0 and all(_shallow(key, 0) and _shallow(each, depth - 1) for key, each in value.items())
        case list():
            return depth > 0 and all(_shallow(each, depth - 1) for each in value)
        case str():
            return not any("\ud800" <= letter <= "\udfff" for letter in value)
        case float():
            return abs(value) < float("inf")
        case _:
            return True


def _short(value: Any) -> bool:
    """Whether no text in it is longer than a field takes: what is refused is written down and shown too."""
    if isinstance(value, dict):
        return all(_short(key) and _short(each) for key, each in value.items())
    return all(map(_short, value)) if isinstance(value, list) else not isinstance(value, str) or len(value) <= TEXT_CHARS_MAX


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= ID_CHARS_MAX and value.isascii() and value.isprintable()
