"""Turns what passes the wire into the bytes of a capture, block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from protocol.capture.about import comments_of
from protocol.capture.blocks import TO_HOST, TO_PUMP, interface_block, packet_block, section_block
from protocol.capture.runs import HOST, Run, RunCutter

__all__ = ["APPLICATION", "HOST_END", "PUMP_END", "Recorder"]

APPLICATION = "pumpsim"
HOST_END = "host end of the line"
PUMP_END = "pump end of the line"


class Recorder:
    """One run on one line, seen at one or more places. `write` takes whole blocks; `now_us` tells the time of what passes."""

    def __init__(
        self, write: Callable[[bytes], None], now_us: Callable[[], int], *, port: str, places: Sequence[str] = (HOST_END,)
    ) -> None:
        self._write = write
        self._now_us = now_us
        self._port = port
        self._cutters = {place: RunCutter() for place in places}

    def begin(self, sentence: str, facts: Mapping[str, Any]) -> None:
        """The head of the run: what this is."""
        head = section_block(APPLICATION, comments_of(sentence, facts))
        self._write(head + b"".join(interface_block(self._port, place) for place in self._cutters))

    def passed(self, sender: str, data: bytes, place: str = HOST_END) -> None:
        """Bytes pass a place, sent by `host` or `pump`."""
        if data:
            self._put(place, self._cutters[place].feed(self._now_us(), sender, data))

    def end(self) -> None:
        """Nothing more passes."""
        for place, cutter in self._cutters.items():
            self._put(place, cutter.end())

    def _put(self, place: str, runs: Sequence[Run]) -> None:
        if runs:
            interface = list(self._cutters).index(place)
            blocks = [packet_block(interface, at_us, TO_PUMP if sender == HOST else TO_HOST, raw) for at_us, sender, raw in runs]
            self._write(b"".join(blocks))
