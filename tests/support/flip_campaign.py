"""The bit-flip campaign as a command: `python -m tests.support.flip_campaign 100000 build/bit-flips.json` prints and writes its table."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.support.flips import REGIONS, Tally, run_region

__all__ = ["main"]

SEED = 0


def main(flips: int, out: Path) -> int:
    """Run all regions, the same number in each; 1 when a flip came to something wrong."""
    each = -(-flips // len(REGIONS))
    with ProcessPoolExecutor() as workers:
        tallies = list(workers.map(partial(run_region, count=each, seed=SEED), REGIONS))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps([_record(tally) for tally in tallies], indent=1) + "\n", encoding="utf-8")
    lines = [f"{each * len(REGIONS):,} single bit flips, seed {SEED}, {each:,} in each region", *(tally.line() for tally in tallies)]
    lines += [f"WRONG {site} {case}: {why}" for tally in tallies for site, case, why in tally.wrongs]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(tally.wrongs for tally in tallies))


def _record(tally: Tally) -> dict[str, object]:
    wrongs = [{"site": site._asdict(), "case": case._asdict(), "why": why} for site, case, why in tally.wrongs]
    return {"region": tally.region, **tally.kinds, "wrongs": wrongs}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
