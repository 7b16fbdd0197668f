"""What a user would pick instead, at its barest: simpy that only steps events."""

from __future__ import annotations

from collections.abc import Iterator

import simpy

__all__ = ["simpy_events"]

EVERY = 21_600
"""A quarter of a day, as far as the events care."""


def simpy_events(count: int) -> None:
    """One simpy process that waits so many times and does nothing."""
    environment = simpy.Environment()

    def steps() -> Iterator[simpy.Event]:
        for _ in range(count):
            yield environment.timeout(EVERY)

    environment.process(steps())
    environment.run()
