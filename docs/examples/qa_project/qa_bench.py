"""The bench of this project: pumps in the states that its tests begin with, and what is done to them by the work instructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from hil.pytest_plugin.states import Site, running
from hil.rig import Rig

BACLOFEN = 1
OLD_NG_PER_ML = 500_000
EVENING_H = 20


@pytest.fixture
def refill(rig: Rig) -> Callable[..., int]:
    """Work instruction 12, `refill(volume_nl, concentration_ng_per_ml)`: empty, fill, tell the pump; returns what the needle drew out."""

    def by_the_book(volume_nl: int, concentration_ng_per_ml: int = OLD_NG_PER_ML) -> int:
        drawn = rig.bench.needle(withdraw_nl="all", inject_nl=volume_nl, concentration_ng_per_ml=concentration_ng_per_ml)
        withdrawn_nl = int(drawn["withdrawn_nl"])
        rig.programmer.refill(volume_nl, withdrawn_nl, BACLOFEN, concentration_ng_per_ml)
        return withdrawn_nl

    return by_the_book


def evening(site: Site) -> None:
    """A pump that has run for a day, at eight in the evening by its own clock."""
    running(site)
    site.rig.bench.advance(hours=EVENING_H)


def pytest_pump_states() -> Mapping[str, Callable[..., None]]:
    """The states of this bench."""
    return {"evening": evening}
