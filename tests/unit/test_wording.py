"""Codes of the wire in words: nothing that a pump of ours may say is left a number, and a newer pump's codes are."""

from __future__ import annotations

import pytest

from hil.wording.alarms import ALARM_WORDS, ALARMS_SAID, alarm_name, alarms_in
from hil.wording.log import detail_text, kind_text, volumes_text
from hil.wording.refusals import say
from protocol.codes import AlarmCause, EventKind, ResetCause, StopReason, Unit
from protocol.messages import LogEntry, Refusal
from protocol.refusals import Field, RefusalCode

NEWER = 200
ENTRY = LogEntry(7, 1, 0, 0, 0, 1_000, 2_000, 0, 0, 0)


def test_every_cause_has_a_name_of_its_own() -> None:
    """Names and typed words are all different, and none is the code's."""
    assert len({said.name for said in ALARMS_SAID}) == len(set(ALARM_WORDS)) == len(AlarmCause)
    assert not any("_" in said.name for said in ALARMS_SAID)
    assert all(said.flow and said.do for said in ALARMS_SAID)


def test_causes_are_called_as_people_call_them() -> None:
    """Three that nobody says as their code reads."""
    assert alarm_name(AlarmCause.EOS) == "end of service"
    assert alarm_name(AlarmCause.LOW_BATTERY_RESET) == "low-battery reset"
    assert alarms_in(1 << AlarmCause.SELF_TEST_RTC | 1 << AlarmCause.ERI) == ["replacement due (ERI)", "self-test: RTC"]


def test_cause_of_a_newer_pump_is_a_number() -> None:
    """It is named, not hidden."""
    assert alarm_name(NEWER) == "alarm 200"
    assert kind_text(ENTRY._replace(kind=NEWER)) == "kind 200"
    assert detail_text(ENTRY._replace(kind=EventKind.STOPPED, detail=NEWER)) == "reason 200"


@pytest.mark.parametrize("kind", EventKind)
def test_every_record_can_be_said(kind: EventKind) -> None:
    """A record of each kind has words, and no code in capitals but those of commands."""
    entry = ENTRY._replace(kind=kind, detail=1, value=3)

    assert kind_text(entry) == kind.name.lower().replace("_", " ")
    assert isinstance(detail_text(entry) + volumes_text(entry), str)


@pytest.mark.parametrize(
    "entry, says",
    [
        (ENTRY._replace(kind=EventKind.BOOT, detail=ResetCause.POWER, value=2), "boot 2"),
        (ENTRY._replace(kind=EventKind.BOOT, detail=ResetCause.WATCHDOG, value=2), "boot 2, reset by the watchdog"),
        (ENTRY._replace(kind=EventKind.BOOT, detail=ResetCause.LOW_BATTERY, value=2), "boot 2, the supply had dipped"),
        (ENTRY._replace(kind=EventKind.STOPPED, detail=StopReason.EOS), "end of service"),
        (ENTRY._replace(kind=EventKind.STOPPED, detail=StopReason.FAILURE), "a failure; needs service"),
        (ENTRY._replace(kind=EventKind.MEMORY_CORRECTED, value=4), "generation 4, loaded anew from its bank"),
        (ENTRY._replace(kind=EventKind.MEMORY_CORRECTED, detail=1, value=4), "1 record mended"),
        (ENTRY._replace(kind=EventKind.MEMORY_CORRECTED, detail=2, value=4), "2 records mended"),
        (ENTRY._replace(kind=EventKind.OVERRIDE, detail=33, value=4, command_id=9), "rule 33, generation 4, command 9"),
    ],
)
def test_records_of_safety_say_what_happened(entry: LogEntry, says: str) -> None:
    """The detail is a reason, in words."""
    assert detail_text(entry) == says


def test_window_is_said_as_volumes() -> None:
    """A clinician's act beside the patient's limit."""
    entry = ENTRY._replace(kind=EventKind.WINDOW_SUM, programmed_nl=250_000, delivered_nl=300_000)

    assert volumes_text(entry) == "24 hours may hold 0.3 mL, the patient's limit is 0.25 mL"


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_can_be_said(code: RefusalCode) -> None:
    """No code leaves a brace or breaks."""
    said = say(Refusal(code, Field.VOLUME, 0, 1, 2, Unit.NL))

    assert said.what
    assert "{" not in said.what + said.do


def test_refusals_of_a_failed_pump_say_what_to_do() -> None:
    """Service for a motor that is off, a new pump at the end of service, and the rule that an override names."""
    assert "service" in say(Refusal(RefusalCode.MOTOR_OFF, Field.MODE, 0, 0, 0, Unit.NONE)).do
    assert "replace it" in say(Refusal(RefusalCode.END_OF_SERVICE, Field.MODE, 0, 0, 0, Unit.NONE)).do
    override = say(Refusal(RefusalCode.OVERRIDE, Field.OVERRIDES, 0, 33, 1_000_000, Unit.NG))
    assert override.what == "a day is above the drug's soft limit 1,000 mcg/day"
    assert "rule 33" in override.do
