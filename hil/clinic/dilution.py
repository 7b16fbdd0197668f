"""A strength that is not sold, made from one that is: parts of drug and of sodium chloride, and the ampoules that takes (R-001 to R-006).

drug = volume x wanted / sold, the rest is sodium chloride 0.9 %. The weakest sold strength for pumps that is strong enough is taken: it is
measured in the larger volumes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hil.clinic.rules.on_supply import DILUENTS
from hil.clinic.rules.table import RuleSet
from hil.errors import CheckFailed
from hil.wording.quantity import CONCENTRATION

__all__ = ["Recipe", "dilution"]


class Recipe(NamedTuple):
    """What goes together. `discarded_nl` is left in the last ampoule and thrown away: an ampoule is for single use."""

    wanted_ng_per_ml: int
    sold_ng_per_ml: int
    drug_parts: int
    saline_parts: int
    drug_nl: Fraction
    saline_nl: Fraction
    ampoule_nl: int
    ampoules: int
    discarded_nl: Fraction


def dilution(rules: RuleSet, wanted_ng_per_ml: int, volume_nl: int, diluent: str = DILUENTS[-1], mixed_with: str = "") -> Recipe:
    """The recipe for a volume of a strength. Raises CheckFailed with the rule that forbids it, ValueError for nothing."""
    if wanted_ng_per_ml <= 0 or volume_nl <= 0:
        raise ValueError("strength and volume of a dilution are above nothing")
    _refuse(rules, wanted_ng_per_ml, diluent, mixed_with)
    ampoules = dict(zip(rules.rules["R-001"].many("strengths_ng_per_ml"), rules.rules["R-002"].many("ampoules_nl"), strict=True))
    sold = min(strength for strength in rules.rules["R-003"].many("pump_ng_per_ml") if strength > wanted_ng_per_ml)
    share = Fraction(wanted_ng_per_ml, sold)
    drug = volume_nl * share
    count = -(-drug // ampoules[sold])
    return Recipe(
        wanted_ng_per_ml=wanted_ng_per_ml,
        sold_ng_per_ml=sold,
        drug_parts=share.numerator,
        saline_parts=share.denominator - share.numerator,
        drug_nl=drug,
        saline_nl=volume_nl - drug,
        ampoule_nl=ampoules[sold],
        ampoules=count,
        discarded_nl=count * ampoules[sold] - drug,
    )


def _refuse(rules: RuleSet, wanted: int, diluent: str, mixed_with: str) -> None:
    """Raise CheckFailed for what may not be made."""
    rule, sold = rules.rules["R-005"], rules.rules["R-001"].many("strengths_ng_per_ml")
    said = CONCENTRATION.text(wanted)
    found = [
        (bool(mixed_with), f"it would be mixed with {mixed_with}", rule.advice),
        (diluent not in DILUENTS, f"{diluent!r} is no diluent", rule.advice),
        (wanted in sold, f"{said} is sold, and is not diluted", "use the ampoules of that strength"),
        (wanted > max(sold), f"{said} is stronger than any that is sold", "choose a weaker strength, and a higher rate"),
    ]
    for applies, what, do in found:
        if applies:
            raise CheckFailed(what, where=rule.id, do=do)
