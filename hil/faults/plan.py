"""Faults that are to come: by virtual time, by a trigger, at random; once or each time; for a while or until cleared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

from firmware_sim import Pump
from hil.errors import BenchError
from hil.faults.gaps import gap_us
from hil.faults.parameters import Values, as_text
from hil.faults.triggers import Trigger, parse_trigger
from hil.faults.wire_faults import Fault

__all__ = ["Order", "Planned", "Waiting", "planned"]

US_PER_S = 1_000_000


class Order(NamedTuple):
    """What inject was asked for. At most one of at_us, when and rate_per_day_ppm; none of them: now."""

    fault: str
    params: Values
    at_us: int | None = None
    when: str | None = None
    each: bool = False
    for_s: int | None = None
    rate_per_day_ppm: int | None = None
    seed: int = 0

    @property
    def plain(self) -> bool:
        """Now, and until cleared."""
        return not self.each and self.at_us is None and self.when is None and self.rate_per_day_ppm is None and self.for_s is None


@dataclass(slots=True)
class Planned:
    """One scheduled fault, as an image keeps it; -1 and "" stand for what it does not have.

    `seen` counts what its trigger counts, `brought` is the handle of what it has in force now, `until_us` when that ends.
    """

    handle: int
    fault: str
    parameters: str
    at_us: int = -1
    when: str = ""
    each: bool = False
    for_us: int = -1
    rate_per_day_ppm: int = 0
    seed: int = 0
    armed: bool = True
    seen: int = 0
    last_key: int = 0
    held: bool = False
    drawn: int = 0
    fired: int = 0
    brought: int = 0
    until_us: int = -1


class Waiting:
    """A planned fault with its trigger read."""

    def __init__(self, state: Planned) -> None:
        self.state = state
        self.trigger: Trigger | None = parse_trigger(state.when) if state.when else None

    @property
    def values(self) -> Values:
        """The fault's parameters."""
        return dict(json.loads(self.state.parameters))

    @property
    def by_wire(self) -> bool:
        """What the host sends may bring it."""
        return self.state.armed and self.trigger is not None and self.trigger.on_wire

    @property
    def by_look(self) -> bool:
        """Looking at the pump may find it due."""
        return self.state.armed and self.trigger is not None and not self.trigger.on_wire

    @property
    def over(self) -> bool:
        """Nothing will come of it any more, and nothing of it is in force."""
        return not self.state.armed and not self.state.brought

    def timed_us(self) -> int | None:
        """When it comes or ends by the clock."""
        state = self.state
        dues = [due for due in (state.at_us if state.armed else -1, state.until_us) if due >= 0]
        return min(dues, default=None)

    def look_us(self, pump: Pump, due_us: int | None) -> int | None:
        """When to look at the pump next; `due_us` is when something happens there by itself."""
        if not self.by_look or self.trigger is None:
            return None
        if due_us is not None and due_us <= pump.now_us:
            return pump.now_us
        condition = self.trigger.condition
        return due_us if condition is None else condition.next_look(pump, due_us)

    def hears(self, run: bytes, key: tuple[int, int] | None) -> bool:
        """Count a run from the host; tells whether that brings it."""
        trigger, state = self.trigger, self.state
        if trigger is None or not self.by_wire:
            return False
        more = 1
        if trigger.kind == "byte":
            more = len(run)
        elif trigger.kind == "command":
            if key is None or key[0] != trigger.opcode or key[1] <= state.last_key:
                return False
            state.last_key = key[1]
        return self._count(more)

    def looks(self, pump: Pump, boots: int) -> bool:
        """Look at the pump, which has booted so many times since the last look; tells whether that brings it."""
        trigger, state = self.trigger, self.state
        if trigger is None or not self.by_look:
            return False
        if trigger.condition is None:
            return self._count(boots)
        if trigger.condition.said and not pump.answers:
            return False
        held, state.held = state.held, trigger.condition.holds(pump)
        return state.held and not held and self._count(1)

    def came(self, now_us: int) -> None:
        """Note that it has come; what follows from that for the next time."""
        state = self.state
        state.fired += 1
        if state.rate_per_day_ppm:
            self.draw(now_us)
        elif not state.each:
            state.armed = False

    def draw(self, now_us: int) -> None:
        """Draw when it comes next."""
        state = self.state
        state.at_us = now_us + gap_us(state.seed, f"{state.fault}:gap:{state.drawn}", state.rate_per_day_ppm)
        state.drawn += 1

    def _count(self, more: int) -> bool:
        before, self.state.seen = self.state.seen, self.state.seen + more
        return self.trigger is not None and self.trigger.hit(before, self.state.seen, each=self.state.each)


def planned(handle: int, order: Order, fault: Fault, values: Values, pump: Pump) -> Waiting:
    """Make what waits out of an order. Raises BenchError for one that cannot be meant."""
    ways = [name for name in ("at_us", "when", "rate_per_day_ppm") if getattr(order, name) is not None]
    if len(ways) > 1:
        raise BenchError(f"{ways[0]} and {ways[1]} exclude each other", where="inject", do="give one of them")
    if order.at_us is not None and order.at_us < pump.now_us:
        raise BenchError(f"at_us is {order.at_us}, it is {pump.now_us} now", where="inject", do="give a time to come")
    if order.each and order.when is None:
        raise BenchError("each goes with when", where="inject", do="give when, or leave each out")
    if order.for_s is not None and not fault.lasting:
        raise BenchError(f"{fault.name} happens once and has no duration", where="inject", do="leave for_s out")
    if (order.each or order.rate_per_day_ppm) and fault.lasting and not fault.ends and order.for_s is None:
        raise BenchError(f"{fault.name} lasts and would come again while it is in force", where="inject", do="give for_s")
    at_us = order.at_us if order.at_us is not None else -1 if ways else pump.now_us
    for_us = -1 if order.for_s is None else order.for_s * US_PER_S
    state = Planned(handle, fault.name, as_text(values), at_us, order.when or "", order.each, for_us)
    state.rate_per_day_ppm, state.seed = order.rate_per_day_ppm or 0, order.seed
    waiting = Waiting(state)
    if state.rate_per_day_ppm:
        waiting.draw(pump.now_us)
    if waiting.trigger is not None and waiting.trigger.condition is not None:
        state.held = waiting.trigger.condition.holds(pump)
    return waiting
