"""The source distribution: what it builds, and that its tests run."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.installed import build

TESTS = ("unit", "golden", "tidy/test_shapes.py", "tidy/test_numbers.py", "tidy/test_imports.py")
"""Tests of it that need no git, no other program and no minutes."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of this tree, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    build(folder, "--sdist")
    (packed,) = folder.glob("pumpsim-*.tar.gz")
    with tarfile.open(packed) as opened:
        opened.extractall(folder, filter="data")
    return folder / packed.name.removesuffix(".tar.gz")


def content(folder: Path) -> dict[str, str]:
    """Name and hash of each file in the wheel of a folder."""
    (wheel,) = folder.glob("pumpsim-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}


def test_sdist_builds_the_same_wheel(unpacked: Path, tmp_path: Path) -> None:
    """The wheel built from the source distribution has the files of the one built from the tree, byte by byte."""
    build(tmp_path / "tree", "--wheel")
    build(tmp_path / "sdist", "--wheel", tree=unpacked)

    assert content(tmp_path / "tree") == content(tmp_path / "sdist")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_tests_of_the_sdist_run(unpacked: Path) -> None:
    """Away from the repository, the tests that the source distribution brings pass on its own packages."""
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *(f"tests/{each}" for each in TESTS)]
    done = subprocess.run(command, cwd=unpacked, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr
