"""Section FR, flow rate and accuracy, each row by its observable."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from hil.unit import Unit
from protocol.codec import encode
from protocol.codes import Mode, StagingState
from protocol.messages import Begin, Put, Seal
from tests.link.bedside import CONCENTRATION, FILL_NL, NEW, OLD, Bedside
from tests.support.therapies import ML, US_PER_DAY, US_PER_MIN, US_PER_S, filled, flex, listed_causes, refill_of, running, simple

SALINE = 0
MIN_NL_PER_H, MAX_NL_PER_H = 2_000, 1_000_000
SWEEP = [round(MIN_NL_PER_H * (MAX_NL_PER_H / MIN_NL_PER_H) ** (place / 19)) for place in range(20)]
BAND_PPM = 145_000
UNIT_ERROR_PPM_MAX = 100_000
REGIONS = ("bank_a", "bank_b")


def full_pump(rate_nl_per_h: int, seed: int = 0) -> Pump:
    """A full pump of saline: of drug the highest rates would be too large a dose."""
    return running(simple(rate_nl_per_h, concentration=SALINE), volume_nl=40 * ML, seed=seed)


def allowed_nl(nominal_nl: int) -> int:
    """How far a delivered volume may lie from the programmed one: the band, and a step of the largest unit."""
    return nominal_nl * BAND_PPM // 1_000_000 + 300


@pytest.mark.pump_requirement("FR-01")
@pytest.mark.parametrize("rate", [MIN_NL_PER_H, MAX_NL_PER_H])
def test_rate_at_either_end_is_accepted(rate: int) -> None:
    """The ends of the declared range belong to it."""
    pump = full_pump(rate)

    assert (pump.status().rate_nl_per_h, pump.status().mode) == (rate, "simple")
    limits = pump.profile.rate
    assert (limits.rate_nl_per_h_min, limits.rate_nl_per_h_max) == (MIN_NL_PER_H, MAX_NL_PER_H)


@pytest.mark.pump_requirement("FR-01")
@pytest.mark.parametrize(("rate", "limit"), [(MIN_NL_PER_H - 1, MIN_NL_PER_H), (MAX_NL_PER_H + 1, MAX_NL_PER_H)])
def test_rate_past_either_end_is_refused_and_changes_nothing(rate: int, limit: int) -> None:
    """One nL/h beyond is RANGE with value and limit; both banks, the generation and the therapy digest are as before."""
    pump = full_pump(10_000)
    before = pump.digest("therapy"), pump.status().generation, [pump.load(region) for region in REGIONS]
    with pytest.raises(Refused) as refusal:
        pump.commit(simple(rate, concentration=SALINE))

    told = refusal.value
    assert (told.code, told.field, told.value, told.limit, told.unit) == ("RANGE", "RATE", rate, limit, "NL_PER_H")
    assert before == (pump.digest("therapy"), pump.status().generation, [pump.load(region) for region in REGIONS])


@pytest.mark.pump_requirement("FR-02")
@pytest.mark.parametrize("rate", SWEEP)
def test_whole_range_is_delivered(rate: int) -> None:
    """Twenty rates, spaced evenly on a logarithmic scale from one end to the other: a day of each lies within the band."""
    pump = full_pump(rate, seed=rate)
    pump.advance(days=1)

    assert abs(pump.truth().delivered_nl - 24 * rate) <= allowed_nl(24 * rate)


def gaps_of(pump: Pump, every_us: int, rows: int) -> list[int]:
    """Looks from one step to the next; each step is seen by itself."""
    steps = pump.sample(every_us, rows * every_us)["steps_commanded"]
    jumps = [place for place, (before, after) in enumerate(pairwise(steps)) if after > before]
    assert steps[-1] - steps[0] == len(jumps), "two steps within one look"
    return [after - before for before, after in pairwise(jumps)]


@pytest.mark.pump_requirement("FR-03")
@pytest.mark.parametrize("rate", [MIN_NL_PER_H, 7_001, 100_000, MAX_NL_PER_H])
def test_no_gap_between_steps_is_longer_than_a_step_takes(rate: int) -> None:
    """Looked at fifty times a step, no gap is longer than step volume / rate and one look."""
    pump = full_pump(rate)
    step_us = 900_000 * pump.calibration_ppm // rate
    gaps = gaps_of(pump, step_us // 50, 2_000)

    assert len(gaps) > 30
    assert max(gaps) <= 52
    assert min(gaps) >= 49


@pytest.mark.pump_requirement("FR-03")
def test_session_leaves_no_bunch_of_steps() -> None:
    """A session that reads everything, silences nothing and tests the alarm: each step falls where it falls without one."""
    quiet, asked = Bedside.running(), Bedside.running()
    rows = []
    for bedside in (quiet, asked):
        columns = []
        for _ in range(6):
            if bedside is asked:
                with bedside.programmer() as programmer:
                    programmer.interrogate()
                    programmer.read_log()
                    programmer.alarm_test()
                    programmer.status()
            columns += bedside.unit.pump.sample(US_PER_S, 10 * US_PER_MIN)["steps_commanded"]
        rows.append(columns)

    assert rows[0] == rows[1]
    assert all(after - before <= 1 for before, after in pairwise(rows[1]))


def mended() -> Bedside:
    """A running pump without the traps of its class."""
    bedside = Bedside(Unit.new("itp-40-next", seed=1))
    bedside.fill()
    with bedside.programmer() as programmer:
        programmer.refill(FILL_NL, 0, 1, CONCENTRATION)
        programmer.update(OLD)
    bedside.advance(days=1)
    return bedside


@pytest.mark.pump_requirement("FR-04", "PG-05", "PR-10")
@pytest.mark.parametrize("then", ["link lost", "session open"])
def test_staged_therapy_that_is_never_committed_changes_no_drop(then: str) -> None:
    """Without the trap: staged whole and left, by a programmer or a lost link, each second's volume is that of a pump left alone; after ten
    minutes the staged image is gone, and the old therapy runs.
    """
    edited, control = mended(), mended()
    image = encode(NEW)
    programmer = edited.programmer()
    programmer.request("BEGIN", Begin(1, False))
    programmer.request("PUT", Put(0, image))
    if then == "session open":
        programmer.request("SEAL", Seal(len(image), hashlib.sha256(image).digest()))
    columns = []
    for bedside in (edited, control):
        columns.append([bedside.unit.pump.truth().balance.delivered_fl])
        for _ in range(15 * 60):
            bedside.advance(seconds=1)
            columns[-1].append(bedside.unit.pump.truth().balance.delivered_fl)

    assert columns[0] == columns[1]
    status, _ = edited.look()
    assert (status.staging, status.mode, status.generation, status.alarms) == (StagingState.NONE, Mode.FLEX, 1, 0)
    assert edited.programmer().interrogate().therapy == OLD


@pytest.mark.pump_requirement("FR-06")
@pytest.mark.parametrize("unit", range(4))
@pytest.mark.parametrize("rate", [MIN_NL_PER_H, 20_000, 500_000])
def test_three_days_and_every_hour_of_them_are_within_the_band(rate: int, unit: int) -> None:
    """72 h of a rate, and each hour that begins at a full ten minutes: within the profile's band, an hour with one step more."""
    pump = full_pump(rate, seed=unit)
    delivered = pump.sample(10 * US_PER_MIN, 72 * 60 * US_PER_MIN)["delivered_nl"]

    assert abs(pump.truth().unit_error_ppm) <= UNIT_ERROR_PPM_MAX
    assert pump.profile.motor.accuracy_band_ppm == BAND_PPM
    assert abs(delivered[-1] - 72 * rate) <= allowed_nl(72 * rate)
    assert all(abs(after - before - rate) <= allowed_nl(rate) for before, after in zip(delivered, delivered[6:], strict=False))


@pytest.mark.pump_requirement("FR-07", "RS-07")
@pytest.mark.parametrize(("excess_ppm", "minutes"), [(110_000, 14), (110_000, 16), (90_000, 24 * 60), (300_000, 20 * 24 * 60)])
def test_over_infusion_raises_no_alarm_and_shows_at_the_refill(excess_ppm: int, minutes: int) -> None:
    """A pump without a flow sensor notices no excess, however long; what is missing from the reservoir is what was delivered too much."""
    pump = running(simple(20_000))
    handle = pump.inject("motor.over_infusion", excess_ppm=excess_ppm)
    pump.advance(minutes=minutes)
    pump.clear(handle)
    assert (listed_causes(pump), pump.sound()) == ([], None)
    commanded_nl, delivered_nl = pump.status().basal_nl, pump.truth().delivered_nl
    withdrawn_nl = pump.needle(withdraw_nl=None).withdrawn_nl
    expected_nl, _ = pump.refill(refill_of(withdrawn_nl=withdrawn_nl))

    assert abs(expected_nl - withdrawn_nl - (delivered_nl - commanded_nl)) <= 1
    assert expected_nl > withdrawn_nl


@pytest.mark.pump_requirement("FR-08")
@pytest.mark.parametrize(("missing_ppm", "minutes"), [(110_000, 14), (110_000, 16), (90_000, 24 * 60), (900_000, 20 * 24 * 60)])
def test_under_infusion_raises_no_alarm_while_the_rotor_turns(missing_ppm: int, minutes: int) -> None:
    """Whatever share of each step stays behind, nothing is noticed: only a rotor that stands still is."""
    pump = running(simple(20_000))
    pump.inject("catheter.occlusion", fraction_ppm=missing_ppm)
    pump.advance(minutes=minutes)

    assert (listed_causes(pump), pump.sound()) == ([], None)
    assert pump.truth().delivered_nl < pump.status().basal_nl


@pytest.mark.pump_requirement("FR-08")
def test_no_flow_at_all_is_a_stall_when_the_rotor_stands_still() -> None:
    """The same missing flow with a rotor that does not turn is motor_stall."""
    pump = running(simple(20_000))
    pump.inject("motor.stall")
    pump.advance(minutes=22)

    assert listed_causes(pump) == ["motor_stall"]


@pytest.mark.pump_requirement("FR-13")
def test_schedule_wraps_at_midnight() -> None:
    """The last step of a day is followed by the first of the next, to the minute, day after day."""
    pump = filled()
    pump.commit(flex((8_000, 12_000, 20_000, 9_000)))
    for _ in range(3):
        clock_us = pump.status().clock_us
        pump.advance_to(pump.true_us_of(pump.device_us + US_PER_DAY - clock_us % US_PER_DAY) - 1)
        assert pump.status().rate_nl_per_h == 9_000
        pump.advance(us=1)
        assert (pump.status().clock_us % US_PER_DAY, pump.status().rate_nl_per_h) == (0, 8_000)
