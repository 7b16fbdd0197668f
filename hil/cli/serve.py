"""pumpsim serve: simulated pumps behind ports, until they are told to stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.cli import complete
from hil.cli.given import Output, Word
from hil.system.terminals import port_of_our_own

if TYPE_CHECKING:
    from hil.faults.conditions import Condition
    from hil.server.process import PumpOptions

__all__ = ["command"]

Command = Callable[..., Any]

PUMP_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.argument("profile", required=False, shell_complete=complete.profiles),
    click.option("--profile", "profile_option", metavar="NAME|FILE", shell_complete=complete.profiles, help="The same as PROFILE."),
    click.option("--catheter", default="", metavar="NAME", help="Another catheter than the profile's, such as 114cm."),
    click.option(
        "--port",
        default=port_of_our_own("./pump0"),
        show_default=True,
        metavar="URL",
        help="pty:PATH, tcp://HOST:PORT or rfc2217://HOST:PORT (port 0: a free one), or serial:PATH.",
    ),
    click.option(
        "--count",
        type=click.IntRange(min=1),
        default=1,
        metavar="N",
        help="So many pumps alike; port, name and seed count up from those given, and --state has a folder for each.",
    ),
    click.option("--name", metavar="NAME", help="What the bench calls this pump; pump1, pump2 and so on if not given."),
    click.option(
        "--pace",
        default="x1",
        show_default=True,
        metavar="PACE",
        help="xN of the wall clock, lock-step (time moves by the bench only), or free.",
    ),
    click.option(
        "--pace-while-talking",
        default="1",
        show_default=True,
        metavar="N",
        help="xN while a frame, an update or a session is open.",
    ),
    click.option(
        "--until", metavar="CONDITION", help="End a free run there: alarm:CAUSE, mode:NAME, 'reservoir<=2 mL', bolus-ended, sound, quiet."
    ),
    click.option("--seed", type=click.IntRange(min=0), help="Decides what differs between units of a profile; 0 if not given."),
    click.option(
        "--security",
        shell_complete=complete.security,
        default="secure",
        show_default=True,
        metavar="NAME",
        help="What the pump insists on: secure, or a weakness on purpose (no-auth, crc-key, no-replay-check and so on).",
    ),
    click.option(
        "--wire",
        default="",
        metavar="FILE.py:NAME",
        help="Speak a wire protocol of your own in place of pumpsim's: a class in a file, or MODULE:NAME of what is installed.",
    ),
    click.option(
        "--key-file",
        type=Output(path_type=Path),
        metavar="FILE",
        help="Keys of its programmers, mode 0600; made if it is not there. Without it the ready line says where they are.",
    ),
    click.option(
        "--state",
        type=Output(folder=True, path_type=Path),
        metavar="DIR",
        help="Keep the pump here; a restart goes on as after a reset.",
    ),
    click.option(
        "--capture",
        type=Output(path_type=Path),
        metavar="FILE.pcapng",
        help="Write every run of bytes on the port to this file; one that is there is gone on with.",
    ),
    click.option(
        "--capture-ends",
        type=Word(["host", "both"]),
        default="host",
        show_default=True,
        help="Capture at the host's end of the line, or at the pump's too: between them are the faults of the line.",
    ),
    click.option(
        "--balance", default="", metavar="URL", help="Weigh what the pump delivers, on a balance with its own port: pty:./balance0."
    ),
    click.option(
        "--grade",
        type=Output(path_type=Path),
        metavar="FILE",
        help="Judge the programmer on the port, rule by rule; the report is written at the end, as JSON to a .json.",
    ),
    click.option(
        "--grade-provoke",
        multiple=True,
        metavar="NAME,...",
        help="Have the pump give occasion: lost, silence, busy, alarm, generation, read-back, version, proof.",
    ),
    click.option("--grade-declare", multiple=True, metavar="RULE,...", help="Rules that the programmer breaks on purpose."),
)
"""What is asked of each pump, on the command line itself and inside --and."""


def _of_a_pump(function: Command) -> Command:
    for option in reversed(PUMP_OPTIONS):
        function = option(function)
    return function


@click.command()
@_of_a_pump
@click.option(
    "--and", "others", multiple=True, metavar="'PROFILE ...'", help="One more pump in this process, with its own options in quotes."
)
@click.option(
    "--bench",
    "benches",
    multiple=True,
    metavar="WHERE",
    help="Serve the bench: stdio (of the first pump, one JSON object a line) or http[://127.0.0.1:PORT]. May be given twice.",
)
@click.option("--sync/--no-sync", default=True, help="Have each input on stable storage before its answer leaves (with --state).")
@click.option(
    "--mutant",
    envvar="PUMPSIM_MUTANT",
    metavar="NAME",
    shell_complete=complete.mutants,
    help="Every pump here has this one firmware defect; see `pumpsim mutants list`.",
)
@click.option("--ready-file", type=Output(path_type=Path), metavar="FILE", help="Write the ready line here too.")
def command(
    others: tuple[str, ...], benches: tuple[str, ...], sync: bool, mutant: str | None, ready_file: Path | None, **pump: Any
) -> None:
    """Run a simulated pump of PROFILE behind a port: itp-20, itp-40, itp-40-next, legacy-18, or a file of your own, ./my-pump.yaml.

    The first line on standard output is JSON and says where the pump is. Without --state each start is a new pump. Two terminals:

    \b
        pumpsim serve itp-40 --port pty:./pump0
        pumpsim program ./pump0 interrogate

    Several pumps, each with a port, a clock and a bench of its own:

    \b
        pumpsim serve itp-40 --port pty:./a --and 'itp-20 --port pty:./b --seed 2' --bench http

    A ward of them, alike but for port, name and seed:

    \b
        pumpsim serve itp-40 --count 1000 --port tcp://127.0.0.1:9000 --ready-file ward.json
    """  # noqa: D301  # click wants the character itself
    from hil.cli.serve_count import counted
    from hil.server.process import ServeOptions, Server

    stdio, http = _benches(benches)
    asked = [pump, *(_another(text) for text in others)]
    pumps = counted((_pump(each, sync), each["count"]) for each in asked)
    if mutant is None:
        Server(ServeOptions(pumps, stdio, http, ready_file)).run()
    else:
        from hil.mutants import mutated

        with mutated(mutant):
            Server(ServeOptions(pumps, stdio, http, ready_file, mutant)).run()


@click.command(add_help_option=False)
@_of_a_pump
def _one_more(**pump: Any) -> dict[str, Any]:
    """One more pump."""
    return pump


def _another(text: str) -> dict[str, Any]:
    """Read the text of an --and. Raises UsageError, or click's."""
    import shlex

    from hil.errors import UsageError

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text!r}: {str(error).lower()}", where="--and", do="write: --and 'itp-20 --port pty:./b'") from None
    try:
        found: dict[str, Any] = _one_more.main(words, prog_name="pumpsim serve --and", standalone_mode=False)
    except click.UsageError as error:
        raise UsageError(
            " ".join(error.format_message().split()).rstrip("."), where=f"--and {text!r}", do="see `pumpsim serve --help`"
        ) from None
    return found


def _pump(asked: dict[str, Any], sync: bool) -> PumpOptions:
    """One pump's options; its name is empty if nobody chose one. Raises UsageError."""
    from hil.errors import UsageError
    from hil.grade.options import grade_options
    from hil.pacing import parse_factor, parse_pace
    from hil.server.process import PumpOptions

    pace = parse_pace(asked["pace"])
    if asked["until"] is not None and pace.kind != "free":
        raise UsageError("only a free run has an end", where="--until", do="add --pace free")
    return PumpOptions(
        profile=_profile(asked["profile"], asked["profile_option"]),
        catheter=asked["catheter"],
        port=asked["port"],
        name=_name(asked["name"] or ""),
        pace=pace,
        while_talking=parse_factor(asked["pace_while_talking"].removeprefix("x")),
        until=_condition(asked["until"]),
        seed=asked["seed"],
        state=asked["state"],
        sync=sync,
        security=_security(asked["security"]),
        key_file=asked["key_file"],
        capture=asked["capture"],
        capture_ends=asked["capture_ends"],
        balance=asked["balance"],
        grade=grade_options(asked["grade"], asked["grade_provoke"], asked["grade_declare"]),
        wire=_wire(asked),
    )


def _wire(asked: dict[str, Any]) -> str:
    """A wire of one's own, with which some options make no sense. Raises UsageError."""
    from hil.errors import UsageError

    given = [name for name in ("key_file", "grade") if asked[name] is not None] + (["security"] if asked["security"] != "secure" else [])
    if asked["wire"] and given:
        what = "this is of pumpsim's own wire, and --wire puts another one in its place"
        raise UsageError(what, where=f"--{given[0].replace('_', '-')}", do="leave one of them out")
    return str(asked["wire"])


def _security(text: str) -> str:
    """A security profile's name. Raises UsageError."""
    from hil.errors import UsageError
    from protocol.security import security_of

    try:
        return security_of(text).name
    except ValueError as error:
        raise UsageError(str(error), where="--security", do="see docs/explanation/security.md") from None


def _profile(argument: str | None, option: str | None) -> str:
    """The profile, given in one of two ways. Raises UsageError."""
    from hil.errors import UsageError

    if not argument and not option:
        raise UsageError("no PROFILE", where="serve", do="name one: pumpsim serve itp-40, or pumpsim serve ./my-pump.yaml")
    if argument and option:
        raise UsageError(f"two profiles: {argument} and {option}", where="--profile", do="give one; further pumps go into --and")
    return argument or option or ""


def _name(text: str) -> str:
    """A name that fits into a URL as it is. Raises UsageError."""
    import re

    from hil.errors import UsageError

    if text and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", text):
        raise UsageError(f"{text!r} is no name", where="--name", do="use up to 40 letters, digits, - and _")
    return text


def _benches(asked: tuple[str, ...]) -> tuple[bool, tuple[str, int] | None]:
    """Whether there is a bench on standard input, and where there is one over HTTP. Raises UsageError."""
    from hil.errors import UsageError
    from hil.web.address import listen_place

    places = [text for text in asked if text != "stdio"]
    for text in places:
        if not text.startswith("http"):
            raise UsageError(f"no bench: {text!r}", where="--bench", do="use stdio, http or http://127.0.0.1:PORT")
    if len(places) > 1:
        raise UsageError("one HTTP bench serves all pumps", where="--bench", do="give it once")
    return len(places) < len(asked), listen_place(places[0]) if places else None


def _condition(text: str | None) -> Condition | None:
    """The end of a free run. Raises UsageError."""
    from hil.errors import BenchError, UsageError
    from hil.faults.conditions import parse_condition

    try:
        return None if text is None else parse_condition(text)
    except BenchError as error:
        raise UsageError(error.what, where="--until", do=error.do) from None
