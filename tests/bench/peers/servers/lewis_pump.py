"""A pump in lewis: one STATUS on its TCP stream. `lewis_pump.py serve` prints its port; `cycles N` prints the seconds of N cycles."""

from __future__ import annotations

import logging
import socket
import sys
import time

from lewis.adapters.stream import Cmd, StreamAdapter, StreamInterface
from lewis.core.simulation import Simulation
from lewis.devices import Device

ANSWER = "x" * 72
"""As many characters as an authenticated STATUS has bytes, about."""
RATE_NL_PER_S = 3


class Pump(Device):  # type: ignore[misc]  # ships no types
    """A reservoir that empties at one rate; it ends the simulation after so many cycles."""

    def __init__(self) -> None:
        super().__init__()
        self.volume_nl = 20_000_000.0
        self.cycles_left = -1
        self.simulation: Simulation | None = None

    def process(self, dt: float) -> None:
        """One cycle of lewis."""
        self.volume_nl = max(0.0, self.volume_nl - RATE_NL_PER_S * dt)
        self.cycles_left -= 1
        if self.cycles_left == 0 and self.simulation is not None:
            self.simulation.stop()


class Wire(StreamInterface):  # type: ignore[misc]
    """S? gives the status."""

    commands = {Cmd("status", r"^S\?$")}  # noqa: RUF012  # as lewis wants it
    in_terminator = "\n"
    out_terminator = "\n"

    def status(self) -> str:
        """Volume, and filling up to the size of a real answer."""
        return f"{self.device.volume_nl:015.3f}{ANSWER}"[: len(ANSWER)]


def main(what: str, count: int) -> None:
    """Serve for ever, or run so many cycles as fast as they go."""
    logging.disable(logging.CRITICAL)
    pump, wire = Pump(), Wire()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    adapter = StreamAdapter({"bind_address": "127.0.0.1", "port": port})
    adapter.interface = wire
    wire.device = pump
    simulation = Simulation(pump, adapters=[adapter] if what == "serve" else [])
    if what == "serve":
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        simulation.start()
        return
    pump.cycles_left, pump.simulation = count, simulation
    simulation.cycle_delay = 0
    begun = time.perf_counter()
    simulation.start()
    sys.stdout.write(f"{time.perf_counter() - begun}\n")


if __name__ == "__main__":
    main(sys.argv[1], int((sys.argv[2:] or ["0"])[0]))
