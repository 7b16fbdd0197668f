"""What is asked of one pump that is served."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from hil.faults.conditions import Condition
from hil.grade.options import GradeOptions
from hil.pacing import LOCK_STEP, Pace
from protocol.security import DEFAULT

__all__ = ["PumpOptions"]

FILES_OF_A_PORT = 3
"""A pty's both ends and the claim to its name, or a listener, its client, and one who is turned away."""
FILES_OF_A_STATE = 4
"""Lock and journal, and while the image is renewed two more."""


class PumpOptions(NamedTuple):
    """What was asked of one pump. `seed` None: the state folder's own, or 0."""

    profile: str
    port: str
    name: str = "pump1"
    pace: Pace = LOCK_STEP
    while_talking: Fraction = Fraction(1)
    until: Condition | None = None
    seed: int | None = None
    state: Path | None = None
    sync: bool = True
    catheter: str = ""
    security: str = DEFAULT
    key_file: Path | None = None
    capture: Path | None = None
    capture_ends: str = "host"
    balance: str = ""
    """Where a balance that weighs what the pump delivers is served; "" for none."""
    grade: GradeOptions | None = None
    wire: str = ""
    """A wire protocol of one's own (`hil.own.wire`), as FILE.py:NAME; "" for pumpsim's."""

    @property
    def files(self) -> int:
        """Open files that it may need: its port and a client there, its keys, its balance, its state folder, its capture."""
        ports = FILES_OF_A_PORT * (2 if self.balance else 1)
        return ports + 1 + (FILES_OF_A_STATE if self.state else 0) + (1 if self.capture else 0)
