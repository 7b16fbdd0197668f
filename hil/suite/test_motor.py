"""The motor: a rotor that stalls, a driver that runs away, and the independent limiter that cuts them off."""

from __future__ import annotations

import pytest

from firmware_sim.units import S_PER_H, US_PER_H, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import SALINE
from protocol.codes import AlarmCause, AlarmClass, EventKind, Mode
from protocol.messages import Bridge, Prime
from protocol.therapy import Therapy

STALL, LIMITER = AlarmCause.MOTOR_STALL, AlarmCause.RATE_LIMITER
FAST = 400_000
"""A step in some two seconds: a time is known to as much."""

needs = pytest.mark.pump_needs


def fast(given: Given) -> float:
    """A pump at a high rate, hours after its start; returns the time of a step (s)."""
    given.running(given.prescribe.simple(FAST, SALINE))
    given.bench.advance(hours=2)
    return given.profile.motor.step_nl * given.wire.identity().calibration_ppm * S_PER_H / (FAST * 1_000_000)


def stalled(given: Given) -> bool:
    """Wait for the alarm of a stall for an hour."""
    return given.bench.run_until("alarm:motor_stall", limit_s=S_PER_H)


# -- a stall ------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("OC-07")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
def test_stall_is_detected_in_its_time_as_a_critical_alarm(given: Given, measure: Measure) -> None:
    """Once no step has moved for the declared time: not before, and no more than two steps later; delivery stands still meanwhile."""
    step_s = fast(given)
    begun_us, frozen = given.clock.device_us, given.bench.truth()
    given.suffers("motor.stall")
    assert stalled(given), "a stall raises no alarm"

    entry, detection_s = given.wire.alarm(STALL), given.profile.motor.stall_detection_s
    assert (entry.active, entry.alarm_class) == (1, AlarmClass.CRITICAL)
    delay_s = (entry.raised_us - begun_us) / US_PER_S
    measure("time to the stall alarm", delay_s, unit="s", low=detection_s - step_s, high=detection_s + 2 * step_s)
    given.bench.advance(hours=3)
    truth = given.bench.truth()
    measure("delivered in a stall", truth["delivered_nl"] - frozen["delivered_nl"], unit="nL", low=0, high=0)
    assert truth["steps_moved"] == frozen["steps_moved"] > 0
    assert [record.device_us for record in given.wire.raised(STALL)] == [entry.raised_us]


@pytest.mark.pump_requirement("OC-07")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
def test_recovery_is_logged_and_nothing_is_caught_up(given: Given, measure: Measure) -> None:
    """Moving again for the declared time: the alarm ends, with a record of its own; the hours of the stall are not made up."""
    step_s = fast(given)
    handle = given.suffers("motor.stall")
    assert stalled(given), "a stall raises no alarm"
    given.bench.advance(hours=2)
    given.bench.clear(handle)
    freed_us, moved = given.clock.device_us, given.bench.truth()["steps_moved"]
    assert given.bench.run_until("quiet", limit_s=S_PER_H), "the alarm does not end"
    recovered_s, declared_s = (given.clock.device_us - freed_us) / US_PER_S, given.profile.motor.recovery_detection_s
    measure("time to the end of the alarm", recovered_s, unit="s", low=declared_s - step_s, high=declared_s + 2 * step_s)
    given.clock.until(freed_us + 5 * US_PER_H)
    steps = 5 * S_PER_H / step_s
    measure("steps in five hours after a stall", given.bench.truth()["steps_moved"] - moved, unit="", low=steps - 1, high=steps + 1)
    given.wire.therapy()

    told = [(record.kind, record.detail) for record in given.wire.log(EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED)]
    assert told == [(EventKind.ALARM_RAISED, STALL), (EventKind.ALARM_CLEARED, STALL)]
    assert given.wire.active() == set()


@pytest.mark.pump_requirement("OC-07", holds=("legacy-18",))
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.sound")
def test_short_stall_raises_nothing_and_is_not_caught_up(given: Given, measure: Measure) -> None:
    """Shorter than the detection time by a minute: no alarm, and what was missed stays missed."""
    step_s = fast(given)
    moved, begun_us = given.bench.truth()["steps_moved"], given.clock.device_us
    handle = given.suffers("motor.stall")
    given.leave()
    sounds = given.bench.listen(duration_s=given.profile.motor.stall_detection_s - 60)
    given.bench.clear(handle)
    freed_us = given.clock.device_us
    sounds += given.bench.listen(duration_s=3 * S_PER_H)

    assert sounds == []
    given.alarms_none()
    steps = (given.clock.device_us - freed_us) / US_PER_S / step_s
    measure("steps after a short stall", given.bench.truth()["steps_moved"] - moved, unit="", low=steps - 1, high=steps + 1)
    assert given.clock.device_us > begun_us


@pytest.mark.pump_requirement("OC-07")
@needs("bench.needle", "bench.time", "bench.inject")
def test_stall_while_stopped_shows_after_the_start(given: Given, measure: Measure) -> None:
    """Stopped time does not count: nothing is known of it until the pump has tried for the detection time."""
    step_s = fast(given)
    given.wire.stop()
    given.suffers("motor.stall")
    given.bench.advance(hours=5)
    given.alarms_none()
    given.wire.start()
    started_us, detection_s = given.clock.device_us, given.profile.motor.stall_detection_s
    assert stalled(given), "a stall raises no alarm"

    delay_s = (given.wire.alarm(STALL).raised_us - started_us) / US_PER_S
    measure("time from START to the alarm", delay_s, unit="s", low=detection_s - 2 * step_s, high=detection_s + 2 * step_s)


@pytest.mark.pump_requirement("OC-07", deviates=("legacy-18",))
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.sound")
def test_stall_raises_no_alarm(given: Given, measure: Measure) -> None:
    """Delivery stands still for a day, and the pump neither tells nor sounds; the computed volume falls on."""
    given.running(given.prescribe.simple(20_000))
    given.bench.advance(hours=1)
    given.suffers("motor.stall")
    frozen, fill = given.bench.truth()["delivered_nl"], given.wire.condition().computed_reservoir_nl
    given.leave()
    sounds = given.bench.listen(duration_s=24 * S_PER_H)

    assert sounds == []
    given.alarms_none()
    measure("delivered in a stall", given.bench.truth()["delivered_nl"] - frozen, unit="nL", low=0, high=0)
    assert given.wire.condition().computed_reservoir_nl < fill


# -- the independent limiter --------------------------------------------------------------------------------------------


def therapy_of(given: Given, mode: str) -> Therapy:
    """One therapy of each mode."""
    if mode == "minimum":
        return given.prescribe.minimum()
    return given.prescribe.simple(20_000) if mode == "simple" else given.prescribe.flex((8_000, 12_000, 20_000))


def dosed(given: Given, dose: str) -> None:
    """Bring a dose under way beside, or in the place of, the basal."""
    if dose == "bolus":
        given.wire.bolus(100_000, S_PER_H)
    elif dose == "bridge":
        given.wire.ok("BRIDGE", Bridge(given.wire.next_id, 100_000, 100_000))
    elif dose == "prime":
        given.wire.stop()
        given.wire.ok("PRIME", Prime(given.wire.next_id, 300_000))


@pytest.mark.pump_requirement("FR-12", "OC-08")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@pytest.mark.parametrize("dose", ["basal", "bolus", "prime", "bridge"])
@pytest.mark.parametrize("mode", ["minimum", "simple", "flex"])
def test_motor_that_runs_away_is_stopped_and_alarms_at_once(given: Given, measure: Measure, mode: str, dose: str) -> None:
    """Ten pulses for each one: with the first step that is too many the limiter alarms, no more than its few steps have moved, and none
    moves for a day.
    """
    excess = given.profile.limiter.excess_steps
    given.running(therapy_of(given, mode))
    given.bench.advance(minutes=90)
    dosed(given, dose)
    before = given.bench.truth()
    given.suffers("motor.runaway", gain=10)
    assert given.bench.run_until("alarm:rate_limiter", limit_s=3 * S_PER_H), "it runs away without an alarm"
    after = given.bench.truth()
    commanded = after["steps_commanded"] - before["steps_commanded"]

    measure("steps commanded until the alarm", commanded, unit="", high=1)
    measure("steps too many", after["steps_moved"] - before["steps_moved"] - commanded, unit="", low=excess, high=excess)
    assert given.wire.condition().mode == Mode.STOPPED
    assert [record.device_us for record in given.wire.raised(LIMITER)] == [given.wire.alarm(LIMITER).raised_us]
    given.bench.advance(days=1)
    measure("steps in the day after", given.bench.truth()["steps_moved"] - after["steps_moved"], unit="", high=0)


@pytest.mark.pump_requirement("SF-18")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.image")
@pytest.mark.parametrize("state", ["running", "stopped", "hung"])
@pytest.mark.parametrize("pulses_per_h", [100, 10_000])
def test_driver_that_is_stuck_on_is_cut_off(given: Given, measure: Measure, state: str, pulses_per_h: int) -> None:
    """Whatever the firmware does, the limiter lets no more than its few steps pass, cuts the motor and alarms."""
    given.running(given.prescribe.simple(10_000))
    given.bench.advance(minutes=30)
    if state == "stopped":
        given.wire.stop()
    if state == "hung":
        given.suffers("firmware.hang", task="dosing")

    def sound() -> int:
        before = given.bench.truth()["steps_moved"]
        given.bench.advance(hours=2)
        return int(given.bench.truth()["steps_moved"]) - int(before)

    def stuck() -> int:
        given.suffers("motor.stuck_driver", pulses_per_h=pulses_per_h)
        moved = sound()
        assert LIMITER in given.wire.active(), "a driver that is stuck on raises no alarm"
        return moved

    ordinary, moved = given.apart(sound, stuck)
    excess = given.profile.limiter.excess_steps
    measure("steps too many", moved - ordinary if state == "stopped" else moved, unit="", low=excess, high=ordinary + excess)
    stopped_at = given.bench.truth()["steps_moved"]
    given.bench.advance(days=1)
    measure("steps in the day after", given.bench.truth()["steps_moved"] - stopped_at, unit="", high=0)
    assert given.wire.condition().rate_nl_per_h == 0


@pytest.mark.pump_requirement("SF-18")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.power")
def test_motor_that_was_cut_off_stays_off_over_a_reset(given: Given, measure: Measure) -> None:
    """Neither a reset nor START brings it back; after service, with the driver mended, it runs again."""
    given.running(given.prescribe.simple(20_000))
    handle = given.suffers("motor.stuck_driver", pulses_per_h=3_600)
    assert given.bench.run_until("alarm:rate_limiter", limit_s=S_PER_H), "a driver that is stuck on raises no alarm"
    given.bench.clear(handle)
    given.bench.reset()
    given.bench.run_until("ready", limit_s=70)
    moved = given.bench.truth()["steps_moved"]
    given.bench.advance(hours=5)
    measure("steps after a reset", given.bench.truth()["steps_moved"] - moved, unit="", high=0)
    assert LIMITER in given.wire.active()
    given.bench.service_reset()
    given.bench.run_until("ready", limit_s=70)
    given.wire.start()
    given.bench.advance(hours=5)
    measure("steps after service", given.bench.truth()["steps_moved"] - moved, unit="", low=1)
