"""Faults of motor and rotor: what the driver's feedback tells, what nothing tells, and what comes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim.errors import BenchRefused, Refused
from firmware_sim.pump import Pump
from tests.faults.cases import shows
from tests.support.bed import PATH_NL, RATE, Bed
from tests.support.therapies import ML, US_PER_MIN, US_PER_S, active_causes, bolus_of, flex, listed_causes, minimum, simple

EXCESS_STEPS = 8
"""The independent limiter's allowance: 2 uL."""
STEP_NL = 250


def raised(pump: Pump, cause: str = "ALARM_RAISED") -> list[int]:
    """True times of a kind of record in the trace."""
    return [int(str(record["now_us"])) for record in pump.events() if record.get("event") == cause]


# -- the rotor is held --------------------------------------------------------------------------------------------------------------


@shows("motor.stall", "truth", "misses")
@pytest.mark.pump_requirement("OC-07")
def test_stall_gives_nothing_and_nothing_is_caught_up() -> None:
    """Three hours held: the computed reservoir falls on, nothing leaves, and afterwards the rate is the rate."""
    bed = Bed()
    handle = bed.pump.inject("motor.stall")
    assert bed.live(hours=3) == 0
    assert bed.pump.status().computed_reservoir_nl == int(20 * ML - RATE * bed.hours)
    assert bed.pump.truth().reservoir_nl == 20 * ML

    bed.pump.clear(handle)
    bed.mark()
    assert bed.live(hours=5) == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@shows("motor.stall", "notices")
@pytest.mark.parametrize("rate", [10_000, 40_000, 80_000])
def test_stall_shows_after_twenty_minutes_and_so_does_recovery(rate: int) -> None:
    """Not before 20 minutes of commanded motion, not later than two steps after them; the alarm goes the same way."""
    step_us = STEP_NL * 3_600 * US_PER_S // rate
    bed = Bed(simple(rate))
    bed.pump.advance(minutes=10)
    begin_us = bed.pump.now_us
    handle = bed.pump.inject("motor.stall")
    bed.pump.advance(hours=1)
    end_us = bed.pump.now_us
    bed.pump.clear(handle)
    bed.pump.advance(hours=1)

    assert -step_us * 1.2 <= raised(bed.pump)[0] - begin_us - 20 * US_PER_MIN <= 2.4 * step_us
    assert (active_causes(bed.pump), listed_causes(bed.pump)) == ([], ["motor_stall"])
    bed.pump.interrogated()
    cleared = bed.pump.events()[-1]
    assert cleared["event"] == "ALARM_CLEARED"
    assert -step_us * 1.2 <= int(str(cleared["value"])) - bed.pump.truth().clock_error_us - end_us - 20 * US_PER_MIN <= 2.4 * step_us


@shows("motor.stall", "misses")
def test_stall_while_stopped_shows_only_once_it_should_turn() -> None:
    """Stopped for a day with the rotor held: nothing but the day's own causes; the stall comes after the start."""
    bed = Bed()
    bed.pump.stop()
    bed.pump.inject("motor.stall")
    bed.pump.advance(hours=24)
    assert listed_causes(bed.pump) == []

    bed.pump.start()
    bed.pump.advance(minutes=22)
    assert active_causes(bed.pump) == ["motor_stall"]


@shows("motor.permanent_stall", "notices", "truth")
def test_permanent_stall_is_a_stall_that_nothing_takes_back() -> None:
    """It shows like any other; the bench cannot clear it, and a reset or service does not either."""
    bed = Bed()
    handle = bed.pump.inject("motor.permanent_stall")
    bed.pump.advance(minutes=22)
    assert active_causes(bed.pump) == ["motor_stall"]
    with pytest.raises(BenchRefused, match="stays"):
        bed.pump.clear(handle)
    bed.pump.service_reset()

    assert bed.live(days=3) == 0
    assert active_causes(bed.pump) == ["motor_stall"]


@shows("motor.permanent_stall", "misses")
def test_permanent_stall_empties_the_reservoir_by_belief_alone() -> None:
    """It goes on commanding: low and empty are raised by computation while every drop is still there."""
    bed = Bed(volume_nl=4 * ML)
    bed.pump.inject("motor.permanent_stall")
    bed.pump.advance(hours=4 * ML // RATE + 1)

    assert active_causes(bed.pump) == ["motor_stall", "low_reservoir", "empty_reservoir"]
    assert bed.pump.truth().reservoir_nl == 4 * ML


@shows("motor.intermittent_stall", "notices", "truth")
def test_long_turns_are_noticed_each_time() -> None:
    """An hour held, three hours free, for two days: twelve alarms, and three quarters of the dose."""
    bed = Bed()
    bed.pump.inject("motor.intermittent_stall", stalled_minutes=60, moving_minutes=180)
    given_ng = bed.live(days=2)

    assert len(raised(bed.pump)) == 48 // 4
    assert given_ng == pytest.approx(bed.meant_ng() * 3 / 4, abs=12 * bed.step_ng)


@shows("motor.intermittent_stall", "misses")
def test_turns_shorter_than_the_detection_time_are_missed() -> None:
    """Nineteen minutes of each forty: no alarm, no record, and 21/40 of the dose."""
    bed = Bed()
    bed.pump.inject("motor.intermittent_stall", stalled_minutes=19, moving_minutes=21)
    given_ng = bed.live(days=2)

    assert (listed_causes(bed.pump), raised(bed.pump)) == ([], [])
    assert given_ng == pytest.approx(bed.meant_ng() * 21 / 40, abs=72 * bed.step_ng)


# -- magnets ------------------------------------------------------------------------------------------------------------------------


@shows("motor.mri", "notices", "truth")
@pytest.mark.parametrize("restart_minutes", [0, 15, 300])
def test_rotor_is_held_for_the_exposure_and_until_it_comes_free(restart_minutes: int) -> None:
    """Forty minutes in the field: stall and recovery, and the dose of all that time is lost."""
    bed = Bed()
    bed.pump.inject("motor.mri", minutes=40, restart_minutes=restart_minutes)
    given_ng = bed.live(hours=10)

    assert given_ng == pytest.approx(bed.meant_ng(10 - (40 + restart_minutes) / 60), abs=2 * bed.step_ng)
    assert (active_causes(bed.pump), listed_causes(bed.pump)) == ([], ["motor_stall"])
    assert bed.pump.truth().faults == ()


@shows("motor.mri", "misses")
def test_exposure_of_a_stopped_pump_is_not_noticed() -> None:
    """Stopped before the scan and started an hour later, the pump has nothing to tell of it."""
    bed = Bed()
    bed.pump.stop()
    bed.pump.inject("motor.mri", minutes=30)
    bed.pump.advance(hours=1)
    bed.pump.start()
    bed.pump.advance(hours=2)

    assert listed_causes(bed.pump) == []


@shows("motor.mri", "misses", "truth")
def test_stop_before_the_scan_delays_what_shows_a_rotor_that_does_not_come_free() -> None:
    """The stall begins in the field and lasts five hours; the stopped pump shows it 20 minutes after its start, four hours on."""
    stopped, running = Bed(), Bed()
    stopped.pump.stop()
    for bed in (stopped, running):
        bed.pump.inject("motor.mri", minutes=60, restart_minutes=300)
        bed.pump.advance(hours=4)
    stopped.pump.start()
    started_us = stopped.pump.now_us
    stopped.pump.advance(hours=1)

    assert raised(stopped.pump)[-1] - started_us >= 19 * US_PER_MIN
    assert raised(stopped.pump)[-1] - raised(running.pump)[-1] >= 4 * 60 * US_PER_MIN - 2 * US_PER_MIN


@shows("motor.magnet", "notices", "truth")
def test_magnet_of_half_an_hour_is_a_stall() -> None:
    """Noticed, over by itself, and half an hour of the dose is lost."""
    bed = Bed()
    bed.pump.inject("motor.magnet", minutes=30)
    given_ng = bed.live(hours=5)

    assert (active_causes(bed.pump), listed_causes(bed.pump)) == ([], ["motor_stall"])
    assert given_ng == pytest.approx(bed.meant_ng(4.5), abs=2 * bed.step_ng)


@shows("motor.magnet", "misses")
def test_magnet_of_a_quarter_hour_is_not() -> None:
    """Four times a day: an hour of the dose is lost, and nobody is told."""
    bed = Bed()
    for _ in range(4):
        bed.pump.inject("motor.magnet", minutes=15)
        bed.pump.advance(hours=6)

    assert (listed_causes(bed.pump), raised(bed.pump)) == ([], [])
    assert bed.given_ng == pytest.approx(bed.meant_ng(23), abs=8 * bed.step_ng)


# -- every step carries too little or too much ----------------------------------------------------------------------------------------


@shows("motor.gear_wear", "truth")
@pytest.mark.parametrize("over_days", [0, 8])
def test_worn_gear_loses_its_share(over_days: int) -> None:
    """A tenth in the end; on the way there half of it on the average, and as much more is left in the reservoir."""
    bed = Bed()
    bed.pump.inject("motor.gear_wear", loss_ppm=100_000, over_days=over_days)
    bed.pump.advance(days=12)

    lost_share = (0.05 * over_days + 0.1 * (12 - over_days)) / 12
    assert bed.given_ng == pytest.approx(bed.meant_ng() * (1 - lost_share), abs=bed.step_ng)
    assert bed.pump.truth().reservoir_nl == pytest.approx(20 * ML - bed.meant_nl() * (1 - lost_share), abs=bed.step_nl)


@shows("motor.gear_wear", "notices", "misses")
@pytest.mark.pump_requirement("RS-07")
def test_worn_gear_shows_at_a_refill_only() -> None:
    """Half of each step slips: driver and rotor answer, no cause; the needle finds what was not given."""
    bed = Bed()
    bed.pump.inject("motor.gear_wear", loss_ppm=500_000)
    bed.pump.advance(days=10)
    assert listed_causes(bed.pump) == []
    meant_nl = bed.meant_nl()
    withdrawn_nl, expected_nl = bed.visit(20 * ML)

    assert expected_nl == pytest.approx(20 * ML - meant_nl / bed.unit, abs=bed.step_nl)
    assert withdrawn_nl == pytest.approx(20 * ML - meant_nl / 2, abs=bed.step_nl)


@shows("motor.over_infusion", "truth", "notices")
@pytest.mark.parametrize("excess_ppm", [145_000, 300_000, 1_000_000])
def test_over_infusing_pump_gives_its_excess_in_silence(excess_ppm: int) -> None:
    """Every step carries more, and no cause is raised."""
    bed = Bed()
    bed.pump.inject("motor.over_infusion", excess_ppm=excess_ppm)
    bed.pump.advance(days=5)

    assert bed.given_ng == pytest.approx(bed.meant_ng() * (1 + excess_ppm / ML), abs=2 * bed.step_ng)
    assert listed_causes(bed.pump) == []


@shows("motor.over_infusion", "misses")
@pytest.mark.pump_requirement("RS-07")
def test_over_infusing_pump_runs_dry_before_its_low_alarm() -> None:
    """At +30 % the last drop has gone when the pump computes that 23 % are left; nothing is raised until its own count is low."""
    bed = Bed()
    bed.pump.inject("motor.over_infusion", excess_ppm=300_000)
    dry_h = 20 * ML / (RATE * bed.unit * 1.3)
    bed.pump.advance(hours=int(dry_h) + 1)

    assert bed.pump.truth().reservoir_nl == 0
    assert bed.pump.status().computed_reservoir_nl == pytest.approx(20 * ML * (1 - 1 / (1.3 * bed.unit)), abs=RATE)
    assert listed_causes(bed.pump) == []
    assert bed.live(days=1) == 0


# -- more pulses than commanded -----------------------------------------------------------------------------------------------------


def _bolus(pump: Pump) -> None:
    pump.bolus(bolus_of(100_000, 3_600))


def _prime(pump: Pump) -> None:
    pump.stop()
    pump.prime(PATH_NL)


MODES: dict[str, Callable[[Pump], object]] = {
    "minimum rate": lambda pump: pump.commit(minimum()),
    "simple": lambda pump: pump.commit(simple(RATE)),
    "flex": lambda pump: pump.commit(flex()),
    "bolus": _bolus,
    "bridge": lambda pump: pump.bridge(PATH_NL, RATE),
    "prime": _prime,
}


@shows("motor.runaway", "notices", "truth")
@pytest.mark.pump_requirement("OC-08", "FR-12")
@pytest.mark.parametrize("gain", [2, 5, 10, 1_000])
@pytest.mark.parametrize("mode", MODES)
def test_runaway_is_cut_off_within_the_limiters_excess(mode: str, gain: int) -> None:
    """In every mode: the independent limiter cuts the motor off, with its own cause, and no more than its excess was given too much."""
    bed = Bed()
    MODES[mode](bed.pump)
    bed.pump.inject("motor.runaway", gain=gain)
    before = bed.pump.truth()
    bed.pump.advance(hours=10)
    after = bed.pump.truth()

    too_many = after.steps_moved - before.steps_moved - (after.steps_commanded - before.steps_commanded)
    assert too_many == EXCESS_STEPS
    assert active_causes(bed.pump) == ["rate_limiter"]
    assert bed.pump.status().mode == "stopped"
    assert bed.live(days=1) == 0


@shows("motor.runaway", "misses")
def test_runaway_that_is_over_is_still_off_until_service() -> None:
    """The latch outlives the fault and a reset; service opens it, and then the therapy runs when it is started."""
    bed = Bed()
    handle = bed.pump.inject("motor.runaway", gain=3)
    bed.pump.advance(hours=1)
    bed.pump.clear(handle)
    bed.pump.reset()
    bed.pump.advance(minutes=1)
    with pytest.raises(Refused, match="MOTOR_OFF"):
        bed.pump.start()

    bed.pump.service_reset()
    bed.pump.advance(minutes=1)
    bed.pump.start()
    bed.mark()
    assert bed.live(hours=5) == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@shows("motor.stuck_driver", "notices", "truth", "misses")
@pytest.mark.pump_requirement("SF-18", "FR-12")
@pytest.mark.parametrize("pulses_per_h", [60, 3_600, 1_000_000])
@pytest.mark.parametrize("stopped", [False, True])
def test_stuck_driver_is_cut_off_in_every_mode(pulses_per_h: int, stopped: bool) -> None:
    """Its pulses need no command; after the limiter's excess of them the motor is off, stopped pump or not."""
    bed = Bed()
    if stopped:
        bed.pump.stop()
    bed.pump.inject("motor.stuck_driver", pulses_per_h=pulses_per_h)
    before = bed.pump.truth()
    cut_us = -(-EXCESS_STEPS * 3_600 * US_PER_S // pulses_per_h)
    bed.pump.advance(us=cut_us - 1)
    assert active_causes(bed.pump) == []
    bed.pump.advance(us=1)
    assert active_causes(bed.pump) == ["rate_limiter"]
    after = bed.pump.truth()

    too_many = after.steps_moved - before.steps_moved - (after.steps_commanded - before.steps_commanded)
    assert too_many == EXCESS_STEPS
    assert bed.live(days=1) == 0
