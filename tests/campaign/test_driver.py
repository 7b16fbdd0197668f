"""The driver, with workers that do as they are told: every case is accounted for, whatever becomes of the workers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.campaign.driver import LOSSES_MAX, drive
from hil.campaign.journal import Chunk, Journal
from hil.campaign.place import Done, Lost, Outcome, Raised
from hil.campaign.plan import Plan, parse_plan
from hil.errors import CheckFailed, UsageError

IDENTITY = {"name": "short", "cases": "40"}
RUNS = 40


class Scripted:
    """Workers that crash over some cases, raise over others, and are lost for no reason now and then."""

    def __init__(self, slots: int, crash: Collection[int], raised: Collection[int], mishaps: Collection[int]) -> None:
        self._slots = slots
        self._crash, self._raised, self._mishaps = set(crash), set(raised), set(mishaps)
        self._queue: list[Chunk] = []
        self._turn = 0
        self.started: list[Chunk] = []

    @property
    def free(self) -> int:
        return self._slots - len(self._queue)

    def start(self, chunk: Chunk) -> None:
        self.started.append(chunk)
        self._queue.append(chunk)

    def wait(self) -> list[Outcome]:
        """The newest first, so that chunks come back out of order."""
        chunk, self._turn = self._queue.pop(), self._turn + 1
        cases = set(range(chunk.low, chunk.high))
        if cases & self._crash or self._turn in self._mishaps:
            return [Lost(chunk, "one", "gone")]
        if cases & self._raised:
            return [Raised(chunk, "one", "no")]
        return [Done(chunk, "one", [{"what": index * 3} for index in sorted(cases)], 0.5)]

    def close(self) -> None:
        """Nothing to end."""


class Ear:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.cases = 0
        self.words: list[str] = []

    def came(self, cases: int) -> None:
        self.cases += cases

    def said(self, text: str) -> None:
        self.words.append(text)

    def close(self) -> None:
        """Heard enough."""


def short_plan() -> Plan:
    return parse_plan(f"name: short\nruns: {RUNS}\nyears: 1\n".encode())


some_cases = st.sets(st.integers(0, RUNS - 1), max_size=3)


@settings(max_examples=30)
@given(slots=st.integers(1, 4), size=st.integers(1, RUNS), crash=some_cases, raised=some_cases, mishap=st.integers(0, 12))
def test_every_case_is_accounted_for(slots: int, size: int, crash: set[int], raised: set[int], mishap: int) -> None:
    """The cases that crash or raise are given up, alone; all others are done once, also where a worker is lost for another reason."""
    ear = Ear()
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder), IDENTITY)
        drive(short_plan(), journal, Scripted(slots, crash, raised, {mishap}), size, ear)

        assert [failure.index for failure in journal.failures()] == sorted(crash | raised)
        assert dict(journal.rows()) == {index: {"what": index * 3} for index in range(RUNS) if index not in crash | raised}
        assert ear.cases == RUNS
        assert len(ear.words) == len(crash | raised)
        journal.close()


def test_case_is_blamed_when_workers_were_lost_with_it_alone(tmp_path: Path) -> None:
    """It is halved down to one case, and that case is tried alone so often before it is given up."""
    journal, place = Journal(tmp_path, IDENTITY), Scripted(1, {5}, (), ())

    drive(short_plan(), journal, place, 8, Ear())
    journal.close()

    assert [chunk for chunk in place.started if chunk.low <= 5 < chunk.high and chunk.size > 1] == [(0, 8, 0), (4, 8, 0), (4, 6, 0)]
    assert [chunk.losses for chunk in place.started if chunk.size == 1 and chunk.low == 5] == list(range(LOSSES_MAX))


def test_engine_that_cannot_be_loaded_ends_it(tmp_path: Path) -> None:
    """Where no case can be lived, none is blamed."""

    class Without(Scripted):
        def wait(self) -> list[Outcome]:
            return [Raised(self._queue.pop(), "one", "no engine", wrong=True)]

    journal = Journal(tmp_path, IDENTITY)
    with pytest.raises(CheckFailed, match="no engine"):
        drive(short_plan(), journal, Without(1, (), (), ()), 8, Ear())

    assert not journal.failures()
    journal.close()


@settings(max_examples=30)
@given(chunks=st.lists(st.integers(1, 9), min_size=1, max_size=8), kept=st.lists(st.booleans(), min_size=8, max_size=8))
def test_gaps_are_what_no_chunk_has(chunks: list[int], kept: list[bool]) -> None:
    """Chunks of any size may follow one another; what is left is exact."""
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder), IDENTITY)
        low, taken = 0, set()
        for size, keep in zip(chunks, kept, strict=False):
            if keep:
                journal.done(Chunk(low, low + size), "one", 0.0, [{"what": 1}] * size)
                taken |= set(range(low, low + size))
            low += size

        left = [index for first, last in journal.gaps(low + 3) for index in range(first, last)]
        journal.close()

    assert left == [index for index in range(low + 3) if index not in taken]


def test_folder_is_one_campaigns(tmp_path: Path) -> None:
    """A second driver is turned away, and so is another plan."""
    journal = Journal(tmp_path, IDENTITY)
    with pytest.raises(UsageError, match="a campaign is running in this folder"):
        Journal(tmp_path, IDENTITY)
    journal.close()

    with pytest.raises(UsageError, match="has short as its name, not long"):
        Journal(tmp_path, {**IDENTITY, "name": "long"})

    Journal(tmp_path, IDENTITY).close()


def test_rows_of_a_chunk_have_the_same_columns(tmp_path: Path) -> None:
    """An engine whose rows differ in shape is told which case it was."""
    journal = Journal(tmp_path, IDENTITY)
    with pytest.raises(CheckFailed, match="case 4 has other columns than case 3"):
        journal.done(Chunk(3, 5), "one", 0.0, [{"one": 1}, {"two": 2}])

    assert list(journal.gaps(5)) == [(0, 5)]
    journal.close()
