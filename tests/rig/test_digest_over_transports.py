"""One exchange, one digest, whatever the bytes travel over and however busy the machine is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hil.rig import Rig
from tests.rig.serving import PROGRAMMER, scripted_day

SPIN = "while True: pass"


def urls(folder: Path) -> dict[str, str]:
    """A URL for each transport."""
    return {"memory": "pumpsim://itp-40?seed=3", "pty": f"pty:{folder / 'pump'}", "tcp": "tcp://127.0.0.1:0"}


def digest_over(url: str, seed: int = 3) -> str:
    """The digest after the scripted exchange over this URL."""
    with Rig.open(url, seed=seed, programmer=PROGRAMMER) as rig:
        return scripted_day(rig)


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy with something else."""
    spinners = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


@pytest.mark.parametrize("transport", ["pty", "tcp"])
def test_served_pump_ends_like_one_in_memory(transport: str, tmp_path: Path) -> None:
    """A pump in another process, behind a port, comes to the digest of one in this process."""
    known = urls(tmp_path)

    assert digest_over(known[transport]) == digest_over(known["memory"])


@pytest.mark.parametrize("transport", ["pty", "tcp"])
def test_busy_machine_changes_nothing(transport: str, tmp_path: Path) -> None:
    """With every core busy beside it, the digest is the same."""
    known = urls(tmp_path)
    with busy_cores():
        loaded = digest_over(known[transport])

    assert loaded == digest_over(known["memory"])


def test_another_seed_is_another_unit(tmp_path: Path) -> None:
    """The digest tells units apart."""
    known = urls(tmp_path)

    assert digest_over("pumpsim://itp-40?seed=4") != digest_over(known["memory"])
