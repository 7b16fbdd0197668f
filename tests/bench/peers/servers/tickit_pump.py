"""A pump in tickit: one STATUS on a TCP port. `tickit_pump.py serve` prints its port; `updates N` prints the seconds of N updates."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time

from tickit.adapters.io import TcpIo
from tickit.adapters.specifications import RegexCommand
from tickit.adapters.tcp import CommandAdapter
from tickit.core.adapter import AdapterContainer
from tickit.core.components.device_component import DeviceComponent
from tickit.core.device import Device, DeviceUpdate
from tickit.core.management.event_router import InverseWiring
from tickit.core.management.schedulers.master import MasterScheduler
from tickit.core.simulation import TickitSimulation
from tickit.core.state_interfaces.state_interface import get_interface
from tickit.core.typedefs import ComponentID, SimTime

ANSWER = b"x" * 72
RATE_NL_PER_S = 3
NS_PER_S = 1_000_000_000
FAST = 1e12
"""Simulated over wall time, so that tickit never waits."""


class Pump(Device):  # type: ignore[misc]  # ships no types
    """A reservoir that empties at one rate and asks to be looked at every second, so often."""

    def __init__(self, updates_left: int) -> None:
        self.volume_nl = 20_000_000
        self.updates_left = updates_left
        self.done = asyncio.Event()

    def update(self, time: SimTime, inputs: object) -> DeviceUpdate[dict[str, int]]:
        """One update of tickit."""
        self.volume_nl -= RATE_NL_PER_S
        self.updates_left -= 1
        if self.updates_left == 0:
            self.done.set()
        return DeviceUpdate({"volume": self.volume_nl}, SimTime(time + NS_PER_S) if self.updates_left > 0 else None)


class Wire(CommandAdapter):  # type: ignore[misc]
    """S? gives the status."""

    def __init__(self, pump: Pump) -> None:
        super().__init__()
        self.pump = pump

    @RegexCommand(rb"S\?\n")  # type: ignore[untyped-decorator]
    async def status(self) -> bytes:
        """Volume, and filling up to the size of a real answer."""
        return (b"%015d" % self.pump.volume_nl + ANSWER)[: len(ANSWER) - 1] + b"\n"


async def main(what: str, count: int) -> None:
    """Serve for ever, or make so many updates as fast as they go."""
    logging.disable(logging.CRITICAL)
    pump = Pump(count)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    adapters = [AdapterContainer(Wire(pump), TcpIo("127.0.0.1", port))] if what == "serve" else []
    name = ComponentID("pump")
    component = DeviceComponent(name=name, device=pump, adapters=adapters)
    scheduler = MasterScheduler(InverseWiring({name: {}}), *get_interface("internal"), simulation_speed=FAST)
    run = asyncio.create_task(TickitSimulation("internal", scheduler, {name: component}).run())
    if what == "serve":
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await run
        return
    begun = time.perf_counter()
    await pump.done.wait()
    sys.stdout.write(f"{time.perf_counter() - begun}\n")
    run.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int((sys.argv[2:] or ["0"])[0])))
