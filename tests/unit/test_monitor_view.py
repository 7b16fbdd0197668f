"""What `pumpsim monitor` prints of a message: one line, with records and alarm words as people say them."""

from __future__ import annotations

import pytest

from hil.cli.monitor_view import Screen
from hil.plain import plain
from hil.unit import Unit

FRAME = {"from": "pump", "now_us": 1_000_000, "bytes": 20, "name": "STATUS", "session": 1, "sequence": 2, "answer": "OK"}


def shown(capsys: pytest.CaptureFixture[str], message: dict[str, object]) -> str:
    """The line of one message."""
    Screen().show(message)
    return capsys.readouterr().out.rstrip("\n")


def test_log_records_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Boots and alarms of a pump that was reset with its replacement due."""
    unit = Unit.new("itp-40", seed=1)
    unit.pump.inject("battery.premature_eri")
    unit.reset()
    lines = [shown(capsys, {"type": "event", "event": plain(record)}) for record in unit.pump.events()]

    assert lines[0] == "0 d 00:00:00.000    log    record=0  event=BOOT  boot 1  #0"
    assert lines[-1].endswith("event=ALARM_RAISED  replacement due (ERI)  #5")
    assert "act=inject  fault=battery.premature_eri" in lines[2]


def test_event_of_a_newer_pump_keeps_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """What has no words is shown as it came."""
    event = {"number": 3, "now_us": 0, "kind": "log", "record": 2, "event": "TEA_TIME", "detail": 5}

    assert "record=2  event=TEA_TIME  detail=5" in shown(capsys, {"type": "event", "event": event})


def test_alarm_words_are_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Bits of STATUS become causes; an empty word stays a nought."""
    line = shown(capsys, {"type": "frame", "frame": FRAME | {"fields": {"alarms": 0b1000100, "silenced": 0}}})

    assert "alarms=motor stall, replacement due (ERI)  silenced=0" in line
