"""The supply dies inside every byte that the pump writes during an exchange: old or new, once or never, and the pump says which."""

from __future__ import annotations

import pytest

from tests.link.power_cuts import STORIES, Teller, bytes_of

BLOCKS = 4
"""Each sweep in so many tests, that workers may share it."""
SAMPLE = 3
"""The story goes on after every third cut, and every third byte is cut where the resends go on: no record is shorter."""

every_block = pytest.mark.parametrize("block", range(BLOCKS))
every_story = pytest.mark.parametrize("name", STORIES)


@every_block
@every_story
def test_cut_at_every_byte_leaves_old_or_new_and_the_pump_says_which(name: str, block: int) -> None:
    """Wherever in its writes the pump dies, therapy, fill, clock and dose are as the settled client was told, and the story can go on."""
    for after_bytes in range(block, bytes_of(name), BLOCKS):
        teller = Teller(STORIES[name]).tell(after_bytes)
        assert teller.was_cut, f"no cut after {after_bytes} bytes"
        after = teller.power_up().settle()

        teller.check(after)
        if after_bytes % SAMPLE == 0:
            teller.finish(after)


@every_block
@every_story
def test_power_that_returns_between_resends_changes_nothing_of_this(name: str, block: int) -> None:
    """The client's own resends meet a pump that has just booted, and what it is told at the end is so all the same."""
    for after_bytes in range(block * SAMPLE, bytes_of(name), BLOCKS * SAMPLE):
        teller = Teller(STORIES[name], patient=True).tell(after_bytes)
        assert teller.was_cut, f"no cut after {after_bytes} bytes"
        after = teller.power_up().settle()

        teller.check(after)
        teller.finish(after)


@every_story
def test_number_of_cuts_is_the_number_of_bytes_written(name: str) -> None:
    """The sweep covers every byte: a cut ordered after the last one never happens, and the story ends well."""
    untouched = Teller(STORIES[name]).tell()

    assert not Teller(STORIES[name]).tell(bytes_of(name)).was_cut
    assert len(untouched.done) == len(STORIES[name].acts)
    untouched.check(untouched.settle())
