"""The scrub: what particles do to RAM image, banks and calibration, and how long it may last."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, Refused
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.prescription import Command, Prescription
from tests.support.boots import dip, restarted, wait_for_self_test
from tests.support.records import alarm_records, raised_us_of, records
from tests.support.therapies import (
    ML,
    US_PER_DAY,
    US_PER_H,
    US_PER_MIN,
    active_causes,
    bolus_of,
    flex,
    listed_causes,
    refill_of,
    running,
    simple,
)

COMMAND = Command(7, 9, bytes(range(16)))
RATE_AT = 32
"""Byte of the RAM image at which the rate of a simple therapy's one step begins: behind head, group and the step's two minutes."""
COPY_BYTES = 12
"""One of the two copies of the calibration constant: serial, constant, CRC."""


def flip(pump: Pump, region: str, offset: int, bit: int = 0) -> None:
    """A particle hits."""
    pump.inject("memory.bit_flip", region=region, offset=offset, bit=bit)


def spoil(pump: Pump, *banks: str) -> None:
    """Therapy banks lose a byte."""
    for bank in banks:
        pump.inject("memory.bank_bad", bank=bank)


def spoil_calibration(pump: Pump, copies: int = 2) -> None:
    """Copies of the calibration constant lose the constant, so many bits of it that nothing brings them back."""
    for copy in range(copies):
        for place in range(4 * 8):
            flip(pump, "calibration", copy * COPY_BYTES + 4 + place // 8, place % 8)


# -- the RAM image ----------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("SF-05")
@pytest.mark.parametrize("after_us", [1, 25 * US_PER_MIN, US_PER_H - 1, 7 * US_PER_H + 1])
def test_wrong_rate_in_ram_lasts_until_the_next_scrub(after_us: int) -> None:
    """One bit makes 20,001 nL/h of 20,000: so much is given, but to the full hour at most; there it is set right, told and logged."""
    pump, twin = running(simple(20_000)), running(simple(20_000))
    for each in (pump, twin):
        each.advance_to(each.true_us_of(after_us))
    flip(pump, "ram", RATE_AT)
    assert pump.status().rate_nl_per_h == 20_001
    due_us = (after_us // US_PER_H + 1) * US_PER_H
    pump.advance_to(pump.true_us_of(due_us) - 1)
    assert (pump.status().rate_nl_per_h, active_causes(pump)) == (20_001, [])
    pump.advance(us=1)

    assert (pump.status().rate_nl_per_h, pump.status().prescription) == (20_000, simple(20_000))
    assert (active_causes(pump), raised_us_of(pump, "memory_error")) == (["memory_error"], due_us)
    assert [entry.device_us for entry in records(pump, EventKind.MEMORY_CORRECTED)] == [due_us]
    for each in (pump, twin):
        each.advance_to(10 * US_PER_DAY)
    too_much_nl = pump.status().basal_nl - twin.status().basal_nl
    assert abs(too_much_nl * US_PER_H - (due_us - after_us)) <= US_PER_H


@pytest.mark.parametrize("therapy", [simple(20_000), flex()], ids=["simple", "flex"])
def test_no_bit_of_the_ram_image_outlasts_a_scrub(therapy: Prescription) -> None:
    """Each bit in turn: within the hour the therapy is the committed one again, whatever the bit stood for, and the pump has told it."""
    pump = running(therapy)
    pump.advance(minutes=10)
    image = pump.save()
    for offset in range(len(therapy.encode()) + 4):
        for bit in (0, 3, 7):
            hit = Pump.restore(image)
            flip(hit, "ram", offset, bit)
            hit.advance(hours=1)
            status = hit.status()
            assert (status.prescription, status.mode, active_causes(hit)) == (therapy, therapy.mode, ["memory_error"]), (offset, bit)


@pytest.mark.parametrize("bit", range(1, 32))
def test_rate_that_does_not_fit_its_dose_is_never_driven(bit: int) -> None:
    """All but the lowest bit of a rate make one that the therapy's dose contradicts: noticed as it is used, set right at once and told."""
    pump = running(simple(20_000))
    pump.advance(minutes=10)
    flip(pump, "ram", RATE_AT + bit // 8, bit % 8)

    assert (pump.status().rate_nl_per_h, active_causes(pump)) == (20_000, ["memory_error"])
    assert len(records(pump, EventKind.MEMORY_CORRECTED)) == 1


@pytest.mark.parametrize("act", [restarted, lambda pump: pump.commit(simple(20_000))], ids=["reset", "commit"])
def test_new_image_is_whole(act: Callable[[Pump], object]) -> None:
    """A reset or a commit loads the image anew before the scrub comes: the rate is right from there, and no alarm follows."""
    pump = running(simple(20_000))
    flip(pump, "ram", RATE_AT)
    act(pump)
    assert pump.status().rate_nl_per_h == 20_000
    pump.advance(hours=3)

    assert listed_causes(pump) == []


def test_image_is_loaded_from_the_bank_that_is_whole() -> None:
    """RAM and one bank hit within the same hour: the other bank gives the therapy back."""
    for bank in ("bank_a", "bank_b"):
        pump = running(simple(20_000))
        flip(pump, "ram", RATE_AT)
        spoil(pump, bank)
        pump.advance(hours=1)
        assert (pump.status().rate_nl_per_h, active_causes(pump)) == (20_000, ["memory_error"])


def test_image_that_no_bank_can_mend_is_the_safe_state() -> None:
    """RAM and both banks: one alarm, the minimum rate."""
    pump = running(simple(20_000))
    flip(pump, "ram", RATE_AT)
    spoil(pump, "bank_a", "bank_b")
    pump.advance(hours=1)

    assert (pump.status().mode, pump.status().rate_nl_per_h, active_causes(pump)) == ("minimum_rate", 250, ["memory_failure"])
    assert alarm_records(pump, "memory_failure") == [("raised", US_PER_H)]


def test_pump_without_a_therapy_has_no_image() -> None:
    """On the shelf and in the safe state there is no RAM image to hit: a bench error says so."""
    shelf, lost = Pump(), running()
    spoil(lost, "bank_a", "bank_b")
    lost.advance(hours=1)
    for pump in (shelf, lost):
        with pytest.raises(BenchRefused, match="ram has 0 bytes"):
            flip(pump, "ram", 0)


def test_bolus_goes_on_beside_a_hit_image() -> None:
    """The bolus is another account: it ends on its volume and its microsecond, whatever the basal's image says meanwhile."""
    pump = running(simple(20_000))
    pump.advance(minutes=50)
    plan = pump.bolus(bolus_of(100_000, 3_600), COMMAND)
    flip(pump, "ram", RATE_AT)
    pump.advance_to(pump.true_us_of(plan.end_us))

    assert (pump.status().bolus, pump.status().bolus_nl) == (None, 100_000)
    assert (active_causes(pump), pump.status().rate_nl_per_h) == (["memory_error"], 20_000)


# -- the grid -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_us", [0, 1, US_PER_H - 1, US_PER_H, 5 * US_PER_H + 77])
def test_scrub_is_at_every_full_hour_of_the_device(after_us: int) -> None:
    """What comes at a full hour, after that hour's scrub, is found an hour later; clock and drift do not move the grid."""
    pump = running()
    pump.set_clock(123 * US_PER_MIN)
    pump.advance_to(pump.true_us_of(after_us))
    spoil(pump, "bank_b")
    pump.inject("clock.jump", jump_us=17 * US_PER_MIN)
    pump.inject("clock.drift", drift_ppm=-30_000)
    pump.advance(hours=3)

    assert raised_us_of(pump, "memory_error") == (after_us // US_PER_H + 1) * US_PER_H


def test_pieces_of_time_do_not_change_what_the_scrub_finds() -> None:
    """A day at once and a day in pieces with looks, with RAM hit in the first hour and a bank in the second, are one digest."""
    straight, pieces = running(flex()), running(flex())
    for pump in (straight, pieces):
        pump.advance(minutes=10)
        flip(pump, "ram", RATE_AT)
        pump.schedule(70 * US_PER_MIN, "inject", name="memory.bank_bad", bank="bank_a")
    straight.advance_to(US_PER_DAY)
    while pieces.now_us < US_PER_DAY:
        pieces.truth()
        pieces.status()
        pieces.advance_to(min(US_PER_DAY, pieces.now_us + 1_234_567_891))

    assert pieces.digest() == straight.digest()


def test_log_hit_by_a_particle_is_read_through_in_silence() -> None:
    """Rings, records and cells are not the scrub's to alarm of: ten hits outside the banks raise nothing, and the therapy runs."""
    pump = running()
    for region in ("event_ring", "fault_ring", "delivery_records", "lockout_ring", "clock_offset", "boot_state", "delivery_state"):
        flip(pump, region, 3, bit=2)
    pump.advance(days=1)

    assert (listed_causes(pump), pump.status().rate_nl_per_h) == ([], 10_000)


# -- the safe state and the calibration ----------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("SF-13")
def test_safe_state_without_calibration_is_motor_off() -> None:
    """Both banks and both copies of the constant: no rate can be told in steps, so none is driven; alarm, stop, log, reason readable."""
    pump = running(simple(20_000))
    pump.advance(minutes=30)
    spoil_calibration(pump)
    spoil(pump, "bank_a", "bank_b")
    pump.advance_to(pump.true_us_of(US_PER_H))
    status = pump.status()

    assert (status.mode, status.stop_reason, status.rate_nl_per_h, status.safe_state) == ("stopped", "failure", 0, True)
    assert active_causes(pump) == ["memory_failure"]
    assert alarm_records(pump, "memory_failure") == [("raised", US_PER_H)]
    steps = pump.truth().steps_moved
    for _ in range(2):
        restarted(pump)
        pump.advance(days=1)
        assert (pump.status().mode, pump.truth().steps_moved) == ("stopped", steps)
        assert "memory_failure" in active_causes(pump)
    with pytest.raises(Refused, match="MOTOR_OFF"):
        pump.start()
    with pytest.raises(Refused, match="MOTOR_OFF"):
        pump.commit(simple(20_000))


def test_service_enters_the_constant_again() -> None:
    """After service the pump may be programmed anew, and then runs."""
    pump = running(simple(20_000))
    spoil_calibration(pump)
    spoil(pump, "bank_a", "bank_b")
    pump.advance(hours=2)
    pump.service_reset()
    wait_for_self_test(pump)
    with pytest.raises(Refused, match="SAFE_STATE"):
        pump.start()

    pump.commit(simple(20_000))

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 20_000)


def test_reset_before_the_scrub_comes_to_the_same() -> None:
    """Banks and constant hit, and the firmware started anew within the hour: the boot finds it, and the motor is off."""
    pump = running(simple(20_000))
    spoil_calibration(pump)
    spoil(pump, "bank_a", "bank_b")
    restarted(pump)
    steps = pump.truth().steps_moved
    pump.advance(days=1)

    assert (pump.status().mode, pump.status().rate_nl_per_h, active_causes(pump)) == ("stopped", 0, ["memory_failure"])
    assert pump.truth().steps_moved == steps


def test_low_battery_reset_without_calibration_is_motor_off() -> None:
    """The other way into the safe state: with both banks whole, but no constant to count steps by, nothing is driven after a dip."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    spoil_calibration(pump)
    dip(pump)
    wait_for_self_test(pump)
    steps = pump.truth().steps_moved
    pump.advance(days=1)

    assert (pump.status().mode, pump.status().rate_nl_per_h, active_causes(pump)) == ("stopped", 0, ["low_battery_reset"])
    assert pump.truth().steps_moved == steps


@pytest.mark.parametrize("copies", [0, 1])
def test_safe_state_with_a_calibration_runs_at_the_minimum(copies: int) -> None:
    """One whole copy of the constant is enough; every step of the minimum rate comes at its time."""
    pump = running(simple(20_000))
    spoil_calibration(pump, copies)
    spoil(pump, "bank_a", "bank_b")
    pump.advance_to(pump.true_us_of(US_PER_H))
    before = pump.truth().steps_moved
    pump.advance(days=10)

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("minimum_rate", 250)
    expected = 240 * 250 * US_PER_H // (900_000 * pump.calibration_ppm)
    assert abs(pump.truth().steps_moved - before - expected) <= 1


def test_calibration_alone_changes_nothing() -> None:
    """With a bank whole the constant is not asked for: no alarm, the therapy goes on."""
    pump = running(simple(20_000))
    spoil_calibration(pump)
    pump.advance(days=1)

    assert (listed_causes(pump), pump.status().rate_nl_per_h) == ([], 20_000)


def test_refill_and_commit_end_the_safe_state() -> None:
    """What START cannot, a new programming does: both banks are whole, the alarm is over, and over a reset it stays so."""
    pump = running(simple(20_000))
    spoil(pump, "bank_a", "bank_b")
    pump.advance(hours=1)
    pump.refill(refill_of())
    pump.commit(simple(12_000), COMMAND)
    for _ in range(2):
        assert (pump.status().safe_state, pump.status().rate_nl_per_h, active_causes(pump)) == (False, 12_000, [])
        restarted(pump)
    pump.advance(hours=5)

    assert active_causes(pump) == []


# -- writes that fail ---------------------------------------------------------------------------------------------------------------


ORDERS: dict[str, Callable[[Pump], object]] = {
    "commit": lambda pump: pump.commit(simple(12_000), COMMAND),
    "stop": Pump.stop,
    "refill": lambda pump: pump.refill(refill_of(7 * ML), COMMAND),
    "set clock": lambda pump: pump.set_clock(123_456, COMMAND),
    "bolus": lambda pump: pump.bolus(bolus_of(1_000, 60), COMMAND),
    "alarm test": Pump.alarm_test,
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_torn_write_within_an_order_leaves_it_whole(order: Callable[[Pump], object]) -> None:
    """Wherever the rest of a write is lost, the pump writes it once more: after a reset all is as it is without the tear."""
    whole = running(simple(20_000))
    order(whole)
    whole.advance(hours=2)
    restarted(whole)
    wanted = whole.status()
    for after_bytes in range(0, 400, 11):
        pump = running(simple(20_000))
        pump.inject("memory.torn_write", after_bytes=after_bytes)
        order(pump)
        pump.advance(hours=2)
        restarted(pump)
        assert pump.status() == wanted, after_bytes
        assert all(entry.good for entry in records(pump))


@pytest.mark.pump_requirement("LG-08")
def test_log_that_cannot_be_written_is_an_alarm_until_it_can() -> None:
    """Raised with the first record that does not read back, not sooner; delivery as ever; cleared with the first that does."""
    pump = running(simple(20_000))
    handle = pump.inject("memory.log_write_error")
    pump.advance(days=1)
    assert active_causes(pump) == []
    pump.alarm_test()
    failed_us = pump.device_us
    assert (active_causes(pump), raised_us_of(pump, "log_error")) == (["log_error"], failed_us)
    assert (pump.status().alarms[0].critical, pump.status().rate_nl_per_h) == (False, 20_000)
    pump.advance(hours=1)
    pump.clear(handle)
    pump.advance(days=1)
    assert active_causes(pump) == ["log_error"]
    pump.alarm_test()

    assert (active_causes(pump), listed_causes(pump)) == ([], ["log_error"])
    good = [entry.good for entry in records(pump)]
    assert good == [True] * 3 + [False] * 2 + [True] * 2


def test_log_error_is_found_again_by_the_boots_own_record() -> None:
    """A reset forgets the alarm; its BOOT record fails like any other, and the alarm is back."""
    pump = running()
    pump.inject("memory.log_write_error")
    pump.alarm_test()
    pump.reset()
    assert active_causes(pump) == ["log_error"]
    wait_for_self_test(pump)

    assert pump.status().rate_nl_per_h == 10_000
    assert [entry.kind for entry in pump.read_log(0, 10, ring="faults")[2]][-2:] == [EventKind.BOOT, EventKind.ALARM_RAISED]


def test_torn_record_of_the_wire_plans_a_scrub_at_once() -> None:
    """What is due next is the same as for the pump that comes from its image, which works it out anew."""
    pump = running()
    before_us = pump.next_due()
    pump.inject("memory.torn_write", after_bytes=4)
    pump.store("session_counter", 0, bytes(8))

    assert pump.next_due() == Pump.restore(pump.save()).next_due()
    assert pump.next_due() != before_us
