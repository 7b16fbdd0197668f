"""Where the time of six years goes: `python -m tests.bench.profile_six_years [look|quiet|sample|truth] [rows]`."""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections.abc import Callable

from tests.bench.six_years import born, interrogated, live
from tests.bench.test_sampling import looked
from tests.support.therapies import US_PER_DAY, US_PER_S

__all__ = ["main"]

WORK: dict[str, Callable[[], object]] = {
    "look": lambda: live(6, born(1), interrogated),
    "quiet": lambda: live(6, born(1)),
    "sample": lambda: born(1).sample(US_PER_S, US_PER_DAY),
    "truth": lambda: looked(born(1), 10_000),
}


def main(name: str = "look", rows: str = "40") -> None:
    """Run one of WORK twice, the second time under the profiler, and print the functions that took most."""
    WORK[name]()
    profiler = cProfile.Profile()
    profiler.runcall(WORK[name])
    pstats.Stats(profiler).sort_stats("tottime").print_stats(int(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
