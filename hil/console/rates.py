"""How often somebody may do something: a bucket that fills as wall time passes."""

from __future__ import annotations

from collections import OrderedDict

from hil.pacing import wall_us

__all__ = ["Bucket", "Buckets", "Rates"]

PARTIES_MAX = 1_024
"""Callers remembered at once; the one that was quiet longest is forgotten first, and had its bucket full again."""


class Bucket:
    """Holds `size` tries, and regains one every `every_us`."""

    def __init__(self, size: int, every_us: int) -> None:
        self._size = size
        self._every_us = every_us
        self._left = float(size)
        self._at_us = wall_us()

    def take(self) -> bool:
        """Whether one more is allowed now; if so it is gone."""
        now_us = wall_us()
        self._left = min(self._size, self._left + (now_us - self._at_us) / self._every_us)
        self._at_us = now_us
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def put_back(self) -> None:
        """The last one taken did not count."""
        self._left = min(self._size, self._left + 1)


class Buckets:
    """One bucket for each party, such as an address."""

    def __init__(self, size: int, every_us: int) -> None:
        self._kind = (size, every_us)
        self._each: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, party: str) -> Bucket:
        """The party's own bucket."""
        bucket = self._each.get(party) or Bucket(*self._kind)
        self._each[party] = bucket
        self._each.move_to_end(party)
        while len(self._each) > PARTIES_MAX:
            self._each.popitem(last=False)
        return bucket


class Rates:
    """What one person may do in all windows together, so that nobody slows down the class or fills the disk: at once, and then one each."""

    def __init__(self) -> None:
        self.says = Buckets(80, 125_000)
        """Acts and reports of a learner."""
        self.asks = Buckets(60, 500_000)
        """Addresses below `/api`, of whoever is not the instructor."""
        self.opens = Buckets(40, 1_000_000)
        """WebSockets."""
