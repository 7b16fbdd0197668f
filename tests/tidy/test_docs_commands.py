"""Every command in the documents is run as a reader would, in a folder of its own."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import TOLD_PROPERTY
from tests.tidy.pages import Block, Command, Terminal, blocks
from tests.tidy.tree import ROOT, Finding, files, told

SHELL_KINDS = {"", "bash", "sh", "shell", "shell-session", "zsh"}
PAGES = {name: tuple(blocks((ROOT / name).read_text(encoding="utf-8"))) for name in files() if name.endswith(".md")}
WITH_COMMANDS = [
    name for name, found in PAGES.items() if any(block.kind == "console" or (block.kind == "python" and not block.act) for block in found)
]


def follow(found: tuple[Block, ...], folder: Path) -> tuple[int, list[str]]:
    """Do what a page says, in order; return how many commands and programs ran, and why others did not."""
    ran, why_not = 0, []
    with Terminal(folder) as terminal:
        for block in found:
            commands = list(block.commands()) if block.kind == "console" else []
            if block.act == "file":
                (folder / block.detail).write_text(block.text, encoding="utf-8")
            elif block.act == "not run":
                why_not += [block.detail] * len(commands)
            elif block.kind == "python" and not block.act:
                terminal.run(Command(f"python -c {shlex.quote(block.text)}", ()))
                ran += 1
            else:
                for command in commands:
                    (terminal.start if block.act == "background" else terminal.run)(command)
                ran += len(commands)
    return ran, why_not


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_commands_of_page_work(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Each command of a page succeeds and prints what the page shows, and so does each Python program that stands by itself."""
    ran, why_not = follow(PAGES[name], tmp_path)

    reasons = f", {len(why_not)} not ({'; '.join(sorted(set(why_not)))})" if why_not else ""
    record_property(TOLD_PROPERTY, f"{name}: {ran} commands run{reasons}")
    assert all(why_not), "say why: <!-- not run: REASON -->"


def test_commands_stand_in_console_blocks() -> None:
    """No page hides commands in a block that nobody runs."""
    findings = [
        Finding(name, block.line, "commands go into a ```console block, each behind '$ '; other text names its kind, such as ```text")
        for name, found in PAGES.items()
        for block in found
        if block.kind in SHELL_KINDS
    ]

    assert not findings, told(findings)


def test_page_is_followed_in_order(tmp_path: Path) -> None:
    """A file is written, a program stays beside, a command sees both, and a block that is not run is counted."""
    page = (
        "# Page\n<!-- file: a.txt -->\n```text\nhello\n```\n"
        "<!-- background -->\n```console\n$ bash -c 'echo up; read line < <(tail -f /dev/null)'\nup\n```\n"
        "```console\n$ cat \\\n  a.txt\nhel...\n$ echo two\n```\n<!-- not run: needs a moon -->\n```console\n$ fly\n```\n"
    )

    assert follow(tuple(blocks(page)), tmp_path) == (3, ["needs a moon"])


@pytest.mark.parametrize("command", [Command("false", ()), Command("echo one", ("two",))], ids=["fails", "prints otherwise"])
def test_wrong_page_is_found(command: Command, tmp_path: Path) -> None:
    """A command that fails, or prints something else than shown, is told."""
    with Terminal(tmp_path) as terminal, pytest.raises(AssertionError, match=command.line):
        terminal.run(command)
