"""Importing this teaches pyserial the scheme pumpsim://, so that `serial.serial_for_url("pumpsim://itp-40?seed=1")` opens a pump.

That an import does something is against our own rule and on purpose: it is how a program written for pyserial gets a new scheme, and
doing it twice does nothing. The handler is `hil/urls/protocol_pumpsim.py`, found by its name.
"""

from __future__ import annotations

import serial

# pyserial swallows an ImportError of a handler and says that the scheme is unknown; imported here, it says what is wrong.
import hil.urls.protocol_pumpsim  # noqa: F401  # pyserial hides an import error of its handlers: show it here

__all__ = ["register"]

PACKAGE = "hil.urls"


def register() -> None:
    """Add our handlers to pyserial's table, once."""
    if PACKAGE not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(PACKAGE)


register()
