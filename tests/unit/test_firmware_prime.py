"""Primes: from stopped to stopped, one dose like any other for records and alarms, and no basal beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.doses import Dose
from firmware_sim.firmware.prescription import Command
from tests.support.therapies import ML, US_PER_H, US_PER_S, active_causes, bolus_of, filled, refill_of, running, simple

PATH_NL = 140_000 + 890 * 220
RATE_NL_PER_H = 1_000_000
PRIME = Command(5, 9, bytes(16))


def stopped() -> Pump:
    """A filled pump with a therapy, stopped."""
    pump = running()
    pump.stop()
    return pump


def dose_of(pump: Pump) -> Dose:
    """The prime's delivery record."""
    effect = pump.effect(PRIME.command_id)
    assert effect is not None
    assert effect.dose is not None
    assert (effect.kind, effect.dose.kind) == ("prime", "prime")
    return effect.dose


def test_prime_runs_at_the_highest_rate_and_ends_stopped() -> None:
    """Its whole volume goes out at 1 mL/h, to the microsecond; there is no basal beside it, and after it the pump stands still."""
    pump = stopped()
    steps = pump.truth().steps_commanded
    plan = pump.prime(PATH_NL, PRIME)
    status = pump.status()
    assert status.bolus is not None
    assert (status.bolus.kind, status.mode, status.rate_nl_per_h) == ("prime", "stopped", RATE_NL_PER_H)
    assert plan.end_us == pump.device_us - -PATH_NL * US_PER_H // RATE_NL_PER_H
    pump.advance_to(pump.true_us_of(plan.end_us) - 1)
    assert dose_of(pump).end is None
    pump.advance(us=1)

    status, dose = pump.status(), dose_of(pump)
    assert (dose.end, dose.delivered_nl, status.bolus_nl) == ("done", PATH_NL, PATH_NL)
    assert (status.mode, status.rate_nl_per_h, status.bolus, status.basal_nl) == ("stopped", 0, None, 0)
    given = pump.truth().steps_commanded - steps
    pump.advance(hours=5)
    assert pump.truth().steps_commanded - steps == given > 0


def test_prime_is_taken_off_the_computed_reservoir() -> None:
    """What a prime commands counts like any dose."""
    pump = stopped()
    pump.prime(PATH_NL)
    pump.advance(hours=1)

    assert pump.status().computed_reservoir_nl == 20 * ML - PATH_NL


@pytest.mark.pump_requirement("RS-11")
@pytest.mark.parametrize("pump", [running, filled], ids=["running", "shelf"])
def test_prime_is_for_stopped_pumps_only(pump: Callable[[], Pump]) -> None:
    """Running, or on the shelf, it is refused and changes nothing."""
    made = pump()
    before = made.digest("therapy")
    with pytest.raises(Refused, match="NOT_STOPPED"):
        made.prime(PATH_NL)

    assert made.digest("therapy") == before


@pytest.mark.pump_requirement("RS-11")
@pytest.mark.parametrize(("volume_nl", "limit"), [(249, 250), (0, 250), (1_000_001, 1_000_000)])
def test_prime_volume_is_bounded(volume_nl: int, limit: int) -> None:
    """Less than a step or more than the limit is RANGE with value and limit; the bounds themselves are taken."""
    pump = stopped()
    with pytest.raises(Refused) as refusal:
        pump.prime(volume_nl)

    told = refusal.value
    assert (told.code, told.field, told.value, told.limit, told.unit) == ("RANGE", "VOLUME", volume_nl, limit, "NL")
    assert pump.check_prime(limit).end_us > pump.device_us


def stalled() -> Pump:
    """Stopped beside a motor that was found stalled."""
    pump = running()
    pump.inject("motor.stall")
    pump.advance(hours=1)
    pump.stop()
    assert active_causes(pump) == ["motor_stall"]
    return pump


def empty() -> Pump:
    """Stopped because the computed reservoir is empty."""
    pump = running(simple(100_000), volume_nl=200_000)
    pump.advance(hours=3)
    return pump


@pytest.mark.parametrize("pump", [stalled, empty], ids=["stall", "empty"])
def test_critical_alarm_blocks_a_prime(pump: Callable[[], Pump]) -> None:
    """A pump that could not push, or has nothing to push, primes nothing."""
    with pytest.raises(Refused, match="CRITICAL_ALARM"):
        pump().prime(PATH_NL)


def test_pump_that_stood_too_long_may_be_primed() -> None:
    """Stopped too long is no reason against the prime that comes before the start; the alarm stays until the pump runs."""
    pump = stopped()
    pump.advance(hours=49)
    assert active_causes(pump) == ["stopped_too_long"]
    pump.prime(PATH_NL, PRIME)
    pump.advance(hours=1)

    assert (dose_of(pump).end, active_causes(pump)) == ("done", ["stopped_too_long"])
    pump.start()
    assert active_causes(pump) == []


def test_prime_does_not_start_the_48_hours_anew() -> None:
    """A prime is no infusion of the therapy: the alarm comes 48 h after the stop."""
    pump = stopped()
    stopped_us = pump.device_us
    pump.advance(hours=30)
    pump.prime(PATH_NL)
    pump.advance_to(pump.true_us_of(stopped_us + 48 * US_PER_H) - 1)
    assert active_causes(pump) == []
    pump.advance(us=1)

    assert active_causes(pump) == ["stopped_too_long"]


def test_nothing_else_is_given_beside_a_prime() -> None:
    """START, COMMIT, SET_CLOCK and a second prime are BUSY until its end; a bolus finds no running mode."""
    pump = stopped()
    plan = pump.prime(PATH_NL)
    for act in (pump.start, lambda: pump.commit(simple()), lambda: pump.set_clock(0), lambda: pump.prime(PATH_NL), pump.begin_update):
        with pytest.raises(Busy) as busy:
            act()
        assert busy.value.until_us == plan.end_us
    with pytest.raises(Refused, match="NOT_RUNNING"):
        pump.bolus(bolus_of(1_000, 60))

    pump.advance_to(pump.true_us_of(plan.end_us))
    pump.start()


def interrupted(pump: Pump, began_us: int, ended_us: int) -> None:
    """The record has the part that was commanded, floored, and nothing of the rest follows."""
    part_nl = PATH_NL * (ended_us - began_us) // (-(-PATH_NL * US_PER_H // RATE_NL_PER_H))
    assert (dose_of(pump).end, dose_of(pump).delivered_nl, pump.status().bolus_nl) == ("interrupted", part_nl, part_nl)
    pump.advance(hours=5)
    assert (pump.status().bolus_nl, pump.status().mode, pump.status().rate_nl_per_h) == (part_nl, "stopped", 0)


def test_stop_ends_a_prime() -> None:
    """STOP in mid-prime: interrupted with what was given."""
    pump = stopped()
    pump.prime(PATH_NL, PRIME)
    began_us = pump.device_us
    pump.advance(minutes=7)
    pump.stop()

    interrupted(pump, began_us, pump.device_us)


@pytest.mark.parametrize("off_us", [0, US_PER_H], ids=["reset", "dark"])
def test_power_loss_ends_a_prime(off_us: int) -> None:
    """After a reset or a dark hour it is interrupted with what was commanded when power failed, and the pump is stopped."""
    pump = stopped()
    pump.prime(PATH_NL, PRIME)
    began_us = pump.device_us
    pump.advance(minutes=7)
    lost_us = pump.device_us
    pump.power_cut(off_us=off_us)
    pump.advance(us=off_us)

    interrupted(pump, began_us, lost_us)


def test_update_that_may_interrupt_ends_a_prime() -> None:
    """BEGIN with leave to interrupt stops the pump that was stopped already, and the prime with it."""
    pump = stopped()
    pump.prime(PATH_NL, PRIME)
    began_us = pump.device_us
    pump.advance(minutes=7)
    pump.begin_update(interrupt=True)

    interrupted(pump, began_us, pump.device_us)
    assert pump.status().stop_reason == "update"


def test_stall_ends_a_prime() -> None:
    """A stalled motor is found after twenty minutes of commanded motion, and ends the prime as any critical alarm does."""
    pump = stopped()
    pump.inject("motor.stall")
    began_us = pump.device_us
    pump.prime(1_000_000, PRIME)
    pump.advance(minutes=25)

    assert active_causes(pump) == ["motor_stall"]
    assert dose_of(pump).end == "interrupted"
    assert 0 <= dose_of(pump).delivered_nl - RATE_NL_PER_H // 3 <= 500
    assert dose_of(pump).ended_us - began_us >= 20 * 60 * US_PER_S


def test_prime_that_runs_dry_by_computation_ends() -> None:
    """The fill told to the pump is used up in mid-prime: the empty alarm, and what was left was given."""
    pump = stopped()
    pump.refill(refill_of(100_000))
    pump.prime(PATH_NL, PRIME)
    pump.advance(hours=1)

    assert "empty_reservoir" in active_causes(pump)
    assert (dose_of(pump).end, dose_of(pump).delivered_nl) == ("interrupted", 100_000)
