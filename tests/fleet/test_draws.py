"""Draws by name: plain Python and arrays agree, and nothing hangs on order or company."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hil.fleet.drawn import Drawn
from hil.fleet.draws import word

SEEDS = st.integers(0, 2**64 - 1)
COUNT = 20_000


@given(st.lists(SEEDS, min_size=1, max_size=20), st.text(max_size=20), st.integers(0, 10_000))
def test_arrays_draw_what_plain_python_draws(seeds: list[int], name: str, k: int) -> None:
    """For any seeds, name and count each case of an array draws the word of its own."""
    drawn = Drawn(np.array(seeds, np.uint64)).words(name, k)

    assert drawn.tolist() == [word(seed, name, k) for seed in seeds]


def test_draws_are_shaped_as_they_say(seed: int) -> None:
    """Means and spreads of twenty thousand draws lie within five standard errors of what they should be."""
    drawn = Drawn(np.arange(seed, seed + COUNT, dtype=np.uint64))
    bell = drawn.bell("bell", np.full(COUNT, 10_000))

    assert abs(drawn.uniform("even").mean() - 0.5) < 5 * 0.2887 / COUNT**0.5
    assert abs(drawn.exponential("wait").mean() - 1) < 5 / COUNT**0.5
    assert abs(bell.mean()) < 5 * 10_000 / COUNT**0.5
    assert abs(bell.std() - 10_000) < 5 * 10_000 / COUNT**0.5
    assert abs(np.corrcoef(drawn.uniform("one"), drawn.uniform("other"))[0, 1]) < 5 / COUNT**0.5
