"""How commands end when it is not their doing: nobody reads on, the disk is full, the port is taken, somebody presses Ctrl-C."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import click
import pytest

from hil.cli import execute
from hil.cli.ends import INTERRUPTED, READER_LEFT
from hil.cli.given import Output
from tests.cli.tree import PORT, Leaf, call, leaves, line, named, swept
from tests.cli.wrong import lay_out, seen

PROGRAM = [sys.executable, "-c", "from hil.cli import main; main()"]
PATIENCE_S = 60.0
SLOW = {"demo", "serve", "train", "train save", "train results", "verify", "mutants run", "campaign run", "replay", "weigh"}
"""What they write comes after long work, or from a server or a run."""
WRITTEN = [(leaf, parameter) for leaf, parameter in swept() if isinstance(parameter.type, Output) and leaf.name not in SLOW]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files that are right."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUMPSIM_RUNS", str(tmp_path / "folder"))
    return tmp_path


@contextmanager
def full_disk() -> Iterator[None]:
    """No file takes another byte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handled)


@pytest.mark.parametrize("leaf", [pytest.param(leaf, id=leaf.name) for leaf in leaves()])
def test_nobody_reads_on(leaf: Leaf) -> None:
    """`pumpsim ... | head -1` ends without a word, with the exit code that a shell knows."""
    reader, writer = os.pipe()
    os.close(reader)
    err = StringIO()
    out = os.fdopen(writer, "w", encoding="utf-8")
    with suppress(BrokenPipeError), out, redirect_stdout(out), redirect_stderr(err):
        port = [PORT] if leaf.words[0] == "program" else []
        code = execute([leaf.words[0], *port, *leaf.words[1:], "--help"])
    assert (code, err.getvalue()) == (READER_LEFT, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_to_a_full_disk() -> None:
    """One line, exit code 1, nothing more from the interpreter at its end."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "mutants", "list"], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == "pumpsim: the output cannot be written: No space left on device; make room, or choose another place\n"


@pytest.mark.parametrize("leaf, parameter", WRITTEN, ids=[named(*each) for each in WRITTEN])
def test_full_disk(leaf: Leaf, parameter: click.Parameter, place: Path) -> None:
    """What cannot be written whole is not there, not in part and not under another name."""
    before = seen(place)
    with full_disk():
        ended = call(line(leaf, parameter, "new.out"))
    assert ended.code in {1, 2}, ended
    assert "File too large" in ended.err
    assert ended.err.startswith("pumpsim")
    left = {name: about for name, about in seen(place).items() if name != "new.out" or about[0]}
    assert left == before


def test_file_that_was_there_is_kept_whole(place: Path) -> None:
    """A second run onto a full disk leaves the first run's file."""
    assert call(["export", "kaitai", "-o", "wire.ksy"]).code == 0
    before = (place / "wire.ksy").read_bytes()
    with full_disk():
        assert call(["export", "c-header", "-o", "wire.ksy"]).code in {1, 2}
    assert (place / "wire.ksy").read_bytes() == before
    assert not [name for name in seen(place) if name.endswith(".part")]


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "itp-40", "--port", "tcp://127.0.0.1:{taken}"],
        ["serve", "itp-40", "--port", "rfc2217://127.0.0.1:{taken}"],
        ["serve", "itp-40", "--port", "tcp://127.0.0.1:0", "--bench", "http://127.0.0.1:{taken}"],
        ["serve", "itp-40", "--port", "pty:./plain.txt"],
        ["train", "--port", "{taken}"],
    ],
)
def test_taken_port(words: list[str], place: Path) -> None:
    """It is said which one, and what to do; no port is left open and no file made."""
    before = seen(place)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = call([word.format(taken=port) for word in words])
    assert ended.code in {1, 2}
    assert ended.err.count("\n") == 1
    assert "; " in ended.err
    assert port in ended.err or "plain.txt" in ended.err
    assert {name: about for name, about in seen(place).items() if about != (0, 0)} == {
        name: about for name, about in before.items() if about != (0, 0)
    }


@pytest.mark.parametrize(
    "words, code",
    [
        (["demo", "--out", "shown"], INTERRUPTED),
        (["decode", "--follow", "session.pcapng"], INTERRUPTED),
        (["campaign", "run", "stall-and-battery", "--out", "lives", "--workers", "1"], INTERRUPTED),
        (["serve", "itp-40", "--port", "tcp://127.0.0.1:0"], 0),
    ],
    ids=["demo", "decode", "campaign", "serve"],
)
def test_ctrl_c(words: list[str], code: int, place: Path) -> None:
    """A group of processes that gets Ctrl-C, as at a terminal, ends: one word about it, no traceback, no child, no half a result."""
    child = subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    assert child.stdout is not None
    with child:
        first = child.stdout.readline()
        assert first, "it has begun"
        os.killpg(child.pid, signal.SIGINT)
        told = child.stdout.read().decode()
        assert child.wait(PATIENCE_S) == code, told
    assert "Traceback" not in told
    assert ("pumpsim: interrupted" in told or "the same command goes on from here" in told) == (code == INTERRUPTED)
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)
    assert [name for name in seen(place) if name.endswith((".part", "report.html"))] == []
