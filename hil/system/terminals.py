"""Whether this system has pseudo-terminals and serial lines that can be waited for, as all but Windows do."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["FREE_TCP_PORT", "has_terminals", "port_of_our_own"]

FREE_TCP_PORT = "tcp://127.0.0.1:0"


def has_terminals() -> bool:
    """Python's `termios` is there on POSIX alone."""
    return find_spec("termios") is not None


def port_of_our_own(path: str) -> str:
    """Where to serve if nobody says so: a pseudo-terminal behind this path, else a free TCP port."""
    return f"pty:{path}" if has_terminals() else FREE_TCP_PORT
