"""Parsers that the Kaitai Struct compiler makes from the exported description read every frame as the codec does."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cobs import cobs
from ruamel.yaml import YAML

from protocol.codec import decode, encode
from protocol.export.kaitai import render
from protocol.export.layout import bodies, code_tables, items, members
from protocol.export.plain_body import plain_body
from protocol.export.samples import bodies_of
from protocol.therapy import Therapy
from tests.export.readings import Reading, expected, runs
from tests.export.tools import kaitai_modules, run

HERE = Path(__file__).parent
WRAPPERS = ("fields",)
MISSED = (1 << 32) + (1 << 11)
"""How far off the runtime for JavaScript may be: the number it misses, and what a double rounds off."""


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the parsers in Python and JavaScript."""
    folder = tmp_path_factory.mktemp("kaitai")
    modules = kaitai_modules()
    description = folder / "pumpsim_frame.json"
    description.write_text(json.dumps(YAML(typ="safe").load(render())), encoding="utf-8")
    run(["node", HERE / "kaitai_compile.mjs", description, folder, "python", "javascript"], NODE_MODULES=str(modules))
    return folder


def decoded(line: bytes) -> bytes | None:
    """The frame inside a run, as the description wants it; None where COBS, or its missing zero, says already that there is none."""
    if not line.endswith(b"\0"):
        return None
    try:
        raw: bytes = cobs.decode(line[:-1])
    except cobs.DecodeError:
        return None
    return raw


def in_python(folder: Path, frames: list[bytes]) -> list[Reading]:
    """Each frame as the parser in Python reads it."""
    parser = _module(folder).PumpsimFrame
    return [_read(parser, frame) for frame in frames]


def _module(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("pumpsim_frame", folder / "pumpsim_frame.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read(parser: Any, raw: bytes) -> Reading:
    from kaitaistruct import KaitaiStructError

    unread = (KaitaiStructError, EOFError, UnicodeDecodeError)
    try:
        frame = parser.from_bytes(raw)
    except unread as error:
        return {"bad": str(error)}
    names = ("version", "flags", "opcode", "session", "sequence", "payload", "mac")
    header = {name: _plain(getattr(frame, name)) for name in names if hasattr(frame, name)}
    try:
        return {**header, "body": _plain(frame.body)}
    except unread as error:
        return {**header, "unreadable": str(error)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, int) else value if isinstance(value, str) else _own(value)


def _own(value: Any) -> Reading:
    return {name: _plain(each) for name, each in vars(value).items() if not name.startswith("_")}


def in_javascript(folder: Path, frames: list[bytes]) -> list[Reading]:
    """Each frame as the parser in JavaScript reads it."""
    told = "".join(f"{frame.hex()}\n" for frame in frames)
    said = run(["node", HERE / "kaitai_read.mjs", folder / "PumpsimFrame.js"], told, NODE_MODULES=str(kaitai_modules()))
    return [_snake(json.loads(line)) for line in said.splitlines()]


def _snake(tree: Any) -> Any:
    """Names as declared; the compiler writes them in the manner of JavaScript."""
    if isinstance(tree, list):
        return [_snake(value) for value in tree]
    return {_id(name): _snake(value) for name, value in tree.items()} if isinstance(tree, dict) else tree


def same_form(reading: Reading) -> Reading:
    """A parser's reading in the codec's form: wrappers laid open, lengths and counts left out, what has no name left out."""
    if "bad" in reading:
        return {"bad": True}
    body = None if "unreadable" in reading else _laid_open(reading.pop("body"))
    reading.pop("unreadable", None)
    return {**reading, "mac": reading.get("mac") or "", "body": body}


def _laid_open(tree: Reading) -> Reading | None:
    """None where the description had to leave bytes without a name."""
    flat: Reading = {}
    for name, value in tree.items():
        if name in WRAPPERS and isinstance(value, dict):
            inner = _laid_open(value) if set(value) != {"data"} else None
            if inner is None:
                return None
            flat |= inner
        elif name != "excess" and not name.startswith(("len_", "num_")):
            flat[name] = [_laid_open(row) for row in value] if isinstance(value, list) else value
    return flat


def as_read_in_javascript(reading: Any, want: Any) -> bool:
    """Whether two readings are the same as far as the runtime for JavaScript goes: it keeps numbers as doubles, exact to 2^53, and
    misses 2^32 in some negative numbers of 64 bits.
    """
    if isinstance(reading, dict):
        return reading.keys() == want.keys() and all(as_read_in_javascript(reading[name], want[name]) for name in reading)
    if isinstance(reading, list):
        return len(reading) == len(want) and all(map(as_read_in_javascript, reading, want))
    if isinstance(reading, int | float) and isinstance(want, int):
        return float(reading) == float(want) or (want < -(1 << 31) and abs(reading - want) <= MISSED)
    return bool(reading == want)


@pytest.mark.parametrize("reader", [in_python, in_javascript])
def test_compiled_parser_agrees_with_the_codec(reader: Callable[[Path, list[bytes]], list[Reading]], parsers: Path, seed: int) -> None:
    """Golden frames, vectors, broken runs and spoilt frames: the same are refused, and all fields of the others are the same."""
    lines = [line for line in runs(seed) if decoded(line) is not None]
    readings = [same_form(reading) for reading in reader(parsers, [decoded(line) or b"" for line in lines])]
    wanted = [expected(line) for line in lines]

    for line, reading, told in zip(lines, readings, wanted, strict=True):
        want = {"bad": True} if "bad" in told else told
        assert reading == want if reader is in_python else as_read_in_javascript(reading, want), line.hex()
    assert {"CRC", "HEADER", "LENGTH", "TOO_LONG", "TOO_SHORT"} <= {want["bad"] for want in wanted if "bad" in want}


def test_therapy_image_is_described_too(parsers: Path) -> None:
    """The image that PUT lays piece by piece has a type of its own, with groups and steps."""
    described = _module(parsers).PumpsimFrame.Therapy
    for _, image in bodies_of(Therapy):
        read = _laid_open(_own(described.from_bytes(encode(image))))

        assert read == plain_body(decode(Therapy, encode(image)))


def test_description_names_units_codes_and_reasons() -> None:
    """Every body has its words, every code its name, every number with a unit its unit."""
    description = YAML(typ="safe").load(render())

    for body in bodies():
        named = {field["id"] for field in description["types"][_id(body.__name__)]["seq"]}
        assert {item.name for item in items(body)} <= named
    for table in code_tables():
        found = description["enums"][{"Answer": "answer_code"}.get(table.__name__, _id(table.__name__))]
        assert found == {number: name.lower() for name, number in members(table).items()}
    rates = [field for field in description["types"]["bridge"]["seq"] if field["id"] == "rate_nl_per_h"]
    assert rates == [{"id": "rate_nl_per_h", "type": "u4", "doc": "unit: nL/h"}]


def _id(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
