"""A pump without a bench may be a real one: it has to be the one that is meant, and is not left stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from hil.rig import Rig
from tests.plugin.runs import Ran, plain_run
from tests.rig.serving import PROGRAMMER, filled

TESTS = """
def test_status(programmer):
    assert programmer.status().generation == 1

def test_stops_and_forgets(programmer):
    programmer.stop()

def test_image(bench): pass
"""


class Unit:
    """A pump behind a pty whose bench the run cannot reach; we can."""

    def __init__(self, server: ServerProcess, folder: Path) -> None:
        self.server = server
        self.url = str(server.ready["port"])
        self.serial = str(server.ready["serial"])
        self.file = folder / "rig.yaml"

    def written(self, *lines: str) -> Path:
        """A rig file for it."""
        self.file.write_text("\n".join([f"target: {{connect: {self.url}}}", *lines]), encoding="utf-8")
        return self.file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A pump that runs a therapy."""
    path = tmp_path_factory.mktemp("unit") / "pump0"
    with ServerProcess("itp-40", ["--port", f"pty:{path}", "--pace", "lock-step", "--seed", "1"]) as found:
        with Rig(ExitStack(), bench=found.bench, ready=found.ready) as rig:
            rig.programmer_options = dict(PROGRAMMER)
            filled(rig)
        yield found


@pytest.fixture
def unit(server: ServerProcess, pytester: pytest.Pytester) -> Iterator[Unit]:
    """The same pump for every test."""
    image_id = server.bench.fork()
    yield Unit(server, pytester.path)
    server.bench.back_to(image_id)


def outcomes(ran: Ran) -> dict[str, str]:
    """Each test with its outcome."""
    return {name: report.outcome for name, report in ran.reports.items()}


class TestRecognised:
    """Before the first command that changes anything."""

    @pytest.mark.parametrize(
        "lines, said",
        [
            (None, "this may be a real unit, ITP-40-61726, and there is no rig file"),
            (["bench_unit: true"], "and there is no serial"),
            (["serial: ITP-40-61726"], "and there is no bench_unit: true"),
            (["serial: ITP-40-99999", "bench_unit: true"], "the pump here is ITP-40-61726, the rig file names ITP-40-99999"),
        ],
        ids=["no file", "no serial", "no bench_unit", "another unit"],
    )
    def test_unit_that_is_not_meant_ends_the_run(self, pytester: pytest.Pytester, unit: Unit, lines: list[str] | None, said: str) -> None:
        """One line says what is missing; the therapy is as it was."""
        pytester.makepyfile(test_unit=TESTS)
        before = unit.server.bench.digest("therapy")
        options = ["--pump", unit.url] if lines is None else ["--pump-rig", str(unit.written(*lines))]

        ran = plain_run(pytester, *options)

        assert (ran.code, set(outcomes(ran).values())) == (4, set())
        assert said in ran.text
        assert unit.server.bench.digest("therapy") == before
        assert unit.server.bench.status()["mode"] == "simple"

    def test_cable_to_another_pump_ends_the_run(self, pytester: pytest.Pytester, unit: Unit) -> None:
        """The ready file tells of one pump, the port leads to another."""
        pytester.makepyfile(test_unit=TESTS)
        ready = {**unit.server.ready, "serial": "ITP-40-1", "bench": "http://127.0.0.1:9", "token": "x"}
        (pytester.path / "ready.json").write_text(json.dumps(ready), encoding="utf-8")

        ran = plain_run(pytester, "--pump", unit.url, "--pump-bench", "ready.json")

        assert ran.code == 4


class TestLeft:
    """What a run leaves on the table."""

    def test_stopped_unit_is_started_again_and_that_is_said(self, pytester: pytest.Pytester, unit: Unit) -> None:
        """The test that stops it passes; the pump runs when the run is over."""
        pytester.makepyfile(test_unit=TESTS)

        ran = plain_run(pytester, "--pump-rig", unit.written(f"serial: {unit.serial}", "bench_unit: true"))

        assert outcomes(ran) == {"test_status": "passed", "test_stops_and_forgets": "passed", "test_image": "skipped"}
        assert "test_unit.py::test_stops_and_forgets left the pump stopped; it was started again" in ran.text
        assert unit.server.bench.status()["mode"] == "simple"

    def test_states_are_reached_over_the_wire_as_far_as_that_goes(self, pytester: pytest.Pytester, unit: Unit) -> None:
        """Running is: the therapy of four steps. Shelf and alarming are not."""
        pytester.makepyfile(
            test_unit="def test_runs(running, programmer): assert len(programmer.interrogate().therapy.groups[0].steps) == 4\n"
            "def test_new(shelf): pass\ndef test_alarms(alarming): pass\n"
        )
        fluid = "reservoir: {volume: 20 mL, drug: baclofen, concentration: 500 mcg/mL}"

        ran = plain_run(pytester, "--pump-rig", unit.written(f"serial: {unit.serial}", "bench_unit: true", fluid))

        assert outcomes(ran) == {"test_runs": "passed", "test_new": "skipped", "test_alarms": "skipped"}, ran.text
        assert unit.server.bench.status()["mode"] == "flex"

    def test_tap_at_the_hosts_end_disturbs_a_unit_too(self, pytester: pytest.Pytester, unit: Unit) -> None:
        """An answer that is repeated is no answer to the next request."""
        pytester.makepyfile(
            test_unit="def test_line(tap, rig):\n"
            "    with rig.another_programmer(reply_timeout_s=0.2) as programmer:\n"
            "        handle = tap.inject('link.duplicate', direction='to_host', rate_ppm=1_000_000)\n"
            "        assert [programmer.status().generation for _ in range(3)] == [1, 1, 1]\n"
            "        tap.clear(handle)\n"
            "        assert programmer.status().generation == 1\n"
        )

        ran = plain_run(pytester, "--pump-rig", unit.written(f"serial: {unit.serial}", "bench_unit: true"))

        assert ran.code == 0, ran.text
