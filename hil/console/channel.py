"""One view and the browsers that show it.

A view is a fold of the log, cut down to its role by the one gate (`hil.lesson.projection`) before it sees anything. Its top-level keys are
the units of update. Each key is turned into JSON once for all browsers, and sent only if that text has changed.

Nothing is queued for a slow browser but the names of keys that have changed: what it gets, when it can, is their present value. So its
backlog is never larger than the view itself.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from hil.console.sessions import Role, Session
from hil.lesson.entries import Entry
from hil.lesson.projection import project
from hil.lesson.sounds import Voice
from hil.pacing import wall_us

__all__ = ["VERSION", "Channel", "Client", "Fold", "message"]

VERSION = 1
ANSWERS_WAITING_MAX = 16
"""Past this nothing more is heard of a browser until it has read some."""
SOUNDS_WAITING_MAX = 4
SOUND_LATE_US = 1_000_000
"""A sound that could not be sent for so long is late, and late is worse than never."""


class Fold(Protocol):
    """What the views of all roles have in common."""

    def feed(self, entry: Entry) -> None: ...
    def as_dict(self) -> Mapping[str, Any]: ...


def message(kind: str, **facts: object) -> str:
    """A message to a browser."""
    return json.dumps({"v": VERSION, "t": kind, **facts}, separators=(",", ":"), allow_nan=False)


class Client:
    """One browser's connection, seen from the room. `channel` is what it shows."""

    def __init__(self, session: Session, channel: Channel, hello: str) -> None:
        self.session = session
        self.gone: str | None = None
        """What it is told when it must leave; None while it may stay."""
        self._woken = asyncio.Event()
        self._read = asyncio.Event()
        self._read.set()
        self._answers: deque[str] = deque()
        self._sounds: deque[tuple[int, str]] = deque(maxlen=SOUNDS_WAITING_MAX)
        self._beat = ""
        self.attach(channel, hello)

    def attach(self, channel: Channel, hello: str) -> None:
        """Show this channel from now on."""
        self.channel = channel
        self._hello = hello
        self._whole = True
        self._keys: set[str] = set()
        channel.clients.add(self)
        self.wake()

    def detach(self) -> None:
        """Show nothing any more."""
        self.channel.clients.discard(self)

    def changed(self, keys: Iterable[str]) -> None:
        """These keys of the view have other values."""
        self._keys.update(keys)
        self.wake()

    def answer(self, text: str) -> None:
        """An answer to what this browser asked."""
        self._answers.append(text)
        if len(self._answers) >= ANSWERS_WAITING_MAX:
            self._read.clear()
        self.wake()

    @property
    def deaf(self) -> bool:
        """Whether it has to read before it is heard again."""
        return not self._read.is_set()

    async def hearing(self) -> None:
        """Until it has read its answers, or has to leave."""
        await self._read.wait()

    def sound(self, text: str) -> None:
        """Something sounds now."""
        self._sounds.append((wall_us(), text))
        self.wake()

    def beat(self, text: str) -> None:
        """The server is alive; only the newest beat counts."""
        self._beat = text
        self.wake()

    def leave(self, why: str, *, again: bool = False) -> None:
        """End the connection, with a reason for the reader; `again`: it should look whether it can come back."""
        self.gone = message("gone", why=why, again=again)
        self._read.set()
        self.wake()

    def wake(self) -> None:
        """There is something to send."""
        self._woken.set()

    async def wait(self) -> None:
        """Until there is something to send."""
        await self._woken.wait()
        self._woken.clear()

    def take(self) -> list[str]:
        """What is to be sent now: what the view shows first, so that an answer finds it on the page."""
        texts = [self._hello] if self._hello else []
        self._hello = ""
        if self._whole:
            texts.append(self.channel.view_text())
        elif self._keys:
            texts.append(self.channel.change_text(frozenset(self._keys)))
        self._whole = False
        self._keys.clear()
        early_us = wall_us() - SOUND_LATE_US
        texts += [text for at_us, text in self._sounds if at_us >= early_us]
        self._sounds.clear()
        texts += self._answers
        self._answers.clear()
        self._read.set()
        texts += [self._beat] if self._beat else []
        self._beat = ""
        return texts


class Channel:
    """A view of one role, and of one learner's case where the role has that.

    `live` adds what is true of the present moment only; `render` puts texts into the units of this run.
    """

    def __init__(
        self,
        role: Role,
        learner: str,
        fold: Fold,
        live: Callable[[], Mapping[str, Any]] | None = None,
        render: Callable[[str], str] = str,
    ) -> None:
        self.role = role
        self._render = render
        self.learner = learner
        self.fold = fold
        self.voice = Voice(role, learner)
        self.clients: set[Client] = set()
        self.seq = 0
        self._live = live
        self._stale = True
        self._texts: dict[str, str] = {}
        self._live_keys: frozenset[str] = frozenset()
        self._last: tuple[int, frozenset[str], str] = (-1, frozenset(), "")

    def feed(self, entry: Entry) -> Entry | None:
        """An entry of the log; returns what this role may know of it."""
        seen = project(entry, self.role, self.learner)
        if seen is not None:
            self._stale = True
            self.fold.feed(seen)
        return seen

    def catch_up(self, entries: Iterable[Entry]) -> None:
        """What was before anybody looked: it is shown, and none of it sounds now."""
        for entry in entries:
            seen = self.feed(entry)
            if seen is not None:
                self.voice.feed(seen)

    def refresh(self) -> None:
        """See what the fold says now, and tell the browsers which keys have changed."""
        if self._stale:
            self._stale = False
            found = self.fold.as_dict()
            gone = {key: None for key in self._texts if key not in found and key not in self._live_keys}
            self._set({**gone, **found})

    def refresh_live(self) -> None:
        """See what is true at this moment."""
        if self._live is not None and self.clients:
            found = self._live()
            self._live_keys = frozenset(found)
            self._set(found)

    def _set(self, values: Mapping[str, Any]) -> None:
        changed = []
        for key, value in values.items():
            text = self._render(json.dumps(value, separators=(",", ":"), allow_nan=False))
            if self._texts.get(key) != text:
                self._texts[key] = text
                changed.append(key)
        if changed:
            self.seq += 1
            for client in self.clients:
                client.changed(changed)

    def view_text(self) -> str:
        """The whole view as a message."""
        self.refresh()
        return f'{{"v":{VERSION},"t":"view","seq":{self.seq},"view":{self._object(self._texts)}}}'

    def change_text(self, keys: frozenset[str]) -> str:
        """Some keys of it, with their present values; made once where several browsers want the same."""
        if self._last[:2] != (self.seq, keys):
            self._last = (self.seq, keys, f'{{"v":{VERSION},"t":"change","seq":{self.seq},"set":{self._object(keys)}}}')
        return self._last[2]

    def _object(self, keys: Iterable[str]) -> str:
        return "{" + ",".join(f"{json.dumps(key)}:{self._texts[key]}" for key in sorted(keys)) + "}"
