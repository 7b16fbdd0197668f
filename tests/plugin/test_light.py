"""pytest loads the plugin in every run of an environment: it costs next to nothing there, and says nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.plugin.runs import plain_run
from tests.tidy.tree import ROOT

HEAVY = {"pydantic", "serial", "ruamel", "click", "rich", "hil.rig.rig", "firmware_sim", "protocol", "asyncio"}


def test_plugin_and_its_parts_load_nothing_heavy() -> None:
    """No models, no serial ports, no pump."""
    script = (
        "import importlib, json, sys, pytest\nbefore = set(sys.modules)\nplugin = importlib.import_module('hil.plugin')\n"
        "for name in plugin.pytest_plugins: importlib.import_module(name)\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))

    assert "hil.pytest_plugin.fixtures" in loaded
    assert not loaded & HEAVY


def test_run_of_others_is_let_be(pytester: pytest.Pytester) -> None:
    """A suite that asks for no pump sees no line about one."""
    pytester.makepyfile("def test_others(): pass")

    ran = plain_run(pytester)

    assert ran.code == 0
    assert "pump:" not in ran.text


@pytest.mark.parametrize(
    "options, said",
    [
        (["--pump", "pumpsim://itp-4"], "unknown profile 'itp-4'"),
        (["--pump", "pumpsim://itp-40?seed=1", "--pump-seed", "2"], "the URL says seed 1, --pump-seed 2; say it once"),
        (["--pump", "pumpsim://itp-40", "--pump-profile", "itp-20"], "--pump says itp-40, --pump-profile itp-20; say it once"),
        (["--pump", "tcp://127.0.0.1:9"], "cannot connect"),
        (["--pump", "tcp://127.0.0.1:9", "--pump-seed", "2"], "--pump-seed: this pump is there already"),
        (["--pump", "tcp://127.0.0.1:9", "--pump-mutant", "x"], "only a pump that this run makes can be a mutant"),
        (["--pump-bench", "http://127.0.0.1:9"], "a bench's address does not tell where the pump is"),
        (["--pump-bench", "none.json"], "no ready line"),
        (["--pump-rig", "none.yaml"], "the rig file cannot be read"),
        (["--pump-rig", "none.yaml", "--pump", "pty:./a"], "--pump and --pump-rig both say where the pump is"),
        (["--pump-pace", "fast"], "unknown pace 'fast'"),
        (["--pump-mutant", "no-such-mutant"], "no-such-mutant"),
    ],
)
def test_misuse_is_one_line_and_ends_the_run(pytester: pytest.Pytester, options: list[str], said: str) -> None:
    """What, where and what to do; no traceback."""
    pytester.makepyfile("def test_pump(programmer): pass")

    ran = plain_run(pytester, *options)

    assert ran.code == 4
    assert said in ran.text
    assert "Traceback" not in ran.text


def test_marker_for_a_row_that_is_in_no_table_is_an_error(pytester: pytest.Pytester) -> None:
    """With a table of one's own its rows are known too."""
    pytester.makepyfile("import pytest\n\n@pytest.mark.pump_requirement('QA-1')\ndef test_it(): pass")
    (pytester.path / "own.csv").write_text(
        "id,section,applies,requirement,observable,source\nQA-1,qa,as-is,It is ours,it shows,ours\n", encoding="utf-8"
    )

    unknown = plain_run(pytester, "--pump-report", "evidence")
    known = plain_run(pytester, "--pump-requirements", "own.csv")

    assert unknown.code == 4
    assert "no requirement 'QA-1'" in unknown.text
    assert known.code == 0, known.text
    assert known.said("test_it", "pump_requirement") == ["QA-1"]
