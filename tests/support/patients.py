"""A pump whose therapy allows the patient a bolus, and the ways to ask it for one."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.prescription import Command, PatientRule, Prescription
from tests.support.therapies import (
    ML,
    US_PER_S,
    running,
    simple,
)

VOLUME_NL = 50_000
BASAL_NL = 240_000
"""A day of 10 uL/h."""
LOCKOUT_S = 3_600
RULE = PatientRule(VOLUME_NL, 25_000, 600, LOCKOUT_S, 6, 2 * ML)
"""Never full in a day: 240,000 + 6 x 50,000 nL."""
AFTER_A_STEEP_DAY_NL = (40_000 * 131 + 10_000 * 13) // 6 + VOLUME_NL
"""Two hours after a change from 40 to 10 uL/h the fullest window ends with the bolus asked for: 21 h 50 min of one rate, then the other."""


def patient(rule: PatientRule = RULE, therapy: Prescription | None = None) -> Prescription:
    """10 uL/h day and night, or another therapy, with a rule for the patient."""
    return (therapy or simple())._replace(patient=(rule,))


def ready(rule: PatientRule = RULE, therapy: Prescription | None = None) -> Pump:
    """A pump that has run for one lockout: the patient may ask."""
    pump = running(patient(rule, therapy), volume_nl=40 * ML)
    pump.advance_to(pump.true_us_of(rule.lockout_s * US_PER_S))
    return pump


def ask(pump: Pump) -> int:
    """A patient bolus under an id of its own; returns when it began."""
    pump.patient_bolus(Command(pump.last_effect_id() + 1, 9, bytes(16)))
    return pump.device_us


def refused(pump: Pump) -> Refused:
    """The refusal of a patient bolus, which changes nothing about the therapy."""
    before = pump.digest("therapy")
    with pytest.raises(Refused) as refusal:
        ask(pump)
    assert pump.digest("therapy") == before
    return refusal.value


def until(pump: Pump, device_us: int) -> None:
    """Let time pass to a device time."""
    pump.advance_to(pump.true_us_of(device_us))
