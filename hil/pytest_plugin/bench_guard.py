"""A bench that can do some things only: every verb is asked for its capability first, and without it the test is skipped and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hil.bench.calls import BenchCalls
from hil.bench.verbs import VERBS

__all__ = ["VERB_NEEDS", "GuardedBench"]

_NEEDS: dict[str, Iterable[str]] = {
    "bench.time": ("advance", "run_until", "sample", "listen", "diagnose"),
    "bench.truth": ("truth", "sample", "diagnose"),
    "bench.inject": ("inject", "clear", "faults", "schedule"),
    "bench.needle": ("needle", "rinse", "side_port"),
    "bench.power": ("power_cut", "reset", "service_reset"),
    "bench.image": ("save", "fork", "restore", "script"),
    "bench.sound": ("listen",),
    "magnet": ("magnet",),
}
VERB_NEEDS: dict[str, tuple[str, ...]] = {verb: ("bench", *(word for word, verbs in _NEEDS.items() if verb in verbs)) for verb in VERBS}
"""What each verb needs."""


class GuardedBench(BenchCalls):
    """`demand` skips the test for what is not there."""

    def __init__(self, inner: BenchCalls, demand: Callable[[Iterable[str]], None]) -> None:
        self._inner = inner
        self._demand = demand

    def call(self, verb: str, args: Mapping[str, object] | None = None, /, **named: object) -> dict[str, Any]:
        self._demand(VERB_NEEDS.get(verb, ("bench",)))
        return self._inner.call(verb, args, **named)
