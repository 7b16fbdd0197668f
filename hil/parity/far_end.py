"""The pump that a session is played to: one whose time a bench moves, or one that is only reached over its line.

With a bench, time stands still until we say so and comes exactly to the recorded instants. Without one, the wall clock paces the frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, NamedTuple

from hil.bench.calls import BenchCalls
from hil.pacing import wall_us
from hil.parity.reading import read_run
from hil.parity.recording import Heard
from protocol.capture.runs import PUMP, RunCutter
from protocol.errors import LinkLost
from protocol.transport import Transport
from protocol.waiting import WallWaiter

__all__ = ["BenchEnd", "FarEnd", "PumpKnown", "WallEnd"]

US_PER_S = 1_000_000
READ_S = 10.0
"""Wall time for bytes that the bench says were sent."""
LATE_US = 2_000_000
"""Time given to an answer that the recorded pump had given and this one has not yet."""


class PumpKnown(NamedTuple):
    """What is known of the pump without its wire: `facts` as in a capture, empty if nothing is."""

    port: str
    facts: Mapping[str, Any]


class FarEnd(ABC):
    """A line to a pump. `exact`: its time is moved by us, to the microsecond."""

    exact = False

    def __init__(self, known: PumpKnown, transport: Transport) -> None:
        self.known = known
        self._transport = transport
        self._cutter = RunCutter()
        self._stack = ExitStack()
        self._stack.callback(transport.close)

    @abstractmethod
    def now_us(self) -> int:
        """The time by which answers are stamped."""

    @abstractmethod
    def until(self, at_us: int) -> None:
        """Let time pass to there; at once if it has."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send bytes. Raises LinkError."""

    @abstractmethod
    def _arrived(self, wanted: bool) -> bytes:
        """What has come; `wanted`: wait for it if nothing has."""

    def answers(self, wanted: int = 0) -> list[Heard]:
        """Runs that have come, waiting for so many. Raises LinkError."""
        found: list[Heard] = []
        while data := self._arrived(len(found) < wanted):
            runs = self._cutter.feed(self.now_us(), PUMP, data)
            found += [Heard(run.at_us, PUMP, read_run(run.raw)) for run in runs]
        return found

    def last_words(self) -> list[Heard]:
        """What has come and was not ended by a zero."""
        return [Heard(run.at_us, PUMP, read_run(run.raw)) for run in self._cutter.end()]

    def close(self) -> None:
        """Let go of the line, and leave the bench as it was found; may be called twice."""
        self._stack.close()


class BenchEnd(FarEnd):
    """A pump with its bench in reach. Until it is closed its time stands still by itself."""

    exact = True

    def __init__(self, known: PumpKnown, transport: Transport, bench: BenchCalls) -> None:
        super().__init__(known, transport)
        self._bench = bench
        self._sent = self._got = 0
        self._stirred = False
        """Something was sent, or time has passed, since the bench last settled."""
        pace = str(bench.call("pace")["pace"])
        if pace != "lock-step":
            bench.call("pace", pace="lock-step")
            self._stack.callback(bench.call, "pace", pace=pace)
        self._now_us = bench.now_us()

    def now_us(self) -> int:
        return self._now_us

    def until(self, at_us: int) -> None:
        if at_us > self._now_us:
            self._now_us = int(self._bench.call("advance", us=at_us - self._now_us)["now_us"])
            self._stirred = True

    def send(self, data: bytes) -> None:
        self._transport.write(data)
        self._sent += len(data)
        self._stirred = True

    def _arrived(self, wanted: bool) -> bytes:
        """All that the bench says was sent, and then nothing until something stirs."""
        if not self._stirred:
            return b""
        emitted = self._bench.settle(self._sent)
        data = b""
        while len(data) < emitted - self._got:
            more = self._transport.read(READ_S)
            if not more:
                raise LinkLost(f"{self._transport.name}: the bench says that {emitted} bytes were sent, {self._got + len(data)} have come")
            data += more
        self._got += len(data)
        self._stirred = False
        return data


class WallEnd(FarEnd):
    """A pump on a line. `pace` is recorded time over wall time; 0 leaves out all waiting but for answers."""

    def __init__(self, known: PumpKnown, transport: Transport, pace: Fraction) -> None:
        super().__init__(known, transport)
        self._pace = pace
        self._waiter = WallWaiter()
        self._begun_us = wall_us()
        self._passed_us = 0
        """Recorded time that was left out."""

    def now_us(self) -> int:
        """Recorded time that has passed, at this pace."""
        if not self._pace:
            return self._passed_us + wall_us() - self._begun_us
        return (wall_us() - self._begun_us) * self._pace.numerator // self._pace.denominator

    def until(self, at_us: int) -> None:
        left_us = at_us - self.now_us()
        if left_us <= 0:
            return
        if self._pace:
            self._waiter.pause(float(left_us / self._pace) / US_PER_S)
        else:
            self._passed_us += left_us

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def _arrived(self, wanted: bool) -> bytes:
        return self._transport.read(self._transport.default_reply_timeout_s if wanted else 0.0)
