"""An update of the therapy: what ran before it, what it brings, and what must not change unless it comes through."""

from __future__ import annotations

from typing import Any

from hil.suite.given import Given
from protocol.therapy import Therapy

__all__ = ["in_force", "new_of", "old_of", "unchanged"]


def old_of(given: Given) -> Therapy:
    """The therapy that runs when an update comes."""
    return given.prescribe.flex((8_000, 10_000, 12_000, 9_000))


def new_of(given: Given) -> Therapy:
    """The one that the update brings."""
    return given.prescribe.flex((6_000, 14_000, 7_000, 11_000, 5_000))


def unchanged(given: Given) -> tuple[Any, ...]:
    """What an act that must not touch the therapy leaves as it was."""
    return given.wire.therapy(), given.wire.status()[5:7]


def in_force(given: Given) -> tuple[Any, ...]:
    """The same, and the rate that is commanded."""
    return *unchanged(given), given.wire.condition().rate_nl_per_h
