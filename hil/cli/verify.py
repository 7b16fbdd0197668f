"""pumpsim verify: the suite against any pump, as evidence; and evidence checked and compared."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.cli import complete
from hil.cli.given import Output
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.evidence.verifying import Verified, VerifyAsked

__all__ = ["command"]

FILE = click.Path(path_type=Path, dir_okay=False)
ANY = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
FAILED = 1
LOG = "pytest.log"


@click.command()
@click.argument("url", required=False, default="")
@click.option("--bench", metavar="FILE|URL", default="", help="The bench of a pump that is served already: its ready file, or its address.")
@click.option("--rig", type=FILE, metavar="FILE", help="A rig file: target, instruments, keys; of a unit on serial: its number too.")
@click.option(
    "--profile",
    metavar="NAME|FILE",
    shell_complete=complete.profiles,
    default="",
    help="What the pump is declared to be; a pumpsim:// URL says it itself.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of a pump that is made for this run; 1 if not given.")
@click.option("--random-order", is_flag=True, help="Run the tests in an order drawn with the seed.")
@click.option(
    "--report",
    type=Output(folder=True, path_type=Path),
    metavar="DIR",
    help="Leave evidence.html, evidence.json and evidence.xml (JUnit) there.",
)
@click.option("--requirements", type=FILE, metavar="FILE", help="Rows of your own (CSV) that join the shipped ones.")
@click.option("--waivers", type=FILE, metavar="FILE", help="Waivers (YAML) that join the shipped ones.")
@click.option("--skips", type=FILE, metavar="FILE", help="The list of tests that may skip; one more fails the run.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N", help="Processes, each with a pump of its own."
)
@click.option(
    "-k",
    "select",
    metavar="EXPR",
    default="",
    help="Only tests whose names or rows (FR-04) fit, as pytest has it; judges their rows alone.",
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    default=("shipped",),
    metavar="PATH",
    help="Tests in place of `shipped`, or beside it. May be repeated.",
)
@click.option("--operator", metavar="NAME", default="", help="Who is named in the header; else the user of this machine.")
@click.option("--check", "checked", type=ANY, multiple=True, metavar="FILE|DIR", help="Run nothing: is this evidence as it was written?")
@click.option("--compare", "compared", type=FILE, nargs=2, metavar="A B", help="Run nothing: how do two evidence.json differ?")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; of a run, all of its evidence, with a `summary`.")
def command(checked: tuple[Path, ...], compared: tuple[Path, Path] | None, as_json: bool, **asked: Any) -> int:
    """Run the suite against the pump at URL and say of each requirement whether it is met.

    Ends with 0 if each row is met, waived, or deviates as the pump's profile declares; with 1 if one failed, or none of its tests ran.
    A URL is pumpsim://PROFILE, pty:PATH, tcp://HOST:PORT, rfc2217://HOST:PORT or serial:PATH. A pump is made for this run if none is there.

    \b
        pumpsim verify pumpsim://itp-40 --report evidence
        pumpsim verify --check evidence
        pumpsim verify --compare before/evidence.json evidence/evidence.json
    """  # noqa: D301  # click wants the character itself
    others = [name for name, given in (("--check", checked), ("--compare", compared), ("URL", asked["url"] or asked["rig"])) if given]
    if len(others) > 1:
        raise UsageError(f"{others[0]} and {others[1]} are two errands", where="verify", do="do one at a time")
    if checked:
        return _check(checked, as_json)
    if compared:
        return _compare(*compared, as_json)
    return _run(asked, as_json)


def _run(asked: dict[str, Any], as_json: bool) -> int:
    from hil.evidence.progress import Progress
    from hil.evidence.verifying import VerifyAsked, verify

    asked_for, progress = VerifyAsked(**asked), Progress(sys.stderr)
    _clear(asked_for.report)
    try:
        verified = verify(asked_for, progress)
    finally:
        progress.close()
    paths = _left(verified, asked_for)
    from hil.cli.output import show
    from hil.cli.verify_view import run_lines

    show({"header": verified.header, **verified.dossier}, run_lines(verified.dossier, paths), as_json=as_json)
    return 0 if verified.dossier["summary"]["ok"] else FAILED


def _clear(report: Path | None) -> None:
    """Take away what an earlier run left: a run that breaks off leaves no evidence of another."""
    from hil.evidence.files import NAMES

    if report is None:
        return
    for name in (*NAMES, LOG):
        (report / name).unlink(missing_ok=True)
    for replay in report.glob("failures/*/replay.py"):
        shutil.rmtree(replay.parent, ignore_errors=True)


def _left(verified: Verified, asked: VerifyAsked) -> list[Path]:
    """Write the files, if there is a place for them."""
    if asked.report is None:
        return []
    from hil.evidence.files import write_evidence

    paths = write_evidence(asked.report, verified.header, verified.dossier)
    (asked.report / LOG).write_text(verified.log, encoding="utf-8")
    return paths


def _check(paths: tuple[Path, ...], as_json: bool) -> int:
    from hil.cli.output import show
    from hil.cli.verify_view import check_data, check_lines
    from hil.evidence.files import check_files

    found = check_files(paths)
    data = check_data(found)
    show(data, check_lines(found), as_json=as_json)
    return 0 if data["ok"] else FAILED


def _compare(one: Path, other: Path, as_json: bool) -> int:
    from hil.cli.output import show
    from hil.cli.verify_view import compare_lines
    from hil.evidence.compare import compare
    from hil.evidence.files import evidence_in

    compared = compare(evidence_in(one), evidence_in(other))
    show(compared.data(), compare_lines(compared), as_json=as_json)
    return FAILED if compared.verdicts else 0
