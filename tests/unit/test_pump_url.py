"""pumpsim:// URLs: a shipped pump or a file, its seed, catheter and pace."""

from __future__ import annotations

import pytest

from hil.errors import UsageError
from hil.pacing import LOCK_STEP, parse_pace
from hil.urls.pump_url import PumpUrl, parse_pump_url


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("pumpsim://itp-40", PumpUrl("itp-40")),
        ("pumpsim://itp-40/?seed=7", PumpUrl("itp-40", 7)),
        ("pumpsim://itp-20?seed=1&catheter=114cm&pace=x2", PumpUrl("itp-20", 1, "114cm", parse_pace("x2"))),
        ("pumpsim://./my-pump.yaml?seed=2", PumpUrl("./my-pump.yaml", 2)),
        ("pumpsim://My.yaml", PumpUrl("My.yaml")),
        ("pumpsim://../ward/pump.yml", PumpUrl("../ward/pump.yml")),
        ("pumpsim:///srv/my%20pump.yaml", PumpUrl("/srv/my pump.yaml")),
    ],
)
def test_url_says_which_pump(url: str, asked: PumpUrl) -> None:
    """A name, a path beside, above or from the root; what is not said is usual."""
    assert parse_pump_url(url) == asked
    assert PumpUrl("itp-40").pace == LOCK_STEP


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("pumpsim://", "no pump URL"),
        ("pumpsim:///", "no pump URL"),
        ("pumpsim:itp-40", None),
        ("tcp://itp-40", "no pump URL"),
        ("pumpsim://itp-40/more", "no pump URL"),
        ("pumpsim://./a#b.yaml", "no pump URL"),
        ("pumpsim://[itp-40", "no pump URL"),
        ("pumpsim://itp-40?seed=-1", "seed is '-1', and is a whole number"),
        ("pumpsim://itp-40?seed=", "seed is ''"),
        ("pumpsim://itp-40?cathether=114cm", "unknown or repeated: cathether"),
        ("pumpsim://itp-40?seed=1&seed=2", "unknown or repeated: seed or catheter or pace"),
        ("pumpsim://itp-40?catheter=", "catheter names none"),
    ],
)
def test_wrong_url_is_told(url: str, words: str | None) -> None:
    """What names no pump, or asks for what there is not, says so."""
    if words is None:
        assert parse_pump_url(url) == PumpUrl("itp-40")
        return
    with pytest.raises(UsageError, match=words.replace("?", r"\?")):
        parse_pump_url(url)
