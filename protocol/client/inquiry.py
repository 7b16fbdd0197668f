"""Reading all that a pump tells of itself: what comes in parts and pages is put together and judged, for a pump may be defective."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from protocol import messages as m
from protocol.client.commander import error_of
from protocol.client.line import Line
from protocol.codec import decode
from protocol.codes import Answer
from protocol.errors import BadAnswer, ProtocolError
from protocol.limits import IMAGE_BYTES_MAX
from protocol.message_table import INTERROGATE_PARTS
from protocol.programmer import Answered
from protocol.therapy import Therapy

__all__ = ["Inquiry", "Interrogation", "body_of"]

_RINGS = {"events": "LOG", "faults": "FAULT_LOG"}


class Interrogation(NamedTuple):
    """All that a pump tells of itself. `therapy` is None (and `digest` zeros) before the first commit."""

    identity: m.Identity
    therapy: Therapy | None
    generation: int
    digest: bytes
    condition: m.Condition
    counters: m.Counters


class Inquiry:
    """Asks over one line. Raises DeviceAnswer, LinkError; BadAnswer where what comes back cannot be so."""

    def __init__(self, line: Line) -> None:
        self._ask = line.ask

    def interrogate(self) -> Interrogation:
        """Everything, in order; the pump counts an interrogation as complete with its last part."""
        identity: m.Identity = self.part(0)
        generation, digest, therapy = self.therapy()
        return Interrogation(identity, therapy, generation, digest, self.part(2), self.part(3))

    def part(self, part: int, offset: int = 0) -> Any:
        """One part of an interrogation."""
        told = body_of("INTERROGATE", self._ask("INTERROGATE", m.Interrogate(part, offset)))
        if type(told) is not INTERROGATE_PARTS[part]:
            raise BadAnswer(f"sent INTERROGATE for part {part}; another part came back: interrogate again")
        if isinstance(told, m.Identity) and len(told.limits) != 1:
            raise BadAnswer(f"sent INTERROGATE for part {part}; {len(told.limits)} rows of limits came back, not one: interrogate again")
        return told

    def therapy(self) -> tuple[int, bytes, Therapy | None]:
        """Generation, digest and therapy in force."""
        part: m.TherapyPart = self.part(1)
        image, digest = part.data, part.digest
        if part.total > IMAGE_BYTES_MAX:
            raise BadAnswer(f"sent INTERROGATE for the therapy; it is said to have {part.total} bytes: interrogate again")
        while len(image) < part.total and part.data:
            part = self.part(1, len(image))
            image += part.data
        if part.total == 0:
            return part.generation, part.digest, None
        if part.digest != digest or hashlib.sha256(image).digest() != digest:
            raise BadAnswer("sent INTERROGATE for the therapy; what came back does not fit its digest: interrogate again")
        return part.generation, digest, decode(Therapy, image)

    def log(self, first: int, ring: str) -> list[m.LogEntry]:
        """All records of a ring from number `first` on that the pump had when asked."""
        name = _ring(ring)
        page: m.LogAnswer = body_of(name, self._ask(name, m.Log(first)))
        newest, records = page.newest, list(page.records)
        while page.records and page.records[-1].number < newest:
            wanted = page.records[-1].number + 1
            page = body_of(name, self._ask(name, m.Log(wanted)))
            if any(record.number < wanted for record in page.records):
                raise BadAnswer(f"sent {name} from record {wanted}; an older one came back: read the log again")
            records += [record for record in page.records if record.number <= newest]
        return records


def body_of(name: str, answered: Answered) -> Any:
    """The body of an OK answer. Raises DeviceAnswer for any other."""
    if answered.answer is not Answer.OK:
        raise error_of(name, answered)
    return answered.body


def _ring(name: str) -> str:
    """The request that reads a ring."""
    try:
        return _RINGS[name]
    except KeyError:
        raise ProtocolError(f"ring {name!r} is not known; there are {', '.join(_RINGS)}") from None
