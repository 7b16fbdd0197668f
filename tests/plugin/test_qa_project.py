"""A user's project from the documents, away from this tree: a fresh environment, the built wheel, and pytest."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.runs import plain_run
from tests.tidy.tree import ROOT

PROJECT = ROOT / "docs/examples/qa_project"
RUNS = {
    "on the model": ([], "6 passed"),
    "in another process": (["--pump", "tcp://127.0.0.1:0"], "6 passed"),
    "on another pump": (["--pump", "pumpsim://legacy-18?seed=7"], "6 passed"),
    "as a rehearsal": (["--pump-rig", "rigs/rehearsal.yaml", "--pump-skips", "may-skip.txt"], "1 passed, 5 skipped"),
}


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_project_runs_with_the_wheel_and_pytest_alone(tmp_path: Path) -> None:
    """Nothing of this tree is in reach: the wheel, what it depends on, and pytest."""
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("pumpsim-*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    run(python, "-m", "pip", "install", "-qq", "-c", ROOT / "constraints.txt", f"{wheel}[suite]", cwd=tmp_path)
    folder = Path(shutil.copytree(PROJECT, tmp_path / "qa_project", ignore=shutil.ignore_patterns("__pycache__")))

    for name, (options, said) in RUNS.items():
        printed = run(python, "-m", "pytest", "-p", "no:cacheprovider", *options, cwd=folder)
        assert said in printed.splitlines()[-1], f"{name}:\n{printed}"


@pytest.mark.parametrize("name", ["on the model", "as a rehearsal"])
def test_project_runs_here(name: str, pytester: pytest.Pytester) -> None:
    """The same with what is installed here, so that nobody has to wait for the slow test to see it break."""
    options, said = RUNS[name]
    shutil.copytree(PROJECT, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    ran = plain_run(pytester, *options)

    assert ran.code == 0, ran.text
    assert said in ran.text
