"""A class at x1000: how late a page is, whether anything is lost, and whether the server's memory stays.

    python -m tests.bench.classroom                 one learner, then twenty, thirty seconds each
    python -m tests.bench.classroom --minutes 30    twenty learners for thirty minutes

Each learner does an act every two seconds, over the real wire; the instructor says something every second. What is measured is the time
from an act to its answer, and from a word of the instructor's to the learner's page that shows it. A word that a page never showed, and an
act that was answered not once, is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect

from hil.lesson.shelf import folder_named
from tests.console.classroom import Console, Person

LEARNERS = 20
SPEED = "1000"
ACT_EVERY_S = 2.0
SAY_EVERY_S = 1.0
LOOK_EVERY_S = 5.0
SETTLE_S = 3.0
SECONDS = 30.0
SAID = re.compile(r"word (\d+) of the instructor")
ACTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("measure", {"what": "heart-rate"}),
    ("interrogate", {}),
    ("measure", {"what": "tone-legs"}),
    ("note", {"text": "seen"}),
)
KB_PER_MB = 1_000


class Figures(NamedTuple):
    """One class. Times in milliseconds, memory in MB of resident set."""

    learners: int
    acts: int
    words: int
    lost: int
    answer_p50: float
    answer_p95: float
    told_p50: float
    told_p95: float
    memory: list[float]
    simulated_days: float
    busy_share: float
    """Of one processor, by the server."""

    def lines(self) -> list[str]:
        """The figures for people."""
        steady = self.memory[len(self.memory) // 3 :] or [0.0]
        return [
            f"{self.learners} learners, {self.simulated_days:.1f} simulated days: {self.acts} acts, {self.words} words, {self.lost} lost",
            f"  act to answer        p50 {self.answer_p50:.0f} ms, p95 {self.answer_p95:.0f} ms",
            f"  word to page         p50 {self.told_p50:.0f} ms, p95 {self.told_p95:.0f} ms",
            f"  server               {self.busy_share:.0%} of a processor",
            f"  memory               {self.memory[0]:.0f} MB at first, {min(steady):.0f} to {max(steady):.0f} MB in the last two thirds",
        ]


class Browser:
    """One page's socket: reads all, keeps what is measured."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.clock: dict[str, Any] = {}
        self.asked: dict[str, float] = {}
        self.answers: dict[str, int] = {}
        self.answer_ms: list[float] = []
        self.told: dict[int, float] = {}

    async def read(self) -> None:
        """Read to the end of the connection."""
        async for text in self.socket:
            now, message = time.perf_counter(), json.loads(text)
            kind = message["t"]
            if kind == "answer":
                self.answers[message["id"]] = self.answers.get(message["id"], 0) + 1
                self.answer_ms.append((now - self.asked[message["id"]]) * 1_000)
            elif kind == "beat":
                self.clock = message["clock"]
            elif kind in {"view", "change"}:
                for number in SAID.findall(json.dumps(message.get("set", {}).get("messages", []))):
                    self.told.setdefault(int(number), now)

    async def do(self, act: str, args: dict[str, str]) -> None:
        """Ask for an act."""
        ref = f"b-{id(self)}-{len(self.asked)}"
        self.asked[ref] = time.perf_counter()
        await self.socket.send(json.dumps({"v": 1, "t": "do", "id": ref, "act": act, "args": args}))


async def every(seconds: float, until: float, act: Callable[[int], Awaitable[None]], after: float = 0.0) -> None:
    """Act again and again, on time, until a moment of the wall clock; first after so much."""
    number, due = 0, time.perf_counter() + after
    never = asyncio.Event()
    await asyncio.wait([asyncio.ensure_future(never.wait())], timeout=after)
    while due < until:
        await act(number)
        number, due = number + 1, due + seconds
        try:
            await asyncio.wait_for(never.wait(), max(0.0, due - time.perf_counter()))
        except TimeoutError:
            continue


async def hold(started: Console, learners: int, seconds: float) -> Figures:
    """One class for so many seconds of wall time."""
    people = [started.admitted("instructor"), *(started.admitted("learner", f"Learner {number}") for number in range(learners))]
    browsers = [Browser(await connected(person)) for person in people]
    boss, pupils = browsers[0], browsers[1:]
    readers = [asyncio.create_task(browser.read()) for browser in browsers]
    await boss.do("speed", {"factor": SPEED})
    await boss.do("resume", {})
    begun, busy = time.perf_counter(), busy_s(started)
    until, said, memory = begun + seconds, dict[int, float](), list[float]()

    async def say(number: int) -> None:
        if boss.clock.get("speed") != int(SPEED):  # an alarm has dropped the clock to x1
            await boss.do("speed", {"factor": SPEED})
        said[number] = time.perf_counter()
        await boss.do("say", {"learner": "", "text": f"word {number} of the instructor"})

    async def look(number: int) -> None:
        memory.append(memory_mb(started))
        if number % 12 == 0:
            sys.stderr.write(f"{time.perf_counter() - begun:6.0f} s: {memory[-1]:.0f} MB, {boss.clock.get('text', '')}\n")

    def acting(pupil: Browser) -> Callable[[int], Awaitable[None]]:
        return lambda number: pupil.do(*ACTS[number % len(ACTS)])

    await asyncio.gather(
        every(SAY_EVERY_S, until, say),
        every(LOOK_EVERY_S, until, look),
        *(every(ACT_EVERY_S, until, acting(pupil), ACT_EVERY_S * place / learners) for place, pupil in enumerate(pupils)),
    )
    took, busy = time.perf_counter() - begun, busy_s(started) - busy
    await asyncio.wait(readers, timeout=SETTLE_S)
    for browser in browsers:
        await browser.socket.close()
    told_ms = [(pupil.told[number] - at) * 1_000 for pupil in pupils for number, at in said.items() if number in pupil.told]
    lost = len(said) * learners - len(told_ms) + sum(browser.answers.get(ref, 0) != 1 for browser in browsers for ref in browser.asked)
    answer_ms = [each for pupil in pupils for each in pupil.answer_ms]
    days = boss.clock["at_us"] / 86_400_000_000
    figures = (share(answer_ms, 0.5), share(answer_ms, 0.95), share(told_ms, 0.5), share(told_ms, 0.95))
    return Figures(learners, len(answer_ms), len(said), lost, *figures, memory, days, busy / took)


async def connected(person: Person) -> ClientConnection:
    """A socket as a page opens it."""
    url = f"ws://{person.console.authority}/ws?role={person.role}"
    origin: Any = person.console.ready["url"]
    return await connect(url, additional_headers={"Cookie": person.cookie}, origin=origin, proxy=None, compression=None, max_size=None)


def share(values: list[float], part: float) -> float:
    """The value that so large a part of them does not pass."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


def memory_mb(started: Console) -> float:
    """The server's resident memory."""
    text = Path(f"/proc/{started.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) / KB_PER_MB  # type: ignore[index]  # the kernel always says it


def busy_s(started: Console) -> float:
    """Processor time of the server so far."""
    fields = Path(f"/proc/{started.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@contextmanager
def a_class(learners: int) -> Iterator[Console]:
    """A console with a lesson that does not end in the meantime."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lesson = folder / "long-lesson"
        lesson.mkdir()
        for path in folder_named("found-stopped").iterdir():
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                longer = text.replace("after: 1 day}", "after: 90 days}").replace("alarm-drops: yes", "alarm-drops: no")
                (lesson / path.name).write_text(longer, encoding="utf-8")
        started = Console(folder, ["--lesson", str(lesson), "--class", str(learners)])
        try:
            yield started
        finally:
            said = started.end()
            if said:
                sys.stderr.write(said)


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--minutes", type=float, help="only the whole class, for so long")
    options.add_argument("--learners", type=int, default=LEARNERS)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    classes = [(asked.learners, asked.minutes * 60)] if asked.minutes else [(1, SECONDS), (asked.learners, SECONDS)]
    found = []
    for learners, seconds in classes:
        with a_class(learners) as started:
            found.append(asyncio.run(hold(started, learners, seconds)))
    if asked.json:
        sys.stdout.write(json.dumps([each._asdict() for each in found]) + "\n")
        return
    sys.stdout.write("\n".join(line for each in found for line in each.lines()) + "\n")
    if len(found) > 1:
        factor = max(found[1].answer_p95 / found[0].answer_p95, found[1].told_p95 / found[0].told_p95)
        sys.stdout.write(f"p95 with {found[1].learners} learners: at most {factor:.1f} times that of one\n")


if __name__ == "__main__":
    main()
