"""Standard input as a loop hears it: as it comes, one piece at a time, b"" at its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable

from hil.system.terminals import has_terminals

__all__ = ["hear_standard_input"]

READ_BYTES_MAX = 65_536


def hear_standard_input(loop: asyncio.AbstractEventLoop, take: Callable[[bytes], None]) -> None:
    """Have `take` called in the loop with what is written to this process, and with nothing at all once that has ended."""
    fd = sys.stdin.fileno()

    def read() -> bool:
        data = os.read(fd, READ_BYTES_MAX)
        if not data and waited_for:
            loop.remove_reader(fd)
        take(data)
        return bool(data)

    def read_on() -> None:
        while read():
            pass

    waited_for = has_terminals()
    if not waited_for:  # Windows waits for sockets alone
        threading.Thread(target=_hand_over, args=(loop, take, fd), daemon=True, name="standard input").start()
        return
    try:
        loop.add_reader(fd, read)
    except PermissionError:  # a plain file cannot be waited for, and need not be
        waited_for = False
        loop.call_soon(read_on)


def _hand_over(loop: asyncio.AbstractEventLoop, take: Callable[[bytes], None], fd: int) -> None:
    """Read in a thread of its own, and let the loop take it."""
    data = b"more"
    with contextlib.suppress(RuntimeError, OSError):  # the loop has ended before its input
        while data:
            data = os.read(fd, READ_BYTES_MAX)
            loop.call_soon_threadsafe(take, data)
