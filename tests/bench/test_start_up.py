"""How long it takes until there is something to use: help, imports, a pump, a served pump."""

from __future__ import annotations

import pytest

from tests.bench.conftest import Note
from tests.bench.start_up import PROGRAMS, measure_start_up

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

FLOORS = {"pumpsim --help": "bare click --help", "import protocol": "import serial, crcmod, cobs.cobs, hmac, hashlib"}
FLOORS["from protocol import Programmer"] = FLOORS["import protocol"]


def test_start_up(note: Note) -> None:
    """Each as a process of its own, in turns; what has a floor as a multiple of it."""
    taken = measure_start_up()
    for name, seconds in taken.items():
        share = f" = {seconds / taken[FLOORS[name]]:.2f} x `{FLOORS[name]}`" if name in FLOORS else ""
        note(name, f"{seconds * 1e3:8.1f} ms{share}")

    assert taken.keys() == PROGRAMS.keys()


def test_start_up_without_kept_profiles(note: Note) -> None:
    """The same where a profile is read from its YAML each time."""
    slow = dict(list(PROGRAMS.items())[-2:])
    for name, seconds in measure_start_up(slow, cold=True).items():
        note(f"{name}, profile read anew", f"{seconds * 1e3:8.1f} ms")

        assert seconds > 0
