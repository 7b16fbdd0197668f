"""pty:PATH, a pseudo-terminal behind a link of the user's choice.

A client's coming and going is not seen on a pty whose far end is held open, as ours is; a bench that counts bytes says `attach` before
a client opens.

The link outlives a server that is killed. Whether a link belongs to a living server is told by a name that the system gives back when
its owner ends (an abstract socket; Linux only). Elsewhere a link is stale when it points nowhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import sys
from itertools import count
from pathlib import Path

from hil.errors import UsageError
from hil.ports.base import FdPort
from protocol.errors import LinkError
from protocol.transport.pty import PtyServer

__all__ = ["PtyPort", "is_served", "spare_name"]


class PtyPort(FdPort):
    """A pseudo-terminal; `device` is its system name, the path a link to it. Raises UsageError if the path cannot be had."""

    def __init__(self, path: str) -> None:
        link = Path(path)
        self._claim = _claim(link)
        try:
            _refuse_strangers(link, known_dead=self._claim is not None)
            self._pty = PtyServer(path)
        except LinkError as error:
            self._release()
            raise UsageError(str(error), where="--port") from None
        except UsageError:
            self._release()
            raise
        super().__init__(self._pty.url, self._pty.fileno())
        self.device = self._pty.device

    def close(self) -> None:
        super().close()
        self._pty.close()
        self._release()

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.close()


def is_served(path: Path) -> bool:
    """Whether a running server has this link, as far as can be told: where the system keeps no names for servers, never."""
    if sys.platform != "linux" or not path.is_symlink():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_name_of(path))
        except OSError:
            return False
    return True


def spare_name(path: str) -> str:
    """The next name that nothing has: pump1 after pump0."""
    stem, digits = re.fullmatch(r"(.*?)(\d*)", path, re.DOTALL).groups()  # type: ignore[union-attr]  # fits every text
    return next(name for number in count(int(digits or 0) + 1) if not os.path.lexists(name := f"{stem}{number:0{len(digits)}d}"))


def _name_of(link: Path) -> str:
    """What stands for this path while a server has it."""
    place = str(link.parent.resolve() / link.name)
    return "\0pumpsim-pty-" + hashlib.sha256(place.encode()).hexdigest()


def _claim(link: Path) -> socket.socket | None:
    """Take the name that stands for this path. None where names are not to be had; raises UsageError if a living server has it."""
    if sys.platform != "linux" or not hasattr(socket, "AF_UNIX"):
        return None
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(_name_of(link))
    except OSError:
        claim.close()
        raise UsageError("a running server has this port", where=str(link), do="stop it or choose another path") from None
    return claim


def _refuse_strangers(link: Path, *, known_dead: bool) -> None:
    """Let only nothing, or what a dead server left, be replaced. Raises UsageError."""
    if not link.is_symlink() or not link.exists():
        return
    if not (known_dead and str(link.readlink()).startswith("/dev/pts/")):
        raise UsageError("a link to something else is there", where=str(link), do="remove it or choose another path for the port")
