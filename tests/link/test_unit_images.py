"""A unit is its image: saved and restored between any two bytes it goes on as if nothing had been, and pieces of time add up."""

from __future__ import annotations

import random

import pytest

from hil.errors import BenchError
from hil.unit import Unit
from protocol.messages import Begin
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, NEW, Bedside

NONCE = bytes(16)


def exchange(bedside: Bedside) -> tuple[str, bytes]:
    """Update, bolus, half of it, stop, start, log; returns digest and role."""
    programmer = bedside.programmer(nonce=NONCE)
    programmer.update(NEW)
    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    bedside.advance(seconds=BOLUS_S // 2)
    programmer.stop()
    programmer.start()
    programmer.read_log()
    return bedside.unit.digest(), bedside.unit.role.save()


class Restless(Bedside):
    """Before each piece of bytes the unit is saved and another one takes its place; frames come in pieces of `piece` bytes."""

    piece = 1 << 20

    def carry(self, data: bytes) -> bytes:
        answer = b""
        for at in range(0, len(data), self.piece):
            fresh = Unit.new("itp-40", seed=99)
            fresh.restore(self.unit.save())
            self.unit = fresh
            answer += super().carry(data[at : at + self.piece])
        return answer


@pytest.mark.parametrize("piece", [1 << 20, 7, 1])
def test_unit_restored_between_any_two_pieces_goes_on_bit_identically(piece: int) -> None:
    """A whole exchange in which every piece of a frame is heard by a unit restored a moment ago ends in the same digest and role."""
    plain, restless = Bedside.running(), Restless.running()
    assert isinstance(restless, Restless)
    restless.piece = piece

    assert exchange(restless) == exchange(plain)


def test_time_in_pieces_is_time_at_once(seed: int) -> None:
    """With a session open, an update staged and a stopped pump on its way to an alarm, three days in pieces end as three days do."""
    pieces, once = Bedside.running(), Bedside.running()
    for bedside in (pieces, once):
        bedside.programmer(nonce=NONCE).request("BEGIN", Begin(1, False))
    rng, end_us = random.Random(seed), once.unit.now_us + 3 * 86_400 * 1_000_000

    while pieces.unit.now_us < end_us:
        pieces.unit.advance_to(min(end_us, pieces.unit.now_us + rng.choice([1, 1_000, 59_000_000, 601_000_000, 40_000_000_000])))
        pieces.unit.pump.status()
        pieces.unit.digest()
    once.unit.advance_to(end_us)

    assert pieces.unit.save() == once.unit.save()
    assert once.unit.pump.status().alarms


@pytest.mark.parametrize("profile", ["itp-20", "itp-40"])
def test_image_of_another_version_or_cut_short_changes_nothing(profile: str) -> None:
    """What is no unit image is refused, and the unit stays the one it was."""
    unit = Unit.new(profile, seed=3)
    image = unit.save()
    for bad in (b"", image[:-1], image + b"x", b"X" + image[1:], image[:6] + b"\xff" + image[7:]):
        with pytest.raises(BenchError):
            unit.restore(bad)

    assert unit.save() == image
