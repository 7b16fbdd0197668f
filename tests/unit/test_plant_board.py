"""The board: memory chip, motor anchors, sounder, what is drawn for a unit."""

from __future__ import annotations

import statistics

import pytest

from firmware_sim import Pump
from firmware_sim.draws import draw_bell_ppm, draw_word
from firmware_sim.errors import BenchRefused, PowerCut
from firmware_sim.limits import PAGE_BYTES
from firmware_sim.plant.memory import Memory
from firmware_sim.plant.motor import Motor
from firmware_sim.plant.sounder import sound_of
from firmware_sim.plant.unit import manufacture
from firmware_sim.profile import load_profile
from tests.support.therapies import running, simple

ITP_40 = load_profile("itp-40")
UNITS = 2_000


# -- memory ---------------------------------------------------------------------------------------------------------------------


def test_erased_memory_reads_ff() -> None:
    """Never-written bytes are 0xFF, on any page and over page borders."""
    memory = Memory(4 * PAGE_BYTES)
    memory.write(PAGE_BYTES - 2, b"abcd")

    assert memory.read(PAGE_BYTES - 3, 6) == b"\xffabcd\xff"
    assert memory.read(3 * PAGE_BYTES, 4) == b"\xff" * 4


@pytest.mark.parametrize("cut", range(7))
def test_cut_within_a_write_leaves_bytes_before_it_new(cut: int) -> None:
    """Bytes go in rising order: before the cut new, from it on old; the order is spent after one cut."""
    memory = Memory(PAGE_BYTES)
    memory.write(0, b"oldold")
    memory.cut_after_bytes = cut
    if cut < 6:
        with pytest.raises(PowerCut):
            memory.write(0, b"newnew")
    else:
        memory.write(0, b"newnew")

    assert memory.read(0, 6) == b"newnew"[:cut] + b"oldold"[cut:]
    if cut < 6:
        assert memory.cut_after_bytes == -1
        memory.write(0, b"newnew")


def test_cut_counts_over_several_writes() -> None:
    """The byte that kills is counted from the order on, whatever writes it is in."""
    memory = Memory(PAGE_BYTES)
    memory.cut_after_bytes = 5
    memory.write(0, b"abc")
    with pytest.raises(PowerCut):
        memory.write(10, b"def")

    assert memory.read(10, 3) == b"de\xff"


def test_flip_is_its_own_inverse_and_is_seen() -> None:
    """A flipped bit changes one bit, counts as a change and notes the first time only; flipped again, it is gone."""
    memory = Memory(PAGE_BYTES)
    memory.write(0, b"\x00")
    writes = memory.writes
    memory.flip(0, 3, 11)
    assert (memory.read(0, 1), memory.disturbed_us) == (b"\x08", 11)
    memory.flip(0, 3, 12)

    assert (memory.read(0, 1), memory.disturbed_us, memory.writes) == (b"\x00", 11, writes + 2)
    memory.checked()
    assert memory.disturbed_us is None


@pytest.mark.parametrize(("offset", "bit"), [(-1, 0), (PAGE_BYTES, 0), (0, 8), (0, -1)])
def test_flip_outside_is_refused(offset: int, bit: int) -> None:
    """There is no such bit."""
    with pytest.raises(BenchRefused):
        Memory(PAGE_BYTES).flip(offset, bit, 0)


# -- motor ----------------------------------------------------------------------------------------------------------------------


def test_motor_counts_what_moved() -> None:
    """Ten steps, five stalled, seven more: seventeen moved of twenty-two."""
    motor = Motor(step_fl=100, wear_fl=0, block_steps=1_000)
    for steps, moving in ((10, False), (15, True)):
        motor.move_anchor(steps, motor.anchor_out_fl + motor.pushed_since_anchor_fl(steps))
        motor.turn(steps, moving)

    assert motor.moved_at(22) == 17
    assert motor.anchor_out_fl + motor.pushed_since_anchor_fl(22) == 1_700
    assert motor.feedback() == (True, 15)


def test_turning_back_before_a_step_leaves_no_trace() -> None:
    """Feedback is per step: a change that no step saw did not happen."""
    motor = Motor(step_fl=100, wear_fl=0, block_steps=1_000)
    motor.turn(10, False)
    before = motor.feedback()
    motor.turn(20, True)
    motor.turn(20, False)
    motor.turn(20, False)

    assert motor.feedback() == before == (False, 10)


# -- sounder ----------------------------------------------------------------------------------------------------------


def test_sounds_are_as_long_as_their_class() -> None:
    """Two-tone for three seconds in half-second tones, or one second of one tone."""
    critical, soft = sound_of(True, 5, ITP_40.sound), sound_of(False, 5, ITP_40.sound)

    assert [tone.hz for tone in critical.tones] == [2_000, 2_500] * 3
    assert [(tone.hz, tone.ms) for tone in soft.tones] == [(2_000, 1_000)]


# -- draws ----------------------------------------------------------------------------------------------------------------------


def test_named_draws_are_fixed_for_ever() -> None:
    """A draw belongs to its seed and name: these numbers may never change, or old digests would."""
    assert [draw_bell_ppm(seed, "unit_error", 25_000, 100_000) for seed in range(3)] == [
        Pump(seed=seed).truth().unit_error_ppm for seed in range(3)
    ]
    assert draw_word(1, "serial") != draw_word(1, "printed") != draw_word(2, "printed")


def test_unit_errors_are_a_bell_within_its_limit() -> None:
    """Over two thousand units: mean near 0, spread 2.5 %, none beyond 10 %."""
    errors = [manufacture(ITP_40, seed, None).unit_error_ppm for seed in range(UNITS)]

    assert abs(statistics.fmean(errors)) < 2_500
    assert 23_000 < statistics.pstdev(errors) < 27_000
    assert max(map(abs, errors)) <= 100_000


def test_draws_beyond_the_limit_are_drawn_again() -> None:
    """With a limit of one deviation, nothing lies beyond it and nothing sticks to it."""
    drawn = [draw_bell_ppm(seed, "x", 25_000, 25_000) for seed in range(UNITS)]

    assert max(map(abs, drawn)) <= 25_000
    assert sum(abs(value) == 25_000 for value in drawn) < 5


def test_printed_constant_and_unit_error_are_two_draws() -> None:
    """The firmware divides by the printed constant; the true step is printed times one plus the unit's error."""
    pump = running(simple(20_000), seed=4)
    truth = pump.truth()
    printed, error = pump.calibration_ppm, truth.unit_error_ppm

    assert printed != 1_000_000 != 1_000_000 + error
    assert truth.step_fl == 250 * 10**6 * printed * (1_000_000 + error) // 10**12


def test_serial_number_is_the_seeds_or_the_one_given() -> None:
    """A given serial number is kept; a drawn one belongs to the seed."""
    assert Pump(serial_number="A-1").serial == "A-1"
    assert Pump(seed=3).serial == Pump(seed=3).serial != Pump(seed=4).serial
    assert Pump("itp-20", seed=3).serial.startswith("ITP-20-")
