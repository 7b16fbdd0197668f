"""pumpsim replay: a recorded session played to another pump, and what that one did otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.cli.bench_place import bench_options, find_bench
from hil.cli.given import Finite, Output
from hil.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from hil.parity.pump_to_replay import Asked
    from hil.parity.recording import Recording
    from hil.parity.replay import Parity

__all__ = ["command"]

BENCH_TOLERANCE_MS = 0
WALL_TOLERANCE_MS = 50
DIFFERENT = 1


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False))
@click.option("--port", metavar="URL", default="", help="The pump; if no pump is named, a new one as the recording describes it.")
@bench_options
@click.option("--key-file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The keys of this pump's programmers.")
@click.option(
    "--recorded-key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Those of the recorded pump's, if they are others.",
)
@click.option("--run", "section", type=click.IntRange(min=1), metavar="N", help="Which run of a capture that holds several.")
@click.option("--another-unit", is_flag=True, help="The pump is another unit with another past: count ids, records, totals from there.")
@click.option(
    "--tolerance",
    "tolerance_ms",
    type=Finite(0),
    metavar="MS",
    help=f"Times may differ by so much: {WALL_TOLERANCE_MS}, and {BENCH_TOLERANCE_MS} with a bench.",
)
@click.option("--pace", default="x1", show_default=True, metavar="xN", help="Without a bench: how fast; x0 does not wait.")
@click.option("--report", type=Output(parents=True, path_type=Path), metavar="FILE.html", help="Write the report as a page.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(file: str, report: Path | None, as_json: bool, tolerance_ms: float | None, another_unit: bool, **asked: Any) -> int:
    """Play the host's side of a capture to a pump and report what it does otherwise. Ends with 0 if nothing is, else with 1.

    \b
        pumpsim serve itp-40 --port pty:./pump0 --pace lock-step --bench http --ready-file ready.json
        pumpsim replay session.pcapng --ready-file ready.json --report parity.html
    """  # noqa: D301  # click wants the character itself
    from hil.parity.recording import load_recording

    recording = load_recording(file, asked.pop("section"))
    parity = _parity(recording, tolerance_ms, another_unit, asked)
    if report is not None:
        from hil.parity.page import write_page

        write_page(parity, report)
    from hil.cli.output import show_json
    from hil.cli.replay_view import parity_lines
    from hil.parity.report import report_of

    if as_json:
        show_json(report_of(parity))
    else:
        for line in parity_lines(parity, report):
            click.echo(line)
    return DIFFERENT if parity.found else 0


def _parity(recording: Recording, tolerance_ms: float | None, another_unit: bool, asked: dict[str, Any]) -> Parity:
    """Play it. Raises HilError."""
    from hil.parity.pump_to_replay import find_pump
    from hil.parity.replay import replay
    from hil.parity.rewriting import KeyChain
    from protocol.errors import KeyFileError, ProtocolError
    from protocol.key_file import load_keys

    recorded_key_file = asked.pop("recorded_key_file")
    try:
        recorded = load_keys(recorded_key_file) if recorded_key_file else ()
        end, keys = find_pump(_asked(**asked), recording)
    except KeyFileError as error:
        raise UsageError(str(error)) from None
    except ProtocolError as error:
        raise UsageError(str(error)) from None
    if tolerance_ms is None:
        tolerance_ms = BENCH_TOLERANCE_MS if end.exact and not recording.wall else WALL_TOLERANCE_MS
    try:
        if recording.keyed and not keys and end.known.facts.get("security") != "no-auth":
            raise UsageError("the session is signed, and no key is known", where=recording.file, do="give the pump's keys with --key-file")
        return replay(recording, end, KeyChain(recorded or keys, keys), tolerance_us=round(tolerance_ms * 1000), another_unit=another_unit)
    except ProtocolError as error:
        raise CheckFailed(str(error), where=end.known.port) from None
    finally:
        end.close()


def _asked(*, port: str, key_file: Path | None, pace: str, **place: Any) -> Asked:
    """Which pump is meant. Raises UsageError."""
    from fractions import Fraction

    from hil.pacing import parse_factor
    from hil.parity.pump_to_replay import Asked

    if not pace.startswith("x"):
        raise UsageError(f"unknown pace {pace!r}", where="--pace", do="use xN such as x1, x100; x0 does not wait")
    factor = Fraction(0) if pace == "x0" else parse_factor(pace[1:])
    benched = any(place.values())
    return Asked(port, find_bench(**place) if benched else None, key_file, factor)
