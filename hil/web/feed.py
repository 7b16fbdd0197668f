"""What happens on one pump, told to those who listen: trace records, and the frames on its port for those who ask for them.

Nothing is queued for a listener. Trace records are kept by the pump, runs of bytes in one ring here, and each listener has a place in
both; one that is slow finds the oldest gone and is told how many. While nobody listens, nothing is kept and the port pays nothing.
A listener whose connection broke may come back with its numbers: the ring stays for a while after the last one has left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

from hil.pacing import after
from protocol.transcript import describe

__all__ = ["LISTENERS_MAX", "RUNS_KEPT", "Feed", "Listener"]

LISTENERS_MAX = 32
"""Listeners of one pump at once."""
RUNS_KEPT = 4_096
"""Frames kept for listeners that are slow or come back."""
RUN_BYTES_MAX = 4_096
"""Bytes without a zero past this are told as they are; a frame has at most 544."""
BATCH_MAX = 200
"""Messages made at once, so that one listener's backlog does not hold up the pump."""
NOTICES_MAX = 16
LINGER_S = 60.0
"""Wall time for which frames are kept on after the last listener for them has left."""

Message = dict[str, Any]
Side = Literal["host", "pump"]


class Run(NamedTuple):
    """One run of bytes ended by its zero; `next_event` is the number of the first trace record that came after it."""

    number: int
    now_us: int
    side: Side
    raw: bytes
    next_event: int

    def message(self) -> Message:
        """As it is told, decoded as far as it can be."""
        facts = {"number": self.number, "now_us": self.now_us, "from": self.side, "raw": self.raw.hex()}
        return {"type": "frame", "frame": {**facts, **describe(self.raw)}}


class Listener:
    """One listener's place in the feed. `frames` None: trace records only."""

    def __init__(self, feed: Feed, *, event: int, frame: int | None) -> None:
        self._feed = feed
        self._event = event
        self._frame = frame
        self._live = False
        self._adrift = False
        """What comes next may have any number."""
        self._woken = asyncio.Event()
        self._woken.set()
        self.gone = False
        self.notices: deque[Message] = deque(maxlen=NOTICES_MAX)

    @property
    def wants_frames(self) -> bool:
        """Whether frames are told to this one."""
        return self._frame is not None

    def wake(self) -> None:
        """There may be something new."""
        self._woken.set()

    async def wait(self) -> None:
        """Until there may be something new."""
        await self._woken.wait()
        self._woken.clear()

    def renumber(self, next_event: int) -> None:
        """The pump is another one now: what was not told yet of the old one is gone."""
        self._event, self._adrift = next_event, True
        self.notices.append({"type": "renumbered"})

    def take(self) -> list[Message]:
        """What is new, oldest first, at most a batch; empty when all is told."""
        told = list(self.notices)
        self.notices.clear()
        events = self._feed.records(self._event)
        runs = [] if self._frame is None else self._feed.runs_from(self._frame)
        told += self._missed(events, runs)
        told += islice(self._merged(deque(events), deque(runs)), BATCH_MAX)
        if not told and not self._live:
            self._live = True
            return [{"type": "live", "next_event": self._event, "next_frame": self._feed.next_run}]
        return told

    def _missed(self, events: list[Message], runs: list[Run]) -> list[Message]:
        """Tell how many have been dropped before they could be told."""
        gone_events = events[0]["number"] - self._event if events and not self._adrift else 0
        self._adrift = self._adrift and not events
        gone_runs = runs[0].number - self._frame if runs and self._frame is not None else 0
        return [{"type": "missed", "events": gone_events, "frames": gone_runs}] if gone_events or gone_runs else []

    def _merged(self, events: deque[Message], runs: deque[Run]) -> Iterator[Message]:
        """Records and runs in the order in which they happened; what is handed out is told."""
        while events or runs:
            if events and (not runs or events[0]["number"] < runs[0].next_event):
                record = events.popleft()
                self._event = record["number"] + 1
                yield {"type": "event", "event": record}
            else:
                run = runs.popleft()
                self._frame = run.number + 1
                yield run.message()


class Feed:
    """The listeners of one pump. `records` gives trace records from a number on; `on_change` hears when `listening` may have changed."""

    def __init__(self, records: Callable[[int], list[Message]], on_change: Callable[[], None]) -> None:
        self.records = records
        self.next_run = 0
        self._on_change = on_change
        self._listeners: set[Listener] = set()
        self._runs: deque[Run] = deque(maxlen=RUNS_KEPT)
        self._halves: dict[Side, bytes] = {"host": b"", "pump": b""}
        self._seen = 0
        self._lingering: asyncio.TimerHandle | None = None

    @property
    def listening(self) -> bool:
        """Somebody listens, or has until a moment ago."""
        return bool(self._listeners) or self._lingering is not None

    @property
    def full(self) -> bool:
        """No more listeners."""
        return len(self._listeners) >= LISTENERS_MAX

    def next_event(self) -> int:
        """The number that the next trace record will have."""
        found = self.records(self._seen)
        if found:
            self._seen = int(found[-1]["number"]) + 1
        return self._seen

    def listen(self, *, since: int | None, wire: bool, wire_since: int | None) -> Listener:
        """Begin to listen, at these numbers or with what comes next. Numbers that are not there yet are another pump's."""
        next_event = self.next_event()
        place = next_event if since is None else min(since, next_event)
        frame = None if not wire else self.next_run if wire_since is None else min(wire_since, self.next_run)
        listener = Listener(self, event=place, frame=frame)
        if (since is not None and since > next_event) or (wire_since is not None and wire_since > self.next_run):
            listener.renumber(place)
        if wire and self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        self._listeners.add(listener)
        self._on_change()
        return listener

    def leave(self, listener: Listener) -> None:
        """A listener has gone; frames are kept a little longer if it was the last that wanted them."""
        self._listeners.discard(listener)
        if listener.wants_frames and not self._wire_wanted():
            self._lingering = after(asyncio.get_running_loop(), LINGER_S, self._forget)
        self._on_change()

    def wake(self) -> None:
        """Something may have happened."""
        for listener in self._listeners:
            listener.wake()

    def notice(self, message: Message) -> None:
        """Tell something that has no number."""
        for listener in self._listeners:
            listener.notices.append(message)
        self.wake()

    def another_pump(self) -> None:
        """The unit became another one, whose trace has its own numbers."""
        self._seen = 0
        next_event = self.next_event()
        for listener in self._listeners:
            listener.renumber(next_event)
        self.wake()

    def passed(self, now_us: int, side: Side, data: bytes) -> None:
        """Bytes have passed the port; runs that they end are kept."""
        if not data or not (self._lingering is not None or self._wire_wanted()):
            return
        *ended, half = (self._halves[side] + data).split(b"\0")
        runs = [run + b"\0" for run in ended if run]  # a lone zero only wakes the line
        if len(half) > RUN_BYTES_MAX:
            runs.append(half)
            half = b""
        self._halves[side] = half
        next_event = self.next_event()
        for raw in runs:
            self._runs.append(Run(self.next_run, now_us, side, raw, next_event))
            self.next_run += 1

    def runs_from(self, number: int) -> list[Run]:
        """The runs from a number on that are still kept."""
        kept = len(self._runs)
        return list(islice(self._runs, max(0, number - (self.next_run - kept)), kept))

    def _wire_wanted(self) -> bool:
        return any(listener.wants_frames for listener in self._listeners)

    def _forget(self) -> None:
        """Keep no more frames. The stretch nobody hears counts as one missed frame."""
        self._lingering = None
        self._runs.clear()
        self._halves = {"host": b"", "pump": b""}
        self.next_run += 1
        self._on_change()
