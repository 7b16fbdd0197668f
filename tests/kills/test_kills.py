"""kill -9 of server, programmer and bench at random moments: the next start works, nothing stays taken, the therapy is old or new."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.tidy.tree import ROOT

KILLS = 20
WAIT_S = 100.0


@pytest.mark.skipif(sys.platform == "win32", reason="it kills by fork and SIGKILL")
def test_twenty_kills_lose_nothing(seed: int) -> None:
    """Twenty in turn, each in the middle of something, in a process without threads that forks them; `make kills` does two hundred."""
    command = [sys.executable, "-m", "tests.kills.campaign", str(KILLS), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=False)

    assert done.returncode == 0, done.stderr
    killed = [(who, int(count)) for count, who in re.findall(r"^ *(\d+) (server|client|bench) killed", done.stdout, re.MULTILINE)]
    assert {who for who, _ in killed} == {"server", "client", "bench"}
    assert sum(count for _, count in killed) == KILLS
