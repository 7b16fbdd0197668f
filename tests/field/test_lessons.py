"""Every lesson that happened is a scenario, and comes out as it did in the field: on the unit it names, and on another one."""

from __future__ import annotations

import pytest

from hil.scenario.beginning import Target
from hil.scenario.runner import play_all
from hil.scenario.script import Scenario
from hil.scenario.shelf import scenario_named, shipped_names
from tests.field.lessons import LESSONS, failures

REQUIRED = ("over-infusion", "update-abandoned", "replacement-missed", "dive-and-chamber")
"""Scenarios that show a row of the requirements."""
OTHERS = tuple(name for name in shipped_names() if name not in REQUIRED)
ANOTHER_UNIT = 1
"""A seed whose unit gives less than its box says, where that of the files gives more."""


def lessons_of(scenarios: list[Scenario]) -> list[str]:
    """The lessons that scenarios play."""
    return [scenario.head.lesson for scenario in scenarios if scenario.head.lesson is not None]


def test_every_lesson_is_played_once() -> None:
    """What happened once is not forgotten."""
    assert sorted(lessons_of([scenario_named(name) for name in shipped_names()])) == sorted(LESSONS)


@pytest.mark.parametrize("name", OTHERS)
def test_lesson_comes_out_as_it_did(name: str) -> None:
    """Each expectation of each variant holds."""
    runs = play_all(scenario_named(name))

    assert failures(runs) == []
    assert all(step.checks for run in runs for step in run.steps if step.word == "expect")


@pytest.mark.pump_requirement("RS-07")
def test_over_infusing_pump_runs_dry_without_alarm() -> None:
    """Empty two days before the visit, no alarm, and nothing withdrawn where 2.7 mL are expected."""
    assert failures(play_all(scenario_named("over-infusion"))) == []


@pytest.mark.pump_requirement("ST-05")
def test_abandoned_update_alarms_after_48_hours() -> None:
    """Found after two, eight or 21 days: no dose, and an alarm from the 48th hour on; the next pump goes on."""
    runs = play_all(scenario_named("update-abandoned"))

    assert failures(runs) == []
    assert [run.pump for run in runs] == ["itp-40"] * 3 + ["itp-40-next"]


@pytest.mark.pump_requirement("PW-05", "AL-16")
def test_missed_replacement_ends_in_a_stop_for_good() -> None:
    """90 days of one tone an hour with the full dose, then two tones every ten minutes, no dose and no start."""
    assert failures(play_all(scenario_named("replacement-missed"))) == []


@pytest.mark.pump_requirement("EN-03")
def test_pressure_costs_a_little_dose() -> None:
    """Dives and sessions in a chamber, and a reservoir that is dented by the pressure."""
    assert failures(play_all(scenario_named("dive-and-chamber"))) == []


@pytest.mark.parametrize("name", ["over-infusion", "concentration-raised", "old-tubing-constant", "low-reservoir-too-late"])
def test_lesson_holds_for_a_unit_that_gives_less(name: str) -> None:
    """Formulas, not figures of one unit: the same expectations hold on one whose steps are smaller than its box says."""
    assert failures(play_all(scenario_named(name), Target("", seed=ANOTHER_UNIT))) == []
