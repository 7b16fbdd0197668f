"""What names a command: its id, who sent it, and a digest of what was sent."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

__all__ = ["Command", "command_of"]


class Command(NamedTuple):
    """Who asked for an act: command id, programmer id and the first 16 bytes of the command's SHA-256."""

    command_id: int
    programmer_id: int
    digest: bytes


def command_of(command_id: int, programmer_id: int, opcode: int, body: bytes) -> Command:
    """Name a command; the digest covers opcode, programmer id and the whole body."""
    text = opcode.to_bytes(2, "little") + programmer_id.to_bytes(8, "little") + body
    return Command(command_id, programmer_id, hashlib.sha256(text).digest()[:16])
