"""One pump of a server: its port, its bench, its state folder, its pace, and the feed of what happens on it.

Everything runs on the server's one loop, without tasks. A request takes the shortest way there is: the loop calls the port, the port
reads once, the pump answers, the port writes once. In lock-step, without a state folder, without a capture and with nobody listening to the
feed, nothing stands between port and pump.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from firmware_sim.profile.folder import name_of
from hil.bench.bench import Bench
from hil.errors import UsageError
from hil.instruments.balance_port import BalancePort
from hil.instruments.line_capture import LineCapture, pump_facts
from hil.instruments.simulated_balance import Delivered
from hil.own.wire import OWN
from hil.pacing import LOCK_STEP, Pacer, after
from hil.ports.base import Port, open_port
from hil.server.pump_keys import PumpKeys
from hil.server.pump_options import PumpOptions
from hil.server.state_folder import Entry, StateFolder
from hil.unit import Unit
from hil.web.feed import Feed
from protocol.key_file import seed_keys
from protocol.security import security_of

if TYPE_CHECKING:
    from hil.grade.grading import Grading

__all__ = ["FREE_RUN_DAYS_MAX", "PumpOptions", "ServedPump", "replay"]

US_PER_DAY = 86_400_000_000
FREE_RUN_DAYS_MAX = 3_653
"""Ten years: a free run that nobody ends ends here, past the end of any battery."""
FREE_SLICE_US = US_PER_DAY
"""Virtual time between two looks at port and bench in a free run; under a millisecond of wall time."""


class ServedPump:
    """A pump on a port. Made, it has its port; from `start` on it serves; `close` gives everything back. Raises UsageError."""

    def __init__(self, options: PumpOptions) -> None:
        self.options = options
        self.name = options.name
        self._timer: asyncio.Handle | None = None
        self._asleep = False
        """The look that is planned, if any, is more than a tick away."""
        self._loop: asyncio.AbstractEventLoop
        self._behind = self._said_behind = False
        with ExitStack() as opening:
            self.state = self._open_state(opening)
            self.keys = PumpKeys(options.key_file, security_of(options.security))
            opening.callback(self.keys.close)
            self.unit, self.restarted = self._make_unit()
            self.port: Port = open_port(options.port)
            opening.callback(self.port.close)
            self.keys.publish(self.unit.keys, self.port.url)
            if self.state is None:
                opening.callback(self.keys.withdraw)
            self.unit.on_emit = self._send
            self.pacer = Pacer(options.pace, while_talking=options.while_talking)
            self.pacer.anchor(self.unit.now_us)
            self.bench = Bench(self.unit, line=self.port, pacer=self.pacer, journal=self.state)
            self.feed = Feed(self._records, self._heard_by_others)
            self.capture = self._open_capture(opening)
            self.balance = self._open_balance(opening)
            self.grading = self._open_grading(opening)
            self._pump = self.unit.pump
            self._free_until_us = self.unit.now_us + FREE_RUN_DAYS_MAX * US_PER_DAY
            self._stack = opening.pop_all()

    def close(self) -> None:
        """Give port and state folder back. May be called twice."""
        self._stack.close()

    def entry(self) -> dict[str, object]:
        """What others need to find this pump."""
        options = self.options
        return {
            "profile": self.unit.pump.profile.name,
            "name": self.name,
            "serial": self.unit.pump.serial,
            "port": self.port.url,
            "device": self.port.device,
            "state": None if options.state is None else str(options.state),
            "start": "reset from state" if self.restarted else "new pump",
            "pace": str(options.pace),
            "security": self.unit.security,
            "key_file": str(self.keys.path.absolute()) if self.keys.path else None,
            "capture": None if options.capture is None else str(options.capture),
            "balance": None if self.balance is None else self.balance.url,
            "grade": None if options.grade is None else str(options.grade.report),
            **({"wire": self.unit.wire} if self.unit.wire else {}),
        }

    def security_line(self) -> str:
        """What somebody who starts this server should know about who may program the pump."""
        if self.unit.wire:
            return f"{self.name}: it speaks {self.unit.wire}, and what that asks of a programmer is its own affair"
        security = self.unit.role.security
        if security.attack:
            return f"{self.name}: security {security.name}, a weakness on purpose: {security.attack} ({security.lesson})"
        keys = f"the keys of its programmers are in {self.keys.path}" if self.keys.path else "it has no key yet"
        return f"{self.name}: security {security.name}; {keys}"

    def start(self, loop: asyncio.AbstractEventLoop, on_end: Callable[[str], None]) -> None:
        """Answer on the port from now on; `on_end` hears why if the port goes away."""
        self._loop = loop
        self.port.on_end = on_end
        self._rewire()
        self.port.listen(loop)
        if self.balance is not None:
            self.balance.on_heard = self._arm
            self.balance.listen(loop, on_end)

    def run_time(self) -> None:
        """Let time pass by itself from now on, if it does."""
        self.pacer.choose(self.pacer.pace, self.unit.now_us)
        self._sleep()

    def call(self, verb: str, args: Mapping[str, object]) -> dict[str, Any]:
        """Do one verb of the bench. Raises BenchError, and then nothing has changed."""
        try:
            return self.bench.call(verb, args)
        finally:
            self.after_verb()

    def after_verb(self) -> None:
        """The bench may have changed the pace, the pump, or what there is to tell."""
        self._rewire()
        self._arm()
        if self.unit.pump is not self._pump:
            self._pump = self.unit.pump
            self.feed.another_pump()
            self._republish()
        if self.balance is not None:
            self.balance.look()
        self.feed.wake()

    def _republish(self) -> None:
        """Another pump has come from an image, and with it other keys."""
        try:
            self.keys.publish(self.unit.keys, self.port.url)
        except UsageError as error:
            _say(f"{self.name}: {error}")

    def _open_state(self, opening: ExitStack) -> StateFolder | None:
        options = self.options
        if options.state is None:
            return None
        state = StateFolder(
            options.state,
            profile=name_of(options.profile),
            seed=options.seed,
            security=OWN if options.wire else options.security,
            sync=options.sync,
        )
        opening.callback(state.close)
        return state

    def _open_capture(self, opening: ExitStack) -> LineCapture | None:
        """A capture of this run, if one was asked for. Raises UsageError."""
        options, unit = self.options, self.unit
        if options.capture is None:
            return None
        facts = {**pump_facts(unit.pump, unit.security, unit.received), "name": self.name, "pace": str(options.pace)}
        tap = unit.faults.tap if options.capture_ends == "both" else None
        capture = LineCapture(options.capture, lambda: self.unit.now_us, port=self.port.url, facts=facts, tap=tap, on_problem=_say)
        opening.callback(capture.close)
        return capture

    def _open_balance(self, opening: ExitStack) -> BalancePort | None:
        """A port of its own for the balance, if one was asked for. Raises UsageError."""
        if not self.options.balance:
            return None
        balance = BalancePort(self.options.balance, self._delivered, seed=self.unit.pump.seed)
        opening.callback(balance.close)
        return balance

    def _open_grading(self, opening: ExitStack) -> Grading | None:
        """Somebody who judges the host, if that was asked for."""
        if self.options.grade is None:
            return None
        from hil.grade.grading import Grading

        self.bench.grading = grading = Grading(self.options.grade, self.bench, self.entry(), lambda text: _say(f"{self.name}: {text}"))
        opening.callback(grading.close)
        return grading

    def _delivered(self) -> Delivered:
        """What lies in the balance's vessel, at the instant to which the pace has brought the pump."""
        self.bench.catch_up()
        truth = self.unit.pump.truth()
        return Delivered(truth.now_us, truth.delivered_nl)

    def _make_unit(self) -> tuple[Unit, bool]:
        """A new pump, or the state folder's after a reset; the flag says which."""
        stored = None if self.state is None else self.state.stored()
        seed = (self.state.seed if self.state else self.options.seed) or 0
        asked = self.options
        unit = Unit.new(asked.profile, seed=seed, catheter=asked.catheter, security=asked.security, keys=(), wire=asked.wire)
        if stored is not None:
            self._restore(unit, stored.image)
            replay(unit, stored.entries)
            unit.reset()
        if unit.pump.profile.behaviour.telemetry and unit.role.security.authenticates and not unit.role.keys:
            own = unit.role.security.key_of_its_own
            unit.provision(self.keys.of_a_new_pump() if own else seed_keys(seed))
        if self.state is not None:
            self.state.begin(unit.save)
        return unit, stored is not None

    def _restore(self, unit: Unit, image: bytes) -> None:
        """Go on as the stored pump. Raises UsageError where it has other numbers than the one that was asked for."""
        asked = unit.pump.profile
        unit.restore(image)
        if unit.pump.profile != asked:
            what = f"it holds a pump of {asked.name} with other numbers: the file was edited, or another catheter chosen"
            raise UsageError(what, where=str(self.options.state), do="serve what it was made with, or choose another folder")

    def _rewire(self) -> None:
        """Let the port call the pump itself where nothing else needs to know of a request."""
        alone = self.state is None and self.capture is None and self.grading is None and not self.feed.listening
        direct = alone and self.pacer.pace.kind == "lock-step"
        self.port.handler = self.unit.receive if direct else self._receive

    def _heard_by_others(self) -> None:
        """Listeners have come or gone: they see frames, and are told at once when time falls behind."""
        self._rewire()
        self._arm()

    def _receive(self, data: bytes) -> bytes:
        self.bench.catch_up()
        if self.grading is not None:
            self.grading.coming(data)
        if self.state is not None:
            self.state.frame(self.unit.now_us, data)
        if self.capture is not None:
            self.capture.passed("host", data)
        if not self.feed.listening:
            answer = self._answer(data)
        else:
            self.feed.passed(self.unit.now_us, "host", data)
            answer = self._answer(data)
            self.feed.passed(self.unit.now_us, "pump", answer)
            self.feed.wake()
        if self.capture is not None:
            self.capture.passed("pump", answer)
        if self.state is not None:
            self.state.renew_if_long()
        self.pacer.regard(self.unit.talking, self.unit.now_us)
        self._arm()
        return answer

    def _answer(self, data: bytes) -> bytes:
        answer = self.unit.receive(data)
        return answer if self.grading is None else self.grading.leaving(answer)

    def _send(self, data: bytes) -> None:
        """Bytes that leave at another time than in answer to a request, maybe in the middle of an advance."""
        if self.grading is not None:
            data = self.grading.leaving(data)
        self.feed.passed(self.unit.now_us, "pump", data)
        if self.capture is not None:
            self.capture.passed("pump", data)
        self.port.send(data)

    def _records(self, since: int) -> list[dict[str, Any]]:
        """Trace records, asked of the pump itself: a verb would first bring time to where the pace wants it."""
        return self.unit.pump.events(since)

    def _arm(self) -> None:
        """Plan a look within a tick, if time moves by itself: what was just done may have brought near what was far."""
        if self._asleep:
            self._rouse()
        if self._timer is not None:
            return
        if self.pacer.running_free:
            self._timer = self._loop.call_soon(self._run_free)
        elif self.pacer.factor:
            self._timer = after(self._loop, self.pacer.look_soon(), self._tick)

    def _rouse(self) -> None:
        self._asleep = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sleep(self) -> None:
        """Plan the next look for when there is something to do: whoever asks before brings time to where it should be."""
        watched = self.feed.listening or (self.balance is not None and self.balance.repeats)
        if watched or not self.pacer.factor:
            self._arm()
            return
        self._asleep = True
        wait_s = self.pacer.look_at(self._next_due())
        self._timer = None if wait_s is None else after(self._loop, wait_s, self._tick)

    def _next_due(self) -> int | None:
        """The next true instant at which the pump, its wire, a schedule or the state folder has something to do."""
        dues = (self.unit.next_due(), None if self.state is None else self.state.mark_due_us)
        return min((due_us for due_us in dues if due_us is not None), default=None)

    def _tick(self) -> None:
        self._timer, self._asleep = None, False
        if not self.pacer.factor:
            self._arm()
            return
        self.bench.catch_up()
        self.pacer.looked()
        self._tell_lag()
        self._passed()
        self._sleep()

    def _tell_lag(self) -> None:
        """Say when time begins to fall behind the wall clock, once on standard error and each time to listeners."""
        behind = not self.pacer.keeps_up
        if behind == self._behind:
            return
        self._behind = behind
        self.feed.notice({"type": "pace", "pace": self.pacer.report()})
        if behind and not self._said_behind:
            self._said_behind = True
            late_ms = self.pacer.lag_us // 1_000
            _say(f"{self.name} cannot keep up with {self.pacer.pace}: a look ended {late_ms:,} ms late; the verb `pace` has the figures")

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
            _say(f"the free run has ended at virtual day {self.unit.now_us / US_PER_DAY:.3f}; time stands still")
            self._rewire()
        self._passed()
        self._arm()

    def _passed(self) -> None:
        if self.state is not None:
            self.state.passing(self.unit.now_us)
        if self.balance is not None:
            self.balance.look()
        self.pacer.regard(self.unit.talking, self.unit.now_us)
        self.feed.wake()


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


def _say(text: str) -> None:
    sys.stderr.write(f"pumpsim: {text}\n")
    sys.stderr.flush()
