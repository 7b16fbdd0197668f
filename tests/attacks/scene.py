"""A pump that infuses, the one who programs it, and one who should not: he hears every byte, and sends what he likes.

He has read the public documents, which is to say all of this tree, and knows what went over the line. A `Stranger` has no more than that;
who has a key too is given it by name: the patient's own handset, or another clinician's programmer.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import Any, Unpack

from firmware_sim.profile import Profile
from hil.unit import Unit
from protocol.answers import Reply, read_answer
from protocol.client import Options, Programmer
from protocol.codec import encode
from protocol.codes import Answer, EventKind, Role
from protocol.framing import Frame, encode_frame
from protocol.keys import Key
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Hello, HelloAnswer, Nothing
from protocol.transport.memory import MemoryTransport
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_S, CONCENTRATION, FILL_NL, OLD
from tests.link.forged import frames_in
from tests.support.batteries import aged
from tests.support.therapies import US_PER_DAY, US_PER_H, US_PER_S

__all__ = ["BOLUS_NG", "CLINICIAN", "SETTLED_S", "SMALL_CELL_PPM", "Scene", "Stranger", "dosed"]

CLINICIAN = 7
BOLUS_NG = BOLUS_DOSE_NG
SETTLED_S = BOLUS_S + 60
"""A bolus that began is over by then."""
SMALL_CELL_PPM = 1_000
"""A thousandth of the charge: the pump by itself has it for some sixty hours, so that hours tell what years would."""


class Scene:
    """One pump of a security profile, in the middle of its therapy. `overheard` is all that went over the line, host's and pump's."""

    def __init__(self, security: str, *, small_cell: bool = False) -> None:
        """A pump of a small cell is as new; any other has infused for three days, so that there is drug at the catheter's tip."""
        self.unit = _new(security, aged(life_scale_ppm=SMALL_CELL_PPM)) if small_cell else Unit.new("itp-40", seed=1, security=security)
        if not small_cell:
            self.unit.restore(_infusing(security))
        self.overheard: list[tuple[str, bytes]] = []

    def carry(self, data: bytes) -> bytes:
        """The line between the programmer and the pump."""
        answer = self.unit.receive(data)
        self.overheard += [("host", data), ("pump", answer)]
        return answer

    def programmer(self, **options: Unpack[Options]) -> Programmer:
        """Somebody who may; the clinician unless told otherwise."""
        given: Options = {"programmer_id": CLINICIAN, "keys": self.unit.keys, **options}
        return Programmer.over(MemoryTransport(self.carry), **given)

    def key(self, role: Role) -> Key | None:
        """The key of this role, for an attacker who has it; None where there are none."""
        return next((key for key in self.unit.keys if key.role is role), None)

    def advance(self, seconds: int = 0, hours: int = 0) -> None:
        """Let virtual time pass."""
        self.unit.advance_to(self.unit.now_us + seconds * US_PER_S + hours * US_PER_H)

    def undisturbed(self) -> Scene:
        """This pump as it is now, for a future in which nobody attacks it."""
        twin = Scene(self.unit.security)
        twin.unit.restore(self.unit.save())
        return twin

    def frames(self, who: str) -> list[Frame]:
        """What one end has said so far."""
        return [frame for end, data in self.overheard if end == who for frame in frames_in(data)]

    def requests(self, name: str) -> list[bytes]:
        """The bytes of the requests of this name that went over the line."""
        spec = BY_NAME[name]
        said = [data for end, data in self.overheard if end == "host"]
        return [data for data in said if any(frame.opcode == spec.opcode for frame in frames_in(data))]

    def told(self, kind: EventKind) -> int:
        """How many records of this kind are in the pump's log."""
        records = self.unit.pump.read_log(0, 4_096)[2]
        return sum(record.kind == kind for record in records)


@lru_cache(maxsize=16)
def _infusing(security: str) -> bytes:
    unit = _new(security, "itp-40")
    unit.advance_to(unit.now_us + 3 * US_PER_DAY)
    return unit.save()


def _new(security: str, profile: str | Profile) -> Unit:
    """A pump that was filled, told so and given a therapy."""
    unit = Unit.new(profile, seed=1, security=security)
    unit.pump.needle(withdraw_nl=None, inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION)
    with Programmer.over(MemoryTransport(unit.receive), programmer_id=CLINICIAN, keys=unit.keys) as programmer:
        programmer.refill(FILL_NL, 0, OLD.drug_id, OLD.concentration_ng_per_ml)
        programmer.update(OLD)
    return unit


class Stranger:
    """Somebody with a transmitter. With a key he signs, whether the pump has it or not. `answered` is what his last call got."""

    def __init__(self, scene: Scene, *, programmer_id: int = 0x666) -> None:
        self.scene = scene
        self.programmer_id = programmer_id
        self.session = 0
        self.sequence = 0
        self.keys: SessionKeys | None = None
        self.answered = Answer.OK
        self._nonces = count(1)

    def say(self, data: bytes) -> list[Frame]:
        """Bytes onto the line; the frames that come back."""
        return frames_in(self.scene.unit.receive(data))

    def hello(self, role: Role, key: Key | None = None, key_id: int | None = None) -> HelloAnswer | None:
        """Call the pump and say to be this; None if it does not take the call."""
        said = key_id if key_id is not None else key.key_id if key is not None else 0
        nonce = next(self._nonces).to_bytes(16, "little")
        body = encode(Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, role, said, self.programmer_id, nonce))
        reply = self.send(Frame(HELLO, 0, 0, body))
        self.answered = reply.answer
        if reply.answer is not Answer.OK:
            return None
        answer: HelloAnswer = reply.body
        self.session, self.sequence = answer.session, 0
        self.keys = None if key is None else session_keys(key.secret, transcript(body, answer), answer.serial)
        return answer

    def ask(self, name: str, body: tuple[Any, ...] = Nothing()) -> Reply:
        """The next request of his session."""
        return self.ask_raw(BY_NAME[name].opcode, encode(body))

    def ask_raw(self, opcode: int, body: bytes) -> Reply:
        """The same, in bytes."""
        self.sequence += 1
        frame = Frame(opcode, self.session, self.sequence, body)
        return self.send(frame if self.keys is None else self.keys.signed(frame))

    def send(self, frame: Frame) -> Reply:
        """One frame as it is, and what the pump says to it."""
        (answer,) = self.say(encode_frame(frame))
        return Reply(Answer(answer.body[0]), answer.body) if frame.opcode not in _KNOWN else read_answer(frame.opcode, answer.body)


_KNOWN = {spec.opcode for spec in BY_NAME.values()}


def dosed(scene: Scene, twin: Scene, seconds: int = SETTLED_S) -> int:
    """Drug (ng) that reached the patient by then beyond what the therapy alone gives: truth against truth."""
    scene.advance(seconds=seconds)
    twin.unit.advance_to(scene.unit.now_us)
    return scene.unit.pump.truth().delivered_ng - twin.unit.pump.truth().delivered_ng
