"""The feed: trace records and frames as they happen, resumed without loss, and nobody held up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.rig import Rig
from protocol.client import Programmer
from tests.rig.serving import PROGRAMMER, filled, running, serve, stop_server
from tests.rig.web import Web, listening, taken, until_live, web

Message = dict[str, Any]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Web]:
    """A server."""
    with web(tmp_path, "--seed", "1") as found:
        yield found


def numbers(messages: list[Message], kind: str) -> list[int]:
    """Numbers of the events or frames among them."""
    return [message[kind]["number"] for message in messages if message["type"] == kind]


def day(rig: Rig, programmer: Programmer) -> None:
    """Some commands, some time and some acts of the bench."""
    programmer.bolus(20_000, 10_000, 600)
    rig.bench.advance(hours=1)
    rig.bench.clear(rig.bench.inject("motor.stall"))
    programmer.stop()
    programmer.start()
    rig.bench.advance(hours=1)


def test_tells_all_trace_records_that_are_kept(served: Web) -> None:
    """From number 0 on the feed is what the verb `events` tells."""
    with Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
        filled(rig)
        day(rig, rig.programmer)
        with listening(served, since=0) as line:
            messages = until_live(line)

        assert [message["event"] for message in messages] == rig.bench.events()


def test_tells_new_ones_as_they_happen(served: Web) -> None:
    """A listener that asks for nothing old hears the next act."""
    with listening(served) as line:
        old = until_live(line)
        served.bench.inject("motor.stall")
        (message,) = taken(line, 1)

    assert old == []
    assert (message["event"]["act"], message["event"]["fault"]) == ("inject", "motor.stall")


def test_frames_come_decoded_between_the_events_they_caused(served: Web) -> None:
    """A bolus on the wire: its request, what the pump wrote down, its answer, in this order."""
    with Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
        programmer = filled(rig)
        with listening(served, wire="true") as line:
            until_live(line)
            programmer.bolus(20_000, 10_000, 600)
            told = [taken(line, 1)[0]]
            while told[-1]["type"] == "event" or told[-1]["frame"].get("name") != "BOLUS" or told[-1]["frame"]["from"] != "pump":
                told += taken(line, 1)
    request = next(message["frame"] for message in told if message["type"] == "frame" and message["frame"]["name"] == "BOLUS")

    assert (request["from"], request["kind"], request["fields"]["volume_nl"]) == ("host", "request", 20_000)
    assert told[-1]["frame"]["answer"] == "OK"
    assert [message["type"] for message in told[-3:]].count("event") >= 1


def test_broken_stream_resumes_without_loss(served: Web) -> None:
    """A listener goes in the middle, things happen, it comes back with its numbers: nothing is missing, nothing comes twice."""
    with Rig.connect(served.ready, programmer=PROGRAMMER) as rig, listening(served, since=0, wire="true") as whole:
        with listening(served, since=0, wire="true") as line:
            programmer = filled(rig)
            first = taken(line, 20)
        day(rig, programmer)
        since, wire_since = numbers(first, "event")[-1] + 1, numbers(first, "frame")[-1] + 1
        with listening(served, since=since, wire_since=wire_since) as line:
            first += until_live(line)
            day(rig, programmer)
            programmer.close()
            end = len(rig.bench.events()) - 1
            while not (numbers(first, "event")[-1] == end and first[-1]["type"] == "frame" and first[-1]["frame"]["name"] == "CLOSE"):
                first += taken(line, 1)
        first = [message for message in first if message["type"] != "live"]
        unbroken: list[Message] = []
        while len(unbroken) < len(first):
            unbroken += [message for message in taken(whole, 1) if message["type"] != "live"]

    assert numbers(first, "event") == list(range(end + 1))
    assert numbers(first, "frame") == list(range(len(numbers(first, "frame"))))
    assert first == unbroken


def test_frames_are_kept_for_one_that_comes_back(served: Web) -> None:
    """The only listener goes and comes back: the frames in between are there."""
    with Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
        with listening(served, wire="true") as line:
            until_live(line)
        rig.programmer.status()
        with listening(served, wire_since=0) as line:
            messages = until_live(line)

    assert [message["frame"]["name"] for message in messages][-2:] == ["STATUS", "STATUS"]


def test_restored_pump_has_numbers_of_its_own(served: Web) -> None:
    """A listener is told that the pump is another one, and hears what that one does."""
    image = served.bench.save()
    served.bench.inject("motor.stall")
    with listening(served, since=0) as line:
        until_live(line)
        served.bench.restore(image)
        served.bench.reset()
        kinds = [message["type"] for message in taken(line, 2)]

    assert kinds == ["renumbered", "event"]


def test_listening_changes_nothing(served: Web) -> None:
    """With and without listeners one day has one digest."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        day(rig, filled(rig))
        alone = rig.bench.digest()
    with listening(served, since=0, wire="true"), Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
        day(rig, filled(rig))
        heard = rig.bench.digest()

    assert heard == alone


def test_listener_that_does_not_read_holds_up_nobody(served: Web) -> None:
    """Thousands of messages that one listener leaves lying: the pump answers on, and that one is told what it missed."""
    with listening(served, since=0) as slow, Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
        for _ in range(12_000):
            served.behind.clear(served.behind.inject("motor.stall"))
        newest = rig.bench.events()[-1]["number"]
        told, missed = 0, 0
        while told + missed <= newest:
            message = taken(slow, 1)[0]
            told += message["type"] == "event"
            missed += message.get("events", 0) if message["type"] == "missed" else 0

    assert told + missed == newest + 1


def test_bytes_that_leave_late_are_heard_too(served: Web) -> None:
    """An answer that the line holds back comes to listeners when it leaves, with that time."""
    with Rig.connect(served.ready, programmer={**PROGRAMMER, "reply_timeout_s": 10.0}) as rig, listening(served, wire="true") as line:
        programmer = rig.programmer
        programmer.status()
        until_live(line)
        served.bench.call("inject", fault="link.delay", params={"direction": "to_host", "delay_us": 2_000_000})
        programmer.status()
        frame: Message = {"now_us": 0}
        while not (frame["now_us"] and frame["from"] == "pump"):
            message = taken(line, 1)[0]
            frame = message["frame"] if message["type"] == "frame" else frame

    assert frame["name"] == "STATUS"
    assert frame["now_us"] >= 2_000_000


def test_listener_of_a_paced_pump_with_state_disturbs_no_replay(tmp_path: Path) -> None:
    """Frames heard by a listener are in the journal at the instant at which they were handled: a killed server replays them."""
    options = ("--state", str(tmp_path / "state"), "--port", "tcp://127.0.0.1:0", "--pace", "x1", "--bench", "http", "--no-sync")
    with serve(*options) as process:
        found = Web(running(process))
        with listening(found, since=0, wire="true"), Rig.connect(found.ready, programmer=PROGRAMMER) as rig:
            for _ in range(20):
                rig.programmer.status()
            rig.bench.call("pace", pace="lock-step")
            filled(rig)
            before = rig.bench.status()["boot_count"], rig.bench.truth()["balance"]["injected_fl"]
        found.bench.close()
        process.kill()
    with serve(*options) as process, Rig.connect(running(process), programmer=PROGRAMMER) as rig:
        after = rig.bench.status()["boot_count"] - 1, rig.bench.truth()["balance"]["injected_fl"]
        generation = rig.bench.status()["generation"]
        stop_server(process)

    assert (after, generation) == (before, 1)
