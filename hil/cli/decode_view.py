"""Packets of a capture as lines of a table, coloured where it is a terminal, or as objects for a program."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from hil.cli.colour import console
from hil.parity.reading import LONE_ZERO, Reading, read_run
from hil.parity.spoken import harmless, label, moment, spoken_fields
from hil.plain import plain
from protocol.capture.reader import Packet, Section
from protocol.codes import Answer
from protocol.transcript import describe

__all__ = ["Sheet", "json_row"]

SHOWN_BYTES = 24
"""Of a run that is no frame; --json has them all."""
_HEADS = (("no.", 5), ("time", 24), ("from", 6), ("message", 13), ("session/seq", 12))
_PLACES = {"pump end of the line": "pump end", "host end of the line": "host end"}
NARROW = 60
"""Columns below which a terminal breaks lines by itself; half of it is enough for the content alone."""
HANGING = 8


class Sheet:
    """A terminal, or what stands for one."""

    def __init__(self) -> None:
        self._console = console()
        self._wall = False
        self._places: set[str] = set()
        self._headed = False

    def show_section(self, section: Section) -> None:
        """Say what the packets below are of."""
        facts = section.facts
        self._wall = facts.get("clock") == "wall"
        text = harmless(section.comments[0] if section.comments else section.application) or "not said by whom"
        self._line(Text(f"run {section.number}: {text}", style="bold"))
        if not self._headed:
            head = "".join(f"{name:>{width}} " if name == "no." else f"{name:<{width}} " for name, width in _HEADS)
            self._line(Text(f"{head}content", style="dim"))
            self._headed = True

    def show_packet(self, packet: Packet) -> None:
        """Print one packet; what does not fit beside it goes below."""
        self._places.add(packet.place)
        line = Text().append(f"{packet.number:>5} ", style="dim").append(f"{moment(packet.at_us, wall=self._wall):<24} ", style="dim")
        if not packet.ours:
            self._line(line.append("another link type, not read", style="dim"))
            return
        reading = read_run(packet.raw)
        sender = packet.sender or ("pump" if reading.is_answer else "host")
        line.append(f"{sender} {'>' if sender == 'host' else '<'} ", style="cyan" if sender == "host" else "green")
        self._content(line, reading, _PLACES.get(packet.place, harmless(packet.place)) if len(self._places) > 1 else "")

    def _content(self, line: Text, reading: Reading, place: str) -> None:
        frame = reading.frame
        line.append(f"{reading.name or '-':<13} ", style="bold")
        line.append(f"{f'{frame.session}/{frame.sequence}' if frame else '-':<12} ", style="dim")
        if place:
            line.append(f"[{place}] ", style="dim")
        indent = len(line.plain)
        if reading.answer is not None:
            line.append(reading.answer.name, style="green" if reading.answer is Answer.OK else "bold red")
        said = _said(reading)
        if said and reading.answer is not None:
            line.append("  " if reading.answer is Answer.OK else ": ")
        self._line(line.append(said, style="red" if reading.error and reading.raw != LONE_ZERO else ""), indent)

    def _line(self, line: Text, indent: int = 0) -> None:
        """Print a line whole, or on a terminal with the rest of it below its content."""
        width = self._console.width
        if not self._console.is_terminal or len(line.plain) <= width or width < NARROW:
            self._console.print(line, soft_wrap=True)
            return
        roomy = width - indent >= NARROW // 2
        parts = _wrapped(line, indent, width - indent if roomy else width - HANGING)
        if not roomy:
            self._console.print(line[:indent], soft_wrap=True)
        for number, part in enumerate(parts):
            lead = line[:indent] if roomy and not number else Text(" " * (indent if roomy else HANGING))
            self._console.print(lead.append_text(part), soft_wrap=True)


def _wrapped(line: Text, indent: int, width: int) -> list[Text]:
    """What stands from `indent` on, in parts that fit, broken at spaces where there are any."""
    found = textwrap.wrap(line.plain[indent:], width, drop_whitespace=False, break_on_hyphens=False)
    parts, at = [], indent
    for text in found:
        parts.append(line[at : at + len(text)])
        at += len(text)
    return parts


def _said(reading: Reading) -> str:
    """The content in words."""
    if reading.raw == LONE_ZERO:
        return reading.error
    if reading.frame is None:
        shown = reading.raw[:SHOWN_BYTES].hex(" ") + (" …" if len(reading.raw) > SHOWN_BYTES else "")
        return f"no frame, {reading.error}: {len(reading.raw)} bytes, {shown}"
    if reading.error:
        return f"cannot be read, {reading.error}{f': {reading.frame.body.hex(chr(32))}' if reading.frame.body else ''}"
    if (refusal := reading.refusal) is not None:
        return f"{refusal.what}{f'; {refusal.do}' if refusal.do else ''}"
    return "  ".join(f"{label(name)}={text}" for name, text in spoken_fields(reading.body).items())


def json_row(packet: Packet, facts: Mapping[str, object]) -> dict[str, Any]:
    """One packet for a program: numbers as on the wire, and `words` for people where there are any."""
    row: dict[str, Any] = {"number": packet.number, "run": packet.section, "at_us": packet.at_us, "clock": facts.get("clock")}
    row |= {"from": packet.sender or None, "place": packet.place, "raw": packet.raw.hex()}
    if not packet.ours:
        return row | {"error": "another link type"}
    reading = read_run(packet.raw)
    row |= {name: value for name, value in describe(packet.raw).items() if name != "raw"}
    if reading.raw == LONE_ZERO:
        row = {name: value for name, value in row.items() if name != "error"} | {"kind": "lone zero"}
    elif reading.error:
        row["error"] = reading.error
    elif (refusal := reading.refusal) is not None:
        row["words"] = plain(refusal)
    elif reading.body:
        row["words"] = spoken_fields(reading.body)
    return row
