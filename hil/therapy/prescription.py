"""The one mapping between the wire's `Therapy` and the firmware's `Prescription`, both ways."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from firmware_sim.errors import Refused
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.prescription import Group, PatientRule, Prescription, Step
from protocol import therapy as wire
from protocol.codec import encode
from protocol.codes import Mode

__all__ = ["MODE_NAMES", "image_digest", "to_prescription", "to_therapy"]

MODE_NAMES: dict[str, Mode] = {
    "shelf": Mode.SHELF,
    "stopped": Mode.STOPPED,
    "minimum_rate": Mode.MINIMUM_RATE,
    "simple": Mode.SIMPLE,
    "flex": Mode.FLEX,
}
"""The firmware's mode names and the wire's numbers."""

_THERAPY_MODES = {int(MODE_NAMES[name]): name for name in RUNNING}


def to_prescription(therapy: wire.Therapy) -> Prescription:
    """The firmware's shape. Raises the firmware's Refused for a mode no therapy has."""
    if therapy.mode not in _THERAPY_MODES:
        raise Refused("UNKNOWN_MODE", "MODE", therapy.mode, Mode.FLEX)
    groups = tuple(Group(group.weekdays, group.daily_dose_ng, tuple(Step(*step) for step in group.steps)) for group in therapy.groups)
    return Prescription(
        mode=_THERAPY_MODES[therapy.mode],
        drug_id=therapy.drug_id,
        drug_version=therapy.drug_version,
        concentration_ng_per_ml=therapy.concentration_ng_per_ml,
        low_reservoir_nl=therapy.low_reservoir_nl,
        critical_repeat_s=therapy.critical_repeat_s,
        non_critical_repeat_s=therapy.non_critical_repeat_s,
        groups=groups,
        patient=tuple(PatientRule(*rule) for rule in therapy.patient),
    )


@lru_cache(maxsize=64)
def to_therapy(prescription: Prescription) -> wire.Therapy:
    """The wire's shape."""
    groups = tuple(
        wire.Group(group.weekdays, group.daily_dose_ng, tuple(wire.Step(*step) for step in group.steps)) for group in prescription.groups
    )
    return wire.Therapy(
        mode=MODE_NAMES[prescription.mode],
        drug_id=prescription.drug_id,
        drug_version=prescription.drug_version,
        concentration_ng_per_ml=prescription.concentration_ng_per_ml,
        low_reservoir_nl=prescription.low_reservoir_nl,
        critical_repeat_s=prescription.critical_repeat_s,
        non_critical_repeat_s=prescription.non_critical_repeat_s,
        groups=groups,
        patient=tuple(wire.PatientRule(*rule) for rule in prescription.patient),
    )


@lru_cache(maxsize=64)
def image_digest(prescription: Prescription) -> bytes:
    """SHA-256 of the wire image: what a programmer compares with what it sealed."""
    return hashlib.sha256(encode(to_therapy(prescription))).digest()
