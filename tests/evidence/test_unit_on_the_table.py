"""A unit on a real serial port: nothing but HELLO is sent to one that the rig file does not mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hil.parity.capture_file import read_capture
from protocol.capture.reader import Packet
from protocol.transcript import describe
from tests.evidence.sample import verify, write_suite
from tests.rig.programs import joined_uarts
from tests.rig.serving import running, serve, stop_server

SUITE = '''
import pytest


@pytest.mark.pump_requirement("ACME-1", "ACME-2")
def test_nothing_is_wrong(programmer):
    """A pump on the table has no alarm."""
    assert programmer.status().alarms == 0


@pytest.mark.pump_requirement("ACME-3")
@pytest.mark.pump_needs("bench.inject")
def test_stall_is_noticed(running):
    """What no real bench can do."""
'''
RIG = """
target: {{connect: 'serial:{port}'}}
serial: {serial}
bench_unit: true
profile: itp-40
keys: {keys}
instruments:
  balance: {{port: 'serial:/dev/ttyUSB9', id: BAL-007, calibrated: 2026-03-01, uncertainty: 0.02 mg}}
"""


class Table(NamedTuple):
    """What stands on it: the host's end of the cable, the ready line of its far end, and what crosses the cable."""

    port: Path
    ready: dict[str, Any]
    capture: Path
    process: Any

    def asked(self) -> set[str]:
        """Names of all messages that the unit was sent, once its server has ended."""
        stop_server(self.process)
        packets = (item for item in read_capture(str(self.capture)) if isinstance(item, Packet))
        told = (describe(packet.raw) for packet in packets if packet.sender == "host")
        return {str(one["name"]) for one in told if "name" in one}


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    """A pump of the wall clock, without a bench, at the other end of a cable."""
    with joined_uarts(tmp_path) as (near, far):
        capture = tmp_path / "line.pcapng"
        with serve("--port", f"serial:{near}", "--seed", "1", "--capture", str(capture)) as process:
            yield Table(far, running(process), capture, process)
            if process.poll() is None:
                stop_server(process)


def rig_file(folder: Path, table: Table, serial: str) -> str:
    """A rig file that means this serial number."""
    path = folder / "rig.yaml"
    path.write_text(RIG.format(port=table.port, serial=serial, keys=table.ready["key_file"]))
    return str(path)


def test_other_unit_is_sent_hello_alone(tmp_path: Path, table: Table) -> None:
    """The run ends as misuse and names both numbers."""
    found = verify(write_suite(tmp_path, SUITE), "--rig", rig_file(tmp_path, table, "ITP-40-99999"), url=f"serial:{table.port}")

    assert (found.code, found.out) == (2, "")
    assert "ITP-40-99999" in found.err
    assert table.ready["serial"] in found.err
    assert table.asked() == {"HELLO", "CLOSE"}


def test_unit_that_is_meant_is_verified_as_far_as_the_bench_goes(tmp_path: Path, table: Table) -> None:
    """What needs a simulated bench is skipped as the list allows; the header names unit and instrument, with its calibration."""
    (tmp_path / "skips.txt").write_text("own/test_own.py::test_stall_is_noticed  # no faults here\n")
    rig = rig_file(tmp_path, table, table.ready["serial"])
    found = verify(write_suite(tmp_path, SUITE), "--rig", rig, "--skips", "skips.txt", url=f"serial:{table.port}")
    header = found.document["header"]

    assert found.code == 0, found.err
    assert found.verdicts == {"ACME-1": "met", "ACME-2": "met", "ACME-3": "skipped"}
    assert "bench.inject" in next(row["reason"] for row in found.document["rows"] if row["id"] == "ACME-3")
    assert header["unit_serial"] == table.ready["serial"]
    assert header["instruments"] == [{"kind": "balance", "id": "BAL-007", "calibrated": "2026-03-01", "uncertainty": "0.02 mg"}]
