"""Who is there: a link's secret is exchanged once for a cookie, and the cookie says role and learner from then on.

The secret stands in the link's fragment, which no browser sends or logs. Of a cookie only the SHA-256 is kept, so that who reads the
run's folder cannot be somebody else. Nicknames are what a learner is called: no real name is asked for.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from hil.console.rates import Bucket, Buckets
from hil.web.refusals import Refusal

__all__ = ["CODE_SECRET", "ROLES", "Role", "Session", "Sessions", "new_secrets", "nickname_of"]

Role = Literal["instructor", "learner", "observer"]
ROLES: tuple[Role, ...] = ("instructor", "learner", "observer")
CODE_SECRET = "code"  # noqa: S105  # the name of one, not one
SECRET_BYTES = 24
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_GROUPS = (4, 4)
"""Eight of 31 letters are 39 bits: with ten tries a minute nobody guesses them."""
NICKNAME_CHARS_MAX = 24
SESSIONS_MAX: Mapping[Role, int] = {"instructor": 8, "learner": 40, "observer": 16}
TRIES_AT_ONCE, TRY_EVERY_US = 10, 6_000_000
"""Wrong secrets from one address: ten, then one each six seconds."""
ALL_TRIES_AT_ONCE, ANY_TRY_EVERY_US = 100, 600_000
ANSWERS_KEPT, REFS_KEPT = 24, 1_024
"""Answers kept of one learner, for acts that are sent again after a drop, and how many acts are known not to be done again."""


def new_secrets() -> dict[str, str]:
    """Fresh secrets for the links of a run."""
    code = "-".join("".join(secrets.choice(CODE_LETTERS) for _ in range(size)) for size in CODE_GROUPS)
    return {**{role: secrets.token_urlsafe(SECRET_BYTES) for role in ROLES}, CODE_SECRET: code}


class Session(NamedTuple):
    """One browser's place in the run. `learner` is the key of a learner's case; empty for other roles, and until a lesson is chosen."""

    digest: str
    role: Role
    nickname: str
    learner: str = ""

    @property
    def who(self) -> str:
        """By whose name the log has what this session does."""
        return self.learner if self.role == "learner" else self.role


class Sessions:
    """All sessions of a run. `keep` is called with all of them, plain, whenever they change."""

    def __init__(self, secrets_by_name: Mapping[str, str], keep: Callable[[list[dict[str, object]]], None], places: int) -> None:
        self._secrets = dict(secrets_by_name)
        self._keep = keep
        self._by_digest: dict[str, Session] = {}
        self._tries = Buckets(TRIES_AT_ONCE, TRY_EVERY_US)
        self._all_tries = Bucket(ALL_TRIES_AT_ONCE, ANY_TRY_EVERY_US)
        self._invited: dict[str, str] = {}
        self.places = places

    def __iter__(self) -> Any:
        return iter(tuple(self._by_digest.values()))

    def restore(self, plain: list[dict[str, Any]]) -> None:
        """Take back what `keep` was given before."""
        self._by_digest = {each["digest"]: Session(**each) for each in plain}

    def by_who(self, who: str) -> Session | None:
        """The learner's session with this key."""
        return next((session for session in self if session.role == "learner" and session.learner == who), None)

    def role_of(self, secret: object, address: str) -> Role:
        """Which role a link's secret opens. Raises Refusal for a wrong one, and for too many wrong ones."""
        bucket = self._tries.of(address)
        if not (bucket.take() and self._all_tries.take()):
            raise Refusal(429, "too many wrong links from here", where="token", do="wait a minute, then open the link again")
        found = self._matched(secret)
        if found is None:
            raise Refusal(401, "this link or code is not of this run", where="token", do="ask the instructor for the link")
        bucket.put_back()
        self._all_tries.put_back()
        return found

    def _matched(self, secret: object) -> Role | None:
        text = secret.strip() if isinstance(secret, str) else ""
        code = "".join(letter for letter in text.upper() if letter in CODE_LETTERS)
        found: Role | None = None
        for role in ROLES:
            if _same(text, self._secrets[role]):
                found = role
        if _same(code, self._secrets[CODE_SECRET].replace("-", "")):
            found = "learner"
        return found

    def admit(self, role: Role, nickname: object, join: Callable[[str], str]) -> tuple[str, Session]:
        """Make a session; returns the cookie's value too. `join` gives a learner's key. Raises Refusal."""
        name = role.capitalize()
        if role == "learner":
            name = nickname_of(nickname)
            self._demand_place(name)
        else:
            self._make_room(role)
        cookie = secrets.token_urlsafe(SECRET_BYTES)
        session = Session(_digest(cookie), role, name, join(name) if role == "learner" else "")
        self._by_digest[session.digest] = session
        self._save()
        return cookie, session

    def _demand_place(self, name: str) -> None:
        taken = [session for session in self if session.role == "learner"]
        if any(_folded(session.nickname) == _folded(name) for session in taken):
            do = "choose another; if it is you, use the browser you joined with, or ask the instructor to let you in again"
            raise Refusal(409, f"somebody is called {name} already", where="nickname", do=do)
        if len(taken) >= min(self.places, SESSIONS_MAX["learner"]):
            raise Refusal(409, f"all {self.places} places of this class are taken", where="class", do="ask the instructor")

    def _make_room(self, role: Role) -> None:
        """Other roles can be opened any number of times; the oldest session makes room."""
        have = [session for session in self if session.role == role]
        for session in have[: max(0, len(have) + 1 - SESSIONS_MAX[role])]:
            del self._by_digest[session.digest]

    def of(self, cookie: str | None) -> Session | None:
        """The session of a cookie."""
        return None if cookie is None else self._by_digest.get(_digest(cookie))

    def now(self, session: Session) -> Session | None:
        """The same session as it is now; None if it has ended."""
        return self._by_digest.get(session.digest)

    def give_case(self, session: Session, learner: str) -> Session:
        """A learner who waited for a lesson has a case now."""
        changed = session._replace(learner=learner)
        self._by_digest[session.digest] = changed
        self._save()
        return changed

    def invite(self, learner: str) -> str:
        """A secret that is good once, for a learner whose browser is gone. Raises Refusal."""
        if not learner or self.by_who(learner) is None:
            raise Refusal(404, "there is no such learner", where="learner", do="name one of the class")
        self._invited = {secret: whom for secret, whom in self._invited.items() if whom != learner}
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self._invited[secret] = learner
        return secret

    def send_out(self, learner: str) -> None:
        """Take the place from a learner who is nobody of the class; his cookie and any fresh link for him are none. Raises Refusal."""
        session = self.by_who(learner) if learner else None
        if session is None:
            raise Refusal(404, "there is no such learner", where="learner", do="name one of the class")
        self._invited = {secret: whom for secret, whom in self._invited.items() if whom != learner}
        del self._by_digest[session.digest]
        self._save()

    def hand_over(self, secret: object) -> tuple[str, Session] | None:
        """A fresh cookie for who was invited; the learner's old one is none any more. None for any other secret."""
        old = self.by_who(self._invited.pop(secret, "")) if isinstance(secret, str) else None
        if old is None:
            return None
        del self._by_digest[old.digest]
        cookie = secrets.token_urlsafe(SECRET_BYTES)
        fresh = old._replace(digest=_digest(cookie))
        self._by_digest[fresh.digest] = fresh
        self._save()
        return cookie, fresh

    def end(self, session: Session) -> None:
        """Forget a session that is no learner's; a learner's place stays his."""
        if session.role != "learner":
            self._by_digest.pop(session.digest, None)
            self._save()

    def _save(self) -> None:
        self._keep([session._asdict() for session in self])


def nickname_of(given: object) -> str:
    """A nickname as it is shown. Raises Refusal."""
    text = " ".join(unicodedata.normalize("NFC", given).split()) if isinstance(given, str) else ""
    do = f"use 1 to {NICKNAME_CHARS_MAX} letters, digits, spaces, - or ' ; no real name is needed"
    if not 1 <= len(text) <= NICKNAME_CHARS_MAX:
        raise Refusal(422, "a nickname is missing" if not text else "this nickname is too long", where="nickname", do=do)
    wrong = next((letter for letter in text if not (unicodedata.category(letter)[0] in "LN" or letter in " -'.")), None)
    if wrong is None and unicodedata.category(text[0])[0] not in "LN":
        wrong = text[0]
    if wrong is not None:
        raise Refusal(422, f"{wrong!a} cannot stand there in a nickname", where="nickname", do=do)
    return text


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().replace(" ", "")


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())
