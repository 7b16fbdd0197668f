"""One person: a preset with what is his own, drawn from his seed, and his sensitivity.

A factor is the exponential of a bell-shaped draw, so that half and double are as likely. Half-life and volume are drawn, and clearance
follows from them. Without a seed it is the preset's typical patient.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp

from firmware_sim.draws import draw_bell_ppm, draw_word
from firmware_sim.plant.patient.preset import Preset, Sensitivity
from firmware_sim.units import PPM

__all__ = ["drawn", "person_of"]


def person_of(preset: Preset, sensitivity: Sensitivity, seed: int | None) -> Preset:
    """The preset's numbers as they are in this person."""
    return _with_sensitivity(preset if seed is None else _varied(preset, seed), sensitivity)


def drawn(seed: int | None, name: str, share: float) -> bool:
    """Whether something that happens to this share of people happens here."""
    return draw_word(seed or 0, f"patient {name}") % PPM < share * PPM


def _varied(preset: Preset, seed: int) -> Preset:
    spread = preset.variation

    def factor(name: str, deviation: float, reach: float) -> float:
        return exp(draw_bell_ppm(seed, f"patient {name}", round(deviation * PPM), round(reach * PPM)) / PPM)

    csf, tone, tolerance = preset.csf, preset.tone, preset.tolerance
    time = factor("half-life", spread.half_life_spread, spread.half_life_reach)
    volume = factor("volume", spread.volume_spread, spread.volume_reach)
    length = factor("length constant", spread.length_constant_spread, spread.length_constant_reach)
    pace = factor("rate", spread.rate_spread, spread.rate_reach)
    habit = factor("tolerance", spread.rate_spread, spread.rate_reach)
    stiff = factor("tone", spread.tone_spread, spread.tone_reach)
    need = factor("withdrawal", spread.withdrawal_spread, spread.withdrawal_reach)
    reached = [factor(name, spread.sensitivity_spread, spread.sensitivity_reach) for name in ("cord", "brain")]
    varied = replace(
        preset,
        csf=replace(
            csf,
            half_life_h=csf.half_life_h * time,
            clearance_ml_per_h=csf.clearance_ml_per_h * volume / time,
            area_cm2=csf.area_cm2 * volume,
            length_constant_cm=csf.length_constant_cm * length,
        ),
        tone=replace(
            tone,
            rate_per_h=tone.rate_per_h * pace,
            legs_ashworth=tone.least_ashworth + (tone.legs_ashworth - tone.least_ashworth) * stiff,
            arms_ashworth=tone.least_ashworth + (tone.arms_ashworth - tone.least_ashworth) * stiff,
        ),
        tolerance=replace(tolerance, time_h=tolerance.time_h * habit, drift_per_year=tolerance.drift_per_year * habit),
    )
    return _with_sensitivity(varied, Sensitivity(reached[0], reached[0], reached[1], need))


def _with_sensitivity(preset: Preset, sensitivity: Sensitivity) -> Preset:
    tone, reflex, brain, withdrawal = preset.tone, preset.reflex, preset.brain, preset.withdrawal
    return replace(
        preset,
        tone=replace(
            tone,
            legs_half_effect_ng_per_ml=tone.legs_half_effect_ng_per_ml * sensitivity.tone,
            arms_half_effect_ng_per_ml=tone.arms_half_effect_ng_per_ml * sensitivity.tone,
            half_effect_plasma_ng_per_ml=tone.half_effect_plasma_ng_per_ml * sensitivity.tone,
        ),
        reflex=replace(
            reflex,
            half_effect_ng_per_ml=reflex.half_effect_ng_per_ml * sensitivity.reflex,
            half_effect_plasma_ng_per_ml=reflex.half_effect_plasma_ng_per_ml * sensitivity.reflex,
        ),
        brain=replace(
            brain,
            unit_ng_per_ml=brain.unit_ng_per_ml * sensitivity.brain,
            unit_plasma_ng_per_ml=brain.unit_plasma_ng_per_ml * sensitivity.brain,
        ),
        withdrawal=replace(
            withdrawal,
            early_excess=withdrawal.early_excess * sensitivity.withdrawal,
            severe_burden=withdrawal.severe_burden * sensitivity.withdrawal,
            failing_burden=withdrawal.failing_burden * sensitivity.withdrawal,
        ),
    )
