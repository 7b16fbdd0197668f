"""A plugin for pytest that makes the wire one message longer, whose body has grown twice: for readers, before there is such a one."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from protocol import message_table
from protocol.codes import Mode, Role
from protocol.fields import I64, U8, U16, Digest, Many, Since, Text
from protocol.message_table import SPECS, Spec
from protocol.messages import Token

__all__ = ["OPCODE", "Grown"]

OPCODE = 0x7E


class Grown(NamedTuple):
    """Five fields came later, in two versions."""

    number: U16
    rows: Many[Token]
    value: Annotated[I64, Since(1)] = 0
    note: Annotated[Text, Since(1)] = ""
    mode: Annotated[U8, Mode, Since(3)] = Mode.SHELF
    digest: Annotated[Digest, Since(3)] = bytes(32)
    more: Annotated[Many[Token], Since(3)] = ()


SPECS[OPCODE] = Spec(OPCODE, "GROWN", Grown, Grown, (Role.CLINICIAN,))
message_table.MESSAGES += (SPECS[OPCODE],)
