"""What of a recorded request must be said otherwise, because this pump has numbers of its own by now.

The number of a session, which the pump gives; with keys, the MAC of every frame; the token of a service reset, which the pump draws.
A HELLO goes out as it was recorded: its nonce is the host's, and the session's keys follow from both ends' nonces. A frame in which
nothing has to change goes out byte for byte, and so does one that was no frame, or whose MAC was wrong.

With another unit, command ids, generations and record numbers too are counted from where this pump stands: the difference is learned from
answers that tell them, before a request needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hil.parity.reading import Reading
from protocol.codec import encode
from protocol.codes import Answer
from protocol.fields import NEWEST
from protocol.framing import Frame, encode_frame
from protocol.keys import Key
from protocol.limits import U32_MAX
from protocol.mac import SessionKeys, masked, proof_of, session_keys, transcript
from protocol.message_table import HELLO
from protocol.messages import HelloAnswer, KeyChange

__all__ = ["COUNTED", "KeyChain", "Rewriter", "Side"]

COUNTED: Mapping[str, str] = {
    "command_id": "command id",
    "last_command_id": "command id",
    "generation": "generation",
    "log_newest": "record number",
    "newest": "record number",
    "first": "record number",
}
"""Fields that count what a pump has been through, and what they count."""


class KeyChain(NamedTuple):
    """The keys of the recorded pump and of this one; either may be unknown."""

    recorded: tuple[Key, ...] = ()
    replayed: tuple[Key, ...] = ()


@dataclass(slots=True)
class Side:
    """One of the two conversations: its programmer keys, and those of its sessions by their numbers."""

    keys: tuple[Key, ...]
    sessions: dict[int, SessionKeys] = field(default_factory=dict)
    proof_fits: bool | None = None
    """None where nothing was proved or no key is known."""

    def opened(self, hello: Reading, answer: HelloAnswer) -> None:
        """Work out the keys of the session that this HELLO and its answer open."""
        self.proof_fits = None
        key = next((key for key in self.keys if hello.body and key.key_id in (hello.body.key_id, 0)), None)
        if key is None or hello.frame is None or not any(answer.proof):
            return
        said = transcript(hello.frame.body, answer)
        self.proof_fits = proof_of(key.secret, said) == answer.proof
        if self.proof_fits:
            self.sessions[answer.session] = session_keys(key.secret, said, answer.serial)


@dataclass(slots=True)
class Rewriter:
    """Knows both conversations as far as they have come. `another_unit`: counts are shifted too."""

    chain: KeyChain
    another_unit: bool = False
    sessions: dict[int, int] = field(default_factory=dict)
    """Recorded number of a session: its number here."""
    offsets: dict[str, int] = field(default_factory=dict)
    """By how much this pump's counts are ahead of the recorded ones."""
    _tokens: dict[int, int] = field(default_factory=dict)
    _sides: tuple[Side, Side] = field(init=False)
    _hello: Reading | None = None

    def __post_init__(self) -> None:
        self._sides = Side(self.chain.recorded), Side(self.chain.replayed)

    @property
    def proof_fits(self) -> bool | None:
        """Whether this pump has proved that it has the key; None where it need not."""
        return self._sides[1].proof_fits

    def request(self, reading: Reading, answers: Sequence[Reading] = ()) -> bytes:
        """The bytes to send for a recorded run; `answers` are what the recorded pump said to it."""
        frame = reading.frame
        if frame is None or reading.is_answer:
            return reading.raw
        if frame.opcode == HELLO:
            self._hello = reading
            return reading.raw
        number = self.sessions.get(frame.session, frame.session)
        recorded, replayed = (side.sessions.get(session) for side, session in zip(self._sides, (frame.session, number), strict=True))
        fresh = frame._replace(session=number, body=self._body(reading, recorded, replayed))
        if frame.mac and replayed is not None and _was_right(frame, recorded, answers):
            fresh = replayed.signed(fresh._replace(mac=b""))
        return reading.raw if fresh == frame else encode_frame(fresh)

    def learn(self, recorded: Reading, replayed: Reading) -> None:
        """Two answers to the same request: what of this pump's own numbers they tell."""
        if recorded.answer is not Answer.OK or replayed.answer is not Answer.OK or type(recorded.body) is not type(replayed.body):
            return
        if isinstance(recorded.body, HelloAnswer):
            self.sessions[recorded.body.session] = replayed.body.session
            if self._hello is not None:
                for side, body in zip(self._sides, (recorded.body, replayed.body), strict=True):
                    side.opened(self._hello, body)
        for name in getattr(recorded.body, "_fields", ()):
            one, other = getattr(recorded.body, name), getattr(replayed.body, name)
            if name == "token" and one:
                self._tokens[one] = other
            elif self.another_unit and name in COUNTED:
                self.offsets[COUNTED[name]] = other - one

    def admits(self, reading: Reading) -> bool:
        """Whether an answer of this pump carries the MAC that it should; one that cannot be judged does."""
        frame = reading.frame
        keys = self._sides[1].sessions.get(frame.session) if frame is not None else None
        return frame is None or not frame.mac or keys is None or keys.admits(frame)

    def _body(self, reading: Reading, recorded: SessionKeys | None, replayed: SessionKeys | None) -> bytes:
        """The request's body with this pump's own numbers in it."""
        body, frame_body = reading.body, reading.frame.body if reading.frame is not None else b""
        if isinstance(body, KeyChange) and recorded is not None and replayed is not None:
            place = (body.key_id, body.role)  # the same new key, under the mask of this session
            return _encoded_like(frame_body, body, {"wrapped": masked(replayed, place, masked(recorded, place, body.wrapped))})
        names = getattr(body, "_fields", ())
        moved = {name: getattr(body, name) + self.offsets.get(COUNTED[name], 0) for name in names if name in COUNTED}
        changes = {name: min(max(0, number), U32_MAX) for name, number in moved.items()}
        if "token" in names:
            changes["token"] = self._tokens.get(body.token, body.token)
        unchanged = all(getattr(body, name) == value for name, value in changes.items())
        return frame_body if unchanged else _encoded_like(frame_body, body, changes)


def _encoded_like(before: bytes, body: Any, changes: dict[str, Any]) -> bytes:
    """A body with other values, in the minor version that it was recorded in."""
    minors = (minor for minor in range(NEWEST, -1, -1) if encode(body, minor) == before)
    return encode(body._replace(**changes), next(minors, NEWEST))


def _was_right(frame: Frame, keys: SessionKeys | None, answers: Sequence[Reading]) -> bool:
    """Whether a recorded MAC was the one that the pump wanted; where no key tells, its answer does."""
    if keys is not None:
        return keys.admits(frame)
    return not answers or any(answer.answer is not Answer.NOT_AUTHENTICATED for answer in answers)
