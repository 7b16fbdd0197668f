"""Bridge boluses: old drug runs out at its old rate before the new therapy begins, so that the dose at the tip never changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.doses import Dose
from firmware_sim.firmware.prescription import Command, PatientRule, Prescription
from firmware_sim.profile import Profile, load_profile
from tests.support.boots import SELF_TEST_US, restarted, wait_for_self_test
from tests.support.therapies import ML, US_PER_H, active_causes, bolus_of, flex, refill_of, running, simple

TUBING_NL = 140_000
PATH_NL = TUBING_NL + 890 * 220
RESIDUAL_NL = 1_400_000
FILL_NL = 20 * ML
DOSE_NG_PER_DAY = 240_000
"""What the patient gets all along."""
WEAK, STRONG = 500_000, 2_000_000
CHANGES = pytest.mark.parametrize(("old", "new"), [(WEAK, STRONG), (STRONG, WEAK)], ids=["stronger", "weaker"])
BRIDGE = Command(5, 9, bytes(16))


def rate_of(concentration: int) -> int:
    """nL/h that give the daily dose: 20,000 of the weak, 5,000 of the strong."""
    return DOSE_NG_PER_DAY * ML // (24 * concentration)


def therapy_of(concentration: int) -> Prescription:
    """The daily dose at this strength."""
    return simple(rate_of(concentration), concentration=concentration)


def ideal() -> Profile:
    """A pump that leaves nothing behind, gives what it counts, and is what its box says."""
    shipped = load_profile("itp-40")
    motor = replace(shipped.motor, unit_error_sd_ppm=0, printed_sd_ppm=0)
    return replace(shipped, reservoir=replace(shipped.reservoir, residual_nl=0), motor=motor)


def changing(old: int, new: int, profile: str | Profile = "itp-40", seed: int = 0) -> Pump:
    """A pump in which old drug has reached the tip, just emptied, filled with new drug, told so, and given the new therapy."""
    pump = running(therapy_of(old), FILL_NL, seed, profile)
    pump.advance(days=5)
    pump.needle(withdraw_nl=None, inject_nl=FILL_NL, concentration_ng_per_ml=new)
    pump.refill(refill_of(FILL_NL, new))
    pump.commit(therapy_of(new))
    return pump


def dose_now(pump: Pump) -> Fraction:
    """What the tip gives at this instant, in ng a day."""
    truth = pump.truth()
    flow_nl_per_h = Fraction(pump.status().rate_nl_per_h * (1_000_000 + truth.unit_error_ppm), 1_000_000)
    return flow_nl_per_h * truth.tip_concentration_ng_per_ml * 24 / ML


def hourly_doses(pump: Pump, hours: int) -> list[Fraction]:
    """The dose at every hour, as a share of the daily dose."""
    shares = []
    for _ in range(hours):
        shares.append(dose_now(pump) / DOSE_NG_PER_DAY)
        pump.advance(hours=1)
    return shares


def dose_of(pump: Pump) -> Dose:
    """The bridge's delivery record."""
    effect = pump.effect(BRIDGE.command_id)
    assert effect is not None
    assert effect.dose is not None
    assert effect.dose.kind == "bridge"
    return effect.dose


# -- what the patient gets --------------------------------------------------------------------------------------------------------


@CHANGES
def test_dose_at_the_tip_stays_through_a_change_with_a_bridge(old: int, new: int) -> None:
    """Plug flow, no residual, no error: every hour of the days around the change gives the daily dose within one per cent, and so does
    every span of ten hours by what has passed the tip.
    """
    pump = changing(old, new, ideal())
    assert pump.truth().reservoir_concentration_ng_per_ml == new
    pump.bridge(PATH_NL, rate_of(old))
    shares, passed = [], [pump.truth().delivered_ng]
    for _ in range(14):
        shares += hourly_doses(pump, 10)
        passed.append(pump.truth().delivered_ng)

    assert all(abs(share - 1) < Fraction(1, 100) for share in shares)
    step_ng = 250 * max(old, new) // ML
    for place in range(1, len(passed)):
        assert passed[place] - passed[place - 1] == pytest.approx(DOSE_NG_PER_DAY * 10 / 24, rel=0.01, abs=step_ng)


@CHANGES
def test_change_without_a_bridge_gives_the_ratio_for_the_path_volume(old: int, new: int) -> None:
    """Left out, old drug runs at the new rate: C_old / C_new of the dose, for (tubing + catheter) / new rate, and then the dose again."""
    pump = changing(old, new, ideal())
    ratio, lasts_us = Fraction(old, new), Fraction(PATH_NL * US_PER_H, rate_of(new))
    began_us = pump.device_us
    assert dose_now(pump) / DOSE_NG_PER_DAY == ratio
    step_us = 250 * US_PER_H // rate_of(new)
    pump.advance_to(pump.true_us_of(began_us + int(lasts_us) - 2 * step_us))
    assert dose_now(pump) / DOSE_NG_PER_DAY == ratio
    pump.advance_to(pump.true_us_of(began_us + int(lasts_us) + 2 * step_us))

    assert dose_now(pump) / DOSE_NG_PER_DAY == 1


@CHANGES
@pytest.mark.parametrize("seed", range(4))
def test_shipped_pump_gives_the_dose_of_the_mixed_strength(old: int, new: int, seed: int) -> None:
    """With residual and unit error: after the bridge the dose is that of (residual x C_old + V x C_new) / (residual + V) at the unit's own
    flow, within one per cent, and before it that of the old drug. In between stands what the unit's error makes of the path volume.
    """
    before = running(therapy_of(old), FILL_NL, seed)
    before.advance(days=5)
    held = before.truth().reservoir_concentration_ng_per_ml
    pump = changing(old, new, seed=seed)
    unit = 1 + Fraction(pump.truth().unit_error_ppm, 1_000_000)
    mixed = Fraction(RESIDUAL_NL * held + FILL_NL * new, RESIDUAL_NL + FILL_NL)
    pump.bridge(PATH_NL, rate_of(old))
    late_nl = abs(unit - 1) * PATH_NL
    bridge_h, sliver_h, rest_h = (
        int(volume_nl) + 1 for volume_nl in (PATH_NL / rate_of(old), late_nl / rate_of(old), late_nl / rate_of(new))
    )

    during = hourly_doses(pump, bridge_h - 1 - sliver_h)
    pump.advance(hours=sliver_h + 1 + rest_h)
    after = hourly_doses(pump, 24)
    assert all(abs(share / (unit * held / old) - 1) < Fraction(1, 100) for share in during)
    assert all(abs(share / (unit * mixed / new) - 1) < Fraction(1, 100) for share in after)


# -- the dose as an order ---------------------------------------------------------------------------------------------------------


def test_bridge_replaces_the_basal_and_ends_in_the_new_mode() -> None:
    """While it runs its rate is the only one; at its microsecond the new therapy's rate begins, in the mode that was committed."""
    pump = changing(STRONG, WEAK)
    basal_nl = pump.status().basal_nl
    plan = pump.bridge(PATH_NL, rate_of(STRONG), BRIDGE)
    assert plan.end_us == pump.device_us - -PATH_NL * US_PER_H // rate_of(STRONG)
    pump.advance_to(pump.true_us_of(plan.end_us) - 1)
    status = pump.status()
    assert status.bolus is not None
    assert (status.bolus.kind, status.mode, status.rate_nl_per_h, status.basal_nl) == ("bridge", "simple", rate_of(STRONG), basal_nl)
    pump.advance(us=1)

    status = pump.status()
    assert (status.bolus, status.mode, status.rate_nl_per_h) == (None, "simple", rate_of(WEAK))
    assert (dose_of(pump).end, dose_of(pump).delivered_nl, status.bolus_nl) == ("done", PATH_NL, PATH_NL)
    pump.advance(hours=10)
    assert pump.status().basal_nl - basal_nl == pytest.approx(10 * rate_of(WEAK), abs=5)


def test_flex_after_a_bridge_runs_by_the_clock() -> None:
    """The step in force at the end of a bridge is the one that the clock then shows."""
    pump = running(flex((8_000, 20_000)))
    clock_us = pump.status().clock_us
    pump.set_clock(clock_us - clock_us % (24 * US_PER_H) + 11 * US_PER_H)
    pump.bridge(20_000, 10_000)
    pump.advance(hours=1)
    assert pump.status().rate_nl_per_h == 10_000
    pump.advance(minutes=61)

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("flex", 20_000)


def test_other_doses_wait_for_the_end_of_a_bridge() -> None:
    """Bolus, patient bolus, a second bridge, COMMIT and SET_CLOCK are BUSY until then."""
    rule = PatientRule(1_000, 500, 600, 300, 24, 9 * ML)
    pump = running(simple()._replace(patient=(rule,)))
    pump.advance(hours=1)
    plan = pump.bridge(PATH_NL, 10_000)
    pump.advance(hours=1)
    orders: tuple[Callable[[], object], ...] = (
        lambda: pump.bolus(bolus_of(1_000, 60)),
        pump.patient_bolus,
        lambda: pump.bridge(PATH_NL, 10_000),
        lambda: pump.commit(simple()),
        lambda: pump.set_clock(0),
        pump.begin_update,
    )
    for order in orders:
        with pytest.raises(Busy) as busy:
            order()
        assert busy.value.until_us == plan.end_us


def stall(pump: Pump) -> None:
    """The motor stands still until it is found."""
    pump.inject("motor.stall")
    pump.advance(hours=1)


@pytest.mark.parametrize(
    ("act", "mode"), [(Pump.stop, "stopped"), (restarted, "simple"), (stall, "simple")], ids=["stop", "reset", "stall"]
)
def test_interrupted_bridge_is_not_resumed(act: Callable[[Pump], object], mode: str) -> None:
    """Stopped, reset or stalled, it ends INTERRUPTED with what was commanded; what runs then, or after START, is the new therapy."""
    pump = running(simple(15_000))
    pump.advance(hours=1)
    pump.bridge(PATH_NL, 10_000, BRIDGE)
    began_us = pump.device_us
    pump.advance(hours=5)
    act(pump)
    dose, status = dose_of(pump), pump.status()

    assert (dose.end, status.bolus, status.mode) == ("interrupted", None, mode)
    assert dose.delivered_nl == pytest.approx(10_000 * (dose.ended_us - began_us) / US_PER_H, abs=1)
    pump.start()
    assert pump.status().rate_nl_per_h == 15_000
    pump.advance(hours=40)
    assert pump.status().bolus_nl == dose.delivered_nl


def test_power_cut_in_a_bridge_leaves_a_pump_that_runs() -> None:
    """A dark hour ends the bridge; once the self-test is over basal runs, and neither the hour nor the test is made up."""
    pump = running(simple(15_000))
    pump.bridge(PATH_NL, 10_000, BRIDGE)
    pump.advance(hours=2)
    pump.power_cut(off_us=US_PER_H)
    pump.advance(hours=3)

    assert (dose_of(pump).end, dose_of(pump).delivered_nl) == ("interrupted", 20_000)
    given_us = 2 * US_PER_H - SELF_TEST_US
    assert pump.status().basal_nl == pytest.approx(15_000 * given_us / US_PER_H, abs=2)


def test_start_during_a_bridge_changes_nothing_and_survives_a_reset() -> None:
    """START of a pump that runs is no more than that, also where a bridge stands in for the basal: after a reset it still runs."""
    pump = running(simple(15_000))
    pump.bridge(PATH_NL, 10_000, BRIDGE)
    pump.advance(hours=1)
    pump.start()
    assert pump.status().rate_nl_per_h == 10_000
    pump.reset()
    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 0)
    wait_for_self_test(pump)

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 15_000)


def test_clock_jump_leaves_a_bridge_alone() -> None:
    """A bridge has no step of the day to be judged by."""
    pump = running(flex((8_000, 20_000)))
    pump.bridge(PATH_NL, 10_000, BRIDGE)
    pump.advance(hours=1)
    pump.inject("clock.jump", jump_us=12 * US_PER_H)

    assert pump.status().rate_nl_per_h == 10_000


@pytest.mark.parametrize(
    ("volume_nl", "rate", "field", "limit"),
    [
        (249, 10_000, "VOLUME", 250),
        (1_000_001, 10_000, "VOLUME", 1_000_000),
        (PATH_NL, 0, "RATE", 2_000),
        (PATH_NL, 249, "RATE", 2_000),
        (PATH_NL, 1_999, "RATE", 2_000),
        (PATH_NL, 1_000_001, "RATE", 1_000_000),
    ],
)
def test_bridge_is_bounded(volume_nl: int, rate: int, field: str, limit: int) -> None:
    """Volume and rate are the device's; what is beyond is refused with field, value and limit, and nothing runs."""
    pump = running()
    before = pump.digest("therapy")
    with pytest.raises(Refused) as refusal:
        pump.bridge(volume_nl, rate)

    told = refusal.value
    assert (told.code, told.field, told.value, told.limit) == ("RANGE", field, volume_nl if field == "VOLUME" else rate, limit)
    assert pump.digest("therapy") == before


def test_bridge_may_run_at_the_minimum_rate() -> None:
    """A pump that idled at the minimum rate is bridged at it."""
    pump = running()
    pump.bridge(1_000, 250)

    assert pump.status().rate_nl_per_h == 250


@pytest.mark.parametrize(
    ("arrange", "code"),
    [(Pump.stop, "NOT_RUNNING"), (stall, "CRITICAL_ALARM")],
    ids=["stopped", "stalled"],
)
def test_bridge_needs_a_pump_that_runs_well(arrange: Callable[[Pump], object], code: str) -> None:
    """A stopped pump has no mode to end in, and a critical alarm blocks every dose on top of one."""
    pump = running()
    arrange(pump)
    with pytest.raises(Refused, match=code):
        pump.bridge(PATH_NL, 10_000)


def test_bridge_that_runs_dry_by_computation_stops_the_pump() -> None:
    """The fill is used up in mid-bridge: the empty alarm, the rest is never given."""
    pump = running(simple(15_000), volume_nl=100_000)
    pump.bridge(PATH_NL, 10_000, BRIDGE)
    pump.advance(hours=20)

    assert "empty_reservoir" in active_causes(pump)
    assert (dose_of(pump).end, dose_of(pump).delivered_nl, pump.status().mode) == ("interrupted", 100_000, "stopped")
