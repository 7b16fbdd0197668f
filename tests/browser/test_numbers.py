"""Ticks of an axis are written as the server writes numbers."""

from __future__ import annotations

import json
import random

from hil.wording.quantity import number
from tests.browser.browser import OpenPage, look, static_site
from tests.tidy.tree import ROOT

CASES = json.loads((ROOT / "tests/support/number_cases.json").read_text(encoding="utf-8"))
TICKS = "import('/static/numbers.js').then(({ tick, decimalsOf }) => JSON.stringify(EXPRESSION))"


def test_ticks_are_written_as_numbers_are(open_page: OpenPage, seed: int) -> None:
    """The tabled cases, and two thousand drawn ones, come out as from the server's own function."""
    draw = random.Random(seed)
    drawn = [(draw.randrange(-(10**9), 10**9), draw.randrange(7)) for _ in range(2_000)]
    asked = [*((units, decimals) for units, decimals, _ in CASES), *drawn]
    page = open_page()
    static_site(page, "<h1>Numbers</h1>")
    written = json.loads(look(page, TICKS.replace("EXPRESSION", f"{json.dumps(asked)}.map(([u, d]) => tick(u / 10 ** d, d))")))

    assert written[: len(CASES)] == [text for *_, text in CASES]
    assert written == [number(units, decimals) for units, decimals in asked]


def test_what_is_no_number_is_no_tick(open_page: OpenPage) -> None:
    """Gaps in a curve stay gaps; a float's last digits are not shown; steps tell how many decimals they need."""
    page = open_page()
    static_site(page, "<h1>Numbers</h1>")
    asked = "[tick(NaN), tick(Infinity), tick(0.1 + 0.2, 6), tick(-0.0001, 2), decimalsOf(0.125), decimalsOf(10), decimalsOf(0.1)]"

    assert json.loads(look(page, TICKS.replace("EXPRESSION", asked))) == ["", "", "0.3", "0", 3, 0, 1]
