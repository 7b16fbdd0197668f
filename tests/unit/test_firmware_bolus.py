"""Single boluses: exact end, one at a time, fitted under the maximum, interrupted with what was delivered."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Busy, PowerCut, Refused
from firmware_sim.firmware.doses import Dose
from firmware_sim.firmware.prescription import Command, Prescription
from tests.support.therapies import ML, US_PER_H, US_PER_S, bolus_of, flex, group_of, prescription_of, running, simple, steps_of

WEAK = 50_000
CALM_THEN_STEEP = prescription_of(
    "flex", (group_of(steps_of((8_000, 500_000, 900_000), (0, 60, 600)), concentration=WEAK),), concentration=WEAK
)
MIDNIGHT_US = 9_497 * 86_400 * US_PER_S


def command(number: int) -> Command:
    """A command with this id."""
    return Command(number, 9, number.to_bytes(16, "little"))


def dose_of(pump: Pump, number: int) -> Dose:
    """The delivery record of a command."""
    effect = pump.effect(number)
    assert effect is not None
    assert effect.dose is not None
    return effect.dose


def steep() -> Pump:
    """A pump at midnight of a day that begins calm and turns steep."""
    pump = running(CALM_THEN_STEEP, volume_nl=40 * ML)
    pump.set_clock(MIDNIGHT_US)
    return pump


@pytest.mark.pump_requirement("BO-01")
def test_bolus_ends_on_its_volume_and_its_microsecond() -> None:
    """An odd volume in an odd time ends exactly: the sum is the volume, and the record says done."""
    pump = running()
    plan = pump.bolus(bolus_of(12_346, 601), command(5))
    pump.advance_to(pump.true_us_of(plan.end_us) - 1)
    assert pump.status().bolus is not None
    assert dose_of(pump, 5).end is None

    pump.advance(us=1)
    assert (pump.status().bolus, pump.status().bolus_nl) == (None, 12_346)
    assert (dose_of(pump, 5).end, dose_of(pump, 5).delivered_nl, dose_of(pump, 5).programmed_nl) == ("done", 12_346, 12_346)
    assert pump.status().rate_nl_per_h == 10_000


def test_bolus_adds_to_the_basal() -> None:
    """While it runs, the rate is the sum, rounded up; the mode stays; basal counts as if there were no bolus."""
    pump = running()
    pump.bolus(bolus_of(10_000, 3_600))
    assert (pump.status().rate_nl_per_h, pump.status().mode) == (20_000, "simple")

    pump.advance(hours=2)
    assert pump.status().basal_nl in (20_000, 20_001)


def test_one_bolus_at_a_time() -> None:
    """A second bolus is BUSY until the first ends; then it is welcome."""
    pump = running()
    plan = pump.bolus(bolus_of(10_000, 600))
    with pytest.raises(Busy) as busy:
        pump.bolus(bolus_of(10_000, 600))
    assert busy.value.until_us == plan.end_us

    pump.advance_to(pump.true_us_of(busy.value.until_us))
    pump.bolus(bolus_of(10_000, 600))


@pytest.mark.parametrize("act", [lambda pump: pump.commit(simple()), lambda pump: pump.set_clock(0)], ids=["commit", "set_clock"])
def test_orders_that_would_disturb_a_bolus_wait(act: object) -> None:
    """COMMIT and SET_CLOCK are BUSY while a bolus runs, and change nothing."""
    pump = running()
    pump.bolus(bolus_of(10_000, 600))
    before = pump.digest("therapy")
    assert callable(act)

    with pytest.raises(Busy):
        act(pump)
    assert pump.digest("therapy") == before


@pytest.mark.parametrize("mode", ["shelf", "stopped"])
def test_no_bolus_without_basal(mode: str) -> None:
    """A bolus is an overlay on a running mode: else NOT_RUNNING."""
    pump = running() if mode == "stopped" else Pump()
    pump.stop()

    with pytest.raises(Refused, match="NOT_RUNNING"):
        pump.bolus(bolus_of(1_000, 60))


@pytest.mark.pump_requirement("BO-03")
def test_bolus_at_the_maximum_is_accepted_and_one_more_is_not() -> None:
    """The sum may be the maximum; half a nanolitre an hour more is RATE_LIMIT with the duration that would fit."""
    pump = running(simple(10_000))
    pump.check_bolus(bolus_of(990_000, 3_600))
    with pytest.raises(Refused) as refusal:
        pump.check_bolus(bolus_of(990_002, 3_600))

    told = refusal.value
    assert (told.code, told.field, told.value, told.limit, told.unit) == ("RATE_LIMIT", "DURATION", 3_600, 3_601, "S")


@pytest.mark.pump_requirement("BO-03")
def test_bolus_that_may_be_lengthened_says_its_new_duration() -> None:
    """With leave to lengthen, it runs in the shortest whole seconds that fit, and the plan says so."""
    pump = running(simple(10_000))
    plan = pump.bolus(bolus_of(990_002, 3_600, may_lengthen=True))

    assert (plan.duration_s, plan.end_us) == (3_601, 3_601 * US_PER_S)
    status = pump.status()
    assert status.bolus is not None
    assert status.bolus.end_us == plan.end_us
    assert 0 < status.rate_nl_per_h <= 1_000_000


def test_bolus_is_judged_against_the_highest_step_it_touches() -> None:
    """At midnight the rate is low; a bolus that reaches into the steep step at 01:00 is judged by that one, one that ends there is not."""
    pump = steep()
    pump.check_bolus(bolus_of(900_000, 3_600, concentration=WEAK))
    with pytest.raises(Refused, match="RATE_LIMIT"):
        pump.check_bolus(bolus_of(900_000, 3_601, concentration=WEAK))


@pytest.mark.parametrize(("volume_nl", "duration_s"), [(400_000, 1_000), (1_000_000, 3_000), (3_000_000, 3_600)])
def test_refused_duration_names_one_that_would_be_accepted(volume_nl: int, duration_s: int) -> None:
    """RATE_LIMIT's limit is a duration with which the same bolus is accepted."""
    pump = steep()
    with pytest.raises(Refused, match="RATE_LIMIT") as refusal:
        pump.check_bolus(bolus_of(volume_nl, duration_s, concentration=WEAK))

    assert pump.check_bolus(bolus_of(volume_nl, refusal.value.limit, concentration=WEAK)).duration_s == refusal.value.limit


def test_bolus_that_cannot_fit_in_a_day_is_refused_even_if_it_may_be_lengthened() -> None:
    """No duration up to the longest fits: RATE_LIMIT stays."""
    pump = running(simple(950_000, concentration=WEAK), volume_nl=40 * ML)

    with pytest.raises(Refused, match="RATE_LIMIT"):
        pump.bolus(bolus_of(5 * ML, 3_600, may_lengthen=True, concentration=WEAK))


@pytest.mark.parametrize("full_rate", [simple(1_000_000, concentration=WEAK)], ids=["maximum"])
def test_no_bolus_on_top_of_the_maximum(full_rate: Prescription) -> None:
    """At the maximum basal rate there is no room for any bolus."""
    pump = running(full_rate)

    with pytest.raises(Refused, match="RATE_LIMIT"):
        pump.bolus(bolus_of(260, 86_400, may_lengthen=True, concentration=WEAK))


def test_stop_interrupts_with_what_was_delivered() -> None:
    """STOP in mid-bolus: the record says interrupted with its own commanded part, floored, and the rest is never given."""
    pump = running()
    pump.bolus(bolus_of(100_000, 3_600), command(5))
    pump.advance(us=US_PER_H // 3 + 1)
    elapsed_us = pump.device_us
    pump.stop()
    pump.start()
    pump.advance(hours=3)

    assert dose_of(pump, 5).end == "interrupted"
    assert dose_of(pump, 5).delivered_nl == 100_000 * elapsed_us // US_PER_H == pump.status().bolus_nl


@pytest.mark.pump_requirement("LG-10")
@pytest.mark.parametrize("off_us", [0, 2 * US_PER_H], ids=["reset", "power cut"])
def test_power_loss_interrupts_and_nothing_is_resumed(off_us: int) -> None:
    """After a reset or a dark time the bolus is INTERRUPTED with what was commanded when power failed; the therapy goes on."""
    pump = running()
    pump.bolus(bolus_of(100_000, 3_600), command(5))
    pump.advance(minutes=30)
    lost_us = pump.device_us
    pump.power_cut(off_us=off_us)
    pump.advance(us=off_us)
    dose, status = dose_of(pump, 5), pump.status()

    assert (dose.end, dose.delivered_nl) == ("interrupted", 100_000 * lost_us // US_PER_H)
    assert (status.bolus, status.mode, status.bolus_nl) == (None, "simple", dose.delivered_nl)
    assert status.basal_nl in (5_000, 5_001)
    pump.advance(hours=1)
    assert pump.status().bolus_nl == dose.delivered_nl


def test_clock_jump_into_a_steep_step_interrupts() -> None:
    """A jump that would lift the sum above the maximum ends the bolus at that instant; one that would not leaves it."""
    pump = steep()
    pump.bolus(bolus_of(400_000, 3_600, concentration=WEAK), command(5))
    pump.advance(minutes=6)
    pump.inject("clock.jump", jump_us=2 * US_PER_H)
    assert pump.status().bolus is not None
    assert pump.status().rate_nl_per_h == 900_000

    delivered = pump.status().bolus_nl
    pump.inject("clock.jump", jump_us=9 * US_PER_H)
    assert (pump.status().bolus, pump.status().rate_nl_per_h) == (None, 900_000)
    assert (dose_of(pump, 5).end, dose_of(pump, 5).delivered_nl) == ("interrupted", delivered)


def test_records_are_a_ring_of_sixteen() -> None:
    """The last sixteen doses can be asked for; the seventeenth takes the place of the oldest."""
    pump = running()
    for number in range(1, 18):
        pump.bolus(bolus_of(1_000 + 2 * number, 60), command(number))
        pump.advance(minutes=1)

    assert pump.effect(1) is None
    assert [dose_of(pump, number).programmed_nl for number in range(2, 18)] == [1_000 + 2 * number for number in range(2, 18)]
    assert pump.last_effect_id() == 17


@pytest.mark.parametrize("cut", [0, 1, 20, 43, 44, 45, 55, 68, 69, 70, 80, 110, 120])
def test_cut_within_a_new_record_never_touches_an_older_outcome(cut: int) -> None:
    """Power dies while the seventeenth record is begun: the oldest is told as it was or no more, all others as they were."""
    pump = running()
    for number in range(1, 17):
        pump.bolus(bolus_of(1_000, 60), command(number))
        pump.advance(minutes=1)
    pump.power_cut(after_bytes=cut)
    with pytest.raises(PowerCut):
        pump.bolus(bolus_of(1_000, 60), command(17))
    pump.advance(seconds=1)

    oldest, newest = pump.effect(1), pump.effect(17)
    assert oldest is None or dose_of(pump, 1).end == "done"
    assert [dose_of(pump, number).end for number in range(2, 17)] == ["done"] * 15
    assert newest is None or (dose_of(pump, 17).end, dose_of(pump, 17).delivered_nl) == ("interrupted", 0)
    assert pump.status().bolus_nl == 16_000


def test_flex_goes_on_under_a_bolus() -> None:
    """The basal step changes while a bolus runs; both accounts are their own."""
    pump = running(flex((8_000, 20_000)))
    pump.set_clock(MIDNIGHT_US + 11 * US_PER_H + US_PER_H // 2)
    pump.bolus(bolus_of(10_000, 3_600))
    assert pump.status().rate_nl_per_h == 18_000
    pump.advance(minutes=31)

    assert pump.status().rate_nl_per_h == 30_000
