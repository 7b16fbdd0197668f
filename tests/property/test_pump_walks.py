"""Seeded walks over the whole pump: the rules and laws of the state machine, for longer than hypothesis would go."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest

from firmware_sim import Pump
from firmware_sim.faults.registry import FAULTS
from tests.conftest import TOLD_PROPERTY
from tests.support.draws import BySeed
from tests.support.strategies import WEAK
from tests.support.therapies import ML, US_PER_H, simple
from tests.support.walkers import PROFILES, STEP_RULES, Step, Walker, drawn_step
from tests.support.walks import ACTS, CAUSES, Act

SHORT_STEPS = 400
LONG_STEPS = 10_000
LONG_WALKS = 10
COMPARE_EVERY = 8
STEPS_TOLD = 12
UNNAMED = {"inject", "wait", "clear_handle"}
"""Acts that a walk counts under another name, or does only within another."""


def walk(seed: int, steps: int, profile: str = "itp-40") -> Walker:
    """Walk so many steps; what fails tells the seed, the step and the steps before it."""
    draws, walker, taken = BySeed(seed), Walker(profile, seed % 1_000, COMPARE_EVERY), []
    for number in range(steps):
        step = drawn_step(draws, draws.pick(STEP_RULES))
        taken.append(step)
        try:
            walker.take(step)
        except BaseException as error:
            error.add_note(f"{profile}, walk of seed {seed}, step {number}; the last steps:")
            for told in islice(taken, max(0, number - STEPS_TOLD), None):
                error.add_note(f"  {told}")
            raise
    walker.compare()
    return walker


@pytest.mark.parametrize("profile", PROFILES)
def test_laws_hold_on_a_walk(profile: str, seed: int) -> None:
    """Every law holds at each step of a walk with each pump of the family."""
    assert walk(seed, SHORT_STEPS, profile).taken == SHORT_STEPS


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("number", range(LONG_WALKS))
def test_laws_hold_on_a_long_walk(number: int, seed: int, record_property: Callable[[str, object], None]) -> None:
    """Every law holds at each of ten thousand steps, on which every act and every fault has its turn."""
    walker = walk(seed, LONG_STEPS, PROFILES[number % 4] if number >= 4 else "itp-40")
    record_property(TOLD_PROPERTY, f"walk {number}: seed {seed}, {LONG_STEPS} steps, {len(walker.said)} kinds of answer")
    came = {name for name, answer in walker.said if answer == "OK"}

    assert not set(FAULTS) - came, "a fault never came into force"
    assert not set(ACTS) - UNNAMED - came, "an act was never done"


def started() -> Walker:
    """A walker whose pump runs, was filled, and has an alarm."""
    walker = Walker()
    walker.take(Step(Act("commit", (simple(20_000, concentration=WEAK),)), "fork"))
    walker.take(Step(Act("refill", (ML, WEAK)), "", US_PER_H))
    assert walker.pump.status().alarms
    return walker


def _forget(name: str, value: object) -> Callable[[Walker], None]:
    return lambda walker: setattr(walker.witness, name, value)


def _other_record(walker: Walker) -> None:
    number, entry = max(walker.witness.records.items())
    walker.witness.records[number] = entry._replace(value=entry.value + 1)


def _later_twin(walker: Walker) -> None:
    assert walker.twin is not None
    walker.twin.advance(us=1)


SPOILT: dict[str, Callable[[Walker], None]] = {
    "delivered volume": _forget("delivered_fl", 10**30),
    "delivered drug": _forget("delivered_mass", 10**30),
    "steps go back": _forget("steps", 10**9),
    "more moved than commanded": _forget("limits", -(10**6)),
    "the maximum rate": lambda walker: _forget("steps", walker.witness.steps - 100)(walker),
    "generation": _forget("generation", 99),
    "alarm without record": _forget("raised", set()),
    "therapy": _forget("therapies", {None}),
    "computed reservoir": _forget("filled", (2 * ML, 0)),
    "another record": _other_record,
    "a number that falls": lambda walker: walker.witness.records.update({10**6: next(iter(walker.witness.records.values()))}),
    "boots": _forget("boot_count", 9),
    "device time": _forget("device_us", 10**18),
    "true time": _forget("now_us", 10**18),
    "twin": _later_twin,
}


@pytest.mark.parametrize("name", SPOILT)
def test_each_law_can_fail(name: str) -> None:
    """A witness that remembers something else than was so finds the law broken."""
    walker = started()
    walker.take(Step(Act("alarm_test")))
    SPOILT[name](walker)

    with pytest.raises(AssertionError):
        walker.take(Step(Act("alarm_test")))


def test_refusal_that_changes_something_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pump that changes its therapy while it refuses is found."""
    walker = started()
    plain = Pump.digest
    monkeypatch.setattr(Pump, "digest", lambda pump, part="all": plain(pump, "all" if part == "therapy" else part))

    with pytest.raises(AssertionError, match="changes nothing"):
        walker.take(
            Step(Act("silence", (CAUSES[2],))),
        )


def test_walk_is_the_same_from_the_same_seed() -> None:
    """A seed tells a walk: two of one seed end alike, another ends elsewhere."""
    digests = [walk(seed, 40).pump.digest() for seed in (5, 5, 6)]

    assert digests[0] == digests[1] != digests[2]
