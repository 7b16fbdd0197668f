"""A pump that says what is not so, and says it well: the client's calls end all the same, in a named error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocol import messages as m
from protocol.answers import ok, part_answer
from protocol.client import Programmer
from protocol.errors import BadAnswer
from protocol.framing import Frame, FrameDecoder, encode_frame
from protocol.message_table import BY_NAME
from protocol.testing import Pair, simple_therapy
from protocol.transport.memory import MemoryTransport

WRITES_MAX = 4_000
"""A therapy image of 940 bytes, told one byte at a time, is the longest of what may end."""
RECORD = m.LogEntry(5, 1, 1, 0, 0, 0, 0, 0, 0, 0)

Lie = Callable[[Frame], bytes]


class EndlessCall(Exception):
    """A call that goes on and on."""


def deceived(opcode: int, lie: Lie) -> Programmer:
    """A programmer at a pump whose answers to one request are a lie; nothing is proved here."""
    pair, writes = Pair(security="no-auth").running(), 0

    def carry(data: bytes) -> bytes:
        nonlocal writes
        writes += 1
        if writes > WRITES_MAX:
            raise EndlessCall
        answers = [item for item in FrameDecoder().feed(pair.link.carry(data)) if isinstance(item, Frame)]
        return b"".join(encode_frame(frame._replace(body=lie(frame)) if frame.opcode == opcode else frame) for frame in answers)

    return Programmer.over(MemoryTransport(carry), programmer_id=1, keys=())


def log_lies() -> dict[str, Lie]:
    """Pages that do not go on."""
    return {
        "the same record for ever": lambda _frame: ok(m.LogAnswer(1, 9, (RECORD,))),
        "records that go back": lambda _frame: ok(m.LogAnswer(1, 9, (RECORD._replace(number=8), RECORD._replace(number=2)))),
        "more records to come than there are numbers": lambda _frame: ok(
            m.LogAnswer(1, 0xFFFF_FFFF, (RECORD._replace(number=0xFFFF_FFFE),) * 2)
        ),
    }


@pytest.mark.parametrize("name", log_lies())
def test_log_that_does_not_go_on_ends(name: str) -> None:
    """A log whose pages lead nowhere is given up as unreadable."""
    programmer = deceived(BY_NAME["LOG"].opcode, log_lies()[name])

    with pytest.raises(BadAnswer):
        programmer.read_log(1)


def part_lie(asked: int, body: tuple[Any, ...], told: int | None = None) -> Lie:
    """Another answer to one part of an interrogation."""
    lie = part_answer(asked if told is None else told, body)
    return lambda frame: lie if frame.body[:2] == bytes((0, asked)) else frame.body


def identity_without_limits() -> m.Identity:
    """A pump that does not say what it accepts."""
    return Pair().pump.identity()._replace(limits=())


PART_LIES: dict[str, Callable[[], Lie]] = {
    "another part": lambda: part_lie(0, m.Counters(*range(10)), told=3),
    "no limits": lambda: part_lie(0, identity_without_limits()),
    "a therapy of a byte at a time": lambda: part_lie(1, m.TherapyPart(1, bytes(32), 0xFFFF, 0, b"x")),
    "a therapy that is none": lambda: part_lie(1, m.TherapyPart(1, bytes(32), 3, 0, b"abc")),
}


@pytest.mark.parametrize("name", PART_LIES)
@pytest.mark.parametrize("act", ["interrogate", "update", "check"])
def test_interrogation_that_cannot_be_is_a_bad_answer(name: str, act: str) -> None:
    """Parts that are not what was asked, or lack what must be there, are told as such, whatever the call."""
    programmer = deceived(BY_NAME["INTERROGATE"].opcode, PART_LIES[name]())
    calls: dict[str, Callable[[], object]] = {
        "interrogate": programmer.interrogate,
        "update": lambda: programmer.update(simple_therapy()),
        "check": lambda: programmer.check(simple_therapy()),
    }

    with pytest.raises(BadAnswer):
        calls[act]()


def test_session_of_number_0_is_a_bad_answer() -> None:
    """A pump that opens a session without a number is not asked again and again for one."""
    hello = m.HelloAnswer(0, 1, 2, 1, bytes(16), bytes(16), "paper", "P-0001", "1.0")

    with pytest.raises(BadAnswer):
        deceived(BY_NAME["HELLO"].opcode, lambda _frame: ok(hello)).status()
