"""A pump, a programmer and a bench joined up: what a test asks for in one line.

`Rig.open("pumpsim://itp-40?seed=1")` keeps the pump in this process; `Rig.open("pty:./pump0")` and `Rig.open("tcp://127.0.0.1:0")` start a
server of their own in lock-step and drive its bench by pipe. `Rig.connect(...)` takes the ready line of a server that runs already, and
its HTTP bench if it has one. With a bench and in lock-step the programmer waits in virtual time: an answer is there, or the reply timeout
passes on the bench. Elsewhere it waits by the wall clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from hil.bench.bench import Bench
from hil.bench.calls import BenchCalls, InProcessBench
from hil.bench.stdio import ServerEnded, ServerProcess
from hil.errors import BenchError, UsageError
from hil.instruments.balance import Balance
from hil.instruments.balance_server import BalanceServer
from hil.instruments.bench_clock import BenchClock, delivered_of
from hil.instruments.line import MemoryLine
from hil.instruments.line_tap import BenchTap, HostTap, LineTap
from hil.instruments.magnet import BenchMagnet, Magnet
from hil.instruments.memory_link import MemoryLink
from hil.instruments.microphone import Microphone, SimulatedMicrophone
from hil.instruments.mt_sics import MtSicsBalance
from hil.instruments.simulated_balance import SimulatedBalance
from hil.pacing import Pacer
from hil.unit import Unit
from hil.urls.pump_url import parse_pump_url
from hil.web.address import address_in, pump_entry
from hil.web.client import HttpBench
from protocol.client import Programmer
from protocol.errors import LinkLost
from protocol.key_file import find_keys, load_keys
from protocol.keys import Key
from protocol.transport import Transport, open_transport
from protocol.waiting import BenchWaiter

__all__ = ["Rig", "ready_line"]


class _ServedLink:
    """The line to a server whose bench we hold; a server that has ended is a lost link to its client."""

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench

    def settle(self, sent_bytes: int) -> int:
        try:
            return self._bench.settle(sent_bytes)
        except ServerEnded as error:
            raise LinkLost(str(error)) from None

    def now_us(self) -> int:
        return self._bench.now_us()

    def advance_us(self, us: int) -> None:
        try:
            self._bench.advance_us(us)
        except ServerEnded as error:
            raise LinkLost(str(error)) from None


class Rig:
    """Open one with `Rig.open` or `Rig.connect`; as a context it leaves no port and no process behind.

    `ready` is the server's ready line, None for a pump in this process. `programmer_options` are those of `Programmer.open`.
    """

    def __init__(
        self, stack: ExitStack, *, unit: Unit | None = None, bench: BenchCalls | None = None, ready: Mapping[str, Any] | None = None
    ) -> None:
        self._stack = stack
        self._unit = unit
        self._bench = bench
        self.ready = ready
        self.seed = unit.pump.seed if unit is not None else 0
        self.programmer_options: dict[str, Any] = {}
        self.drivers: dict[str, Callable[[], Any]] = {}
        """What opens the real instruments of this rig, by name: balance, microphone, magnet. Without one the simulated is taken."""
        self.own_instruments: dict[str, Callable[[Callable[[], BenchCalls]], Any]] = {}
        """What opens instruments of one's own, by name (`hil.own.instrument`)."""
        self.guard: Callable[[BenchCalls | None], BenchCalls] | None = None
        """Stands before the bench where not all of it may be used."""
        self._opened: dict[str, Any] = {}
        self._programmer: Programmer | None = None

    @classmethod
    def open(
        cls,
        url: str,
        *,
        profile: str = "itp-40",
        seed: int = 0,
        catheter: str = "",
        state: str | Path | None = None,
        programmer: Mapping[str, Any] | None = None,
    ) -> Rig:
        """Start a pump of one's own behind this URL. A pumpsim:// URL says these itself. Raises UsageError, HilError."""
        if url.startswith("pumpsim:"):
            rig = cls._in_process(url)
            rig.programmer_options = dict(programmer or {})
            return rig
        options = ["--port", url, "--seed", str(seed), *(["--catheter", catheter] if catheter else []), "--pace", "lock-step"]
        rig = cls.serve(profile, [*options, "--state", str(state)] if state else options, programmer=programmer)
        rig.seed = seed
        return rig

    @classmethod
    def serve(cls, profile: str, options: Sequence[str], *, programmer: Mapping[str, Any] | None = None) -> Rig:
        """Start `pumpsim serve` with these options of its command line, its bench on a pipe of ours. Raises HilError."""
        stack = ExitStack()
        server = stack.enter_context(ServerProcess(profile, options))
        rig = cls(stack, bench=server.bench, ready=server.ready)
        rig.programmer_options = dict(programmer or {})
        return rig

    @classmethod
    def at(cls, url: str, *, key_file: str | Path | None = None, programmer: Mapping[str, Any] | None = None) -> Rig:
        """A pump behind a port, and nothing else known of it. Without `key_file` keys are looked for where they usually are."""
        rig = cls(ExitStack(), ready={"port": url} if key_file is None else {"port": url, "key_file": str(key_file)})
        rig.programmer_options = dict(programmer or {})
        return rig

    def beside(self) -> Rig:
        """Another rig on the same pump, with programmers and instruments of its own; closing it leaves the pump as it is."""
        rig = Rig(ExitStack(), unit=self._unit, bench=self._bench, ready=self.ready)
        rig.programmer_options = dict(self.programmer_options)
        rig.drivers, rig.guard, rig.seed = self.drivers, self.guard, self.seed
        rig.own_instruments = self.own_instruments
        return rig

    @classmethod
    def connect(
        cls,
        ready: Mapping[str, Any] | str | Path,
        *,
        pump: str | None = None,
        port: str | None = None,
        programmer: Mapping[str, Any] | None = None,
    ) -> Rig:
        """Take a server that runs: its ready line as a mapping or JSON text, or the path of its ready file. `pump` None: its first pump.

        Its bench is in reach if it is served over HTTP. `port` is another way to the pump than its own port, such as a cable.
        Raises UsageError.
        """
        line = ready_line(ready)
        address = address_in(line, pump)
        stack = ExitStack()
        bench = None
        if address is not None:
            bench = HttpBench(address)
            stack.callback(bench.close)
        found = {**line, **pump_entry(line, pump)}
        rig = cls(stack, bench=bench, ready={**found, "port": port} if port else found)
        rig.programmer_options = dict(programmer or {})
        return rig

    @classmethod
    def _in_process(cls, url: str) -> Rig:
        asked = parse_pump_url(url)
        unit = Unit.new(asked.profile, seed=asked.seed, catheter=asked.catheter, security=asked.security, wire=asked.wire)
        return cls(ExitStack(), unit=unit, bench=InProcessBench(Bench(unit, pacer=Pacer(asked.pace))))

    @property
    def bench(self) -> BenchCalls:
        """The side door. Raises BenchError where there is none."""
        if self.guard is not None:
            return self.guard(self._bench)
        if self._bench is None:
            raise BenchError("this server's bench is on its own standard input", where="rig", do="serve with --bench http, or use Rig.open")
        return self._bench

    @property
    def has_bench(self) -> bool:
        """Whether there is one."""
        return self._bench is not None

    @property
    def programmer(self) -> Programmer:
        """The programmer, opened at first use. Raises what `Programmer.open` raises."""
        if self._programmer is None:
            self._programmer = self.another_programmer()
        return self._programmer

    @property
    def balance(self) -> Balance:
        """The balance under the pump's catheter, opened at first use. Raises BenchError where there is none."""
        found: Balance = self._instrument("balance", self._open_balance)
        return found

    @property
    def microphone(self) -> Microphone:
        """A microphone beside the pump; recording lets the bench's time pass. Raises BenchError where there is no bench."""
        driver = self.drivers.get("microphone")
        return driver() if driver else SimulatedMicrophone(self.bench)

    @property
    def magnet(self) -> Magnet:
        """A magnet that can be held over the pump. Raises BenchError where there is none."""
        found: Magnet = self._instrument("magnet", lambda: BenchMagnet(self.bench))
        return found

    @property
    def tap(self) -> LineTap:
        """Faults on the line. Where there is no bench it stands at the host's end, before programmers that are opened from now on."""
        found: LineTap = self._instrument("tap", lambda: HostTap() if self._bench is None else BenchTap(self.bench))
        return found

    def instrument(self, name: str) -> Any:
        """An instrument of one's own, by its name in the rig file. Raises BenchError where there is none, UsageError."""
        if name not in self.own_instruments:
            raise BenchError(f"this rig has no {name}", where="rig", do=f"name it in the rig file: {name}: {{driver: ./{name}.py:NAME}}")
        opener = self.own_instruments[name]
        return self._instrument(f"own {name}", lambda: opener(lambda: self.bench))

    def _instrument(self, name: str, simulated: Callable[[], Any]) -> Any:
        """Open it at first use; it is closed with the rig."""
        if name not in self._opened:
            self._opened[name] = self.drivers.get(name, simulated)()
            self._stack.callback(self._opened[name].close)
        return self._opened[name]

    def _open_balance(self) -> Balance:
        url = (self.ready or {}).get("balance")
        if url:
            lock_step = self._bench is not None and self._bench.call("pace")["pace"] == "lock-step"
            return MtSicsBalance.open(str(url), BenchClock(self.bench) if lock_step else None)
        if self._bench is None:
            raise BenchError("this server has no balance", where="rig", do="serve with --balance pty:./balance0")
        bench = self._bench
        server = BalanceServer(SimulatedBalance(lambda: delivered_of(bench), seed=self.seed))
        return MtSicsBalance(MemoryLine(server.receive), BenchClock(bench))

    def another_programmer(self, **options: Any) -> Programmer:
        """Open one more programmer, closed with the rig. A served port takes one client at a time: close the one before first."""
        if self.wire:
            raise UsageError(f"this pump speaks {self.wire}, and pumpsim's programmer does not", where="rig", do="use Rig.line")
        merged = {**self._keys(), **self.programmer_options, **options}
        if self._unit is not None and isinstance(self._bench, InProcessBench):
            link = MemoryLink(self._bench.bench)
            opened = Programmer.over(link, waiter=BenchWaiter(link), **merged)
        elif self._bench is not None and self._bench.call("pace")["pace"] == "lock-step":
            self._bench.call("attach")
            opened = Programmer.open(self._port(), waiter=BenchWaiter(_ServedLink(self._bench)), **merged)
        elif isinstance(tap := self._opened.get("tap"), HostTap):
            if not merged.keys() & {"keys", "key_file"}:
                merged["keys"] = find_keys(self._port())
            opened = Programmer.over(tap.before(open_transport(self._port())), **merged)
        else:
            opened = Programmer.open(self._port(), **merged)
        return self._stack.enter_context(opened)

    @property
    def wire(self) -> str:
        """The wire protocol of one's own that the pump speaks (`hil.own.wire`); empty for pumpsim's."""
        return self._unit.wire if self._unit is not None else str((self.ready or {}).get("wire") or "")

    @property
    def line(self) -> Transport:
        """A plain line to the pump, for a client of one's own; opened at first use. A served port takes one client at a time."""
        found: Transport = self._instrument("line", self._open_line)
        return found

    def _open_line(self) -> Transport:
        if isinstance(self._bench, InProcessBench):
            return MemoryLink(self._bench.bench)
        if self._bench is not None:
            self._bench.call("attach")
        return open_transport(self._port())

    @property
    def keys(self) -> list[Key]:
        """The keys of this pump that are known here; none where nobody said. Raises KeyFileError."""
        known = self._keys()
        return list(load_keys(known["key_file"])) if "key_file" in known else list(known.get("keys", ()))

    def _keys(self) -> dict[str, Any]:
        """The keys of this pump, as options of a programmer."""
        if self._unit is not None:
            return {"keys": self._unit.keys}
        if self.ready is not None and "key_file" not in self.ready:
            return {}  # nobody said: the client looks where keys usually are
        key_file = (self.ready or {}).get("key_file")
        return {"key_file": key_file} if key_file else {"keys": ()}

    def _port(self) -> str:
        return str((self.ready or {})["port"])

    def close(self) -> None:
        """Close programmers, then the server. May be called twice."""
        self._programmer = None
        self._opened.clear()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ready_line(source: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """A ready line from wherever it is. Raises UsageError."""
    if isinstance(source, Mapping):
        found: object = dict(source)
    else:
        text = str(source)
        try:
            found = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            why = f"it cannot be read ({error.strerror})" if isinstance(error, OSError) else "it is no JSON"
            do = "give what `pumpsim serve` printed first, or its --ready-file"
            raise UsageError(f"no ready line: {why}", where=text[:80], do=do) from None
    if not isinstance(found, dict) or not found.get("ready") or "port" not in found:
        raise UsageError("no ready line", where="rig", do="give what `pumpsim serve` printed first, or its --ready-file")
    return found
