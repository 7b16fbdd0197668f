"""A recorded session: what the host said, and what the pump answered to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hil.errors import UsageError
from hil.parity.capture_file import read_capture
from hil.parity.reading import Reading, read_run
from protocol.capture.reader import Packet, Section
from protocol.capture.runs import HOST, PUMP

__all__ = ["Heard", "Recording", "load_recording", "same_place"]


class Heard(NamedTuple):
    """One run at an instant; `sender` is always told."""

    at_us: int
    sender: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Recording:
    """`runs` in order of time; `facts` is what the capture tells of itself."""

    file: str
    facts: dict[str, Any]
    runs: tuple[Heard, ...]

    @property
    def wall(self) -> bool:
        """Whether times are those of a wall clock; else they are a pump's own."""
        return self.facts.get("clock") != "virtual"

    @property
    def keyed(self) -> bool:
        """Whether anything in it carries a MAC."""
        return any(run.reading.frame is not None and run.reading.frame.mac for run in self.runs)


def load_recording(file: str, section: int | None = None) -> Recording:
    """The run of this number, or the only one there is; runs of clients that spoke one after another are one session.

    Raises UsageError.
    """
    sections: dict[int, Section] = {}
    packets: dict[int, list[Packet]] = {}
    for item in read_capture(file):
        if isinstance(item, Section):
            sections[item.number], packets[item.number] = item, []
        elif item.ours:
            packets[item.section].append(item)
    chosen = _chosen(file, sections, packets, section)
    runs = [_heard(packet) for number in chosen for packet in same_place(packets[number])]
    if not any(run.sender == HOST for run in runs):
        raise UsageError("it holds nothing that a host has sent", where=file, do="record a session with --capture")
    return Recording(file, sections[chosen[0]].facts, tuple(runs))


def same_place(packets: Sequence[Packet]) -> list[Packet]:
    """Only what was seen where the first packet was: at the host's end, for what we write."""
    return [packet for packet in packets if packet.interface == packets[0].interface]


def _chosen(file: str, sections: dict[int, Section], packets: dict[int, list[Packet]], section: int | None) -> list[int]:
    if section is not None:
        if not packets.get(section):
            raise UsageError(f"it has no run {section}", where=file, do=f"choose one of 1 to {len(sections)}")
        return [section]
    spoken = [number for number, found in packets.items() if found]
    clients = all(sections[number].facts.get("by") == "client" for number in spoken)
    if len(spoken) > 1 and not clients:
        raise UsageError(f"it holds {len(spoken)} runs: {', '.join(map(str, spoken))}", where=file, do="choose one with --run N")
    if not spoken:
        raise UsageError("it holds nothing that a host has sent", where=file, do="record a session with --capture")
    return spoken


def _heard(packet: Packet) -> Heard:
    reading = read_run(packet.raw)
    sender = packet.sender or (PUMP if reading.is_answer else HOST)
    return Heard(packet.at_us, sender, reading)
