"""The one target of a process: opened by the first test that asks for a pump, closed when the run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from hil.pytest_plugin.options import asked_of

if TYPE_CHECKING:
    from hil.pytest_plugin.target import Target
    from hil.rig.place import Place

__all__ = ["close_target", "open_target", "place_in", "target_of"]

_PLACE = pytest.StashKey["Place"]()
_TARGET = pytest.StashKey["Target"]()
_PROBLEM = pytest.StashKey[str]()


def place_in(config: pytest.Config) -> Place:
    """Where the pump under test is; nothing is opened. Raises pytest.UsageError."""
    if _PLACE not in config.stash:
        from hil.errors import HilError
        from hil.rig.place import place_of

        try:
            config.stash[_PLACE] = place_of(asked_of(config))
        except HilError as error:
            raise pytest.UsageError(*error.lines) from None
    return config.stash[_PLACE]


def target_of(config: pytest.Config) -> Target:
    """The pump under test. One that cannot be had ends the run with one line."""
    if _PROBLEM in config.stash:
        _give_up(config)
    if _TARGET not in config.stash:
        from hil.errors import HilError
        from hil.pytest_plugin.target import Target

        try:
            config.stash[_TARGET] = Target.open(asked_of(config), place_in(config), config.hook.pytest_pump_states())
        except HilError as error:
            config.stash[_PROBLEM] = "\n".join(error.lines)
            _give_up(config)
    return config.stash[_TARGET]


def _give_up(config: pytest.Config) -> NoReturn:
    """End the run; a process of pytest-xdist cannot, and fails each of its tests with the same words."""
    if asked_of(config).worker:
        pytest.fail(config.stash[_PROBLEM], pytrace=False)
    pytest.exit(config.stash[_PROBLEM], returncode=pytest.ExitCode.USAGE_ERROR)


def open_target(config: pytest.Config) -> Target | None:
    """The pump under test, if a test has asked for it."""
    return config.stash.get(_TARGET, None)


def close_target(config: pytest.Config) -> None:
    """Give everything back, if there was a target."""
    if _TARGET in config.stash:
        config.stash[_TARGET].close()
        del config.stash[_TARGET]
