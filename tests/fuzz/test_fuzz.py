"""A hundred thousand bent streams to each end of the wire: nothing escapes, nothing hangs, nothing changes that nobody was granted."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.fuzz.crew import end_of
from hil.fuzz.server_end import ServerEnd
from protocol.framing import Frame
from protocol.fuzz.campaign import run_batch
from protocol.fuzz.samples import read_frames
from protocol.fuzz.steps import begin
from tests.fuzz.campaigns import GOLDEN, SLICES, STREAMS, findings_of, said

SERVER_STREAMS = 1_500
GROWTH_BYTES_MAX = 60_000
"""Thirty bytes kept of each of the streams below would be this much."""
WARM_BATCHES, GROWTH_BATCHES = 10, 30
BATCH = 64


@pytest.mark.pump_requirement("PR-13")
@pytest.mark.parametrize("part", range(SLICES))
def test_pump_keeps_its_laws(part: int, seed: int) -> None:
    """Whatever is sent, with keys and without: one readable answer to each request, no exception, the therapy as granted and logged."""
    findings = findings_of("pump", seed, STREAMS // SLICES)

    assert not findings, f"slice {part}: {said(findings)}"


@pytest.mark.pump_requirement("PR-13")
@pytest.mark.parametrize("part", range(SLICES))
def test_client_keeps_its_laws(part: int, seed: int) -> None:
    """Whatever comes back: each call ends in its result or a named error, says what is so, and sends no command while one is uncertain."""
    findings = findings_of("host", seed, STREAMS // SLICES)

    assert not findings, f"slice {part}: {said(findings)}"


def test_served_process_keeps_its_laws(seed: int) -> None:
    """The same streams through a socket: the process lives on, answers as it must, and takes a good client at the end of each batch."""
    with ServerEnd(read_frames_of_golden()) as end:
        for number in range(-(-SERVER_STREAMS // BATCH)):
            finding = run_batch(end, seed, number, BATCH).finding
            assert finding is None, said([finding])


def read_frames_of_golden() -> list[Frame]:
    """The golden frames, to begin from."""
    return read_frames(Path(GOLDEN))


@pytest.fixture
def traced() -> Iterator[None]:
    """Python's memory is counted."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.pump_requirement("PR-13")
@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("name, start", [("pump", "running quiet secure"), ("host", "noisy secure")], ids=["pump", "host"])
def test_streams_leave_no_memory_behind(name: str, start: str, seed: int) -> None:
    """After some batches to warm up, two thousand streams more leave nothing in memory."""
    end = end_of(name, GOLDEN)

    def held_after(first: int, last: int) -> int:
        for number in range(first, last):
            assert run_batch(end, seed, number, BATCH).finding is None
        end.do(begin(start))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    warm = held_after(0, WARM_BATCHES)

    assert held_after(WARM_BATCHES, WARM_BATCHES + GROWTH_BATCHES) - warm < GROWTH_BYTES_MAX
