"""How far a campaign has come, on stderr: one line that is written over on a terminal, and a line a tenth elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import TextIO

from hil.pacing import wall_us
from hil.system.live_line import LiveLine
from hil.wording.quantity import duration

__all__ = ["Progress"]

LINES = 10
US_PER_S = 1_000_000
EVERY_US = US_PER_S // 5


class Progress:
    """Told of cases as they are done; `years` are those of a case, for the rate. Without a stream it says nothing."""

    def __init__(self, stream: TextIO | None, total: int, done: int, years: int, clock_us: Callable[[], int] = wall_us) -> None:
        self._clock_us = clock_us
        self._on = LiveLine(stream or StringIO())
        self._total, self._done, self._before, self._years = total, done, done, years
        self._began_us = self._shown_us = clock_us()
        self._tenth = LINES * done // max(total, 1)

    def came(self, cases: int) -> None:
        self._done += cases
        now_us = self._clock_us()
        tenth = LINES * self._done // max(self._total, 1)
        if self._on.live:
            if now_us - self._shown_us >= EVERY_US:
                self._shown_us = now_us
                self._on.over(self.text)
        elif tenth > self._tenth:
            self._tenth = tenth
            self._on.line(self.text)

    def said(self, text: str) -> None:
        self._on.line(text)

    @property
    def text(self) -> str:
        """Cases done, how fast, and how long it will take at this rate."""
        elapsed_us = max(1, self._clock_us() - self._began_us)
        came, left = self._done - self._before, self._total - self._done
        rate = came * US_PER_S / elapsed_us
        said = f"{self._done:,} of {self._total:,} cases, {_figures(rate)} a second, {_figures(rate * self._years)} pump-years a second"
        return f"{said}, {duration(round(left / rate))} left" if rate and left else said

    def close(self) -> None:
        """Leave the line empty."""
        self._on.close()


def _figures(rate: float) -> str:
    """Three figures at the most, where there are no more before the point."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
