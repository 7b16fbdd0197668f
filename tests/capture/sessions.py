"""Served pumps, sessions on them and their captures, for the tests of captures."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from protocol.capture.reader import CaptureReader, Packet, Section
from protocol.client import Programmer
from protocol.messages import Start
from tests.rig.serving import running, serve, stop_server

__all__ = ["items", "joined", "packets", "runs", "served", "sections", "tshark", "visit"]


@contextmanager
def served(*options: str, profile: str = "itp-40") -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A server and its ready line; it is ended with the test."""
    process = serve(*options, profile=profile)
    try:
        yield process, running(process)
    finally:
        if process.poll() is None:
            stop_server(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def visit(ready: dict[str, Any], **options: Any) -> None:
    """A short session: look, and ask for what is refused."""
    with Programmer.open(ready["port"], key_file=ready["key_file"], **options) as programmer:
        programmer.interrogate()
        programmer.request("START", Start(1, 7))  # no therapy of this generation
        programmer.status()


def items(path: Path, piece: int = 1 << 20) -> list[Section | Packet]:
    """All that is in a capture, which must be whole, read in pieces of this size."""
    reader, data = CaptureReader(), path.read_bytes()
    found = [item for at in range(0, len(data), piece) for item in reader.feed(data[at : at + piece])]
    assert reader.end() is None, reader.damage
    return found


def packets(path: Path) -> list[Packet]:
    """The packets of a whole capture."""
    return [item for item in items(path) if isinstance(item, Packet)]


def sections(path: Path) -> list[Section]:
    """The runs of a whole capture."""
    return [item for item in items(path) if isinstance(item, Section)]


def runs(path: Path) -> list[tuple[str, bytes]]:
    """Who sent what."""
    return [(packet.sender, packet.raw) for packet in packets(path)]


def tshark(path: Path, *fields: str) -> list[list[str]]:
    """These fields of every packet, as the real tshark reads them."""
    named = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-E", "separator=;", *named], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return [line.split(";") for line in done.stdout.splitlines()]


def joined(found: Sequence[tuple[str, bytes]], sender: str) -> bytes:
    """All bytes of one side."""
    return b"".join(raw for side, raw in found if side == sender)
