"""Lessons of needles: the drug goes where nobody meant it to go, and the pump believes what it is told.

480 mcg a day of 2,000 mcg/mL: 10 uL/h.
"""

from __future__ import annotations

import pytest

from tests.lessons.lessons import lesson
from tests.support.bed import Bed
from tests.support.therapies import ML, listed_causes, refill_of, simple

STRONG = 2_000_000
SLOW = 10_000
DAY_NG = 480_000
CATHETER_NL = 195_800
FILL_NL = 20 * ML


def patient(volume_nl: int = FILL_NL) -> Bed:
    """On 480 mcg a day."""
    return Bed(simple(SLOW, concentration=STRONG), volume_nl=volume_nl)


@lesson("Pocket fill")
def test_pocket_fill_is_an_overdose_and_then_an_underdose() -> None:
    """All 20 mL beside the port: 40 mg are taken up with a half-life of 2 h, 72 days' dose in six hours; then nothing, and no alarm."""
    bed = patient()
    fault = bed.pump.inject("reservoir.pocket_fill")
    bed.visit(FILL_NL)
    bed.pump.clear(fault)
    in_pocket_ng = FILL_NL * STRONG / ML
    six_hours_ng = bed.live(hours=6)
    assert six_hours_ng == pytest.approx(in_pocket_ng * (1 - 2**-3), abs=bed.step_ng)
    assert six_hours_ng > 72 * DAY_NG

    bed.pump.advance(days=3)
    assert bed.live(days=7) <= 1
    assert bed.given_ng == pytest.approx(in_pocket_ng, abs=bed.step_ng)
    assert bed.pump.status().computed_reservoir_nl == int(FILL_NL - SLOW * bed.hours)
    assert listed_causes(bed.pump) == []


@lesson("Pocket fill")
def test_part_of_a_pocket_fill_shows_as_a_reservoir_that_ends_early() -> None:
    """Half beside the port: half the days, and at the next refill nothing is withdrawn where 10 mL are expected."""
    bed = patient()
    fault = bed.pump.inject("reservoir.pocket_fill", share_ppm=500_000)
    bed.visit(FILL_NL)
    bed.pump.clear(fault)
    bed.pump.advance(hours=FILL_NL // 2 // SLOW)
    meant_ng = bed.meant_ng(rate=SLOW)
    assert bed.given_ng == pytest.approx(FILL_NL * STRONG / ML / 2 + min(meant_ng, FILL_NL * STRONG / ML / 2), rel=1e-3)
    withdrawn_nl, expected_nl = bed.visit(FILL_NL)

    assert withdrawn_nl <= FILL_NL // 2 * abs(1 - bed.unit) + bed.step_nl
    assert expected_nl == pytest.approx(FILL_NL / 2, rel=1e-3)


@lesson("Refill into the side port")
def test_refill_into_the_side_port_is_given_at_once() -> None:
    """18 mL through the catheter: 36 mg in seconds, 74 days' dose; the reservoir keeps its 3 mL, and runs dry when 15 mL are computed."""
    bed = patient(volume_nl=3 * ML)
    fault = bed.pump.inject("reservoir.wrong_port")
    bed.pump.needle(withdraw_nl=None, inject_nl=18 * ML, concentration_ng_per_ml=STRONG)
    bed.pump.refill(refill_of(18 * ML, STRONG))
    bed.pump.clear(fault)
    assert bed.given_ng == pytest.approx(18 * STRONG, abs=bed.step_ng)
    assert bed.given_ng > 74 * DAY_NG

    dry_h = 3 * ML / (SLOW * bed.unit)
    bed.mark()
    bed.pump.advance(hours=int(dry_h) + 1)
    assert bed.given_ng == pytest.approx(3 * STRONG, abs=bed.step_ng)
    assert bed.live(days=5) == 0
    assert bed.pump.status().computed_reservoir_nl == int(18 * ML - SLOW * bed.hours)
    assert listed_causes(bed.pump) == []


@lesson("Side-port flush without aspirating")
def test_flush_without_aspirating_gives_the_catheter_at_once_and_then_nothing() -> None:
    """392 mcg in seconds, eight tenths of a day's dose; then as long without as the catheter takes to fill. In the end the two cancel."""
    bed = patient()
    bed.pump.side_port(inject_nl=2 * CATHETER_NL)
    held_ng = CATHETER_NL * STRONG / ML
    assert bed.given_ng == pytest.approx(held_ng, abs=2)
    assert bed.given_ng > 0.8 * DAY_NG
    assert bed.live(hours=int(CATHETER_NL / (SLOW * bed.unit))) <= bed.step_ng
    bed.pump.advance(days=2)

    assert bed.given_ng == pytest.approx(bed.meant_ng(rate=SLOW), abs=bed.step_ng)


@lesson("Side-port flush without aspirating")
def test_aspirating_first_gives_nothing_at_once_but_leaves_the_same_gap() -> None:
    """What is drawn is not pushed in; the gap after it is the catheter's contents, which a priming bolus would close."""
    bed = patient()
    drawn = bed.pump.side_port(aspirate_nl=CATHETER_NL, inject_nl=2 * CATHETER_NL)
    assert drawn.aspirated_ng == pytest.approx(CATHETER_NL * STRONG / ML, abs=2)
    assert bed.given_ng == 0
    bed.pump.advance(days=3)

    assert bed.meant_ng(rate=SLOW) - bed.given_ng == pytest.approx(CATHETER_NL * STRONG / ML, abs=bed.step_ng)
