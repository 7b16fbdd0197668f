"""The modes of the pump, as one table.

shelf is the factory state: motor off, no therapy ever; the first commit leaves it and nothing leads back. The running modes differ only in
the week of rates they follow. A bolus is an overlay on a running mode, not a mode. `fail_safe` is what both banks bad lead to: the
minimum rate. `unload` is a commit that waits for START, as one with a new drug does.
"""

from __future__ import annotations

from firmware_sim.firmware.machine import Row, StateTable

__all__ = ["MODES", "MODE_TABLE", "RUNNING", "run_trigger"]

MODES = ("shelf", "stopped", "minimum_rate", "simple", "flex")
RUNNING = ("minimum_rate", "simple", "flex")
_COMMITTED = ["stopped", *RUNNING]

_ROWS: list[Row] = [
    ("run_minimum_rate", list(MODES), "minimum_rate"),
    ("run_simple", list(MODES), "simple"),
    ("run_flex", list(MODES), "flex"),
    ("unload", list(MODES), "stopped"),
    ("stop", _COMMITTED, "stopped"),
    ("fail_safe", _COMMITTED, "minimum_rate"),
]

MODE_TABLE = StateTable(MODES, _ROWS)


def run_trigger(mode: str) -> str:
    """The trigger that starts the mode a prescription carries."""
    return f"run_{mode}"
