"""The page of commands, made from the command line itself: what `--help` says of every command, its exit codes, the variables it reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from inspect import cleandoc
from typing import NamedTuple

import click

from hil.cli import COMMANDS, pumpsim

__all__ = ["render"]

_HEAD = """# Commands

Generated from the command line by `docs/generate.py`; `pumpsim COMMAND --help` prints the same. An option in a heading of several
commands holds for each of them.
"""
_EXITS = """## Exit codes

| code | means |
| --- | --- |
| 0 | done, and the answer is yes |
| 1 | the answer is no, or it could not be done: a refusal, a limit, a comparison, a pump that does not answer |
| 2 | asked in a way that cannot be done: a wrong option, value or file; nothing was sent or changed |
| 3 | nobody knows yet whether a command was carried out; the line on standard error says how to find out |
| 130 | interrupted by Ctrl-C |
| 141 | whoever read the output has gone, such as `head` |

An error is one line on standard error for each problem: where, what, what to do. With `--json` standard output carries JSON alone.
These commands and options say more about their code:

"""
_RULES = """## Results and errors

* Results go to standard output, and with `--json` as one JSON object (of a stream, one object a line). `serve` always speaks JSON,
  `weigh` writes CSV, `export` and `completion` print the text that was asked for.
* Errors stay lines for people on standard error with `--json` too; a program goes by the exit code, and by what is on standard output.
* A file that a command writes is there whole, or is as it was before: a full disk or Ctrl-C leaves no half of one. A capture, a
  recording and a log of a balance grow as time passes, and what was written before the end is kept.
* That a place cannot be written to is said at once, not after the work.
* An empty word, as from a variable of the shell that is not set, is refused and does not become a default.

## Colours and widths

Output has colours at a terminal only. `NO_COLOR=1` takes them away, `FORCE_COLOR=1` has them in a pipe and in a file too; where both
are set `NO_COLOR` wins, and a variable that is set to nothing counts for nothing. Nothing is said by colour alone. Text wraps at the
width of the terminal (or `COLUMNS`); no number, unit or name is cut.

## Times

| shown | is | where |
| --- | --- | --- |
| `2026-01-31 08:00` | the pump's clock: it has no zone and no summer time, and is shown as the pump has it | `program`, `clinic`, lessons |
| `2026-01-31T07:00:00Z`, `2026-01-31 07:00:00.123Z` | the wall's time in UTC, which the Z says | evidence, captures of real lines |
| `3 d 12:30:00.000`, `day 3 12:30` | simulated time since the pump began | `bench`, `monitor`, `run`, `demo`, other captures |
| `10 min`, `1 h 30 min`, `2 days` | a length of time | everywhere |

No command shows the time of the zone that the machine is in, so one text reads alike everywhere. Times that are typed are of the
pump's clock: `'2026-01-31 08:00'`, `'06:00'`. In JSON a name ends in its unit (`clock_us`, `duration_s`); a clock is in microseconds
since 2000-01-01 00:00 of the pump's clock.

"""
_VARIABLES = """## Variables

Each stands for an option that is not given.

"""
_ENDS = re.compile(r"[^.;:]*\b[Ee]nds? with (?:0|1|2)[^.]*")
_SHARED_LEAST = 2
"""So many options in common have a table of their own; fewer are repeated."""
_PREFORMATTED = "\b"
"""Click's mark of a paragraph that is laid out by hand."""
_KINDS = {"INTEGER RANGE": "N", "FLOAT RANGE": "X", "INTEGER": "N", "FLOAT": "X"}
"""What click writes for a number that has no name of its own."""


_NUMBER = r"(-?[\d.e+]+)"
_BOUNDS = {
    rf"^{_NUMBER}<=x<={_NUMBER}$": r"\1 to \2",
    rf"^{_NUMBER}<x<={_NUMBER}$": r"above \1, up to \2",
    rf"^x>={_NUMBER}$": r"\1 or more",
    rf"^x>{_NUMBER}$": r"above \1",
}


class Shown(NamedTuple):
    """A command, how it is called, and those of its options that no heading above it has told."""

    path: tuple[str, ...]
    command: click.Command
    context: click.Context

    @property
    def name(self) -> str:
        return " ".join(self.path)


def render() -> str:
    """The page."""
    top = click.Context(pumpsim, info_name="pumpsim")
    commands = [Shown(("pumpsim", name), each, _context(each, top, name)) for name, each in _below(pumpsim, top)]
    every = [found for each in commands for found in _tree(each)]
    parts = [_HEAD, _overview(commands), _EXITS + _ends(every), _RULES, _VARIABLES + _variables(every)]
    for each in commands:
        parts += _family(each)
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield name, command


def _context(command: click.Command, parent: click.Context, name: str) -> click.Context:
    return click.Context(command, parent=parent, info_name=name)


def _actions(shown: Shown) -> list[Shown]:
    """The commands right below a command."""
    if not isinstance(shown.command, click.Group):
        return []
    found = _below(shown.command, shown.context)
    return [Shown((*shown.path, name), each, _context(each, shown.context, name)) for name, each in found]


def _tree(shown: Shown) -> Iterator[Shown]:
    """A command and all below it."""
    yield shown
    for each in _actions(shown):
        yield from _tree(each)


# ---------------------------------------------------------------- what stands before the commands


def _overview(commands: Iterable[Shown]) -> str:
    return _table(("command", "what it does"), ((f"[{each.name}](#{_anchor(each.name)})", COMMANDS[each.path[-1]][1]) for each in commands))


def _ends(every: Iterable[Shown]) -> str:
    """Sentences about exit codes, from helps of commands and of options."""
    rows = [(each.name, found) for each in every for found in _ENDS.findall(" ".join((each.command.help or "").split()))]
    rows += [
        (f"{each.name} {option.opts[0]}", found)
        for each in every
        for option in _options(each.command)
        for found in _ENDS.findall(option.help or "")
    ]
    return _table(("command", "says"), ((f"`{name}`", text.strip().removeprefix("and ")) for name, text in rows))


def _variables(every: Iterable[Shown]) -> str:
    used: dict[str, dict[str, None]] = {}
    for each in every:
        for option in _options(each.command):
            for variable in [option.envvar] if isinstance(option.envvar, str) else option.envvar or []:
                used.setdefault(variable, {})[f"`{' '.join(each.path[1:2])} {option.opts[-1]}`"] = None
    return _table(("variable", "option"), ((f"`{name}`", ", ".join(options)) for name, options in sorted(used.items())))


# ---------------------------------------------------------------- one command


def _family(shown: Shown, level: int = 2) -> Iterator[str]:
    """A command, then what lies below it; options that all of those have stand once."""
    actions = _actions(shown)
    yield _section(shown, level, without=())
    common = _common([each for action in actions for each in _tree(action) if not isinstance(each.command, click.Group)])
    if common:
        context = actions[0].context
        heading = f"{'#' * (level + 1)} Options of every `{shown.name}` command\n\n"
        yield heading + _option_table([option for option in _options(actions[0].command) if _told(option, context) in common], context)
    for action in actions:
        if isinstance(action.command, click.Group):
            yield from _family(action, level + 1)
        else:
            yield _section(action, level + 1, without=common)


def _common(leaves: Sequence[Shown]) -> tuple[tuple[str, str], ...]:
    """Options that all of these commands have, alike in every word."""
    told = [{_told(option, each.context) for option in _options(each.command)} for each in leaves]
    shared = tuple(sorted(set.intersection(*told))) if told else ()
    return shared if len(leaves) > 1 and len(shared) >= _SHARED_LEAST else ()


def _section(shown: Shown, level: int, without: Sequence[tuple[str, str]]) -> str:
    usage = " ".join([_called(shown), *shown.command.collect_usage_pieces(shown.context)])
    options = [option for option in _options(shown.command) if _told(option, shown.context) not in without]
    parts = [f"{'#' * level} {shown.name}\n", f"```text\n{usage}\n```\n", *(f"{each}\n" for each in _text(shown.command.help or ""))]
    return "\n".join([*parts, _option_table(options, shown.context)] if options else parts)


def _called(shown: Shown) -> str:
    """The words before its own, with the arguments that stand among them."""
    above = shown.context.parent
    words = [] if above is None or above.parent is None else [_called(Shown(shown.path[:-1], above.command, above))]
    if above is not None and above.parent is not None:
        words += [each.make_metavar(above) for each in above.command.params if isinstance(each, click.Argument)]
    return " ".join([*(words or ["pumpsim"]), shown.path[-1]])


def _text(text: str) -> Iterator[str]:
    """The help as paragraphs; what is laid out by hand stays so."""
    for paragraph in _blocks(text):
        if paragraph.startswith(_PREFORMATTED):
            yield f"```text\n{_dedented(paragraph.removeprefix(_PREFORMATTED))}\n```"
        else:
            yield _escaped(" ".join(paragraph.split()))


def _blocks(text: str) -> list[str]:
    return [each for each in re.split(r"\n\s*\n", cleandoc(text)) if each.strip(f"{_PREFORMATTED}\n ")]


def _dedented(text: str) -> str:
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[margin:] for line in lines)


# ---------------------------------------------------------------- options


def _options(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option) and not each.hidden]


def _told(option: click.Option, context: click.Context) -> tuple[str, str]:
    """How it is written and what its help says, as --help has them."""
    return option.get_help_record(context) or ("", "")


def _option_table(options: Iterable[click.Option], context: click.Context) -> str:
    return _table(("option", "what it is", "default, bounds"), (_option_row(option, context) for option in options))


def _option_row(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    written, _ = _told(option, context)
    said = _escaped(" ".join((option.help or "").split()))
    extra = re.search(r"\[([^]]*)\]$", _told(option, context)[1].removeprefix(option.help or ""))
    bounds = [each for each in extra[1].split("; ") if not each.startswith(("default:", "env var:"))] if extra else []
    for kind, letter in _KINDS.items():
        written = written.replace(kind, letter)
    return (f"`{written}`", said, _escaped("; ".join([*_default(option, context), *map(_bounds, bounds)])))


def _bounds(text: str) -> str:
    """Bounds in words: click writes 1<=x<=40, x>=0, 0<x<=60."""
    for pattern, words in _BOUNDS.items():
        text = re.sub(pattern, words, text)
    return text


def _default(option: click.Option, context: click.Context) -> list[str]:
    """Its default where there is one that says something."""
    value = option.get_default(context, call=False)
    if option.is_flag and option.secondary_opts:
        return [f"`{(option.opts if value else option.secondary_opts)[0]}`"]
    if option.is_flag or value is None or value in ("", ()) or isinstance(value, Enum):
        return []
    return [f"`{' '.join(map(str, value)) if isinstance(value, list | tuple) else value}`"]


def _escaped(text: str) -> str:
    """Words as Markdown shows them: a word in angle brackets would vanish, and stars would set in italics."""
    return text.replace("<", "&lt;").replace("*", "\\*")


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
