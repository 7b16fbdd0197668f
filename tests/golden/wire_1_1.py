"""What version 1.1 of the wire was, written down by its own software: no line of these files may ever change.

`wire-1.1.json` has its messages, bodies and codes, `frames-1.1.txt` a frame of every body with sample values, and `session-1.1.txt` all
that its client sent, run by run, while it interrogated, filled, programmed and bolused a pump.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["MINOR", "Body", "Declared", "frames", "session", "wire"]

MINOR = 1

_FOLDER = Path(__file__).parent
Body = list[list[str]]
"""Fields in order: name, kind, code of `protocol.fields.Form`, and the name of what its rows are, or nothing."""


class Declared(NamedTuple):
    """The declarations of 1.1: messages as opcode, name, names of request and answer, roles, whether it is a command."""

    messages: list[tuple[int, str, str, str, list[str], bool]]
    parts: list[str]
    carried: dict[str, str]
    bodies: dict[str, Body]
    codes: dict[str, dict[str, int]]

    def sample(self, name: str) -> tuple[Any, ...]:
        """The values that the recorded frames have: numbers that count up from 1, negative where a field may be, and two of every row."""
        return self._sample(name, count(1))

    def _sample(self, name: str, numbers: count[int]) -> tuple[Any, ...]:
        return tuple(self._value(kind, code, row, numbers) for _, kind, code, row in self.bodies[name])

    def _value(self, kind: str, code: str, row: str, numbers: count[int]) -> Any:
        if row:
            return tuple(self._sample(row, numbers) for _ in range(2))
        number = next(numbers)
        values = {
            "int": -number if code == "q" else number,
            "fixed": bytes([number]) * int(code[:-1] or 0) if kind == "fixed" else b"",
            "text": f"text µ {number}",
            "tail": bytes(range(number, number + 5)),
        }
        return values[kind]


def wire() -> Declared:
    """The declarations."""
    return Declared(**json.loads((_FOLDER / "wire-1.1.json").read_text(encoding="ascii")))


def frames() -> dict[str, bytes]:
    """Name and bytes of each frame: `BOLUS request`, `BOLUS answer`, `INTERROGATE answer, part 2`, `STATUS answered BUSY` and so on."""
    rows = (line.split(": ") for line in (_FOLDER / "frames-1.1.txt").read_text(encoding="ascii").splitlines())
    return {name: bytes.fromhex(text) for name, text in rows}


def session() -> list[bytes]:
    """What the client sent, the lone zero that it begins with first."""
    return [bytes.fromhex(line) for line in (_FOLDER / "session-1.1.txt").read_text(encoding="ascii").splitlines()]
