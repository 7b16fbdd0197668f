"""Field types of wire declarations: plain Python types that carry their wire form with them.

A message is a `NamedTuple` whose annotations are these types; `protocol.codec` compiles them to structs and
`protocol.export` prints them, so a field is declared in one place only. Integers are little-endian. What stands behind the form
are marks: the table that a number is looked up in, and the version that a field came with.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple, TypeVar

__all__ = ["I64", "NEWEST", "U8", "U16", "U32", "U64", "Bits", "Blob", "Digest", "Fixed", "Form", "Many", "Nonce", "Since", "Tail", "Text"]

T = TypeVar("T")


class Form(NamedTuple):
    """How a field lies on the wire: `kind` is int, fixed, text, blob, tail or many; `code` is a struct letter or length."""

    kind: str
    code: str


class Bits(NamedTuple):
    """Mark of a word that has one bit for each number of a table. A table itself as a mark, as in `Annotated[U8, Mode]`, says that the
    field is one of its numbers, or for a table of flags their sum.
    """

    table: type[IntEnum]


class Since(NamedTuple):
    """Mark of a field that came with a minor version; a body of an older one ends before it.

    Such fields stand last, in the order in which they came, each with the default that stands for it where it is not heard. Rows inside
    `Many` have none, and nothing comes after a `Tail`.
    """

    minor: int


NEWEST = 255
"""A minor version that has every field that is declared."""


U8 = Annotated[int, Form("int", "B")]
U16 = Annotated[int, Form("int", "H")]
U32 = Annotated[int, Form("int", "I")]
U64 = Annotated[int, Form("int", "Q")]
I64 = Annotated[int, Form("int", "q")]
Nonce = Annotated[bytes, Form("fixed", "16s")]
Digest = Annotated[bytes, Form("fixed", "32s")]
Fixed = Annotated[bytes, Form("fixed", "16s")]
Text = Annotated[str, Form("text", "B")]
"""UTF-8 behind a one-byte length."""
Blob = Annotated[bytes, Form("blob", "H")]
"""Bytes behind a two-byte length; used in saved state only."""
Tail = Annotated[bytes, Form("tail", "")]
"""All bytes to the end of the body; last field only."""
Many = Annotated[tuple[T, ...], Form("many", "B")]
"""Rows of another declaration behind a one-byte count."""
