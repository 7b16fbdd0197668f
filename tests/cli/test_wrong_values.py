"""Every command and option with wrong input: one line that says what, where and what to do, and nothing left behind."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.tree import Ended, Leaf, call, leaves, line, named, spelt, swept
from tests.cli.wrong import lay_out, near_words, seen, without_rights, wrong_values

SWEPT = list(swept())
NEAR = [each for each in SWEPT if any(near_words(*each))]
NOT_FOR_PEOPLE = re.compile(r"Traceback|Errno|Error\(|<class|object at 0x|codec can't|Expecting value|None\b")
DO = re.compile(r"; |\? |: there are ")
ANSWERED = {
    "program PORT",
    "keys replace PORT",
    "program refill --drug",
    "clinic dilute --with",
    "clinic dilute --mixed-with",
    "verify --check",
}
"""Where the answer is no (1), rather than the question wrong (2): a line that nobody answers on, a rule that refuses, evidence that
is not as it was written."""


HANDING_ON = {"mutants run", "exec"}
"""Options that they do not know belong to the program that they run."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to be wrong in, and a home without a server or a run."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("PUMPSIM_BENCH", "PUMPSIM_TOKEN", "PUMPSIM_KEY", "PUMPSIM_PROGRAMMER", "PUMPSIM_CAPTURE", "PUMPSIM_LIBRARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PUMPSIM_RUNS", str(tmp_path / "folder"))
    yield tmp_path
    (tmp_path / "sealed").chmod(0o755)


def processes() -> set[str]:
    """Children of this process; where the system does not tell, none."""
    return {each for path in Path("/proc/self/task").glob("*/children") for each in path.read_text().split()}


def faults(ended: Ended, name: str, value: str) -> Iterator[str]:
    """What is not as it should be in how a command refused a value."""
    if ended.code != 2 and not (ended.code == 1 and name in ANSWERED):
        yield f"exit code {ended.code}"
    if ended.out:
        yield f"something on standard output: {ended.out[:60]!r}"
    lines = ended.err.splitlines() or ["nothing is said"]
    for each in lines:
        if not each.startswith("pumpsim"):
            yield f"the line does not say who speaks: {each[:80]!r}"
        if NOT_FOR_PEOPLE.search(each.replace(value, "")):
            yield f"words of the machine: {each[:200]!r}"
    if not any(map(DO.search, lines)):
        yield f"nothing to do is said: {lines[0][:200]!r}"
    shown = (value[:20], repr(value)[1:-1][:20], value.replace("\n", " "), name.rpartition(" ")[2])
    if not any(part in each for each in lines for part in shown):
        yield f"neither the value nor its place is named: {lines[0][:200]!r}"


@pytest.mark.parametrize("leaf, parameter", SWEPT, ids=[named(*each) for each in SWEPT])
def test_wrong_value(leaf: Leaf, parameter: click.Parameter, place: Path) -> None:
    """It is refused in one line a problem, in words for people, and the folder is as it was."""
    before, threads, children = seen(place), threading.active_count(), processes()
    found = []
    for value in wrong_values(leaf, parameter):
        with without_rights():
            ended = call(line(leaf, parameter, value))
        found += [f"{value[:40]!r}: {fault}" for fault in faults(ended, named(leaf, parameter), value)]
    assert found == []
    assert seen(place) == before
    assert threading.active_count() == threads
    assert processes() == children


@pytest.mark.parametrize("leaf, parameter", NEAR, ids=[named(*each) for each in NEAR])
def test_nearest_word_is_told(leaf: Leaf, parameter: click.Parameter) -> None:
    """Who mistypes a name reads the one that was meant."""
    for typed, meant in near_words(leaf, parameter):
        ended = call(line(leaf, parameter, typed))
        assert ended.code in {1, 2}
        assert meant in ended.err
        assert len(ended.err) < 400, "the one that was meant, not a list of all"


@pytest.mark.parametrize("leaf", [pytest.param(leaf, id=leaf.name) for leaf in leaves()])
def test_mistyped_names(leaf: Leaf) -> None:
    """A command, an action or an option with a letter too few is answered with the nearest; so is one option too many."""
    *above, last = leaf.words
    port = ["./pump0"] if above[:1] == ["program"] else []
    ended = call([*above, *port, last[:-1] + "x"])
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert last in ended.err or len(last) < 5
    if leaf.name in HANDING_ON:
        return
    options = [spelt(each) for each in leaf.command.params if isinstance(each, click.Option) and len(spelt(each)) > 5]
    for option in options:
        ended = call([*above, *port, last, option[:-2] + "_" + option[-1]])
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert option in ended.err


@pytest.mark.parametrize("words", [["serve", "itp-40", "--port", ""], ["serve", "--port="], ["program", "", "status"], [""]])
def test_empty_word_is_refused(words: list[str]) -> None:
    """A variable of the shell that is not set does not become a default in silence."""
    ended = call(words)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "is empty; leave it out, or look whether a variable of your shell is not set" in ended.err
