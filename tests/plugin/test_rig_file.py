"""Rig files: every problem at its line, with the nearest word that would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import RigFileError, UsageError
from hil.rig.file import parse_rig_file, read_rig_file
from tests.plugin.runs import file_of_page


def parsed(text: str) -> object:
    """A file of this text."""
    return parse_rig_file(text.encode(), Path("bench/left.yaml"))


def test_file_of_the_page_is_read() -> None:
    """All of it, paths from the file's own folder."""
    file = parse_rig_file(file_of_page("left.yaml").encode(), Path("bench/left.yaml"))

    assert (file.target.connect, file.serial, file.bench_unit, file.profile) == ("serial:/dev/ttyUSB0", "ITP-40-61726", True, "itp-40")
    assert file.keys == Path("bench/left.keys")
    assert file.reservoir is not None
    assert (file.reservoir.volume, file.reservoir.concentration) == (20_000_000, 500_000)
    assert (file.instruments["balance"].id, file.instruments["balance"].calibrated) == ("BAL-007", "2026-03-01")
    assert file.capabilities is None


@pytest.mark.parametrize(
    "text, said",
    [
        ("target: {conect: serial:a}", "left.yaml:1: 'conect' is not a key here; did you mean 'connect'?"),
        ("target: {serve: a}\nbench_unti: true", "left.yaml:2: 'bench_unti' is not a key here; did you mean 'bench_unit'?"),
        ("target: {serve: a}\nbench_unit: maybe", "left.yaml:2: bench_unit: 'maybe' is neither yes nor no"),
        ("serial: x", "left.yaml:1: 'target' is missing"),
        ("target: {serve: a, connect: b}", "left.yaml:1: a target is had in one way, and here are 2: serve, connect"),
        ("target:\n  connect: a\n  seed: 1", "left.yaml:3: 'seed' is of a pump that is served for this run"),
        ("target: {serve: a, seed: one}", "left.yaml:1: seed: 'one' is no seed"),
        (
            "target: {serve: a}\ncapabilities:\n  - bench\n  - bench.inyect",
            "left.yaml:4: capabilities: 'bench.inyect' is no capability; did you mean",
        ),
        ("target: {serve: a}\ninstruments:\n  balance: {wav: x.wav}", "left.yaml:3: a balance has no 'wav'; write port:"),
        ("target: {serve: a}\ninstruments:\n  balanse: {port: x}", "left.yaml:3: 'balanse' is not a key here; did you mean 'balance'?"),
        ("target: {serve: a}\ninstruments:\n  balance: {port: x, calibrated: 1.3.26}", "left.yaml:3: calibrated: '1.3.26' is no date"),
        ("target: {serve: a}\nreservoir: {volume: 20, drug: x, concentration: 1 mcg/mL}", "left.yaml:2: volume: '20' has no unit"),
        ("target: {serve: a}\nserial: A\nserial: B", "left.yaml:3: 'serial' is here a second time, first at line 2"),
        ("target: {serve: a", "left.yaml:1: the file is not YAML"),
        ("", "left.yaml:1: the file is empty"),
        ("- a", "left.yaml:1: the file has no keys"),
        ("target: {ready: r.json, bench: http://127.0.0.1:1}", "left.yaml:1: 'bench' goes with connect:"),
        ("target: {connect: a, pump: left}", "left.yaml:1: 'pump' names one pump of a ready file"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(text: str, said: str) -> None:
    """One line that names file, line, what and what to do."""
    with pytest.raises(RigFileError) as caught:
        parsed(text)

    assert any(line.startswith(f"bench/{said}") for line in caught.value.lines), caught.value.lines


def test_all_problems_are_told_at_once() -> None:
    """Nobody mends a file one run at a time."""
    with pytest.raises(RigFileError) as caught:
        parsed("target: {serv: a}\nbench_unit: x\ninstruments:\n  magnit: {operator: yes}\n")

    assert [line.partition(": ")[0] for line in caught.value.lines] == ["bench/left.yaml:1", "bench/left.yaml:2", "bench/left.yaml:4"]


def test_missing_file_is_misuse(tmp_path: Path) -> None:
    """It says so."""
    with pytest.raises(UsageError, match="the rig file cannot be read"):
        read_rig_file(tmp_path / "none.yaml")
