"""What matters most, on a sum whose shares are known."""

from __future__ import annotations

import numpy as np
import pytest

from hil.campaign.importance import variance_shares

COUNT = 20_000


def test_shares_of_a_known_sum(seed: int) -> None:
    """Of an outcome made of parts with variances 9, 4 and 1, each cause has its share, and one that has no part has none."""
    draws = np.random.default_rng(seed)
    wide, flag, noise, idle = (
        draws.normal(0, 3, COUNT),
        draws.integers(0, 2, COUNT).astype(np.float64) * 4,
        draws.normal(0, 1, COUNT),
        draws.normal(0, 1, COUNT),
    )
    shares = dict(variance_shares(wide + flag + noise, {"idle": idle, "flag": flag, "wide": wide}))

    assert list(shares) == ["wide", "flag", "idle"]
    assert shares["wide"] == pytest.approx(9 / 14, abs=0.02)
    assert shares["flag"] == pytest.approx(4 / 14, abs=0.02)
    assert shares["idle"] < 0.005


def test_nothing_to_explain() -> None:
    """An outcome that is the same everywhere has no cause, and a cause that never varies is no cause."""
    assert variance_shares(np.ones(10), {"cause": np.arange(10.0)}) == []
    assert variance_shares(np.arange(10.0), {"cause": np.ones(10)}) == []
