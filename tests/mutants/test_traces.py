"""Every mutant is alive: after the same acts it shows something else than a healthy pump."""

from __future__ import annotations

import pytest

from hil.errors import UsageError
from hil.mutants import MUTANTS
from hil.mutants.trial import observe, show


@pytest.mark.parametrize("name", MUTANTS)
def test_two_lines_tell_the_mutant_from_a_healthy_pump(name: str) -> None:
    """The trace of each mutant ends in two observations that differ."""
    seen = show(MUTANTS[name])

    assert seen.healthy != seen.mutant, f"{seen.acts}; {seen.look}"


def test_same_lines_show_the_same_twice() -> None:
    """What is seen belongs to the lines and not to the run."""
    mutant = MUTANTS["catch-up-after-stall"]

    assert observe(mutant.acts, mutant.look) == observe(mutant.acts, mutant.look)


def test_unknown_act_is_told() -> None:
    """A word that is no act is an error of who wrote it, never an observation."""
    with pytest.raises(UsageError, match="no act 'dance'"):
        observe("running rate=10000", "dance")
