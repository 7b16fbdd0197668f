"""Rows that hold for each alarm of the catalogue: its code, class, priority, the rate under it, boluses beside it, and its records."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.alarms import ALARMS, number_of
from protocol.codes import AlarmCause
from tests.requirements.causes import CAUSES

every_cause = pytest.mark.parametrize("cause", CAUSES)

ONSETS = ("immediate", "prompt", "delayed")
PRIORITIES: dict[str, tuple[str, str, str]] = {
    "death": ("HIGH", "HIGH", "MEDIUM"),
    "reversible": ("HIGH", "MEDIUM", "LOW"),
    "minor": ("MEDIUM", "LOW", "LOW"),
}
"""Priority by what may happen if nobody reacts, and how soon; columns as ONSETS."""
RISKS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(CAUSES, ("death", "prompt")),  # no drug, or next to none: withdrawal within hours to days
    "stopped_too_long": ("death", "delayed"),  # two days have passed without harm so far
    "low_reservoir": ("reversible", "delayed"),
    "memory_error": ("minor", "prompt"),
    "eri": ("reversible", "delayed"),
    "log_error": ("minor", "prompt"),
    "supply_range": ("reversible", "prompt"),
    "keys_changed": ("minor", "prompt"),
}


@pytest.mark.pump_requirement("AL-02")
def test_each_cause_has_one_code_and_no_code_is_for_anything() -> None:
    """The causes that can be brought about are the catalogue; each has a number of its own, the same on the wire, and a telling name."""
    names = [alarm.cause for alarm in ALARMS]

    assert names == list(CAUSES)
    assert [number_of(name) for name in names] == [AlarmCause[name.upper()] for name in names] == list(range(len(names)))
    assert not {"error", "alarm", "fault", "general"} & set(names)


@pytest.mark.pump_requirement("AL-06")
@every_cause
def test_class_and_priority_are_those_of_the_table(cause: str) -> None:
    """The implant's class is the description's; a console's priority follows from the harm and how soon it comes."""
    row, (harm, onset) = ALARMS[number_of(cause)], RISKS[cause]

    assert row.critical == CAUSES[cause].critical
    assert row.priority == PRIORITIES[harm][ONSETS.index(onset)]
