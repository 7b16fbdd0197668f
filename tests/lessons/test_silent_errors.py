"""Lessons in which the pump says nothing: what it computes is right, and what it gives is not."""

from __future__ import annotations

import pytest

from tests.lessons.lessons import lesson
from tests.support.bed import CAPACITY_NL, RATE, Bed
from tests.support.therapies import ML, active_causes, listed_causes, simple

FILL_NL = 20 * ML
FLAGGED = 0.20
"""A refill is looked into when withdrawn and expected differ by more than this share of what was expected."""


def differs(withdrawn_nl: int, expected_nl: int) -> bool:
    """Whether a refill is flagged."""
    return abs(withdrawn_nl - expected_nl) > FLAGGED * expected_nl


@lesson("Over-infusing pump runs dry without alarm")
@pytest.mark.pump_requirement("RS-07")
def test_over_infusing_pump_is_an_overdose_and_then_dry() -> None:
    """+30 %: all 20 mL are gone after 16 days, two days before the visit; there 0 mL are found where 2.7 are expected. No alarm at all."""
    bed = Bed()
    bed.pump.inject("motor.over_infusion", excess_ppm=300_000)
    dry_h = FILL_NL / (RATE * bed.unit * 1.3)
    bed.pump.advance(hours=int(dry_h))
    assert bed.given_ng == pytest.approx(1.3 * bed.meant_ng(), abs=2 * bed.step_ng)
    bed.pump.advance(hours=18 * 24 - int(dry_h))
    assert bed.given_ng == pytest.approx(FILL_NL * bed.concentration / ML, abs=bed.step_ng)
    assert bed.live(hours=1) == 0
    assert listed_causes(bed.pump) == []
    expected = FILL_NL - RATE * bed.hours
    withdrawn_nl, expected_nl = bed.visit(FILL_NL)

    assert (withdrawn_nl, expected_nl) == (0, int(expected))
    assert differs(withdrawn_nl, expected_nl)


@lesson("19 mL left at two visits")
def test_19_ml_left_at_two_visits_hide_an_underdose_and_prepare_an_overdose() -> None:
    """One of 17 mL comes out; the dose is raised by a fifth at each visit; when the path opens he has 20 times what he was used to."""
    bed = Bed()
    due_nl, comes_nl = 17 * ML, ML
    fault = bed.pump.inject("catheter.occlusion", fraction_ppm=round(ML - ML * comes_nl / (due_nl * bed.unit)))
    rate = RATE
    for _ in range(2):
        bed.pump.commit(simple(rate))
        bed.mark()
        bed.pump.advance(hours=due_nl // rate)
        share = bed.given_ng / bed.meant_ng(rate=rate)
        withdrawn_nl, expected_nl = bed.visit(FILL_NL)
        assert share == pytest.approx(comes_nl / (due_nl * bed.unit), rel=1e-3)
        assert withdrawn_nl == pytest.approx(19 * ML, rel=2e-3)
        assert expected_nl == pytest.approx(3 * ML, rel=2e-2)
        assert differs(withdrawn_nl, expected_nl)
        rate = rate * 6 // 5
    assert listed_causes(bed.pump) == []

    before_ng = bed.live(days=1)
    bed.pump.commit(simple(rate))
    bed.pump.clear(fault)
    restart_ng = bed.live(days=1)
    assert restart_ng == pytest.approx(1.2**2 * bed.meant_ng(24), rel=1e-3)
    assert restart_ng / before_ng == pytest.approx(1.2 * due_nl * bed.unit / comes_nl, rel=2e-2)


@lesson("Low-reservoir alarm at 2 mL too late")
@pytest.mark.parametrize(("low_nl", "in_time"), [(2 * ML, False), (4 * ML, True)])
def test_alarm_at_2_ml_comes_after_a_pump_at_the_edge_of_its_accuracy_is_dry(low_nl: int, in_time: bool) -> None:
    """+14.5 % is within the accuracy: 20 mL last until 2.5 are computed. At 2 mL the alarm is half a day late, at 4 mL 1.5 days early."""
    dry_h, alarm_h = FILL_NL / (RATE * 1.145), (FILL_NL - low_nl) / RATE
    for at_h, wanted in ((alarm_h, ["low_reservoir"]), (dry_h, ["low_reservoir"] if in_time else [])):
        bed = Bed(simple(RATE, low_nl))
        bed.pump.inject("motor.over_infusion", excess_ppm=round((1.145 / bed.unit - 1) * ML))
        bed.pump.advance(minutes=int(at_h * 60) + 1)
        assert active_causes(bed.pump) == wanted
        assert (bed.live(hours=3) == 0) == (at_h >= dry_h)

    assert dry_h - alarm_h == pytest.approx(36.7 if in_time else -13.3, abs=0.1)


@lesson("Slow occlusion by precipitate")
def test_precipitate_passes_the_first_refill_and_is_flagged_at_the_second() -> None:
    """Closing to 80 % over sixty days: 4 % more than expected at day 20, twice as much as expected at day 60; no alarm."""
    rate, over_h, closed = 10_000, 60 * 24, 0.8
    bed = Bed(simple(rate))
    bed.pump.inject("reservoir.unapproved_drug", precipitate_ppm=800_000, over_days=60)
    found = []
    for begin_h, end_h in ((0, 480), (480, 1_440)):
        lost = closed * (begin_h + end_h) / 2 / over_h
        bed.pump.advance(hours=end_h - begin_h)
        meant_nl, meant_ng = bed.meant_nl(rate=rate), bed.meant_ng(rate=rate)
        assert bed.given_ng == pytest.approx(meant_ng * (1 - lost), rel=2e-3)
        visit = bed.visit(FILL_NL)
        assert visit[0] == pytest.approx(FILL_NL - meant_nl * (1 - lost), rel=1e-3)
        found.append(differs(*visit))

    assert found == [False, True]
    assert listed_causes(bed.pump) == []


@lesson("Deep dive and pressure chamber")
@pytest.mark.pump_requirement("EN-03")
@pytest.mark.parametrize(("pressure_mmhg", "over_minutes", "minutes"), [(3_800, 30, 60), (1_824, 10, 90)])
def test_week_of_dives_or_of_chamber_sessions_gives_a_little_too_little(pressure_mmhg: int, over_minutes: int, minutes: int) -> None:
    """0.1 % less for each 100 mmHg, ways down and up counting half: too little by less than half a percent of the week's dose."""
    bed = Bed()
    for _ in range(7):
        bed.pump.inject("environment.pressure", pressure_mmhg=pressure_mmhg, over_minutes=over_minutes, minutes=minutes)
        bed.pump.advance(days=1)
    lacking = (pressure_mmhg - 760) * 10 / ML * (over_minutes + minutes) / (24 * 60)

    assert 0 < lacking < 0.005
    assert bed.meant_ng() - bed.given_ng == pytest.approx(lacking * bed.meant_ng(), abs=bed.step_ng)
    assert listed_causes(bed.pump) == []


@lesson("Deep dive and pressure chamber")
def test_reservoir_dented_by_the_pressure_gives_too_much_after_the_dive() -> None:
    """Full, and 5 mL of its room lost: 2.5 % more at first, falling with the excess; unnoticed until a refill does not fit."""
    bed = Bed(volume_nl=CAPACITY_NL)
    bed.pump.inject("reservoir.deformed", lost_nl=5 * ML)
    bed.mark()
    bed.pump.advance(hours=24)
    pumped_ml = bed.given_nl / ML
    mean_excess = 1 + 0.005 * (5 - pumped_ml / 2)

    assert bed.given_nl / bed.meant_nl() == pytest.approx(mean_excess, rel=5e-4)
    assert mean_excess > 1.02
    assert listed_causes(bed.pump) == []
