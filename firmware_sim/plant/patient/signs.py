"""What somebody at the bedside sees: the condition, the signs, the vital signs.

Withdrawal makes blood pressure labile rather than high or low: a slow wave, drawn for each person, grows with it. Everything here is a
function of the instant, so that looking at any time in any order shows the same.
"""

from __future__ import annotations

from math import pi, sin
from typing import NamedTuple

from firmware_sim.draws import draw_word
from firmware_sim.plant.patient.effects import Column, Effects
from firmware_sim.plant.patient.preset import Preset, Vital
from firmware_sim.plant.patient.treatments import Relief
from firmware_sim.units import PPM, US_PER_MIN

__all__ = ["CONDITIONS", "WITHDRAWAL_STAGES", "VitalSigns", "conditions_of", "signs_of", "stage_of", "vital_signs_of"]

CONDITIONS = ("under-dosed", "controlled", "over-dosed")
WITHDRAWAL_STAGES = ("none", "early", "severe")
SEIZURES = ("seizure", "seizures", "convulsions")


class VitalSigns(NamedTuple):
    """What a monitor shows; `coma_score` is the Glasgow scale, 15 to 3."""

    heart_rate_per_min: float
    systolic_mmhg: float
    diastolic_mmhg: float
    temperature_c: float
    breaths_per_min: float
    saturation_percent: float
    coma_score: int


def conditions_of(effects: Effects[Column], person: Preset) -> list[int]:
    """Places among CONDITIONS: over-dosed from the first signs on, under-dosed when withdrawn or when tone is not controlled."""
    early, severe, controlled = person.withdrawal.early_excess, person.withdrawal.severe_burden, person.tone.controlled_share
    drivers = zip(effects.overdose, effects.excess, effects.burden, effects.legs_share, strict=True)
    return [
        2 if overdose >= 1 else 0 if excess >= early or burden >= severe or share < controlled else 1
        for overdose, excess, burden, share in drivers
    ]


def stage_of(effects: Effects[float], person: Preset, relief: Relief) -> str:
    """One of WITHDRAWAL_STAGES, as it shows under treatment."""
    if effects.burden / relief.withdrawal >= person.withdrawal.severe_burden:
        return WITHDRAWAL_STAGES[2]
    return WITHDRAWAL_STAGES[1 if effects.excess / relief.withdrawal >= person.withdrawal.early_excess else 0]


def signs_of(effects: Effects[float], person: Preset, relief: Relief) -> tuple[str, ...]:
    """The signs there are, by the tables of the preset, and what treatment adds."""
    withdrawal = person.withdrawal
    ratios = (
        (person.overdose_signs, effects.overdose + relief.sedation),
        (person.early_signs, effects.excess / relief.withdrawal / withdrawal.early_excess),
        (person.severe_signs, effects.burden / relief.withdrawal / withdrawal.severe_burden),
    )
    found = [sign for table, ratio in ratios for sign, level in table.items() if ratio >= level]
    found = [sign.replace("_", " ") for sign in [*found, *relief.harms]]
    return tuple(sign for sign in dict.fromkeys(found) if not (relief.seizures_stopped and sign in SEIZURES))


def vital_signs_of(effects: Effects[float], person: Preset, relief: Relief, at_us: int, seed: int | None) -> VitalSigns:
    """The monitor at an instant."""
    vital, withdrawal = person.vital, person.withdrawal
    unease = _within(effects.excess / relief.withdrawal / (2 * withdrawal.early_excess))
    storm = _within(effects.burden / relief.withdrawal / withdrawal.failing_burden)
    depth = (effects.overdose + relief.sedation) / relief.awakening
    depression = _within((depth - 1) / (vital.grave_ratio - 1))
    breathing = 1 - _within((depth - vital.depressed_ratio) / (vital.apnoea_ratio - vital.depressed_ratio))
    swing = unease * _wave(at_us, vital, seed)
    systolic = vital.systolic_mmhg + swing * vital.systolic_labile_mmhg - depression * vital.systolic_depression_mmhg
    rate = vital.heart_rate_storm_per_min * max(storm, unease / 2) - vital.heart_rate_depression_per_min * depression
    saturation = vital.saturation_percent - (
        0 if relief.airway else (1 - breathing) * (vital.saturation_percent - vital.saturation_least_percent)
    )
    return VitalSigns(
        vital.heart_rate_per_min + rate + relief.heart_rate_per_min,
        systolic,
        systolic * vital.diastolic_mmhg / vital.systolic_mmhg,
        vital.temperature_c + vital.temperature_storm_c * storm - vital.temperature_depression_c * depression,
        vital.breaths_per_min
        if relief.airway
        else (vital.breaths_per_min + vital.breaths_storm_per_min * max(storm, unease / 2)) * breathing,
        saturation,
        round(vital.coma_score - (vital.coma_score - vital.coma_score_least) * depression),
    )


def _wave(at_us: int, vital: Vital, seed: int | None) -> float:
    """A slow swing between -1 and 1: two sines whose phases are the person's own."""
    turns = at_us / US_PER_MIN / vital.wave_min
    first, second = (draw_word(seed or 0, f"patient wave {place}") % PPM / PPM for place in (0, 1))
    return (sin(2 * pi * (turns + first)) + sin(2 * pi * (turns * (1 + first) / 2 + second))) / 2


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))
