"""pumpsim train: the classroom in a browser, and what there is to do with lessons and runs without one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from hil.cli import complete
from hil.cli.given import Actions, Output, Word
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.console.store import Run, RunFacts

__all__ = ["command"]

PLACES = 8
PLACES_MAX = 40
PORT_MAX = 65_535
OPTIONS = {"places": "class"}
"""Options that are called otherwise here."""


class _Train(Actions):
    """A command of its own, with some actions beside: what begins with none of their names is options of `pumpsim train`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without any argument the console starts; a group alone would print its help."""
        self.no_args_is_help = False
        return super().parse_args(ctx, args)


@click.group(cls=_Train, invoke_without_command=True)
@click.option(
    "--lesson",
    default="",
    metavar="NAME|PATH",
    shell_complete=complete.lessons,
    help="The lesson; without it the instructor chooses on the page.",
)
@click.option(
    "--class", "places", type=click.IntRange(1, PLACES_MAX), default=PLACES, show_default=True, metavar="N", help="Places for learners."
)
@click.option("--port", type=click.IntRange(0, PORT_MAX), default=0, metavar="PORT", help="Where to listen; a free one if not given.")
@click.option("--host", metavar="ADDRESS", help="An IP address of this machine to listen on; 127.0.0.1 if not given.")
@click.option("--lan", is_flag=True, help="Listen on all addresses of this machine, for a class on one network.")
@click.option(
    "--tls", nargs=2, type=click.Path(path_type=Path), metavar="CERT KEY", help="Encrypt with this certificate and key, both PEM."
)
@click.option("--units", type=Word(["US", "UK"]), default="US", show_default=True, help="How quantities are written.")
@click.option("--language", default="en", show_default=True, metavar="LANGUAGE", help="Of the lesson's words.")
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="Other draws of pump and chance than the lesson's own; the patient stays."
)
@click.option("--run", "run_name", metavar="RUN", help="Go on with a run that was begun before; see `pumpsim train runs`.")
@click.option("--state", type=Output(folder=True, path_type=Path), envvar="PUMPSIM_RUNS", metavar="DIR", help="Where runs are kept.")
@click.option("--open", "opened", is_flag=True, help="Open the instructor's page in the browser of this machine.")
@click.option("--ready-file", type=Output(path_type=Path), metavar="FILE", help="Write the links there too, as JSON.")
@click.option("--list", "listed", is_flag=True, help="List the lessons that ship.")
@click.option(
    "--headless",
    metavar="LESSON",
    shell_complete=complete.lessons,
    help="Run a lesson without pages, with a scripted learner; ends with 1 if he does not pass.",
)
@click.option("--policy", metavar="FILE|NAME", help="The scripted learner: a file, or good or poor of the lesson's own.")
@click.option(
    "--cross-table",
    "crossed",
    is_flag=True,
    help="Run the good scripted learner of each lesson in every lesson (minutes); ends with 1 if one does not pass his own alone.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    ctx: click.Context, /, listed: bool, crossed: bool, headless: str | None, policy: str | None, as_json: bool, **asked: Any
) -> int:
    """Hold a lesson for a class: pages for the instructor, the learners and an observer, from this machine.

    \b
        pumpsim train --lesson found-stopped --open
        pumpsim train --lan --class 12
        pumpsim train --headless found-stopped --policy good
    """  # noqa: D301  # click wants the character itself
    if ctx.invoked_subcommand is not None:
        ctx.obj = asked["state"]
        return 0
    from hil.cli import train_lessons

    if listed:
        return train_lessons.listed(as_json)
    if crossed:
        return train_lessons.cross_table(as_json)
    if headless is not None:
        return train_lessons.headless(headless, policy, asked["seed"], as_json)
    if policy is not None:
        raise UsageError("a policy is for a run without pages", where="--policy", do="add --headless LESSON")
    if asked["run_name"]:
        _demand_nothing_else(ctx)
    return _serve(asked, as_json)


def _demand_nothing_else(ctx: click.Context) -> None:
    """What a run is, was said when it began. Raises UsageError."""
    given = [
        name for name in ("lesson", "places", "units", "language", "seed") if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    for name in given:
        option = f"--{OPTIONS.get(name, name)}"
        raise UsageError(f"a run that is gone on with keeps its own {option}", where=option, do="leave it out, or leave out --run")


def _serve(asked: dict[str, Any], as_json: bool) -> int:
    from contextlib import ExitStack
    from tempfile import TemporaryDirectory

    from hil.web.extra import require_web

    require_web("pumpsim train")
    from hil.console.places import place_of
    from hil.console.tls import certificate_files

    tls = certificate_files(*asked["tls"]) if asked["tls"] else None
    place = place_of(asked["host"], lan=asked["lan"], port=asked["port"], tls=tls is not None)
    lesson, name = _lesson(asked)
    from hil.cli.output import note
    from hil.cli.train_view import announce
    from hil.console.server import ConsoleOptions, ConsoleServer

    stored = _run(asked)
    with ExitStack() as at_end:
        way_in = Path(at_end.enter_context(TemporaryDirectory(prefix="pumpsim-"))) if asked["opened"] else None
        try:
            options = ConsoleOptions(
                place, tls, lesson, name, asked["ready_file"], lambda line: announce(line, place, as_json=as_json, opened=way_in)
            )
            server = ConsoleServer(stored, options)
        except BaseException:
            stored.close(keep=bool(asked["run_name"]))
            raise
        server.run()
    if not stored.kept:
        note(f"nobody has joined {stored.facts.name}: it is not kept")
    return 0


def _lesson(asked: dict[str, Any]) -> tuple[Any, str]:
    """The lesson that was asked for, and its name in the run's folder. Raises UsageError."""
    language = asked["language"]
    if not asked["lesson"]:
        if not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", language):
            raise UsageError(f"{language!r} is no language", where="--language", do="write it like en or de")
        return None, ""
    from hil.console.lobby import chosen_name
    from hil.lesson.reader import load_lesson

    return load_lesson(asked["lesson"], language), chosen_name(asked["lesson"])


def _run(asked: dict[str, Any]) -> Run:
    """The folder of the run: a new one, or the one that was asked for. Raises UsageError."""
    from hil.console.store import Run, runs_folder

    runs = runs_folder(asked["state"])
    return Run.there(runs, asked["run_name"]) if asked["run_name"] else Run.new(runs, _facts(asked))


def _facts(asked: dict[str, Any]) -> RunFacts:
    from hil.console.sessions import new_secrets
    from hil.console.store import RunFacts

    return RunFacts(
        name="",
        colour="",
        language=asked["language"],
        seed=asked["seed"],
        units=asked["units"],
        places=asked["places"],
        secrets=new_secrets(),
    )


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: Path, as_json: bool) -> int:
    """Read a lesson, FILE or folder, and say what is wrong with it: file, line and column of each mistake. Ends with 2 if there is one."""
    from hil.cli import train_lessons

    return train_lessons.checked(file, as_json)


@command.command("runs")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def runs(state: Path | None, as_json: bool) -> None:
    """List the runs that are kept, the newest first."""
    from hil.cli.train_view import show_runs
    from hil.console.store import runs_folder, runs_in

    folder = runs_folder(state)
    show_runs(folder, runs_in(folder), as_json=as_json)


@command.command("forget")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def forget(state: Path | None, run: str, yes: bool, as_json: bool) -> int:
    """Delete RUN with all its results: log, nicknames, cookies and links. It cannot be undone."""
    from hil.cli.output import show
    from hil.console import store

    folder = store.runs_folder(state)
    about = store.about(folder, run)
    if not yes:
        people = ", ".join(about["learners"]) or "nobody"
        click.confirm(f"Delete {run}, {about['entries']:,} entries, results of {people}?", abort=True, err=True)
    store.forget(folder, run)
    show({"forgot": run, "entries": about["entries"]}, [f"forgot {run}: {about['entries']:,} entries"], as_json=as_json)
    return 0


@command.command("save")
@click.argument("run")
@click.argument("folder", metavar="DIR", type=Output(folder=True, path_type=Path))
@click.option("--learner", default="", metavar="NAME", help="Whose acts become the scripted learner; the first one's if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def save(state: Path | None, run: str, folder: Path, learner: str, as_json: bool) -> int:
    """Save RUN as a lesson in the new folder DIR: what the instructor did becomes what happens, what a learner did a scripted learner."""
    from hil.cli import train_lessons
    from hil.console.store import runs_folder

    return train_lessons.saved((runs_folder(state), run), folder, learner, as_json)


@command.command("results")
@click.argument("run")
@click.option(
    "--files", "folder", metavar="DIR", type=Output(folder=True, path_type=Path), help="Write log, items and curves into this new folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def results(state: Path | None, run: str, folder: Path | None, as_json: bool) -> int:
    """Say how the learners of RUN did, critical errors first, and write its files: JSON, and CSV with a unit in every column."""
    from hil.cli import train_results
    from hil.console.store import runs_folder

    return train_results.results(runs_folder(state), run, folder, as_json)
