"""The sliding 24-hour window of the patient bolus: what counts, when it is full, and that nothing makes room in it."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.prescription import Command
from tests.support.patients import AFTER_A_STEEP_DAY_NL, BASAL_NL, RULE, VOLUME_NL, ask, patient, ready, refused, until
from tests.support.therapies import (
    ML,
    US_PER_DAY,
    US_PER_H,
    US_PER_S,
    active_causes,
    bolus_of,
    flex,
    running,
    simple,
)


@pytest.mark.pump_requirement("BO-13")
def test_limit_is_met_and_not_passed() -> None:
    """A day of basal and two boluses at the limit exactly are granted; with a nanolitre less the second is refused with sum and limit, and
    no alarm follows.
    """
    both_nl = BASAL_NL + 2 * VOLUME_NL
    for window_nl in (both_nl, both_nl - 1):
        pump = ready(RULE._replace(window_nl=window_nl))
        pump.advance(days=1)
        ask(pump)
        pump.advance(hours=2)
        if window_nl == both_nl:
            ask(pump)
            continue
        told = refused(pump)
        assert (told.code, told.field, told.value, told.limit, told.unit) == ("DOSE_LIMIT", "WINDOW", both_nl, window_nl, "NL")
        assert active_causes(pump) == []


def test_basal_of_the_day_to_come_counts() -> None:
    """Right after the start nothing has run yet, and still only what leaves room for a day of basal is granted."""
    assert ask(ready(RULE._replace(window_nl=BASAL_NL + VOLUME_NL)))

    assert refused(ready(RULE._replace(window_nl=BASAL_NL + VOLUME_NL - 1))).code == "DOSE_LIMIT"


@pytest.mark.pump_requirement("BO-16")
def test_basal_counts_as_programmed_over_a_stop() -> None:
    """Twenty hours without a drop make no room: the basal to come would fill it again."""
    pump = ready(RULE._replace(window_nl=BASAL_NL + VOLUME_NL - 1))
    pump.stop()
    pump.advance(hours=20)
    pump.start()
    assert refused(pump).value == BASAL_NL + VOLUME_NL

    fits = ready(RULE._replace(window_nl=BASAL_NL + VOLUME_NL))
    fits.stop()
    fits.advance(hours=20)
    fits.start()
    assert ask(fits)


def test_bolus_cut_short_counts_with_what_it_gave() -> None:
    """Half a bolus leaves room for a whole one under a limit that two would pass."""
    window_nl = BASAL_NL + VOLUME_NL + VOLUME_NL // 2 + 10
    for cut_short in (True, False):
        pump = ready(RULE._replace(window_nl=window_nl))
        ask(pump)
        pump.advance(minutes=5)
        if cut_short:
            pump.stop()
            pump.start()
        pump.advance(hours=1)
        if cut_short:
            ask(pump)
        else:
            assert refused(pump).value == BASAL_NL + 2 * VOLUME_NL


def test_step_up_of_the_next_hours_counts() -> None:
    """In the calm half of the day the steep half to come is looked at, by the clock of now."""
    halves = flex((5_000, 15_000))
    assert ask(ready(RULE._replace(window_nl=BASAL_NL + VOLUME_NL), halves))

    assert refused(ready(RULE._replace(window_nl=BASAL_NL + VOLUME_NL - 1), halves)).value == BASAL_NL + VOLUME_NL


def test_clinicians_bolus_is_not_held_up_and_holds_the_patients_up() -> None:
    """A clinician's 100 uL pass the limit; the patient's bolus is refused until no window is too full, which the arithmetic puts two
    minutes before the clinician's has left the day.
    """
    pump = ready(RULE._replace(window_nl=BASAL_NL + VOLUME_NL + 60_000))
    clinicians_us = pump.device_us
    pump.bolus(bolus_of(100_000, 600), Command(1, 9, bytes(16)))
    pump.advance(hours=3)
    assert refused(pump).value == BASAL_NL + 100_000 + VOLUME_NL
    until(pump, clinicians_us + US_PER_DAY - 121 * US_PER_S)
    assert refused(pump).code == "DOSE_LIMIT"
    until(pump, clinicians_us + US_PER_DAY - 120 * US_PER_S)

    assert ask(pump)


def test_steeper_therapy_before_a_commit_counts_at_its_highest_rate() -> None:
    """A day of 40 uL/h lies behind a new therapy of 10: the limit of the new one is full until a bolus ends when that day has passed."""
    pump = running(simple(40_000), volume_nl=40 * ML)
    pump.advance(days=2)
    pump.commit(patient(RULE._replace(window_nl=BASAL_NL + VOLUME_NL)))
    committed_us = pump.device_us
    until(pump, committed_us + 2 * US_PER_H)
    assert refused(pump).value == AFTER_A_STEEP_DAY_NL
    until(pump, committed_us + US_PER_DAY - 601 * US_PER_S)
    assert refused(pump).code == "DOSE_LIMIT"
    until(pump, committed_us + US_PER_DAY - 600 * US_PER_S)

    assert ask(pump)


@pytest.mark.parametrize("then", ["set_clock", "reset", "jump"])
def test_what_follows_a_commit_at_once_does_not_hide_the_therapy_before(then: str) -> None:
    """Commit and clock, or commit and reset, within one microsecond: the steeper day before still counts."""
    pump = running(simple(40_000), volume_nl=40 * ML)
    pump.advance(days=2)
    pump.commit(patient(RULE._replace(window_nl=BASAL_NL + VOLUME_NL)))
    committed_us = pump.device_us
    if then == "set_clock":
        pump.set_clock(0)
    elif then == "reset":
        pump.reset()
    else:
        pump.inject("clock.jump", jump_us=US_PER_H)
    until(pump, committed_us + 2 * US_PER_H)

    assert refused(pump).value == AFTER_A_STEEP_DAY_NL


def test_clock_jump_makes_no_room() -> None:
    """After the steep half of a day the clock jumps to its beginning: the past counts at the highest rate, as the clock tells no more."""
    pump = ready(RULE._replace(window_nl=24 * 20_000 + VOLUME_NL - 1), flex((20_000, 2_000)))
    pump.advance(hours=10)
    assert ask(pump)
    pump.advance(hours=2)
    pump.inject("clock.jump", jump_us=-12 * US_PER_H)

    assert refused(pump).value > 24 * 20_000


def test_therapy_lost_in_the_safe_state_counts_as_the_highest_there_is() -> None:
    """What ran before both banks went bad is not known: for a day after the new COMMIT no window can be said to fit."""
    pump = ready()
    for region in ("bank_a", "bank_b"):
        pump.inject("memory.bit_flip", region=region, offset=40, bit=0)
    pump.advance(hours=1)
    assert pump.status().safe_state
    pump.commit(patient())
    committed_us = pump.device_us
    pump.advance(hours=1)
    assert refused(pump).code == "DOSE_LIMIT"
    until(pump, committed_us + US_PER_DAY)

    assert ask(pump)


def test_full_ring_of_young_records_refuses() -> None:
    """What a day held is known only while the ring goes back a day: past that the patient waits, however much room there is."""
    pump = ready()
    for number in range(31):
        pump.bolus(bolus_of(1_000, 60), Command(number + 1, 9, bytes(16)))
        pump.advance(minutes=1)
    ask(pump)
    pump.advance(hours=1)
    assert refused(pump).code == "DOSE_LIMIT"
    until(pump, US_PER_DAY)

    assert ask(pump)
