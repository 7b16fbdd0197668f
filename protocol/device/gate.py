"""Back-off: after three failures in a row each further one makes its key wait twice as long, up to a minute.

Ids that no key has share one count. A session that proves its key clears that key's.

What a call costs the battery does not depend on the id that it names, so all calls that nobody proved share an allowance. When it is spent,
a key with failures waits for the next of them to come free; one without is let in as ever, so nobody's failures stop another.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.fields import U8, U32, U64
from protocol.limits import BACK_OFF_FREE, BACK_OFF_US_FIRST, BACK_OFF_US_MAX, U32_MAX, WAKE_US, WAKES_UNPROVED

__all__ = ["Allowance", "Gate", "GateImage"]


class Allowance:
    """So many at once, and one more in each period. `spent_until_us` is the device time at which all would be there again."""

    __slots__ = ("_period_us", "_slack_us", "spent_until_us")

    def __init__(self, at_once: int, period_us: int) -> None:
        self._period_us = period_us
        self._slack_us = (at_once - 1) * period_us
        self.spent_until_us = 0

    @property
    def free_us(self) -> int:
        """Device time from which one is to be had."""
        return max(0, self.spent_until_us - self._slack_us)

    def take(self, now_us: int) -> None:
        """Spend one, whether it is to be had or not."""
        self.spent_until_us = max(self.spent_until_us, now_us) + self._period_us

    def give_back(self) -> None:
        """One was not spent after all."""
        self.spent_until_us = max(0, self.spent_until_us - self._period_us)


class GateImage(NamedTuple):
    """One count as it is saved."""

    key_id: U8
    failures: U32
    until_us: U64


class Gate:
    """Failures by key id; 0 stands for all unknown ones. `wakes` is what is left to calls that nobody proves."""

    def __init__(self) -> None:
        self._counts: dict[int, GateImage] = {}
        self.wakes = Allowance(WAKES_UNPROVED, WAKE_US)

    def until_us(self, key_id: int) -> int:
        """Device time from which this key may try again."""
        count = self._counts.get(key_id)
        return 0 if count is None else max(count.until_us, self.wakes.free_us)

    def failed(self, key_id: int, now_us: int) -> None:
        """Somebody who said this id could not prove it."""
        failures = min(U32_MAX, 1 + (self._counts[key_id].failures if key_id in self._counts else 0))
        over = failures - BACK_OFF_FREE
        wait_us = 0 if over < 0 else min(BACK_OFF_US_MAX, BACK_OFF_US_FIRST << min(over, 63))
        self._counts[key_id] = GateImage(key_id, failures, now_us + wait_us)

    def passed(self, key_id: int) -> None:
        """Somebody proved this key: his call was no waste."""
        self._counts.pop(key_id, None)
        self.wakes.give_back()

    def cleared(self, key_id: int) -> None:
        """The key is another one now."""
        self._counts.pop(key_id, None)

    def save(self) -> tuple[GateImage, ...]:
        return tuple(self._counts.values())

    def restore(self, counts: tuple[GateImage, ...], spent_until_us: int) -> None:
        self._counts = {count.key_id: count for count in counts}
        self.wakes.spent_until_us = spent_until_us
