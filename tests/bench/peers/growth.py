"""How time grows: with years, pumps, clients, faults and the length of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from tests.bench.clients import measure_clients
from tests.bench.growth import with_faults, with_log, with_years
from tests.bench.many_pumps import measure_pumps
from tests.bench.peers.figures import Growth

__all__ = ["growths"]

YEARS = (1, 2, 3, 4, 5, 6)
PUMPS = (1, 100, 250, 500, 1_000)
CLIENTS = (1, 10, 25, 50, 100)
FAULTS = (1, 5, 10, 20, 40)
RECORDS = (100, 500, 1_000, 2_000, 4_000)
ROUNDS = 5
SPAN_S = 2.0


def growths() -> Iterator[Growth]:
    """Each curve when it is measured."""
    yield _grown(
        "A life with refills and weekly interrogations",
        "years",
        YEARS,
        with_years,
        "What costs is a visit; the days between two visits are one multiplication.",
    )
    yield Growth(
        "Start of a server, to its ready line",
        "pumps in one process",
        PUMPS,
        tuple(measure_pumps(count, span_s=SPAN_S).ready_s for count in PUMPS),
        "Each pump has its port, its keys and its memory made; the process itself needs as long as some tens of them.",
    )
    yield Growth(
        "99th percentile of a round trip",
        "clients at once",
        CLIENTS,
        tuple(measure_clients(count).pump.p99_s for count in CLIENTS),
        "One loop serves all, so each waits for those before it; a bare echo grows in the same way.",
    )
    yield _grown(
        "A day, interrogated every hour while a fault comes and goes",
        "faults in force",
        FAULTS,
        with_faults,
        "All faults in force are gathered anew when one comes or goes, and cost nothing between.",
    )
    yield _grown(
        "A week, an interrogation, a page of the log, save and restore",
        "records in the log",
        RECORDS,
        with_log,
        "The log is a ring in the pump's memory: reading goes by number, and an image has the bytes of all records.",
    )


def _grown(name: str, of: str, counts: tuple[int, ...], work: Callable[[int], float], why: str) -> Growth:
    """Median processor seconds for each count."""
    return Growth(name, of, counts, tuple(median(work(count) for _ in range(ROUNDS)) for count in counts), why)
