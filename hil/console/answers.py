"""What the addresses below `/api` answer. Who may ask has been looked at before; what of it he may see is cut in `hil.lesson`.

What takes long and needs no live pump is worked out beside the loop, from a copy of the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hil.console.door import posted
from hil.console.room import Room
from hil.console.sessions import Session
from hil.lesson.entries import as_plain
from hil.lesson.views.stored import Stored
from hil.web.refusals import JSON, Refusal, answered

__all__ = [
    "case",
    "curves",
    "curves_csv",
    "debrief",
    "export_csv",
    "export_json",
    "future",
    "items_csv",
    "lessons",
    "log",
    "order",
    "printout",
    "quiz_csv",
    "quiz_results",
    "sounds",
    "truth",
]

R = TypeVar("R")
DIGITS_MAX = 18
NOTHING_YET = -1
"""Since when a page has curves that has none yet."""


async def lessons(_request: Request, _room: Room, _session: Session) -> Response:
    from hil.lesson.catalogue import listed

    return answered(await asyncio.to_thread(listed))


async def order(request: Request, room: Room, session: Session) -> Response:
    """An act of the instructor's, from a page that has no socket."""
    asked = await posted(request)
    act, args = asked.get("act"), asked.get("args", {})
    if not isinstance(act, str) or not isinstance(args, dict):
        raise Refusal(422, "an act has a name and arguments", where="act", do="reload the page")
    done = room.act(session, act, args)
    return answered(done, status=200 if done["ok"] else 409)


async def truth(_request: Request, room: Room, _session: Session) -> Response:
    """What is so in each pump and patient at this moment, and what each pump believes."""
    if room.run is None:
        raise _nothing_yet()
    cases = {key: {"nickname": each.nickname, "truth": each.truth(), "belief": each.belief()} for key, each in room.run.cases.items()}
    return answered({"at_us": room.run.now_us, "cases": cases})


async def case(request: Request, room: Room, _session: Session) -> Response:
    """One learner's pump and patient for the instructor's page, with what has passed since a moment."""
    from hil.lesson.views.live import case_view

    learner = request.query_params.get("learner", "")
    if room.run is None or learner not in room.run.cases:
        raise Refusal(404, "there is no such learner", where="learner", do="name one of the class")
    view = room.instructor_view()
    return _shown(room, case_view(room.run, view, learner, _number(request, "since", NOTHING_YET)))


async def log(_request: Request, room: Room, _session: Session) -> Response:
    """The whole log, a line of JSON for each entry."""
    if room.run is None:
        raise _nothing_yet()
    lines = (json.dumps(as_plain(entry)) + "\n" for entry in room.run.log.entries())
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={"cache-control": "no-store"})


async def debrief(request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.views.debrief import debrief_view

    learner, stored = _whose(request, room, session), _stored(room)
    return _shown(room, await _beside(lambda: debrief_view(stored, learner, session.role)))


async def future(request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.futures import future_view

    learner, stored = _whose(request, room, session), _stored(room)
    return _shown(room, await _beside(lambda: future_view(stored, learner, request.path_params["n"], session.role)))


async def curves(request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.futures import curves_view

    learner, stored = _whose(request, room, session), _stored(room)
    return _shown(room, await _beside(lambda: curves_view(stored, learner, session.role)))


async def printout(request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.views.printout import printout_view

    learner, stored = _whose(request, room, session), _stored(room)
    return _shown(room, await _beside(lambda: printout_view(stored, learner, request.path_params["n"])))


async def export_json(_request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.export import export_json as exported

    stored = _stored(room)
    found = await _beside(lambda: exported(stored, session.role, session.learner))
    return _file(json.dumps(found, indent=1), "application/json", f"{_name(room, session)}.json")


async def export_csv(_request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.export import export_csv as exported

    stored = _stored(room)
    return _csv(await _beside(lambda: exported(stored, session.role, session.learner)), _name(room, session))


async def curves_csv(_request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.export import curves_csv as exported

    stored = _stored(room)
    return _csv(await _beside(lambda: exported(stored, session.role, session.learner)), f"{_name(room, session)}-curves")


async def items_csv(_request: Request, room: Room, session: Session) -> Response:
    from hil.lesson.export import items_csv as exported

    stored = _stored(room)
    return _csv(await _beside(lambda: exported(stored)), f"{_name(room, session)}-items")


async def sounds(_request: Request) -> Response:
    """The sounds that pages may be asked to make."""
    from hil.lesson.alarm_sounds import client_table

    return answered(client_table())


async def quiz_results(request: Request, _room: Room, _session: Session) -> Response:
    from hil.lesson.quiz import judge

    return answered(judge(await posted(request)))


async def quiz_csv(request: Request, _room: Room, _session: Session) -> Response:
    from hil.lesson.quiz import judge_csv

    return _csv(judge_csv(await posted(request)), "alarm-quiz")


def _shown(room: Room, content: object) -> Response:
    """An answer for a page, in the units of the run; files keep those of the log."""
    text = room.render(json.dumps(content, separators=(",", ":"), allow_nan=False))
    return Response(text.encode(), media_type=JSON, headers={"cache-control": "no-store"})


async def _beside(work: Callable[[], R]) -> R:
    return await asyncio.to_thread(work)


def _stored(room: Room) -> Stored:
    """The run as it is at this moment, which does not change any more."""
    if room.run is None:
        raise _nothing_yet()
    return Stored(room.run.lesson, list(room.run.log.entries()))


def _whose(request: Request, room: Room, session: Session) -> str:
    first = "" if room.run is None or session.role == "learner" else next(iter(room.run.cases), "")
    key = str(request.path_params.get("key") or session.learner or first)
    if room.run is None or key not in room.run.cases:
        raise Refusal(404, "there is no such learner", where="learner", do="name one of the class")
    return key


def _nothing_yet() -> Refusal:
    return Refusal(409, "no lesson has begun", where="run", do="choose one on the instructor's page")


def _number(request: Request, name: str, otherwise: int = 0) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX):
        raise Refusal(422, "this is no number", where=name, do="use a whole number from 0")
    return int(text)


def _name(room: Room, session: Session) -> str:
    return "-".join(part for part in (room.stored.facts.name, session.learner) if part)


def _csv(text: str, name: str) -> Response:
    return _file(text, "text/csv; charset=utf-8", f"{name}.csv")


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(text.encode(), media_type=kind, headers=headers)
