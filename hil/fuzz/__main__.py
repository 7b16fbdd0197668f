"""`python -m hil.fuzz`: run streams against one end of the wire, show how far it is, leave what breaks a law as files."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import click

from hil.errors import HilError, UsageError
from hil.fuzz.crew import ENDS, Campaign, Done, end_of, run
from hil.pacing import wall_us
from protocol.errors import BadImage, WireError
from protocol.fuzz.campaign import Finding, breach_of
from protocol.fuzz.samples import read_frames

__all__ = ["command"]

STEPS_SHOWN = 12
BYTES_SHOWN = 48
FINDINGS_MAX = 10
"""One defect shows in many streams; a run ends with this many."""
LINES = 10
"""Lines of progress where the output is no terminal."""


@click.command()
@click.option("--end", type=click.Choice(ENDS), default="pump", show_default=True, help="Which end of the wire the streams go to.")
@click.option("--streams", type=click.IntRange(1), default=10_000, show_default=True, help="How many.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws other streams.")
@click.option("--workers", type=click.IntRange(0), default=None, help="Processes; all cores unless given, 0 for this one.")
@click.option("--frames", type=click.Path(exists=True, dir_okay=False), help="More frames to begin from: lines NAME: HEX.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("fuzz-findings"), show_default=True, help="Folder for findings.")
@click.option("--told", is_flag=True, help="Print how often each answer or result came.")
@click.option("--again", type=click.Path(path_type=Path, dir_okay=False), help="Play the file of a finding instead.")
@click.option("--guided", is_flag=True, help="Let atheris look for what reaches new code; see docs/how-to/fuzzing.md.")
def command(
    end: str, streams: int, seed: int, workers: int | None, frames: str | None, out: Path, told: bool, again: Path | None, guided: bool
) -> int:
    """Bend frames and hold an end of the wire to its laws. Ends with 1 when one was broken."""
    if again is not None:
        return _again(again)
    if guided:
        from hil.fuzz.guided import run_guided

        return run_guided(streams, seed)
    _judge_frames(frames)
    view = _View(Campaign(end, seed, streams, frames or ""), out)
    run(view.campaign, (os.cpu_count() or 1) if workers is None else workers, view.take)
    view.end(told)
    return 1 if view.findings else 0


def _judge_frames(path: str | None) -> None:
    """Look whether a file of frames can be read, before any worker does. Raises UsageError."""
    try:
        if path is not None:
            read_frames(Path(path))
    except (WireError, UnicodeDecodeError) as error:
        raise UsageError(str(error), where="--frames", do="give lines of NAME: HEX, as in tests/golden/frames.txt") from None


class _View:
    """What a run says while it lasts."""

    def __init__(self, campaign: Campaign, out: Path) -> None:
        self.campaign = campaign
        self.findings = 0
        self._out = out
        self._began_us = wall_us()
        self._done = self._shown = 0
        self._told: Counter[str] = Counter()
        self._terminal = sys.stderr.isatty()

    def take(self, done: Done) -> bool:
        """A job is done; False when there are findings enough."""
        self._done += done.streams
        self._told += done.told
        for finding in done.findings:
            self._find(finding)
        if self._terminal or self._done * LINES // self.campaign.streams > self._shown:
            self._shown = self._done * LINES // self.campaign.streams
            click.echo(("\r" if self._terminal else "") + self._line(), err=True, nl=not self._terminal)
        return self.findings < FINDINGS_MAX

    def _line(self) -> str:
        seconds = max(1, wall_us() - self._began_us) / 1_000_000
        rate = self._done / seconds
        left_s = round((self.campaign.streams - self._done) / rate) if rate else 0
        return (
            f"{self.campaign.end}: {self._done:,} of {self.campaign.streams:,} streams, {rate:,.0f}/s, "
            f"{left_s // 60}:{left_s % 60:02} left, {self.findings} findings "
        )

    def _find(self, finding: Finding) -> None:
        self.findings += 1
        path = finding.write(self._out)
        click.echo(f"{path}: {finding.law}: {finding.said}")

    def end(self, told: bool) -> None:
        """The last lines."""
        if self._terminal:
            click.echo("", err=True)
        if told:
            for name, count in sorted(self._told.items()):
                click.echo(f"{count:>10,}  {name}")
        seconds = (wall_us() - self._began_us) / 1_000_000
        click.echo(
            f"{self._done:,} streams to the {self.campaign.end}'s end, seed {self.campaign.seed}: "
            f"{sum(self._told.values()):,} answers, {self.findings} findings, {seconds:.0f} s"
        )


def _again(path: Path) -> int:
    """Play a finding; 1 if it still breaks its law."""
    try:
        finding = Finding.read(path)
    except BadImage as error:
        raise UsageError(str(error), where="--again", do="give a file that a run has left") from None
    for step in finding.steps[:STEPS_SHOWN]:
        shown = step.data.decode() if step.act in ("begin", "call") else step.data[:BYTES_SHOWN].hex(" ")
        click.echo(f"{step.act:<8}{shown}{' ...' if len(step.data) > BYTES_SHOWN else ''} {step.number or ''}".rstrip())
    if len(finding.steps) > STEPS_SHOWN:
        click.echo(f"and {len(finding.steps) - STEPS_SHOWN} steps more")
    breach = breach_of(end_of(finding.end), finding.steps)
    click.echo(f"found: {finding.law}: {finding.said}")
    click.echo("now: no law is broken" if breach is None else f"now: {breach}")
    return 0 if breach is None else 1


def main() -> int:
    """Run the command; returns the exit code. An error of ours is one line on stderr."""
    try:
        result = command.main(prog_name="python -m hil.fuzz", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        click.echo(f"fuzz: {error.format_message()}", err=True)
        return error.exit_code
    except HilError as error:
        click.echo(f"fuzz: {error.lines[0]}", err=True)
        return error.exit_code
    except WireError as error:
        click.echo(f"fuzz: {error}", err=True)
        return 2
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
