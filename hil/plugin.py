"""The entry point of the pytest plugin `pump_hil`.

pytest loads it in every run of an environment that has pumpsim, so it and its parts below import nothing but pytest and the standard
library; what opens a pump is imported by the first test that asks for one.
"""

from __future__ import annotations

__all__ = ["pytest_plugins"]

pytest_plugins = (
    "hil.pytest_plugin.options",
    "hil.pytest_plugin.fixtures",
    "hil.pytest_plugin.markers",
    "hil.pytest_plugin.failures",
    "hil.pytest_plugin.session",
    "hil.pytest_plugin.left_out",
    "hil.pytest_plugin.skips",
)
