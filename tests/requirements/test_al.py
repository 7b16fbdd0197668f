"""Section AL, alarms, each row by its observable."""

from __future__ import annotations

import pytest

from firmware_sim.errors import ProfileError
from firmware_sim.profile import Profile, load_profile_text
from hil.cli.program_view import interrogation_lines, status_lines
from protocol.codes import AlarmCause
from tests.link.bedside import Bedside
from tests.support.therapies import US_PER_S, running, simple

STALL = "motor_stall"


def quiet_for(text: str) -> Profile:
    """The 40 mL pump whose critical silence is so many seconds."""
    return load_profile_text("mine", f"extends: itp-40\nalarm:\n  critical_silence_s: {{value: {text}, provenance: assumed}}\n")


@pytest.mark.pump_requirement("AL-03", "AL-04")
@pytest.mark.parametrize("seconds", [60, 7_200])
def test_silence_can_be_set_and_ends_to_the_microsecond(seconds: int) -> None:
    """As long as the profile says, from the command on: a microsecond before its end it is quiet, then the next repeat is heard."""
    pump = running(simple(20_000), profile=quiet_for(str(seconds)))
    pump.inject("motor.stall")
    pump.advance(hours=1)
    until_us = pump.silence(STALL)
    assert until_us == pump.device_us + seconds * US_PER_S
    pump.advance_to(pump.true_us_of(until_us) - 1)
    assert pump.status().alarms[0].silenced_until_us == until_us
    pump.advance(us=1)

    assert pump.status().alarms[0].silenced_until_us == 0
    assert [sound.pattern for sound in pump.listen(600 * US_PER_S)] == ["two-tone"]


@pytest.mark.pump_requirement("AL-03", "AL-04")
@pytest.mark.parametrize("text", ["0", "-1", "10_000_000_000", "forever", "null"])
def test_no_silence_is_for_ever(text: str) -> None:
    """What is no time, or beyond any time a pump lives, is no profile."""
    with pytest.raises(ProfileError):
        quiet_for(text)


@pytest.mark.pump_requirement("AL-20")
def test_silenced_alarm_is_shown_as_such() -> None:
    """The status has a bit for it; the programmer's two views name the cause and until when it is silent."""
    bedside = Bedside.running()
    bedside.unit.pump.inject("motor.stall")
    bedside.advance(hours=1)
    with bedside.programmer() as programmer:
        loud = programmer.status()
        programmer.silence(AlarmCause.MOTOR_STALL)
        status, known = programmer.status(), programmer.interrogate()

    assert (loud.silenced, status.silenced) == (0, 1 << AlarmCause.MOTOR_STALL)
    assert "silenced      motor stall" in status_lines(status)
    assert any("motor stall" in line and "silent until" in line for line in interrogation_lines(known))
