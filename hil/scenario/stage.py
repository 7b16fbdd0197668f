"""Where a scenario is played: the rig, who is at the programmer, the faults by their names, what was marked, found and measured."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hil.errors import UsageError
from hil.scenario.amount import TIME, Amount
from hil.scenario.formula import Formula, value_of
from hil.scenario.quantities import QUANTITIES, Look, Nothing
from hil.scenario.script import Cast, Scenario
from hil.scenario.therapies import therapy_named

if TYPE_CHECKING:
    from hil.bench.calls import BenchCalls
    from hil.rig import Rig
    from protocol.client import Programmer
    from protocol.messages import Identity
    from protocol.therapy import Therapy

__all__ = ["Stage", "Unmeasurable"]

NONCE_BYTES = 16
PROGRAMMER_IDS = {"clinician": 7, "patient": 8, "service": 9}
"""Whoever speaks keeps one id through the run, so that the same run gives the same bytes."""
PATIENCE_S = 60.0
"""A power-on self-test is over before."""


class Unmeasurable(ValueError):
    """A formula names a figure that does not exist at this instant."""


class Stage:
    """One run."""

    def __init__(self, scenario: Scenario, cast: Cast, rig: Rig) -> None:
        self.scenario = scenario
        self.cast = cast
        self.rig = rig
        self.bench: BenchCalls = rig.bench
        self.began_us = self.bench.now_us()
        self.handles: dict[str, int] = {}
        self.measured: dict[str, Amount] = {}
        self.found: dict[str, int] = {}
        self.identity: Identity | None = None
        self._speaker: tuple[str, Programmer] | None = None
        self._walked_away = False
        self._opened = 0
        self._since: dict[str, Any] = {}
        self._believed: dict[str, Any] | None = None
        self.log_from = 0
        self.mark()

    # -- time ------------------------------------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """Since the first step."""
        return self.bench.now_us() - self.began_us

    def pass_us(self, us: int) -> None:
        """Let time pass; whoever is at the programmer says goodbye first. Raises UsageError for a time that is gone."""
        if us < 0:
            raise UsageError(f"time would run back by {Amount(Fraction(-us), TIME).text}", do="correct the formula")
        self.goodbye()
        if us:
            self.bench.advance(us=us)

    def mark(self) -> None:
        """Count from here."""
        self._since, self._believed = self.bench.truth(), self.belief()
        if self._believed is not None:
            self.log_from = int(self._believed["log_newest"]) + 1

    # -- figures ---------------------------------------------------------------------------------------------------------

    def look(self) -> Look:
        """Truth and belief as they are now."""
        return Look(self.bench.truth(), self.belief(), self._since, self._believed, self.found)

    def belief(self) -> dict[str, Any] | None:
        """What the pump says; None of one that has no power."""
        return self.bench.status() if self.bench.call("now")["powered"] else None

    def teller(self) -> Callable[[str], Amount]:
        """What tells the value of a name at this instant. Raises Unmeasurable."""
        look = self.look()

        def tell(name: str) -> Amount:
            if name in self.measured:
                return self.measured[name]
            if name in self.cast.words:
                return value_of(self.cast.words[name].node, tell)
            if name not in QUANTITIES:
                raise Unmeasurable(f"{name!r} was not measured in this run")
            try:
                return QUANTITIES[name].amount(look)
            except Nothing:
                raise Unmeasurable(f"there is no {name!r} at this instant") from None

        return tell

    def amount(self, formula: Formula) -> Amount:
        """What a formula comes to now. Raises Unmeasurable, DividedByZero."""
        constant = formula.constant
        return value_of(formula.node, self.teller()) if constant is None else constant

    def whole(self, formula: Formula) -> int:
        """The same as a whole number of nL, ng or us."""
        return round(self.amount(formula).value)

    # -- the programmer --------------------------------------------------------------------------------------------------

    def programmer(self, role: str = "clinician") -> Programmer:
        """Who speaks to the pump; one at a time, and the one before says goodbye. Raises ProtocolError."""
        if self._speaker is not None and self._speaker[0] == role:
            self._walked_away = False
            return self._speaker[1]
        self.goodbye(even_if_away=True)
        self._opened += 1
        opened = self.opened(role, self._opened)
        self._speaker = (role, opened)
        return opened

    def opened(self, role: str, number: int) -> Programmer:
        """A new session, the so many-th of this stage. Raises ProtocolError."""
        nonce = hashlib.sha256(f"{self.scenario.name}:{role}:{number}".encode()).digest()[:NONCE_BYTES]
        return self.rig.another_programmer(role=role, programmer_id=PROGRAMMER_IDS[role], nonce=nonce, patience_s=PATIENCE_S)

    def walk_away(self) -> None:
        """Nobody says goodbye: the session is left to its timeout."""
        self._walked_away = True

    def goodbye(self, *, even_if_away: bool = False) -> None:
        """End the session properly, unless somebody has walked away from it."""
        if self._speaker is not None and (even_if_away or not self._walked_away):
            self._speaker[1].close()
            self._speaker = None
            self._walked_away = False

    # -- therapies -------------------------------------------------------------------------------------------------------

    def identity_of_pump(self) -> Identity:
        """What the pump tells of itself, asked once."""
        if self.identity is None:
            self.identity = self.programmer().interrogate().identity
        return self.identity

    def therapy(self, name: str) -> Therapy:
        """A therapy as this pump takes it. Raises TherapyRefused."""
        return therapy_named(name, self.scenario.therapies, self.scenario.path).therapy(self.identity_of_pump())

    def drug_id(self, name: str | None) -> int:
        """The pump's number of a drug, or of the one it was last filled with. Raises UsageError."""
        from hil.therapy.wire import drug_named

        if name is None:
            return int(self._fill()["drug_id"])
        entry = drug_named(name, self.identity_of_pump())
        if entry is None:
            raise UsageError(f"the pump does not know the drug {name!r}")
        return entry.drug_id

    def concentration(self, formula: Formula | None) -> int:
        """A strength in ng/mL, or that of the last fill."""
        if formula is None:
            return int(self._fill()["concentration_ng_per_ml"])
        return round(self.amount(formula).value * 1_000_000)

    def _fill(self) -> dict[str, Any]:
        belief = self.belief()
        fill = None if belief is None else belief["fill"]
        if fill is None:
            raise UsageError("the pump was never told of a fill", do="say which drug, and its concentration")
        return dict(fill)
