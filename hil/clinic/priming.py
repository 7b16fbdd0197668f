"""Priming: how much fluid fills the way to the tip.

volume = internal tubing + catheter when the pump is dry (new, or its tubing was emptied), the catheter alone otherwise (DEVICE.md,
Arithmetic). A programmer with the old constant for the tubing adds what the tubing does not hold, and that much drug reaches the tip.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hil.numbers.practice import practice
from hil.therapy.arithmetic import dose_ng

__all__ = ["Priming", "catheter_nl", "priming"]


class Priming(NamedTuple):
    """A prime: its volume, and what the same with the old constant of the tubing would give too much."""

    volume_nl: int
    tubing_nl: int
    catheter_nl: int
    old_volume_nl: int
    over_nl: int
    over_ng: Fraction


def catheter_nl(name: str) -> int:
    """The volume of a catheter of the family, by its name such as 89cm: length x volume by length. Raises UsageError."""
    from firmware_sim.profile.file import ProfileFile, catheter_names
    from hil.errors import UsageError

    if name not in catheter_names():
        raise UsageError(f"there is no catheter {name!r}", where="--catheter", do=f"use one of {', '.join(catheter_names())}")
    file = ProfileFile.shipped("itp-40", name)
    return file.number(("catheter", "length_mm")).value * file.number(("catheter", "volume_nl_per_mm")).value


def priming(catheter_nl: int, concentration_ng_per_ml: int, *, dry: bool, tubing_nl: int | None = None) -> Priming:
    """Plan a prime. `tubing_nl` is what the pump says of itself; the corrected constant if it is not given.

    Raises ValueError for a catheter without volume.
    """
    if catheter_nl <= 0:
        raise ValueError("a catheter has a volume")
    tubing = (practice("tubing_nl") if tubing_nl is None else tubing_nl) if dry else 0
    old = (practice("tubing_old_nl") if dry else 0) + catheter_nl
    over = max(old - tubing - catheter_nl, 0)
    return Priming(tubing + catheter_nl, tubing, catheter_nl, old, over, dose_ng(over, concentration_ng_per_ml))
