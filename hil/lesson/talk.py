"""A programmer at the bedside: over the same frames as any other, each run of bytes kept, and what sounds while it waits is heard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.bench.calls import InProcessBench
from hil.instruments.memory_link import MemoryLink
from hil.scenario.stage import NONCE_BYTES, PATIENCE_S, PROGRAMMER_IDS, Stage
from protocol.client import Programmer
from protocol.waiting import BenchWaiter

if TYPE_CHECKING:
    from hil.bench.bench import Bench
    from hil.rig import Rig
    from hil.scenario.script import Cast, Scenario

__all__ = ["BedsideStage", "Frames"]

FRAMES_MAX = 200
"""Frames kept of one act: an interrogation with a full log needs some eighty."""


class Frames:
    """What went over the line in one act, as hex, oldest first; past the limit only counted."""

    def __init__(self) -> None:
        self.kept: list[list[str]] = []
        self.left_out = 0

    def heard(self, direction: str, data: bytes) -> None:
        """Take one run of bytes from "host" or "pump"."""
        if len(self.kept) < FRAMES_MAX:
            self.kept.append([direction, data.hex()])
        else:
            self.left_out += 1

    def take(self) -> tuple[list[list[str]], int]:
        """What was kept since the last time, and how many were left out."""
        taken = self.kept, self.left_out
        self.kept, self.left_out = [], 0
        return taken


class _HeardLink(MemoryLink):
    """A line whose waiting is lived through like any other time."""

    def __init__(self, bench: Bench, pass_us: Callable[[int], None]) -> None:
        super().__init__(bench)
        self._pass_us = pass_us

    def advance_us(self, us: int) -> None:
        self._pass_us(us)


class BedsideStage(Stage):
    """The stage of one learner's case. Time passes through `pass_through`, so that nothing of it goes unheard."""

    def __init__(self, scenario: Scenario, cast: Cast, rig: Rig, pass_through: Callable[[int], None]) -> None:
        self.frames = Frames()
        self._pass_through = pass_through
        super().__init__(scenario, cast, rig)

    def opened(self, role: str, number: int) -> Programmer:
        """A new session, whose every byte is heard. Raises ProtocolError."""
        nonce = hashlib.sha256(f"{role}:{number}".encode()).digest()[:NONCE_BYTES]
        assert isinstance(self.bench, InProcessBench)
        link = _HeardLink(self.bench.bench, self._pass_through)
        return Programmer.over(
            link,
            waiter=BenchWaiter(link),
            keys=self.rig.keys,
            role=role,
            programmer_id=PROGRAMMER_IDS[role],
            nonce=nonce,
            patience_s=PATIENCE_S,
            on_frame=self.frames.heard,
        )

    def pass_us(self, us: int) -> None:
        """Let time pass; whoever is at the programmer says goodbye first."""
        self.goodbye()
        self._pass_through(us)
