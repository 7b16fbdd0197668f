"""The supply dies again inside every byte that boot itself writes, after a sample of first cuts."""

from __future__ import annotations

import pytest

from tests.link.power_cuts import STORIES, Teller, bytes_of

BLOCKS = 4
SAMPLES = [3, pytest.param(1, marks=pytest.mark.slow)]
"""Each third of the first cuts below in a usual run, all of them in a slow one."""
STRIDES = {
    "update and bolus": 37,
    "refill, clock, bolus, stop, start": 151,
    "another drug": 97,
    "patient bolus": 21,
    "stop, prime, start": 83,
    "bridge": 21,
}
"""Distance between first cuts; odd numbers, so that the sample falls on every part of a record."""


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("each", SAMPLES)
@pytest.mark.parametrize("name", STORIES)
def test_cut_at_every_byte_of_a_boot_is_made_good_by_the_next_boot(name: str, each: int, block: int) -> None:
    """After a first cut boot dies at each of its own bytes in turn; the boot after that finds the same old or new, dose or none."""
    stride, boots = each * STRIDES[name], 0
    for after_bytes in range(block * stride, bytes_of(name), BLOCKS * stride):
        teller = Teller(STORIES[name]).tell(after_bytes)
        open_id = teller.programmer.open_command_id if teller.programmer else None
        for cut_of_boot in [] if teller.bedside.unit.pump.powered else teller.boot_cuts():
            boots += 1
            after = teller.ask(open_id)

            teller.check(after)
            assert teller.bedside.unit.pump.boots == teller.boots + 2, f"cut after {after_bytes}, boot cut after {cut_of_boot}"
    assert boots > 0
