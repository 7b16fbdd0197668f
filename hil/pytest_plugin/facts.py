"""What a test may know of the pump before it talks to it."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from firmware_sim.profile import Profile
from hil.pytest_plugin.target import Target

__all__ = ["PumpFacts", "facts_of"]


class PumpFacts(NamedTuple):
    """`declared` is the profile, None where nobody said which; `profile` skips the test instead."""

    url: str
    declared: Profile | None
    serial: str
    security: str
    capabilities: frozenset[str]

    @property
    def profile(self) -> Profile:
        """The numbers that the pump declares; where nobody said which they are, the test is skipped."""
        if self.declared is None:
            pytest.skip("needs a profile: say which one the pump has with --pump-profile")
        return self.declared

    def __repr__(self) -> str:
        return f"<pump {self.serial or self.url}>"

    def deviates(self, row: str) -> str:
        """How the pump declares to differ from a requirement; empty if it does not."""
        return dict(self.profile.known_deviations).get(row, "")


def facts_of(target: Target) -> PumpFacts:
    """The facts of a target."""
    return PumpFacts(target.place.url, target.profile, target.serial, target.security, target.capabilities)
