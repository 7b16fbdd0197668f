"""pumpsim grade: how a host behaved, from a capture of its line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.errors import UsageError

if TYPE_CHECKING:
    from protocol.keys import Key

__all__ = ["command"]

BROKEN = 1
COLOURS = {"met ": "green", "BROKEN ": "red", "declared ": "yellow", "not exercised ": "bright_black"}
"""By how a line begins; they are left out where the output is no terminal."""


@click.command()
@click.argument("capture", metavar="CAPTURE")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The keys of this pump's programmers; only to judge whether proofs were looked at.",
)
@click.option("--declare", "declared", multiple=True, metavar="RULE", help="A rule that the host breaks on purpose; may be given again.")
def command(capture: str, as_json: bool, key_file: Path | None, declared: tuple[str, ...]) -> int:
    """Judge the host in a capture that --capture wrote, rule by rule; - reads standard input. Ends with 1 if a rule is broken.

    \b
        pumpsim serve itp-40 --port pty:./pump0 --capture visit.pcapng
        pumpsim grade visit.pcapng
    """  # noqa: D301  # click wants the character itself
    from hil.cli.output import show
    from hil.grade.offline import grade_capture
    from hil.grade.options import rules_named
    from hil.grade.report import data, lines, verdicts

    names = rules_named(declared, "--declare")
    grader, about = grade_capture(capture, [] if key_file is None else _keys(key_file))
    grade = grader.grade()
    show(data(grade, about, names), map(_painted, lines(grade, about, names)), as_json=as_json)
    return BROKEN if "broken" in verdicts(grade, names).values() else 0


def _keys(path: Path) -> Sequence[Key]:
    """The keys of a file. Raises UsageError."""
    from protocol.errors import KeyFileError
    from protocol.key_file import load_keys

    try:
        return load_keys(path)
    except KeyFileError as error:
        raise UsageError(str(error), where="--key-file") from None


def _painted(line: str) -> str:
    mark = next((mark for mark in COLOURS if line.startswith(mark)), "")
    return click.style(mark, fg=COLOURS[mark], bold=mark == "BROKEN ") + line[len(mark) :] if mark else line
