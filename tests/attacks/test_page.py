"""docs/explanation/security.md says what the code does."""

from __future__ import annotations

import re

import pytest

from protocol.limits import LOGGED_REFUSALS, WAKE_US, WAKES_UNPROVED
from protocol.security import DEFAULT, SECURITY
from tests.support.batteries import ITP_40
from tests.support.therapies import US_PER_H
from tests.tidy.tree import ROOT

PAGE = (ROOT / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)


def test_table_of_weak_pumps_is_the_codes() -> None:
    """Name, attack and lesson of each weak profile, in the order of the code."""
    assert ROW.findall(PAGE) == [(weak.name, weak.attack, weak.lesson) for weak in SECURITY.values() if weak.name != DEFAULT]


def test_figures_are_the_limits() -> None:
    """The allowance for calls, what it costs beside the pump's own draw, and the records of noise."""
    an_hour = US_PER_H // WAKE_US
    drawn_nc, own_nc = an_hour * ITP_40.battery.wake_nc, ITP_40.battery.quiescent_na * 3_600

    assert f"{WAKES_UNPROVED} at once, then {an_hour} an hour. That is {drawn_nc / 1_000_000:.1f} mC an hour, a sixteenth" in PAGE
    assert own_nc / drawn_nc == pytest.approx(16, abs=0.5)
    assert an_hour == ITP_40.battery.wakes_per_h_max
    assert f"after {LOGGED_REFUSALS} such records once an hour" in PAGE
