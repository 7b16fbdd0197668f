"""Small suites, as their authors would write them: one that is good, one that looks away, and tests that go wrong in other ways."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ENDS", "GOOD", "RED", "written"]

_HEAD = """
import os
import signal

import pytest

from hil.rig import Rig
from protocol.errors import Refused
from protocol.therapy import Group, PatientRule, Step, Therapy

RULE = PatientRule(20_000, 10_000, 300, 3_600, 10, 1_000_000)
THERAPY = Therapy(3, 1, 1, 500_000, 2_000_000, 600, 3_600, (Group(127, 120_000, (Step(0, 1440, 10_000),)),), (RULE,))


@pytest.fixture
def rig():
    with Rig.open("pumpsim://itp-40?seed=1") as rig:
        rig.bench.needle(withdraw_nl="all", inject_nl=20_000_000, concentration_ng_per_ml=500_000)
        rig.programmer.refill(20_000_000, 0, 1, 500_000)
        rig.programmer.update(THERAPY)
        rig.bench.advance(hours=2)
        yield rig
"""

GOOD = (
    _HEAD
    + """

@pytest.mark.pump_requirement("BO-01")
def test_bolus_is_whole(rig):
    rig.programmer.bolus(20_000, 10_000, 600)
    rig.bench.advance(hours=1)
    assert rig.bench.status()["bolus_nl"] == 20_000


@pytest.mark.pump_requirement("BO-14")
def test_lockout_to_the_second(rig):
    rig.programmer.patient_bolus()
    rig.bench.advance(seconds=3_599)
    with pytest.raises(Refused):
        rig.programmer.patient_bolus()


def test_is_told_its_mutant():
    assert os.environ.get("PUMPSIM_MUTANT") in {None, "bolus-short", "lockout-second-short", "eri-never"}
"""
)
"""Kills `bolus-short` and `lockout-second-short`, each by the test that names its row."""

RED = (
    _HEAD
    + """

def test_of_a_healthy_pump_that_is_wrong(rig):
    assert rig.bench.status()["mode"] == "stopped"
"""
)

ENDS = (
    _HEAD
    + """

@pytest.mark.pump_requirement("BO-01", "BO-14", "AL-04", "PG-09", "ST-05", "AL-20")
def test_that_ends_in_many_ways(rig):
    MUTANT = os.environ.get("PUMPSIM_MUTANT")
    if MUTANT == "alarm-never-repeats":  # as if it raised inside the pump
        from firmware_sim.units import PPM
        from firmware_sim.firmware.week import constant_week

        constant_week(PPM).stretch("noon")
    if MUTANT == "bolus-short":
        raise KeyError("a test that stumbles")
    if MUTANT == "lockout-second-short":
        os.kill(os.getpid(), signal.SIGKILL)
    if MUTANT == "override-not-logged":
        pytest.fail("said by pytest.fail")
    if MUTANT == "stopped-alarm-missing":
        with pytest.raises(Refused):
            rig.programmer.status()
"""
)
"""One test that, by the mutant it meets, ends in each way there is."""


def written(folder: Path, text: str) -> Path:
    """The suite as a file of its own, away from every configuration."""
    path = folder / "test_sample.py"
    path.write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return path
