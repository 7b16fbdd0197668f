"""An environment that has pumpsim from its wheel, and a folder outside the checkout to use it in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.tidy.tree import ROOT

__all__ = ["Installed", "build", "install", "install_beside"]

WAIT_S = 120.0
STRANGE = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PUMPSIM_MUTANT", "PYTEST_ADDOPTS")
"""Variables of whoever runs this that the environment must do without."""


def build(folder: Path, *what: str, tree: Path = ROOT) -> None:
    """Build `--wheel` or `--sdist` from a tree with the build tool that is installed here; nothing is fetched."""
    command = [sys.executable, "-m", "build", *what, "--no-isolation", "--outdir", str(folder), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Installed(NamedTuple):
    """Where Python is, and where commands run."""

    bin: Path
    folder: Path

    def run(self, program: str, *arguments: str, code: int = 0) -> str:
        """What a program of this environment prints; it must end with this exit code."""
        command = [str(self.bin / program), *arguments]
        env = self._variables()
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False)
        assert done.returncode == code, f"{program} {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[dict[str, Any]]:
        """The ready line of a `pumpsim` command that serves until it is told to end."""
        env = self._variables()
        with subprocess.Popen([self.bin / "pumpsim", *arguments], cwd=self.folder, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield json.loads(process.stdout.readline())
            finally:
                process.send_signal(signal.SIGINT)
            assert process.wait(WAIT_S) == 0

    def _variables(self) -> dict[str, str]:
        ours = {name: text for name, text in os.environ.items() if name not in STRANGE}
        return {**ours, "PATH": f"{self.bin}{os.pathsep}{ours.get('PATH', '')}", "PUMPSIM_RUNS": str(self.folder / "runs")}


def install_beside(wheel: Path, folder: Path) -> Installed:
    """Seconds: the wheel alone in a new environment, which borrows what it depends on from the one that runs this."""
    environment = _made(folder)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    subprocess.run([*_pip(environment), "install", "-qq", "--no-deps", "--no-index", str(wheel)], check=True)
    return environment


def install(wheel: Path, folder: Path, extra: str = "") -> Installed:
    """Half a minute: the wheel with one extra and what they depend on, in the versions of constraints.txt, from the package index."""
    environment = _made(folder)
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    subprocess.run([*_pip(environment), "install", "-qq", "-c", str(ROOT / "constraints.txt"), wanted], check=True)
    subprocess.run([*_pip(environment), "check", "-q"], check=True)
    return environment


def _made(folder: Path) -> Installed:
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (folder / "here").mkdir()
    return Installed(folder / "venv" / "bin", folder / "here")


def _pip(environment: Installed) -> list[str]:
    return [sys.executable, "-m", "pip", "--python", str(environment.bin / "python")]
