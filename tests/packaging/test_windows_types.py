"""Types as Windows has them: what its Python does not have is used only where the reason stands here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGES, ROOT

POSIX_ONLY = {
    "protocol/transport/pty.py": "pseudo-terminals, which say so where there are none",
    "protocol/transport/ready.py": "poll, where there is one",
    "protocol/capture/file.py": "locks, where there are some",
    "protocol/key_file.py": "owners of files, on POSIX only",
    "hil/ports/base.py": "descriptors of terminals: a serial line is refused where they cannot be waited for",
    "hil/ports/pty.py": "a name for a living server, on Linux only",
    "hil/system/waiting.py": "poll, where there is one",
    "hil/doctor/ports.py": "groups of users and owners of ports, where there are some",
    "hil/pytest_plugin/mutant_host.py": "one fork a mutant",
    "hil/mutants/run.py": "the same: refused where there is no fork",
    "hil/fuzz/crew.py": "peak memory, where the system tells",
}
"""Modules that use what Windows lacks, with what for; each says what to do in its place, or does without."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_else_uses_what_windows_lacks(tmp_path: Path) -> None:
    """A type checker that is told the system is Windows finds fault with these modules and no others."""
    command = [sys.executable, "-m", "mypy", "--platform", "win32", "--cache-dir", str(tmp_path)]
    for package in PACKAGES:
        command += ["-p", package]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    places = set(re.findall(r"^([\w/.]+\.py):\d+: error", found, re.MULTILINE))

    assert places - POSIX_ONLY.keys() == set(), found
    assert POSIX_ONLY.keys() - places == set(), "these need no exception any more"
