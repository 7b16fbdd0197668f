"""The trace: every bench act and every journal entry, chained by hash so that two runs can be compared by 32 bytes.

The chain is part of the pump's state; the tail of records is for readers and is not. Advancing and looking leave no record.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_sim.limits import TRACE_TAIL_MAX

__all__ = ["Trace", "TraceRecord"]

TraceRecord = dict[str, object]

_ENCODER = json.JSONEncoder(separators=(",", ":"), sort_keys=True, check_circular=False)


@dataclass(slots=True)
class Trace:
    """Count and chain, h = SHA-256(h + record), and the last records for readers."""

    count: int = 0
    chain: bytes = b""
    tail: deque[TraceRecord] = field(default_factory=lambda: deque(maxlen=TRACE_TAIL_MAX))

    def add(self, now_us: int, kind: str, data: Mapping[str, object]) -> None:
        """Append one record; `data` holds JSON values only."""
        record: TraceRecord = {"number": self.count, "now_us": now_us, "kind": kind, **data}
        self.chain = hashlib.sha256(self.chain + _ENCODER.encode(record).encode()).digest()
        self.count += 1
        self.tail.append(record)

    def since(self, number: int) -> list[TraceRecord]:
        """Records from `number` on that are still kept."""
        skip = max(0, number - (self.count - len(self.tail)))
        return list(self.tail)[skip:]
