"""What the pump is asked to do, in integers: the prescription and the orders beside it, and the bytes a bank holds."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from struct import Struct, error
from typing import NamedTuple

from firmware_sim.limits import CACHE_ENTRIES_MAX

__all__ = ["NO_COMMAND", "BolusOrder", "BolusPlan", "Command", "Group", "PatientRule", "Prescription", "RefillEntry", "Step"]

_HEAD = Struct("<BHHIIIIB")
_GROUP = Struct("<BIB")
_STEP = Struct("<HHI")
_COUNT = Struct("<B")
_PATIENT = Struct("<IIIIBI")


class Step(NamedTuple):
    """One stretch of a day at one rate (nL/h); minutes 0 to 1440."""

    start_minute: int
    end_minute: int
    rate_nl_per_h: int


class Group(NamedTuple):
    """Steps of a set of weekdays (bit 0 = Monday) and the dose (ng) they add up to in a day."""

    weekdays: int
    daily_dose_ng: int
    steps: tuple[Step, ...]


class PatientRule(NamedTuple):
    """What the patient may ask for: one bolus, the time between two starts, how many in 24 h, and the most volume of all
    deliveries in any 24 h (nL).
    """

    volume_nl: int
    dose_ng: int
    duration_s: int
    lockout_s: int
    most_per_day: int
    window_nl: int


class Prescription(NamedTuple):
    """A therapy as the firmware runs it. `mode` is minimum_rate (no groups), simple (one group of one step) or flex.

    `patient` holds one rule, or none where the patient may not ask for a bolus.
    """

    mode: str
    drug_id: int
    drug_version: int
    concentration_ng_per_ml: int
    low_reservoir_nl: int
    critical_repeat_s: int
    non_critical_repeat_s: int
    groups: tuple[Group, ...]
    patient: tuple[PatientRule, ...] = ()

    def encode(self) -> bytes:
        """The bytes that a bank stores."""
        mode, *numbers, _groups, _patient = self
        parts = [_HEAD.pack(_MODES.index(mode), *numbers, len(self.groups))]
        for group in self.groups:
            parts.append(_GROUP.pack(group.weekdays, group.daily_dose_ng, len(group.steps)))
            parts.extend(_STEP.pack(*step) for step in group.steps)
        parts.append(_COUNT.pack(len(self.patient)))
        parts.extend(_PATIENT.pack(*rule) for rule in self.patient)
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Prescription:
        """Read stored bytes again. Raises ValueError when they are no prescription."""
        try:
            mode, drug_id, version, concentration, low_nl, critical_s, non_critical_s, count = _HEAD.unpack_from(data)
            at, groups = _HEAD.size, []
            for _ in range(count):
                weekdays, dose_ng, steps_count = _GROUP.unpack_from(data, at)
                at += _GROUP.size
                steps = tuple(Step(*_STEP.unpack_from(data, at + place * _STEP.size)) for place in range(steps_count))
                at += steps_count * _STEP.size
                groups.append(Group(weekdays, dose_ng, steps))
            (rules,) = _COUNT.unpack_from(data, at)
            at += _COUNT.size
            patient = tuple(PatientRule(*_PATIENT.unpack_from(data, at + place * _PATIENT.size)) for place in range(rules))
            if at + rules * _PATIENT.size != len(data):
                raise ValueError("the length does not fit")
            return cls(_MODES[mode], drug_id, version, concentration, low_nl, critical_s, non_critical_s, tuple(groups), patient)
        except (error, IndexError) as cause:
            raise ValueError(f"not a prescription: {cause}") from cause

    def digest(self) -> bytes:
        """SHA-256 of the stored bytes."""
        return _digest(self)


@lru_cache(maxsize=CACHE_ENTRIES_MAX)
def _digest(prescription: Prescription) -> bytes:
    return hashlib.sha256(prescription.encode()).digest()


_MODES = ("minimum_rate", "simple", "flex")


class BolusOrder(NamedTuple):
    """One single bolus asked for: volume and the dose it must be, and the time it may take."""

    volume_nl: int
    dose_ng: int
    duration_s: int
    may_lengthen: bool = False


class BolusPlan(NamedTuple):
    """How an accepted bolus runs: its duration and the device time of its end."""

    duration_s: int
    end_us: int


class RefillEntry(NamedTuple):
    """What the programmer says was done with the needle."""

    volume_nl: int
    withdrawn_nl: int
    drug_id: int
    concentration_ng_per_ml: int


class Command(NamedTuple):
    """Who asked for an act; stored with the act's record so that its outcome can be told after a reset."""

    command_id: int
    programmer_id: int
    digest: bytes


NO_COMMAND = Command(0, 0, b"")
"""For acts not asked for over the wire."""
