"""Steps of a lesson that nobody sees: what happened before the learner came, and what happens by itself while the lesson runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.errors import CheckFailed
from hil.scenario.result import Run
from hil.scenario.runner import play_steps

if TYPE_CHECKING:
    from hil.scenario.script import Step
    from hil.scenario.stage import Stage

__all__ = ["play_hidden"]


def play_hidden(stage: Stage, steps: Sequence[Step]) -> list[str]:
    """Make these steps; returns what was done, in words. Raises CheckFailed where one goes otherwise than foreseen."""
    cast = stage.cast
    run = Run(stage.scenario.name, stage.scenario.head.title, cast.variant, cast.pump, cast.seed)
    play_steps(stage, run, steps)
    stage.goodbye(even_if_away=True)
    for step in run.steps:
        for check in step.checks:
            if not check.holds:
                what = f"{step.text}: expected {check.expected}, found {check.found}"
                raise CheckFailed(what, where=check.where, do="correct the lesson")
    return [step.text for step in run.steps]
