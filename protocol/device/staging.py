"""A therapy update while it is laid: one image, owned by one programmer, for ten minutes at most.

Three states. BEGIN opens (and opens afresh from any state); PUT lays bytes while open; SEAL closes an image that the pump has
parsed and checked; READBACK and COMMIT need a sealed one. A seal that is refused leaves it open, so that bytes can be laid
again. Staging outlives a session and not a reset.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from protocol.app import BusyUntil, Refused
from protocol.codec import decode, encode
from protocol.codes import StagingState, Unit
from protocol.errors import WireError
from protocol.fields import U8, U32, U64, Blob
from protocol.limits import CHUNK_BYTES_MAX, IMAGE_BYTES_MAX, STAGING_US
from protocol.messages import Put, Refusal, Seal, TherapyPart
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Therapy

__all__ = ["TRANSITIONS", "Staging", "StagingImage", "cut_part"]

NONE, OPEN, SEALED = StagingState.NONE, StagingState.OPEN, StagingState.SEALED

TRANSITIONS: dict[StagingState, dict[str, StagingState]] = {
    NONE: {"BEGIN": OPEN},
    OPEN: {"BEGIN": OPEN, "PUT": OPEN, "SEAL": SEALED, "ABORT": NONE, "expiry": NONE},
    SEALED: {"BEGIN": OPEN, "SEAL": SEALED, "READBACK": SEALED, "COMMIT": NONE, "ABORT": NONE, "expiry": NONE},
}
"""State, request, state after it. What is not here is refused and changes nothing."""


class StagingImage(NamedTuple):
    """Staging as it is saved."""

    state: U8
    owner: U64
    until_us: U64
    generation: U32
    data: Blob


class Staging:
    """The one staged update of a pump."""

    def __init__(self) -> None:
        self.drop()

    def drop(self) -> None:
        """Forget all of it."""
        self.state = NONE
        self.owner = 0
        self.until_us = 0
        self.generation = 0
        self._data = bytearray()

    def may(self, event: str, programmer_id: int) -> StagingState:
        """The state that `event` leads to. Raises BusyUntil if another programmer is at it, Refused if out of order."""
        if self.state is not NONE and self.owner != programmer_id:
            raise BusyUntil(self.until_us)
        after = TRANSITIONS[self.state].get(event)
        if after is None:
            code = RefusalCode.NOT_SEALED if self.state is OPEN else RefusalCode.NOT_STAGED
            raise Refused(Refusal(code, Field.NONE, 0, 0, 0, Unit.NONE))
        return after

    def begin(self, programmer_id: int, generation: int, now_us: int) -> int:
        """Open an empty image upon `generation`; returns when it lapses."""
        self.state = self.may("BEGIN", programmer_id)
        self.owner, self.generation = programmer_id, generation
        self.until_us = now_us + STAGING_US
        self._data = bytearray()
        return self.until_us

    def put(self, programmer_id: int, put: Put) -> None:
        """Lay bytes, upon earlier ones or directly behind them: an image has no holes."""
        after = self.may("PUT", programmer_id)
        if put.offset > len(self._data):
            raise _refusal(RefusalCode.OFFSET, Field.OFFSET, put.offset, len(self._data), Unit.BYTES)
        end = put.offset + len(put.data)
        if end > IMAGE_BYTES_MAX:
            raise _refusal(RefusalCode.LENGTH, Field.LENGTH, end, IMAGE_BYTES_MAX, Unit.BYTES)
        self.state = after
        self._data[put.offset : end] = put.data

    def parse(self, programmer_id: int, seal: Seal) -> Therapy:
        """Read the image that a seal describes; `sealed` follows when the pump has accepted it."""
        self.may("SEAL", programmer_id)
        if seal.length != len(self._data):
            raise _refusal(RefusalCode.LENGTH, Field.LENGTH, seal.length, len(self._data), Unit.BYTES)
        if seal.digest != self.digest:
            raise _refusal(RefusalCode.DIGEST, Field.DIGEST, 0, 0, Unit.NONE)
        return self._parsed()

    def sealed(self) -> None:
        """The image was checked."""
        self.state = SEALED

    def readback(self, programmer_id: int, offset: int) -> TherapyPart:
        """A stretch of the sealed image, made anew from what was parsed."""
        self.may("READBACK", programmer_id)
        return cut_part(self.generation, encode(self._parsed()), offset)

    def therapy(self, programmer_id: int, digest: bytes) -> Therapy:
        """The sealed therapy that a COMMIT names."""
        self.may("COMMIT", programmer_id)
        if digest != self.digest:
            raise _refusal(RefusalCode.DIGEST, Field.DIGEST, 0, 0, Unit.NONE)
        return self._parsed()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the image."""
        return hashlib.sha256(self._data).digest()

    def save(self) -> StagingImage:
        return StagingImage(self.state, self.owner, self.until_us, self.generation, bytes(self._data))

    def restore(self, image: StagingImage) -> None:
        self.state = StagingState(image.state)
        self.owner, self.until_us, self.generation = image.owner, image.until_us, image.generation
        self._data = bytearray(image.data)

    def _parsed(self) -> Therapy:
        try:
            return decode(Therapy, bytes(self._data))
        except WireError:
            raise _refusal(RefusalCode.MALFORMED, Field.LENGTH, len(self._data), 0, Unit.BYTES) from None


def cut_part(generation: int, image: bytes, offset: int) -> TherapyPart:
    """The stretch of an image that one answer carries; an empty image has a digest of zeros. Raises Refused."""
    if offset > len(image):
        raise _refusal(RefusalCode.OFFSET, Field.OFFSET, offset, len(image), Unit.BYTES)
    digest = hashlib.sha256(image).digest() if image else bytes(32)
    return TherapyPart(generation, digest, len(image), offset, image[offset : offset + CHUNK_BYTES_MAX])


def _refusal(code: RefusalCode, field: Field, value: int, limit: int, unit: Unit) -> Refused:
    return Refused(Refusal(code, field, 0, value, limit, unit))
