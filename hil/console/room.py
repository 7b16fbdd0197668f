"""The room: one run, who is in it, and what each of them is shown.

Whatever comes from outside goes through `act` to the run, which writes it down; every entry that is written comes back through `_heard` and
is folded into the views. Nothing else changes a view, so a room that was ended at any moment is made again from its log.
"""

from __future__ import annotations

import sys
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from hil.console.channel import Channel, Client, message
from hil.console.lobby import Waiting, begin, resume, save_as
from hil.console.pace import RunClock
from hil.console.rates import Rates
from hil.console.sessions import ANSWERS_KEPT, REFS_KEPT, Role, Session, Sessions
from hil.console.store import Run
from hil.console.telling import as_logged, clock_of, fold_of, live_of, rendering
from hil.errors import HilError, QuantityError, UsageError
from hil.lesson.entries import Entry
from hil.lesson.lesson import Lesson
from hil.lesson.reader import load_lesson
from hil.lesson.run import LessonRun
from hil.lesson.shelf import shipped_lessons
from hil.lesson.views.instructor import InstructorView
from hil.pacing import wall_us
from hil.web.refusals import Refusal

__all__ = ["ROOM_ACTS", "Room"]

CONNECTIONS_OF_ONE_MAX = 6
CONNECTIONS_MAX = 200
LONG_DONE = {"ok": False, "error": {"what": "this was done before", "where": "id", "do": "reload the page to see what came of it"}}
ROOM_ACTS = ("choose", "readmit", "save-lesson", "send-out")
"""Acts of the instructor that are about the room and not about the run."""


class Room:
    """One stored run and its sessions. `wake` is called when there may be something to do before the next tick."""

    def __init__(self, stored: Run, url: str) -> None:
        self.stored = stored
        self.url = url
        self.run: LessonRun | None = None
        self.clock: RunClock | None = None
        self.clients: dict[Client, None] = {}
        self.wake: Callable[[], None] = lambda: None
        self.sessions = Sessions(stored.facts.secrets, stored.keep_sessions, stored.facts.places)
        self.sessions.restore(stored.sessions())
        self.rates = Rates()
        self._channels: dict[tuple[Role, str], Channel] = {}
        self._answers: dict[str, OrderedDict[str, dict[str, Any] | None]] = {}
        self._start_us = self._kept_us = 0
        self.render = rendering(stored.facts.units)
        self._news: deque[Entry] = deque()
        if stored.facts.lesson:
            self._take(resume(stored))
            self._hold()

    def _hold(self) -> None:
        """A run that is gone on with waits for the first one to come back."""
        if self.clock is not None and any(session.learner for session in self.sessions):
            self.clock.held = True
            self.clock.choose()

    # ------------------------------------------------------------ who is there

    def join(self, nickname: str) -> str:
        """A learner comes; returns the key of his case, empty while no lesson is chosen."""
        if self.run is None:
            return ""
        try:
            return self.run.join(nickname)
        except HilError as error:
            raise Refusal.of(error, 409) from None

    def enter(self, session: Session, watched: str = "") -> Client:
        """A browser opens its connection. Raises Refusal when there are too many."""
        if len(self.clients) >= CONNECTIONS_MAX:
            raise Refusal(503, "the console has all the connections it takes", where="/ws", do="close other windows of this run")
        if not self.rates.opens.of(session.digest).take():
            raise Refusal(429, "too many connections from here, one after the other", where="/ws", do="wait a minute")
        own = [client for client in self.clients if client.session.digest == session.digest and client.gone is None]
        for client in own[: max(0, len(own) + 1 - CONNECTIONS_OF_ONE_MAX)]:
            client.leave("this page is open in too many windows")
        client = Client(session, self._channel(session, watched), self._hello(session))
        self.clients[client] = None
        if self.clock is not None and self.clock.held:
            self.clock.held = False
            self.clock.choose()
        self._presence(session, "back", there=len(own) > 0)
        return client

    def exit(self, client: Client) -> None:
        """A browser's connection has ended."""
        self.clients.pop(client, None)
        client.detach()
        self._presence(client.session, "left", there=any(other.session.digest == client.session.digest for other in self.clients))

    def _presence(self, session: Session, act: str, *, there: bool) -> None:
        if session.role == "learner" and session.learner and self.run is not None and not there:
            self.run.order(session.learner, act, {})
            self.wake()

    def readmit(self, learner: str) -> dict[str, Any]:
        """A fresh link for a learner whose browser is gone. Raises Refusal."""
        return {"link": f"{self.url}/join#{self.sessions.invite(learner)}"}

    def send_out(self, learner: str) -> dict[str, Any]:
        """Somebody who is nobody of the class loses his place to whoever comes; his case stays in the log. Raises Refusal."""
        self.sessions.send_out(learner)
        self.expel_strangers()
        return {"free": True}

    def expel_old(self, session: Session) -> None:
        """Connections of a cookie that is none any more have to leave."""
        for client in self.clients:
            if client.session.learner == session.learner and client.session.digest != session.digest and session.role == "learner":
                client.leave("you are here in another browser now")

    def expel_strangers(self) -> None:
        """Connections of whoever has left, or had to make room, tell nothing any more."""
        for client in self.clients:
            if self.sessions.now(client.session) is None:
                client.leave("this cookie is none any more")

    # ------------------------------------------------------------ what is done

    def act(self, session: Session, act: str, args: Mapping[str, Any], ref: str = "") -> dict[str, Any]:
        """Do what a browser asks, at most once for each `ref` of its session; returns the answer."""
        who = session.who or session.digest
        if ref and ref in self._answers.get(who, ()):
            return self._answers[who][ref] or LONG_DONE
        try:
            answer = {"ok": True, "seen": self._mine(act, args)} if act in ROOM_ACTS else self._ordered(session, act, args, ref)
        except HilError as error:
            answer = {"ok": False, "error": {"what": error.what, "where": error.where, "do": error.do}}
        if ref:
            self._keep(who, ref, answer)
        self.wake()
        return answer

    def _ordered(self, session: Session, act: str, args: Mapping[str, Any], ref: str) -> dict[str, Any]:
        if self.run is None or not session.who:
            raise UsageError("no lesson has begun", where=act, do="wait until the instructor has chosen one")
        try:
            logged = as_logged(act, args, self.stored.facts.units)
        except QuantityError as error:  # it quotes what was typed, which must not be put into other units
            return {"ok": False, "as_said": True, "error": {"what": error.what, "where": error.where, "do": error.do}}
        outcome = self.run.order(session.who, act, logged, ref)
        self.settle()  # or the clock would let time on from where it was before a return to a bookmark
        return {"ok": True, "seen": outcome.seen} if outcome.error is None else {"ok": False, "seen": outcome.seen, "error": outcome.error}

    def _mine(self, act: str, args: Mapping[str, Any]) -> dict[str, Any]:
        if act == "readmit":
            return self.readmit(str(args.get("learner", "")))
        if act == "send-out":
            return self.send_out(str(args.get("learner", "")))
        if act == "save-lesson":
            return self.save(str(args.get("name", "")), str(args.get("learner", "")))
        return self.choose(str(args.get("lesson", "")), str(args.get("language", "") or self.stored.facts.language))

    def save(self, name: str, learner: str) -> dict[str, Any]:
        """The run so far as a lesson, in a folder beside the runs. Raises HilError."""
        if self.run is None:
            raise UsageError("no lesson has begun", where="save-lesson", do="choose one first")
        return save_as(self.stored, self.run, name, learner)

    def choose(self, name: str, language: str) -> dict[str, Any]:
        """Begin one of the lessons that ship, with whoever is there. Raises HilError."""
        if self.run is not None:
            raise UsageError("a lesson has begun already", where="choose", do="start another with: pumpsim train")
        if name not in shipped_lessons():
            raise UsageError(f"no lesson is called {name[:40]!r}", where="choose", do="choose one of the list")
        self.begin(load_lesson(name, language), name)
        return {"lesson": name}

    def begin(self, lesson: Lesson, name: str) -> None:
        """Begin this lesson, which the run's folder has by this name. Raises HilError."""
        before = self.stored.facts
        self.stored.keep(before._replace(lesson=name, digest=lesson.sha256, language=lesson.language))
        try:
            self._take(begin(self.stored, lesson))
        except HilError:
            self.stored.keep(before)
            raise
        for session in self.sessions:
            if session.role == "learner":
                self.sessions.give_case(session, self.join(session.nickname))
        for client in self.clients:
            client.detach()
            client.session = self.sessions.now(client.session) or client.session
            client.attach(self._channel(client.session, ""), self._hello(client.session))

    # ------------------------------------------------------------ what is shown

    def _take(self, run: LessonRun) -> None:
        self.run = run
        self.clock = RunClock(run)
        self._channels.clear()
        for entry in run.log.entries():
            self._start_us = int(entry.data.get("clock_us", 0)) if entry.kind == "began" else self._start_us
            self._remember(entry)
        run.log.listen(self._news.append)
        fold_of(run, self.stored.facts, "learner", "")  # what it reads for the first time is read before anybody waits

    def _remember(self, entry: Entry) -> None:
        """What was answered before a restart is answered so again."""
        ref, error = entry.data.get("ref"), entry.data.get("error")
        if ref:
            seen = entry.data.get("seen", {})
            answer = {"ok": False, "seen": seen, "error": error} if error else {"ok": True, "seen": seen}
            self._keep(entry.who, str(ref), answer)

    def _keep(self, who: str, ref: str, answer: dict[str, Any]) -> None:
        """Know this answer, and forget what answers are older than the newest ones; that those acts were done is known longer."""
        kept = self._answers.setdefault(who, OrderedDict())
        kept[ref] = answer
        if len(kept) > ANSWERS_KEPT:
            kept[next(islice(reversed(kept), ANSWERS_KEPT, None))] = None
        while len(kept) > REFS_KEPT:
            kept.popitem(last=False)

    def _channel(self, session: Session, watched: str) -> Channel:
        learner = session.learner if session.role == "learner" else watched if session.role == "observer" else ""
        if session.role == "observer" and self.run is not None and learner not in self.run.cases:
            learner = next(iter(self.run.cases), "")
        return self._channel_of(session.role, learner)

    def _channel_of(self, role: Role, learner: str) -> Channel:
        if (role, learner) not in self._channels:
            self._channels[role, learner] = self._made(role, learner)
        return self._channels[role, learner]

    def _made(self, role: Role, learner: str) -> Channel:
        if self.run is None:
            return Channel(role, learner, Waiting(role))
        self.settle()
        fold = fold_of(self.run, self.stored.facts, role, learner)
        channel = Channel(role, learner, fold, live_of(self.run, role, fold), self.render)
        channel.catch_up(self.run.log.entries())
        return channel

    def _hello(self, session: Session) -> str:
        facts = self.stored.facts
        about: dict[str, Any] = {
            "role": session.role,
            "nickname": session.nickname,
            "learner": session.learner,
            "run": facts.name,
            "colour": facts.colour,
        }
        about |= {"units": facts.units, "chosen": self.run is not None}
        if session.role == "instructor":
            about |= {"links": self.links(), "places": facts.places}
        return message("hello", **about)

    def links(self) -> dict[str, str]:
        """Where people go to, and the short code for those who type."""
        told = self.stored.facts.secrets
        links = {role: f"{self.url}/join#{told[role]}" for role in ("instructor", "learner", "observer")}
        return {**links, "address": self.url, "code": told["code"]}

    def instructor_view(self) -> InstructorView:
        """The fold behind the instructor's page. Raises Refusal while no lesson has begun."""
        self.settle()
        fold = self._channel_of("instructor", "").fold
        if not isinstance(fold, InstructorView):
            raise Refusal(409, "no lesson has begun", where="run", do="choose one on the instructor's page")
        return fold

    def settle(self) -> None:
        """Fold what has been written since into the views."""
        while self._news:
            entry = self._news.popleft()
            if entry.kind == "clock" and self.clock is not None:
                self.clock.choose()
            for channel in tuple(self._channels.values()):
                self._feed(channel, entry)

    def _feed(self, channel: Channel, entry: Entry) -> None:
        try:
            seen = channel.feed(entry)
        except Exception:  # noqa: BLE001  # one view that fails must not take the class with it; the log has the entry
            sys.stderr.write(f"pumpsim: a defect in the view of {channel.role}: {traceback.format_exc()}")
            return
        self._sound(channel, seen)

    def _sound(self, channel: Channel, seen: Entry | None) -> None:
        """Have it sounded now, if the voice of this view says so."""
        told = channel.voice.feed(seen) if seen is not None else None
        if told is not None:
            text = self.render(message("sound", **told, due_ms=wall_us() // 1_000))
            for client in channel.clients:
                client.sound(text)

    def refresh(self, only: Channel | None = None) -> None:
        """Tell browsers what has changed; `only` one view where somebody waits for it."""
        self.settle()
        for channel in (only,) if only is not None else tuple(self._channels.values()):
            if channel.clients:
                channel.refresh()

    def beat(self) -> None:
        """Once a second: the server is alive, and this is the time."""
        clock = clock_of(self.run, self.clock, self._start_us)
        if self.run is not None and self.run.now_us != self._kept_us:
            self._kept_us = self.run.now_us
            self.stored.keep_clock(self._kept_us)
        for channel in tuple(self._channels.values()):
            channel.refresh_live()
            text = message("beat", seq=channel.seq, ms=clock["ms"], clock=clock)
            for client in channel.clients:
                client.beat(text)

    # ------------------------------------------------------------ the end

    def dismiss(self) -> None:
        """Tell every browser that the console ends now; it will look whether it comes back."""
        for client in self.clients:
            client.leave("the console was stopped", again=True)

    def close(self) -> None:
        """Write down how far time has come and give the folder back; a run in which nobody took part is not kept."""
        if self.run is not None:
            self.stored.keep_clock(self.run.now_us)
            self.run.log.close()
        self.stored.close(keep=any(session.role == "learner" for session in self.sessions))
