"""What a failing pump tells over the wire: battery, dates, causes, refusals, the trap, and the ring of its faults."""

from __future__ import annotations

import pytest

from firmware_sim.hal import SELF_TESTS
from firmware_sim.units import US_PER_DAY, US_PER_MIN
from protocol.client import Programmer
from protocol.codes import AlarmCause, AlarmClass, BatteryState, EventKind, Mode, ResetCause, StatusFlag, StopReason
from protocol.errors import ProtocolError, Refused
from protocol.messages import LogEntry
from protocol.refusals import RefusalCode
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, FILL_NL, NEW, Bedside

ERI_DAYS = 90
ENTRIES_A_PAGE = 7
OF_FAULTS = {EventKind.BOOT, EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED}


def unnumbered(records: list[LogEntry]) -> list[LogEntry]:
    """Records but for their numbers."""
    return [record._replace(number=0) for record in records]


def doses_and_starts(programmer: Programmer) -> list[int]:
    """The refusal codes of a bolus, a start and an update."""
    codes = []
    for act in (lambda: programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S), programmer.start, lambda: programmer.update(NEW)):
        with pytest.raises(Refused) as caught:
            act()
        codes.append(caught.value.refusal.code)
    return codes


class TestBattery:
    """ERI and EOS, as states and dates."""

    def test_eri_is_a_state_a_cause_and_a_date(self) -> None:
        """From the replacement indicator on the date to replace the pump by is 90 days later, to the microsecond, and delivery goes on."""
        bedside = Bedside.running()
        programmer = bedside.programmer()
        before = programmer.interrogate().condition
        bedside.unit.pump.inject("battery.premature_eri")
        after = programmer.interrogate().condition

        assert (before.battery_state, after.battery_state) == (BatteryState.GOOD, BatteryState.ERI)
        assert after.replace_by_clock_us == after.clock_us + ERI_DAYS * US_PER_DAY < before.replace_by_clock_us
        assert [(alarm.cause, alarm.alarm_class) for alarm in after.alarms] == [(AlarmCause.ERI, AlarmClass.NON_CRITICAL)]
        assert (after.mode, after.rate_nl_per_h) == (Mode.FLEX, before.rate_nl_per_h)

    def test_end_of_service_comes_on_that_date_and_refuses_everything_that_would_run(self) -> None:
        """One microsecond before it the pump runs; then it is stopped for good, and says why."""
        bedside = Bedside.running()
        bedside.unit.pump.inject("battery.premature_eri")
        bedside.advance(days=ERI_DAYS - 10)
        programmer = bedside.programmer()
        programmer.refill(FILL_NL, 0, 1, CONCENTRATION)
        condition = programmer.interrogate().condition
        left_us = condition.replace_by_clock_us - condition.clock_us
        due_us = bedside.unit.pump.true_us_of(condition.device_us + left_us)
        bedside.unit.advance_to(due_us - 1)
        assert programmer.status().mode == Mode.FLEX
        bedside.unit.advance_to(due_us)
        condition = programmer.interrogate().condition

        assert (condition.mode, condition.battery_state) == (Mode.STOPPED, BatteryState.EOS)
        assert condition.replace_by_clock_us == condition.clock_us
        assert AlarmCause.EOS in [alarm.cause for alarm in condition.alarms if alarm.alarm_class == AlarmClass.CRITICAL]
        assert doses_and_starts(programmer) == [RefusalCode.END_OF_SERVICE] * 3
        stopped = [record for record in programmer.read_log() if record.kind == EventKind.STOPPED]
        assert [record.detail for record in stopped][:1] == [StopReason.EOS]

    def test_voltage_told_is_the_mean_of_the_readings(self) -> None:
        """A dip that one reading falls into moves the value by a tenth of it."""
        bedside = Bedside.running()
        programmer = bedside.programmer()
        before_mv = programmer.interrogate().condition.battery_mv
        bedside.unit.pump.inject("battery.dip", supply_mv=before_mv - 500, seconds=18)
        bedside.advance(seconds=40)

        assert programmer.interrogate().condition.battery_mv == before_mv - 50

    def test_low_battery_reset_leaves_minimum_rate_until_a_new_commit(self) -> None:
        """The boot's record names its cause, the flag the safe state, and a COMMIT ends both."""
        bedside = Bedside.running()
        bedside.unit.pump.inject("battery.dip", supply_mv=1_000, seconds=2)
        bedside.advance(seconds=2)
        bedside.pass_self_test()
        programmer = bedside.programmer()
        status = programmer.status()
        assert status.alarms & 1 << AlarmCause.LOW_BATTERY_RESET
        assert (status.mode, status.flags & StatusFlag.SAFE_STATE) == (Mode.MINIMUM_RATE, StatusFlag.SAFE_STATE)
        boots = [record.detail for record in programmer.read_log() if record.kind == EventKind.BOOT]
        assert boots == [ResetCause.POWER, ResetCause.LOW_BATTERY]

        programmer.refill(FILL_NL, 0, 1, CONCENTRATION)
        programmer.update(NEW)
        status = programmer.status()
        assert (status.mode, status.alarms, status.flags & StatusFlag.SAFE_STATE) == (Mode.FLEX, 0, 0)


class TestFailures:
    """Causes that keep the motor off until service."""

    @pytest.mark.parametrize("test", SELF_TESTS)
    def test_failed_self_test_is_told_by_name_and_refuses_every_dose(self, test: str) -> None:
        """Cause, mode and refusals over the wire; the pump can be read, and service finds it sound again."""
        bedside = Bedside.running()
        handle = bedside.unit.pump.inject("firmware.selftest_fail", test=test)
        bedside.advance(hours=1)
        programmer = bedside.programmer()
        status = programmer.status()
        cause = AlarmCause.WATCHDOG_FAILURE if test == "watchdog" else AlarmCause[f"SELF_TEST_{test.upper()}"]

        assert (status.alarms, status.mode) == (1 << cause, Mode.STOPPED)
        assert doses_and_starts(programmer) == [RefusalCode.MOTOR_OFF] * 3
        bedside.unit.pump.clear(handle)
        bedside.unit.act(lambda pump: pump.service_reset())
        bedside.pass_self_test()
        programmer.start()
        assert (programmer.status().alarms & 1 << cause, programmer.status().mode) == (0, Mode.FLEX)

    def test_every_answer_to_a_failing_pump_is_one_of_the_wire(self) -> None:
        """No fault of the motor's driver or of memory brings out anything but answers."""
        for fault, params in (("motor.runaway", {"gain": 5}), ("memory.bank_bad", {"bank": "bank_a"}), ("memory.log_write_error", {})):
            bedside = Bedside.running()
            bedside.unit.pump.inject(fault, **params)
            bedside.advance(days=1)
            programmer = bedside.programmer()
            programmer.alarm_test()
            programmer.interrogate()
            programmer.read_log()
            programmer.read_log(ring="faults")
            assert programmer.status().alarms


class TestTrap:
    """Telemetry mode, seen from the wire."""

    def trapped(self) -> Bedside:
        """A pump that sounds, into whose field somebody has come."""
        bedside = Bedside.running()
        bedside.unit.pump.inject("battery.premature_eri")
        bedside.unit.pump.inject("link.telemetry_trap", minutes=1)
        return bedside

    def test_status_tells_what_the_pump_believes(self) -> None:
        """It says that it infuses; what it computes stands still, and STATUS changes nothing about it."""
        bedside = self.trapped()
        steps, computed_nl = bedside.unit.pump.truth().steps_moved, bedside.unit.pump.status().computed_reservoir_nl
        bedside.advance(hours=5)
        with bedside.programmer() as programmer:
            assert programmer.status().mode == Mode.FLEX
        belief = bedside.unit.pump.status()

        assert (belief.rate_nl_per_h > 0, belief.computed_reservoir_nl) == (True, computed_nl)
        assert belief.low_reservoir_clock_us is not None
        assert bedside.unit.pump.truth().steps_moved == steps

    def test_interrogation_by_a_patient_ends_it(self) -> None:
        """All parts that a role may ask, and the pump infuses again, not before."""
        bedside = self.trapped()
        steps = bedside.unit.pump.truth().steps_moved
        with bedside.programmer(role="patient") as patient:
            bedside.advance(us=5 * US_PER_MIN)
            assert bedside.unit.pump.truth().steps_moved == steps
            patient.interrogate_short()
        bedside.advance(hours=1)

        assert bedside.unit.pump.truth().steps_moved > steps


class TestFaultRing:
    """The second ring of the log."""

    def stalls(self, count: int) -> Bedside:
        """A pump with so many stalls behind it, each noticed and over."""
        bedside = Bedside.running()
        for _ in range(count):
            handle = bedside.unit.pump.inject("motor.stall")
            bedside.advance(hours=1)
            bedside.unit.pump.clear(handle)
            bedside.advance(hours=1)
            with bedside.programmer() as programmer:
                programmer.interrogate()
        return bedside

    @pytest.mark.pump_requirement("LG-07")
    def test_is_read_page_by_page_with_numbers_of_its_own(self) -> None:
        """Only faults are in it, numbered from 0 without a gap, with the same times as in the ring of events."""
        bedside = self.stalls(4)
        with bedside.programmer(role="service") as service:
            faults, events = service.read_log(ring="faults"), service.read_log()

        assert len(faults) > ENTRIES_A_PAGE
        assert [record.number for record in faults] == list(range(len(faults)))
        assert {record.kind for record in faults} == OF_FAULTS
        assert unnumbered(faults) == unnumbered([record for record in events if record.kind in OF_FAULTS])

    def test_begins_where_it_is_asked_to(self) -> None:
        """A reader that has seen some asks for the rest."""
        bedside = self.stalls(2)
        with bedside.programmer() as programmer:
            every = programmer.read_log(ring="faults")

            assert programmer.read_log(3, ring="faults") == every[3:]

    def test_ring_that_is_not_is_refused_here(self) -> None:
        """A misspelt ring never reaches the pump."""
        bedside = Bedside.running()
        with bedside.programmer() as programmer, pytest.raises(ProtocolError, match="events, faults"):
            programmer.read_log(ring="alarms")
