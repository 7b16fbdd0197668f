"""One process on one loop: pumps on their ports, their benches on standard input and output or over HTTP, and the line that says where.

A verb of the bench, like a request on a port, is done whole before the loop turns to anything else. Pumps in one process share nothing
but that loop: a verb that takes long holds up the others' wall clock, which their lag then shows, and never their virtual time.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.bench.lines import BenchLines
from hil.errors import HilError, UsageError
from hil.server.served_pump import PumpOptions, ServedPump, replay
from hil.system.event_loop import EndSignals, defect_in, run_loop
from hil.system.open_files import make_room
from hil.system.standard_input import hear_standard_input
from hil.system.whole_file import write_whole

if TYPE_CHECKING:
    from hil.web.listener import WebListener

__all__ = ["PUMPS_MAX", "PumpOptions", "ServeOptions", "Server", "replay"]

PUMPS_MAX = 4_096
"""Pumps of one process, of which most are left alone most of the time: they share one loop. Linux has as many ptys at most."""
SECURITY_LINES_MAX = 8
"""Pumps of which each has a line of its own on standard error about who may program it."""
FILES_OF_OUR_OWN = 64
"""Open files that are no pump's: the loop, the bench and its listeners, standard streams."""


class ServeOptions(NamedTuple):
    """What `pumpsim serve` was asked for. The bench on standard input is the first pump's.

    `http` is host and port of the HTTP bench, port 0 for a free one; None for none.
    """

    pumps: tuple[PumpOptions, ...]
    stdio_bench: bool = False
    http: tuple[str, int] | None = None
    ready_file: Path | None = None
    mutant: str | None = None
    """The firmware defect that every pump here has."""


class Server:
    """Pumps on ports, until told to stop."""

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self._ended: asyncio.Future[str]
        self._signals: EndSignals
        _judge(options)
        with ExitStack() as opening:
            self._web = _web(options, opening)
            self.pumps: list[ServedPump] = []
            for asked in options.pumps:
                pump = ServedPump(asked)
                opening.callback(pump.close)
                self.pumps.append(pump)
            self._lines = BenchLines(self.pumps[0].bench)
            self._stack = opening.pop_all()

    def run(self) -> None:
        """Serve until a signal, the end of standard input (with a bench there), or the loss of a port (HilError)."""
        try:
            with self._stack:
                run_loop(self._serve())
        finally:
            EndSignals.give_back()

    def ready_line(self) -> dict[str, Any]:
        """What others need to find these pumps. The first pump's facts stand at the top, as if it were alone."""
        entries = [{**pump.entry(), "bench": self._bench_of(pump.name)} for pump in self.pumps]
        return {
            "ready": True,
            **entries[0],
            "bench": self._bench_of(None),
            "token": None if self._web is None else self._web.token,
            "pid": os.getpid(),
            "count": len(entries),
            "pumps": entries,
            **({"mutant": self.options.mutant} if self.options.mutant else {}),
        }

    def _bench_of(self, name: str | None) -> str | None:
        if self._web is not None:
            return self._web.url if name is None else f"{self._web.url}/pumps/{name}"
        return "stdio" if self.options.stdio_bench and name in {None, self.pumps[0].name} else None

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        loop.set_exception_handler(self._failed)
        self._signals = EndSignals(loop, self._end)
        for pump in self.pumps:
            pump.start(loop, self._end)
        if self.options.stdio_bench:
            hear_standard_input(loop, self._take_input)
        if self._web is not None:
            await self._web.start(self.pumps, self.ready_line, self._defect)
        try:
            self._announce()
            for pump in self.pumps:
                pump.run_time()
            gc.freeze()  # what is there now stays to the end: no collection need look at a thousand pumps again and again
            why = await self._ended
        finally:
            await self._wind_up()
        if why:
            raise HilError(why, do="look at the line, then serve again")

    async def _wind_up(self) -> None:
        """Take back what others find us by; then be deaf, because one more signal would find the loop half closed."""
        self._withdraw()
        if self._web is not None:
            await self._web.stop()
        self._signals.ignore()

    def _end(self, why: str = "") -> None:
        if not self._ended.done():
            self._ended.set_result(why)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """A callback raised: that is a defect of ours, so end with it instead of serving on."""
        if (error := defect_in(context)) is not None:
            self._defect(error)

    def _defect(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)

    def _announce(self) -> None:
        line = json.dumps(self.ready_line())
        for pump in self.pumps[:SECURITY_LINES_MAX]:
            sys.stderr.write(f"pumpsim: {pump.security_line()}\n")
        if len(self.pumps) > SECURITY_LINES_MAX:
            sys.stderr.write(f"pumpsim: and {len(self.pumps) - SECURITY_LINES_MAX:,} pumps more, for which the ready line says the same\n")
        sys.stderr.flush()
        if self.options.ready_file is not None:
            _write_ready(self.options.ready_file, line + "\n")
        self._print(line.encode() + b"\n")

    def _withdraw(self) -> None:
        """Take back the ready file, if it still is ours."""
        path = self.options.ready_file
        with contextlib.suppress(OSError, ValueError):
            if path is not None and json.loads(path.read_text(encoding="utf-8"))["pid"] == os.getpid():
                path.unlink()

    def _print(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(sys.stdout.fileno(), view) :]
        except OSError:
            self._end()

    def _take_input(self, data: bytes) -> None:
        """Do what standard input says; its end is the end of the server."""
        answers = self._lines.feed(data or b"\n")  # a last line need not be ended
        self.pumps[0].after_verb()
        if answers:
            self._print(answers)
        if not data:
            self._end()


def _judge(options: ServeOptions) -> None:
    """Look whether these pumps can be served together. Raises UsageError."""
    if len(options.pumps) > PUMPS_MAX:
        raise UsageError(f"{len(options.pumps):,} pumps, {PUMPS_MAX:,} at most", where="--count", do="start another server")
    name, times = Counter(pump.name for pump in options.pumps).most_common(1)[0]
    if times > 1:
        raise UsageError(f"{times} pumps are named {name!r}", where="--name", do="give each its own name")
    _make_room(FILES_OF_OUR_OWN + sum(pump.files for pump in options.pumps))


def _make_room(files: int) -> None:
    """Have the system let us open so many files, as far as it may be asked to. Raises UsageError."""
    most = make_room(files)
    if most is not None:
        what = f"these pumps need {files:,} open files, {most:,} are allowed"
        raise UsageError(what, where="--count", do=f"serve fewer, or first allow more: ulimit -Hn {files}")


def _web(options: ServeOptions, opening: ExitStack) -> WebListener | None:
    """The HTTP bench's socket, if it was asked for. Raises UsageError."""
    if options.http is None:
        return None
    from hil.web.extra import require_web

    require_web("--bench http")
    from hil.web.listener import WebListener

    listener = WebListener(options.http)
    opening.callback(listener.close)
    return listener


def _write_ready(path: Path, text: str) -> None:
    """Write a file that others may read at any moment, and that holds a secret. Raises UsageError."""
    try:
        write_whole(path, text, private=True)
    except OSError as error:
        raise UsageError(f"cannot write the ready file: {error.strerror}", where=str(path), do="choose another path") from None
