"""A campaign over some worker processes: batches in, tallies out, memory watched."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import cache
from itertools import islice
from multiprocessing import active_children
from pathlib import Path
from typing import NamedTuple

from hil.errors import CheckFailed
from protocol.framing import Frame
from protocol.fuzz.campaign import End, Finding, batches, run_batch
from protocol.fuzz.host_end import HostEnd
from protocol.fuzz.samples import read_frames

__all__ = ["ENDS", "GROWTH_KB_MAX", "Campaign", "Done", "end_of", "run"]

ENDS = ("pump", "host", "server")
BATCHES_PER_JOB = 8
STALL_S = 300.0
"""A job takes a second or a few; one that takes this long hangs, unless the machine stands still."""
GROWTH_KB_MAX = 64_000
"""What a worker's memory may grow by after its first job; of a million streams a byte of each would show."""


class Campaign(NamedTuple):
    """What to run. `frames` names a file of more frames to begin from."""

    end: str
    seed: int
    streams: int
    frames: str = ""


class Done(NamedTuple):
    """What one job came to. `peak_kb` is the most memory that its worker ever had."""

    streams: int
    told: Counter[str]
    findings: list[Finding]
    worker: int
    peak_kb: int


@cache
def end_of(name: str, frames: str = "") -> End:
    """An end of this process, made once."""
    corpus: list[Frame] = read_frames(Path(frames)) if frames else []
    if name == "host":
        return HostEnd(corpus)
    if name == "pump":
        from hil.fuzz.pump_end import PumpEnd

        return PumpEnd(corpus)
    from hil.fuzz.server_end import ServerEnd

    return ServerEnd(corpus)


def run(campaign: Campaign, workers: int, on_done: Callable[[Done], bool]) -> None:
    """Run it all, in this process if there are no workers; `on_done` hears of each job and says whether to go on.

    Raises CheckFailed when a job hangs or a worker's memory grows.
    """
    jobs = _jobs(campaign)
    if not workers:
        for job in jobs:
            if not on_done(_work(campaign, job)):
                break
        return
    first_kb: dict[int, int] = {}
    with ProcessPoolExecutor(workers) as pool:
        waiting = {pool.submit(_work, campaign, job): job for job in islice(jobs, 2 * workers)}
        while waiting:
            finished, _ = wait(waiting, timeout=STALL_S, return_when=FIRST_COMPLETED)
            if not finished:
                _give_up(campaign, [job[0][0] for job in waiting.values()])
            for future in finished:
                del waiting[future]
                if not _take(future, first_kb, on_done):
                    jobs = iter(())
                waiting |= {pool.submit(_work, campaign, job): job for job in islice(jobs, 1)}


def _jobs(campaign: Campaign) -> Iterator[list[tuple[int, int]]]:
    """Batches by the handful."""
    rest = batches(campaign.streams)
    while job := list(islice(rest, BATCHES_PER_JOB)):
        yield job


def _work(campaign: Campaign, job: list[tuple[int, int]]) -> Done:
    """One job, in a worker."""
    end = end_of(campaign.end, campaign.frames)
    tallies = [run_batch(end, campaign.seed, number, streams) for number, streams in job]
    told = sum((tally.told for tally in tallies), Counter[str]())
    findings = [tally.finding for tally in tallies if tally.finding is not None]
    return Done(sum(tally.streams for tally in tallies), told, findings, os.getpid(), _peak_kb())


def _take(future: Future[Done], first_kb: dict[int, int], on_done: Callable[[Done], bool]) -> bool:
    done = future.result()
    grown_kb = done.peak_kb - first_kb.setdefault(done.worker, done.peak_kb)
    if grown_kb > GROWTH_KB_MAX and not done.findings:
        raise CheckFailed(f"a worker's memory grew by {grown_kb:,} KB", where="fuzz", do="look for what is kept from stream to stream")
    return on_done(done)


def _give_up(campaign: Campaign, first: list[int]) -> None:
    for process in active_children():
        process.kill()
    raise CheckFailed(
        f"nothing came back for {STALL_S:.0f} s; it hangs in one of the {BATCHES_PER_JOB} batches from {min(first)} on",
        where=f"fuzz --end {campaign.end} --seed {campaign.seed}",
        do="run it with --workers 0 under a debugger",
    )


def _peak_kb() -> int:
    """Peak resident memory of this process; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
