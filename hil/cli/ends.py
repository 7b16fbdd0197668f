"""How the command line says that it ended otherwise than well: one line for each problem on stderr, and the exit code.

Result lines belong to stdout, and with --json one JSON object; a failure leaves stdout empty or with what came before it.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys

import click

from hil.errors import HilError
from hil.wording.causes import cause

__all__ = ["FAILED", "INTERRUPTED", "MISUSED", "READER_LEFT", "said", "spell_out"]

FAILED, MISUSED = 1, 2
INTERRUPTED = 130
READER_LEFT = 141
"""128 and the number of SIGPIPE, as a shell tells of a program whose reader has gone, such as `head`."""

_INVALID = re.compile(r"^Invalid value for '(?:-\w' / ')?([^']*)': ")
_PLAINLY = {
    "is not a valid integer range": "is no whole number",
    "is not a valid integer": "is no whole number",
    "is not a valid float range": "is no number",
    "is not a valid float": "is no number",
}
WORD_SHOWN = 40
_ENDLESS = re.compile(r"[^\s/'\";,]{100,}")
_MISNAMED = {
    errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EPERM, errno.EROFS,
}  # fmt: skip
_WORN_OUT = {errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}


def spell_out() -> None:
    """A letter that the encoding of this terminal or pipe lacks is spelt out, and ends nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def said(error: BaseException) -> int | None:
    """Say what ended a command; returns the exit code, None for what is a defect of ours or not ours to end."""
    match error:
        case HilError():
            for line in error.lines:
                _say(line)
            return error.exit_code
        case click.exceptions.Abort() | KeyboardInterrupt():
            click.echo("pumpsim: interrupted", err=True)
            return INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.ClickException():
            return _usage(error)
        case OSError():
            return _of_the_system(error)
        case ModuleNotFoundError():
            return _of_a_library(error)
    return READER_LEFT if _reader_left() else None


def _of_the_system(error: OSError) -> int | None:
    """A file that cannot be used, or a full disk; None for what is a defect of ours and keeps its traceback."""
    if error.filename is None and error.errno not in _WORN_OUT:
        return None
    where = "the output cannot be written" if error.filename is None else os.fsdecode(error.filename)
    misnamed = error.errno in _MISNAMED
    _say(f"{where}: {cause(error)}; {'look at the path and its rights' if misnamed else 'make room, or choose another place'}")
    return MISUSED if misnamed else FAILED


def _of_a_library(error: ModuleNotFoundError) -> int | None:
    """A library that we always need and that is not there; None for any other, which is a program's own affair."""
    from hil.doctor.core import LIBRARIES

    missing = (error.name or "").partition(".")[0]
    if missing not in {module.partition(".")[0] for module, _ in LIBRARIES.values()}:
        return None
    _say(f"{error.name} is not installed, and pumpsim needs it; see `pumpsim doctor`")
    return FAILED


def _reader_left() -> bool:
    """Click ends a program whose reader has gone, and puts something in the place of standard output that forgives a last flush."""
    return "PacifyFlush" in type(sys.stdout).__name__


def _usage(error: click.ClickException) -> int:
    """What click found wrong, as one line with the help to ask for."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context else "pumpsim"
    message = _INVALID.sub(r"\1: ", " ".join(error.format_message().split()).rstrip("."))
    for click_says, plainly in _PLAINLY.items():
        message = message.replace(click_says, plainly)
    _say(f"{where}: {message}{' See' if message.endswith('?') else '; see'} `{where} --help`")
    return error.exit_code


def _say(line: str) -> None:
    """One line, which begins with the command's name; what a terminal would obey is spelt out, and a word without end is cut."""
    told = line if line.startswith(("pumpsim ", "pumpsim:")) else f"pumpsim: {line}"
    told = "".join(each if each.isprintable() else repr(each)[1:-1] for each in told)
    click.echo(_ENDLESS.sub(lambda word: f"{word[0][:WORD_SHOWN]}...", told), err=True)
