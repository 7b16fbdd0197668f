"""The printout of one interrogation: what the pump said at that reading, on one page, and nothing that only the truth knows."""

from __future__ import annotations

from typing import Any

from hil.errors import UsageError
from hil.lesson.entries import Entry
from hil.lesson.projection import project
from hil.lesson.views.stored import Stored

__all__ = ["LOG_LINES", "printout_view"]

LOG_LINES = 18
"""Records of the pump's log on the page: the newest."""
READING = "interrogate"
_ALARM = ("name", "class", "since", "marks", "flow")


def printout_view(stored: Stored, learner: str, n: int = 0) -> dict[str, Any]:
    """The reading that is entry `n` of the log, the newest for 0. Raises UsageError if there is none."""
    learner = stored.known(learner)
    entry = _reading(stored, learner, n)
    seen = entry.data.get("seen", {})
    readout, log = seen.get("readout", {}), seen.get("log", [])
    return {
        "n": entry.n,
        "run": str(stored.began.get("run", "")),
        "colour": str(stored.began.get("colour", "")),
        "nickname": stored.learners[learner],
        "review": stored.lesson.review,
        "read_at": stored.moments.date(entry.at_us),
        "read_clock": readout.get("read_clock", seen.get("read_clock", "")),
        "pump": readout.get("pump", ""),
        "state": readout.get("state", seen.get("mode", "")),
        "runs": bool(readout.get("runs")),
        "dose_per_day": readout.get("dose_per_day", ""),
        "alarms": [{name: alarm.get(name, "") for name in _ALARM} for alarm in readout.get("alarms", [])],
        "blocks": [block for block in readout.get("blocks", []) if block.get("rows")],
        "drawn": readout.get("drawn", []),
        "log": list(log[:LOG_LINES]),
        "log_left_out": max(len(log) - LOG_LINES, 0),
    }


def _reading(stored: Stored, learner: str, n: int) -> Entry:
    """The entry as the learner may have it: what was seen, never what is so."""
    readings = [
        entry
        for entry in stored.entries
        if entry.kind == "act" and entry.who == learner and entry.data.get("act") == READING and entry.data.get("answer") == "done"
    ]
    entry = next((each for each in reversed(readings) if n in {0, each.n}), None)
    shown = None if entry is None else project(entry, "learner", learner)
    if shown is None:
        raise UsageError(f"entry {n} is no reading of this learner" if n else "the pump was not read", where="print", do="choose a reading")
    return shown
