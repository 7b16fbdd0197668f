"""What a programmer must not forget when it is switched off: its own id, and for each pump the command that is not yet certain.

One JSON file (or nothing but memory), replaced whole, and on the disk before a command leaves.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, NamedTuple

from protocol.errors import ClientFileError

__all__ = ["ClientFile", "OpenCommand"]


class OpenCommand(NamedTuple):
    """A command that was sent and whose result is not certain; `digest` is the one of `protocol.command`."""

    command_id: int
    opcode: int
    digest: bytes
    body: bytes


class ClientFile:
    """A programmer's memory. With no path it lives as long as this object. Raises ClientFileError."""

    def __init__(self, path: str | os.PathLike[str] | None = None, *, programmer_id: int | None = None) -> None:
        self._path = None if path is None else Path(path)
        self._open: dict[str, OpenCommand] = {}
        known = self._read()
        if known is not None and programmer_id not in (None, known):
            raise ClientFileError(f"{self._path} belongs to programmer {known:#018x}, not {programmer_id:#018x}; use another file")
        self.programmer_id = secrets.randbits(63) + 1 if programmer_id is None else programmer_id
        if known is not None:
            self.programmer_id = known
        elif self._path is not None:
            self._write()

    def open_command(self, serial: str) -> OpenCommand | None:
        """The uncertain command of this pump."""
        return self._open.get(serial)

    def remember(self, serial: str, command: OpenCommand) -> None:
        """Keep a command that is about to leave."""
        self._open[serial] = command
        self._write()

    def settled(self, serial: str) -> None:
        """The result is certain."""
        if self._open.pop(serial, None) is not None:
            self._write()

    def _read(self) -> int | None:
        if self._path is None or not self._path.exists():
            return None
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            self._open = {serial: _command(row) for serial, row in content["open"].items()}
            return int(content["programmer_id"], 16)
        except OSError as error:
            raise ClientFileError(f"{self._path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ClientFileError(f"{self._path} is no programmer file; name another, or remove it if no command is open") from None

    def _write(self) -> None:
        if self._path is None:
            return
        rows = {serial: _row(command) for serial, command in self._open.items()}
        text = json.dumps({"programmer_id": f"{self.programmer_id:016x}", "open": rows}, indent=1)
        try:
            _replace(self._path, text)
        except OSError as error:
            raise ClientFileError(f"{self._path}: cannot be written ({error.strerror}); no command was sent") from None


def _replace(path: Path, text: str) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)  # there only if it could not be written whole
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _row(command: OpenCommand) -> dict[str, Any]:
    return {"id": command.command_id, "opcode": command.opcode, "digest": command.digest.hex(), "body": command.body.hex()}


def _command(row: dict[str, Any]) -> OpenCommand:
    return OpenCommand(int(row["id"]), int(row["opcode"]), bytes.fromhex(row["digest"]), bytes.fromhex(row["body"]))
