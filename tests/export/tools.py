"""Programs of others that read what was exported; a test skips, with the cure, where one is missing. CI has them all."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT

__all__ = ["NODE_MODULES", "kaitai_modules", "run", "tool"]

NODE_MODULES = ROOT / "build/node/node_modules"
CURE = "run .ci/tools, or `make tools`"
SECONDS_MAX = 60


def tool(name: str) -> str:
    """The path of a program; skips where it is missing, and fails where CI should have installed it."""
    found = shutil.which(name)
    if found is None:
        _missing(name)
    return str(found)


def kaitai_modules() -> Path:
    """The folder with the Kaitai compiler and its runtime for JavaScript."""
    tool("node")
    if not (NODE_MODULES / "kaitai-struct-compiler").is_dir() or not (NODE_MODULES / "kaitai-struct").is_dir():
        _missing("the Kaitai Struct compiler")
    return NODE_MODULES


def _missing(name: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{name} is missing, and this is CI: {CURE}", pytrace=False)
    pytest.skip(f"{name} is missing: {CURE}")


def run(command: Sequence[str | Path], told: str = "", folder: Path | None = None, **variables: str) -> str:
    """Run a program; it must succeed. Returns what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        input=told,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]} ends with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout
