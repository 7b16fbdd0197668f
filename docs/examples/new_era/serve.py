"""Serve a filled pump that speaks the dialect, on any port that pumpsim has: python -m docs.examples.new_era.serve --port pty:./pump1."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Protocol

import click

from docs.examples.new_era.adapter import NewEraAdapter
from firmware_sim import Pump
from firmware_sim.errors import PowerCut, PumpError
from firmware_sim.firmware.prescription import RefillEntry
from hil.errors import HilError, UsageError
from hil.pacing import TICK_US, Pace, Pacer, after, parse_pace
from hil.ports.base import Port, open_port

__all__ = ["End", "Joint", "filled_pump", "serve"]

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class End(Protocol):
    """Ends a server; a reason makes it an error."""

    def __call__(self, why: str = "") -> None: ...


class Joint:
    """A pump, its adapter and virtual time: the `hil.unit.Unit` of this dialect, without images.

    A supply that dies inside a memory write comes up as `PowerCut`; what was being answered then stays unanswered.
    """

    def __init__(self, pump: Pump, pacer: Pacer) -> None:
        self.pump = pump
        self.pacer = pacer
        self._adapter = NewEraAdapter(pump)
        self._boots = pump.boots
        pacer.anchor(pump.now_us)

    def receive(self, data: bytes) -> bytes:
        """What the port calls. A pump without power hears nothing."""
        self.catch_up()
        if not self.pump.powered:
            return b""
        try:
            return self._adapter.receive(data)
        except PowerCut:
            return b""
        finally:
            self._look_for_boot()

    def catch_up(self) -> None:
        """Let time pass as far as the pace has it."""
        self.advance_to(max(self.pump.now_us, self.pacer.due_us()))

    def advance_to(self, at_us: int) -> None:
        """Let time pass to a true instant, the pump's deadlines and the adapter's in order, the pump first where they meet."""
        while (due_us := self._next_due()) is not None and due_us <= at_us:
            self.pump.advance_to(due_us)
            self._look_for_boot()
            if self._adapter_due() == due_us:
                with contextlib.suppress(PowerCut):
                    self._adapter.on_time()
                self._look_for_boot()
        self.pump.advance_to(at_us)
        self._look_for_boot()

    def _next_due(self) -> int | None:
        dues = [due_us for due_us in (self.pump.next_due(), self._adapter_due()) if due_us is not None]
        return max(self.pump.now_us, min(dues)) if dues else None

    def _adapter_due(self) -> int | None:
        deadline_us = self._adapter.next_deadline() if self.pump.powered else None
        return None if deadline_us is None else max(self.pump.now_us, self.pump.true_us_of(deadline_us))

    def _look_for_boot(self) -> None:
        while self.pump.powered and self.pump.boots != self._boots:
            self._boots = self.pump.boots
            with contextlib.suppress(PowerCut):
                self._adapter.reset()


def filled_pump(profile: str, *, seed: int, drug: str, concentration_ng_per_ml: int, fill_nl: int) -> Pump:
    """A new pump with a fill, which the dialect has no word for: the needle's act, and telling the pump of it. Raises UsageError."""
    try:
        pump = Pump(profile, seed=seed)
        known = {entry.name: entry.drug_id for entry in pump.profile.drugs}
        if drug not in known:
            raise UsageError(f"this pump knows no {drug!r}", where="--drug", do=f"choose of {', '.join(known)}")
        pump.needle(inject_nl=fill_nl, concentration_ng_per_ml=concentration_ng_per_ml)
        pump.refill(RefillEntry(fill_nl, 0, known[drug], concentration_ng_per_ml))
    except PumpError as error:
        raise UsageError(str(error), where="fill") from None
    return pump


async def serve(joint: Joint, port: Port, ready: Callable[[End], None]) -> None:
    """Answer on the port until somebody calls what `ready` is given. Raises HilError if that is the port, with a reason."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[str] = loop.create_future()

    def end(why: str = "") -> None:
        if not ended.done():
            ended.set_result(why)

    def failed(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and not ended.done():
            ended.set_exception(error)

    def tick() -> None:
        joint.catch_up()
        after(loop, TICK_US / 1_000_000, tick)

    loop.set_exception_handler(failed)
    port.handler = joint.receive
    port.on_end = end
    port.listen(loop)
    if joint.pacer.factor:
        tick()
    ready(end)
    try:
        why = await ended
    finally:
        port.close()
    if why:
        raise HilError(why)


def _announce(port: Port, end: End) -> None:
    """End on a signal, and print the ready line."""
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, end)
    click.echo(json.dumps({"ready": True, "port": port.url, "device": port.device, "pid": os.getpid()}))
    sys.stdout.flush()


def _moving(pace: Pace) -> Pace:
    """A pace at which time moves by itself: this server has no bench to move it. Raises UsageError for any other."""
    if pace.kind != "paced":
        raise UsageError("there is no bench here that could move time", where="--pace", do="use xN, such as x1 or x3600")
    return pace


@click.command()
@click.option("--port", "url", default="pty:./pump1", show_default=True, metavar="URL", help="pty:PATH, tcp://HOST:PORT or serial:PATH.")
@click.option("--profile", default="itp-40", show_default=True)
@click.option("--pace", "pace_text", default="x1", show_default=True, help="xN of the wall clock.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides what differs between units of a profile.")
@click.option("--drug", default="baclofen", show_default=True)
@click.option("--concentration-ng-per-ml", type=click.IntRange(min=0), default=50_000, show_default=True)
@click.option("--fill-nl", type=click.IntRange(min=0), default=40_000_000, show_default=True)
def main(url: str, profile: str, pace_text: str, seed: int, drug: str, concentration_ng_per_ml: int, fill_nl: int) -> None:
    """Serve a filled pump that speaks the New Era syringe-pump dialect. The first line on standard output is JSON and says where."""
    try:
        pump = filled_pump(profile, seed=seed, drug=drug, concentration_ng_per_ml=concentration_ng_per_ml, fill_nl=fill_nl)
        joint = Joint(pump, Pacer(_moving(parse_pace(pace_text))))
        port = open_port(url)
        asyncio.run(serve(joint, port, lambda end: _announce(port, end)))
    except HilError as error:
        click.echo("\n".join(error.lines), err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
