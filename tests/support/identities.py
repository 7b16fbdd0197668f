"""What pumps of tests tell of themselves, where no pump is needed to tell it."""

from __future__ import annotations

from protocol.messages import DrugEntry, Identity, Limits
from protocol.paper_pump import LIMITS

__all__ = ["LIMITS", "identity"]


def identity(*drugs: DrugEntry, limits: Limits = LIMITS) -> Identity:
    """A pump with these limits and this library."""
    return Identity("ITP-40", "X1", "1.0", 1, 0, 1_000_000, 1, 0, 1, 140_000, (limits,), drugs)
