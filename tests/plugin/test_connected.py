"""A simulated pump that runs already, with its bench over HTTP: what is had there, who it is, and what becomes of a run when it goes."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hil.bench.stdio import ServerProcess
from protocol.codes import Role
from protocol.key_file import load_keys, write_keys
from tests.plugin.runs import plain_run

MUTANT = "mac-not-checked"
TESTS = """
import pytest

@pytest.mark.pump_needs("keys")
def test_keys(programmer): assert programmer.status().alarms == 0

@pytest.mark.pump_needs("bench.inject")
def test_bench(bench): assert bench.truth()["delivered_nl"] == 0
"""
SKIPPED = "test_connected.py::test_bench\n"


@contextmanager
def served(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    """A server with its ready file beside it."""
    port = ["--port", f"pty:{folder / 'pump0'}", "--pace", "lock-step", "--seed", "1"]
    file = folder / "ready.json"
    with ServerProcess("itp-40", [*port, "--bench", "http", "--ready-file", str(file), *options]):
        yield json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One pump, which has a defect."""
    with served(tmp_path_factory.mktemp("served"), "--mutant", MUTANT) as line:
        yield line


@pytest.fixture
def folder(pytester: pytest.Pytester, ready: dict[str, Any]) -> Path:
    """Where the tests are, and the pump's ready file."""
    pytester.makepyfile(test_connected=TESTS)
    (pytester.path / "ready.json").write_text(json.dumps(ready), encoding="utf-8")
    return pytester.path


def rig_file(folder: Path, **more: object) -> Path:
    """A rig file for the pump."""
    (folder / "rig.yaml").write_text(json.dumps({"target": {"ready": "ready.json"}, **more}), encoding="utf-8")
    return folder / "rig.yaml"


@pytest.mark.usefixtures("folder")
def test_nothing_is_missing_at_a_served_pump(pytester: pytest.Pytester) -> None:
    """Its keys are there, and its bench; what it says of itself, and its defect, are noted."""
    ran = plain_run(pytester, "--pump-bench", "ready.json")

    assert {name: report.outcome for name, report in ran.reports.items()} == {"test_keys": "passed", "test_bench": "passed"}, ran.text
    noted = {name: ran.said("test_keys", name) for name in ("pump_model", "pump_firmware", "pump_mutant")}
    assert noted == {"pump_model": ["ITP-40"], "pump_firmware": ["1.0"], "pump_mutant": [MUTANT]}


@pytest.mark.parametrize("absent", [Role.PATIENT, Role.SERVICE])
def test_keys_are_there_when_each_role_has_one(pytester: pytest.Pytester, folder: Path, ready: dict[str, Any], absent: Role) -> None:
    """A file without one of them skips what needs keys, and says what that means."""
    kept = [key for key in load_keys(Path(str(ready["key_file"]))) if key.role is not absent]
    write_keys(folder / "some.keys", kept)

    ran = plain_run(pytester, "--pump-rig", rig_file(folder, keys="some.keys"))

    assert ran.reports["test_keys"].skipped, ran.text
    assert ran.said("test_keys", "pump_skip") == ["needs keys: the keys of patient, clinician and service"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "profile, said",
    [("legacy-18", "says it is ITP-40 with firmware 1.0, and profile legacy-18 is"), ("itp-40-next", "profile itp-40-next")],
)
def test_pump_of_another_profile_ends_the_run(pytester: pytest.Pytester, profile: str, said: str) -> None:
    """Before any test: what it says of itself is held against what is declared."""
    ran = plain_run(pytester, "--pump-bench", "ready.json", "--pump-profile", profile)

    assert (ran.code, ran.reports) == (4, {}), ran.text
    assert said in ran.text


def test_run_that_shows_nothing_is_not_green(pytester: pytest.Pytester, folder: Path) -> None:
    """Unless a list says that these tests may skip."""
    (folder / "test_connected.py").write_text("def test_bench(bench): pass\n", encoding="utf-8")
    (folder / "skips.txt").write_text(SKIPPED, encoding="utf-8")
    rig = rig_file(folder, capabilities=[])

    bare, listed = plain_run(pytester, "--pump-rig", rig), plain_run(pytester, "--pump-rig", rig, "--pump-skips", "skips.txt")

    assert (bare.code, listed.code) == (1, 0), listed.text
    assert "the one test was skipped: nothing was shown of this pump" in bare.text
    assert "nothing was shown" not in listed.text


@pytest.mark.parametrize("unit", [False, True], ids=["with its bench", "as a unit on the table"])
def test_server_that_goes_ends_the_run_with_one_line(pytester: pytest.Pytester, unit: bool) -> None:
    """No test fails for it, none follows, and there is no evidence."""
    with served(pytester.path) as ready:
        named = {"target": {"connect": ready["port"]}, "serial": ready["serial"], "bench_unit": "yes"}
        where = ["--pump-rig", rig_file(pytester.path, **named)] if unit else ["--pump-bench", "ready.json"]
        pytester.makepyfile(
            "import os\n\ndef test_before(programmer): pass\n\n"
            f"def test_goes(programmer):\n    os.kill({ready['pid']}, {int(signal.SIGKILL)})\n    os.waitpid({ready['pid']}, 0)\n"
            "    programmer.status()\n\ndef test_after(rig): pass\n"
        )
        ran = plain_run(pytester, *where, "--pump-report", "evidence", *(["--pump-profile", "itp-40"] if unit else []))

    assert (ran.code, list(ran.reports)) == (1, ["test_before"]), ran.text
    assert re.search(r"broke off at \S+::test_goes: \S+ (the server does not answer|no such port)", ran.text), ran.text
    assert list((pytester.path / "evidence").iterdir()) == []
