"""A host that babbles: a line full of noise for hours costs the pump neither a drop nor a byte of memory."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from firmware_sim.units import US_PER_H, US_PER_MIN, US_PER_S
from hil.unit import Unit
from protocol.limits import ENCODED_BYTES_MAX
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, NEW, Bedside

BYTES_PER_S = 960
"""9,600 baud, ten bits a byte: the line is never idle."""
BURST_BYTES_MAX = 96
"""Bytes arrive in bursts, as an operating system hands them over, each after the time it took on the line."""
PAUSE_US = 50_000
LOOK_US = 10 * US_PER_MIN
MISSING_BYTES_MIN = 6
"""What a fragment lacks of its frame: so much that noise does not complete it by chance."""
MEMORY_BYTES_MAX = 8_000_000
"""The unit keeps its last inputs for a script, 4 MB of them at most; an hour of this noise would be 13 MB."""
FIRST_DAY_HOUR, DAY_HOURS = 1, 24


class Told(NamedTuple):
    """What a run has come to. `memory_bytes` is the most that Python's memory grew by since the first look."""

    digest: str
    columns: dict[str, list[int]]
    line_errors: int
    counted_errors: int
    sent_bytes: int
    answer: bytes
    memory_bytes: int


def patient() -> Bedside:
    """A pump in the middle of a bolus, on a day of several rates."""
    bedside = Bedside.running()
    with bedside.programmer() as programmer:
        programmer.update(NEW)
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
        programmer.stop()
        programmer.start()
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    return bedside


def noise(draw: random.Random, frames: list[bytes]) -> Iterator[bytes]:
    """Pieces without end: random bytes, zeros, parts of frames that once were good, and whole ones with a bit or two wrong."""
    while True:
        frame = draw.choice(frames)
        kind = draw.randrange(8)
        if kind == 0:
            yield bytes(draw.randint(1, 40))
        elif kind == 1:
            yield frame[: draw.randint(1, len(frame) - MISSING_BYTES_MIN)]
        elif kind == 2:
            yield b"\0" + frame[draw.randint(MISSING_BYTES_MIN, len(frame) - 1) :]  # the zero, lest it completes its own beginning
        elif kind == 3:
            yield bent(frame, draw.sample(range(8 * len(frame) - 8), draw.randint(1, 2)))
        else:
            yield draw.randbytes(draw.randint(1, 400))


def bent(frame: bytes, bits: list[int]) -> bytes:
    """A frame with some bits turned around, its zero left alone."""
    turned = sum(1 << bit for bit in bits)
    return (int.from_bytes(frame[:-1]) ^ turned).to_bytes(len(frame) - 1) + b"\0"


class Tally:
    """Counts runs of bytes that no zero and no pause divides; none of them is a frame."""

    def __init__(self) -> None:
        self.errors = 0
        self._size = 0
        self._heard_us = 0

    def hear(self, data: bytes, device_us: int) -> None:
        """Bytes that arrive at this instant of the device's clock."""
        if device_us - self._heard_us >= PAUSE_US:
            self.end()
        self._heard_us = device_us
        first, *others = data.split(b"\0")
        self._grow(first)
        for run in others:
            self.end()
            self._grow(run)

    def _grow(self, run: bytes) -> None:
        """A run is told when it ends, or when it is too long for a frame."""
        too_long = self._size < ENCODED_BYTES_MAX <= self._size + len(run)
        self._size += len(run)
        self.errors += too_long

    def end(self) -> None:
        """A zero or a pause."""
        self.errors += 0 < self._size < ENCODED_BYTES_MAX
        self._size = 0


class Run:
    """One pump through some hours, with noise on its line or without."""

    def __init__(self, image: bytes, hours: int) -> None:
        self.unit = Unit.new("itp-40", seed=1)
        self.unit.restore(image)
        self.end_us = self.unit.now_us + hours * US_PER_H
        self.columns: dict[str, list[int]] = {}
        self.sent = 0
        self.answer = b""
        self.tally = Tally()
        self._first_bytes = 0

    def look(self) -> None:
        """One row of belief and truth, and what is kept of the line."""
        for name, values in self.unit.sample(LOOK_US, 0).items():
            self.columns.setdefault(name, []).extend(values)
        assert len(self.unit.role.save()) < 4 * ENCODED_BYTES_MAX
        if not self._first_bytes:
            tracemalloc.reset_peak()
            self._first_bytes = tracemalloc.get_traced_memory()[0]

    def babble(self, pieces: Iterator[bytes], sizes: random.Random) -> None:
        """Hear noise until the next look; the line is as fast as it is."""
        look_us, waiting = self.unit.now_us + LOOK_US, b""
        while True:
            size = sizes.randint(1, BURST_BYTES_MAX)
            due_us = self.unit.now_us + size * US_PER_S // BYTES_PER_S
            if due_us > look_us:
                break
            while len(waiting) < size:
                waiting += next(pieces)
            burst, waiting = waiting[:size], waiting[size:]
            self.unit.advance_to(due_us)
            self.tally.hear(burst, self.unit.pump.device_us)
            self.answer += self.unit.receive(burst)
            self.sent += size
        self.unit.advance_to(look_us)

    def told(self) -> Told:
        """What has come of it."""
        memory = tracemalloc.get_traced_memory()[1] - self._first_bytes
        self.tally.end()  # the client that looks opens with a zero
        digest, errors = self.unit.digest("therapy"), Bedside(self.unit).look()[0].line_errors
        return Told(digest, self.columns, errors, self.tally.errors, self.sent, self.answer, memory)


@pytest.fixture
def traced() -> Iterator[None]:
    """Python's memory is counted."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def told_of(image: bytes, hours: int, pieces: Iterator[bytes] | None, sizes: random.Random) -> Told:
    """Some hours of a pump, a look every ten minutes."""
    run = Run(image, hours)
    run.look()
    while run.unit.now_us < run.end_us:
        if pieces is None:
            run.unit.advance_to(run.unit.now_us + LOOK_US)
        else:
            run.babble(pieces, sizes)
        run.look()
    return run.told()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "hours",
    [
        pytest.param(FIRST_DAY_HOUR, id="an hour"),
        pytest.param(DAY_HOURS, id="a day", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_babble_changes_no_drop_and_takes_no_memory(hours: int, seed: int) -> None:
    """At 9,600 baud without a pause: the same drops at the same times as in silence, no answer, every bad run counted."""
    bedside = patient()
    image, frames = bedside.unit.save(), [frame for frame in bedside.heard if len(frame) > 2 * MISSING_BYTES_MIN]
    silent = told_of(image, hours, None, random.Random(seed))
    loud = told_of(image, hours, noise(random.Random(seed), frames), random.Random(seed + 1))

    assert loud.sent_bytes > 0.99 * hours * 3600 * BYTES_PER_S
    assert loud.answer == b""
    assert (loud.digest, loud.columns) == (silent.digest, silent.columns)
    assert len(set(silent.columns["delivered_nl"])) == len(silent.columns["delivered_nl"])
    assert loud.line_errors == loud.counted_errors > hours * 3600
    assert loud.memory_bytes < MEMORY_BYTES_MAX
