"""What a bad supply does, from Acme's test plan 2."""

from __future__ import annotations

import pytest
from acme_host import Host
from acme_supply import Supply

from hil.pytest_plugin.waiting import Wait
from hil.rig import Rig


@pytest.mark.pump_requirement("ACME-20")
def test_brownout_is_told(running: Rig, host: Host, supply: Supply, wait: Wait) -> None:
    """Below its brownout voltage the pump is off; fed again it says that it has started, and stands still."""
    supply.set_millivolts(2_000)
    wait(seconds=1)
    supply.set_millivolts(3_100)
    wait(seconds=10)

    assert supply.millivolts() > 2_900
    assert host.greet() == "R"
    assert host.status == "S"
