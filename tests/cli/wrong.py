"""Wrong values for a parameter, by its type, and the folder that they are tried in."""

from __future__ import annotations

import ctypes
import os
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from hil.cli.given import Output
from hil.cli.quantities import Quantity
from tests.cli.tree import ANY_TEXT, PORT, Leaf, call, named

__all__ = ["lay_out", "near_words", "seen", "without_rights", "wrong_values"]

UNKNOWN = "no-such-word"
NUMBERS = ("two", "nan", "inf", "-inf", "1e400", "0x10", "1,5", "9" * 400)
QUANTITIES = ("5", "-5 mL", "nan mL", "inf mcg", "5 furlongs", "5 mcg extra", "1e5 mL", "5,5 mL", "9" * 400 + " mL", "ten minutes")
LONG = "x" * 300
PLACES = ("loop", "plain.txt/under", LONG)
"""No file and no folder can be there."""
CONTENTS = ("missing.txt", "missing/folder/file", "binary.bin", "empty.txt", "locked.txt")
MAY_BE_EMPTY = {"verify --skips", "verify --waivers"}
READS_ANYTHING = {"verify --check", "train check FILE"}
"""Take a file or a folder."""
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


def lay_out(folder: Path) -> None:
    """A folder with something of everything that a path can wrongly name."""
    (folder / "folder").mkdir()
    (folder / "plain.txt").write_text("hello\n")
    (folder / "there.txt").write_text("hello\n")
    for name, text in _made().items():
        (folder / name).write_bytes(text)
        (folder / name).chmod(0o600)
    rows = "\n".join(f"{minute * 60},{minute * 10}" for minute in range(0, 3_000, 15))
    (folder / "flow.csv").write_text(f"time_s,mass_ug\n{rows}\n")
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(32_000))
    (folder / "program.py").write_text("")
    (folder / "binary.bin").write_bytes(bytes(range(256)) * 8)
    (folder / "empty.txt").touch()
    (folder / "locked.txt").write_text("hello\n")
    (folder / "locked.txt").chmod(0)
    (folder / "sealed").mkdir(0o555)
    (folder / "loop").symlink_to("loop")


@cache
def _made() -> dict[str, bytes]:
    """A key file, a capture and a recording, made once."""
    with TemporaryDirectory() as folder:
        names = ("keys.txt", "session.pcapng", "recording.jsonl")
        keys, capture, recording = paths = [str(Path(folder) / name) for name in names]
        assert call(["keys", "new", keys]).code == 0
        assert call(["program", PORT, "status", "--capture", capture]).code == 0
        assert call(["run", "pocket-fill", "--record", recording, "--variant", "all of it"]).code == 0
        return {Path(path).name: Path(path).read_bytes() for path in paths}


def seen(folder: Path) -> dict[str, tuple[int, int]]:
    """What is in the folder, with sizes and times, so that a change shows."""
    plain = {path: path.lstat() for path in folder.rglob("*") if not path.is_dir()}
    folders = {str(path.relative_to(folder)): (0, 0) for path in folder.rglob("*") if path not in plain}
    return folders | {str(path.relative_to(folder)): (about.st_size, about.st_mtime_ns) for path, about in plain.items()}


def wrong_values(leaf: Leaf, parameter: click.Parameter) -> Iterator[str]:
    """Values that this parameter cannot have."""
    kind = parameter.type
    if isinstance(kind, click.Choice):
        yield from (UNKNOWN, "-1", LONG)
    elif isinstance(kind, click.IntRange | click.FloatRange):
        yield from NUMBERS if kind.max is not None else NUMBERS[:-1]
        yield from ["-1"] if kind.min is not None and kind.min >= 0 else []
        yield from [str(kind.max + 1)] if kind.max is not None else []
    elif isinstance(kind, Quantity):
        yield from QUANTITIES
    elif isinstance(kind, click.Path):
        yield from _paths(leaf, parameter, kind)
    elif named(leaf, parameter) not in ANY_TEXT:
        yield from (UNKNOWN, "missing.yaml", "folder", "binary.bin", "empty.txt", "loop", LONG, "nan", "a\nb", "\udcff")


def _paths(leaf: Leaf, parameter: click.Parameter, kind: click.Path) -> Iterator[str]:
    yield from PLACES
    if isinstance(kind, Output):
        yield "plain.txt" if kind.dir_okay else "folder"
        yield "sealed/new"
        yield from [] if kind.dir_okay or kind.parents else ["missing/folder/file"]
        return
    yield from (each for each in CONTENTS if each != "empty.txt" or named(leaf, parameter) not in MAY_BE_EMPTY)
    if not kind.file_okay or not kind.dir_okay or named(leaf, parameter) in READS_ANYTHING:
        yield "folder"


def near_words(leaf: Leaf, parameter: click.Parameter) -> Iterator[tuple[str, str]]:
    """A word that was mistyped, and the one that was meant: of a list in the help, or of the names that Tab offers."""
    if isinstance(parameter.type, click.Choice):
        words = [str(word) for word in parameter.type.choices]
    else:
        offered = parameter.shell_complete(click.Context(leaf.command), "")
        words = [item.value for item in offered if item.type == "plain" and item.value]
    if words:
        meant = max(words, key=len)
        yield (meant[:-2] + meant[-1] if len(meant) > 3 else meant + "x"), meant


@contextmanager
def without_rights() -> Iterator[None]:
    """What `locked` and `sealed` forbid is forbidden to root too, who otherwise may do everything."""
    if sys.platform != "linux" or os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0
    fewer = (ctypes.c_uint32 * 6)(*held)
    fewer[0] &= ~(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
    assert libc.capset(header, fewer) == 0
    try:
        yield
    finally:
        assert libc.capset(header, held) == 0
