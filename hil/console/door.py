"""The door: a link's secret for a cookie, and the cookie for a session at every request.

A cookie is named after role and run, so that one browser can be instructor and learner in two windows, and two consoles on one machine do
not take each other's. No script can read it and no other site can make a browser send it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from hil.console.places import Place
from hil.console.room import Room
from hil.console.sessions import ROLES, Role, Session
from hil.web.refusals import JSON, Refusal, answered

__all__ = ["Door", "posted"]

DAY_S = 86_400
PAGES: Mapping[Role, str] = {"instructor": "/instructor", "learner": "/learner", "observer": "/observe"}


class Door:
    """Lets people into one room."""

    def __init__(self, room: Room, place: Place) -> None:
        self._room = room
        self._place = place

    def cookie_name(self, role: Role) -> str:
        """By which name a browser keeps the cookie of a role in this run."""
        return f"pumpsim-{role}-{self._room.stored.facts.name}"

    def session(self, request: HTTPConnection, roles: Sequence[Role]) -> Session:
        """Who asks, in the first of these roles that he has. Raises Refusal: 403 if he is there in another one, 401 if he is not there."""
        for role in roles:
            found = self._session(request, role)
            if found is not None:
                return found
        where = request.url.path[:100]
        if any(self._session(request, role) is not None for role in ROLES):
            raise Refusal(403, f"this is for the {' or the '.join(roles)} only", where=where, do="go back to your own page")
        raise Refusal(401, "you have not joined", where=where, do="open the link that you were given")

    def _session(self, request: HTTPConnection, role: Role) -> Session | None:
        session = self._room.sessions.of(request.cookies.get(self.cookie_name(role)))
        return session if session is not None and session.role == role else None

    @staticmethod
    def role_asked(query: Mapping[str, str]) -> Role:
        """The role that a page speaks for. Raises Refusal."""
        role = query.get("role", "")
        if role not in ROLES:
            raise Refusal(422, "which role?", where="role", do=f"use role={', '.join(ROLES)}")
        return role

    async def open(self, request: Request) -> Response:
        """POST /session: a link's secret, and a learner's nickname, for a cookie."""
        asked = await posted(request)
        secret = asked.get("token")
        again = self._room.sessions.hand_over(secret)
        if again is not None:
            self._room.expel_old(again[1])
            return self._admitted(*again)
        role = self._room.sessions.role_of(secret, request.client.host if request.client else "")
        if role == "learner" and not asked.get("nickname"):
            return answered({"role": role, "wants": "nickname", **self._about()})
        admitted = self._room.sessions.admit(role, asked.get("nickname"), self._room.join)
        self._room.expel_strangers()
        return self._admitted(*admitted)

    def _admitted(self, cookie: str, session: Session) -> Response:
        response = answered({**_told(session), **self._about(), "go": PAGES[session.role]})
        response.set_cookie(
            self.cookie_name(session.role), cookie, max_age=DAY_S, path="/", secure=self._place.tls, httponly=True, samesite="strict"
        )
        return response

    async def leave(self, request: Request) -> Response:
        """DELETE /session?role=ROLE: forget the cookie. A learner's place and work stay."""
        role = self.role_asked(request.query_params)
        session = self.session(request, (role,))
        self._room.sessions.end(session)
        self._room.expel_strangers()
        response = answered({"left": role})
        response.delete_cookie(self.cookie_name(role), path="/", secure=self._place.tls, httponly=True, samesite="strict")
        return response

    async def who(self, request: Request) -> Response:
        """GET /api/me: in which roles this browser is here already."""
        found = [session for role in ROLES if (session := self._session(request, role)) is not None]
        return answered({"here": [{**_told(session), "go": PAGES[session.role]} for session in found], **self._about()})

    def _about(self) -> dict[str, str]:
        facts = self._room.stored.facts
        return {"run": facts.name, "colour": facts.colour}


def _told(session: Session) -> dict[str, str]:
    return {"role": session.role, "nickname": session.nickname, "learner": session.learner}


async def posted(request: Request) -> dict[str, Any]:
    """The body. Raises Refusal for another kind than JSON: a form of another site could send that."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Refusal(415, "a body is JSON here", where="Content-Type", do=f"send the header Content-Type: {JSON}")
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "the body is no JSON object", where="body", do="reload the page")
    return found
