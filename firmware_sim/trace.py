"""The trace: every bench act and every journal entry, chained by hash so that two runs can be compared by 32 bytes.

The chain is part of the pump's state; the tail of records is for readers and is not. Advancing and looking leave no record.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from json.encoder import encode_basestring_ascii as _quoted

from firmware_sim.firmware.journal import Entry, EventKind
from firmware_sim.limits import TRACE_TAIL_MAX

__all__ = ["Trace", "TraceRecord"]

TraceRecord = dict[str, object]
_Facts = tuple[int, int, int, int, int, str, int, int, int, int, int]
"""What a journal entry tells, in the order of `_ENTRY`: the record for a reader is made when one asks."""

_ENTRY = (
    '{"clock_us":%d,"command_id":%d,"delivered_nl":%d,"detail":%d,"device_us":%d,"event":"%s","kind":"log",'
    '"now_us":%d,"number":%d,"programmed_nl":%d,"record":%d,"value":%d}'
)
"""A journal entry as the encoder would write it."""
_EVENTS = {int(kind): kind.name for kind in EventKind}
_ENCODER = json.JSONEncoder(separators=(",", ":"), sort_keys=True, check_circular=False)


@dataclass(slots=True)
class Trace:
    """Count and chain, h = SHA-256(h + record), and the last records for readers."""

    count: int = 0
    chain: bytes = b""
    tail: deque[TraceRecord | _Facts] = field(default_factory=lambda: deque(maxlen=TRACE_TAIL_MAX))

    def add(self, now_us: int, kind: str, data: Mapping[str, object]) -> None:
        """Append one record; `data` holds JSON values only."""
        record: TraceRecord = {"number": self.count, "now_us": now_us, "kind": kind, **data}
        self._link(record, _text(record))

    def add_entry(self, now_us: int, entry: Entry) -> None:
        """Append the record of a journal entry: of these there are many, so their text has a form of its own."""
        record, kind, detail, command_id, device_us, clock_us, programmed_nl, delivered_nl, value, _ = entry
        number = self.count
        facts = (clock_us, command_id, delivered_nl, detail, device_us, _EVENTS[kind], now_us, number, programmed_nl, record, value)
        self._link(facts, _ENTRY % facts)

    def _link(self, record: TraceRecord | _Facts, text: str) -> None:
        self.chain = sha256(self.chain + text.encode()).digest()
        self.count += 1
        self.tail.append(record)

    def since(self, number: int) -> list[TraceRecord]:
        """Records from `number` on that are still kept."""
        skip = min(max(0, number - (self.count - len(self.tail))), len(self.tail))
        return [_told(record) if isinstance(record, tuple) else record for record in islice(self.tail, skip, None)]


def _text(record: TraceRecord) -> str:
    """The record as the encoder would write it; where it has whole numbers and text only, as nearly always, without making one."""
    parts = []
    for key in sorted(record):
        value = record[key]
        if type(value) is int:
            parts.append(f"{_quoted(key)}:{value}")
        elif type(value) is str:
            parts.append(f"{_quoted(key)}:{_quoted(value)}")
        else:
            return _ENCODER.encode(record)
    return "{" + ",".join(parts) + "}"


def _told(facts: _Facts) -> TraceRecord:
    """A journal entry as readers get it."""
    clock_us, command_id, delivered_nl, detail, device_us, event, now_us, number, programmed_nl, record, value = facts
    return {
        "number": number,
        "now_us": now_us,
        "kind": "log",
        "record": record,
        "event": event,
        "detail": detail,
        "command_id": command_id,
        "device_us": device_us,
        "clock_us": clock_us,
        "programmed_nl": programmed_nl,
        "delivered_nl": delivered_nl,
        "value": value,
    }
