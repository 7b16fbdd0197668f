"""Round trips of many closed-loop clients at once, each at its own pump of one server, beside a bare asyncio echo with as many."""

from __future__ import annotations

import pytest

from tests.bench.clients import measure_clients
from tests.bench.conftest import Note

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

COUNTS = (1, 10, 100)


def test_clients_at_once(note: Note) -> None:
    """Authenticated STATUS at pumps paced x1: the 99th percentile against that of the echo, round by round."""
    for count in COUNTS:
        figure = measure_clients(count)
        pump, echo = figure.pump, figure.echo
        note(
            f"{count:4} clients, STATUS, p99", f"{pump.p99_s * 1e3:8.2f} ms = {figure.p99_ratio:.2f} x the echo's {echo.p99_s * 1e3:.2f} ms"
        )
        note(
            "     median, and round trips in a second", f"{pump.median_s * 1e3:8.2f} ms ({echo.median_s * 1e3:.2f}), {pump.per_second:,.0f}"
        )

        assert figure.clients == count
