"""A process to kill: a programmer, or somebody at the bench, who acts on a served pump for as long as it lives.

Each act is told on standard output before it begins and when it is done, so that whoever kills the process knows what it was at.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protocol.client import Programmer

__all__ = ["RATES", "main"]

RATES = (9_000, 10_000, 11_000, 12_000, 13_000)
"""Rates of the therapies that are programmed, nL/h; no other may ever be found in the pump."""
ACTS_MAX = 100_000
REPLY_S = 5.0


def main(role: str, seed: str, *words: str) -> int:
    """Act until killed. Ends with 0 where the server goes away."""
    draw = random.Random(int(seed))
    try:
        (_program if role == "client" else _bench)(draw, *words)
    except ConnectionError:
        return 0
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _program(draw: random.Random, port: str, key_file: str, programmer_file: str) -> None:
    """Settle what is open, then program again and again."""
    from protocol.client import Programmer
    from protocol.errors import LinkError, Uncertain

    with Programmer.open(port, key_file=key_file, programmer_file=programmer_file, reply_timeout_s=REPLY_S, retries=0) as programmer:
        outcome = programmer.settle()
        _tell(f"settled {'nothing' if outcome is None else outcome.state}")
        for _ in range(ACTS_MAX):
            name, act = _act(draw, programmer)
            _tell(f"begin {name}")
            try:
                act()
            except (LinkError, Uncertain) as error:
                _tell(f"lost {error}")
                return
            _tell(f"done {name}")


def _act(draw: random.Random, programmer: Programmer) -> tuple[str, Callable[[], object]]:
    from tests.rig.serving import therapy

    kind = draw.choice(("update", "update", "update", "interrogate", "clock"))
    if kind == "update":
        rate = draw.choice(RATES)
        return f"update {rate}", lambda: programmer.update(therapy(rate))
    if kind == "clock":
        return "clock", lambda: programmer.set_clock(8_000_000_000_000 + draw.randrange(1_000_000))
    return "interrogate", programmer.interrogate


def _bench(draw: random.Random, ready_file: str) -> None:
    """Look, let time pass, and put faults in and out."""
    from hil.bench.stdio import ServerEnded
    from hil.rig import Rig

    with Rig.connect(ready_file) as rig:
        for _ in range(ACTS_MAX):
            verb = draw.choice(("status", "advance", "inject"))
            _tell(f"begin {verb}")
            try:
                if verb == "advance":
                    rig.bench.advance(seconds=1)
                elif verb == "inject":
                    rig.bench.clear(rig.bench.inject("environment.temperature", temperature_mdegc=39_000))
                else:
                    rig.bench.status()
            except ServerEnded as error:
                _tell(f"lost {error}")
                return
            _tell(f"done {verb}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
