"""A request and its answer: pumpsim beside bare echoes and beside peers, over a pty and over TCP, raw descriptors throughout."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.bench.peers.figures import Comparison, rows_of
from tests.bench.peers.programs import Peers
from tests.bench.round_trips import Scene
from tests.bench.stopwatch import burst_of, rounds_of

__all__ = ["pty", "tcp"]

ROUNDS = 40
WANTED = {"STATUS": 0.45, "STATUS over TCP": 0.40, "therapy": 0.36}
"""Shares of the floor that the project wants."""


def pty(stack: ExitStack, folder: Path) -> Comparison:
    """Over a pseudo-terminal, as on a serial line."""
    scene, peers = Scene(stack, f"pty:{folder / 'pump'}"), Peers(stack, folder)
    bursts = {
        "raw echo": scene.echo("pty"),
        "pumpsim, STATUS": scene.status,
        "pumpsim, STOP": scene.stop,
        "pumpsim, START": scene.start,
        "sinstruments, no protocol": burst_of(peers.sinstruments().ask),
        "pymodbus RTU, through socat": burst_of(peers.pymodbus_rtu().ask),
    }
    work = (
        f"One request and its answer of {scene.host.size_of('STATUS')} bytes, each with its MAC; the floor is a child that answers with as "
        "many. STOP and START are therapy commands of a running pump: proved, judged, carried out, stored, logged and answered."
    )
    asked = {"pumpsim, STATUS": 1 / WANTED["STATUS"], "pumpsim, STOP": 1 / WANTED["therapy"], "pumpsim, START": 1 / WANTED["therapy"]}
    remark = (
        "A therapy command keeps its id, what it did and its answer in the pump's memory, each write read back, so that it happens once "
        "whatever the link or the supply does; then the pump works out anew what is due. START moves the schedule too."
    )
    return Comparison("A round trip over a pty", work, rows_of(rounds_of(bursts, rounds=ROUNDS)), tuple(asked.items()), remark)


def tcp(stack: ExitStack, folder: Path) -> Comparison:
    """Over TCP."""
    scene, peers = Scene(stack, "tcp://127.0.0.1:0"), Peers(stack, folder)
    bursts = {
        "asyncio.Protocol echo": scene.echo("asyncio"),
        "pumpsim, STATUS": scene.status,
        "pymodbus TCP": burst_of(peers.pymodbus_tcp().ask),
        "tickit": burst_of(peers.tickit().ask),
        "lewis": burst_of(peers.lewis().ask),
    }
    work = "The same over TCP on one machine; the floor is a process with an asyncio.Protocol that answers with as many bytes."
    asked = (("pumpsim, STATUS", 1 / WANTED["STATUS over TCP"]),)
    return Comparison("A round trip over TCP", work, rows_of(rounds_of(bursts, rounds=ROUNDS)), asked)
