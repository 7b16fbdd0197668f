"""Section ST, stop, suspend, resume, reverse, each row by its observable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.journal import EventKind
from protocol.client import Programmer
from protocol.codes import Mode
from protocol.messages import Begin, Interrogate, Log, Put
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, Bedside
from tests.support.therapies import ML, US_PER_H, active_causes, bolus_of, flex, refill_of, running, simple


def on_a_step(pump: Pump) -> bool:
    """Whether all that ever left the motor is a whole number of steps."""
    truth = pump.truth()
    left_fl = truth.balance.injected_fl - truth.balance.reservoir_fl
    return left_fl == truth.steps_moved * truth.step_fl and truth.steps_moved == truth.steps_commanded


@pytest.mark.pump_requirement("ST-01")
@pytest.mark.parametrize("us", [1, 45_000_001, US_PER_H // 7, 5 * US_PER_H + 12_345_678])
@pytest.mark.parametrize("with_bolus", [False, True], ids=["basal", "bolus"])
def test_stop_ends_on_a_whole_step(us: int, with_bolus: bool) -> None:
    """Wherever between two steps STOP comes, what has left is whole steps, and no further one follows."""
    pump = running(simple(20_000))
    if with_bolus:
        pump.bolus(bolus_of(500_000, 6 * 3_600))
    pump.advance(us=us)
    pump.stop()
    steps = pump.truth().steps_commanded
    assert on_a_step(pump)
    pump.advance(days=3)

    assert (pump.truth().steps_commanded, pump.status().rate_nl_per_h) == (steps, 0)
    assert on_a_step(pump)


@pytest.mark.pump_requirement("ST-03")
@pytest.mark.parametrize("volume_nl", [1_000_000, 1_234_567, 777_777])
def test_empty_stops_on_a_whole_step(volume_nl: int) -> None:
    """Where the computed volume ends between two steps, the last whole one before it was the last."""
    pump = running(simple(40_000), volume_nl=volume_nl + ML)
    pump.refill(refill_of(volume_nl))
    pump.advance(days=3)

    assert (pump.status().mode, pump.status().stop_reason) == ("stopped", "empty")
    assert pump.truth().reservoir_nl > 0
    assert on_a_step(pump)


def half_read_log(programmer: Programmer) -> None:
    """The first page of the log, with more to come."""
    programmer.request("LOG", Log(0))


def half_interrogated(programmer: Programmer) -> None:
    """The first part of an interrogation."""
    programmer.request("INTERROGATE", Interrogate(0, 0))


def staged(programmer: Programmer) -> None:
    """An update with bytes laid and not sealed."""
    programmer.request("BEGIN", Begin(1, False))
    programmer.request("PUT", Put(0, bytes(40)))
    programmer.start()


def dosing(programmer: Programmer) -> None:
    """A bolus that runs."""
    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)


def nothing(programmer: Programmer) -> None:
    """A session that has just been opened."""


@pytest.mark.pump_requirement("ST-06")
@pytest.mark.parametrize("alarm", [False, True], ids=["quiet", "stalled"])
@pytest.mark.parametrize("before", [nothing, half_read_log, half_interrogated, staged, dosing])
def test_stop_is_taken_in_the_middle_of_everything(before: Callable[[Programmer], None], alarm: bool) -> None:
    """While an update is staged, a log read, an interrogation under way or a bolus given, with and without an alarm: at once."""
    bedside = Bedside.running()
    with bedside.programmer() as programmer:
        before(programmer)
        if alarm:
            bedside.unit.pump.inject("motor.stall")
            bedside.advance(minutes=9)
        steps = bedside.unit.pump.truth().steps_commanded
        assert programmer.stop().mode == Mode.STOPPED
        bedside.advance(hours=2)

    assert bedside.unit.pump.truth().steps_commanded == steps


@pytest.mark.pump_requirement("ST-07")
def test_resume_brings_back_the_rates_and_nothing_more() -> None:
    """After a stop of hours each hour has the rate that the schedule has for it, and the steps of the gap are never made up."""
    resumed, never_stopped = running(flex((8_000, 12_000, 20_000, 9_000))), running(flex((8_000, 12_000, 20_000, 9_000)))
    for pump in (resumed, never_stopped):
        pump.advance(hours=5)
    resumed.stop()
    gap_steps = never_stopped.truth().steps_commanded
    for pump in (resumed, never_stopped):
        pump.advance(hours=7)
    gap_steps = never_stopped.truth().steps_commanded - gap_steps
    resumed.start()
    for _ in range(40):
        for pump in (resumed, never_stopped):
            pump.advance(hours=1)
        assert resumed.status().rate_nl_per_h == never_stopped.status().rate_nl_per_h
        assert 0 <= never_stopped.truth().steps_commanded - resumed.truth().steps_commanded - gap_steps + 1 <= 2


def watchdog_reset(pump: Pump) -> None:
    """A task that hung and was reset."""
    pump.inject("firmware.hang", task="alarms")
    pump.advance(minutes=3)


def dip(pump: Pump) -> None:
    """A low-battery reset."""
    pump.inject("battery.dip", supply_mv=1_500, seconds=2)
    pump.advance(minutes=1)


def dark(pump: Pump) -> None:
    """Hours without power."""
    pump.power_cut(off_us=5 * US_PER_H)
    pump.advance(hours=5)


def both_banks(pump: Pump) -> None:
    """Nothing left to boot from."""
    for bank in ("bank_a", "bank_b"):
        pump.inject("memory.bank_bad", bank=bank)
    pump.reset()


def one_bank(pump: Pump) -> None:
    """One bank left."""
    pump.inject("memory.bank_bad", bank="bank_a")
    pump.reset()


RESETS: dict[str, tuple[Callable[[Pump], object], str]] = {
    "plain": (Pump.reset, ""),
    "power": (dark, ""),
    "watchdog": (watchdog_reset, ""),
    "one bank bad": (one_bank, ""),
    "both banks bad": (both_banks, "memory_failure"),
    "low battery": (dip, "low_battery_reset"),
}


@pytest.mark.pump_requirement("ST-10")
@pytest.mark.parametrize("name", RESETS)
def test_no_reset_ends_in_a_silent_default(name: str) -> None:
    """After each reset the last committed therapy runs, or it is the safe state with its alarm, its sound and its record."""
    pump = running(flex())
    pump.commit(simple(7_000))
    pump.advance(days=1)
    bring, cause = RESETS[name]
    bring(pump)
    pump.advance(minutes=1)
    status = pump.status()

    if not cause:
        assert (status.mode, status.rate_nl_per_h, status.prescription, status.safe_state) == ("simple", 7_000, simple(7_000), False)
        return
    assert (status.mode, status.rate_nl_per_h, status.safe_state) == ("minimum_rate", 250, True)
    assert cause in active_causes(pump)
    assert pump.listen(US_PER_H)
    raised = [record.detail for record in pump.read_log(0, 100)[2] if record.kind == EventKind.ALARM_RAISED]
    assert number_of(cause) in raised
