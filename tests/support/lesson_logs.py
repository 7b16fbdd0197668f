"""Logs of a lesson written by hand: the found-stopped lesson as two learners met it, with facts, acts, sounds and edits in known places."""

from __future__ import annotations

from typing import Any

from hil.lesson.entries import Entry

__all__ = ["ANA", "BEN", "CLOCK_US", "HOUR", "MINUTE", "NAMES", "LogWriter", "class_log", "found_stopped"]

ANA, BEN = "L1", "L2"
NAMES = {ANA: "Ana", BEN: "Ben-who-is-another"}
MINUTE = 60_000_000
HOUR = 60 * MINUTE
CLOCK_US = 9_497 * 24 * HOUR + 10 * HOUR
"""2026-01-01 10:00."""


class LogWriter:
    """Writes entries in order, times in minutes."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, minute: float, kind: str, who: str, about: str | None = None, **data: Any) -> Entry:
        """One entry; about whoever did it, if nothing else is said."""
        entry = Entry(len(self.entries) + 1, round(minute * MINUTE), kind, who, who if about is None else about, data)
        self.entries.append(entry)
        return entry

    def act(self, minute: float, who: str, act: str, answer: str = "done", **args: str) -> Entry:
        return self.add(minute, "act", who, act=act, args=args, answer=answer, seen={}, words="", ref="r")

    def fact(self, minute: float, about: str, fact: str, *, holds: bool = True) -> Entry:
        return self.add(minute, "fact", "class", about, fact=fact, holds=holds)

    def sound(self, minute: float, about: str, outcome: str = "", count: int = 1) -> Entry:
        """A sounding, and what the client said of it."""
        entry = self.add(
            minute, "sound", "class", about, pattern="two-tone", tones=[[1000, 200], [0, 100]], count=count, fresh=count == 1, critical=True
        )
        if outcome:
            self.add(minute, "heard", about, sound=entry.n, outcome=outcome, client="c1")
        return entry


def found_stopped(log: LogWriter, who: str, *, well: bool, outcome: str = "played") -> None:
    """One learner's part: the pump was stopped before he came; whoever does well reads it and starts it, whoever does not finds it late."""
    for fact in ("pump-stopped", "alarm-sounding"):
        log.fact(0, who, fact)
    log.sound(1, who, outcome)
    if not well:
        log.act(4, who, "measure", what="temperature")
        log.act(9, who, "think", diagnosis="infection", sure="60 %")
        log.add(9, "thought", who, diagnosis="infection", sure="60 %")
        log.add(20, "edit", who, what="limit", detail="bolus 5,000 mcg: above the pump's limit")
        log.sound(61, who, outcome, count=2)
        log.act(130, who, "interrogate")
        return
    log.act(4, who, "interrogate")
    log.act(6, who, "measure", what="tone-legs")
    log.act(7, who, "measure", what="temperature")
    log.act(9, who, "think", diagnosis="pump-stopped", sure="90 %")
    log.add(9, "thought", who, diagnosis="pump-stopped", sure="90 %")
    log.act(12, who, "call", whom="neurosurgery")
    log.add(14, "edit", who, what="back", detail="dose per day 4,400 → 440 mcg/day")
    log.act(16, who, "start")
    for fact in ("alarm-sounding", "pump-stopped"):
        log.fact(16, who, fact, holds=False)
    log.act(18, who, "interrogate")
    log.act(100, who, "measure", what="tone-legs")
    log.act(200, who, "measure", what="tone-legs")


def class_log(*, ended: bool = True, opened: bool = False) -> list[Entry]:
    """Ana does well and Ben does not, in one class; the entries are in order of time."""
    log = LogWriter()
    log.add(
        0,
        "began",
        "instructor",
        "",
        lesson="found-stopped",
        seed=3,
        speed=1,
        clock_us=CLOCK_US,
        run="Blue lake",
        colour="#1f4e8c",
        profile="US",
    )
    for key, nickname in NAMES.items():
        log.add(0, "joined", key, nickname=nickname)
    found_stopped(log, ANA, well=True)
    found_stopped(log, BEN, well=False, outcome="muted")
    log.add(205, "rating", "instructor", ANA, learner=ANA, score=4, note="calm")
    log.add(205, "rating", "instructor", BEN, learner=BEN, score=2, note="for Ben only")
    if ended:
        log.add(1440, "ended", "instructor", "", why="over")
    if opened:
        log.add(1440, "opened", "instructor", "", what="debrief")
    ordered = sorted(log.entries, key=lambda entry: entry.at_us)
    numbers = {entry.n: place for place, entry in enumerate(ordered, start=1)}
    return [_renumbered(entry, numbers) for entry in ordered]


def _renumbered(entry: Entry, numbers: dict[int, int]) -> Entry:
    data = {**entry.data, "sound": numbers[entry.data["sound"]]} if entry.kind == "heard" else entry.data
    return entry._replace(n=numbers[entry.n], data=data)
