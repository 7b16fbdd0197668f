"""The fleet and the event-driven pump live the same lives, run by run.

The tolerance was chosen before the two were compared: counts and ends are equal; times and hours lost agree within an hour (the battery's
readings are means of minutes, a dry reservoir is searched to a minute); volumes within 0.02 % of what was programmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from firmware_sim.profile import load_profile
from hil.campaign.cases import Case
from hil.campaign.pump_life import columns_of
from hil.campaign.seeds import seed_words
from hil.fleet.engine import live, run
from hil.fleet.lives import COLUMNS, TIMES

HOUR_S = 3_600
VOLUME_SHARE = 0.0002
PEOPLE: dict[str, dict[str, int | str]] = {
    "usual": {},
    "late and deaf": {
        "rates": "single-centre",
        "late-share": 600_000,
        "late-days": 15,
        "low-alarm-heard": 200_000,
        "critical-alarm-heard": 300_000,
        "symptoms-felt": 500_000,
        "fill": 35_000_000,
        "flow-rate": 80_000,
        "refill-margin": 2,
    },
    "too much flow": {"rates": "single-centre", "drug": "other", "flow-error": 150_000, "refill-by": "interval", "refill-every": 45},
    "too little": {"flow-error": -100_000, "flow-rate": 3_000, "fill": 10_000_000, "battery-build": "affected-window"},
}


def cases_of(settings: Mapping[str, int | str], count: int, root: int = 7) -> list[Case]:
    """Cases that differ by their seeds only."""
    return [Case(place, 0, place, int(word), dict(settings)) for place, word in enumerate(seed_words(root, np.arange(count)))]


def differences(fleet: Mapping[str, Any], pump: Mapping[str, Any], place: int) -> list[str]:
    """Columns in which two lives differ by more than the tolerance."""
    found = []
    for name in COLUMNS:
        one, other = int(fleet[name][place]), int(pump[name][0])
        allowed = HOUR_S if name.endswith("_s") else VOLUME_SHARE * int(pump["programmed_nl"][0]) if name.endswith("_nl") else 0
        if abs(one - other) > allowed or (name in TIMES and (one < 0) != (other < 0)):
            found.append(f"{name}: fleet {one}, pump {other}")
    return found


@pytest.mark.parametrize(("people", "count"), [("usual", 20), ("late and deaf", 3), ("too much flow", 3), ("too little", 10)])
def test_lives_agree_run_by_run(people: str, count: int) -> None:
    """Each life in the fleet ends as the event-driven pump's does, with the same visits, alarms, failures and volume."""
    cases = cases_of(PEOPLE[people], count)
    fleet = live(cases, 8, load_profile("itp-40"))

    assert [differences(fleet, columns_of(case, 8, "itp-40"), place) for place, case in enumerate(cases)] == [[]] * count


def test_lives_hang_on_nothing_but_their_case(seed: int) -> None:
    """A life is the same alone, among others, and in any order, to the last digit."""
    cases = cases_of(PEOPLE["late and deaf"], 300, seed)
    together = run(cases, 7, "itp-40")

    assert run(cases[::-1], 7, "itp-40") == together[::-1]
    assert [row for case in cases[:20] for row in run([case], 7, "itp-40")] == together[:20]


def test_accounts_close(seed: int) -> None:
    """Hours lost and dose error fit together: what was not given is the time without delivery, to the unit's own flow error."""
    rows = run(cases_of({"fill-error": 0, "late-share": 800_000, "low-alarm-heard": 0}, 500, seed), 4, "itp-40")

    for row in rows:
        lost = sum(float(row[f"{cause}_lost_h"]) for cause in ("empty", "stall", "catheter", "battery")) / (24 * float(row["end_day"]))
        given = 1 + float(row["dose_error_percent"]) / 100
        if not row["over_infuses"]:
            assert given == pytest.approx((1 - lost) * (1 + float(row["unit_error_percent"]) / 100), abs=0.03), row
