"""What the sites' levels do: reflex, tone and spasms by Hill curves, and how far the person is over-dosed or withdrawn.

Tolerance shifts the curves: half of the effect needs the more, the more the cord is used to. The reflex is not shifted, since its published
doses were measured in people on long infusion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from firmware_sim.plant.patient.preset import Preset

__all__ = ["Column", "Effects", "effects_in"]


Column = list[float]
Figures = TypeVar("Figures", float, Column)


class Effects(NamedTuple, Generic[Figures]):
    """At an instant, or columns of many. `reflex_share` is H/M as a share of what it is without drug. `overdose` is 1 where the first signs
    come. `excess` is how far what the cord is used to exceeds what it gets, `burden` what that has been of late, both in half effects.
    """

    reflex_share: Figures
    ashworth_legs: Figures
    ashworth_arms: Figures
    spasm_score: Figures
    overdose: Figures
    excess: Figures
    burden: Figures
    legs_share: Figures


def effects_in(person: Preset) -> Callable[[Sequence[Column], Column], Effects[Column]]:
    """How this person responds: a function of columns, the body's outputs (in the order of `Drivers`) and the years since the joining."""
    tone, tolerance = person.tone, person.tolerance
    drift, tone_share, brain_share = tolerance.drift_per_year, tolerance.tone_share, tolerance.brain_share
    exponent, reflex_exponent = tone.exponent, person.reflex.exponent
    legs_begin, legs_most = tone.legs_ashworth, tone.legs_ashworth - tone.least_ashworth
    arms_begin, arms_most = tone.arms_ashworth, tone.arms_ashworth - tone.least_ashworth
    spasm_begin, spasm_odds = tone.spasm_score, tone.spasm_half_effect_share**-exponent

    def effects(outputs: Sequence[Column], years: Column) -> Effects[Column]:
        _, _, _, reflex, legs, arms, brain, adaptation, burden, brain_adaptation = outputs
        needs = [(1 + drift * year) * (1 + tone_share * used if used > 0 else 1) for year, used in zip(years, adaptation, strict=True)]
        legs_odds = _odds(legs, needs, exponent)
        legs_shares = [odds / (1 + odds) for odds in legs_odds]
        return Effects(
            [1 / (1 + site**reflex_exponent) if site > 0 else 1.0 for site in reflex],
            [legs_begin - legs_most * share for share in legs_shares],
            [arms_begin - arms_most * (odds / (1 + odds)) for odds in _odds(arms, needs, exponent)],
            [spasm_begin / (1 + odds * spasm_odds) for odds in legs_odds],
            [site / (1 + brain_share * used if used > 0 else 1) for site, used in zip(brain, brain_adaptation, strict=True)],
            [used - site for used, site in zip(adaptation, legs, strict=True)],
            burden,
            legs_shares,
        )

    return effects


def _odds(sites: Column, needs: Column, exponent: float) -> Column:
    """A Hill curve: what part of its most the effect has, to what is left."""
    return [(site / need) ** exponent if site > 0 else 0.0 for site, need in zip(sites, needs, strict=True)]
