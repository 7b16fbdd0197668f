"""A pump that says something wrong and means it: its answers are bent on their way, and signed again with its session's key."""

from __future__ import annotations

from collections.abc import Callable

from protocol.codec import decode
from protocol.framing import Frame, FrameDecoder, decode_frame, encode_frame
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import HELLO
from protocol.messages import Hello, HelloAnswer
from protocol.testing import TEST_KEYS, Fault, Pair

__all__ = ["answer_with"]


def answer_with(pair: Pair, change: Callable[[bytes], bytes]) -> Fault:
    """Rewrites the body of one answer of the session that was opened last, with a right MAC and a right CRC."""

    def lie(raw: bytes) -> bytes:
        frame = decode_frame(raw[:-1])
        assert isinstance(frame, Frame)
        return encode_frame(_keys(pair).signed(frame._replace(body=change(frame.body))))

    return lie


def _keys(pair: Pair) -> SessionKeys:
    """The keys of the session opened last; the same HELLO gets the same answer again, and changes nothing."""
    said = [item for raw in pair.link.carried for item in FrameDecoder().feed(raw) if isinstance(item, Frame) and item.opcode == HELLO]
    answer = decode_frame(pair.role.receive(encode_frame(said[-1]))[:-1])
    assert isinstance(answer, Frame)
    told = decode(HelloAnswer, answer.body[1:])
    secret = next(key.secret for key in TEST_KEYS if key.key_id == decode(Hello, said[-1].body).key_id)
    return session_keys(secret, transcript(said[-1].body, told), told.serial)
