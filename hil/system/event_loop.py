"""The loop that servers run on, and the signals that end them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["EndSignals", "defect_in", "run_loop"]

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""Whatever this system has of what asks a process to end: Windows has no SIGHUP, the others no SIGBREAK."""
_WOKEN_BYTES = 4_096

T = TypeVar("T")


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run on a loop that tells of sockets that are ready, which the usual one of Windows does not."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(main)


def defect_in(context: dict[str, object]) -> Exception | None:
    """What a callback raised, as a loop tells its exception handler; None where it is no defect of ours.

    A socket that could not be taken in is none: too much is open, and the loop tries again.
    """
    error = context.get("exception")
    return error if isinstance(error, Exception) and not (isinstance(error, OSError) and "socket" in context) else None


class EndSignals:
    """Calls `end` in the loop when a signal asks this process to end, until `ignore`; `give_back` makes signals what they were."""

    def __init__(self, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
        self._loop = loop
        self._sockets: tuple[socket.socket, ...] = ()
        try:
            for number in SIGNALS:
                loop.add_signal_handler(number, end)
        except NotImplementedError:
            self._listen(end)

    def ignore(self) -> None:
        """Be deaf: one more signal would find the loop half closed."""
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError):
                self._loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        if self._sockets:
            self._loop.remove_reader(self._sockets[0])
            signal.set_wakeup_fd(-1)
            for each in self._sockets:
                each.close()

    @staticmethod
    def give_back() -> None:
        """Let signals do what they do in any process."""
        for number in SIGNALS:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    def _listen(self, end: Callable[[], None]) -> None:
        """Where a loop knows no signals: a byte on a socket wakes it, and then Python calls what was asked to be called."""
        self._sockets = heard, woken = socket.socketpair()
        for each in self._sockets:
            each.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        self._loop.add_reader(heard, lambda: heard.recv(_WOKEN_BYTES))
        for number in SIGNALS:
            signal.signal(number, lambda _number, _frame: self._loop.call_soon_threadsafe(end))
