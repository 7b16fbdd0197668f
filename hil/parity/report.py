"""The parity report as data: what a program reads, and what the page is made from."""

from __future__ import annotations

from typing import Any, NamedTuple

from hil.parity.compare import Difference
from hil.parity.reading import Reading
from hil.parity.recording import Heard
from hil.parity.replay import Exchange, Found, Parity

__all__ = ["VERDICTS", "Alike", "alike", "expected_of", "report_of"]

FORMAT = 1
VERDICTS = ("same", "different")
_LISTED_MAX = 8
_LONG_FACTS = ("profile_numbers", "profile_text")


def report_of(parity: Parity) -> dict[str, Any]:
    """All of it. Times are microseconds, bytes hexadecimal."""
    facts = {name: value for name, value in parity.recording.facts.items() if name not in _LONG_FACTS}
    return {
        "parity": FORMAT,
        "verdict": VERDICTS[bool(parity.found)],
        "recording": {"file": parity.recording.file, **facts},
        "pump": {"port": parity.port, **parity.facts},
        "timing": {
            "moved_by": "bench" if parity.exact else "wall clock",
            "same_instants": parity.same_instants,
            "tolerance_us": parity.tolerance_us,
            **_latencies(parity),
        },
        "another_unit": parity.another_unit,
        "profile_changes": None if parity.changes is None else [change._asdict() for change in parity.changes],
        "first": None if parity.first is None else _found(parity.first),
        "differences": [_found(each) for each in parity.found],
        "expected": expected_of(parity),
        "exchanges": [_exchange(each) for each in parity.exchanges],
    }


class Alike(NamedTuple):
    """The same difference in several exchanges."""

    found: Found
    exchanges: tuple[int, ...]

    @property
    def listed(self) -> str:
        """Their numbers, as far as a line has room for them."""
        more = len(self.exchanges) - _LISTED_MAX
        return ", ".join(map(str, self.exchanges[:_LISTED_MAX])) + (f" and {more} more" if more > 0 else "")


def alike(parity: Parity) -> list[Alike]:
    """The differences, the same ones together, in the order of their first."""
    grouped: dict[tuple[str, Difference], list[Found]] = {}
    for each in parity.found:
        grouped.setdefault((each.name, each.difference._replace(values=(None, None))), []).append(each)
    return [Alike(found[0], tuple(each.number for each in found)) for found in grouped.values()]


def expected_of(parity: Parity) -> list[dict[str, Any]]:
    """The differences that are no fault, alike ones together."""
    grouped: dict[tuple[str, str, str], list[int]] = {}
    for exchange in parity.exchanges:
        for each in exchange.differences:
            if each.expected:
                grouped.setdefault((exchange.name, each.field, each.expected), []).append(exchange.number)
    return [{"name": name, "field": field, "why": reason, "exchanges": numbers} for (name, field, reason), numbers in grouped.items()]


def _found(found: Found) -> dict[str, Any]:
    difference = found.difference
    return {
        "exchange": found.number,
        "name": found.name,
        "field": difference.field,
        "recorded": difference.recorded,
        "replayed": difference.replayed,
        "why": found.why,
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "number": exchange.number,
        "at_us": exchange.asked.at_us,
        "name": exchange.name,
        "recorded_request": exchange.asked.reading.raw.hex(),
        "sent": exchange.sent.hex(),
        "byte_for_byte": exchange.sent == exchange.asked.reading.raw,
        "recorded": [_heard(run, run.at_us - exchange.asked.at_us) for run in exchange.recorded],
        "replayed": [_heard(run, run.at_us - exchange.sent_us) for run in exchange.replayed],
        "differences": [_difference(each) for each in exchange.differences],
    }


def _heard(run: Heard, after_us: int) -> dict[str, Any]:
    return {"after_us": after_us, "raw": run.reading.raw.hex(), "said": _told(run.reading)}


def _told(reading: Reading) -> str:
    return reading.answer.name if reading.answer is not None else reading.error


def _difference(difference: Difference) -> dict[str, Any]:
    return {name: getattr(difference, name) for name in ("field", "recorded", "replayed", "expected")}


def _latencies(parity: Parity) -> dict[str, int | None]:
    """The longest times to an answer, and the largest difference between two."""
    pairs = [pair for exchange in parity.exchanges for pair in exchange.latencies()]
    apart = [abs(other - one) for one, other in pairs if one is not None and other is not None]
    return {
        "recorded_us_max": max((one for one, _ in pairs if one is not None), default=None),
        "replayed_us_max": max((other for _, other in pairs if other is not None), default=None),
        "apart_us_max": max(apart, default=None),
    }
