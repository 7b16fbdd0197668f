"""What a bench can be able to do, word by word, and the words for what it lacks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hil.errors import UsageError

__all__ = ["BENCH", "CAPABILITIES", "known_words"]

BENCH = ("bench", "bench.time", "bench.truth", "bench.inject", "bench.needle", "bench.power", "bench.image", "bench.sound")
"""What the bench of a simulated pump can do, all of it."""
CAPABILITIES: dict[str, str] = {
    "bench": "a side door to the pump",
    "bench.time": "a bench that lets hours pass at once",
    "bench.truth": "a bench that tells what is so",
    "bench.inject": "a bench that brings faults to bear",
    "bench.needle": "a bench that fills and empties the reservoir",
    "bench.power": "a bench that cuts the supply",
    "bench.image": "a bench that saves and restores the pump",
    "bench.sound": "a bench that hears the pump",
    "balance": "a balance under the catheter",
    "listener": "a microphone beside the pump",
    "magnet": "a magnet that can be held over the pump",
    "keys": "the keys of patient, clinician and service",
    "telemetry": "a pump that can be talked to",
    "wire": "one session after another at the same pump",
}


def known_words(words: Iterable[str], where: str) -> list[str]:
    """These words, if each is one. Raises UsageError with the nearest."""
    found = list(words)
    for word in found:
        if word not in CAPABILITIES:
            near = difflib.get_close_matches(word, CAPABILITIES, n=1)
            do = f"did you mean {near[0]}?" if near else f"use {', '.join(CAPABILITIES)}"
            raise UsageError(f"no capability {word!r}", where=where, do=do)
    return found
