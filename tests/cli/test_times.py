"""Which times are shown how: the pump's clock as it is, the wall's in UTC with a Z, the bench's as a span since the pump began."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.evidence.header import made_header
from hil.parity.spoken import moment
from tests.cli.tree import PORT, call

CLOCK = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d{3})?)?(Z?)")
SPAN = re.compile(r"\b\d+ d \d\d:\d\d:\d\d\.\d{3}\b")


@pytest.fixture(params=["UTC", "Asia/Kolkata", "America/St_Johns"], autouse=True)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Machines in three zones, two of them half an hour off."""
    monkeypatch.setenv("TZ", request.param)
    monkeypatch.chdir(tmp_path)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_clock_of_the_pump_has_no_zone(zone: str) -> None:
    """A new pump of this seed shows one date, wherever the programmer stands, and no mark of a zone."""
    told = call(["program", PORT, "status"]).out
    found = CLOCK.search(told)
    assert found is not None, zone
    assert found[0] == "2026-01-01 00:00:00"


def test_capture_of_the_wall_is_in_utc(zone: str) -> None:
    """A capture on a line of the wall's time shows it in UTC and says so; one of virtual time counts from the pump's beginning."""
    at_us = 1_767_225_600_123_000
    assert moment(at_us, wall=True) == "2026-01-01 00:00:00.123Z", zone
    assert call(["program", PORT, "status", "--capture", "a.pcapng"]).code == 0
    told = call(["decode", "a.pcapng"]).out
    assert all(found[3] == "Z" for found in CLOCK.finditer(told) if found[2])
    assert SPAN.search(told) or "Z " in told


def test_evidence_is_dated_in_utc() -> None:
    """The header's date is of ISO 8601 with a Z."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made_header("nobody", (), ())["date"])


def test_no_command_shows_the_zone_of_this_machine(zone: str) -> None:
    """What would be shown otherwise here than there: the same words in every zone."""
    shown = call(["clinic", "plan", "wean", "--dose", "200 mcg/day", "--weeks", "2"]).out + call(["run", "pocket-fill"]).out
    assert zone not in shown
    assert [found for found in CLOCK.finditer(shown) if found[3]] == []
