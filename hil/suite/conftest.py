"""What the tests of the suite share beside the plugin's fixtures."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("hil.suite.given", "hil.suite.wire", "hil.suite.causes")

from hil.pytest_plugin.facts import PumpFacts  # noqa: E402
from hil.rig import Rig  # noqa: E402  # after the rewriting of asserts was asked for
from hil.suite.given import Given  # noqa: E402


@pytest.fixture
def given(rig: Rig, pump: PumpFacts) -> Given:
    """The pump under test, with the means to bring it where a test begins."""
    return Given(rig, pump.profile)
