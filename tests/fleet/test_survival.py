"""Kaplan and Meier's estimate: a worked example, and the hazards that the engine was given, which is a check of the engine."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from firmware_sim.profile import load_profile
from hil.campaign.cases import Case
from hil.campaign.seeds import seed_words
from hil.fleet.engine import live
from hil.fleet.people import S_PER_YEAR
from hil.fleet.rates import hazards_of
from hil.fleet.survival import kaplan_meier

WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
"""Weeks in remission under 6-mercaptopurine (Freireich and others, Blood 1963), the example of most textbooks."""
ROOTS = range(1, 21)
PUMPS = 10_000
AT_YEARS = 5.9


def test_worked_example() -> None:
    """Twenty-one remissions give the textbook's curve, and Greenwood's standard error of it."""
    curve = kaplan_meier(np.array(WEEKS, np.float64), np.array(RELAPSED, bool))

    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.share.round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert [curve.low[-1].round(3), curve.high[-1].round(3)] == [0.188, 0.680]


def test_nobody_and_everybody() -> None:
    """Without an event the share stays 1; when the last one watched has it, it is 0 with an interval of 0."""
    watched = kaplan_meier(np.array([1.0, 2.0]), np.array([False, False]))
    lost = kaplan_meier(np.array([1.0, 2.0]), np.array([True, True]))

    assert watched.at(5) == (1.0, 1.0, 1.0)
    assert lost.at(2) == (0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def held() -> dict[str, int]:
    """For each cause, in how many campaigns the interval at nearly six years holds the share that the hazard makes."""
    profile = load_profile("itp-40")
    settings: dict[str, int | str] = {"rates": "single-centre", "battery-build": "affected-window", "fill": 38_000_000}
    hazards = hazards_of("single-centre", "approved", "affected-window")
    held = dict.fromkeys(("stall", "catheter", "battery"), 0)
    for root in ROOTS:
        seeds = seed_words(root, np.arange(PUMPS))
        columns = live([Case(run, 0, run, int(seed), dict(settings)) for run, seed in enumerate(seeds)], 6, profile)
        for event, hazard in zip(held, (hazards.motor_stall, hazards.catheter, hazards.battery), strict=True):
            at_s = columns[f"{event}_s"]
            curve = kaplan_meier(np.where(at_s >= 0, at_s, columns["end_s"]) / S_PER_YEAR, at_s >= 0)
            _, low, high = curve.at(AT_YEARS)
            held[event] += low <= exp(-hazard * AT_YEARS) <= high
    return held


@pytest.mark.parametrize("event", ["stall", "catheter", "battery"])
def test_hazards_are_recovered(held: dict[str, int], event: str) -> None:
    """In 19 of 20 campaigns of ten thousand pumps the 95 % interval holds the hazard that was put in, for each cause."""
    assert held[event] >= 19
