"""A mutational fuzzer of the wire: it makes good frames, bends them, and keeps a conversation going while it does.

Everything is drawn from a seed. This package makes bytes and judges the programmer's end; `hil.fuzz` holds the real pump and the served
process to them, and has the command.
"""

from __future__ import annotations
