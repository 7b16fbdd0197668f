"""pumpsim listen: which alarm sound is it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.cli import complete
from hil.cli.bench_place import bench_options, find_bench
from hil.cli.given import Finite, Output, Word
from hil.cli.quantities import DURATION
from hil.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from hil.instruments.recording import Recording
    from hil.instruments.tone_listener import Listening

__all__ = ["command"]


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE.wav]")
@bench_options
@click.option(
    "--for", "span_s", type=DURATION, default="1 min", show_default=True, metavar='"1 min"', help="How long to listen at a bench's pump."
)
@click.option("--snr", type=Finite(-200, 200), metavar="DB", help="Add white noise, so far below a rendered tone; 0 is as strong as it is.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of that noise.")
@click.option(
    "--profile",
    default="itp-40",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=complete.profiles,
    help="Whose sounds to listen for.",
)
@click.option("--expect", type=Word(["critical", "non-critical", "neither"]), help="End with 1 if it is another.")
@click.option("-o", "--output", type=Output(path_type=Path), metavar="FILE.wav", help="Keep the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    file: Path | None,
    span_s: int,
    snr: float | None,
    seed: int,
    profile: str,
    expect: str | None,
    output: Path | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Tell a critical from a non-critical alarm sound, or that it is neither, and when it began.

    FILE.wav is a recording of 16-bit PCM; without it the pump of a bench is heard, and its time passes meanwhile.

    \b
        pumpsim listen recording.wav
        pumpsim listen --ready-file ready.json --for '10 min' --snr 0 -o sound.wav
    """  # noqa: D301  # click wants the character itself
    from firmware_sim.errors import ProfileError
    from hil.cli.output import show
    from hil.instruments.recording import write_wav
    from hil.instruments.tone_listener import ToneListener

    try:
        listener = ToneListener.of_profile(profile)
    except ProfileError as error:
        raise UsageError(str(error), where="--profile") from None
    recording = _recorded(file, span_s, place)
    if snr is not None:
        recording = _noisy(recording, snr, seed)
    if output is not None:
        write_wav(output, recording)
    listening = listener.hear(recording)
    show(listening, _lines(listening), as_json=as_json)
    if expect not in {None, listening.verdict}:
        raise CheckFailed(f"heard {listening.verdict}, expected {expect}", where="pumpsim listen")


def _recorded(file: Path | None, span_s: int, place: dict[str, Any]) -> Recording:
    from hil.instruments.microphone import SimulatedMicrophone, WavFile

    if file is not None:
        return WavFile(file).record(span_s)
    from hil.web.client import HttpBench

    bench = HttpBench(find_bench(**place))
    try:
        return SimulatedMicrophone(bench).record(span_s)
    finally:
        bench.close()


def _noisy(recording: Recording, snr_db: float, seed: int) -> Recording:
    from hil.instruments.microphone import tone_rms
    from hil.instruments.recording import with_noise

    return with_noise(recording, tone_rms() * 10 ** (-snr_db / 20), seed)


def _lines(listening: Listening) -> Iterator[str]:
    yield listening.verdict if listening.onset_us is None else f"{listening.verdict}, from {listening.onset_us / 1e6:.3f} s"
    for sound in listening.heard:
        yield f"  at {sound.onset_us / 1e6:8.3f} s for {sound.length_us / 1e6:6.3f} s: {sound.kind}"
