"""Streams for the pump's end: what a programmer, a broken line and a stranger send, drawn from a seed.

A stream is a handful of steps; `Writer.stream` is a generator that is told between two steps what was answered, through its talker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from protocol import messages as m
from protocol.codec import encode
from protocol.codes import Role
from protocol.framing import Frame, encode_frame
from protocol.fuzz.draws import Draw, weighted
from protocol.fuzz.mutants import Mutator
from protocol.fuzz.samples import BODIES, therapy
from protocol.fuzz.steps import Step, cut, pause, send
from protocol.fuzz.talker import Talker
from protocol.limits import BACK_OFF_US_MAX, CHUNK_BYTES_MAX
from protocol.message_table import BY_NAME

__all__ = ["SCENES", "Writer"]

CONCENTRATION = 500_000
_SHORT_US = (1_000, 40_000, 60_000, 1_000_000)
_LONG_US = (11 * 60_000_000, 61 * 60_000_000, 6 * 3600 * 1_000_000)
_CUT_BYTES_MAX = 300
_OFF_US = 1_000_000

SCENES: tuple[tuple[str, int], ...] = (("quiet", 11), ("clinician", 8), ("cuts", 1))
"""What a batch of streams is about: nobody who may change anything; somebody who may; and losses of power inside writes."""

_READS = ("STATUS", "STATUS", "INTERROGATE", "LOG", "OUTCOME", "FAULT_LOG", "READBACK")
_ACTS = ("BOLUS", "REFILL", "START", "STOP", "SET_CLOCK", "PRIME", "BRIDGE", "PATIENT_BOLUS", "SILENCE", "ACK", "ALARM_TEST", "ABORT")
_ROLES = {
    "quiet": (Role.PATIENT, Role.SERVICE),
    "clinician": (Role.CLINICIAN, Role.CLINICIAN, Role.CLINICIAN, Role.CLINICIAN, Role.PATIENT, Role.SERVICE),
    "cuts": (Role.CLINICIAN,),
}


class Writer:
    """Writes streams for one batch. `scene` says who talks."""

    def __init__(self, draw: Draw, corpus: Sequence[Frame], scene: str, talker: Talker) -> None:
        self.draw = draw
        self.scene = scene
        self.talker = talker
        self._mutator = Mutator(draw, corpus)
        self._flows: tuple[tuple[Callable[[], Iterator[Frame]], int], ...] = (
            (self._reads, 4),
            (self._any_request, 4),
            (self._acts, 3 if scene == "quiet" else 8),
            (self._update, 1 if scene == "quiet" else 3),
            (self._service, 1),
        )

    def stream(self) -> Iterator[Step]:
        """The steps of one stream."""
        draw = self.draw
        if draw.randrange(8) == 0:
            yield from self._outside()
            return
        if self.talker.session == 0 or draw.randrange(6) == 0:
            self.talker.role = draw.choice(_ROLES[self.scene])
            yield from self._sent(self.talker.hello(draw), 12)
            if self.talker.waits:
                yield pause(BACK_OFF_US_MAX + 1_000_000)
                yield from self._sent(self.talker.hello(draw), 12)
        for frame in weighted(draw, self._flows)():
            yield from self._sent(frame, 2)
            if draw.randrange(24) == 0:
                yield self._pause()

    def _outside(self) -> Iterator[Step]:
        """Mutants of anything, as from somebody without a session."""
        for _ in range(self.draw.randint(1, 3)):
            yield send(self._mutator.mutate(self._mutator.other(), lambda frame: frame).data)

    def _sent(self, frame: Frame, one_in: int) -> Iterator[Step]:
        """A frame, bent one time in so many, in one piece or several."""
        if self.draw.randrange(one_in) == 0:
            data = self._mutator.mutate(frame, self.talker.sign).data
        else:
            data = encode_frame(self.talker.sign(frame))
        if self.scene == "cuts" and self.draw.randrange(12) == 0:
            yield cut(self.draw.randint(0, _CUT_BYTES_MAX), _OFF_US)
        if self.draw.randrange(10) == 0:
            at = self.draw.randint(0, len(data))
            yield send(data[:at])
            if self.draw.randrange(3) == 0:
                yield self._pause()
            yield send(data[at:])
        else:
            yield send(data)
        if self.scene == "cuts":
            yield pause(_OFF_US)

    def _pause(self) -> Step:
        """Mostly shorter than any timeout, now and then longer than a session."""
        return pause(self.draw.choice(_SHORT_US if self.draw.randrange(6) else _LONG_US))

    def _request(self, name: str, body: tuple[object, ...] | None = None) -> Frame:
        given = BODIES.get(name, m.Nothing()) if body is None else body
        return self.talker.request(BY_NAME[name].opcode, encode(given))

    def _reads(self) -> Iterator[Frame]:
        for _ in range(self.draw.randint(1, 3)):
            name = self.draw.choice(_READS)
            yield self._request(name, m.Interrogate(self.draw.randrange(4), 0) if name == "INTERROGATE" else None)

    def _any_request(self) -> Iterator[Frame]:
        for _ in range(self.draw.randint(1, 3)):
            yield self._request(self.draw.choice(tuple(BY_NAME)))

    def _acts(self) -> Iterator[Frame]:
        """Commands with the id that is due."""
        yield self._request("STATUS")
        if self.draw.randrange(3) == 0:
            yield self._request("START", self._act_body("START"))
        for _ in range(self.draw.randint(1, 2)):
            name = self.draw.choice(_ACTS)
            yield self._request(name, self._act_body(name))

    def _act_body(self, name: str) -> tuple[object, ...] | None:
        body = BODIES.get(name)
        if body is None or not BY_NAME[name].command:
            return body
        due = (self.talker.last_command_id + 1) & 0xFFFF_FFFF
        fields: tuple[Any, ...] = (due, self.talker.generation) if name == "START" else (due, *body[1:])
        return BY_NAME[name].request(*fields)

    def _update(self) -> Iterator[Frame]:
        """A therapy update from BEGIN to COMMIT, its image bent now and then before it is sealed."""
        yield self._request("STATUS")
        yield self._request("BEGIN", m.Begin(self.talker.generation, 1))
        image = encode(therapy(self.draw, CONCENTRATION, patient=self.draw.randrange(3) == 0))
        if self.draw.randrange(4) == 0:
            image = self._bent(image)
        for offset in range(0, len(image), CHUNK_BYTES_MAX):
            yield self._request("PUT", m.Put(offset, image[offset : offset + CHUNK_BYTES_MAX]))
        digest = hashlib.sha256(image).digest()
        yield self._request("SEAL", m.Seal(len(image), digest))
        if self.draw.randrange(2):
            yield self._request("READBACK")
        tokens = tuple(m.Token(self.draw.choice((33, 0, 65535))) for _ in range(self.draw.choice((0, 0, 0, 0, 0, 1, 17))))
        yield self._request("COMMIT", m.Commit((self.talker.last_command_id + 1) & 0xFFFF_FFFF, digest, tokens))

    def _service(self) -> Iterator[Frame]:
        """A service reset, which takes two frames; the second one only where it may be done."""
        yield self._request("SELF_TEST")
        yield self._request("SERVICE_RESET")
        if self.scene != "quiet":
            yield self._request("SERVICE_RESET", m.ServiceReset(self.talker.token))

    def _bent(self, image: bytes) -> bytes:
        bend = self.draw.choice((self._mutator.flip, self._mutator.insert, self._mutator.delete, self._mutator.double))
        return bend(image)[:900]
