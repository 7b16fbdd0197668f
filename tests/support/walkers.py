"""A pump that goes on a walk, a twin made from its image that takes the same walk unlooked at, and images to go back to."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import NamedTuple

from firmware_sim import Pump
from tests.support.draws import Draws
from tests.support.strategies import WEAK
from tests.support.therapies import ML, US_PER_DAY, filled
from tests.support.walk_laws import Deed, Witness
from tests.support.walks import FRONT, RULES, Act, do, drawn_wait

__all__ = ["PROFILES", "STEP_RULES", "Step", "Walker", "drawn_step"]

PROFILES = ("itp-40", "itp-20", "itp-40-next", "legacy-18", "cf-16")
SHELF_MAX = 4
NEXT_MAX_US = 60 * US_PER_DAY


class Step(NamedTuple):
    """One step of a walk: an act, what the walker does with images before it (fork, keep, back or nothing), and how long to wait after it
    (-1: until what is due next).
    """

    act: Act
    images: str = ""
    wait_us: int = 0


class Walker:
    """A pump under the laws. `compare_every` says how often twin and pump are compared, in steps."""

    def __init__(self, profile: str = "itp-40", seed: int = 3, compare_every: int = 1) -> None:
        self.pump = filled(15 * ML, seed, profile, WEAK) if profile != "cf-16" else Pump(profile, seed=seed)
        self.witness = Witness()
        self.twin: Pump | None = None
        self.compare_every = compare_every
        self.taken = 0
        self.said: Counter[tuple[str, str]] = Counter()
        self._shelf: list[tuple[bytes, Witness]] = []
        self.witness.look(self.pump)
        self._keep()

    def take(self, step: Step) -> None:
        """Take one step and judge the pump by every law."""
        if step.images:
            {"fork": self._fork, "keep": self._keep, "back": self._back}[step.images]()
        if step.act.name == "mend" and self._worn_out():
            self._go_back_to(0)
        self._act(step.act)
        self.pump.advance()
        self.witness.look(self.pump)
        self._wait(step.wait_us)
        self.witness.look(self.pump)
        self.taken += 1
        if self.taken % self.compare_every == 0:
            self.compare()

    def compare(self) -> None:
        """Looking changed nothing, pieces of time are time, and an image is the pump."""
        assert self.twin is None or self.twin.digest() == self.pump.digest(), "the twin differs"

    def _act(self, act: Act) -> None:
        front = act.name in FRONT
        before = self.pump.digest("therapy") if front else ""
        answer = do(self.pump, act)
        after = self.pump.digest("therapy") if front and answer not in ("OK", "CUT") else before
        if self.twin is not None:
            assert do(self.twin, act) == answer, "the twin answers otherwise"
        self.said[(self._name(act), answer)] += 1
        self.witness.done(self.pump, Deed(act, answer, before, after))

    def _name(self, act: Act) -> str:
        return str(act.arguments[0]) if act.name == "inject" else act.name

    def _wait(self, us: int) -> None:
        """Let time pass: for the pump in pieces with looks between, for the twin at once."""
        due_us = self.pump.next_due()
        if us < 0:
            us = 0 if due_us is None else min(due_us - self.pump.now_us, NEXT_MAX_US)
        for piece in (us // 3, us - us // 3):
            self.pump.advance(us=piece)
            self.pump.sample(1, 0)
            self.pump.sound()
        if self.twin is not None:
            self.twin.advance(us=us)

    def _fork(self) -> None:
        self.compare()
        self.twin = Pump.restore(self.pump.save())

    def _keep(self) -> None:
        self._shelf = [*self._shelf[:1], *self._shelf[1:][-SHELF_MAX + 2 :], (self.pump.save(), deepcopy(self.witness))]

    def _back(self) -> None:
        self._go_back_to(-1)

    def _go_back_to(self, place: int) -> None:
        image, witness = self._shelf[place]
        self.pump, self.witness, self.twin = Pump.restore(image), deepcopy(witness), None

    def _worn_out(self) -> bool:
        """Whether nothing that service does helps: the first image takes its place, as a new pump would."""
        stuck = "motor.permanent_stall" in self.pump.truth().faults
        return stuck or (self.pump.answers and any(alarm.cause == "eos" for alarm in self.pump.status().alarms))


def drawn_images(draws: Draws) -> str:
    """What is done with images before a step: mostly nothing."""
    return {0: "fork", 1: "keep", 2: "back", 3: "fork"}.get(draws.whole(0, 60), "")


def drawn_step(draws: Draws, rule: str) -> Step:
    """A step that begins with an act of that rule."""
    act = RULES[rule](draws)
    wait_us = drawn_wait(draws) if draws.whole(0, 5) else -1
    return Step(act, drawn_images(draws), wait_us)


STEP_RULES = (*RULES, "commit", "commit", "refill", "mend", "mend", "inject", "inject", "clear", "clear", "clear")
"""Rules as often as a seeded walk takes each."""
