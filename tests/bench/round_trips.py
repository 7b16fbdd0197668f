"""Round trips at a served pump and at echoes, by raw descriptors: the bursts that tests and plots let take turns.

A therapy command is timed whole, from its first byte to the last of its answer: id judged, carried out, stored in the pump's memory,
journalled and authenticated. STOP and START alternate, so that each does something.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from hil.bench.stdio import ServerProcess
from protocol import messages as m
from protocol.client import Programmer
from protocol.framing import Frame, encode_frame
from protocol.message_table import BY_NAME
from tests.bench.echo import EchoProcess, RawFd, raw_tty
from tests.bench.raw_host import RawHost
from tests.bench.stopwatch import BURST, Burst, burst_of
from tests.link.bedside import CONCENTRATION, FILL_NL, OLD

__all__ = ["REQUEST", "Scene"]

REQUEST = encode_frame(Frame(BY_NAME["STATUS"].opcode, 1, 1, b"", mac=bytes(8)))


class Scene:
    """A pump with a running therapy on one port, a host at it, and its ids; echoes of the same sizes beside it."""

    def __init__(self, stack: ExitStack, url: str, *, pace: str = "lock-step", security: str = "secure") -> None:
        self._stack = stack
        options = ["--port", url, "--seed", "1", "--pace", pace, "--security", security]
        server = stack.enter_context(ServerProcess("itp-40", options))
        self.ready: dict[str, Any] = server.ready
        self.pids = [server.process.pid]
        server.bench.call("needle", inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION)
        with Programmer.open(server.ready["port"]) as programmer:
            programmer.refill(FILL_NL, 0, OLD.drug_id, CONCENTRATION)
            programmer.update(OLD)
        self.host = RawHost(server.ready)
        stack.callback(self.host.close)
        status = self.host.ask("STATUS")
        self._generation = status.generation
        self._ids = iter(range(status.last_command_id + 1, 2**31))

    def echo(self, kind: str) -> Burst:
        """A floor: pty, tcp or asyncio."""
        process = self._stack.enter_context(EchoProcess(kind, self.host.size_of("STATUS")))
        self.pids.append(process.pid)
        raw = RawFd(raw_tty(process.address)) if kind == "pty" else RawFd.tcp(int(process.address))
        self._stack.callback(raw.close)
        return burst_of(lambda: raw.ask(REQUEST))

    def status(self) -> list[float]:
        """A burst of STATUS."""
        return self.host.burst([("STATUS", m.Nothing())] * BURST)

    def stop(self) -> list[float]:
        """A burst of STOP, each of a running pump."""
        return self._alternating()[::2]

    def start(self) -> list[float]:
        """A burst of START, each of a stopped pump."""
        return self._alternating()[1::2]

    def set_clock(self) -> list[float]:
        """A burst of SET_CLOCK, the least of what has a command id."""
        now_us = self.host.ask("STATUS").clock_us
        return self.host.burst([("SET_CLOCK", m.SetClock(next(self._ids), now_us)) for _ in range(BURST)])

    def _alternating(self) -> list[float]:
        return self.host.burst([request for _ in range(BURST) for request in self._stop_and_start()])

    def _stop_and_start(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        yield "STOP", m.Nothing()
        yield "START", m.Start(next(self._ids), self._generation)
