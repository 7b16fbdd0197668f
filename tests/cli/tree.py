"""Every command of `pumpsim`, walked and not listed: a new command or option is swept by the tests here without a word about it.

What cannot be seen from a parameter is said in three small tables: values that are right where the type alone does not tell, texts
that may be anything, and words that a command wants beside its required ones to get as far as the value that is tried.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import click

import hil
from hil.cli import execute, pumpsim
from hil.cli.given import Output
from hil.cli.quantities import Quantity

__all__ = ["ANY_TEXT", "PORT", "Ended", "Leaf", "call", "leaves", "line", "named", "right", "swept"]

THERAPY = Path(hil.__file__).parent / "library" / "therapies" / "flex-night.yaml"
PORT = "pumpsim://itp-40?seed=1"
RIGHT = {
    "program PORT": PORT,
    "keys replace PORT": PORT,
    "program update FILE": str(THERAPY),
    "clinic check FILE": str(THERAPY),
    "clinic plan patient FILE": str(THERAPY),
    "clinic plan refill FILE": str(THERAPY),
    "clinic plan night --to": "04:00",
    "clinic dilute --to": "500 mcg/mL",
    "campaign check FILE|NAME": "alarm-level",
    "campaign run FILE|NAME": "alarm-level",
    "exec PROGRAM.PY": "program.py",
    "mutants run PYTEST_COMMAND": "pytest",
    "program refill --drug": "baclofen",
    "program --library": "itp-40",
    "keys replace --new": "keys.txt",
    "trumpet FILE": "flow.csv",
    "diff A": "recording.jsonl",
    "decode FILE": "session.pcapng",
    "grade CAPTURE": "session.pcapng",
    "replay FILE": "session.pcapng",
    "train check FILE": "found-stopped",
}
"""Values that are right, where the type or the metavar does not say one."""
BESIDE = {
    "bench": ["now"],
    "serve": ["itp-40"],
    "run": ["pocket-fill"],
    "listen": ["sound.wav"],
    "clinic check": ["--test-dose", "50 mcg"],
    "clinic bridge": ["--catheter", "89cm"],
    "clinic prime": ["--catheter", "89cm"],
    "program bolus": ["--dose", "50 mcg"],
    "program start": ["--yes"],
    "program update": ["--yes"],
    "replay": ["--port", PORT],
    "verify": [PORT],
    "train --policy": ["--headless", "found-stopped"],
    "train --headless": ["--policy", "good"],
    "serve PROFILE": [],
    "clinic check FILE": [],
    "bench VERB": [],
    "run [FILE|NAME]...": [],
    "listen [FILE.WAV]": [],
    "clinic bridge --catheter": [],
    "clinic bridge --catheter-volume": [],
    "clinic prime --catheter": [],
    "clinic prime --catheter-volume": [],
    "clinic check --test-dose": [],
    "program bolus --dose": [],
    "program bolus --volume": [],
    "verify URL": [],
    "verify --profile": ["tcp://127.0.0.1:1"],
    "serve --profile": [],
    "serve --until": ["itp-40", "--pace", "free"],
    "keys replace": ["--first"],
    "keys replace --key-file": [],
    **{f"listen --{name}": [] for name in ("bench", "ready-file", "token", "pump")},
    **{f"replay --{name}": [] for name in ("bench", "ready-file", "token", "pump")},
    "replay --port": [],
}
"""What a command wants beside what it demands, to get as far as the value that is tried; left out where it is tried itself."""
ANY_TEXT = {
    "serve --name", "bench --token", "bench --pump", "bench VERB", "bench [NAME=VALUE ... | JSON]", "monitor --token", "monitor --pump",
    "replay --token", "replay --pump", "weigh --token", "weigh --pump", "listen --token", "listen --pump",
    "clinic check --diluent", "clinic check --mixed-with", "verify --operator", "verify -k", "verify --suite", "verify --bench",
    "train save --learner", "train --language", "exec ARGUMENTS", "exec PROGRAM.PY", "mutants run PYTEST_COMMAND", "campaign run --dask",
}  # fmt: skip
"""Texts of which none is wrong in itself, or only a server says that it is (tests/rig/test_web_cli.py)."""


class Leaf(NamedTuple):
    """A command that does something: the words that call it, and the commands on the way to it."""

    words: tuple[str, ...]
    chain: tuple[click.Command, ...]

    @property
    def name(self) -> str:
        """The words, as a reader of a failure needs them."""
        return " ".join(self.words)

    @property
    def command(self) -> click.Command:
        """The command itself."""
        return self.chain[-1]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def leaves() -> list[Leaf]:
    """All of them, in the order of the help."""
    return list(_below((), (pumpsim,)))


def _below(words: tuple[str, ...], chain: tuple[click.Command, ...]) -> Iterator[Leaf]:
    group = chain[-1]
    if not isinstance(group, click.Group):
        yield Leaf(words, chain)
        return
    if group.invoke_without_command:
        yield Leaf(words, chain)
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield from _below((*words, name), (*chain, command))


def named(leaf: Leaf, parameter: click.Parameter) -> str:
    """`clinic plan refill --fill`: the command that declares the parameter, and its longest spelling."""
    depth = next(at for at, command in enumerate(leaf.chain) if parameter in command.params)
    return " ".join([*leaf.words[:depth], spelt(parameter)])


def spelt(parameter: click.Parameter) -> str:
    """`--fill`, or the name of an argument as the help shows it."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return (parameter.metavar or parameter.name or "").upper()


def swept() -> Iterator[tuple[Leaf, click.Parameter]]:
    """Each parameter that takes a value, once: one that all actions of a group have alike is tried with the first of them."""
    seen = set()
    for leaf in leaves():
        for depth, command in enumerate(leaf.chain):
            if command is pumpsim or (isinstance(command, click.Group) and command.invoke_without_command and command is not leaf.command):
                continue
            for parameter in command.params:
                shared = (leaf.words[: max(1, len(leaf.words) - 1)], spelt(parameter), getattr(parameter, "help", None) or depth)
                own = parameter if depth < len(leaf.chain) - 1 else None
                key = own or (shared if isinstance(parameter, click.Option) else (leaf, spelt(parameter)))
                if key in seen or getattr(parameter, "is_flag", False) or (isinstance(command, click.Group) and command is pumpsim):
                    continue
                seen.add(key)
                yield leaf, parameter


def right(leaf: Leaf, parameter: click.Parameter) -> str:
    """A value that is right for it."""
    if (found := RIGHT.get(named(leaf, parameter))) is not None:
        return found
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.IntRange | click.FloatRange):
        return str(int(max(kind.min or 0, 1)))
    if isinstance(kind, Quantity):
        return (parameter.metavar or "").strip('"') if any(map(str.isdigit, parameter.metavar or "")) else "0.24 mL/day"
    return "new.out" if isinstance(kind, Output) else "there.txt"


def line(leaf: Leaf, parameter: click.Parameter | None = None, value: str = "") -> list[str]:
    """The words of a command line that is right but for the value of one parameter."""
    words: list[str] = []
    arguments: list[str] = []
    for at, command in enumerate(leaf.chain):
        words += leaf.words[at - 1 : at] if at else []
        for each in command.params:
            if each is parameter or each.required:
                given = [value if each is parameter else right(leaf, each)] * max(each.nargs, 1)
                (arguments if isinstance(each, click.Argument) else words).extend(
                    given if isinstance(each, click.Argument) else [spelt(each), *given]
                )
        if isinstance(command, click.Group):
            words, arguments = words + arguments, []
    beside = BESIDE.get(leaf.name, []) if parameter is None else BESIDE.get(named(leaf, parameter), BESIDE.get(leaf.name, []))
    return words + beside + (["--", *arguments] if any(word.startswith("-") for word in arguments) else arguments)


def call(words: list[str]) -> Ended:
    """Run it in this process, as the shell would."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = execute(words)
    return Ended(code, out.getvalue(), err.getvalue())
