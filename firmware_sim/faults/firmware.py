"""Faults of the firmware and its watchdog."""

from __future__ import annotations

from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter
from firmware_sim.hal import SELF_TESTS
from firmware_sim.plant.conditions import Conditions
from firmware_sim.profile import Profile

__all__ = ["FIRMWARE_FAULTS", "TASKS"]

TASKS = ("dosing", "alarms", "telemetry")
"""Each task of the firmware that a watchdog waits for."""


def _hang(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.hung |= {TASKS[fault.value("task")]}


def _kill_watchdog(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.watchdog_dead = True
    conditions.failing |= {"watchdog"}


def _fail_test(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.failing |= {SELF_TESTS[fault.value("test")]}


FIRMWARE_FAULTS = (
    FaultSpec(
        "firmware.hang",
        (
            Parameter("task", "which task no longer answers its watchdog", choices=TASKS),
            Parameter("outlasts_reset", "1: the reset does not cure it", 0, 1, default=0),
        ),
        "the watchdog resets it; what outlasts that is watchdog_failure: motor off until service",
        "what the hung task should have done meanwhile",
        "a hung dosing task commands no step; after the reset the therapy goes on and nothing is caught up",
        "hazard lists for infusion pumps: software hang",
        _hang,
    ),
    FaultSpec(
        "firmware.watchdog_dead",
        (),
        "watchdog_failure at the next self-test: motor off until service",
        "a hung task until then",
        "delivery goes on as programmed until the self-test finds it",
        "generic infusion pump requirements: the watchdog itself is tested",
        _kill_watchdog,
    ),
    FaultSpec(
        "firmware.selftest_fail",
        (Parameter("test", "which self-test fails", choices=SELF_TESTS),),
        "the alarm of that test at the next self-test, power-on or periodic: motor off until service",
        "the failure before that test",
        "delivery goes on as programmed until the test; then nothing is given",
        "generic infusion pump requirements: each power-on test can fail",
        _fail_test,
    ),
)
