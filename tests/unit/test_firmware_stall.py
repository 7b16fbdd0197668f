"""A stall in the firmware's eyes: named situations on top of the property test of the rule."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.prescription import Command
from tests.support.therapies import (
    UNITS_PER_NL,
    US_PER_H,
    US_PER_MIN,
    active_causes,
    bolus_of,
    listed_causes,
    minimum,
    running,
    simple,
)


def nominal_steps_us(pump: Pump, rate: int, count: int) -> list[int]:
    """Device times of the first steps of a therapy that began at device time 0 at one rate."""
    step_units = 900_000 * pump.calibration_ppm
    return [-(-number * step_units // rate) for number in range(1, count + 1)]


@pytest.mark.pump_requirement("OC-07")
def test_stall_shows_at_the_first_step_after_twenty_minutes() -> None:
    """At 20 uL/h a step comes each 45 s: the rotor that sticks after step 10 shows at the first step 20 min past it, to the microsecond."""
    pump = running(simple(20_000))
    steps = nominal_steps_us(pump, 20_000, 60)
    pump.advance_to(pump.true_us_of(steps[9]))
    pump.inject("motor.stall")
    expected_us = next(at_us for at_us in steps[11:] if at_us - steps[9] >= 20 * US_PER_MIN)

    pump.advance_to(pump.true_us_of(expected_us) - 1)
    assert active_causes(pump) == []
    pump.advance(us=1)
    assert active_causes(pump) == ["motor_stall"]
    assert pump.status().alarms[0].raised_us == expected_us


def test_at_the_minimum_rate_it_takes_two_steps() -> None:
    """A step is an hour there: one missed step is no evidence, the second one is."""
    pump = running(minimum())
    steps = nominal_steps_us(pump, 250, 4)
    pump.advance_to(pump.true_us_of(steps[0]))
    pump.inject("motor.stall")
    pump.advance_to(pump.true_us_of(steps[2]) - 1)
    assert active_causes(pump) == []

    pump.advance(us=1)
    assert active_causes(pump) == ["motor_stall"]
    assert pump.status().alarms[0].raised_us == steps[2]


def test_stall_while_stopped_shows_only_after_start() -> None:
    """A stopped pump commands nothing and learns nothing; the 20 min count from what was commanded before and after."""
    pump = running(simple(20_000))
    pump.advance(minutes=10)
    pump.stop()
    pump.inject("motor.stall")
    pump.advance(hours=40)
    assert active_causes(pump) == []

    pump.start()
    pump.advance(minutes=19)
    assert active_causes(pump) == []
    pump.advance(minutes=3)
    assert active_causes(pump) == ["motor_stall"]


@pytest.mark.pump_requirement("OC-07")
def test_recovery_mirrors_the_rule() -> None:
    """The alarm clears at the first step 20 min of commanded time after the last that did not move."""
    pump = running(simple(20_000))
    handle = pump.inject("motor.stall")
    pump.advance(hours=2)
    pump.clear(handle)
    last_unmoved = pump.status().steps
    steps = nominal_steps_us(pump, 20_000, 300)
    since_us = steps[last_unmoved - 1]
    expected_us = next(at_us for at_us in steps[last_unmoved + 1 :] if at_us - since_us >= 20 * US_PER_MIN)

    pump.advance_to(pump.true_us_of(expected_us) - 1)
    assert active_causes(pump) == ["motor_stall"]
    pump.advance(us=1)
    assert (active_causes(pump), listed_causes(pump)) == ([], ["motor_stall"])


def test_short_stalls_never_show() -> None:
    """A rotor that sticks for nineteen minutes of each forty raises nothing, though a third of the drug is missing."""
    pump = running(simple(20_000))
    for _ in range(20):
        handle = pump.inject("motor.stall")
        pump.advance(minutes=19)
        pump.clear(handle)
        pump.advance(minutes=21)

    assert listed_causes(pump) == []
    assert pump.truth().steps_moved < pump.truth().steps_commanded * 2 // 3


def test_toggles_without_a_step_between_leave_no_mark() -> None:
    """A rotor that sticks and comes free between two steps has not been seen to: the stall after it shows as if it never had."""
    plain, toggled = running(simple(20_000)), running(simple(20_000))
    for pump in (plain, toggled):
        pump.advance(minutes=10)
    for _ in range(3):
        toggled.clear(toggled.inject("motor.stall"))
    raised = []
    for pump in (plain, toggled):
        pump.inject("motor.stall")
        pump.advance(hours=1)
        raised.append(pump.status().alarms[0].raised_us)

    assert raised[0] == raised[1]


def test_stall_ends_a_bolus_and_refuses_the_next() -> None:
    """A critical alarm interrupts a running bolus with what was commanded so far; basal stays commanded; boluses are refused."""
    pump = running(simple(20_000))
    pump.inject("motor.stall")
    pump.bolus(bolus_of(100_000, 7_200), Command(7, 9, bytes(16)))
    pump.advance(hours=1)
    status, effect = pump.status(), pump.effect(7)

    assert active_causes(pump) == ["motor_stall"]
    assert effect is not None
    assert effect.dose is not None
    raised_us = status.alarms[0].raised_us
    assert effect.dose.end == "interrupted"
    assert effect.dose.delivered_nl == 100_000 * raised_us // (7_200 * 1_000_000)
    assert (status.mode, status.rate_nl_per_h, status.bolus) == ("simple", 20_000, None)
    with pytest.raises(Refused, match="CRITICAL_ALARM"):
        pump.bolus(bolus_of(1_000, 60))


def test_bolus_steps_are_evidence_too() -> None:
    """At the minimum rate a bolus brings steps close together, and a stall shows within its 20 min instead of two hours."""
    pump = running(minimum())
    pump.advance(minutes=5)
    pump.inject("motor.stall")
    pump.bolus(bolus_of(60_000, 3_600))
    pump.advance(minutes=27)

    assert active_causes(pump) == ["motor_stall"]


def test_computed_reservoir_falls_during_a_stall() -> None:
    """The pump keeps trying: belief counts every commanded step, truth none."""
    pump = running(simple(20_000))
    pump.inject("motor.stall")
    pump.advance(hours=10)

    assert pump.status().computed_reservoir_nl == 20_000_000 - -(-pump.device_us * 20_000 // UNITS_PER_NL)
    assert pump.truth().reservoir_nl == 20_000_000
    assert pump.truth().delivered_nl == 0


def test_stall_is_found_again_after_a_reset() -> None:
    """A reset forgets the alarm, not the rotor: 20 min of commanded time later it shows again."""
    pump = running(simple(20_000))
    pump.inject("motor.stall")
    pump.advance(hours=1)
    pump.reset()
    assert active_causes(pump) == []

    pump.advance(minutes=22)
    assert active_causes(pump) == ["motor_stall"]


def test_no_catch_up_after_a_stall() -> None:
    """What a stalled rotor did not deliver is never made up."""
    pump = running(simple(20_000))
    handle = pump.inject("motor.stall")
    pump.advance(hours=5)
    pump.clear(handle)
    before = pump.truth().delivered_nl
    pump.advance_to(pump.now_us + US_PER_H)

    assert pump.truth().delivered_nl - before <= 20_000 * 110 // 100
