"""Small scenarios in text, read and played in this process."""

from __future__ import annotations

import textwrap

import pytest

from hil.errors import ScenarioFileError
from hil.scenario.reader import parse_scenario
from hil.scenario.result import Run
from hil.scenario.runner import play_all
from hil.scenario.script import Scenario

__all__ = ["HEAD", "problems_of", "run_of", "runs", "scenario_of"]

HEAD = """
title: A test
seed: 3
therapies:
  usual:
    drug: baclofen
    concentration: 500 mcg/mL
    mode: simple
    low-reservoir-alarm: 2 mL
    daily-dose: 480 mcg/day
begin:
  running: usual
  reservoir: 20 mL
"""
"""A pump that runs 480 mcg a day."""


def scenario_of(steps: str, head: str = HEAD) -> Scenario:
    """A scenario of these steps."""
    return parse_scenario(f"{head.strip()}\nsteps:\n{textwrap.indent(textwrap.dedent(steps).strip(), '  ')}\n".encode(), "test.yaml")


def runs(steps: str, head: str = HEAD) -> list[Run]:
    """All its runs, played."""
    return play_all(scenario_of(steps, head))


def run_of(steps: str, head: str = HEAD) -> Run:
    """The only run."""
    (run,) = runs(steps, head)
    return run


def problems_of(steps: str, head: str = HEAD) -> list[str]:
    """What is wrong with it, a line each without the file's name."""
    with pytest.raises(ScenarioFileError) as caught:
        scenario_of(steps, head)
    return [line.removeprefix("test.yaml:") for line in caught.value.lines]
