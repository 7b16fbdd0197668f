"""Processes from their start to their end, or to their first line, taking turns. Each runs once before the clock does, so that bytecode and
caches are as at any later start; `cold` profiles are read from YAML.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

__all__ = ["PROGRAMS", "measure_start_up"]

TURNS = 9

PROGRAMS: dict[str, str] = {
    "python": "pass",
    "bare click --help": "import click\n@click.group()\ndef main(): pass\nmain()",
    "pumpsim --help": "from hil.cli import main; main()",
    "import serial, crcmod, cobs.cobs, hmac, hashlib": "import serial, crcmod, cobs.cobs, hmac, hashlib",
    "import protocol": "import protocol",
    "from protocol import Programmer": "from protocol import Programmer",
    'Pump("itp-40")': "from firmware_sim import Pump; Pump('itp-40')",
    "pumpsim serve, to its ready line": "from hil.cli import main; main(['serve', 'itp-40', '--port', 'tcp://127.0.0.1:0'])",
}
"""What is started, by name; the last one is ended once it has said that it is ready."""


def measure_start_up(programs: Mapping[str, str] | None = None, *, turns: int = TURNS, cold: bool = False) -> dict[str, float]:
    """Median seconds of each program."""
    chosen = PROGRAMS if programs is None else programs
    with tempfile.TemporaryDirectory() as folder:
        cache = "" if cold else str(Path(folder) / "profiles")
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode"), "PUMPSIM_CACHE": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        times: dict[str, list[float]] = {name: [] for name in chosen}
        for turn in range(turns + 1):
            for name, program in chosen.items():
                taken_s = _started(program, environment)
                if turn:
                    times[name].append(taken_s)
    return {name: median(taken) for name, taken in times.items()}


def _started(program: str, environment: Mapping[str, str]) -> float:
    """Seconds until a program has ended, or has said its first line and waits to be ended."""
    began_s = time.perf_counter()
    command = [sys.executable, "-c", program, "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if line.startswith(b"{"):
            taken_s = time.perf_counter() - began_s
            process.terminate()
            return taken_s
        process.communicate()
        assert process.returncode == 0, program
        return time.perf_counter() - began_s
