"""pumpsim://PROFILE?seed=N&catheter=NAME&pace=PACE&security=NAME&wire=FILE.py:NAME: a pump in the asking process.

PROFILE is a shipped one's name or a file's path.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from hil.errors import UsageError
from hil.pacing import LOCK_STEP, Pace, parse_pace
from protocol.security import DEFAULT, security_of

__all__ = ["PumpUrl", "parse_pump_url"]

DO = "write it like pumpsim://itp-40?seed=1 or pumpsim://./my-pump.yaml"
ASKED = ("seed", "catheter", "pace", "security", "wire")


class PumpUrl(NamedTuple):
    """What such a URL says."""

    profile: str
    seed: int = 0
    catheter: str = ""
    pace: Pace = LOCK_STEP
    security: str = DEFAULT
    wire: str = ""
    """A wire protocol of one's own (`hil.own.wire`); empty for pumpsim's."""


def parse_pump_url(url: str) -> PumpUrl:
    """Read it. Raises UsageError."""
    parts = _split(url)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    given = dict(asked)
    unknown = sorted(given.keys() - set(ASKED))
    if unknown or len(given) != len(asked):
        what = f"unknown or repeated: {unknown[0] if unknown else ' or '.join(ASKED)}"
        raise UsageError(what, where=url, do=f"{DO}; there are {', '.join(ASKED)}")
    seed = given.get("seed", "0")
    if not seed.isdecimal():
        raise UsageError(f"seed is {seed!r}, and is a whole number", where=url, do=DO)
    if not given.get("catheter", "89cm"):
        raise UsageError("catheter names none", where=url, do="write it like catheter=114cm")
    try:
        security = security_of(given.get("security", DEFAULT)).name
    except ValueError as error:
        raise UsageError(str(error), where=url, do="write it like security=no-auth") from None
    if "wire" in given and ("security" in given or not given["wire"]):
        raise UsageError("a wire of one's own has a name, and a security of its own", where=url, do="write it like wire=./wire.py:MyWire")
    pace = parse_pace(given.get("pace", "lock-step"))
    return PumpUrl(_profile(parts), int(seed), given.get("catheter", ""), pace, security, given.get("wire", ""))


def _split(url: str) -> SplitResult:
    """The URL in parts, if it names a profile. Raises UsageError."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    profile = _profile(parts)
    if parts.scheme != "pumpsim" or not profile or parts.fragment or ("/" in profile and not profile.endswith((".yaml", ".yml"))):
        raise UsageError(f"no pump URL: {url!r}", where="url", do=DO)
    return parts


def _profile(parts: SplitResult) -> str:
    return unquote(parts.netloc + parts.path).rstrip("/")
