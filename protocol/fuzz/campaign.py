"""Runs batches of streams against an end, and turns what breaks a law into a finding that can be made again.

A batch is some streams in a row on one end: it begins at a known state, and its draws depend on seed, end and batch number alone.
"""

from __future__ import annotations

import json
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from protocol.errors import BadImage
from protocol.fuzz.draws import Draw, draw_of
from protocol.fuzz.hearing import Breach
from protocol.fuzz.shrink import shrunk
from protocol.fuzz.steps import Step

__all__ = ["BATCH_STREAMS", "End", "Finding", "Tally", "batches", "breach_of", "run_batch"]

BATCH_STREAMS = 64
"""Streams that build upon each other before the end is set up anew."""


class End(Protocol):
    """One end of the wire under fuzz. `record` is what was done since it was last set up, `told` counts what came of it, by name."""

    name: str
    told: Counter[str]
    record: list[Step]

    def script(self, draw: Draw, streams: int) -> Iterator[Step]:
        """Steps of so many streams, one after the other; each is done before the next is asked for."""

    def do(self, step: Step) -> None:
        """Do one step and judge it. Raises Breach, and whatever escapes the end."""


class Finding(NamedTuple):
    """A law broken, with the steps that break it; `stream` is counted from the beginning of the campaign."""

    end: str
    seed: int
    stream: int
    law: str
    said: str
    steps: tuple[Step, ...]

    def write(self, folder: Path) -> Path:
        """Leave a file that `read` takes; returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.end}-{self.seed}-{self.stream}.json"
        content = {**self._asdict(), "steps": [step.as_row() for step in self.steps]}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> Finding:
        """A finding from its file. Raises BadImage."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**content, "steps": tuple(Step.of_row(row) for row in content["steps"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BadImage(f"{path}: no finding: {error}") from None


class Tally(NamedTuple):
    """What a batch came to."""

    streams: int
    told: Counter[str]
    finding: Finding | None


def batches(streams: int) -> Iterator[tuple[int, int]]:
    """Number and size of each batch of a campaign."""
    for number, first in enumerate(range(0, streams, BATCH_STREAMS)):
        yield number, min(BATCH_STREAMS, streams - first)


def run_batch(end: End, seed: int, number: int, streams: int) -> Tally:
    """Run one batch. A finding ends it, and is made small."""
    done = 0
    end.told.clear()

    def steps() -> Iterator[Step]:
        nonlocal done
        for step in end.script(draw_of(seed, end.name, number), streams):
            yield step
            done += step.act == "look"

    breach = breach_of(end, steps())
    told = end.told.copy()
    if breach is None:
        return Tally(streams, told, None)
    first, *rest = end.record
    least = shrunk(rest, lambda less: _breaks(end, [first, *less], breach.law))
    again = breach_of(end, [first, *least]) or breach
    stream = number * BATCH_STREAMS + min(done, streams - 1)
    return Tally(done, told, Finding(end.name, seed, stream, again.law, again.said, (first, *least)))


def breach_of(end: End, steps: Iterator[Step] | Sequence[Step]) -> Breach | None:
    """Do steps until a law is broken; an exception that escapes breaks one. PowerCut does not escape: it derives from BaseException."""
    try:
        for step in steps:
            end.do(step)
    except Breach as breach:
        return breach
    except Exception as error:  # noqa: BLE001  # that any exception escapes is the finding
        return _escaped(error)
    return None


def _escaped(error: Exception) -> Breach:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Breach("no exception escapes", f"{type(error).__name__} in {place.name}, {Path(place.filename).name}:{place.lineno}: {error}")


def _breaks(end: End, steps: Sequence[Step], law: str) -> bool:
    breach = breach_of(end, steps)
    return breach is not None and breach.law == law
