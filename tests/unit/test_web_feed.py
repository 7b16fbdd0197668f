"""The feed of one pump, without sockets: places, order, what is missed, and what it costs."""

from __future__ import annotations

import asyncio
from typing import Any

from hil.server.served_pump import PumpOptions, ServedPump
from hil.web.feed import RUNS_KEPT, Feed, Listener

Message = dict[str, Any]


class Trace:
    """Trace records that a test writes; the oldest may be dropped."""

    def __init__(self) -> None:
        self.kept: list[Message] = []
        self.count = 0

    def add(self, times: int = 1) -> None:
        for _ in range(times):
            self.kept.append({"number": self.count, "now_us": 0, "kind": "bench"})
            self.count += 1

    def since(self, number: int) -> list[Message]:
        return [record for record in self.kept if record["number"] >= number]


def all_of(listener: Listener) -> list[Message]:
    """Everything it is told until there is nothing more."""
    told = []
    while messages := listener.take():
        told += messages
    return told


def kinds(messages: list[Message]) -> list[str]:
    """Types, in order."""
    return [message["type"] for message in messages]


def made() -> tuple[Feed, Trace]:
    """A feed over a trace of one's own."""
    trace = Trace()
    return Feed(trace.since, lambda: None), trace


def test_runs_are_cut_at_zeros_whatever_the_pieces() -> None:
    """Bytes that come one at a time are the frames that they make; a lone zero is none."""
    feed, _ = made()
    listener = feed.listen(since=None, wire=True, wire_since=None)
    for byte in b"\0\0abc\0\0def\0gh":
        feed.passed(7, "host", bytes([byte]))

    assert [message["frame"]["raw"] for message in all_of(listener) if message["type"] == "frame"] == [b"abc\0".hex(), b"def\0".hex()]


def test_endless_bytes_are_told_in_pieces() -> None:
    """Noise without a zero does not pile up."""
    feed, _ = made()
    listener = feed.listen(since=None, wire=True, wire_since=None)
    for _ in range(100):
        feed.passed(7, "host", b"x" * 1_000)

    assert 90_000 < sum(message["frame"]["bytes"] for message in all_of(listener) if message["type"] == "frame") <= 100_000


def test_directions_do_not_mix() -> None:
    """Half a frame from one side is not ended by the other side's zero."""
    feed, _ = made()
    listener = feed.listen(since=None, wire=True, wire_since=None)
    feed.passed(7, "host", b"ab")
    feed.passed(7, "pump", b"xy\0")
    feed.passed(8, "host", b"c\0")
    frames = [message["frame"] for message in all_of(listener) if message["type"] == "frame"]

    assert [(frame["from"], frame["now_us"], frame["raw"]) for frame in frames] == [("pump", 7, "787900"), ("host", 8, "61626300")]


def test_events_stand_between_the_frames_around_them() -> None:
    """The order in which things happened is the order in which they are told."""
    feed, trace = made()
    listener = feed.listen(since=0, wire=True, wire_since=0)
    trace.add()
    feed.passed(0, "host", b"a\0")
    trace.add(2)
    feed.passed(0, "pump", b"b\0")
    trace.add()

    assert kinds(all_of(listener)) == ["event", "frame", "event", "event", "frame", "event", "live"]


def test_dropped_records_are_counted() -> None:
    """A listener that comes too late for some is told how many."""
    feed, trace = made()
    trace.add(10)
    del trace.kept[:4]
    told = all_of(feed.listen(since=1, wire=False, wire_since=None))

    assert told[0] == {"type": "missed", "events": 3, "frames": 0}
    assert [message["event"]["number"] for message in told[1:-1]] == [4, 5, 6, 7, 8, 9]


def test_dropped_frames_are_counted() -> None:
    """The ring keeps the newest."""
    feed, _ = made()
    listener = feed.listen(since=None, wire=True, wire_since=None)
    for _ in range(RUNS_KEPT + 5):
        feed.passed(0, "host", b"a\0")
    told = all_of(listener)

    assert told[0] == {"type": "missed", "events": 0, "frames": 5}
    assert kinds(told).count("frame") == RUNS_KEPT


def test_numbers_of_another_pump_are_renumbered() -> None:
    """A number that is not there yet belongs to a server that is gone: the listener is told, and goes on with what comes."""
    feed, trace = made()
    trace.add(2)
    listener = feed.listen(since=500, wire=False, wire_since=None)
    trace.add()

    assert kinds(all_of(listener)) == ["renumbered", "event", "live"]


def test_restored_pump_begins_without_a_gap() -> None:
    """After an image the trace begins at some number: what came before it is not missing."""
    feed, trace = made()
    trace.add(3)
    listener = feed.listen(since=0, wire=False, wire_since=None)
    all_of(listener)
    trace.kept, trace.count = [], 70
    feed.another_pump()
    trace.add()

    assert kinds(all_of(listener)) == ["renumbered", "event"]


def test_nothing_is_kept_while_nobody_wants_frames() -> None:
    """Without a listener for frames, and with one for events alone, bytes pass and are forgotten."""
    feed, _ = made()
    feed.passed(0, "host", b"a\0")
    feed.listen(since=0, wire=False, wire_since=None)
    feed.passed(0, "host", b"a\0")

    assert feed.next_run == 0


def test_frames_stay_for_a_while_after_the_last_listener() -> None:
    """One that comes back finds the frames in between; the feed listens on until the time is over."""

    async def story() -> tuple[bool, list[str]]:
        feed, _ = made()
        feed.leave(feed.listen(since=None, wire=True, wire_since=None))
        feed.passed(0, "host", b"a\0")
        return feed.listening, kinds(all_of(feed.listen(since=None, wire=True, wire_since=0)))

    assert asyncio.run(story()) == (True, ["frame", "live"])


def test_port_calls_the_pump_itself_unless_somebody_listens() -> None:
    """In lock-step nothing stands between port and pump; a listener changes that, and only while it is there."""

    async def story() -> list[bool]:
        served = ServedPump(PumpOptions("itp-40", "tcp://127.0.0.1:0"))
        served.start(asyncio.get_running_loop(), lambda _why: None)
        direct = [served.port.handler == served.unit.receive]
        listener = served.feed.listen(since=None, wire=False, wire_since=None)
        direct.append(served.port.handler == served.unit.receive)
        served.feed.leave(listener)
        direct.append(served.port.handler == served.unit.receive)
        served.close()
        return direct

    assert asyncio.run(story()) == [True, False, True]
