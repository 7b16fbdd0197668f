"""The fault engine of a unit: brings faults of every owner into force, now or when their time has come, and ends them.

Pump faults go to the pump, `link.*` and `answer.*` to the link tap, `supply.*` to the bench's own acts; `human.*` are kept here for whoever
programmes. Handles that the pump gives are small; those given here, for line and human faults and for everything scheduled, begin at
`FIRST_HANDLE`, so that one `clear` serves all.

Everything is a trace record: what was scheduled, what came, what ended (`fault`), and each effect on the line (`link`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware_sim.errors import LimitExceeded, PumpError
from firmware_sim.faults.spec import ActiveFault
from firmware_sim.image import read_image, write_image
from firmware_sim.limits import FAULTS_ACTIVE_MAX
from hil.errors import BenchError
from hil.faults.human_faults import HumanFault
from hil.faults.line_fault import LineFaultState
from hil.faults.link_tap import LinkTap
from hil.faults.parameters import Values, as_text
from hil.faults.plan import Order, Planned, Waiting, planned
from hil.faults.registry import Fault, check, fault_of, parameters_of
from hil.faults.triggers import request_key
from hil.plain import plain

if TYPE_CHECKING:
    from hil.unit import Unit

__all__ = ["FIRST_HANDLE", "FaultEngine"]

FIRST_HANDLE = 1_000_001
PLANNED_MAX = 10_000
"""Scheduled faults at once; more is a rig that forgets to clear."""
ROUNDS_MAX = 100
"""Faults that bring each other on at one instant; more is a plan that chases its own tail."""


@dataclass(slots=True)
class EngineState:
    """All that an image keeps of the engine."""

    next_handle: int = FIRST_HANDLE
    boots: int = 0
    planned: list[Planned] = field(default_factory=list)
    line: bytes = b""
    human: list[HumanFault] = field(default_factory=list)


class FaultEngine:
    """Belongs to one unit. `quiet` is true while a request may go straight to the pump and nothing need be looked at after it."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.tap = LinkTap(record=lambda notes: unit.pump.record("link", notes), reboot=self._reboot, framed=not unit.wire)
        self._state = EngineState(boots=unit.pump.boots)
        self._waiting: list[Waiting] = []
        self._looking = False

    # -- the verbs -------------------------------------------------------------------------------------------------------------

    def inject(self, order: Order) -> int:
        """Bring a fault into force, or schedule it; returns its handle. Raises BenchError, PumpError."""
        fault, values = check(order.fault, order.params)
        if order.plain:
            return self._bring(fault, values)
        if len(self._waiting) >= PLANNED_MAX:
            raise LimitExceeded(f"more than {PLANNED_MAX:,} faults are scheduled")
        if not self._waiting:
            self._state.boots = self._unit.pump.boots
        waiting = planned(self._state.next_handle, order, fault, values, self._unit.pump)
        handle = self._new_handle()
        self._waiting.append(waiting)
        how = {name: value for name, value in order._asdict().items() if value is not None and name not in ("fault", "params")}
        self._note(waiting, "scheduled", {"parameters": values, **how})
        self._rearm()
        self.on_time()
        return handle

    def clear(self, handle: int) -> None:
        """End a fault, or take back one that was scheduled with what it brought. Raises BenchError, PumpError."""
        if handle < FIRST_HANDLE:
            self._unit.act(lambda pump: pump.clear(handle))
            return
        mine = [waiting for waiting in self._waiting if waiting.state.handle == handle]
        if not mine:
            self._end(handle)
            return
        waiting = mine[0]
        self._waiting.remove(waiting)
        self._note(waiting, "cleared")
        if self._standing(waiting.state.brought):
            self._end(waiting.state.brought)
        self._rearm()

    def told(self) -> dict[str, object]:
        """What is in force and what is scheduled."""
        in_force: list[object] = [
            {"handle": fault.handle, "name": fault.name, "parameters": parameters_of(fault), "since_us": fault.since_us}
            for fault in self._unit.pump.faults()
        ]
        in_force += [
            {"handle": fault.handle, "name": fault.name, "parameters": json.loads(fault.parameters), "since_us": fault.since_us}
            for fault in self._beside_the_pump()
        ]
        scheduled = [self._told_plan(waiting) for waiting in self._waiting]
        return {"in_force": in_force, "scheduled": scheduled}

    def _told_plan(self, waiting: Waiting) -> dict[str, object]:
        return {**_row(waiting.state), "parameters": waiting.values, "brought": self._standing(waiting.state.brought)}

    # -- time and events -------------------------------------------------------------------------------------------------------

    @property
    def quiet(self) -> bool:
        """Nothing is in force on the line and nothing waits."""
        return self.tap.idle and not self._waiting

    def next_due(self, happens_us: int | None) -> int | None:
        """When the line or a schedule has something to do; `happens_us` is when pump or role do something by themselves."""
        if self.quiet:
            return None
        pump = self._unit.pump
        dues = [self.tap.next_due()]
        dues += [due for waiting in self._waiting for due in (waiting.timed_us(), waiting.look_us(pump, happens_us))]
        due_us = min((due for due in dues if due is not None), default=None)
        return None if due_us is None else max(pump.now_us, due_us)

    def on_time(self) -> None:
        """Do what is due by now: end what is over, begin what is due, look for what was waited for."""
        now_us = self._unit.now_us
        for waiting in tuple(self._waiting):
            if 0 <= waiting.state.until_us <= now_us:
                self._over(waiting)
        for waiting in tuple(self._waiting):
            if waiting.state.armed and 0 <= waiting.state.at_us <= now_us:
                self._fire(waiting)
        self.look()

    def look(self) -> None:
        """See whether a condition has begun to hold or the pump has booted."""
        if self._looking or not self._waiting:
            return
        self._looking = True
        try:
            for _ in range(ROUNDS_MAX):
                if not self._look_once():
                    return
        finally:
            self._looking = False
        raise LimitExceeded(f"scheduled faults have brought each other on {ROUNDS_MAX} times at one instant")

    def _look_once(self) -> bool:
        pump, state = self._unit.pump, self._state
        boots, state.boots = pump.boots - state.boots, pump.boots
        found = [waiting for waiting in self._waiting if waiting.looks(pump, boots)]
        for waiting in found:
            self._fire(waiting)
        return bool(found)

    def _hear(self, run: bytes) -> None:
        """A run of bytes from the host, before the line and the pump have it."""
        key = request_key(run)
        for waiting in tuple(self._waiting):
            if waiting.hears(run, key):
                self._fire(waiting)

    # -- inside ----------------------------------------------------------------------------------------------------------------

    def _fire(self, waiting: Waiting) -> None:
        """Its time has come; a fault that cannot come now is recorded as such, for nobody is there to be told."""
        state, now_us = waiting.state, self._unit.now_us
        waiting.came(now_us)
        fault = fault_of(state.fault)
        try:
            handle = self._standing(state.brought) or self._bring(fault, waiting.values)
        except (BenchError, PumpError) as error:
            self._note(waiting, "refused", {"why": str(error)})
        else:
            self._note(waiting, "came", {"brought": handle})
            if fault.lasting:
                state.brought = handle
                state.until_us = now_us + state.for_us if state.for_us >= 0 else -1
        self._rearm()

    def _over(self, waiting: Waiting) -> None:
        """Its duration has passed."""
        handle, waiting.state.brought, waiting.state.until_us = waiting.state.brought, 0, -1
        self._note(waiting, "ended", {"brought": handle})
        try:
            if self._standing(handle):
                self._end(handle)
        except (BenchError, PumpError) as error:
            self._note(waiting, "refused", {"why": str(error)})
        self._rearm()

    def _bring(self, fault: Fault, values: Values) -> int:
        unit = self._unit
        if fault.owner in ("link tap", "human"):
            self._bring_beside_the_pump(fault, values)
            unit.pump.record("bench", {"act": "inject", "fault": fault.name, "parameters": values, "handle": self._state.next_handle})
            return self._new_handle()
        if fault.name == "supply.cut":
            after_bytes = values.get("after_bytes")
            unit.act(lambda pump: pump.power_cut(None if after_bytes is None else int(after_bytes), int(values["off_us"])))
            return self._new_handle()
        if fault.name == "supply.reset":
            unit.reset()
            return self._new_handle()
        return unit.act(lambda pump: pump.inject(fault.name, **values))

    def _bring_beside_the_pump(self, fault: Fault, values: Values) -> None:
        """Onto the line, or among the slips of people."""
        handle, human = self._state.next_handle, self._state.human
        if fault.owner == "link tap":
            self.tap.inject(handle, fault.name, values, self._unit.now_us)
            return
        if len(human) >= FAULTS_ACTIVE_MAX:
            raise LimitExceeded(f"more than {FAULTS_ACTIVE_MAX} human faults in force")
        human.append(HumanFault(handle, fault.name, as_text(values), self._unit.now_us))

    def _beside_the_pump(self) -> tuple[LineFaultState | HumanFault, ...]:
        """Those in force that the pump itself does not have."""
        return (*self.tap.faults(), *self._state.human)

    def _end_human(self, handle: int) -> bool:
        """Tells whether there was one."""
        before = len(self._state.human)
        self._state.human = [fault for fault in self._state.human if fault.handle != handle]
        return len(self._state.human) < before

    def _end(self, handle: int) -> None:
        if handle < FIRST_HANDLE:
            self._unit.act(lambda pump: pump.clear(handle))
        elif self.tap.clear(handle) or self._end_human(handle):
            self._unit.pump.record("bench", {"act": "clear", "handle": handle})
        else:
            raise BenchError(f"nothing in force or scheduled has handle {handle}", where="clear", do="see the verb `faults`")

    def _standing(self, handle: int) -> int:
        """The handle of a fault that is still in force, 0 for one that was over by itself."""
        in_force: Sequence[ActiveFault | LineFaultState | HumanFault]
        in_force = self._unit.pump.faults() if handle < FIRST_HANDLE else self._beside_the_pump()
        return handle if any(fault.handle == handle for fault in in_force) else 0

    def _new_handle(self) -> int:
        handle, self._state.next_handle = self._state.next_handle, self._state.next_handle + 1
        return handle

    def _reboot(self) -> None:
        if self._unit.pump.powered:
            self._unit.reset()

    def _note(self, waiting: Waiting, did: str, facts: Mapping[str, object] | None = None) -> None:
        self._unit.pump.record("fault", {"fault": waiting.state.fault, "handle": waiting.state.handle, "did": did, **(facts or {})})

    def _rearm(self) -> None:
        """Drop what is over, and listen to the wire only while somebody waits for it."""
        for waiting in self._waiting:
            waiting.state.brought = self._standing(waiting.state.brought)
        self._waiting = [waiting for waiting in self._waiting if not waiting.over]
        self.tap.watch(self._hear if any(waiting.by_wire for waiting in self._waiting) else None)

    # -- image -----------------------------------------------------------------------------------------------------------------

    def save(self) -> bytes:
        """Line, schedules and handles, for `restore`."""
        self._state.planned = [waiting.state for waiting in self._waiting]
        self._state.line = self.tap.save()
        return write_image(self._state)

    @staticmethod
    def read(image: bytes) -> EngineState:
        """Read what `save` wrote. Raises ImageError, BenchError; changes nothing."""
        state = read_image(EngineState, image)
        LinkTap().restore(state.line)
        for row in state.planned:
            Waiting(row)
        return state

    def take(self, state: EngineState) -> None:
        """Become what was read."""
        self._state = state
        self._waiting = [Waiting(row) for row in state.planned]
        self.tap.restore(state.line)
        self._rearm()


def _row(state: Planned) -> dict[str, object]:
    """A schedule for people: only what it has."""
    row = plain(state)
    left_out = ("last_key", "held", "drawn", "parameters")
    return {name: value for name, value in row.items() if name not in left_out} if isinstance(row, dict) else {}
