"""The log: numbered, on disk before anybody hears of it, and read back as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.errors import CheckFailed, UsageError
from hil.lesson.entries import KINDS, Entry, as_plain, entry_of
from hil.lesson.log import Log, branch_of, read_log


def filled(log: Log, count: int = 3) -> Log:
    """A log with some notes, its file closed."""
    for number in range(count):
        log.append(number, "note", "L1", "L1", {"text": f"note {number}"})
    log.close()
    return log


def test_numbers_entries_and_tells_listeners(tmp_path: Path) -> None:
    """Entries count from 1; a listener hears each of them, which by then stands in the file."""
    log = Log(tmp_path / "log.jsonl")
    heard: list[tuple[int, int]] = []
    log.listen(lambda entry: heard.append((entry.n, len(read_log(tmp_path / "log.jsonl")))))

    filled(log)

    assert heard == [(1, 1), (2, 2), (3, 3)]
    assert len(log) == 3


def test_file_and_memory_hold_the_same(tmp_path: Path) -> None:
    """A log in a file gives back what one in memory does, from any number on, and goes on where it ended."""
    kept, _ = filled(Log()), filled(Log(tmp_path / "log.jsonl"))
    again = Log(tmp_path / "log.jsonl")

    for log in (kept, again):
        log.append(9, "note", "L1", "L1", {"text": "more"})
        log.close()

    assert list(kept.entries()) == list(again.entries()) == read_log(tmp_path / "log.jsonl")
    assert [entry.n for entry in again.entries(3)] == [3, 4]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """What a crash has cut off in the middle was never told to anybody."""
    path = tmp_path / "log.jsonl"
    filled(Log(path))
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:-5], encoding="utf-8")

    assert [entry.n for entry in read_log(path)] == [1, 2]
    filled(Log(path), 1)
    assert [entry.n for entry in read_log(path)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{}", "no entry"),
        ("[1]", "no entry"),
        ('{"n":', "Expecting value"),
        (json.dumps(as_plain(Entry(2, 0, "gossip", "L1", "L1", {}))), "its kind is 'gossip'"),
        (json.dumps(as_plain(Entry(2, 0, "note", "L1", "L1", {})) | {"at_us": "soon"}), "another type"),
        (json.dumps(as_plain(Entry(7, 0, "note", "L1", "L1", {}))), "entry 7 stands where 2 belongs"),
    ],
)
def test_damage_is_told_with_its_line(tmp_path: Path, line: str, what: str) -> None:
    """A log that somebody has changed is not read by halves: the file and the line are named."""
    path = tmp_path / "log.jsonl"
    filled(Log(path), 1)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")

    with pytest.raises(CheckFailed, match=what) as caught:
        read_log(path)

    assert caught.value.where == f"{path}:2"


def test_a_log_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """No file, no run."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_log(tmp_path / "none.jsonl")


def test_what_is_written_is_plain_and_finite() -> None:
    """An entry is what JSON can hold; a number that is none never gets in."""
    log = Log()

    with pytest.raises(ValueError, match="not JSON compliant"):
        log.append(0, "note", "L1", "L1", {"text": float("nan")})

    assert len(log) == 0


def test_whoever_returned_has_undone_what_came_between() -> None:
    """The branch that led to the present: up to the bookmark, then the return and what came after it."""
    log = Log()
    for kind, data in (
        ("note", {"text": "before"}),
        ("bookmark", {"name": "here"}),
        ("note", {"text": "undone"}),
        ("returned", {"bookmark": "here"}),
        ("note", {"text": "after"}),
    ):
        log.append(0, kind, "L1", "", data)

    assert [entry.n for entry in branch_of(log.entries())] == [1, 2, 4, 5]


def test_an_entry_survives_json() -> None:
    """Every kind comes back as it went."""
    for kind in KINDS:
        entry = Entry(1, 5, kind, "L1", "", {"ref": "x", "deep": {"list": [1, "two", None, True]}})

        assert entry_of(json.loads(json.dumps(as_plain(entry)))) == entry
