"""A thousand pumps in one process, and a hundred clients: what they take, in words."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.clients import measure_clients
from tests.bench.many_pumps import measure_pumps

__all__ = ["facts"]

PUMPS, CLIENTS = 1_000, 100
SPAN_S = 20.0


def facts() -> Iterator[tuple[str, str]]:
    """Name and figure of each."""
    for port in ("tcp://127.0.0.1:0", "pty:./ward1"):
        figure = measure_pumps(PUMPS, port, span_s=SPAN_S)
        kind = port.partition(":")[0]
        yield (
            f"{PUMPS:,} pumps at x1 in one process, each with its {kind} port, clock and therapy, left alone",
            (
                f"{figure.busy_share:.2%} of a core (wanted: below 25 %), {figure.memory_mb:.0f} MB in all (below 150), "
                f"{figure.kb_per_pump:.0f} kB a pump; {figure.keep_up:,} keep up; ready after {figure.ready_s:.1f} s"
            ),
        )
    clients = measure_clients(CLIENTS)
    yield (
        f"{CLIENTS} closed-loop clients, each at a pump of its own over TCP",
        (
            f"99th percentile {clients.pump.p99_s * 1e3:.2f} ms, {clients.p99_ratio:.2f} times that of a bare asyncio echo "
            f"(wanted: within 3); {clients.pump.per_second:,.0f} round trips a second, the echo {clients.echo.per_second:,.0f}"
        ),
    )
