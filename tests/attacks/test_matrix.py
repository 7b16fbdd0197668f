"""Each weak profile has one weakness: every attack is tried on every profile, and what succeeds is what is written here."""

from __future__ import annotations

import pytest

from protocol.security import DEFAULT, SECURITY
from tests.attacks.attacks import ATTACKS
from tests.attacks.scene import Scene

NAMED = {
    "forged command": "no-auth",
    "key from a CRC": "crc-key",
    "replay in the session": "no-replay-check",
    "replay in a later session": "no-replay-check",
    "memory access": "raw-memory",
    "battery drain": "no-back-off",
    "change in standby": "no-generation-check",
    "remote STOP": "open-stop",
    "id exhaustion": "any-higher-id",
}
"""Which profile is the lesson of which attack."""

EXTRA = {
    ("battery drain", "no-auth"): "where nothing has to be proved no call is a failure, so none is ever made to wait",
}
"""What else succeeds, and why that is no second weakness."""


def test_every_attack_has_its_lesson() -> None:
    """Each attack names a weak profile, and each weak profile has an attack."""
    assert NAMED.keys() == ATTACKS.keys()
    assert set(NAMED.values()) == SECURITY.keys() - {DEFAULT}


@pytest.mark.pump_requirement("PR-04", "PR-05", "PR-06", "PR-08", "PR-09", "PR-12")
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_succeeds_on_the_secure_pump(attack: str) -> None:
    """A pump as it should be is harmed by none of them."""
    assert not ATTACKS[attack](Scene(DEFAULT, small_cell=attack == "battery drain"))


@pytest.mark.parametrize("security", [name for name in SECURITY if name != DEFAULT])
@pytest.mark.parametrize("attack", ATTACKS)
def test_weak_pump_has_the_weakness_of_its_name_only(attack: str, security: str) -> None:
    """On a weak profile the attack that it names does harm, and no other does."""
    harmed = ATTACKS[attack](Scene(security, small_cell=attack == "battery drain"))

    assert harmed == (NAMED[attack] == security or (attack, security) in EXTRA), EXTRA.get((attack, security), "")
