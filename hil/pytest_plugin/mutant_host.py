"""A pytest process that runs a suite again and again, on the healthy pump and on mutants: `pytest -p hil.pytest_plugin.mutant_host`.

pytest starts and collects once. Each run is a fork of that process, so that it begins with everything imported and nothing done; what it
finds goes through a pipe, one JSON object a line. A fork that uses far more processor time than the healthy run did is ended.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple, TextIO

import pytest

from hil.mutants.applied import mutated
from hil.mutants.failure import found_in
from hil.mutants.matrix import Kind, Suite
from hil.mutants.registry import MUTANTS
from hil.pytest_plugin.target_slot import close_target
from hil.requirements.recorder import MARKER

__all__: list[str] = []

OPTION = "--mutants-orders"
CPU_S_LEAST = 20
CPU_TIMES = 10
"""A mutant may take so many times the processor time that its tests take on the healthy pump."""
CPU_S_GRACE = 5
RUNNER = "runner"
"""pytest's own plugin that ends what fixtures of a session have begun."""
READ_BYTES = 65_536


class Order(NamedTuple):
    """One run: of the healthy pump (no name) or a mutant, with these tests. `first` ends it at the first kill; `cpu_s` 0 is no limit."""

    name: str | None
    items: Sequence[pytest.Item]
    first: bool = False
    cpu_s: int = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """The orders come as JSON."""
    parser.addoption(OPTION, metavar="JSON", help="what to run; for `pumpsim mutants run`")


def pytest_configure(config: pytest.Config) -> None:
    """Run as ordered; without orders this is a plain pytest."""
    orders = config.getoption("mutants_orders")
    if orders:
        config.pluginmanager.register(Host(config, json.loads(orders)))


class Host:
    """The runs of one process."""

    def __init__(self, config: pytest.Config, orders: dict[str, Any]) -> None:
        self._config = config
        self._orders = orders
        self._events = os.fdopen(orders["fd"], "w", encoding="utf-8")
        self._child: TextIO | None = None
        self._killed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All runs, in the place of the one that pytest would make."""
        items, rows = list(session.items), {item.nodeid: _rows_of(item) for item in session.items}
        self._tell({"event": "collected", "tests": rows, "errors": session.testsfailed})
        if session.testsfailed or not items:
            return True
        seconds = self._healthy(items)
        if seconds is None:
            return True
        suite = Suite(rows, seconds)
        self._run(self._order(name, items, suite) for name in self._orders["mutants"])
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell how a test ended, once for each of its phases that matters."""
        report = yield
        if self._child is not None and (report.failed or report.when == "call"):
            found = found_in(report, call.excinfo) if report.failed else None
            self._killed |= found is not None and found.kind is not Kind.ERROR
            self._say(self._child, {"test": item.nodeid, "seconds": report.duration, "failure": found})
        return report

    def _order(self, name: str, items: Sequence[pytest.Item], suite: Suite) -> Order:
        targeted = bool(self._orders["targeted"])
        by_name = {item.nodeid: item for item in items}
        tests = suite.naming(MUTANTS[name].negates) if targeted else list(by_name)
        cpu_s = CPU_S_LEAST + round(CPU_TIMES * sum(suite.seconds.get(test, 0.0) for test in tests))
        return Order(name, [by_name[test] for test in tests], targeted, cpu_s)

    def _healthy(self, items: Sequence[pytest.Item]) -> dict[str, float] | None:
        """Seconds of each test on the healthy pump; None when it fails any. Each process takes a share."""
        seconds: dict[str, float] = {}
        failed = False
        share = -(-len(items) // self._orders["jobs"])
        orders = (Order(None, items[at : at + share]) for at in range(0, len(items), share))
        for told in self._run(orders):
            failed |= bool(told.get("failure") or told.get("end"))
            if "test" in told:
                seconds[told["test"]] = seconds.get(told["test"], 0.0) + told["seconds"]
        return None if failed else seconds

    # -- forks ---------------------------------------------------------------------------------------------------------------

    def _run(self, orders: Iterator[Order]) -> list[dict[str, Any]]:
        """Carry out orders, so many at a time; what the runs say goes to whoever ordered them, and is returned."""
        said: list[dict[str, Any]] = []
        with selectors.DefaultSelector() as waiting:
            self._start_next(orders, waiting, self._orders["jobs"])
            while waiting.get_map():
                for key, _ in waiting.select():
                    said += self._hear(key, waiting)
                free = self._orders["jobs"] - len(waiting.get_map())
                self._start_next(orders, waiting, free)
        return said

    def _start_next(self, orders: Iterator[Order], waiting: selectors.BaseSelector, free: int) -> None:
        for _ in range(free):
            order = next(orders, None)
            if order is None:
                return
            reader, writer = os.pipe()
            pid = os.fork()
            if not pid:
                os.close(reader)
                self._in_fork(order, writer)
            os.close(writer)
            waiting.register(reader, selectors.EVENT_READ, (order, pid, bytearray()))
            self._tell({"event": "begun", "mutant": order.name, "tests": len(order.items)})

    def _hear(self, key: selectors.SelectorKey, waiting: selectors.BaseSelector) -> list[dict[str, Any]]:
        """Take what one fork says; at its end, how it ended."""
        order, pid, held = key.data
        data = os.read(key.fd, READ_BYTES)
        if data:
            held += data
            return []
        waiting.unregister(key.fileobj)
        os.close(key.fd)
        _, status = os.waitpid(pid, 0)
        said = [json.loads(line) for line in bytes(held).splitlines()]
        end = _ended(os.waitstatus_to_exitcode(status))
        self._tell({"event": "ended", "mutant": order.name, "results": said, "end": end})
        return [*said, {"end": end}]

    def _in_fork(self, order: Order, writer: int) -> None:
        """Run the tests of an order, in a process that ends here."""
        code = 1
        try:
            if order.cpu_s:
                resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_s, order.cpu_s + CPU_S_GRACE))
            self._child = os.fdopen(writer, "w", encoding="utf-8")
            with mutated(order.name):
                self._run_tests(order)
            self._child.flush()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)

    def _run_tests(self, order: Order) -> None:
        for item, following in zip(order.items, [*order.items[1:], None], strict=False):
            self._config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if order.first and self._killed:
                break
        if order.items:
            runner = self._config.pluginmanager.get_plugin(RUNNER)
            assert runner is not None, f"pytest has no {RUNNER!r} any more: nobody ends the fixtures of this fork"
            runner.pytest_sessionfinish(order.items[0].session)
        close_target(self._config)

    def _tell(self, event: dict[str, Any]) -> None:
        self._say(self._events, event)
        self._events.flush()

    @staticmethod
    def _say(where: TextIO, what: dict[str, Any]) -> None:
        where.write(json.dumps(what) + "\n")


def _rows_of(item: pytest.Item) -> tuple[str, ...]:
    """The requirements that a test names."""
    return tuple(dict.fromkeys(str(name) for mark in item.iter_markers(MARKER) for name in mark.args))


def _ended(code: int) -> str:
    """How a fork ended, where it did not end well."""
    if code == -signal.SIGXCPU:
        return "it does not come to its end: ended after many times the healthy pump's processor time"
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return "its process failed" if code else ""
