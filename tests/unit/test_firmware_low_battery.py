"""A supply that dips below the brown-out voltage: what the firmware has lost, what it runs at then, and what ends that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import PowerCut, Refused
from firmware_sim.firmware.doses import Dose
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.prescription import Command, Prescription
from tests.support.boots import SELF_TEST_US, dip, restarted, wait_for_self_test
from tests.support.patients import LOCKOUT_S, ask, patient, refused
from tests.support.records import alarm_records, last_boot, records
from tests.support.therapies import (
    ML,
    US_PER_H,
    US_PER_S,
    active_causes,
    bolus_of,
    filled,
    flex,
    minimum,
    refill_of,
    running,
    simple,
)

CAUSE = "low_battery_reset"
COMMAND = Command(7, 9, bytes(range(16)))
THERAPIES = pytest.mark.parametrize("therapy", [simple(20_000), flex(), minimum()], ids=["simple", "flex", "minimum"])


def dipped(therapy: Prescription | None = None, hours: int = 5) -> Pump:
    """A pump whose supply has just come back from a dip, past its self-test."""
    pump = running(therapy or simple(20_000))
    pump.advance(hours=hours)
    dip(pump)
    wait_for_self_test(pump)
    return pump


def programmed_again(pump: Pump) -> None:
    """Refilled by the programmer's word, and a therapy committed."""
    pump.refill(refill_of(15 * ML))
    pump.commit(simple(12_000), COMMAND)


def dose_of(pump: Pump) -> Dose:
    """The delivery record of the command."""
    effect = pump.effect(COMMAND.command_id)
    assert effect is not None
    assert effect.dose is not None
    return effect.dose


@pytest.mark.pump_requirement("ST-10")
@THERAPIES
def test_pump_that_ran_runs_at_the_minimum_rate(therapy: Prescription) -> None:
    """Critical alarm, safe state, minimum rate after the self-test; the record of the boot names the low battery."""
    pump = running(therapy)
    pump.advance(hours=5)
    dip(pump)
    assert (last_boot(pump).detail, pump.status().self_testing, pump.status().rate_nl_per_h) == (2, True, 0)
    wait_for_self_test(pump)
    status = pump.status()

    assert (status.mode, status.rate_nl_per_h, status.safe_state) == ("minimum_rate", 250, True)
    assert [(alarm.cause, alarm.critical) for alarm in status.alarms if alarm.active] == [(CAUSE, True)]
    assert alarm_records(pump, CAUSE) == [("raised", last_boot(pump).device_us)]
    before = pump.truth().steps_moved
    pump.advance(days=10)
    expected = 240 * 250 * US_PER_H // (900_000 * pump.calibration_ppm)
    assert abs(pump.truth().steps_moved - before - expected) <= 1


def test_nothing_is_given_while_the_supply_is_away() -> None:
    """As long as the dip lasts there is no power and no step; a microsecond after it the firmware starts."""
    pump = running(simple(1_000_000, concentration=50_000))
    pump.advance(minutes=5)
    pump.inject("battery.dip", supply_mv=2_199, seconds=600)
    steps, since_us = pump.truth().steps_moved, pump.now_us
    assert not pump.powered
    pump.advance_to(since_us + 600 * US_PER_S - 1)
    assert (pump.powered, pump.truth().steps_moved) == (False, steps)
    pump.advance(us=1)

    assert (pump.powered, pump.boots, pump.truth().steps_moved) == (True, 2, steps)


@pytest.mark.parametrize("supply_mv", [2_200, 2_300, 2_600])
def test_dip_above_the_brown_out_voltage_resets_nothing(supply_mv: int) -> None:
    """At 2,200 mV and above the processor works: no reset, and every step as programmed."""
    pump, twin = running(simple(20_000)), running(simple(20_000))
    for each in (pump, twin):
        each.advance(hours=5)
    pump.inject("battery.dip", supply_mv=supply_mv, seconds=3_600)
    for each in (pump, twin):
        each.advance(hours=5)

    assert (pump.boots, CAUSE in active_causes(pump)) == (1, False)
    assert pump.truth().steps_moved == twin.truth().steps_moved


def test_stopped_pump_stays_stopped() -> None:
    """STOP holds over it, with its reason and the alarm beside."""
    pump = running()
    pump.advance(hours=1)
    pump.stop()
    steps = pump.truth().steps_moved
    dip(pump)
    wait_for_self_test(pump)
    assert (pump.status().mode, pump.status().stop_reason, active_causes(pump)) == ("stopped", "command", [CAUSE])
    pump.advance(days=1)

    assert pump.truth().steps_moved == steps


def test_pump_on_the_shelf_stays_there() -> None:
    """It never ran: the alarm, no motion, and a first therapy ends it."""
    pump = filled()
    dip(pump)
    wait_for_self_test(pump)
    assert (pump.status().mode, active_causes(pump), pump.truth().steps_commanded) == ("shelf", [CAUSE], 0)
    programmed_again(pump)

    assert (pump.status().mode, active_causes(pump)) == ("simple", [])


@THERAPIES
def test_therapy_stays_readable(therapy: Prescription) -> None:
    """Both banks hold what was committed, byte for byte, and the status tells it, though it does not run."""
    pump = running(therapy)
    pump.advance(hours=5)
    before = (pump.load("bank_a"), pump.load("bank_b"), pump.status().generation)
    dip(pump)
    wait_for_self_test(pump)

    assert (pump.load("bank_a"), pump.load("bank_b"), pump.status().generation) == before
    assert pump.status().prescription == therapy


REFUSED: dict[str, tuple[Callable[[Pump], object], str]] = {
    "start": (Pump.start, "SAFE_STATE"),
    "bolus": (lambda pump: pump.bolus(bolus_of(1_000, 60)), "SAFE_STATE"),
    "patient bolus": (Pump.patient_bolus, "SAFE_STATE"),
    "bridge": (lambda pump: pump.bridge(1_000, 10_000), "SAFE_STATE"),
    "prime": (lambda pump: pump.prime(1_000), "NOT_STOPPED"),
    "commit": (lambda pump: pump.commit(simple()), "NO_FILL"),
}


@pytest.mark.parametrize(("order", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_nothing_runs_before_it_is_programmed_again(order: Callable[[Pump], object], code: str) -> None:
    """START and doses are refused by name, and so is a therapy as long as nobody has said what is in the reservoir."""
    pump = dipped()
    before = pump.digest("therapy")
    with pytest.raises(Refused, match=code):
        order(pump)

    assert pump.digest("therapy") == before


def test_refill_and_commit_end_it() -> None:
    """Each alone is not enough; with both the alarm is over, the therapy runs, and a reset finds it so."""
    pump = dipped()
    pump.refill(refill_of(15 * ML))
    assert active_causes(pump) == [CAUSE]
    with pytest.raises(Refused, match="SAFE_STATE"):
        pump.start()
    pump.commit(simple(12_000), COMMAND)
    cleared_us = pump.device_us
    for _ in range(2):
        status = pump.status()
        assert (status.mode, status.rate_nl_per_h, status.safe_state, active_causes(pump)) == ("simple", 12_000, False, [])
        restarted(pump)

    assert alarm_records(pump, CAUSE)[-1] == ("cleared", cleared_us)


def test_alarm_and_safe_state_outlive_resets() -> None:
    """A plain reset, a power cut and another dip change nothing about it; the alarm is raised with each boot."""
    pump = dipped()
    for start in (Pump.reset, lambda pump: pump.power_cut(off_us=1), dip, Pump.service_reset):
        start(pump)
        wait_for_self_test(pump)
        pump.advance(us=SELF_TEST_US)
        assert (active_causes(pump), pump.status().safe_state, pump.status().rate_nl_per_h) == ([CAUSE], True, 250)


def test_power_that_dies_in_the_new_programming_leaves_the_one_or_the_other() -> None:
    """At every byte of the COMMIT: safe state with its alarm, or the new therapy running without it; never a mixture. A bank that was torn
    may be told beside.
    """
    seen = set()
    for cut in range(0, 700, 7):
        pump = dipped()
        pump.refill(refill_of(15 * ML))
        pump.power_cut(after_bytes=cut)
        try:
            pump.commit(simple(12_000), COMMAND)
        except PowerCut:
            pump.advance(us=1)
            wait_for_self_test(pump)
        status = pump.status()
        outcome = (status.generation, status.mode, status.rate_nl_per_h, status.safe_state, CAUSE in active_causes(pump))
        assert outcome in ((1, "minimum_rate", 250, True, True), (2, "simple", 12_000, False, False)), cut
        assert set(active_causes(pump)) <= {CAUSE, "memory_error"}
        seen.add(status.generation)

    assert seen == {1, 2}


# -- what is lost -------------------------------------------------------------------------------------------------------------------


def test_counter_and_clock_go_on_from_the_newest_record() -> None:
    """The time since the last record is lost to both, and truth tells by how much the clock is behind."""
    pump = running(simple(20_000))
    pump.advance(hours=5)
    pump.alarm_test()
    newest_us, clock_us = pump.device_us, pump.status().clock_us
    pump.advance(hours=3)
    dip(pump)

    assert (pump.device_us, pump.status().clock_us) == (newest_us, clock_us)
    lost_us = 3 * US_PER_H + 2 * US_PER_S
    assert -lost_us - US_PER_S < pump.truth().clock_error_us < -lost_us + US_PER_S


def test_log_goes_on() -> None:
    """Numbers rise by one and times never fall, over three dips with days between."""
    pump = dipped()
    for _ in range(2):
        pump.advance(days=2)
        pump.alarm_test()
        pump.advance(days=1)
        dip(pump)
    entries = records(pump)

    assert [entry.number for entry in entries] == list(range(len(entries)))
    times = [entry.device_us for entry in entries]
    assert times == sorted(times)
    assert all(entry.good for entry in entries)
    assert [entry.detail for entry in records(pump, EventKind.BOOT)] == [0, 2, 2, 2]


def test_computed_reservoir_is_not_known_until_somebody_tells() -> None:
    """What was commanded since the fill is lost, so there is no volume, no date, and no low or empty by it; REFILL begins it anew."""
    pump = dipped(simple(20_000, low_nl=15 * ML))
    status = pump.status()
    assert (status.computed_reservoir_nl, status.low_reservoir_clock_us, status.empty_clock_us) == (None, None, None)
    pump.advance(days=300)
    assert active_causes(pump) == [CAUSE]
    pump.refill(refill_of(10 * ML))

    assert (pump.status().computed_reservoir_nl, active_causes(pump)) == (10 * ML, [CAUSE, "low_reservoir"])


def test_totals_begin_anew_and_truth_goes_on() -> None:
    """The firmware counts from zero; what has truly left the pump is what it was, and every step after it counts once."""
    pump = running(simple(20_000))
    pump.advance(hours=5)
    before = pump.truth()
    dip(pump)
    assert (pump.status().steps, pump.status().basal_nl, pump.status().bolus_nl) == (0, 0, 0)
    assert pump.truth().steps_commanded == before.steps_commanded
    pump.advance(days=1)
    status, after = pump.status(), pump.truth()

    assert status.steps == after.steps_commanded - before.steps_commanded == after.steps_moved - before.steps_moved > 20
    assert after.balance.volume_gap_fl() == after.balance.mass_gap() == 0


@pytest.mark.parametrize("minutes", [1, 30, 59])
def test_bolus_that_was_cut_counts_as_given_whole(minutes: int) -> None:
    """Nobody knows what was given of it: interrupted, with all of its volume; nothing of it is resumed."""
    pump = running(simple(20_000))
    pump.bolus(bolus_of(60_000, 3_600), COMMAND)
    pump.advance(minutes=minutes)
    dip(pump)
    dose = dose_of(pump)
    assert (dose.end, dose.delivered_nl, pump.status().bolus) == ("interrupted", 60_000, None)
    assert [entry.delivered_nl for entry in records(pump, EventKind.BOLUS_ENDED)] == [60_000]
    pump.advance(hours=2)

    assert pump.status().bolus_nl == 0


def test_lockout_begins_anew() -> None:
    """The patient waits one whole lockout from the new therapy on, however long ago the last bolus was."""
    pump = running(patient(), volume_nl=40 * ML)
    pump.advance(hours=2)
    ask(pump)
    pump.advance(hours=20)
    dip(pump)
    wait_for_self_test(pump)
    pump.refill(refill_of(30 * ML))
    pump.commit(patient())
    since_us = pump.device_us
    assert refused(pump).limit == since_us + LOCKOUT_S * US_PER_S
    pump.advance_to(pump.true_us_of(since_us + LOCKOUT_S * US_PER_S))

    assert pump.patient_bolus().duration_s == 600


def test_dose_before_it_counts_whole_in_the_window() -> None:
    """A patient's bolus that the dip cut is one of the day's number, and its whole volume is in the day's limit."""
    pump = running(patient(), volume_nl=40 * ML)
    pump.advance(hours=2)
    ask(pump)
    pump.advance(minutes=1)
    dip(pump)
    wait_for_self_test(pump)

    assert pump.status().patient_granted == 1
    assert [entry.delivered_nl for entry in records(pump, EventKind.BOLUS_ENDED)] == [50_000]


def test_stalled_rotor_is_found_again() -> None:
    """The count of steps is lost, not the rotor: two unmoved steps of the minimum rate later the stall is told."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    pump.inject("motor.stall")
    pump.advance(hours=1)
    assert active_causes(pump) == ["motor_stall"]
    dip(pump)
    wait_for_self_test(pump)
    assert active_causes(pump) == [CAUSE]
    pump.advance(hours=4)

    assert active_causes(pump) == [CAUSE, "motor_stall"]


def test_replacement_indicator_outlives_it() -> None:
    """ERI and the end of service that follows it are kept in memory: they come by the device's own count of days."""
    pump = running(simple(5_000))
    pump.inject("battery.premature_eri")
    eri_us = pump.device_us
    pump.advance(days=10)
    dip(pump)
    assert set(active_causes(pump)) == {"eri", CAUSE}
    pump.advance(days=91)

    assert "eos" in active_causes(pump)
    assert next(alarm.raised_us for alarm in pump.status().alarms if alarm.cause == "eos") == eri_us + 90 * 24 * US_PER_H


def test_dip_in_the_self_test_begins_it_anew() -> None:
    """A supply that trembles: each return is a start of its own, and nothing moves before one test is whole."""
    pump = running(simple(1_000_000, concentration=50_000))
    pump.advance(minutes=1)
    steps = pump.truth().steps_moved
    for _ in range(5):
        dip(pump)
        pump.advance(seconds=2)
        assert (pump.status().self_testing, pump.truth().steps_moved) == (True, steps)
    pump.advance(seconds=2)

    assert (pump.boots, pump.status().self_testing, pump.status().rate_nl_per_h) == (6, False, 250)


@pytest.mark.parametrize(("cut_s", "dip_s"), [(3_600, 2), (2, 3_600)])
def test_power_is_back_when_cut_and_dip_are_both_over(cut_s: int, dip_s: int) -> None:
    """A dip within a power cut, or a cut that ends within a dip: the firmware starts at the later end, with its registers lost."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    pump.power_cut(off_us=cut_s * US_PER_S)
    pump.inject("battery.dip", supply_mv=1_000, seconds=dip_s)
    pump.advance(us=3_600 * US_PER_S - 1)
    assert (pump.powered, pump.boots) == (False, 1)
    pump.advance(us=1)

    assert (pump.powered, pump.boots, active_causes(pump)) == (True, 2, [CAUSE])


def test_pieces_of_time_do_not_change_what_a_dip_does() -> None:
    """A day with a dip in it, at once and in pieces with looks, is one digest."""
    straight, pieces = running(flex()), running(flex())
    for pump in (straight, pieces):
        pump.schedule(3 * US_PER_H, "inject", name="battery.dip", supply_mv=1_500, seconds=30)
    straight.advance_to(24 * US_PER_H)
    while pieces.now_us < 24 * US_PER_H:
        pieces.truth()
        pieces.next_due()
        pieces.advance_to(min(24 * US_PER_H, pieces.now_us + 1_199_999_999))

    assert pieces.digest() == straight.digest()
