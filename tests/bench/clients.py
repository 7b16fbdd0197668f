"""Closed-loop clients: each has its own TCP port, and sends its next request when it has the answer to the last.

The clients are one child process with one event loop, the same for a pump and for a bare echo: what they send is made beforehand, what they
got is judged afterwards. `measure_clients(100)` gives both; a plot of time against clients is a row of such calls.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any, NamedTuple

from hil.bench.stdio import ServerProcess

__all__ = ["ANSWER_BYTES", "ClientsFigure", "Latency", "measure_clients"]

ANSWER_BYTES = 132
"""An authenticated answer to STATUS on the wire; `measure_clients` looks that it still is."""
REQUESTS = 50
"""Of each client in one measurement; the first of them wait for all others to begin and are left out."""

ECHO = """
import asyncio, json, sys
count, answer = int(sys.argv[1]), bytes([7]) * (int(sys.argv[2]) - 1) + bytes(1)

class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.write = transport.write
    def data_received(self, data):
        self.write(answer)

async def main():
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Echo, "127.0.0.1", 0) for _ in range(count)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await loop.create_future()

asyncio.run(main())
"""


class Latency(NamedTuple):
    """Round trips in seconds."""

    median_s: float
    p99_s: float
    per_second: float


class ClientsFigure(NamedTuple):
    """So many clients of pumps, and of a bare echo, in turns: medians over the rounds. `p99_ratio` is the median of each round's own."""

    clients: int
    pump: Latency
    echo: Latency
    p99_ratio: float


def measure_clients(count: int, *, rounds: int = 5, pace: str = "x1", requests: int = REQUESTS) -> ClientsFigure:
    """Measure `count` clients, pump and echo taking turns."""
    options = ["--count", str(count), "--port", "tcp://127.0.0.1:0", "--seed", "1", "--pace", pace]
    with ServerProcess("itp-40", options) as server, _echo(count) as ports:
        pumps = [(each["port"], each["key_file"]) for each in server.ready["pumps"]]
        echoes = [(f"tcp://127.0.0.1:{port}", "") for port in ports]
        taken = [(_clients(pumps, requests), _clients(echoes, requests)) for _ in range(rounds)]
    pump, echo = (Latency(*(median(row) for row in zip(*side, strict=True))) for side in zip(*taken, strict=True))
    return ClientsFigure(count, pump, echo, median(ours.p99_s / theirs.p99_s for ours, theirs in taken))


@contextmanager
def _echo(count: int) -> Iterator[list[int]]:
    """A process of so many asyncio echoes; their ports."""
    command = [sys.executable, "-c", ECHO, str(count), str(ANSWER_BYTES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def _clients(places: Sequence[tuple[str, str]], requests: int) -> Latency:
    """One run of the clients' process."""
    command = [sys.executable, "-m", "tests.bench.client_loop", str(requests)]
    done = subprocess.run(command, input=json.dumps(places), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    times = sorted(told["round_trips_s"])
    return Latency(median(times), quantiles(times, n=100)[-1], len(times) / told["span_s"])
