"""What commands print when all is well: JSON for programs, colours and widths for people, help that says units and shows examples."""

from __future__ import annotations

import io
import json
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import click
import pytest

from hil.cli import COMMANDS, execute, pumpsim
from hil.cli.quantities import Quantity
from tests.cli.tree import PORT, Leaf, call, leaves, line, named, spelt
from tests.cli.wrong import lay_out

LEAVES = leaves()
NO_JSON = {
    "serve": "its first line is JSON always",
    "export": "the text that was asked for is the result",
    "weigh": "the result is a log in CSV",
    "exec": "what is printed is another program's",
    "completion": "the result is a script",
}
"""Commands without --json, each with its reason."""
NOT_HERE = {"demo", "serve", "train", "verify", "mutants run", "campaign run", "weigh", "exec", "monitor", "bench"}
"""Take long, or need a server; their own tests look at their results."""
VARYING = {"doctor", "program outcome"}
"""Print a number of this run."""
QUICK = [leaf for leaf in LEAVES if leaf.name not in NOT_HERE]
ESCAPE = "\x1b"
STYLES = re.compile(r"\x1b\[[0-9;]*m")
COLOURFUL = ["decode", "session.pcapng"]


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files that are right, and a terminal that is known."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUMPSIM_RUNS", str(tmp_path / "folder"))
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def on_terminal(words: list[str]) -> str:
    """What a terminal gets to see."""
    out = Terminal()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        execute(words)
    return out.getvalue()


def test_json_is_everywhere() -> None:
    """Every command that prints a result has --json, or says here why not."""
    without = {leaf.name for leaf in LEAVES if "--json" not in [spelt(each) for each in leaf.command.params]}
    assert without == set(NO_JSON)


@pytest.mark.parametrize("leaf", [pytest.param(leaf, id=leaf.name) for leaf in QUICK if leaf.name not in NO_JSON])
def test_json_is_one_object_a_line(leaf: Leaf) -> None:
    """With --json standard output is JSON and nothing else; a failure leaves it empty or a whole object, and speaks on stderr in lines."""
    words = line(leaf)
    ended = call([*words[: words.index("--")], "--json", *words[words.index("--") :]] if "--" in words else [*words, "--json"])
    for each in ended.out.splitlines():
        assert isinstance(json.loads(each), dict)
    assert ended.out or ended.code in {1, 2}, ended
    assert all(each.startswith("pumpsim") for each in ended.err.splitlines())


@pytest.mark.parametrize("leaf", [pytest.param(leaf, id=leaf.name) for leaf in QUICK])
def test_no_colour_where_there_is_no_terminal(leaf: Leaf) -> None:
    """Neither result nor help nor error."""
    for words in (line(leaf), [*line(leaf), "--nosuch"], [*leaf.words[:1], *([PORT] if leaf.words[0] == "program" else []), "--help"]):
        ended = call(words)
        assert ESCAPE not in ended.out + ended.err


def test_colour_at_a_terminal_and_as_it_is_wished(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR, FORCE_COLOR and both, at a terminal and not; an empty variable is as none."""
    for words in (COLOURFUL, ["grade", "session.pcapng"]):
        plain = call(words).out
        assert ESCAPE in on_terminal(words)
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.setenv(name, "")
        assert ESCAPE in on_terminal(words)
        assert call(words).out == plain
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert STYLES.sub("", call(words).out) == plain
        assert call(words).out != plain
        monkeypatch.setenv("NO_COLOR", "1")
        assert ESCAPE not in on_terminal(words)
        assert call(words).out == plain
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("leaf", [pytest.param(leaf, id=leaf.name) for leaf in QUICK])
def test_no_width_cuts_anything(leaf: Leaf, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 40, 80 and 200 columns a terminal shows the same words, and none is cut short."""
    shown = []
    for columns in ("200", "80", "40"):
        monkeypatch.setenv("COLUMNS", columns)
        told = STYLES.sub("", on_terminal(line(leaf)))
        shown.append(sorted(re.sub(r"[\s─]", "", told)))
        assert "…" not in told
    assert leaf.name in VARYING or shown[0] == shown[1] == shown[2]


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_help_is_not_cut(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands and options wrap: no line ends in dots or is wider than the terminal, but for what is laid out and long words."""
    monkeypatch.setenv("COLUMNS", columns)
    for leaf in LEAVES:
        port = [PORT] if leaf.words[0] == "program" else []
        for words in ([leaf.words[0], *port, *leaf.words[1:]], leaf.words[:-1]):
            told = call([*words, "--help"]).out
            assert not [each for each in told.splitlines() if each.endswith("...") and not each.endswith("]...")]
            laid_out = {each.strip() for command in leaf.chain for each in (command.help or "").splitlines()}
            wide = [
                each for each in told.splitlines() if len(each) > max(int(columns), 50) and "|" not in each and each.strip() not in laid_out
            ]
            assert wide == []


def test_every_option_says_what_it_is() -> None:
    """Each has a help text; a quantity shows an example with its unit that can be typed as it stands."""
    for leaf in LEAVES:
        assert leaf.command.help, leaf.name
        for parameter in leaf.command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, named(leaf, parameter)
                assert parameter.help.endswith((".", "?")), named(leaf, parameter)
            if isinstance(parameter.type, Quantity):
                shown = [parameter.metavar or "", *re.findall(r"'([^']+)'", getattr(parameter, "help", "") or "")]
                assert [text for text in shown if _reads(parameter.type, text.strip('"'))], named(leaf, parameter)


def _reads(kind: Quantity, text: str) -> bool:
    try:
        kind.convert(text, None, None)
    except click.BadParameter:
        return False
    return True


def test_every_command_shows_an_example_that_exists() -> None:
    """In the help of each command of `pumpsim --help`; every example's words are commands and options that there are."""
    for name in COMMANDS:
        command = pumpsim.get_command(click.Context(pumpsim), name)
        assert command is not None
        examples = [each.strip() for each in (command.help or "").splitlines() if each.strip().startswith("pumpsim ")]
        assert [each for each in examples if shlex.split(each)[1] == name], name
        for example in examples:
            _demand_known(shlex.split(example)[1:], example)


def _demand_known(words: list[str], example: str) -> None:
    """Every option of an example is one of the commands on the way to it."""
    command: click.Command = pumpsim
    options: set[str] = set()
    for word in words:
        if word == "--":
            return
        if isinstance(command, click.Group) and word in command.list_commands(click.Context(command)):
            command = command.get_command(click.Context(command), word) or command
            options |= {text for each in command.params if isinstance(each, click.Option) for text in each.opts + each.secondary_opts}
        elif word.startswith("-"):
            assert word.partition("=")[0] in options, example
