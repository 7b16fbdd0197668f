"""Rows that hold for each alarm of the catalogue: its code, class, priority, the rate under it, boluses beside it, and its records."""

from __future__ import annotations

import pytest

from firmware_sim.errors import Refused
from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.journal import EventKind
from protocol.codes import AlarmCause
from tests.link.bedside import Bedside
from tests.link.bedside import simple as wire_therapy
from tests.requirements.causes import CAUSES, RATE_NL_PER_H, STANDING, alarming, raised_us_of, suffering
from tests.support.therapies import active_causes, bolus_of, minimum, running

every_cause = pytest.mark.parametrize("cause", CAUSES)
REFUSALS = {"CRITICAL_ALARM", "SAFE_STATE", "NOT_RUNNING", "MOTOR_OFF", "END_OF_SERVICE"}

ONSETS = ("immediate", "prompt", "delayed")
PRIORITIES: dict[str, tuple[str, str, str]] = {
    "death": ("HIGH", "HIGH", "MEDIUM"),
    "reversible": ("HIGH", "MEDIUM", "LOW"),
    "minor": ("MEDIUM", "LOW", "LOW"),
}
"""Priority by what may happen if nobody reacts, and how soon; columns as ONSETS."""
RISKS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(CAUSES, ("death", "prompt")),  # no drug, or next to none: withdrawal within hours to days
    "stopped_too_long": ("death", "delayed"),  # two days have passed without harm so far
    "low_reservoir": ("reversible", "delayed"),
    "memory_error": ("minor", "prompt"),
    "eri": ("reversible", "delayed"),
    "log_error": ("minor", "prompt"),
    "supply_range": ("reversible", "prompt"),
    "keys_changed": ("minor", "prompt"),
}


@pytest.mark.pump_requirement("AL-02")
def test_each_cause_has_one_code_and_no_code_is_for_anything() -> None:
    """The causes that can be brought about are the catalogue; each has a number of its own, the same on the wire, and a telling name."""
    names = [alarm.cause for alarm in ALARMS]

    assert names == list(CAUSES)
    assert [number_of(name) for name in names] == [AlarmCause[name.upper()] for name in names] == list(range(len(names)))
    assert not {"error", "alarm", "fault", "general"} & set(names)


@pytest.mark.pump_requirement("AL-01", "AL-02", "SF-13")
@every_cause
def test_each_cause_is_read_over_the_wire(cause: str) -> None:
    """A programmer finds its bit in the alarm word, and its number and class in the interrogation, the one and no other of its class."""
    bedside = Bedside.running(wire_therapy(RATE_NL_PER_H))
    CAUSES[cause].begin(bedside.unit.pump)
    bedside.advance(minutes=CAUSES[cause].minutes)
    with bedside.programmer() as programmer:
        status, condition = programmer.status(), programmer.interrogate().condition
    number = number_of(cause)
    told = [alarm for alarm in condition.alarms if alarm.cause == number]

    assert status.alarms >> number & 1
    assert [(alarm.active, bool(alarm.alarm_class)) for alarm in told] == [(1, CAUSES[cause].critical)]


@pytest.mark.pump_requirement("AL-06")
@every_cause
def test_class_and_priority_are_those_of_the_table(cause: str) -> None:
    """The implant's class is the description's; a console's priority follows from the harm and how soon it comes."""
    row, (harm, onset) = ALARMS[number_of(cause)], RISKS[cause]

    assert row.critical == CAUSES[cause].critical
    assert row.priority == PRIORITIES[harm][ONSETS.index(onset)]


@pytest.mark.pump_requirement("AL-07", "FR-05")
@every_cause
def test_rate_under_each_alarm_is_that_of_the_table(cause: str) -> None:
    """Off, the minimum rate or unchanged: what is commanded and what moves in the hours after is what the table says."""
    pump, row = alarming(cause), CAUSES[cause]
    before = pump.truth()
    pump.advance(hours=4)
    after = pump.truth()

    assert pump.status().rate_nl_per_h == row.commanded_nl_per_h
    step_units = 900_000 * pump.calibration_ppm
    expected = row.commanded_nl_per_h * 4 * 3_600_000_000 // step_units if row.moves else 0
    assert abs(after.steps_moved - before.steps_moved - expected) <= (1 if row.moves else 0)


@pytest.mark.pump_requirement("FR-05")
def test_minimum_rate_is_a_mode_of_its_own() -> None:
    """Programmed as such it is kept, at 0.006 mL a day, without an alarm."""
    pump = running(minimum())
    pump.advance(days=30)

    assert (pump.status().mode, pump.status().rate_nl_per_h, active_causes(pump)) == ("minimum_rate", 250, [])
    assert abs(pump.truth().steps_moved * pump.truth().step_fl - 30 * 6_000_000_000) <= 30 * 6_000_000_000 * 145_000 // 1_000_000


@pytest.mark.pump_requirement("BO-11")
@every_cause
def test_bolus_is_refused_beside_a_critical_alarm_only(cause: str) -> None:
    """Granted beside each non-critical one, refused by name beside each critical one."""
    pump = alarming(cause)
    if not CAUSES[cause].critical:
        assert pump.bolus(bolus_of(1_000, 600)).duration_s == 600
        return
    with pytest.raises(Refused) as refusal:
        pump.bolus(bolus_of(1_000, 600))

    assert refusal.value.code in REFUSALS


@pytest.mark.pump_requirement("LG-02")
@every_cause
def test_each_alarm_is_in_the_log_at_its_time(cause: str) -> None:
    """One record of the raise, with the cause's number and the time that the status tells."""
    pump = alarming(cause)
    records = [record for record in pump.read_log(0, 1_000)[2] if record.kind == EventKind.ALARM_RAISED]

    if cause != "log_error":  # whose own record may be the one that is lost
        assert [record.device_us for record in records if record.detail == number_of(cause)] == [raised_us_of(pump, cause)]


@pytest.mark.pump_requirement("ST-02")
@pytest.mark.parametrize("cause", [name for name, row in CAUSES.items() if row.critical and row.commanded_nl_per_h == STANDING])
def test_fault_stops_at_once(cause: str) -> None:
    """From the instant of the alarm on no step is commanded and none moves, for a day."""
    then, later = suffering(cause), alarming(cause)
    then.advance_to(then.true_us_of(raised_us_of(later, cause)))
    assert cause in active_causes(then)
    later.advance(days=1)

    assert later.truth().steps_moved == then.truth().steps_moved
    assert later.status().rate_nl_per_h == STANDING
