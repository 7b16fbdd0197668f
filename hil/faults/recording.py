"""Everything that went into a unit since some beginning: what a script needs to do it again.

The beginning is a new pump of a profile and seed, or a unit image. Time needs no entry of its own: letting it pass in one piece or in many
comes to the same, so the instants of the inputs tell it. A recording that grows past its limit begins again at an image of the present.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from protocol.keys import Key

__all__ = ["Input", "Recording"]

RECORDING_BYTES_MAX = 4_000_000
"""Some ten thousand frames; a script of more is read by nobody."""
ENTRY_BYTES = 128
"""What an entry takes beside its own bytes."""


class Input(NamedTuple):
    """One input at a true instant: bytes from a host, or a verb of the bench with its arguments."""

    at_us: int
    data: bytes = b""
    verb: str = ""
    args: Mapping[str, object] | None = None


class Recording:
    """Inputs in order since `began_us`. `image` is None where the beginning is a new pump, which then had these `keys`."""

    def __init__(self, image: bytes | None = None, began_us: int = 0, keys: Sequence[Key] = ()) -> None:
        self.image = image
        self.began_us = began_us
        self.keys = list(keys)
        self.inputs: list[Input] = []
        self._bytes = 0

    @property
    def full(self) -> bool:
        """It is time to begin again."""
        return self._bytes > RECORDING_BYTES_MAX

    def heard(self, at_us: int, data: bytes) -> None:
        """Bytes come from a host."""
        self.inputs.append(Input(at_us, data))
        self._bytes += len(data) + ENTRY_BYTES

    def acted(self, at_us: int, verb: str, args: Mapping[str, object]) -> None:
        """The bench is about to do something."""
        self.inputs.append(Input(at_us, verb=verb, args=args))
        self._bytes += ENTRY_BYTES
