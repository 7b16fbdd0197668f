"""The plans that ship, made small: every engine and story runs, and what a safety engineer would ask comes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from hil.campaign.cases import Case
from hil.campaign.engines import engine_of
from hil.campaign.outcomes import Outcomes
from hil.campaign.plan import Plan, plan_named, shipped_plans
from hil.campaign.report import render
from hil.campaign.results import grid_columns

RUNS = {"stall-and-battery": 400, "alarm-level": 400, "refill-policy": 100, "mri-trap": 40, "abandoned-update": 30, "retry-bug": 60}


def lived(name: str) -> Outcomes:
    """A plan that ships, with fewer runs, as its report reads it."""
    plan: Plan = plan_named(name)
    plan.runs = RUNS[name]
    cases = plan.cases(0, plan.size)
    rows = engine_of(plan.engine, plan.story)(cases, plan.years, plan.profile)
    words = {key for key, value in rows[0].items() if isinstance(value, str)}
    numbers = {key: np.array([_number(row[key]) for row in rows]) for key in rows[0] if key not in words}
    numbers |= {"point": np.array([float(case.point) for case in cases])}
    named = {key: np.array([str(row[key]) for row in rows]) for key in words}
    numbers |= _grid(plan, cases)
    points = [dict(zip(grid_columns(plan), point.values(), strict=True)) for point in plan.points]
    summary = {
        "name": plan.name,
        "digest": plan.digest,
        "plan": plan.plain,
        "points": points,
        "cases": plan.size,
        "done": plan.size,
        "failed": [],
    }
    return Outcomes(summary, numbers, named)


def _grid(plan: Plan, cases: Sequence[Case]) -> dict[str, NDArray[np.float64]]:
    """The columns of the grid that are numbers."""
    named = zip(grid_columns(plan), plan.grid, strict=True)
    return {
        column: np.array([float(case.parameters[name]) for case in cases]) for column, name in named if isinstance(plan.grid[name][0], int)
    }


def _number(value: object) -> float:
    return np.nan if value is None else float(str(value))


def mean(outcomes: Outcomes, column: str) -> list[float]:
    """A column's mean at each point."""
    return [float(np.nanmean(outcomes.numbers[column][point.rows])) for point in outcomes.points]


def test_every_plan_that_ships_is_tried_here() -> None:
    """No plan ships that nothing runs."""
    assert set(RUNS) == set(shipped_plans())


def test_alarm_at_4_ml_spares_empty_pumps() -> None:
    """With the alarm at 4 mL fewer pumps run empty than at 2 mL, and their visits cost more."""
    outcomes = lived("alarm-level")
    empties, refills = mean(outcomes, "empties"), mean(outcomes, "refills")

    assert empties[1] < empties[0] / 2
    assert refills[1] > refills[0]


def test_days_in_hand_spare_empty_pumps() -> None:
    """More days in hand, fewer empty pumps, and more visits; late visits make it worse at each margin."""
    outcomes = lived("refill-policy")
    empties, refills = (np.array(mean(outcomes, column)).reshape(4, 2) for column in ("empties", "refills"))

    assert (np.diff(empties, axis=0) <= 0).all()
    assert (np.diff(refills, axis=0) > 0).all()
    assert (empties[:3, 1] > empties[:3, 0]).all()


def test_single_centre_pumps_stall_more() -> None:
    """The two sets of rates lie far apart, and the affected batteries fail more often."""
    outcomes = lived("stall-and-battery")
    stalls, batteries = mean(outcomes, "stall"), mean(outcomes, "battery")

    assert min(stalls[2:]) > 2 * max(stalls[:2])
    assert batteries[1] > batteries[0]
    assert batteries[3] > batteries[2]


def test_only_sounding_pumps_are_caught_in_the_scanner() -> None:
    """The trap catches pumps whose alarm sounds, all of them and no other, and each loses more than the scan."""
    outcomes = lived("mri-trap")
    caught, missed = outcomes.numbers["caught"], outcomes.numbers["missed_h"]

    assert caught.tolist() == outcomes.numbers["alarm_sounded"].tolist()
    assert np.median(missed[caught == 0]) == pytest.approx(0.75, abs=0.05)
    assert (missed[caught == 1] > 1).all()


def test_abandoned_updates_are_found_late() -> None:
    """Every pump is stopped; the alarm comes after 48 hours, and one that is heard more often finds pumps sooner."""
    outcomes = lived("abandoned-update")
    found = [outcomes.known("found_h", point).mean() for point in outcomes.points]

    assert outcomes.numbers["stopped"].all()
    assert np.nanmin(outcomes.numbers["alarm_h"]) == pytest.approx(48, abs=0.1)
    assert found[1] <= found[0]


def test_retry_bug_doubles_doses() -> None:
    """A programmer that sends the command again never doubles a dose; one that orders anew does, on a link that loses frames."""
    outcomes = lived("retry-bug")
    sound_1, sound_10, _, bug_10 = mean(outcomes, "doubled")

    assert sound_1 == sound_10 == 0 < bug_10


@pytest.mark.parametrize("name", ["alarm-level", "abandoned-update"])
def test_report_holds_itself_together(name: str) -> None:
    """The page has its plots, asks the network for nothing, and names each point."""
    outcomes = lived(name)
    page = render(outcomes)

    assert page.count("<svg") >= 2
    assert "<script" not in page
    assert "src=" not in page
    assert all(point.short in page for point in outcomes.points)
    assert "What matters most" in page
