"""pumpsim://PROFILE?seed=N&pace=PACE: a pump in the asking process."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from hil.errors import UsageError
from hil.pacing import LOCK_STEP, Pace, parse_pace

__all__ = ["PumpUrl", "parse_pump_url"]

DO = "write it like pumpsim://itp-40?seed=1"


class PumpUrl(NamedTuple):
    """What such a URL says."""

    profile: str
    seed: int = 0
    pace: Pace = LOCK_STEP


def parse_pump_url(url: str) -> PumpUrl:
    """Read it. Raises UsageError."""
    parts = urlsplit(url)
    if parts.scheme != "pumpsim" or not parts.netloc or parts.path.strip("/"):
        raise UsageError(f"no pump URL: {url!r}", where="url", do=DO)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    given = dict(asked)
    unknown = sorted(given.keys() - {"seed", "pace"})
    if unknown or len(given) != len(asked):
        raise UsageError(
            f"unknown or repeated: {unknown[0] if unknown else 'seed or pace'}", where=url, do=f"{DO}; there are seed and pace"
        )
    seed = given.get("seed", "0")
    if not seed.isdecimal():
        raise UsageError(f"seed is {seed!r}, and is a whole number", where=url, do=DO)
    return PumpUrl(parts.netloc, int(seed), parse_pace(given.get("pace", "lock-step")))
