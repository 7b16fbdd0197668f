"""What a user's conftest may add to the plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["StateBuilder", "pytest_pump_states"]

StateBuilder = Callable[..., None]
"""Takes a `hil.pytest_plugin.states.Site`, and the options of the marker `pump_state` by name; brings the pump to a state."""


def pytest_pump_states() -> Mapping[str, StateBuilder] | None:
    """States of one's own, by name: each is reached once in a process and restored for every test that asks for it."""


def known(answers: list[Any]) -> dict[str, StateBuilder]:
    """All of them in one."""
    return {name: builder for answer in answers if answer for name, builder in answer.items()}
