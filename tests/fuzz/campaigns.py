"""Slices of a fuzzing campaign, small enough for a worker of the test run, and what a failure says."""

from __future__ import annotations

from pathlib import Path

from hil.fuzz.crew import end_of
from protocol.fuzz.campaign import Finding, batches, run_batch

__all__ = ["GOLDEN", "SLICES", "STREAMS", "findings_of", "said"]

STREAMS = 100_000
"""To each end in each test run; `make fuzz` sends ten times as many."""
SLICES = 16
STEPS_SHOWN, BYTES_SHOWN = 16, 64
GOLDEN = str(Path(__file__).parents[1] / "golden" / "frames.txt")


def findings_of(end: str, seed: int, streams: int) -> list[Finding]:
    """Run so many streams from the golden frames; stop at the first batch that breaks a law."""
    for number, size in batches(streams):
        finding = run_batch(end_of(end, GOLDEN), seed, number, size).finding
        if finding is not None:
            return [finding]
    return []


def said(findings: list[Finding]) -> str:
    """A finding in words, with its last steps; `python -m hil.fuzz` leaves a file of all."""
    return "\n".join(
        f"{finding.law}: {finding.said}; seed {finding.seed}, stream {finding.stream}:\n"
        + "\n".join(f"  {step.act} {step.number} {step.data[:BYTES_SHOWN].hex()}" for step in finding.steps[-STEPS_SHOWN:])
        for finding in findings
    )
