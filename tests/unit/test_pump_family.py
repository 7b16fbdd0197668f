"""What sets the pumps of the family apart: traps of the class, traps mended, the old pump, and the one without electronics."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, PowerOff
from firmware_sim.firmware.journal import EventKind
from tests.support.boots import wait_for_self_test
from tests.support.records import raised_us_of, records
from tests.support.therapies import (
    ML,
    US_PER_DAY,
    US_PER_H,
    active_causes,
    bolus_of,
    listed_causes,
    refill_of,
    running,
    simple,
)

OF_THE_CLASS = ("itp-20", "itp-40")
NEXT, LEGACY, GAS = "itp-40-next", "legacy-18", "cf-16"
SLOW = simple(4_000)


def pump_of(profile: str) -> Pump:
    """A running pump with 10 mL in it, an hour old."""
    pump = running(simple(20_000), volume_nl=10 * ML, profile=profile)
    pump.advance(hours=1)
    return pump


# -- an update ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", OF_THE_CLASS)
def test_update_stops_a_pump_of_the_class_and_leaves_it_so(profile: str) -> None:
    """Given up, it stays stopped, and nobody is told before 48 h are over."""
    pump = pump_of(profile)
    pump.begin_update()
    pump.drop_update(expired=True)
    stopped_us, moved = pump.device_us, pump.truth().steps_moved
    pump.advance_to(pump.true_us_of(stopped_us + 48 * US_PER_H) - 1)
    assert (pump.status().mode, pump.status().stop_reason, active_causes(pump)) == ("stopped", "update", [])
    pump.advance(us=1)

    assert raised_us_of(pump, "stopped_too_long") == stopped_us + 48 * US_PER_H
    assert pump.truth().steps_moved == moved


def test_mended_pump_runs_through_an_update() -> None:
    """itp-40-next gives, through an update that is begun and given up, every step that its twin gives."""
    pump, twin = pump_of(NEXT), pump_of(NEXT)
    pump.begin_update()
    pump.advance(minutes=10)
    pump.drop_update(expired=True)
    pump.advance(minutes=50)
    twin.advance(hours=1)

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 20_000)
    assert pump.truth().steps_moved == twin.truth().steps_moved


# -- after a bolus --------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [*OF_THE_CLASS, NEXT])
def test_basal_goes_on_after_a_bolus(profile: str) -> None:
    """The bolus done, the mode runs as before it."""
    pump = pump_of(profile)
    pump.bolus(bolus_of(10_000, 600))
    pump.advance(hours=1)

    assert (pump.status().mode, pump.status().rate_nl_per_h, pump.status().bolus_nl) == ("simple", 20_000, 10_000)


def test_old_pump_stops_after_a_bolus() -> None:
    """legacy-18: with the bolus's last step it stops, says why, and after two days tells that it stands."""
    pump = pump_of(LEGACY)
    plan = pump.bolus(bolus_of(10_000, 600))
    pump.advance_to(pump.true_us_of(plan.end_us) - 1)
    assert pump.status().mode == "simple"
    pump.advance(us=1)
    status = pump.status()
    assert (status.mode, status.stop_reason, status.bolus_nl) == ("stopped", "after_bolus", 10_000)
    assert [entry.kind for entry in records(pump)][-2:] == [EventKind.BOLUS_ENDED, EventKind.STOPPED]
    pump.advance(days=3)

    assert raised_us_of(pump, "stopped_too_long") == plan.end_us + 48 * US_PER_H


def test_interrupted_bolus_does_not_stop_the_old_pump() -> None:
    """Only a bolus that is done stops it: one that a reset ended leaves the mode running."""
    pump = pump_of(LEGACY)
    pump.bolus(bolus_of(10_000, 600))
    pump.advance(minutes=3)
    pump.reset()
    wait_for_self_test(pump)

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 20_000)


# -- stall ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [*OF_THE_CLASS, NEXT])
def test_stall_is_told(profile: str) -> None:
    """Within twenty minutes and a step, on all but the old pump."""
    pump = pump_of(profile)
    pump.inject("motor.stall")
    pump.advance(minutes=21)

    assert active_causes(pump) == ["motor_stall"]


def test_old_pump_stalls_in_silence() -> None:
    """legacy-18: weeks without a step that moves, and neither alarm nor record nor sound; boluses are granted all the while."""
    pump = pump_of(LEGACY)
    pump.commit(SLOW)
    pump.inject("motor.stall")
    moved = pump.truth().steps_moved
    assert pump.listen(30 * US_PER_DAY) == []
    assert pump.bolus(bolus_of(1_000, 60)).duration_s == 60
    pump.advance(minutes=2)

    assert (pump.truth().steps_moved, listed_causes(pump)) == (moved, [])


# -- the end of service ---------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [*OF_THE_CLASS, NEXT])
def test_end_of_service_stops_for_good(profile: str) -> None:
    """Ninety days after the replacement indicator, to the microsecond: critical alarm, and nothing moves any more."""
    pump = running(SLOW, volume_nl=15 * ML, profile=profile)
    pump.inject("battery.premature_eri")
    end_us = pump.device_us + 90 * US_PER_DAY
    pump.advance_to(pump.true_us_of(end_us) - 1)
    assert (pump.status().mode, active_causes(pump)) == ("simple", ["eri"])
    pump.advance(us=1)
    assert (pump.status().mode, pump.status().stop_reason) == ("stopped", "eos")
    moved = pump.truth().steps_moved
    pump.advance(days=10)

    assert pump.truth().steps_moved == moved
    assert raised_us_of(pump, "eos") == end_us


def test_old_pump_runs_on_after_the_end_of_service() -> None:
    """legacy-18: the alarm comes, and the pump does not stop itself; stopped by hand it can be started again."""
    pump = running(SLOW, volume_nl=15 * ML, profile=LEGACY)
    pump.inject("battery.premature_eri")
    pump.advance(days=91)
    assert active_causes(pump) == ["eri", "eos"]
    moved = pump.truth().steps_moved
    pump.advance(days=10)
    assert pump.truth().steps_moved - moved == pytest.approx(10 * 24 * 16, rel=0.02)
    pump.stop()

    assert pump.start() == "simple"


# -- the trap and the log -------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [*OF_THE_CLASS, LEGACY, NEXT])
def test_trap_is_the_classes_and_not_the_mended_pumps(profile: str) -> None:
    """An alarm that sounds and a magnet: all but itp-40-next give nothing until they are interrogated."""
    pump = pump_of(profile)
    pump.refill(refill_of(2 * ML))
    pump.inject("motor.magnet", minutes=5)
    pump.advance(minutes=5)
    steps = pump.truth().steps_commanded
    pump.advance(hours=5)
    assert (pump.truth().steps_commanded == steps) == (profile != NEXT)
    pump.interrogated()
    steps = pump.truth().steps_commanded
    pump.advance(hours=1)

    assert pump.truth().steps_commanded > steps + 70


@pytest.mark.parametrize("profile", [*OF_THE_CLASS, NEXT])
def test_recovery_is_logged_late_but_on_the_mended_pump(profile: str) -> None:
    """Before anybody asks, only itp-40-next has it in the log."""
    pump = pump_of(profile)
    handle = pump.inject("motor.stall")
    pump.advance(hours=1)
    pump.clear(handle)
    pump.advance(hours=1)

    assert len(records(pump, EventKind.ALARM_CLEARED)) == (1 if profile == NEXT else 0)
    pump.interrogated()
    assert len(records(pump, EventKind.ALARM_CLEARED)) == 1


# -- without electronics --------------------------------------------------------------------------------


def gas_pump() -> Pump:
    """A gas-driven pump, filled, that has run for an hour."""
    pump = Pump(GAS)
    pump.needle(inject_nl=10 * ML, concentration_ng_per_ml=500_000)
    pump.advance(hours=1)
    return pump


def test_gas_pump_gives_its_one_rate_and_answers_nobody() -> None:
    """A millilitre a day from the first needle on, within the unit's own error; no host gets an answer, nothing ever sounds."""
    pump = gas_pump()
    before = pump.truth()
    assert pump.listen(5 * US_PER_DAY) == []
    after = pump.truth()

    error = 1 + pump.truth().unit_error_ppm / 1_000_000
    assert after.balance.delivered_fl - before.balance.delivered_fl == pytest.approx(5 * 41_667 * 24 * 1_000_000 * error, rel=0.001)
    assert (pump.answers, pump.next_due(), pump.sound()) == (False, None, None)
    for ask in (pump.status, pump.stop, pump.start, pump.interrogated, pump.service_reset):
        with pytest.raises(PowerOff):
            ask()


def test_gas_pump_runs_dry_in_silence() -> None:
    """Ten millilitres last ten days; then nothing, and nobody is told."""
    pump = gas_pump()
    pump.advance(days=12)
    assert pump.truth().reservoir_nl == 0
    delivered = pump.truth().delivered_nl
    pump.advance(days=10)

    assert pump.truth().delivered_nl == delivered
    assert pump.sound() is None


ELECTRONIC: dict[str, Callable[[Pump], object]] = {
    "hang": lambda pump: pump.inject("firmware.hang", task="dosing", outlasts_reset=1),
    "self-test": lambda pump: pump.inject("firmware.selftest_fail", test="cpu"),
    "watchdog": lambda pump: pump.inject("firmware.watchdog_dead"),
    "dip": lambda pump: pump.inject("battery.dip", supply_mv=1_000, seconds=3_600),
    "stuck clock": lambda pump: pump.inject("clock.stuck"),
    "drift": lambda pump: pump.inject("clock.drift", drift_ppm=100_000),
    "jump": lambda pump: pump.inject("clock.jump", jump_us=US_PER_H),
    "stuck driver": lambda pump: pump.inject("motor.stuck_driver", pulses_per_h=600),
    "runaway": lambda pump: pump.inject("motor.runaway", gain=10),
    "premature ERI": lambda pump: pump.inject("battery.premature_eri"),
    "banks": lambda pump: [pump.inject("memory.bank_bad", bank=bank) for bank in ("bank_a", "bank_b")],
    "power cut": lambda pump: pump.power_cut(off_us=US_PER_H),
    "reset": Pump.reset,
    "magnet": lambda pump: pump.inject("motor.magnet", minutes=60),
}


@pytest.mark.parametrize("act", ELECTRONIC.values(), ids=ELECTRONIC.keys())
def test_gas_pump_has_nothing_that_could_fail_in_software(act: Callable[[Pump], object]) -> None:
    """What happens to firmware, clock, battery, memory, driver or rotor of other pumps is refused here, or does nothing to the flow."""
    pump, twin = gas_pump(), gas_pump()
    try:
        act(pump)
    except BenchRefused:
        return
    for each in (pump, twin):
        each.advance(days=1)

    assert pump.truth().balance.delivered_fl == twin.truth().balance.delivered_fl
