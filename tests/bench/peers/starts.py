"""Starts: the command's help beside a bare click program, the protocol's import beside that of the libraries it stands on."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.peers.figures import Comparison, Row
from tests.bench.start_up import measure_start_up

__all__ = ["start_up"]

TURNS = 11
LIBRARIES = "import serial, crcmod, cobs.cobs, hmac, hashlib"


def start_up() -> Iterator[Comparison]:
    """Whole processes, in turns; bytecode and profiles are there as at any later start."""
    taken = measure_start_up(turns=TURNS)
    work = "A whole process that prints its help; that makes a pump; that serves one, until its ready line."
    starts = ("bare click --help", "pumpsim --help", 'Pump("itp-40")', "pumpsim serve, to its ready line")
    yield Comparison("Start of the command", work, _rows(taken, starts), (("pumpsim --help", 3.0),))
    work = "A whole process that imports and ends. The package loads its client when it is asked for."
    yield Comparison(
        "Imports", work, _rows(taken, (LIBRARIES, "import protocol", "from protocol import Programmer")), (("import protocol", 1.5),)
    )


def _rows(taken: dict[str, float], names: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(Row(name, taken[name], taken[name] / taken[names[0]]) for name in names)
