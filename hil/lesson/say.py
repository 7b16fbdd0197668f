"""Quantities as a lesson shows them: finished text by the rules of hil.wording, each kind with as many places as are of use at a bedside.

Texts are those of the US profile; whoever shows them to somebody puts another profile on there.
"""

from __future__ import annotations

from hil.wording import quantity

__all__ = ["clock", "daily", "dose", "rate", "seconds", "span", "strength", "volume"]

VOLUME_PLACES = 3
"""A microlitre is finer than any syringe is read."""
US_PER_S = 1_000_000


def volume(nl: int) -> str:
    """A volume in mL."""
    return quantity.VOLUME.text(nl, VOLUME_PLACES)


def dose(ng: int) -> str:
    """A dose in mcg."""
    return quantity.DOSE.text(ng)


def daily(ng: int) -> str:
    """A dose per day."""
    return quantity.DAILY_DOSE.text(ng)


def strength(ng_per_ml: int) -> str:
    """A concentration; without any it is drug-free fluid."""
    return quantity.CONCENTRATION.text(ng_per_ml) if ng_per_ml else "drug-free fluid"


def rate(nl_per_h: int) -> str:
    """A rate of flow, per day."""
    return quantity.DAILY_FLOW.text(nl_per_h, VOLUME_PLACES)


def seconds(length_s: int) -> str:
    """A length of time."""
    return quantity.duration(length_s)


def span(us: int) -> str:
    """A length of time in us, whole seconds of it."""
    return quantity.duration(us // US_PER_S)


def clock(clock_us: int) -> str:
    """A date and time."""
    return quantity.clock(clock_us)
