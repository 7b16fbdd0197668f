"""Simulated times in words: the clock of the case, with its day where the run is longer than one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hil.lesson.entries import Entry
from hil.wording import quantity

__all__ = ["Moments"]

US_PER_S = quantity.US_PER_S
US_PER_DAY = quantity.US_PER_DAY


@dataclass(frozen=True, slots=True)
class Moments:
    """`origin_us` is the date of the case when the lesson began, us since 2000; `end_us` how long the run is."""

    origin_us: int = 0
    end_us: int = 0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Moments:
        """Taken from a log, or from its beginning."""
        origin_us = end_us = 0
        for entry in entries:
            end_us = max(end_us, entry.at_us)
            if entry.kind == "began":
                origin_us = int(entry.data.get("clock_us", 0))
        return cls(origin_us, end_us)

    def text(self, at_us: int) -> str:
        """`10:41`, or `day 3, 10:41` in a run that sees midnight; day 1 is the first."""
        day, time = self._parts(at_us)
        return f"day {day}, {time}" if day else time

    def said(self, at_us: int) -> str:
        """The same for a sentence: `10:41 on day 3`."""
        day, time = self._parts(at_us)
        return f"{time} on day {day}" if day else time

    def _parts(self, at_us: int) -> tuple[int, str]:
        """The day, 0 in a run of one day, and the time of day."""
        first, last = self.origin_us // US_PER_DAY, (self.origin_us + self.end_us) // US_PER_DAY
        day, us = divmod(self.origin_us + at_us, US_PER_DAY)
        return (0 if last == first else day - first + 1), quantity.minute_of_day(us // (60 * US_PER_S))

    def date(self, at_us: int) -> str:
        return quantity.clock(self.origin_us + at_us)

    @staticmethod
    def length(us: int) -> str:
        """A length of time: seconds below ten minutes, whole minutes above."""
        seconds = us // US_PER_S
        return quantity.duration(seconds if seconds < 600 else (seconds + 30) // 60 * 60)
