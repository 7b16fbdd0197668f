"""A copy of the shipped suite that was weakened misses mutants, and the matrix says which, and which tests should have found them."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

from hil.cli import execute
from tests.tidy.tree import ROOT

SUITE = ROOT / "hil" / "suite"
FILE = "test_patient_bolus.py"
ROW = "BO-14"
LOCKOUTS = ("lockout-on-the-wall-clock", "lockout-second-short", "lockout-lost-at-reset")
OTHER = "dose-limit-one-bolus-late"


class Weakener(ast.NodeTransformer):
    """Takes the end, and every assertion, from the tests that name a row."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Leave other tests as they are."""
        if any(ROW in ast.unparse(decorator) for decorator in node.decorator_list):
            self.generic_visit(node)
            node.body = node.body[:-1] or [ast.Pass()]
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """What was asserted is looked at, and nothing follows from it."""
        return ast.Expr(node.test)


def test_weakened_suite_misses_what_it_no_longer_looks_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the ends of the lockout's tests gone its mutants live, and the matrix names those tests; what others assert still kills."""
    copy = shutil.copytree(SUITE, tmp_path / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / FILE).read_text(encoding="utf-8")
    (copy / FILE).write_text(ast.unparse(Weakener().visit(ast.parse(text))), encoding="utf-8")
    chosen = [f"--mutant={name}" for name in (*LOCKOUTS, OTHER)]

    code = execute(
        ["mutants", "run", "--json", "-q", "--targeted", *chosen, "--", "pytest", str(copy / FILE), "-k", "lockout or dose_limit"]
    )
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["mutants"]}

    assert code == 1
    assert {name: rows[name]["verdict"] for name in LOCKOUTS} == dict.fromkeys(LOCKOUTS, "survived")
    assert all("of those that name BO-14: test_patient_bolus.py::test_" in rows[name]["why"] for name in LOCKOUTS)
    assert rows[OTHER]["verdict"] == "killed"
