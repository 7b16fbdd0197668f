"""Many pumps in one server at the pace of the wall clock, each with its port and a therapy that runs: what they take when left alone.

`measure_pumps(1000)` is one point; a plot of processor time, memory and start-up against pumps is a row of such calls.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hil.bench.stdio import ServerProcess
from hil.rig import Rig
from protocol.client import Programmer
from tests.link.bedside import CONCENTRATION, FILL_NL, OLD

__all__ = ["PumpsFigure", "measure_pumps"]

BYTES_PER_MB = 1_000_000


class PumpsFigure(NamedTuple):
    """`ready_s` from start to ready line, `busy_share` of one processor while left alone, resident memory in all and for each pump."""

    pumps: int
    ready_s: float
    busy_share: float
    memory_mb: float
    kb_per_pump: float
    keep_up: int
    """Pumps that say at the end that their time keeps up with the wall clock."""


def measure_pumps(count: int, port: str = "tcp://127.0.0.1:0", *, span_s: float = 5.0) -> PumpsFigure:
    """Start them, have each filled and programmed over its own port, leave them alone for `span_s` of wall time."""
    began_s = time.perf_counter()
    with _served(count, port) as server:
        ready_s = time.perf_counter() - began_s
        first_mb = _memory_mb(server.process.pid)
        for pump in server.ready["pumps"]:
            _program(server.ready, pump)
        busy_s, start_s = _busy_s(server.process.pid), time.perf_counter()
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(span_s)  # nobody talks to it, and it goes on
        share = (_busy_s(server.process.pid) - busy_s) / (time.perf_counter() - start_s)
        memory_mb = max(first_mb, _memory_mb(server.process.pid))
        keep_up = sum(_keeps_up(server.ready, pump["name"]) for pump in server.ready["pumps"])
    with _served(1, port) as alone:
        base_mb = _memory_mb(alone.process.pid)
    return PumpsFigure(count, ready_s, share, memory_mb, (memory_mb - base_mb) * 1_000 / count, keep_up)


@contextmanager
def _served(count: int, port: str) -> Iterator[ServerProcess]:
    options = ["--count", str(count), "--port", port, "--seed", "1", "--pace", "x1", "--bench", "http"]
    with ServerProcess("itp-40", options) as server:
        yield server


def _program(ready: dict[str, Any], pump: dict[str, Any]) -> None:
    """Fill one pump, tell it so, and give it a therapy."""
    with Rig.connect(ready, pump=pump["name"]) as rig:
        rig.bench.needle(inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION)
    with Programmer.open(pump["port"], key_file=pump["key_file"]) as programmer:
        programmer.refill(FILL_NL, 0, OLD.drug_id, CONCENTRATION)
        programmer.update(OLD)


def _keeps_up(ready: dict[str, Any], name: str) -> bool:
    with Rig.connect(ready, pump=name) as rig:
        return bool(rig.bench.call("pace")["keeps_up"])


def _busy_s(pid: int) -> float:
    """Processor time of a process so far, its own and the system's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / BYTES_PER_MB
