"""One fault in force on the line: what it counts, what it strikes and what it draws."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from firmware_sim.draws import draw_word
from hil.faults.parameters import Numbers
from hil.faults.wire_faults import BYTE_FAULTS, DIRECTIONS

__all__ = ["LineFault", "LineFaultState"]

PPM = 1_000_000
WORD_BYTES = 32


@dataclass(slots=True)
class LineFaultState:
    """What an image keeps of it. `frames` and `octets` are counted for each direction, to the pump first."""

    handle: int
    name: str
    parameters: str
    since_us: int
    frames: list[int] = field(default_factory=lambda: [0, 0])
    octets: list[int] = field(default_factory=lambda: [0, 0])
    bursts: int = 0
    answer_before: bytes = b""


class LineFault:
    """A state with its parameters read."""

    def __init__(self, state: LineFaultState) -> None:
        self.state = state
        self.name = state.name
        self.values: dict[str, int | str] = json.loads(state.parameters)
        script = self.values.get("at_frames") or self.values.get("at_bytes")
        self._script = None if script is None else Numbers.parse(str(script))
        self._rate_ppm = self.number("rate_ppm", PPM)
        way = str(self.values.get("direction") or self._answer_way())
        self.directions = DIRECTIONS if way == "both" else (way,)
        self.by_byte = self.name in BYTE_FAULTS
        self.in_bursts = self.name == "link.babble"

    def _answer_way(self) -> str:
        """Lies are told to the host; a pump that is busy for ever does not even hear."""
        return DIRECTIONS[self.name != "answer.busy_for_ever"]

    def number(self, name: str, default: int = 0) -> int:
        """One parameter that is a number."""
        return int(self.values.get(name, default))

    def draw(self, direction: str, purpose: str, count: int, below: int) -> int:
        """A draw of its own for each purpose and count, so that no other draw can shift it."""
        return draw_word(self.number("seed"), f"{self.name}:{direction}:{purpose}:{count}") % below

    def noise(self, direction: str, count: int, size: int) -> bytes:
        """So many drawn bytes."""
        words = -(-size // WORD_BYTES)
        seed, name = self.number("seed"), f"{self.name}:{direction}:noise:{count}"
        return b"".join(draw_word(seed, f"{name}:{word}").to_bytes(WORD_BYTES, "little") for word in range(words))[:size]

    def next_frame(self, direction: str) -> int:
        """Count a frame; returns its number."""
        way = DIRECTIONS.index(direction)
        self.state.frames[way] += 1
        return self.state.frames[way]

    def next_octets(self, direction: str, size: int) -> int:
        """Count bytes; returns how many there were before them."""
        way = DIRECTIONS.index(direction)
        before = self.state.octets[way]
        self.state.octets[way] += size
        return before

    def strikes(self, direction: str, number: int) -> bool:
        """Whether the frame or byte of this number is meant."""
        if self._script is not None:
            return self._script.names(number)
        return self._rate_ppm >= PPM or self.draw(direction, "strikes", number, PPM) < self._rate_ppm

    @property
    def next_burst_us(self) -> int:
        """When it babbles next."""
        return self.state.since_us + (self.state.bursts + 1) * self.number("every_us")
