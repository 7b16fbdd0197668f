"""A failing test leaves all that is needed to look at it again, and to do it again."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import sys

import pytest

from hil.parity.recording import load_recording
from hil.rig import Rig
from tests.plugin.runs import Ran, plain_run

FAILS = """
def test_fails(running, programmer, bench):
    programmer.bolus(20_000, 10_000, 600)
    bench.inject("catheter.occlusion", fraction_ppm=250_000)
    bench.advance(hours=2)
    assert programmer.status().alarms == 1
"""


def failed(pytester: pytest.Pytester, *options: str) -> Ran:
    """A run whose one test fails."""
    pytester.makepyfile(test_it=FAILS)
    return plain_run(pytester, "--pump-report", "evidence", "--pump-seed", "5", *options)


@pytest.mark.parametrize("options", [[], ["--pump", "tcp://127.0.0.1:0"]], ids=["memory", "tcp"])
def test_failure_tells_and_leaves_everything(pytester: pytest.Pytester, options: list[str]) -> None:
    """Seed, digest and wire are in the report; image, capture, events and a program that does it again in the folder."""
    ran = failed(pytester, *options)
    folder = pytester.path / "evidence/failures/test_it.py-test_fails"
    head, wire, events = (ran.section("test_fails", name) for name in ("pump", "pump wire", "pump events"))
    (digest,) = ran.said("test_fails", "pump_digest")
    replayed = subprocess.run([sys.executable, folder / "replay.py"], capture_output=True, text=True, check=False)
    with Rig.open("pumpsim://itp-40?seed=5") as rig:
        rig.bench.restore(base64.b64encode((folder / "unit.image").read_bytes()).decode())
        restored = rig.bench.digest()

    assert "seed           5" in head
    assert "pytest test_it.py::test_fails --pump" in head
    assert digest in head
    assert replayed.stdout.strip() == digest == restored, replayed.stderr
    assert "BOLUS command_id=5  volume_nl=0.02 mL" in wire
    assert "fault=catheter.occlusion" in events
    assert len(json.loads((folder / "events.json").read_text(encoding="utf-8"))) <= 50
    assert [run.sender for run in load_recording(str(folder / "wire.pcapng")).runs][:3] == ["host", "host", "pump"]


def test_command_of_the_report_makes_the_same_failure(pytester: pytest.Pytester) -> None:
    """The test again, as the report says, ends in the same digest."""
    ran = failed(pytester)
    (line,) = [line for line in ran.section("test_fails", "pump").splitlines() if line.startswith("this test")]
    _, *words = shlex.split(line.removeprefix("this test"))
    again = plain_run(pytester, *words)

    assert again.said("test_fails", "pump_digest") == ran.said("test_fails", "pump_digest")


def test_report_of_a_run_that_passes_keeps_no_failure_of_the_one_before(pytester: pytest.Pytester) -> None:
    """Mended and run again into the same folder, nothing there speaks of a failure any more."""
    failed(pytester)
    pytester.makepyfile(test_it=FAILS.replace("== 1", "== 0"))
    plain_run(pytester, "--pump-report", "evidence")

    assert (pytester.path / "evidence/evidence.html").is_file()
    assert not (pytester.path / "evidence/failures").exists()


def test_report_is_the_evidence_of_the_run(pytester: pytest.Pytester) -> None:
    """Rows that the tests name, shipped and of one's own, with measurements; what fails is in it too, and its files beside it."""
    pytester.makepyfile(
        test_it=FAILS,
        test_rows="import pytest\n\n@pytest.mark.pump_requirement('QA-1', 'BO-01')\ndef test_row(running, measure):\n"
        "    measure('one', 1.0, unit='uL', low=0, high=2)\n",
    )
    (pytester.path / "own.csv").write_text(
        "id,section,applies,requirement,observable,source\nQA-1,qa,as-is,It is ours,it shows,ours\nQA-2,qa,as-is,It too,it shows,ours\n",
        encoding="utf-8",
    )

    ran = plain_run(pytester, "--pump-report", "evidence", "--pump-requirements", "own.csv")
    found = json.loads((pytester.path / "evidence/evidence.json").read_text(encoding="utf-8"))

    assert "evidence: evidence/evidence.json, evidence/evidence.html, evidence/evidence.xml" in ran.text
    assert {row["id"]: row["verdict"] for row in found["rows"]} == {"BO-01": "met", "QA-1": "met", "QA-2": "open"}
    assert (found["summary"]["tests"]["passed"], found["summary"]["tests"]["failed"], found["summary"]["measurements"]) == (1, 1, 1)
    assert (pytester.path / "evidence/failures/test_it.py-test_fails/replay.py").exists()


def test_failure_of_a_mutant_is_replayed_as_that_mutant(pytester: pytest.Pytester) -> None:
    """The program it leaves makes the mutant again."""
    pytester.makepyfile(test_it=FAILS)

    ran = plain_run(pytester, "--pump-report", "evidence", "--pump-mutant", "minimum-rate-tenfold")
    program = pytester.path / "evidence/failures/test_it.py-test_fails/replay.py"
    replayed = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)

    assert replayed.stdout.strip() == ran.said("test_fails", "pump_digest")[0], replayed.stderr
    assert "--pump-mutant minimum-rate-tenfold" in ran.section("test_fails", "pump")


def test_measurement_beyond_its_limit_fails_in_one_line(pytester: pytest.Pytester) -> None:
    """Name, value and limits are in the words; the record is there all the same."""
    pytester.makepyfile("def test_it(measure):\n    measure('flow error', 20.5, unit='%', low=-14.5, high=14.5)")

    ran = plain_run(pytester)

    assert "flow error is 20.5 %, and should be from -14.5 to 14.5 %" in ran.text
    assert ran.measured("test_it") == {"name": "flow error", "value": 20.5, "unit": "%", "low": -14.5, "high": 14.5}


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_what_is_no_figure_is_no_measurement(pytester: pytest.Pytester, value: str) -> None:
    """Whatever its limits are; no program could read it in the evidence."""
    pytester.makepyfile(f"def test_it(measure):\n    measure('flow', float('{value}'))")

    ran = plain_run(pytester)

    assert f"flow is {value}, and that is no figure" in ran.text
    assert ran.said("test_it", "pump_measurement") == []


def test_curve_travels_with_the_report(pytester: pytest.Pytester) -> None:
    """As JSON, with its units."""
    pytester.makepyfile("def test_it(measure):\n    measure.curve('start-up', [0, 1], [0.0, 2.5], x_unit='h', y_unit='uL/h')")

    (text,) = plain_run(pytester).said("test_it", "pump_curve")

    assert json.loads(text) == {"name": "start-up", "xs": [0.0, 1.0], "ys": [0.0, 2.5], "x_unit": "h", "y_unit": "uL/h"}
