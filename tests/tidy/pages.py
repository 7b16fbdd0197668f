"""Markdown pages as scripts: their command blocks, what each is for, and a place to run them.

A fenced block may have a comment on the line before it:

* ``<!-- file: NAME -->`` writes the block to that file in the folder where the page's commands run;
* ``<!-- background -->`` starts its one command and goes on after the first line it prints (a second terminal);
* ``<!-- not run: REASON -->`` says why the block is only read;
* ``<!-- read as: KIND -->`` has our own reader, or the schema that is made from it, read the block: `tests/tidy/test_docs_blocks.py`.

Blocks of kind ``console`` and ``python`` without a comment are run. Lines that begin with ``$ `` are commands; the lines below one are what
it prints, in order, with ``...`` for anything.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

__all__ = ["Block", "Command", "Terminal", "blocks"]

COMMAND_SECONDS_MAX = 60
FENCE = re.compile(
    r"^(?:<!-- *(?P<act>file|background|not run|read as)(?:: *(?P<detail>.*?))? *-->\n)?```(?P<kind>[\w-]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Command(NamedTuple):
    """One command line and the lines it should print."""

    line: str
    printed: tuple[str, ...]


class Block(NamedTuple):
    """A fenced block: `kind` is the word behind the fence, `act` and `detail` come from the comment before it."""

    kind: str
    act: str
    detail: str
    text: str
    line: int

    def commands(self) -> Iterator[Command]:
        """The commands of a console block; a backslash at a line's end joins the next line to it."""
        joined = self.text.replace("\\\n", "")
        for part in re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]:
            first, *rest = part.splitlines()
            yield Command(" ".join(first.split()), tuple(line for line in rest if line.strip()))


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for match in FENCE.finditer(page):
        line = page.count("\n", 0, match.start()) + 1
        yield Block(match["kind"], match["act"] or "", match["detail"] or "", match["text"], line)


class Terminal:
    """A folder in which a page's commands run one after another, and the programs it left running beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._beside: list[subprocess.Popen[str]] = []
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._env = {**os.environ, "PATH": path, "HOME": str(folder), "NO_COLOR": "1", "COLUMNS": "140"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._beside:
            _interrupt(process)

    def run(self, command: Command) -> None:
        """Run a command to its end; it must succeed and print what the page says."""
        done = subprocess.run(
            ["bash", "-c", command.line],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"$ {command.line}\nends with {done.returncode}\n{done.stdout}{done.stderr}"
        _compare(command, done.stdout + done.stderr)

    def start(self, command: Command) -> None:
        """Start a command that stays; return when it has printed its first line."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command.line}"],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._beside.append(process)
        first = _stream(process.stdout).readline()
        assert first, f"$ {command.line}\nended at once\n{_stream(process.stderr).read()}"
        _compare(command, first)


def _interrupt(process: subprocess.Popen[str]) -> None:
    """End a program and what it has started, as Ctrl-C does; it must go without a traceback."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=COMMAND_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert "Traceback" not in errors, errors


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _compare(command: Command, output: str) -> None:
    """What is shown stands in the output in this order, with anything between: looked for piece by piece, as no pattern is fast at it."""
    found = "\n".join(" ".join(line.split()) for line in output.splitlines())
    place = 0
    for line in command.printed:
        for piece in " ".join(line.split()).split("..."):
            place = found.find(piece, place)
            assert place >= 0, f"$ {command.line}\nthe page says:\n{line}\nit printed:\n{output}"
            place += len(piece)
