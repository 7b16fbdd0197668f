"""Waiting for an answer: by the wall clock or on a bench, the timer runs out when it should."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from protocol.client import Programmer
from protocol.errors import LinkLost, NoAnswer
from protocol.testing import TEST_KEYS, Pair, drop
from protocol.transport.memory import MemoryTransport
from protocol.waiting import BenchWaiter, WallWaiter


class Asked:
    """A transport that only remembers how long it was asked to wait."""

    name = "asked"
    default_reply_timeout_s = 2.0

    def __init__(self) -> None:
        self.timeouts_s: list[float] = []

    def write(self, data: bytes) -> None:
        """Nothing is sent."""

    def read(self, timeout_s: float, /) -> bytes:
        """Nothing comes."""
        self.timeouts_s.append(timeout_s)
        return b""

    def close(self) -> None:
        """Nothing to let go of."""


class TestWallWaiter:
    def test_bytes_that_keep_coming_do_not_put_the_timer_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One deadline for each request, however often it is waited for."""
        now_s = iter([10.0, 10.5, 13.0, 20.0])
        monkeypatch.setattr(time, "monotonic", lambda: next(now_s))
        transport, waiter = Asked(), WallWaiter()
        for sent_total in (20, 20, 20, 40):
            waiter.wait(transport, sent_total, 0, 2.0)

        assert transport.timeouts_s == [2.0, 1.5, 0.0, 2.0]


class PaperBench:
    """A bench over a pair: bytes wait until somebody settles."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.advanced_us = 0
        self.heard = 0
        self.waiting = b""
        self.answers = b""
        self.emitted = 0
        self.lose = False

    def carry(self, data: bytes) -> bytes:
        """Keep what the client sends."""
        self.waiting += data
        return b""

    def settle(self, sent_bytes: int) -> int:
        """Have the pump take it."""
        assert sent_bytes == self.heard + len(self.waiting)
        answer = self.pair.link.carry(self.waiting) if self.waiting else b""
        self.heard, self.waiting = sent_bytes, b""
        self.answers += answer
        self.emitted += len(answer)
        return self.emitted

    def advance_us(self, us: int) -> None:
        """Virtual time passes."""
        self.advanced_us += us
        self.pair.pump.advance(us)

    def now_us(self) -> int:
        """Virtual time."""
        return self.advanced_us


class BenchTransport(MemoryTransport):
    """Reads what the bench has settled."""

    def __init__(self, bench: PaperBench) -> None:
        super().__init__(bench.carry)
        self._bench = bench

    def read(self, _timeout_s: float, /) -> bytes:
        """What the pump has answered so far."""
        data, self._bench.answers = self._bench.answers, b""
        return b"" if self._bench.lose else data


class TestBenchWaiter:
    @pytest.fixture
    def bench(self) -> PaperBench:
        """A bench over a new pump."""
        return PaperBench(Pair())

    @pytest.fixture
    def connect(self, bench: PaperBench) -> Callable[[], Programmer]:
        """Opens a programmer that waits on the bench."""
        return lambda: Programmer.over(BenchTransport(bench), keys=TEST_KEYS, waiter=BenchWaiter(bench), reply_timeout_s=0.5)

    def test_an_answer_costs_no_time(self, bench: PaperBench, connect: Callable[[], Programmer]) -> None:
        """As long as every request is answered, virtual time stands still."""
        with connect() as programmer:
            programmer.status()

        assert bench.advanced_us == 0

    def test_a_lost_answer_costs_the_reply_timeout_in_virtual_time(self, bench: PaperBench, connect: Callable[[], Programmer]) -> None:
        """The timer runs out on the bench, not on the wall, and then the request goes out again."""
        with connect() as programmer:
            bench.pair.link.to_host.append(drop)

            assert programmer.status().device_us == 0
        assert bench.advanced_us == 500_000

    def test_no_answer_at_all_ends_after_the_retries(self, bench: PaperBench, connect: Callable[[], Programmer]) -> None:
        """Four copies, four timeouts, one error."""
        with connect() as programmer:
            bench.pair.link.to_pump.extend([drop] * 4)
            with pytest.raises(NoAnswer):
                programmer.status()

        assert bench.advanced_us == 4 * 500_000

    def test_bytes_that_the_bench_sent_and_nobody_got_are_a_lost_link(self, bench: PaperBench, connect: Callable[[], Programmer]) -> None:
        """Bench and port must be those of one pump."""
        with connect() as programmer:
            bench.lose = True
            with pytest.raises(LinkLost, match=r"the bench says that .* bytes were sent, none came"):
                programmer.status()
            bench.lose = False
