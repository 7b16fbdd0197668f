"""`pumpsim export` writes each form, the same each time, and ends in one line where it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from hil.cli import execute
from hil.cli.export import FORMS
from tests.tidy.tree import ROOT


@pytest.mark.parametrize("form", FORMS)
def test_form_is_written_to_a_file(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file holds what the standard output would, and a file that is there is replaced."""
    file = tmp_path / "wire"
    file.write_text("old", encoding="utf-8")

    assert execute(["export", form, "-o", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert execute(["export", form]) == 0
    assert file.read_bytes() == capsys.readouterr().out.encode()


def test_forms_are_the_same_in_every_process() -> None:
    """Nothing in them comes from an order that changes from run to run."""
    script = f"import importlib, json; print(json.dumps([importlib.import_module(name).render() for name in {list(FORMS.values())}]))"
    children = [
        subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        for seed in ("1", "2")
    ]

    assert json.loads(children[0].stdout) == json.loads(children[1].stdout)


@pytest.mark.parametrize("form", FORMS)
def test_form_is_clean(form: str) -> None:
    """It ends in a newline, has no blank at a line's end, and says nothing of this machine."""
    text = import_module(FORMS[form]).render()

    assert text.endswith("\n")
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert str(Path.cwd()) not in text


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["protobuf"], "there is no 'protobuf' here; use one of kaitai"),
        ([], "Missing argument"),
        (["kaitai", "-o", "."], "File '.' is a directory"),
        (["kaitai", "-o", "no/such/folder/x.ksy"], "no/such/folder/x.ksy: cannot be written (No such file or directory)"),
        (["kaitai", "markdown"], "unexpected extra argument"),
    ],
    ids=["unknown", "none", "folder", "no folder", "two"],
)
def test_what_cannot_be_done_ends_in_one_line(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, where and what, nothing on the standard output."""
    monkeypatch.chdir(tmp_path)

    assert execute(["export", *arguments]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert says in told.err
    assert list(tmp_path.iterdir()) == []
