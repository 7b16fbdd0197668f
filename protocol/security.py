"""Who may speak: the seam where keyed sessions come. Today the only policy is `none`: no proof, no MAC.

Keys travel by file or environment from the first version, so that no command line ever shows one.
"""

from __future__ import annotations

import hmac
import os
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from protocol.errors import KeyFileError
from protocol.framing import Frame

__all__ = ["KEY_BYTES", "KEY_VARIABLE", "NoSecurity", "Policy", "load_key", "policy_of", "same"]

KEY_BYTES = 32
KEY_VARIABLE = "PUMPSIM_KEY"

_NONCE = struct.Struct("<II8x")


class Policy(Protocol):
    """What the device role asks of a way of proving who speaks."""

    def nonce(self, boot_count: int, session: int) -> bytes:
        """The pump's 16-byte part of a new session; never the same twice, for `session` is stored before use."""

    def proof(self, hello: bytes, nonce: bytes, /) -> bytes:
        """The pump's 16-byte proof over a HELLO body and its own nonce."""

    def admits(self, frame: Frame) -> bool:
        """Whether a request inside a session carries what it must."""


class NoSecurity:
    """Nobody proves anything. A frame with a MAC is not admitted, for it cannot be checked."""

    def nonce(self, boot_count: int, session: int) -> bytes:
        return _NONCE.pack(boot_count, session)

    def proof(self, _hello: bytes, _nonce: bytes, /) -> bytes:
        return bytes(16)

    def admits(self, frame: Frame) -> bool:
        return not frame.mac


def policy_of(name: str) -> Policy:
    """The policy of this name. Raises ValueError."""
    if name != "none":
        raise ValueError(f"security {name!r} is not known; there is: none")
    return NoSecurity()


def same(one: bytes, other: bytes) -> bool:
    """Compare secrets in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def load_key(key_file: str | None = None, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The key from a file that its owner alone may read, else from PUMPSIM_KEY, else None. 64 hexadecimal digits."""
    if key_file is not None:
        return _parse(_read_private(Path(key_file)), f"key file {key_file}")
    text = environment.get(KEY_VARIABLE)
    return None if text is None else _parse(text, KEY_VARIABLE)


def _read_private(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise KeyFileError(f"key file {path}: others may read it (mode {mode:04o}); do: chmod 600 {path}")
            return file.read()
    except OSError as error:
        raise KeyFileError(f"key file {path}: {error.strerror}; make one of 64 hexadecimal digits, mode 0600") from None
    except UnicodeDecodeError:
        raise KeyFileError(f"key file {path}: not text; 64 hexadecimal digits expected") from None


def _parse(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{where}: {2 * KEY_BYTES} hexadecimal digits expected")
    return key
