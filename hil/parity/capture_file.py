"""Capture files as the command line reads them: whole, or while they grow, or from standard input.

Whatever stands before a damage is read and handed on; then comes the error that says what is wrong, where, and what to do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO

from hil.errors import UsageError
from protocol.capture.reader import CaptureReader, Damage, Packet, Section

__all__ = ["STANDARD_INPUT", "follow_capture", "read_capture"]

STANDARD_INPUT = "-"
LOOK_S = 0.2
"""Wall time between two looks at a file that may have grown."""
_PIECE_BYTES = 65_536


def read_capture(path: str) -> Iterator[Section | Packet]:
    """Everything in the file, or on standard input for `-`. Raises UsageError at the damage, if there is any."""
    reader = CaptureReader()
    others = 0
    with _opened(path) as file:
        while data := _piece(file, path):
            for item in reader.feed(data):
                others += isinstance(item, Packet) and not item.ours
                yield item
    if damage := reader.end():
        raise _damaged(path, damage)
    if others and others == reader.packets:
        raise UsageError(f"none of its {others:,} packets is of link type USER0 (147)", where=path, do="give a capture that pumpsim made")


def follow_capture(path: str, pause: Callable[[float], None]) -> Iterator[Section | Packet]:
    """The same of a file that grows, for ever: its end is only the end for now. `pause` waits between two looks."""
    reader = CaptureReader()
    with _opened(path) as file:
        while True:
            data = _piece(file, path)
            yield from reader.feed(data)
            if reader.damage:
                raise _damaged(path, reader.damage)
            if not data and path == STANDARD_INPUT:
                return
            if not data:
                if Path(path).stat().st_size < file.tell():
                    raise UsageError("it has become shorter: another program has written it anew", where=path, do="follow it again")
                pause(LOOK_S)


def _opened(path: str) -> IO[bytes] | nullcontext[IO[bytes]]:
    if path == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb", buffering=0)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=path, do="look at the path and its rights") from None


def _piece(file: IO[bytes], path: str) -> bytes:
    try:
        read = getattr(file, "read1", file.read)  # standard input is buffered, and gives what is there
        data: bytes = read(_PIECE_BYTES)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=path, do="look at the path and its rights") from None
    return data


def _damaged(path: str, damage: Damage) -> UsageError:
    where = f"{path}, byte {damage.at_byte:,}, after packet {damage.packets:,}"
    if "old form" in damage.what:
        do = "make it new with: editcap -F pcapng OLD NEW"
    elif not damage.packets:
        do = "give a file that --capture wrote"
    elif damage.torn:
        do = "what stands before was read; if it is still being written, wait for its end (`pumpsim decode --follow` does)"
    else:
        do = "what stands before was read; copy the file again if its source is whole"
    return UsageError(damage.what, where=where, do=do)
