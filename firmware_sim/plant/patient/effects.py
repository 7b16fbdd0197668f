"""What the sites' levels do: reflex, tone and spasms by Hill curves, and how far the person is over-dosed or withdrawn.

Tolerance shifts the curves: half of the effect needs the more, the more the cord is used to. The reflex is not shifted, since its published
doses were measured in people on long infusion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from firmware_sim.plant.patient.preset import Preset

__all__ = ["Effects", "effects_in"]


class Effects(NamedTuple):
    """`reflex_share` is H/M as a share of what it is without drug. `overdose` is 1 where the first signs come. `excess` is how far what the
    cord is used to exceeds what it gets, `burden` what that has been of late, both in half effects.
    """

    reflex_share: float
    ashworth_legs: float
    ashworth_arms: float
    spasm_score: float
    overdose: float
    excess: float
    burden: float
    legs_share: float


def effects_in(person: Preset) -> Callable[[Sequence[float], float], Effects]:
    """How this person responds: a function of the outputs of the body (those of `Drivers`, in order) and the years since the joining."""
    tone, tolerance = person.tone, person.tolerance
    drift, tone_share, brain_share = tolerance.drift_per_year, tolerance.tone_share, tolerance.brain_share
    exponent, reflex_exponent = tone.exponent, person.reflex.exponent
    legs_most, arms_most = tone.legs_ashworth - tone.least_ashworth, tone.arms_ashworth - tone.least_ashworth
    legs_begin, arms_begin, spasm_begin = tone.legs_ashworth, tone.arms_ashworth, tone.spasm_score
    spasm_odds = tone.spasm_half_effect_share**-exponent
    make = Effects._make

    def effects(outputs: Sequence[float], years: float) -> Effects:
        _, _, _, reflex, legs, arms, brain, adaptation, burden, brain_adaptation = outputs
        need = (1 + drift * years) * (1 + tone_share * adaptation if adaptation > 0 else 1)
        legs_odds: float = (legs / need) ** exponent if legs > 0 else 0.0
        arms_odds: float = (arms / need) ** exponent if arms > 0 else 0.0
        legs_share = legs_odds / (1 + legs_odds)
        return make(
            (
                1 / (1 + reflex**reflex_exponent) if reflex > 0 else 1.0,
                legs_begin - legs_most * legs_share,
                arms_begin - arms_most * (arms_odds / (1 + arms_odds)),
                spasm_begin / (1 + legs_odds * spasm_odds),
                brain / (1 + brain_share * brain_adaptation if brain_adaptation > 0 else 1),
                adaptation - legs,
                burden,
                legs_share,
            )
        )

    return effects
