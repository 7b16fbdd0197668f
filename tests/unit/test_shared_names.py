"""The pump and the wire are strangers that share names; what one says the other must be able to carry."""

from __future__ import annotations

import re
from pathlib import Path

import firmware_sim
from firmware_sim.firmware.alarms import ALARMS
from firmware_sim.firmware.journal import EventKind as PumpEvent
from firmware_sim.firmware.modes import MODES
from hil.therapy.prescription import MODE_NAMES
from protocol.codes import AlarmCause, EventKind, Mode, Unit
from protocol.refusals import Field, RefusalCode

REFUSAL = re.compile(r'Refused\(\s*"(?P<code>[A-Z_]+)",\s*"(?P<field>[A-Z_]+)"')


def test_alarm_causes_have_the_wire_s_numbers() -> None:
    """The pump's catalogue and the wire's list of causes are in one order."""
    assert [alarm.cause.upper() for alarm in ALARMS] == [cause.name for cause in AlarmCause]


def test_events_have_the_wire_s_numbers() -> None:
    """A journal record's kind means the same on both sides."""
    assert {kind.name: int(kind) for kind in PumpEvent} == {kind.name: int(kind) for kind in EventKind}


def test_every_mode_has_a_number() -> None:
    """Each of the firmware's modes can be told on the wire, and no other."""
    assert set(MODES) == set(MODE_NAMES)
    assert sorted(MODE_NAMES.values()) == sorted(Mode)


def test_every_refusal_the_firmware_makes_has_a_code_a_field_and_a_unit() -> None:
    """No refusal of the firmware is unknown to the wire."""
    source = "\n".join(path.read_text() for path in Path(firmware_sim.__file__).parent.rglob("*.py"))
    found = REFUSAL.findall(source)

    assert len(found) > 10
    assert {code for code, _ in found} <= set(RefusalCode.__members__)
    assert {field for _, field in found} <= set(Field.__members__)
    assert set(re.findall(r'"(NL_PER_H|NL|NG|NG_PER_ML|S|MIN|US|COUNT|NONE)"', source)) <= set(Unit.__members__)
