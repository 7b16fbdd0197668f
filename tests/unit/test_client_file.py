"""The programmer's file: its id and its open commands survive, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocol.client.file import ClientFile, OpenCommand
from protocol.errors import ClientFileError

COMMAND = OpenCommand(7, 0x33, b"d" * 16, b"body")


def test_keeps_id_and_commands(tmp_path: Path) -> None:
    """What one program wrote, the next one reads."""
    first = ClientFile(tmp_path / "file")
    first.remember("P-1", COMMAND)
    first.remember("P-2", COMMAND._replace(command_id=8))
    first.settled("P-2")
    second = ClientFile(tmp_path / "file")

    assert second.programmer_id == first.programmer_id
    assert second.open_command("P-1") == COMMAND
    assert second.open_command("P-2") is None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_keeps_the_id_it_was_given(tmp_path: Path) -> None:
    """An id that is data stays what it is; a file of another programmer is refused."""
    ClientFile(tmp_path / "file", programmer_id=5)

    assert ClientFile(tmp_path / "file").programmer_id == 5
    assert ClientFile(tmp_path / "file", programmer_id=5).programmer_id == 5
    with pytest.raises(ClientFileError, match="belongs to programmer"):
        ClientFile(tmp_path / "file", programmer_id=6)


def test_without_a_path_lives_in_memory() -> None:
    """No path, no file; each drawn id is another and none is zero."""
    one, other = ClientFile(), ClientFile()
    one.remember("P-1", COMMAND)
    one.settled("P-1")
    one.settled("P-1")

    assert one.open_command("P-1") is None
    assert 0 < one.programmer_id != other.programmer_id


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"programmer_id": "x", "open": {}}', '{"programmer_id": 5, "open": {}}'])
def test_refuses_what_is_no_programmer_file(tmp_path: Path, text: str) -> None:
    """Another file by this name is neither used nor overwritten."""
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(ClientFileError, match="is no programmer file"):
        ClientFile(path)

    assert path.read_text() == text


def test_refuses_a_folder(tmp_path: Path) -> None:
    """What cannot be read is an error of one line."""
    with pytest.raises(ClientFileError, match="Is a directory"):
        ClientFile(tmp_path)


def test_says_that_nothing_was_sent_if_it_cannot_be_written(tmp_path: Path) -> None:
    """A command whose record cannot be kept does not leave."""
    with pytest.raises(ClientFileError, match="no command was sent"):
        ClientFile(tmp_path / "missing" / "file")


def test_is_readable_by_people(tmp_path: Path) -> None:
    """The file is JSON with the id in hexadecimal."""
    ClientFile(tmp_path / "file", programmer_id=255).remember("P-1", COMMAND)

    assert json.loads((tmp_path / "file").read_text()) == {
        "programmer_id": "00000000000000ff",
        "open": {"P-1": {"id": 7, "opcode": 51, "digest": "64" * 16, "body": "626f6479"}},
    }
