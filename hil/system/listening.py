"""An address that one server listens on."""

from __future__ import annotations

import socket

__all__ = ["claim_address"]


def claim_address(listener: socket.socket) -> None:
    """Before it is bound: let it have its address alone, also right after a server there has ended.

    On Windows SO_REUSEADDR would let a second server share the address, and another user's take it over.
    """
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
