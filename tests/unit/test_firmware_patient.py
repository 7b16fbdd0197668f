"""Patient boluses: lockout, number a day and the 24-hour limit, to the microsecond and the nanolitre."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Busy, PowerCut, Refused
from tests.support.boots import wait_for_self_test
from tests.support.patients import LOCKOUT_S, RULE, VOLUME_NL, ask, patient, ready, refused, until
from tests.support.therapies import (
    ML,
    US_PER_DAY,
    US_PER_H,
    US_PER_S,
    active_causes,
    bolus_of,
    filled,
    minimum,
    refill_of,
    running,
    simple,
)


def test_patient_bolus_runs_on_top_of_the_basal_and_is_counted() -> None:
    """It is a dose of its own kind, of the rule's volume and duration, and basal goes on below it."""
    pump = ready()
    began_us = ask(pump)
    run = pump.status().bolus
    assert run is not None
    assert (run.kind, run.programmed_nl, run.end_us) == ("patient", VOLUME_NL, began_us + 600 * US_PER_S)
    assert pump.status().rate_nl_per_h == 10_000 + VOLUME_NL * 6
    pump.advance(hours=1)

    assert (pump.status().bolus, pump.status().bolus_nl, pump.status().rate_nl_per_h) == (None, VOLUME_NL, 10_000)
    assert (pump.status().patient_granted, pump.status().patient_refused) == (1, 0)


# -- lockout --------------------------------------------------------------------------------------------------------------------


def refused_until(pump: Pump, free_us: int) -> None:
    """Refused one microsecond before, naming the time, and granted then."""
    pump.advance_to(pump.true_us_of(free_us) - 1)
    told = refused(pump)
    assert (told.code, told.field, told.value, told.limit, told.unit) == ("LOCKOUT", "LOCKOUT", pump.device_us, free_us, "US")
    pump.advance(us=1)
    assert ask(pump) == free_us


@pytest.mark.pump_requirement("BO-14")
def test_lockout_runs_from_the_start_of_the_last_bolus() -> None:
    """Refused a microsecond early with the device time at which it is free; granted at that time."""
    pump = ready()

    refused_until(pump, ask(pump) + LOCKOUT_S * US_PER_S)


@pytest.mark.parametrize("act", [lambda pump: pump.commit(patient()), lambda pump: pump.refill(refill_of())], ids=["commit", "refill"])
def test_first_bolus_comes_one_lockout_after_programming(act: Callable[[Pump], object]) -> None:
    """COMMIT and REFILL restart the lockout, whenever the last bolus was."""
    pump = ready()
    pump.advance(hours=5)
    act(pump)

    refused_until(pump, pump.device_us + LOCKOUT_S * US_PER_S)


@pytest.mark.pump_requirement("BO-14")
@pytest.mark.parametrize("shift_us", [US_PER_DAY, -US_PER_DAY], ids=["forward", "back"])
@pytest.mark.parametrize("kind", ["set_clock", "jump"])
def test_no_clock_defeats_the_lockout(kind: str, shift_us: int) -> None:
    """The lockout counts the monotonic time: a clock set forward or back, or one that jumps, neither ends nor lengthens it."""
    pump = ready()
    began_us = ask(pump)
    pump.advance(minutes=10)
    if kind == "jump":
        pump.inject("clock.jump", jump_us=shift_us)
    else:
        pump.set_clock(pump.status().clock_us + shift_us)

    refused_until(pump, began_us + LOCKOUT_S * US_PER_S)


@pytest.mark.parametrize("off_us", [0, US_PER_H // 2], ids=["reset", "dark"])
def test_reset_neither_ends_nor_restarts_the_lockout(off_us: int) -> None:
    """The ring of records and the monotonic counter outlive it; so do the patient's counters."""
    pump = ready()
    began_us = ask(pump)
    pump.advance(minutes=10)
    pump.power_cut(off_us=off_us)
    pump.advance(us=off_us)

    refused_until(pump, began_us + LOCKOUT_S * US_PER_S)
    assert pump.status().patient_granted == 2


def test_no_more_than_so_many_a_day() -> None:
    """With two a day the third is LOCKOUT until 24 hours after the first began."""
    pump = ready(RULE._replace(most_per_day=2))
    first_us = ask(pump)
    until(pump, first_us + 5 * US_PER_H)
    ask(pump)

    refused_until(pump, first_us + US_PER_DAY)


def test_bolus_cut_short_counts_whole_for_lockout_and_number() -> None:
    """A bolus that was stopped after a minute is one of the day's all the same, and its lockout runs from its start."""
    pump = ready(RULE._replace(most_per_day=2))
    first_us = ask(pump)
    pump.advance(minutes=1)
    pump.stop()
    pump.start()
    refused_until(pump, first_us + LOCKOUT_S * US_PER_S)
    pump.advance(hours=2)

    refused_until(pump, first_us + US_PER_DAY)


# -- who may ask, and when ------------------------------------------------------------------------------------------------------


def stalled(pump: Pump) -> None:
    """A critical alarm while the mode goes on."""
    pump.inject("motor.stall")
    pump.advance(hours=1)


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (lambda pump: pump.commit(simple()), "NO_PATIENT_BOLUS"),
        (Pump.stop, "NOT_RUNNING"),
        (stalled, "CRITICAL_ALARM"),
    ],
    ids=["no rule", "stopped", "critical alarm"],
)
def test_patient_bolus_needs_a_rule_and_a_pump_that_runs_well(arrange: Callable[[Pump], object], code: str) -> None:
    """Without a rule, while stopped, and beside a critical alarm it is refused by name."""
    pump = ready()
    arrange(pump)

    assert refused(pump).code == code


def test_factory_pump_gives_no_patient_bolus() -> None:
    """On the shelf there is nothing to give."""
    assert refused(filled()).code == "NOT_RUNNING"


def test_low_reservoir_does_not_hold_the_patient_up() -> None:
    """A non-critical alarm blocks no bolus."""
    pump = running(patient(therapy=simple(low_nl=20 * ML)), volume_nl=20 * ML)
    pump.advance(hours=2)
    assert active_causes(pump) == ["low_reservoir"]

    assert ask(pump)


def test_patient_waits_for_any_other_dose() -> None:
    """One dose at a time, whoever asks: BUSY until the other's end."""
    pump = ready()
    plan = pump.bolus(bolus_of(10_000, 600))
    with pytest.raises(Busy) as busy:
        ask(pump)

    assert busy.value.until_us == plan.end_us


def test_minimum_rate_therapy_may_have_a_patient_bolus() -> None:
    """The rule is part of any running mode; basal then counts at the minimum rate."""
    assert ask(ready(RULE._replace(window_nl=24 * 250 + VOLUME_NL), minimum()))

    assert refused(ready(RULE._replace(window_nl=24 * 250 + VOLUME_NL - 1), minimum())).code == "DOSE_LIMIT"


@pytest.mark.parametrize(
    ("change", "field", "limit"),
    [
        ({"volume_nl": 249, "dose_ng": 124}, "VOLUME", 250),
        ({"volume_nl": 5_000_002, "dose_ng": 2_500_001, "window_nl": 9 * ML}, "VOLUME", 5_000_000),
        ({"dose_ng": 26_000}, "DOSE", 25_000),
        ({"duration_s": 59}, "DURATION", 60),
        ({"duration_s": 86_401}, "DURATION", 86_400),
        ({"lockout_s": 299}, "LOCKOUT", 300),
        ({"lockout_s": 86_401}, "LOCKOUT", 86_400),
        ({"most_per_day": 0}, "MOST_PER_DAY", 1),
        ({"most_per_day": 25}, "MOST_PER_DAY", 24),
        ({"window_nl": VOLUME_NL - 1}, "WINDOW", VOLUME_NL),
        ({"window_nl": 24 * ML + 1}, "WINDOW", 24 * ML),
    ],
)
def test_rule_beyond_the_pumps_limits_is_refused_with_the_therapy(change: dict[str, int], field: str, limit: int) -> None:
    """COMMIT names the field and the limit, and the therapy in force stays."""
    pump = running()
    before = pump.digest("therapy")
    with pytest.raises(Refused) as refusal:
        pump.commit(patient(RULE._replace(**change)))

    assert (refusal.value.field, refusal.value.limit) == (field, limit)
    assert pump.digest("therapy") == before


@pytest.mark.parametrize("cut", range(0, 130, 3))
def test_cut_within_a_grant_gives_no_second_chance(cut: int) -> None:
    """Wherever power dies while a bolus begins, either nothing stands and it may be asked for again, or its whole lockout does."""
    pump = ready()
    pump.power_cut(after_bytes=cut)
    began_us = pump.device_us
    with pytest.raises(PowerCut):
        ask(pump)
    pump.advance(us=1)
    wait_for_self_test(pump)
    given_nl = pump.status().bolus_nl
    if cut < 30:
        ask(pump)
    else:
        refused_until(pump, began_us + LOCKOUT_S * US_PER_S)

    assert given_nl == 0
