"""The pump and the wire are strangers that share names; what one says the other must be able to carry."""

from __future__ import annotations

import re
from pathlib import Path

import firmware_sim
from firmware_sim.firmware.alarms import ALARMS, OFF
from firmware_sim.firmware.belief import STOP_REASONS
from firmware_sim.firmware.journal import EventKind as PumpEvent
from firmware_sim.firmware.modes import MODES
from firmware_sim.hal import RESET_CAUSES
from hil.therapy.prescription import MODE_NAMES
from hil.wording.alarms import ALARMS_SAID
from protocol.codes import AlarmCause, EventKind, Mode, ResetCause, StopReason, Unit
from protocol.refusals import Field, RefusalCode

REFUSAL = re.compile(r'Refused\(\s*"(?P<code>[A-Z_]+)",\s*"(?P<field>[A-Z_]+)"')


def test_alarm_causes_have_the_wire_s_numbers() -> None:
    """The pump's catalogue and the wire's list of causes are in one order."""
    assert [alarm.cause.upper() for alarm in ALARMS] == [cause.name for cause in AlarmCause]


def test_events_have_the_wire_s_numbers() -> None:
    """A journal record's kind means the same on both sides."""
    assert {kind.name: int(kind) for kind in PumpEvent} == {kind.name: int(kind) for kind in EventKind}


def test_reasons_and_causes_in_records_have_the_wire_s_numbers() -> None:
    """Why the pump stopped or started means the same on both sides."""
    assert [reason.upper() for reason in STOP_REASONS] == [reason.name for reason in StopReason]
    assert [cause.upper() for cause in RESET_CAUSES] == [cause.name for cause in ResetCause]


def test_classes_of_alarms_have_a_sound_and_a_flow_in_words() -> None:
    """What the catalogue says of the motor is what people are told."""
    for alarm, said in zip(ALARMS, ALARMS_SAID, strict=True):
        assert (said.flow == "the motor is off") == (alarm.flow == OFF)
        assert ("safe state" in said.flow) == (alarm.flow == "safe state")
        assert (said.flow == "the flow goes on" or alarm.cause == "eri") == (alarm.flow == "unchanged")


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
