"""A served pump's bench on standard input and output, and what a port does with noise."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.errors import BenchError
from hil.rig import Rig
from protocol.transport import open_transport
from tests.rig.serving import HELLO, PROGRAMMER, filled, hello_answer, lines, run_cli

NOISE_BYTES = 1_000_000
URLS = ["pty", "tcp"]


@pytest.fixture(params=URLS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A served pump."""
    url = f"pty:{tmp_path / 'pump'}" if request.param == "pty" else "tcp://127.0.0.1:0"
    with Rig.open(url, seed=1, programmer=PROGRAMMER) as opened:
        yield opened


def test_input_may_be_a_plain_file(tmp_path: Path) -> None:
    """A script of requests runs to its end, the last line without a line end too, and its end is the server's."""
    script = lines(("now", {}), ("advance", {"days": 2}), ("truth", {})).rstrip()
    result = run_cli("serve", "itp-40", "--port", f"pty:{tmp_path / 'pump'}", "--pace", "lock-step", "--bench", "stdio", stdin=script)
    ready, *answers = [json.loads(line) for line in result.stdout.splitlines()]

    assert result.returncode == 0
    assert ready["bench"] == "stdio"
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert answers[2]["result"]["now_us"] == 2 * 86_400_000_000


def test_settle_counts_since_the_client_connected(rig: Rig) -> None:
    """Client after client, the bytes it wrote are handled and the bytes it was sent are told."""
    for _ in range(2):
        rig.bench.call("attach")
        transport = open_transport(str((rig.ready or {})["port"]))
        transport.write(HELLO)
        emitted = rig.bench.settle(len(HELLO))
        got = b""
        while len(got) < emitted:
            got += transport.read(10)
        transport.close()

        assert hello_answer(iter([got]).__next__)[0] == 0


def test_settle_refuses_bytes_that_nobody_announced(rig: Rig) -> None:
    """More bytes than were said to be sent is an error of the caller, not a count to go by."""
    rig.bench.call("attach")
    transport = open_transport(str((rig.ready or {})["port"]))
    transport.write(HELLO)
    rig.bench.settle(len(HELLO))
    with pytest.raises(BenchError, match="were said to be sent"):
        rig.bench.settle(1)
    transport.close()


def test_refused_verb_over_the_pipe_is_the_same_error(rig: Rig) -> None:
    """What, where and what to do come through whole, and nothing has changed."""
    before = rig.bench.digest()
    with pytest.raises(BenchError) as caught:
        rig.bench.advance(hours=-1)

    assert caught.value.where == "advance.hours"
    assert "-1" in caught.value.what
    assert rig.bench.digest() == before


def test_noise_is_counted_and_survived(rig: Rig, seed: int) -> None:
    """A megabyte of noise gets no answer, changes no therapy and leaves the pump ready for the next frame."""
    programmer = filled(rig)
    therapy_digest, errors = rig.bench.digest("therapy"), programmer.status().line_errors
    programmer.close()
    rig.bench.call("attach")
    transport = open_transport(str((rig.ready or {})["port"]))
    noise, sent, answered = random.Random(seed).randbytes(NOISE_BYTES), 0, -1
    for start in range(0, NOISE_BYTES, 2_000):
        transport.write(noise[start : start + 2_000])
        sent += len(noise[start : start + 2_000])
        answered = rig.bench.settle(sent)
    transport.close()
    again = rig.another_programmer()

    assert answered == 0
    assert again.status().line_errors > errors
    assert rig.bench.digest("therapy") == therapy_digest


def test_every_verb_answers_in_json(rig: Rig) -> None:
    """The table is told by a verb of its own, and names every verb there is."""
    names = [verb["name"] for verb in rig.bench.call("verbs")["verbs"]]

    assert {"advance", "settle", "run_until", "inject", "truth", "save", "verbs"} <= set(names)
