"""Images: whole, versioned, and nothing else is taken for one."""

from __future__ import annotations

import random

import pytest

from firmware_sim import Pump
from firmware_sim.errors import ImageError
from firmware_sim.image import pack, unpack
from firmware_sim.plant.motor import Motor
from tests.support.therapies import US_PER_H, active_causes, bolus_of, flex, running


def busy_pump() -> Pump:
    """A pump in the middle of everything: bolus, faults, alarms, a queue."""
    pump = running(flex())
    pump.inject("motor.over_infusion", excess_ppm=5)
    pump.schedule(50 * US_PER_H, "reset")
    pump.inject("memory.bit_flip", region="bank_a", offset=45, bit=1)
    pump.advance(hours=2)
    pump.silence("memory_error")
    pump.bolus(bolus_of(100_000, 7_200))
    pump.advance(minutes=30)
    return pump


def test_restored_pump_is_the_pump() -> None:
    """Same digest, same bytes, same status and truth; and the same again after days with the reset that was queued."""
    pump = busy_pump()
    again = Pump.restore(pump.save())
    assert (again.digest(), again.save(), again.status(), again.truth()) == (pump.digest(), pump.save(), pump.status(), pump.truth())

    for each in (pump, again):
        each.advance(days=5)
    assert again.digest() == pump.digest()
    assert active_causes(again) == ["memory_error"]


def test_image_is_a_copy() -> None:
    """What the pump does after saving does not reach into the image."""
    pump = busy_pump()
    image, digest = pump.save(), pump.digest()
    pump.advance(days=1)

    assert Pump.restore(image).digest() == digest != pump.digest()


def test_dark_pump_can_be_saved() -> None:
    """Without power, too: it wakes when it would have."""
    pump = running()
    pump.power_cut(off_us=US_PER_H)
    again = Pump.restore(pump.save())
    for each in (pump, again):
        each.advance(us=US_PER_H - 1)
        assert (each.powered, each.boots) == (False, 1)
        each.advance(us=1)

    assert again.powered
    assert again.digest() == pump.digest()


@pytest.mark.parametrize(
    "image",
    [
        b"",
        b"pumpsim",
        b"not an image at all, only some words",
        bytes(100),
        running().save()[:-1],
        running().save()[:40],
        running().save() + b" ",
    ],
    ids=["nothing", "magic cut", "words", "zeros", "one byte short", "head only", "one byte long"],
)
def test_other_bytes_are_no_image(image: bytes) -> None:
    """Foreign, cut or padded bytes are an ImageError in words."""
    with pytest.raises(ImageError):
        Pump.restore(image)


def test_other_version_says_so() -> None:
    """The version is named, and what to do."""
    image = running().save()
    with pytest.raises(ImageError, match="version 257"):
        Pump.restore(image[:13] + b"\x01\x01" + image[15:])


def test_damaged_image_is_noticed(seed: int) -> None:
    """One changed byte anywhere behind the head is an ImageError."""
    image, draws = busy_pump().save(), random.Random(seed)
    for _ in range(200):
        place = draws.randrange(19, len(image))
        spoiled = bytearray(image)
        spoiled[place] ^= draws.randrange(1, 256)
        with pytest.raises(ImageError):
            Pump.restore(bytes(spoiled))


@pytest.mark.parametrize("data", [5, "motor", None, [], [1, 2], [1, 2, 3, 4, 5, 6, "yes", 8, 9], ["1", 2, 3, 4, 5, 6, True, 8, 9]])
def test_data_of_another_type_is_refused(data: object) -> None:
    """Unpacking says what is wrong, whatever the shape of the data."""
    with pytest.raises(ImageError, match="Motor"):
        unpack(Motor, data)


def test_packing_turns_back() -> None:
    """Packed and unpacked, a piece of state is equal."""
    motor = Motor(7, 1, 2, 3, 4, 5, False, 6, 7)

    assert unpack(Motor, pack(motor)) == motor
