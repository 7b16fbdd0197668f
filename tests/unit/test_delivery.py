"""The recorder of a patient: what left the tip as straight pieces, ahead of the truth by the step in progress and no more."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from itertools import pairwise

import pytest

from firmware_sim import Pump
from firmware_sim.delivery import DeliveryRecorder, Knot, Piece
from firmware_sim.errors import BenchRefused
from firmware_sim.image import write_image
from firmware_sim.units import MASS_PER_NG
from tests.support.bed import Bed
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_MIN, bolus_of, filled, flex, refill_of, running, simple

STRONG = 1_000_000
STEP_NL = 300
"""A step is 0.25 uL, and no unit is a fifth off."""


def ng(mass: int) -> float:
    """Mass in ng."""
    return mass / MASS_PER_NG


def interpolated(pieces: list[Piece], at_us: int) -> Knot:
    """What had left by a time, read off the pieces."""
    piece = pieces[bisect_right([piece.since.at_us for piece in pieces], at_us) - 1]
    since, until = piece.since, piece.until
    share = (at_us - since.at_us, until.at_us - since.at_us)
    masses = (here + (there - here) * share[0] // share[1] for here, there in zip(since[1:], until[1:], strict=True))
    return Knot(at_us, *masses)


def slope_of(piece: Piece) -> float:
    """Ng per microsecond."""
    return ng(piece.until.mass - piece.since.mass) / (piece.until.at_us - piece.since.at_us)


def ahead_ng(recorder: DeliveryRecorder) -> float:
    """How far the record runs ahead of what the truth has delivered since the joining."""
    return ng(recorder.now().mass - recorder.truth().mass)


def test_record_runs_ahead_by_less_than_a_step() -> None:
    """At every look the record is what the truth has delivered, and at most one step more."""
    bed = Bed()
    recorder = bed.pump.record_delivery()
    step_ng = STEP_NL * bed.concentration / 1e6
    for _ in range(200):
        bed.pump.advance(us=997_000_003)
        assert -1e-6 <= ahead_ng(recorder) <= step_ng


def test_recorder_counts_from_its_joining() -> None:
    """What left before the joining is no part of the record."""
    bed = Bed()
    bed.pump.advance(days=3)
    recorder = bed.pump.record_delivery()

    assert recorder.truth().mass == 0
    assert recorder.since_us == bed.pump.now_us
    assert 0 <= ng(recorder.now().mass) <= STEP_NL * bed.concentration / 1e6


def test_record_is_no_part_of_the_pump() -> None:
    """A pump with a recorder has the digest and the image of one without."""
    plain, recorded = running(flex()), running(flex())
    recorder = recorded.record_delivery()
    for pump in (plain, recorded):
        pump.advance(days=3)
        pump.bolus(bolus_of(100_000, 600))
        pump.advance(days=3)
    recorder.pieces()

    assert recorded.digest() == plain.digest()
    assert recorded.save() == plain.save()


def test_pieces_do_not_depend_on_looks() -> None:
    """Looking at the record at every stage, also between acts of one instant, leaves the pieces of a record that nobody looked at."""
    records = []
    for look in (False, True):
        pump = running(flex())
        recorder = pump.record_delivery()

        def seen(recorder: DeliveryRecorder = recorder, look: bool = look) -> None:
            if look:
                recorder.knots()

        for hours in (3, 7, 1, 30):
            pump.advance(hours=hours)
            seen()
            pump.side_port(inject_nl=50_000, concentration_ng_per_ml=STRONG)
            seen()
            pump.inject("catheter.leak", at_mm=300, share_ppm=100_000 * hours // 30 + 1)
            seen()
            pump.commit(simple(9_000 + hours))
            seen()
            pump.advance(us=13)
            seen()
        pump.advance(days=2)
        records.append(list(recorder.pieces()))

    assert records[0] == records[1]


def test_old_pieces_stay() -> None:
    """Time and acts add pieces and change none that began before."""
    pump = running(flex())
    recorder = pump.record_delivery()
    pump.advance(days=2)
    early = list(recorder.pieces())
    pump.stop()
    pump.advance(days=1)

    assert recorder.pieces()[: len(early)] == early


@pytest.mark.parametrize(
    "name, parameters",
    [
        ("catheter.leak", {"at_mm": 300, "share_ppm": 400_000}),
        ("catheter.disconnection", {}),
        ("catheter.dislodgement", {"level": "T4", "astray_ppm": 700_000}),
        ("catheter.slow_occlusion", {"fraction_ppm": 900_000, "over_days": 4}),
        ("motor.over_infusion", {"excess_ppm": 300_000, "over_days": 2}),
        ("motor.stall", {}),
        ("environment.pressure", {"pressure_mmhg": 4_000, "over_minutes": 30, "minutes": 90}),
        ("clock.drift", {"drift_ppm": 50_000}),
    ],
)
def test_record_holds_under_faults(name: str, parameters: dict[str, int | str]) -> None:
    """With a fault the pieces still lead through every look, to a step, and the whole of leaked and astray is there."""
    bed = Bed(flex((20_000, 60_000, 30_000)), volume_nl=30 * ML)
    pump, step_ng = bed.pump, STEP_NL * bed.concentration / 1e6
    recorder, looks = pump.record_delivery(), []
    before = pump.truth()
    pump.advance(hours=5)
    pump.inject(name, **parameters)
    for _ in range(60):
        pump.advance(us=2 * US_PER_H + 1_234_567)
        looks.append(recorder.now())
    truth, pieces = pump.truth(), recorder.pieces()

    assert all(abs(ng(look.mass - interpolated(pieces, look.at_us).mass)) <= step_ng for look in looks)
    assert ng(looks[-1].mass) == pytest.approx(truth.delivered_ng - before.delivered_ng, abs=step_ng + 1)
    assert ng(looks[-1].leaked_mass) == pytest.approx(truth.leaked_ng - before.leaked_ng, abs=step_ng + 1)
    assert ng(looks[-1].astray_mass) == pytest.approx(truth.astray_ng - before.astray_ng, abs=step_ng + 1)


def test_front_arrives_when_the_path_has_been_filled() -> None:
    """A new strength turns the record when the path has been filled once, to the microsecond of its step."""
    bed = Bed(simple(40_000))
    pump = bed.pump
    recorder = pump.record_delivery()
    pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=STRONG)
    pump.refill(refill_of(20 * ML, STRONG))
    began_us = pump.now_us
    pump.advance(days=2)
    slopes = [(piece.since.at_us, slope_of(piece)) for piece in recorder.pieces()]
    turns = [(at_us - began_us) / US_PER_H for (_, before), (at_us, after) in pairwise(slopes) if after > 1.5 * before]

    assert turns == [pytest.approx(335_800 / 40_000 / bed.unit, abs=0.01)]


def test_side_port_pushes_at_once() -> None:
    """What a side port pushes out is a stroke: two knots at one time."""
    bed = Bed()
    recorder = bed.pump.record_delivery()
    bed.pump.advance(hours=1)
    bed.pump.side_port(inject_nl=100_000, concentration_ng_per_ml=0)
    bed.pump.advance(hours=1)
    knots = recorder.knots()
    strokes = [(after.at_us, ng(after.mass - before.mass)) for before, after in pairwise(knots) if before.at_us == after.at_us]

    assert [at_us - recorder.since_us for at_us, _ in strokes] == [0, US_PER_H], "the step begun before the joining, and the push"
    assert strokes[0][1] < STEP_NL * bed.concentration / 1e6
    assert strokes[1][1] == pytest.approx(100_000 * bed.concentration / 1e6)


def test_bolus_is_a_piece_of_its_own() -> None:
    """A bolus of ten minutes turns the record at its beginning and at its end."""
    bed = Bed(simple(10_000))
    recorder, began_us = bed.pump.record_delivery(), bed.pump.now_us
    bed.pump.advance(hours=1)
    bed.pump.bolus(bolus_of(100_000, 600))
    bed.pump.advance(hours=1)
    starts = [piece.since.at_us - began_us for piece in recorder.pieces()]

    assert any(abs(start - US_PER_H) < 10 for start in starts)
    assert any(abs(start - US_PER_H - 10 * US_PER_MIN) < US_PER_MIN // 100 for start in starts)


def test_power_cut_stops_the_record() -> None:
    """While the power is off nothing leaves, and a step in progress that was lost is not taken back."""
    bed = Bed()
    recorder = bed.pump.record_delivery()
    bed.pump.advance(us=US_PER_H + 7)
    bed.pump.power_cut(off_us=2 * US_PER_H)
    there = recorder.now()
    bed.pump.advance(hours=2)
    after = recorder.now()
    bed.pump.advance(days=1)

    assert after.mass - there.mass <= MASS_PER_NG
    assert -1e-6 <= ahead_ng(recorder) <= STEP_NL * bed.concentration / 1e6


def test_empty_reservoir_ends_the_record() -> None:
    """A pump that runs dry in silence gives what it had and no more."""
    pump = filled(ML)
    pump.commit(simple(40_000))
    recorder = pump.record_delivery()
    pump.inject("motor.over_infusion", excess_ppm=900_000)
    pump.advance(days=3)
    first = recorder.now()
    pump.advance(days=3)

    assert pump.truth().reservoir_nl == 0
    assert recorder.now().mass == first.mass


def test_tip_levels_tell_each_move() -> None:
    """A tip that moved is told with its time."""
    pump = running()
    recorder, began_us = pump.record_delivery(), pump.now_us
    pump.advance(days=1)
    handle = pump.inject("catheter.dislodgement", level="C6")
    pump.advance(days=1)
    pump.clear(handle)
    pump.advance(days=1)

    assert recorder.tip_levels() == [(began_us, ""), (began_us + US_PER_DAY, "C6"), (began_us + 2 * US_PER_DAY, "")]


def test_restored_recorder_goes_on() -> None:
    """A recorder resumed beside the restored pump lays the very pieces of the one that was not saved."""
    pump = running(flex())
    recorder = pump.record_delivery()
    pump.advance(hours=29)
    pump.inject("catheter.leak", at_mm=200, share_ppm=300_000)
    pump.advance(hours=2)
    again = Pump.restore(pump.save())
    resumed = again.record_delivery()
    resumed.resume(recorder.save())
    for each in (pump, again):
        each.advance(days=2)
        each.bolus(bolus_of(50_000, 300))
        each.advance(days=2)

    assert resumed.pieces() == recorder.pieces()
    assert resumed.now() == recorder.now()
    assert resumed.truth() == recorder.truth()


@pytest.mark.parametrize("later", [True, False])
def test_recorder_of_another_moment_is_refused(later: bool) -> None:
    """A record is taken up only by the pump, and at the moment, that it was saved beside."""
    pump = running()
    recorder = pump.record_delivery()
    pump.advance(hours=2)
    saved = recorder.save()
    other = Pump.restore(pump.save()) if later else running(simple(11_000))
    other.advance(hours=1 if later else 2)

    with pytest.raises(BenchRefused, match="another pump"):
        other.record_delivery().resume(saved)


def test_saved_record_is_small() -> None:
    """A year of flex therapy is kept in few bytes once packed, since its pieces repeat."""
    pump = running(flex(), volume_nl=40 * ML)
    recorder = pump.record_delivery()
    pump.advance(days=100)
    count = len(recorder.pieces())

    assert count > 250
    assert len(zlib.compress(write_image(recorder.save()))) < 40 * count
