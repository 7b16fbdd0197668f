"""The telemetry trap: interference while an alarm sounds, and a pump that gives nothing until somebody interrogates it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.prescription import Command, Prescription
from tests.support.boots import restarted
from tests.support.fields import LOW, magnet, sounding
from tests.support.patients import ask, patient
from tests.support.records import raised_us_of, step_times_us
from tests.support.therapies import (
    ML,
    US_PER_H,
    US_PER_MIN,
    US_PER_S,
    active_causes,
    bolus_of,
    flex,
    listed_causes,
    minimum,
    refill_of,
    running,
    simple,
)

COMMAND = Command(7, 9, bytes(range(16)))
FIELDS: dict[str, Callable[[Pump], object]] = {
    "mri": lambda pump: pump.inject("motor.mri", minutes=15, restart_minutes=0),
    "magnet": lambda pump: pump.inject("motor.magnet", minutes=15),
}
every_field = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS.keys())


def trapped(therapy: Prescription | None = None) -> Pump:
    """A pump in the trap, with the field gone."""
    pump = sounding(therapy)
    magnet(pump)
    return pump


def look(pump: Pump) -> None:
    """All a host may read without an INTERROGATE, and what a bench may."""
    pump.brief()
    pump.status()
    pump.read_log(0, 100)
    pump.last_effect_id()
    pump.effect(7)
    pump.load("bank_a")
    pump.truth()
    pump.digest()


@every_field
@pytest.mark.parametrize("therapy", [simple(20_000), flex(), minimum()], ids=["simple", "flex", "minimum"])
def test_pump_gives_nothing_and_believes_it_runs(therapy: Prescription, field: Callable[[Pump], object]) -> None:
    """From the field on no step is commanded, and none for days after it; mode and rate told are those of the therapy."""
    pump = sounding(therapy)
    steps, mode = pump.truth().steps_commanded, pump.status().mode
    field(pump)
    for _ in range(10):
        pump.advance(hours=12)
        status = pump.status()
        assert (pump.truth().steps_commanded, status.mode, status.stop_reason) == (steps, mode, "none")
        assert status.rate_nl_per_h > 0

    assert active_causes(pump) == [LOW]


def test_computed_reservoir_stands() -> None:
    """What is not commanded is not counted: the volume at the end of three days is that at the field's beginning."""
    pump = sounding()
    before = pump.status().computed_reservoir_nl
    magnet(pump)
    pump.advance(days=3)

    assert pump.status().computed_reservoir_nl == before
    assert pump.status().basal_nl == 20_000


def test_sound_goes_on_in_the_trap() -> None:
    """Each hour after the alarm's raise one single tone, in the field and after it."""
    pump = sounding()
    raised_us = raised_us_of(pump, LOW)
    pump.inject("motor.magnet", minutes=90)
    heard = pump.listen(5 * US_PER_H)

    assert [sound.began_us for sound in heard] == [raised_us + hour * US_PER_H for hour in range(1, 6)]
    assert {sound.pattern for sound in heard} == {"single-tone"}


def test_two_days_and_the_stall_stand_still() -> None:
    """In five days neither a pump stopped too long nor a stall is told, though nothing moved."""
    pump = sounding()
    pump.inject("motor.mri", minutes=60, restart_minutes=24 * 60)
    pump.advance(days=5)

    assert listed_causes(pump) == [LOW]


def test_looks_do_not_end_it_and_an_interrogation_does() -> None:
    """STATUS, the log and every other look leave it trapped; with the interrogation the therapy goes on at that instant."""
    pump = trapped()
    steps = pump.truth().steps_commanded
    for _ in range(5):
        look(pump)
        pump.advance(hours=1)
    assert pump.truth().steps_commanded == steps
    pump.interrogated()
    freed_us = pump.device_us
    pump.advance(hours=10)

    assert pump.status().rate_nl_per_h == 20_000
    assert pump.status().basal_nl == 20_000 + 20_000 * (pump.device_us - freed_us) // US_PER_H
    assert pump.truth().steps_moved == pump.truth().steps_commanded > steps


def test_nothing_is_made_up_after_it() -> None:
    """A trapped pump gives what its twin gives, less the time of the trap: the steps after it come as if that had never been."""
    pump, twin = trapped(), sounding()
    pump.advance(days=1)
    pump.interrogated()
    for each in (pump, twin):
        each.advance(days=2)

    assert abs(pump.truth().steps_commanded - twin.truth().steps_commanded) <= 1


def test_interrogation_within_the_field_ends_it_there() -> None:
    """Freed in the field, the pump commands again, and the rotor that is held is a stall, told by the rule of commanded time alone."""
    pump = sounding()
    pump.interrogated()
    field_us = pump.device_us
    pump.inject("motor.magnet", minutes=300)
    pump.advance(hours=2)
    pump.interrogated()
    trapped_us = pump.device_us - field_us
    steps = step_times_us(pump, 20_000, 400)
    last = pump.truth().steps_moved
    due_us = next(at_us for at_us in steps[last + 1 :] if at_us - steps[last - 1] >= 20 * US_PER_MIN) + trapped_us
    pump.advance_to(pump.true_us_of(due_us) - 1)
    assert active_causes(pump) == [LOW]
    pump.advance(us=1)

    assert active_causes(pump) == [LOW, "motor_stall"]
    assert raised_us_of(pump, "motor_stall") == due_us


def test_trap_after_a_stall_that_sounds() -> None:
    """A critical alarm is one too: stalled by a first field and told, the second field traps the pump, and no recovery is ever seen."""
    pump = running(simple(20_000))
    pump.inject("motor.mri", minutes=60, restart_minutes=0)
    pump.advance(minutes=59)
    assert active_causes(pump) == ["motor_stall"]
    pump.advance(minutes=2)
    steps = pump.truth().steps_commanded
    magnet(pump, minutes=1)
    pump.advance(days=1)
    assert (pump.truth().steps_commanded, active_causes(pump)) == (steps, ["motor_stall"])
    pump.interrogated()
    pump.advance(hours=1)

    assert active_causes(pump) == []
    assert pump.truth().steps_moved > 0


# -- when it does not come ------------------------------------------------------------------------------------------------------------


def silenced(pump: Pump) -> None:
    """The alarm is muted."""
    pump.silence(LOW)


def refilled(pump: Pump) -> None:
    """The alarm is gone, not yet acknowledged."""
    pump.refill(refill_of())


@pytest.mark.parametrize("quiet", [silenced, refilled], ids=["silenced", "gone"])
def test_no_trap_without_a_sounding_alarm(quiet: Callable[[Pump], object]) -> None:
    """A cause that is muted, or only listed, does not sound: the field holds the rotor while it lasts, and that is all."""
    pump = sounding()
    quiet(pump)
    magnet(pump)
    moved = pump.truth().steps_moved
    pump.advance(hours=10)

    assert pump.truth().steps_moved - moved == pytest.approx(10 * 80, abs=5)


def test_silence_that_has_just_ended_is_none() -> None:
    """At the microsecond at which the silence is over the alarm sounds again; one before it, the pump is not trapped."""
    for before_us, steps_in_an_hour in ((1, 80), (0, 0)):
        pump = sounding()
        until_us = pump.silence(LOW)
        pump.advance_to(pump.true_us_of(until_us - before_us))
        magnet(pump)
        commanded = pump.truth().steps_commanded
        pump.advance(hours=1)
        assert pump.truth().steps_commanded - commanded == pytest.approx(steps_in_an_hour, abs=1)


def test_acknowledged_alarm_sounds_and_traps() -> None:
    """Seen is not muted."""
    pump = sounding()
    pump.acknowledge(LOW)
    magnet(pump)
    steps = pump.truth().steps_commanded
    pump.advance(hours=5)

    assert pump.truth().steps_commanded == steps


def test_alarm_that_begins_in_the_field_does_not_trap() -> None:
    """It is the field's beginning that finds an alarm or does not; the alarm that comes later finds a pump that is no longer asked."""
    pump = running(simple(20_000))
    pump.inject("motor.magnet", minutes=60)
    pump.advance(minutes=5)
    pump.refill(refill_of(2 * ML))
    pump.advance(hours=3)

    assert active_causes(pump) == [LOW]
    assert pump.truth().steps_commanded == pytest.approx(3 * 80 + 7, abs=2)


def test_field_over_a_field_traps_no_second_time() -> None:
    """Interrogated in a field, a second magnet beside it is no new field; after both are gone the next one is."""
    pump = sounding()
    pump.inject("motor.magnet", minutes=60)
    pump.interrogated()
    magnet(pump)
    steps = pump.truth().steps_commanded
    pump.advance(hours=2)
    assert pump.truth().steps_commanded > steps + 100
    magnet(pump)
    steps = pump.truth().steps_commanded
    pump.advance(hours=2)

    assert pump.truth().steps_commanded == steps


@every_field
def test_mended_pump_is_never_trapped(field: Callable[[Pump], object]) -> None:
    """itp-40-next goes on commanding in the field and moves when the rotor is free."""
    pump = sounding(profile="itp-40-next")
    before = pump.truth().steps_commanded
    field(pump)
    pump.advance(minutes=15)
    moved = pump.truth().steps_moved
    pump.advance(hours=5)

    assert pump.truth().steps_commanded - before == pytest.approx(5.25 * 80, abs=2)
    assert pump.truth().steps_moved - moved == pytest.approx(5 * 80, abs=2)


@pytest.mark.parametrize("profile", ["itp-20", "legacy-18"])
def test_pumps_of_the_class_are_trapped(profile: str) -> None:
    """The small and the old pump as well."""
    pump = sounding(profile=profile)
    magnet(pump)
    steps = pump.truth().steps_commanded
    pump.advance(hours=5)

    assert pump.truth().steps_commanded == steps


# -- what happens in it -----------------------------------------------------------------------------------------------------------------


def test_trap_ends_a_bolus_with_what_it_had_given() -> None:
    """Its rest is neither commanded nor counted, and after the interrogation it is not resumed."""
    pump = sounding()
    pump.bolus(bolus_of(60_000, 3_600), COMMAND)
    pump.advance(minutes=30)
    given_nl = pump.status().bolus_nl
    magnet(pump)
    pump.advance(hours=3)
    pump.interrogated()
    pump.advance(hours=3)
    effect = pump.effect(7)

    assert effect is not None
    assert effect.dose is not None
    assert (effect.dose.end, effect.dose.delivered_nl, pump.status().bolus_nl) == ("interrupted", given_nl, given_nl)
    assert abs(given_nl - 30_000) <= 2


def test_no_dose_is_granted_in_it() -> None:
    """A patient who asks, and a clinician, are refused: what is granted must be given."""
    pump = trapped(patient(therapy=simple(20_000)))
    pump.advance(hours=2)
    for order in (ask, lambda pump: pump.bolus(bolus_of(1_000, 60)), lambda pump: pump.bridge(1_000, 10_000)):
        with pytest.raises(Refused, match="NOT_RUNNING"):
            order(pump)
    pump.interrogated()

    assert pump.patient_bolus().duration_s == 600


def test_reset_ends_it() -> None:
    """The firmware that starts anew is in no telemetry mode."""
    pump = trapped()
    steps = pump.truth().steps_commanded
    restarted(pump)
    pump.advance(hours=1)

    assert pump.truth().steps_commanded - steps == pytest.approx(80, abs=1)


def test_stop_in_the_trap_is_a_stop() -> None:
    """Stopped there, the two days begin to count; START after an interrogation runs it."""
    pump = trapped()
    assert pump.stop() == "stopped"
    stopped_us = pump.device_us
    pump.advance(hours=49)
    assert raised_us_of(pump, "stopped_too_long") == stopped_us + 48 * US_PER_H
    pump.interrogated()
    pump.start()
    steps = pump.truth().steps_commanded
    pump.advance(hours=1)

    assert pump.truth().steps_commanded - steps == pytest.approx(80, abs=1)


def test_flex_goes_on_by_the_clock_after_it() -> None:
    """The step in force after the interrogation is the one that the clock shows then."""
    pump = trapped(flex((8_000, 20_000)))
    midnight_us = pump.status().clock_us // (24 * US_PER_H) * 24 * US_PER_H
    pump.set_clock(midnight_us + 11 * US_PER_H)
    assert pump.status().rate_nl_per_h == 8_000
    pump.advance(hours=2)
    pump.interrogated()
    nl = pump.status().basal_nl
    pump.advance(hours=1)

    assert pump.status().rate_nl_per_h == 20_000
    assert abs(pump.status().basal_nl - nl - 20_000) <= 1


def test_self_tests_and_scrubs_go_on_in_it() -> None:
    """Safety does not depend on dosing: a failing test is told at the hour, and motor off it is then."""
    pump = trapped()
    pump.inject("firmware.selftest_fail", test="rom")
    pump.advance(hours=1)
    assert active_causes(pump) == [LOW, "self_test_rom"]
    pump.interrogated()
    pump.advance(hours=1)

    assert pump.status().mode == "stopped"


def test_saved_in_the_trap_it_goes_on_in_the_trap() -> None:
    """Restored from an image, or looked at in pieces, it is the same pump to the bit."""
    pump, pieces = trapped(), trapped()
    again = Pump.restore(pump.save())
    for each in (pump, again):
        each.advance(days=2)
    while pieces.now_us < pump.now_us:
        look(pieces)
        pieces.advance_to(min(pump.now_us, pieces.now_us + 7_777 * US_PER_S))

    assert pump.digest() == again.digest() == pieces.digest()
