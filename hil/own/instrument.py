"""An instrument of one's own, as a rig file names it: `supply: {driver: ./supply.py:Supply, port: serial:/dev/ttyUSB1}`.

The class has two ways in: `open(url)` for the real one, which a rig file gives a port, and `simulated(bench)` for the one beside a
simulated pump, where there is no port. What a test may ask of it is its own affair; it is given back by `close()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hil.errors import BenchError, UsageError
from hil.own.code import loaded

if TYPE_CHECKING:
    from hil.bench.calls import BenchCalls

__all__ = ["own_instrument"]

NEEDED = ("open", "simulated")


def own_instrument(name: str, driver: str, port: str | None) -> Callable[[Callable[[], BenchCalls]], Any]:
    """Opens it, given what opens the bench. Raises UsageError for a class that is none, BenchError where a simulated one has no bench."""

    def opened(bench: Callable[[], BenchCalls]) -> Any:
        kind = loaded(driver, f"instruments: {name}: driver")
        way = NEEDED[port is None]
        if not callable(getattr(kind, way, None)):
            raise UsageError(f"{driver} has no {way}()", where=name, do="an instrument has open(url) and simulated(bench)")
        found = getattr(kind, way)(bench() if port is None else port)
        if not callable(getattr(found, "close", None)):
            raise BenchError(f"what {driver} opened has no close()", where=name, do="give it one: nothing may stay open behind a test")
        return found

    return opened
