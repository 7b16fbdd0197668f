"""`pumpsim completion`: the scripts, and what they offer, asked as a shell asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

import hil.cli
from hil.cli.completion import SHELLS
from tests.cli.tree import leaves

PUMPSIM = Path(sys.executable).with_name("pumpsim")
ASK = """
eval "$(pumpsim completion bash)"
compopt() { echo "paths"; }
while read -r -a COMP_WORDS; do
  [[ ${COMP_WORDS[-1]} == _ ]] && COMP_WORDS[-1]=""
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
  _pumpsim_completion pumpsim
  echo "${COMPREPLY[*]}"
done
"""
"""Bash itself, with the words as it cuts them; an underscore stands for a word that is not begun."""


def answer(shell: str, words: str, word: str) -> list[str]:
    """What pumpsim answers to the script of a shell."""
    env = {**os.environ, "_PUMPSIM_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": word}
    done = subprocess.run([PUMPSIM], env=env, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split("\n")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_is_offered_names_options_and_paths(tmp_path: Path) -> None:
    """Bash with the script gets commands, options, names that ship, actions behind a port's URL, and paths where nothing is known."""
    wanted = {
        "pumpsim se": "serve",
        "pumpsim serve itp-40-": "itp-40-next",
        "pumpsim serve itp-40 --pace-": "--pace-while-talking",
        "pumpsim serve itp-40 --security no-b": "no-back-off",
        "pumpsim serve itp-40 --mutant lockout-sec": "lockout-second-short",
        "pumpsim serve itp-40 --capture-ends _": "host both",
        "pumpsim train --lesson found": "found-stopped",
        "pumpsim train --headless found": "found-stopped",
        "pumpsim campaign run retry": "retry-bug",
        "pumpsim run pocket": "pocket-fill",
        "pumpsim run ./mine": "paths",
        "pumpsim program ./pu": "paths",
        "pumpsim program ./pump0 inter": "interrogate",
        "pumpsim program tcp : //127.0.0.1 : 7000 inter": "interrogate",
        "pumpsim program pumpsim : //itp-40?seed = 1 inter": "interrogate",
        "pumpsim nothing-such": "",
    }
    env = {**os.environ, "PATH": f"{PUMPSIM.parent}{os.pathsep}{os.environ['PATH']}"}

    done = subprocess.run(
        ["bash", "--norc", "-c", ASK], input="".join(f"{line}\n" for line in wanted), env=env, cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line] == [line for line in wanted.values() if line]


def test_zsh_is_offered_commands_with_their_lines() -> None:
    """Zsh asks with the number of the word, and gets kind, value and help in turn."""
    assert answer("zsh", "pumpsim doc", "1")[:3] == ["plain", "doctor", hil.cli.COMMANDS["doctor"][1]]
    assert answer("zsh", "pumpsim serve itp-40-", "2")[:2] == ["plain", "itp-40-next"]
    assert answer("zsh", "pumpsim decode vis", "2")[:2] == ["file", "vis"]


def test_fish_is_offered_names() -> None:
    """Fish asks with the word itself."""
    assert answer("fish", "pumpsim serve itp-40-", "itp-40-")[0] == "plain,itp-40-next"
    assert answer("fish", "pumpsim decode vis", "vis")[0] == "file,vis"


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_printed_for_each_shell(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The script names the command and the variable that the command listens to."""
    assert hil.cli.execute(["completion", shell]) == 0

    script = capfd.readouterr().out
    assert f"{hil.cli.COMPLETION}={shell}_complete" in script


def test_unknown_shell_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """A shell that has no script ends with 2 and one line that names those which have."""
    assert hil.cli.execute(["completion", "tcsh"]) == 2
    err = capfd.readouterr().err
    assert (err.count("\n"), [shell in err for shell in SHELLS]) == (1, [True] * len(SHELLS))


def test_commands_are_offered_without_importing_them() -> None:
    """To offer the names of commands no command is imported: Tab answers at once."""
    script = (
        "import sys; from hil.cli import pumpsim; from click import Context\n"
        "items = pumpsim.shell_complete(Context(pumpsim), '')\n"
        "from hil.cli import COMMANDS; print(len(items), [module for module, _ in COMMANDS.values() if module in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == f"{len(hil.cli.COMMANDS)} []"


def test_every_option_that_takes_a_shipped_name_offers_it() -> None:
    """Each option whose value is a profile's, lesson's, plan's or mutant's name offers those names."""
    takers = {"profile", "profile_option", "lesson", "headless", "plan", "mutant"}
    silent = []
    for leaf in leaves():
        context = click.Context(leaf.command)
        asked = [each for each in leaf.command.params if each.name in takers]
        silent += [f"{leaf.name} {each.name}" for each in asked if len(each.shell_complete(context, "")) < len(SHELLS)]

    assert not silent
