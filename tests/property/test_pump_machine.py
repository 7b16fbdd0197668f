"""A state machine over the whole pump: any order of acts, every law after each. The rules are those of the seeded walks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.support.draws import strategy_of
from tests.support.strategies import WEAK
from tests.support.therapies import US_PER_H, simple
from tests.support.walkers import PROFILES, Step, Walker, drawn_step
from tests.support.walks import RULES, Act

EXAMPLES = 200
STEPS = 50
PATIENCE_S = 600
"""Ten thousand steps take half a minute, and more on a busy machine."""


class Machine(RuleBasedStateMachine):
    """A walker whose steps hypothesis chooses and shrinks."""

    def __init__(self) -> None:
        super().__init__()
        self.walker = Walker()


def _rule_of(name: str) -> Callable[..., None]:
    def step(self: Machine, step: Step) -> None:
        self.walker.take(step)

    return rule(step=strategy_of(lambda draws: drawn_step(draws, name)))(step)


def _machine() -> type[Machine]:
    """The machine with a rule of hypothesis for each rule of the walks."""
    found: dict[str, Callable[..., None]] = {f"rule_{name}": _rule_of(name) for name in RULES}
    return type("WholePump", (Machine,), found)


WholePump = _machine()
WholePump.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
TestWholePump = pytest.mark.timeout(PATIENCE_S)(WholePump.TestCase)


class OtherPump(WholePump):  # type: ignore[misc, valid-type]  # a class made at run time
    """The same with another pump of the family."""

    @rule(profile=st.sampled_from(PROFILES))
    def other(self, profile: str) -> None:
        """Another pump takes its place."""
        self.walker = Walker(profile)


OtherPump.TestCase.settings = settings(max_examples=EXAMPLES // 4, stateful_step_count=STEPS)
TestOtherPump = pytest.mark.timeout(PATIENCE_S)(OtherPump.TestCase)


def test_walker_starts_from_a_pump_that_can_run() -> None:
    """A walker's first pump takes a therapy, so that there is something to break."""
    walker = Walker()
    walker.take(Step(Act("commit", (simple(20_000, concentration=WEAK),)), "fork", US_PER_H))

    assert walker.said[("commit", "OK")] == 1
    assert walker.pump.status().mode == "simple"
