"""What a clinician means to tell the pump: one act at a time, in the quantities that the wire carries."""

from __future__ import annotations

from typing import NamedTuple

from protocol.therapy import Therapy

__all__ = ["Bolus", "Bridge", "Intent", "Prime", "Refill", "Update"]


class Update(NamedTuple):
    """A therapy, with the numbers of soft rules that are set aside. `stops_after` names the last message sent (empty: all are).

    `plain_rates_nl_per_h` are rates in it that were meant as such and not as doses, as a pump's minimum rate is.
    """

    therapy: Therapy
    overrides: tuple[int, ...] = ()
    stops_after: str = ""
    plain_rates_nl_per_h: tuple[int, ...] = ()


class Bolus(NamedTuple):
    """A single bolus: its dose, and the volume that follows from it."""

    volume_nl: int
    dose_ng: int
    duration_s: int
    may_lengthen: bool = False


class Bridge(NamedTuple):
    """A bridge bolus. `tubing_nl` of its volume is the programmer's constant for the internal tubing."""

    volume_nl: int
    rate_nl_per_h: int
    tubing_nl: int = 0


class Prime(NamedTuple):
    """A prime. `tubing_nl` of its volume is the programmer's constant for the internal tubing; 0 where the tubing is full already."""

    volume_nl: int
    tubing_nl: int = 0


class Refill(NamedTuple):
    """What the needle did."""

    volume_nl: int
    withdrawn_nl: int
    drug_id: int
    concentration_ng_per_ml: int


Intent = Update | Bolus | Bridge | Prime | Refill
"""One act."""
