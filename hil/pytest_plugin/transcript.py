"""What went over the wire in one test, with its times, in memory; as lines for people and as a capture for programs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from protocol.capture.file import CaptureFile
from protocol.capture.recorder import Recorder
from protocol.capture.runs import HOST

__all__ = ["RUNS_MAX", "Transcript"]

RUNS_MAX = 20_000
"""Runs kept; a test that says more keeps its last ones."""


class _Run(NamedTuple):
    at_us: int
    sender: str
    data: bytes


class Transcript:
    """`passed` is what a programmer's `on_frame` calls. `now_us` is asked once for each request: an answer is of the same moment."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._at_us = 0
        self._runs: deque[_Run] = deque(maxlen=RUNS_MAX)

    def passed(self, sender: str, data: bytes) -> None:
        """A run of bytes has passed."""
        if sender == HOST:
            self._at_us = self._now_us()
        self._runs.append(_Run(self._at_us, sender, data))

    def lines(self, *, wall: bool) -> list[str]:
        """One line a run, its content in words."""
        from hil.parity.reading import read_run
        from hil.parity.spoken import moment, spoken_fields

        found = []
        for run in self._runs:
            reading = read_run(run.data)
            answer = f"{reading.answer.name} " if reading.answer is not None else ""
            said = reading.error or "  ".join(f"{name}={text}" for name, text in spoken_fields(reading.body).items())
            refusal = f"{reading.refusal.what} " if reading.refusal is not None else ""
            arrow = ">" if run.sender == HOST else "<"
            found.append(f"{moment(run.at_us, wall=wall)}  {run.sender} {arrow} {reading.name or '-'} {answer}{refusal or said}".rstrip())
        return found

    def write(self, path: Path, port: str, facts: Mapping[str, Any]) -> None:
        """Write it as a capture file, which `pumpsim decode` and Wireshark read. Raises CaptureFileError."""
        path.unlink(missing_ok=True)
        file, at = CaptureFile(path), [0]
        recorder = Recorder(file.write, lambda: at[0], port=port)
        recorder.begin(f"the programmer of a test on {port}", {"by": "client", "port": port, **facts})
        for run in self._runs:
            at[0] = run.at_us
            recorder.passed(run.sender, run.data)
        recorder.end()
        file.close()
