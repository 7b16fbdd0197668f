"""One pump in one process: its port, its bench on standard input and output, its state folder, its pace.

Everything runs on one asyncio loop without tasks. A request takes the shortest way there is: the loop calls the port, the port reads
once, the pump answers, the port writes once. In lock-step without a state folder nothing stands between port and pump.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from hil.adapter import PumpApp
from hil.bench.bench import Bench
from hil.bench.conditions import Condition
from hil.bench.lines import BenchLines
from hil.errors import HilError, UsageError
from hil.pacing import LOCK_STEP, TICK_US, Pace, Pacer, after
from hil.ports.base import READ_BYTES_MAX, Port, open_port
from hil.state_folder import Entry, StateFolder
from hil.unit import Unit

__all__ = ["FREE_RUN_DAYS_MAX", "ServeOptions", "Server"]

US_PER_DAY = 86_400_000_000
FREE_RUN_DAYS_MAX = 3_653
"""Ten years: a free run that nobody ends ends here, past the end of any battery."""
FREE_SLICE_US = US_PER_DAY
"""Virtual time between two looks at port and bench in a free run; under a millisecond of wall time."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SECURITY = "none"


class ServeOptions(NamedTuple):
    """What `pumpsim serve` was asked for. `seed` None: the state folder's own, or 0."""

    profile: str
    port: str
    stdio_bench: bool = False
    pace: Pace = LOCK_STEP
    while_talking: Fraction = Fraction(1)
    until: Condition | None = None
    seed: int | None = None
    state: Path | None = None
    sync: bool = True
    ready_file: Path | None = None
    key_file: Path | None = None


class Server:
    """A pump on a port, until told to stop."""

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self._stack = ExitStack()
        self._timer: asyncio.Handle | None = None
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Future[str]
        with ExitStack() as opening:
            self.state = self._open_state(opening)
            self.unit, self.restarted = self._make_unit()
            self.port: Port = open_port(options.port)
            opening.callback(self.port.close)
            self.pacer = Pacer(options.pace, while_talking=options.while_talking)
            self.pacer.anchor(self.unit.now_us)
            self.bench = Bench(self.unit, line=self.port, pacer=self.pacer, journal=self.state)
            self._lines = BenchLines(self.bench)
            self._free_until_us = self.unit.now_us + FREE_RUN_DAYS_MAX * US_PER_DAY
            self._stack = opening.pop_all()

    def run(self) -> None:
        """Serve until a signal, the end of standard input (with a bench there), or the loss of the port (HilError)."""
        with self._stack:
            asyncio.run(self._serve())

    def ready_line(self) -> dict[str, object]:
        """What others need to find this pump."""
        options = self.options
        return {
            "ready": True,
            "profile": options.profile,
            "serial": PumpApp(self.unit.pump).identity().serial,
            "port": self.port.url,
            "device": self.port.device,
            "bench": "stdio" if options.stdio_bench else None,
            "token": None,
            "key_file": None if options.key_file is None else str(options.key_file),
            "state": None if options.state is None else str(options.state),
            "start": "reset from state" if self.restarted else "new pump",
            "pace": str(options.pace),
            "security": SECURITY,
            "pid": os.getpid(),
        }

    def _open_state(self, opening: ExitStack) -> StateFolder | None:
        options = self.options
        if options.state is None:
            return None
        state = StateFolder(options.state, profile=options.profile, seed=options.seed, sync=options.sync)
        opening.callback(state.close)
        return state

    def _make_unit(self) -> tuple[Unit, bool]:
        """A new pump, or the state folder's after a reset; the flag says which."""
        stored = None if self.state is None else self.state.stored()
        unit = Unit.new(self.options.profile, seed=(self.state.seed if self.state else self.options.seed) or 0, security=SECURITY)
        if stored is not None:
            unit.restore(stored.image)
            replay(unit, stored.entries)
            unit.reset()
        if self.state is not None:
            self.state.begin(unit.save)
        return unit, stored is not None

    async def _serve(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        loop.set_exception_handler(self._failed)
        for number in SIGNALS:
            loop.add_signal_handler(number, self._end)
        self.port.on_end = self._end
        self._rewire()
        self.port.listen(loop)
        if self.options.stdio_bench:
            self._listen_stdin()
        self._announce()
        self._arm()
        why = await self._ended
        self._withdraw()
        if why:
            raise HilError(why, do="look at the line, then serve again")

    def _end(self, why: str = "") -> None:
        if not self._ended.done():
            self._ended.set_result(why)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """A callback raised: that is a defect of ours, so end with it instead of serving on."""
        error = context.get("exception")
        if isinstance(error, Exception) and not self._ended.done():
            self._ended.set_exception(error)

    def _announce(self) -> None:
        line = json.dumps(self.ready_line())
        sys.stderr.write("pumpsim: security none: whoever reaches the port can program this pump; it is a simulator and doses nobody\n")
        sys.stderr.flush()
        if self.options.ready_file is not None:
            _write_whole(self.options.ready_file, line + "\n")
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

    def _listen_stdin(self) -> None:
        fd = sys.stdin.fileno()
        try:
            self._loop.add_reader(fd, self._read_stdin)
        except PermissionError:  # a plain file cannot be waited for, and need not be
            self._loop.call_soon(self._read_stdin_on)

    def _read_stdin(self) -> bool:
        """Read once, do what it says; the end of input is the end of the server."""
        data = os.read(sys.stdin.fileno(), READ_BYTES_MAX)
        answers = self._lines.feed(data or b"\n")  # a last line need not be ended
        self._rewire()
        self._arm()
        if answers:
            self._print(answers)
        if not data:
            self._loop.remove_reader(sys.stdin.fileno())
            self._end()
        return bool(data)

    def _read_stdin_on(self) -> None:
        while self._read_stdin():
            pass

    def _rewire(self) -> None:
        """Let the port call the pump itself where nothing else needs to know of a request."""
        direct = self.pacer.pace.kind == "lock-step" and self.state is None
        self.port.handler = self.unit.receive if direct else self._receive

    def _receive(self, data: bytes) -> bytes:
        self.bench.catch_up()
        if self.state is not None:
            self.state.frame(self.unit.now_us, data)
        answer = self.unit.receive(data)
        if self.state is not None:
            self.state.renew_if_long()
        self._regard()
        return answer

    def _regard(self) -> None:
        """Tell the pace whether somebody talks, and see that looks go on."""
        self.pacer.regard(self.unit.talking, self.unit.now_us)
        self._arm()

    def _arm(self) -> None:
        """Plan the next look, if time moves by itself and none is planned."""
        if self._timer is not None:
            return
        if self.pacer.running_free:
            self._timer = self._loop.call_soon(self._run_free)
        elif self.pacer.factor:
            self._timer = after(self._loop, TICK_US / 1_000_000, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self.pacer.factor:
            self._arm()
            return
        self.bench.catch_up()
        self.pacer.looked()
        self._passed()

    def _run_free(self) -> None:
        """One slice of a free run."""
        self._timer = None
        if not self.pacer.running_free:
            self._arm()
            return
        end_us = min(self.unit.now_us + FREE_SLICE_US, self._free_until_us)
        until = self.options.until
        reached = until is not None and until.run(self.unit, end_us)
        if not reached:
            self.unit.advance_to(end_us)
        if reached or self.unit.now_us >= self._free_until_us:
            self.pacer.choose(LOCK_STEP, self.unit.now_us)
            sys.stderr.write(f"pumpsim: the free run has ended at virtual day {self.unit.now_us / US_PER_DAY:.3f}; time stands still\n")
            sys.stderr.flush()
            self._rewire()
        self._passed()

    def _passed(self) -> None:
        if self.state is not None:
            self.state.passing(self.unit.now_us)
        self._regard()


def replay(unit: Unit, entries: tuple[Entry, ...]) -> None:
    """Give a restored unit the inputs that its journal tells, each at its instant."""
    bench = Bench(unit)
    for entry in entries:
        if entry.at_us < unit.now_us:
            raise UsageError(f"an input at {entry.at_us} us after {unit.now_us} us", where="journal", do="choose another --state folder")
        unit.advance_to(entry.at_us)
        if entry.data is not None:
            unit.receive(entry.data)
        elif entry.verb is not None:
            bench.replay(entry.verb, entry.args or {})


def _write_whole(path: Path, text: str) -> None:
    """Write a file that others may read at any moment: it is there whole or not at all. Raises UsageError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write the ready file: {error.strerror}", where=str(path), do="choose another path") from None
