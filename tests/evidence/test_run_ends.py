"""A run of `pumpsim verify` that is ended, and one that cannot begin: the exit codes that every command has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.serving import run_cli

INTERRUPTED, MISUSE = 130, 2


def test_person_who_ends_a_run_gets_the_code_of_it(tmp_path: Path) -> None:
    """As from any other command; there is no verdict, and no evidence."""
    (tmp_path / "test_long.py").write_text("def test_ended(rig): raise KeyboardInterrupt\n", encoding="utf-8")

    done = run_cli("verify", "pumpsim://itp-40", "--suite", "test_long.py", "--report", "evidence", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (INTERRUPTED, b"")
    assert done.stderr.decode().splitlines()[-1] == "pumpsim: interrupted"
    assert not (tmp_path / "evidence" / "evidence.json").exists()


@pytest.mark.parametrize("packages", [False, True])
def test_two_files_of_one_name_are_told(tmp_path: Path, packages: bool) -> None:
    """Before anything runs; files of two packages have two names."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
        if packages:
            (tmp_path / name / "__init__.py").touch()

    done = run_cli("verify", "pumpsim://itp-40", "--suite", "one", "--suite", "two", cwd=tmp_path)

    assert done.returncode == (0 if packages else MISUSE), done.stderr
    assert (b"have one name, and pytest reads one file of a name" in done.stderr) is not packages
