"""pty:PATH, a pseudo-terminal behind a link of the user's choice.

A client's coming and going is not seen on a pty whose far end is held open, as ours is; a bench that counts bytes says `attach` before
a client opens.

The link outlives a server that is killed. Whether a link belongs to a living server is told by a name that the system gives back when
its owner ends (an abstract socket; Linux only). Elsewhere a link is stale when it points nowhere.
"""

from __future__ import annotations

import hashlib
import socket
import sys
from pathlib import Path

from hil.errors import UsageError
from hil.ports.base import FdPort
from protocol.errors import LinkError
from protocol.transport.pty import PtyServer

__all__ = ["PtyPort"]


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


def _claim(link: Path) -> socket.socket | None:
    """Take the name that stands for this path. None where names are not to be had; raises UsageError if a living server has it."""
    if sys.platform != "linux" or not hasattr(socket, "AF_UNIX"):
        return None
    place = str(link.parent.resolve() / link.name)
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind("\0pumpsim-pty-" + hashlib.sha256(place.encode()).hexdigest())
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
