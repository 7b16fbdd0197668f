"""The pump's end of a pseudo-terminal: other programs open it as a serial port.

A pty has no parity, no modem lines and no break, and a second program that opens it cannot be seen from here; a client of this
package takes an exclusive lock and so finds out.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Self

from protocol.errors import PortBusy, PortMissing

__all__ = ["PtyServer"]

_READ_BYTES = 65536


class PtyServer:
    """A pty under a stable name. `device` is the terminal itself, `path` the link to it that clients open.

    One descriptor of the client's side stays open here: without it the master would report a hang-up whenever no client is
    there. Raises PortBusy if something that is no link has the name already, and PortMissing on Windows, which has no pseudo-terminals.
    A link left behind is replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.lost_bytes = 0
        try:
            import tty
        except ImportError:
            raise PortMissing(f"{self.path}: this system has no pseudo-terminals; use tcp://127.0.0.1:0 in its place") from None
        if os.path.lexists(self.path) and not self.path.is_symlink():
            raise PortBusy(f"{self.path} exists and is no link of ours; name another place or remove it")
        try:
            self._master, self._slave = os.openpty()
        except OSError as error:
            raise PortMissing(f"{self.path}: the system gives no more pseudo-terminals ({error.strerror}); end others first") from None
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        try:
            self._publish()
        except OSError as error:
            self._close_both()
            raise PortMissing(f"{self.path}: cannot be made ({error.strerror}); name a folder that you may write") from None

    @property
    def url(self) -> str:
        """What a client of this package opens."""
        return f"pty:{self.path}"

    def fileno(self) -> int:
        """The master, for a selector or an event loop."""
        return self._master

    def read(self) -> bytes:
        """What is waiting, perhaps nothing."""
        try:
            return os.read(self._master, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return b""

    def write(self, data: bytes) -> None:
        """Send. What a full buffer does not take is lost, as on a line to which nobody listens; `lost_bytes` counts it."""
        sent = 0
        with contextlib.suppress(BlockingIOError):
            sent = os.write(self._master, data)
        self.lost_bytes += len(data) - sent

    def close(self) -> None:
        """Take the name away, if it still is ours, and hang up on clients; may be called again."""
        if self._master < 0:
            return
        with contextlib.suppress(OSError):
            if str(self.path.readlink()) == self.device:
                self.path.unlink()
        self._close_both()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _publish(self) -> None:
        """Make the link in one step: a client sees the old one or the new one."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        beside.symlink_to(self.device)
        beside.replace(self.path)

    def _close_both(self) -> None:
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
