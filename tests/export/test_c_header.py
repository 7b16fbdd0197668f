"""The exported C header compiles without a warning, and a small program made with it reads and builds every vector."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol.codec import fields_of
from protocol.codes import Mode
from protocol.export.c_header import render
from protocol.export.vectors import Vector, messages
from protocol.framing import encode_frame
from tests.export.readings import Reading, expected, runs
from tests.export.tools import run, tool

HERE = Path(__file__).parent
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the header in it."""
    folder = tmp_path_factory.mktemp("c")
    (folder / "pumpsim_wire.h").write_text(render(), encoding="utf-8")
    shutil.copy(HERE / "vectors.c", folder)
    return folder


@pytest.fixture(scope="module")
def program(folder: Path) -> Path:
    """The program, compiled so that it stops where it reads or writes outside of what is its own."""
    sanitised = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    run([tool("gcc"), *STRICT[:-1], *sanitised, "-o", "vectors", "vectors.c"], folder=folder)
    return folder / "vectors"


def without_rows(tree: Any) -> Any:
    """What the program printed, without the numbers that spare it commas."""
    if isinstance(tree, list):
        return [without_rows(value) for value in tree]
    if isinstance(tree, dict):
        return {name: without_rows(value) for name, value in tree.items() if name != "row"}
    return tree


def words(fields: Iterable[Any]) -> Iterator[str]:
    """Fields as the program takes them."""
    for value in fields:
        if isinstance(value, tuple):
            yield str(len(value))
            for row in value:
                yield from words(row)
        elif isinstance(value, int):
            yield str(int(value))
        else:
            yield f"x{(value.encode() if isinstance(value, str) else value).hex()}"


def told(vector: Vector) -> str:
    """A vector's values as a line for the program."""
    head = [vector.frame.opcode, vector.frame.session, vector.frame.sequence]
    if vector.answer is not None:
        head += [int(vector.answer), *([] if vector.part is None else [vector.part])]
    heard = vector.body[: len(fields_of(type(vector.body), vector.minor))] if vector.body else ()
    return " ".join(["request" if vector.answer is None else "answer", *map(str, head), *words(heard)])


@pytest.mark.parametrize("standard", ["-std=c99", "-std=c11"])
def test_header_alone_compiles_without_a_warning(standard: str, folder: Path) -> None:
    """Nothing is missing, unused or shadowed, with all of gcc's warnings as errors."""
    (folder / "alone.c").write_text('#include "pumpsim_wire.h"\nint main(void) { return 0; }\n', encoding="ascii")
    run([tool("gcc"), standard, *STRICT[1:], "-o", "alone", "alone.c"], folder=folder)


def test_program_reads_as_the_codec_does(program: Path, seed: int) -> None:
    """Golden frames, vectors, broken runs and spoilt frames, byte by byte: refused for the same reason, or read with the same fields."""
    lines = runs(seed)
    said = run([program], "".join(f"read {line.hex()}\n" for line in lines)).splitlines()

    assert len(said) == len(lines)
    for line, text in zip(lines, said, strict=True):
        reading: Reading = without_rows(json.loads(text))
        want = expected(line)
        if "bad" not in want:
            reading.pop("encodes", None)
            again = reading.pop("again", None)
            reading = {**reading, "body": reading.get("body")}
            reading.pop("unreadable", None)
            assert want["body"] is None or want["version"] != 1 or again == line.hex(), line.hex()
        assert reading == want, line.hex()


def test_program_builds_every_vector(program: Path) -> None:
    """From the values alone come the very bytes that the codec makes."""
    vectors = list(messages())
    built = run([program], "".join(f"{told(vector)}\n" for vector in vectors)).splitlines()

    assert [json.loads(line) for line in built] == [encode_frame(vector.frame).hex() for vector in vectors]


def test_names_of_codes_are_there() -> None:
    """Enums, their names as text, units and limits are written out."""
    header = render()

    assert f"PUMPSIM_MODE_FLEX = {Mode.FLEX.value}" in header
    assert 'case PUMPSIM_MODE_FLEX: return "FLEX";' in header
    assert "uint32_t rate_nl_per_h; /* nL/h */" in header
    assert "uint32_t alarms; /* a bit for each of enum pumpsim_alarm_cause */" in header
    assert "#define PUMPSIM_PAYLOAD_BYTES_MAX 512\n" in header
