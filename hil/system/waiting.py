"""Waiting, outside a loop, until something can be read."""

from __future__ import annotations

import select
import socket

__all__ = ["wait_readable"]

MS_PER_S = 1_000


def wait_readable(sources: list[socket.socket] | list[int], seconds: float) -> bool:
    """Block until one of these has something to read, at most so long; whether one has. Windows waits for sockets alone."""
    make_poll = getattr(select, "poll", None)
    if make_poll is None:
        return bool(select.select(sources, [], [], seconds)[0])
    poll = make_poll()
    for source in sources:
        poll.register(source, select.POLLIN)
    return bool(poll.poll(seconds * MS_PER_S))
