"""Real tshark, with the exported dissector, reads every run of bytes as the codec does."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol.capture.blocks import TO_HOST, TO_PUMP, interface_block, packet_block, section_block
from protocol.export.layout import Header, bodies, items, rows, snake
from protocol.export.wireshark import render
from protocol.framing import ANSWER, BadReason, Frame, encode_frame
from protocol.message_table import BY_NAME
from tests.export.readings import CAPTURES, Reading, captured_runs, expected, runs
from tests.export.tools import run, tool

KINDS = {f"pumpsim.{snake(body.__name__)}.{item.name}": item.kind for body in (*bodies(), *rows()) for item in items(body)}
NOT_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What tshark leaves as it is when it writes texts into XML."""
STATUS = encode_frame(Frame(BY_NAME["STATUS"].opcode, 7, 3, b""))


def captured(lines: Iterable[tuple[int, bytes]]) -> bytes:
    """A capture: each run a packet, with its direction."""
    packets = [packet_block(0, number, direction, line) for number, (direction, line) in enumerate(lines)]
    return section_block("tests", []) + interface_block("wire", "runs of bytes") + b"".join(packets)


class Dissector:
    """tshark with the exported script."""

    def __init__(self, folder: Path) -> None:
        self._tshark = tool("tshark")
        self._script = folder / "pumpsim.lua"
        self._capture = folder / "wire.pcapng"
        self._script.write_text(render(), encoding="utf-8")

    def say(self, capture: bytes, *options: str) -> str:
        """What tshark prints of a capture."""
        self._capture.write_bytes(capture)
        return run([self._tshark, "-X", f"lua_script:{self._script}", "-r", self._capture, *options])

    def trees(self, capture: bytes) -> list[ET.Element]:
        """The dissection of each packet."""
        told = NOT_XML.sub("?", self.say(capture, "-T", "pdml"))
        packets = ET.fromstring(told).iter("packet")  # noqa: S314  # tshark's own
        return [_one(packet.findall("proto[@name='pumpsim']")) for packet in packets]


def _one(found: list[ET.Element]) -> ET.Element:
    (only,) = found
    return only


@pytest.fixture(scope="module")
def dissector(tmp_path_factory: pytest.TempPathFactory) -> Dissector:
    """tshark, ready."""
    return Dissector(tmp_path_factory.mktemp("wireshark"))


def reading(tree: ET.Element) -> Reading:
    """A dissection in the codec's form."""
    shown = {field.get("name", ""): field for field in tree.findall("field")}
    if "pumpsim.bad" in shown:
        return {"bad": shown["pumpsim.bad"].get("show")}
    header = {item.name: _number(shown[f"pumpsim.{item.name}"]) for item in items(Header)}
    body = tree.find("proto[@showname='Body']")
    assert body is not None
    named = {name: header[name] for name in ("version", "flags", "opcode", "session", "sequence")}
    return {**named, "mac": _bytes(shown.get("pumpsim.mac")), "payload": _bytes(shown.get("pumpsim.payload")), "body": _body(body)}


def _body(tree: ET.Element) -> Reading | None:
    if tree.find("field[@name='pumpsim.unreadable']") is not None:
        return None
    return dict(_fields(tree))


def _fields(tree: ET.Element) -> Iterator[tuple[str, Any]]:
    for field in tree.findall("field"):
        name = field.get("name", "")
        short = {"pumpsim.result": "result", "pumpsim.part": "number"}.get(name, name.rpartition(".")[2])
        match KINDS.get(name, "int"):
            case "int":
                yield short, _number(field)
            case "text":
                yield short, bytes.fromhex(field.get("value", "")).decode()
            case "many":
                yield short, [dict(_fields(row)) for row in field.findall("proto")]
            case _:
                yield short, _bytes(field)


def _number(field: ET.Element) -> int:
    return int(field.get("show", ""), 0)


def _bytes(field: ET.Element | None) -> str:
    return "" if field is None else field.get("show", "").replace(":", "")


def direction_of(line: bytes) -> int:
    """Where a run comes from: an answer from the pump, all else from the programmer."""
    return TO_HOST if expected(line).get("flags", 0) & ANSWER else TO_PUMP


def test_dissector_agrees_with_the_codec(dissector: Dissector, seed: int) -> None:
    """Golden frames, vectors, broken runs and spoilt frames: refused for the same reason, or all fields agree."""
    lines = runs(seed)
    trees = dissector.trees(captured((direction_of(line), line) for line in lines))
    wanted = [expected(line) for line in lines]

    assert len(trees) == len(lines)
    for line, tree, want in zip(lines, trees, wanted, strict=True):
        assert reading(tree) == want, line.hex()
    assert {reason.name for reason in BadReason} == {want["bad"] for want in wanted if "bad" in want}


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture.stem)
def test_golden_capture_is_read_as_it_lies_there(capture: Path, dissector: Dissector) -> None:
    """Packet by packet the file of a recorded session says the same, and no answer goes the wrong way."""
    trees = [tree for tree in dissector.trees(capture.read_bytes()) if tree.get("size") != "1"]
    wanted = [expected(line) for line in captured_runs(capture)]

    assert [reading(tree) for tree in trees] == wanted
    assert any("bad" in want for want in wanted)
    assert not any(field.get("name") == "pumpsim.direction" for tree in trees for field in tree.iter("field"))


def test_bad_runs_are_marked_with_their_reason(dissector: Dissector) -> None:
    """Each reason has an expert item of its own, to filter by, in the words of the codec."""
    lines = [line for line in runs(0) if "bad" in expected(line)]
    known = " || ".join(f"pumpsim.bad.{reason.name.lower()}" for reason in BadReason)
    told = dissector.say(captured((TO_PUMP, line) for line in lines), "-Y", known, "-T", "fields", "-e", "_ws.expert.message")

    assert told.splitlines() == [BadReason[expected(line)["bad"]].value for line in lines]


def test_names_and_units_are_shown(dissector: Dissector) -> None:
    """A refusal is read in words, a rate with its unit, alarm words cause by cause."""
    lines = [line for line in runs(0) if "bad" not in expected(line)]
    told = dissector.say(captured((direction_of(line), line) for line in lines), "-V")

    assert "code: RANGE (1)" in told
    assert "    mode: FLEX (4)" in told
    assert " nL/h\n" in told
    assert "EMPTY_RESERVOIR: True" in told
    assert "(EMPTY_RESERVOIR, STOPPED_TOO_LONG)" in told
    assert "Lua Error" not in told


def test_direction_is_shown_and_held_against_the_answer_flag(dissector: Dissector) -> None:
    """A request that comes from the pump is marked; a zero alone is no error."""
    capture = captured([(TO_PUMP, STATUS), (TO_HOST, STATUS), (TO_PUMP, b"\0")])
    told = dissector.say(capture, "-T", "fields", "-e", "_ws.col.Source", "-e", "_ws.col.Info", "-e", "_ws.expert.message")

    assert [line.rstrip("\t") for line in told.splitlines()] == [
        "programmer\tSTATUS",
        "pump\tSTATUS\tthe answer flag and the direction differ",
        "programmer\ta zero alone",
    ]


def test_every_field_can_be_filtered_by(dissector: Dissector) -> None:
    """Each field of each body has a name that tshark knows; it would not take a filter with another."""
    capture = captured((direction_of(line), line) for line in runs(0))

    assert dissector.say(capture, "-Y", " || ".join(KINDS)).splitlines()
    with pytest.raises(AssertionError, match=r"pumpsim\.bolus\.nothing"):
        dissector.say(capture, "-Y", "pumpsim.bolus.nothing")
