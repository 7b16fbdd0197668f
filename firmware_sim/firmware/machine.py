"""State tables run by `transitions`: one machine a table, the state a plain name that belongs to the pump's data.

A machine per pump would cost more than restoring one, so a table keeps one carrier and lends it the state for the length of a
trigger. An illegal trigger raises `transitions.MachineError` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from transitions import Machine

__all__ = ["Row", "StateTable"]

Row = tuple[str, str | list[str], str]
"""(trigger, source state or states, destination)."""


class _Carrier:
    """What the machine hangs its state on while a trigger runs."""

    state: str = ""


class StateTable:
    """States and rows of one machine."""

    def __init__(self, states: Sequence[str], rows: Sequence[Row]) -> None:
        self.states = tuple(states)
        self.rows = tuple(rows)
        self._carrier = _Carrier()
        self._known: dict[tuple[str, str], str] = {}
        self._machine = Machine(
            model=self._carrier,
            states=list(states),
            transitions=[{"trigger": name, "source": source, "dest": dest} for name, source, dest in rows],
            initial=states[0],
            auto_transitions=False,
        )

    def after(self, state: str, trigger: str) -> str:
        """The state that `trigger` leads to, asked of the machine once. Raises transitions.MachineError where the table has no such row."""
        found = self._known.get((state, trigger))
        if found is None:
            self._machine.set_state(state)
            self._machine.events[trigger].trigger(self._carrier)
            found = self._known[state, trigger] = self._carrier.state
        return found

    def allows(self, state: str, trigger: str) -> bool:
        """Whether the table has a row for `trigger` in `state`."""
        return any(name == trigger and state in ([sources] if isinstance(sources, str) else sources) for name, sources, _ in self.rows)
