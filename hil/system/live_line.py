"""A line on a terminal that is written over; elsewhere lines follow one another."""

from __future__ import annotations

from shutil import get_terminal_size
from typing import TextIO

__all__ = ["LiveLine"]

WIDTH = 100


class LiveLine:
    """`live` tells whether the stream is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.live = stream.isatty()

    def over(self, text: str) -> None:
        """Write over the line."""
        width = min(WIDTH, get_terminal_size().columns) - 1
        self._stream.write(f"\r{text[:width].ljust(width)}")
        self._stream.flush()

    def line(self, text: str) -> None:
        """Write a line that stays."""
        self.close()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the line empty."""
        if self.live:
            self.over("")
            self._stream.write("\r")
