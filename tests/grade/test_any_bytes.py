"""Whatever passes a line, the grader judges it and never fails: a server that grades must not end because a host babbles."""

from __future__ import annotations

import json
import random
from typing import Any

from hil.grade.grader import Grader
from hil.grade.offline import proof_judge
from hil.grade.options import PROVOCATIONS
from hil.grade.provocation import Provoker
from hil.grade.report import data, lines
from hil.parity.capture_file import read_capture
from protocol.capture.reader import Packet
from protocol.framing import ANSWER, Bad, Frame, decode_frame, encode_frame
from protocol.message_table import SPECS
from protocol.testing import TEST_KEYS
from tests.tidy.tree import ROOT

GOLDEN = ROOT / "tests/golden/session.pcapng"
STREAMS = 40
RUNS = 150
OPCODES = [*SPECS, 0, 0x99]


def bent(draw: random.Random, raw: bytes) -> bytes:
    """A run with something of its frame changed, its checksum right again; noise now and then."""
    frame = decode_frame(raw.removesuffix(b"\0"))
    how = draw.randrange(9)
    if not isinstance(frame, Frame) or how == 0:
        return draw.randbytes(draw.randrange(40)) + b"\0"
    if how == 1:
        return raw[: draw.randrange(len(raw))]
    choices: dict[int, dict[str, Any]] = {
        2: {"opcode": draw.choice(OPCODES)},
        3: {"body": frame.body[: draw.randrange(len(frame.body) + 1)]},
        4: {"body": draw.randbytes(len(frame.body))},
        5: {"session": draw.randrange(4), "sequence": draw.randrange(6)},
        6: {"flags": frame.flags ^ ANSWER},
        7: {"body": bytes((0,)) + frame.body[1:]},
    }
    return encode_frame(frame._replace(**choices.get(how, {})))


def test_no_stream_breaks_the_grader(seed: int) -> None:
    """The golden session in any order, from either side, bent anywhere: a report comes out, as text and as JSON."""
    packets = [item for item in read_capture(str(GOLDEN)) if isinstance(item, Packet)]
    for stream in range(STREAMS):
        draw = random.Random(seed + stream)
        grader, at_us = Grader(proof_judge(TEST_KEYS)), 0
        for packet in sorted(draw.choices(packets, k=RUNS), key=lambda each: each.number if stream % 2 else 0):
            at_us += draw.randrange(100_000_000)
            sender = packet.sender if draw.random() < 0.9 else draw.choice(["host", "pump"])
            grader.passed(at_us, sender, packet.raw if draw.random() < 0.5 else bent(draw, packet.raw))
            if draw.random() < 0.01:
                grader.another_pump()
        grade = grader.grade()

        assert list(lines(grade, {}))
        assert json.dumps(data(grade, {}))


def test_no_stream_breaks_the_provoker(seed: int) -> None:
    """The same streams past a pump that provokes all: what it is told to do it does at most once, and what it cannot read it lets pass."""
    packets = [item for item in read_capture(str(GOLDEN)) if isinstance(item, Packet)]
    for stream in range(STREAMS):
        draw, acts = random.Random(seed + stream), list[str]()
        provoker = Provoker(list(PROVOCATIONS), lambda verb, _args, acts=acts: acts.append(verb), lambda: TEST_KEYS)  # type: ignore[misc]
        for packet in draw.choices(packets, k=RUNS):
            raw = packet.raw if draw.random() < 0.5 else bent(draw, packet.raw)
            provoker.coming(raw)
            left = provoker.leaving(raw)
            assert not isinstance(decode_frame(raw.removesuffix(b"\0")), Bad) or left == raw

        assert sorted(acts) in ([], ["inject", "reset"])
