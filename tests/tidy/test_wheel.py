"""The wheel holds the three packages with their data, and nothing else; installed alone, it works."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.tidy.tree import PACKAGES, ROOT, files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this tree; the build tool must be installed, nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("pumpsim-*.whl"))


def test_wheel_holds_packages_and_data(wheel: Path) -> None:
    """Every file of the three packages is in the wheel, each package marked as typed."""
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {name for name in files() if name.startswith(tuple(f"{package}/" for package in PACKAGES))}

    assert not expected - names, "missing from the wheel: see [tool.hatch.build.targets.wheel]"
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    """No test, page or tool travels in the wheel; the licence does."""
    names = [PurePosixPath(name) for name in zipfile.ZipFile(wheel).namelist()]
    tops = {name.parts[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert any(name.name == "LICENSE" for name in names)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_wheel_works_alone(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, away from the tree, the wheel starts and finds its data."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-qq", "-c", ROOT / "constraints.txt", wheel], check=True)

    script = "from firmware_sim import Pump; pump = Pump('itp-40', seed=1); pump.advance(days=1); print(pump.digest())"
    digest = subprocess.run([python, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()
    helped = subprocess.run([python.with_name("pumpsim"), "--help"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert bytes.fromhex(digest)
    assert "serve" in helped
