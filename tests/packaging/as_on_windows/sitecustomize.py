"""Python finds this on PYTHONPATH when it starts: what Windows does not have is not there any more, in this process and in its children.

What the standard library itself needs to start processes is left to it. The file locks of Windows are stood in for by those of POSIX.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import selectors
import signal
import socket
import stat
import subprocess
import sys
from types import ModuleType
from typing import Any

MODULES = ("pty", "tty", "termios", "fcntl", "resource", "grp", "pwd", "syslog", "posixshmem", "readline")
OF_OS = ("fork", "forkpty", "openpty", "ttyname", "killpg", "setsid", "fdatasync", "set_blocking", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK")
SIGNALS = ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGPIPE", "SIGXCPU", "setitimer", "alarm", "pthread_kill")
POLLS = ("poll", "epoll", "POLLIN")
POLL_SELECTORS = ("PollSelector", "EpollSelector", "DevpollSelector")


def _locks() -> ModuleType:
    """What Python has on Windows in place of fcntl, as far as we use it."""
    module: Any = ModuleType("msvcrt")
    module.LK_NBLCK = 2
    flock, how = fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB
    module.locking = lambda descriptor, _mode, _size: flock(descriptor, how)
    return module  # type: ignore[no-any-return]


class _NoSerialPorts(ModuleType):
    """What pyserial has on POSIX; on Windows it has something else under another name, which finds no port here."""

    class Serial:
        def __init__(self, port: object = None, *_: object, **_more: object) -> None:
            raise FileNotFoundError(2, f"could not open port {port!r}: the system cannot find the file specified")

    PosixPollSerial = VTIMESerial = Serial


def _select(reading: list[Any], writing: list[Any], failing: list[Any], *timeout: float, wait: Any = select.select) -> object:
    """Windows waits for sockets alone."""
    for each in (*reading, *writing, *failing):
        number = each if isinstance(each, int) else each.fileno()
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            raise OSError(10038, "an operation was attempted on something that is not a socket")
    return wait(reading, writing, failing, *timeout)


class _Proactor(asyncio.SelectorEventLoop):
    """The usual loop of Windows: no readers at all."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError

    add_writer = add_reader  # type: ignore[assignment]


class _Policy(asyncio.DefaultEventLoopPolicy):
    """Who does not choose a loop gets that one."""

    _loop_factory = _Proactor


def _joined(*_: object, pair: Any = socket.socketpair, family: int = socket.AF_UNIX) -> object:
    """Windows joins two sockets over loopback; which family they are of nobody asks."""
    return pair(family)


def _take_away() -> None:
    for owner, names in ((os, OF_OS), (signal, SIGNALS), (select, POLLS), (selectors, POLL_SELECTORS), (socket, ("AF_UNIX",))):
        for name in names:
            vars(owner).pop(name, None)
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    sys.modules["msvcrt"] = _locks()
    sys.modules["serial.serialposix"] = _NoSerialPorts("serial.serialposix")


socket.SO_EXCLUSIVEADDRUSE = socket.SO_KEEPALIVE  # type: ignore[attr-defined]  # Linux has an address alone with no option set
selectors.DefaultSelector = selectors.SelectSelector  # type: ignore[misc, assignment]
asyncio.SelectorEventLoop.add_signal_handler = asyncio.AbstractEventLoop.add_signal_handler  # type: ignore[method-assign]
asyncio.SelectorEventLoop.remove_signal_handler = asyncio.AbstractEventLoop.remove_signal_handler  # type: ignore[method-assign]
asyncio.set_event_loop_policy(_Policy())
subprocess.Popen.kill = lambda self: self.send_signal(9)  # type: ignore[method-assign]
socket.socketpair = _joined  # type: ignore[assignment]
select.select = _select  # type: ignore[assignment]
_take_away()
