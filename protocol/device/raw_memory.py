"""Memory access past every check: what a pump of the profile `raw-memory` has and no other.

These two requests stand in no table of the therapy protocol, and no programmer of ours sends them.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.codes import Role
from protocol.fields import U8, U16, Tail
from protocol.message_table import Spec
from protocol.messages import Nothing

__all__ = ["RAW_MEMORY", "REGIONS", "Peek", "PeekAnswer", "Poke"]

REGIONS = ("keys", "bank_a", "bank_b")
"""What the number of a region names."""


class Peek(NamedTuple):
    """Read `length` bytes of a region."""

    region: U8
    offset: U16
    length: U16


class PeekAnswer(NamedTuple):
    """The bytes."""

    data: Tail


class Poke(NamedTuple):
    """Write bytes into a region."""

    region: U8
    offset: U16
    data: Tail


_ALL = (Role.PATIENT, Role.CLINICIAN, Role.SERVICE)
RAW_MEMORY = (Spec(0xE0, "PEEK", Peek, PeekAnswer, _ALL), Spec(0xE1, "POKE", Poke, Nothing, _ALL))
