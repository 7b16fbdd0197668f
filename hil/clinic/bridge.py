"""The bridge bolus: how the old strength leaves tubing and catheter when the concentration changes.

volume V = tubing + catheter; rate = bridge dose / C_old; duration = V x C_old / bridge dose (DEVICE.md, Arithmetic; CLINICAL.md 4). The
bridge dose is the old daily dose unless another is meant. Without it the old drug runs out at the new rate, and for V / Q_new the dose is
C_old / C_new of what was meant.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from firmware_sim.units import H_PER_DAY, S_PER_DAY
from hil.therapy.arithmetic import MINUTES_PER_DAY, exact_rate_nl_per_h, rate_for

__all__ = ["Bridge", "bridge"]


class Bridge(NamedTuple):
    """A bridge: exact, and as the pump takes it (`rate_nl_per_h` is whole and rounded down, so `programmed_s` is the longer).

    `error_factor` and `error_s` tell what happens without: so many times the dose, for so long.
    """

    volume_nl: int
    exact_rate_nl_per_h: Fraction
    duration_s: Fraction
    rate_nl_per_h: int
    programmed_s: Fraction
    error_factor: Fraction
    error_s: Fraction


def bridge(volume_nl: int, old_ng_per_ml: int, new_ng_per_ml: int, dose_ng_per_day: int, new_ng_per_day: int | None = None) -> Bridge:
    """Plan a bridge of `volume_nl` (tubing + catheter) between two concentrations; the new dose is the old one unless given.

    Raises ValueError where there is nothing to bridge, and where the dose is below one nanolitre an hour.
    """
    if min(volume_nl, old_ng_per_ml, new_ng_per_ml, dose_ng_per_day) <= 0 or (new_ng_per_day is not None and new_ng_per_day <= 0):
        raise ValueError("volume, concentrations and doses of a bridge are above nothing")
    if old_ng_per_ml == new_ng_per_ml:
        raise ValueError("the concentration does not change")
    rate = rate_for(dose_ng_per_day, MINUTES_PER_DAY, old_ng_per_ml)
    if not rate:
        raise ValueError("the dose is less than one nanolitre an hour of the old concentration")
    exact = exact_rate_nl_per_h(dose_ng_per_day, MINUTES_PER_DAY, old_ng_per_ml)
    new_rate = exact_rate_nl_per_h(new_ng_per_day or dose_ng_per_day, MINUTES_PER_DAY, new_ng_per_ml)
    return Bridge(
        volume_nl=volume_nl,
        exact_rate_nl_per_h=exact,
        duration_s=_seconds(volume_nl, exact),
        rate_nl_per_h=rate,
        programmed_s=_seconds(volume_nl, Fraction(rate)),
        error_factor=Fraction(old_ng_per_ml, new_ng_per_ml),
        error_s=_seconds(volume_nl, new_rate),
    )


def _seconds(volume_nl: int, rate_nl_per_h: Fraction) -> Fraction:
    return Fraction(volume_nl) / rate_nl_per_h * (S_PER_DAY // H_PER_DAY)
