"""Holds one answer against another, field by field, and says which differences are no fault.

Numbers that a pump gives or draws anew in every run differ always: sessions, nonces, proofs, MACs, tokens, boot counts. Times are compared
from where each pump's clock stood at first, to a tolerance. Everything else that differs is a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hil.parity.reading import Reading
from hil.parity.rewriting import COUNTED, Rewriter
from hil.parity.spoken import spoken
from protocol.codec import fields_of
from protocol.messages import HelloAnswer, LogAnswer, OutcomeAnswer

__all__ = ["Clocks", "Difference", "differences"]

PER_RUN = {
    "session": "each HELLO gets the next number",
    "pump_nonce": "drawn anew for each session",
    "proof": "made from both nonces",
    "boot_count": "counts the starts of this pump",
    "token": "drawn anew each time",
}
"""Fields that a pump gives anew in every run, and why."""
OF_A_UNIT = {"serial": "another unit", "calibration_ppm": "calibrated unit by unit"}
PAST = {"basal_nl", "bolus_nl", "steps", "patient_bolus_granted", "patient_bolus_refused", "line_errors", "log_oldest", "oldest", "records"}
PAST |= {"replace_by_clock_us", "battery_mv", "turned_away"}
"""What another unit has behind it, and what follows from that."""
_CLOCKS = frozenset(("clock_us", "old_us", "new_us"))
_BYTES_SHOWN = 32


class Difference(NamedTuple):
    """One thing that is otherwise. `expected` says why it is no fault, empty if it is one; `values` are the raw numbers, for reasons."""

    field: str
    recorded: str
    replayed: str
    expected: str = ""
    values: tuple[Any, Any] = (None, None)


@dataclass(slots=True)
class Clocks:
    """Where the clocks of this pump stand against the recorded ones, learned at their first look; within the tolerance is agreement."""

    tolerance_us: int
    bases: dict[str, int] = field(default_factory=dict)
    exact: bool = False
    """Both pumps live the same instants: their clocks must agree from the start."""

    def learn(self, recorded: Any, replayed: Any) -> None:
        """Two answers that may tell what the clocks show."""
        for name, kind in (("clock_us", "clock"), ("device_us", "device")):
            one, other = getattr(recorded, name, None), getattr(replayed, name, None)
            if one is not None and other is not None:
                self.bases.setdefault(kind, other - one)

    def agrees(self, kind: str, recorded_us: int, replayed_us: int) -> bool:
        """Whether two times mean the same instant of their runs."""
        base_us = 0 if self.exact else self.bases.get(kind, 0)
        return abs(replayed_us - recorded_us - base_us) <= self.tolerance_us


class _Judge:
    """What is expected in one comparison."""

    def __init__(self, rewriter: Rewriter, clocks: Clocks) -> None:
        self._rewriter = rewriter
        self._clocks = clocks

    def field(self, declaration: type, name: str, one: Any, other: Any) -> str:
        """Why this field may differ; empty if it may not."""
        if name in PER_RUN and (name != "session" or declaration is HelloAnswer):
            return PER_RUN[name]
        if name.endswith("_us") and isinstance(one, int) and bool(one) == bool(other):
            kind = "clock" if name in _CLOCKS or name.endswith("_clock_us") else "device"
            if self._clocks.agrees(kind, one, other):
                return "the same instant of its run" if self._clocks.exact else "the same time since the first look at its clock"
        return self._of_another_unit(declaration, name, one, other) if self._rewriter.another_unit else ""

    def _of_another_unit(self, declaration: type, name: str, one: Any, other: Any) -> str:
        if name in OF_A_UNIT:
            return OF_A_UNIT[name]
        if name in COUNTED and other - one == self._rewriter.offsets.get(COUNTED[name]):
            return f"this unit's {COUNTED[name]}s are {other - one:+,} from the recorded ones"
        if name in PAST or declaration is LogAnswer:
            return "another unit has another past"
        if declaration is OutcomeAnswer and name == "digest" and self._rewriter.offsets.get("command id"):
            return "made over the command id too"
        return ""


def differences(recorded: Reading, replayed: Reading, rewriter: Rewriter, clocks: Clocks) -> Iterator[Difference]:
    """All differences of two answers to one request, the graver first."""
    if recorded.raw == replayed.raw:
        return
    if recorded.frame is None or replayed.frame is None or recorded.error or replayed.error:
        yield Difference("bytes", _shown(recorded), _shown(replayed))
        return
    found = list(_headers(recorded, replayed, rewriter))
    if recorded.answer != replayed.answer:
        found.append(_outcome(recorded, replayed))
    elif recorded.refusal != replayed.refusal and recorded.refusal is not None and replayed.refusal is not None:
        found.append(Difference("refusal", recorded.refusal.what, replayed.refusal.what, values=(recorded.body, replayed.body)))
    elif type(recorded.body) is not type(replayed.body):
        found.append(Difference("part", type(recorded.body).__name__, type(replayed.body).__name__))
    else:
        found += _bodies(recorded.body, replayed.body, _Judge(rewriter, clocks))
    if not found:
        yield Difference("bytes", _shown(recorded), _shown(replayed))
    yield from found


def _headers(recorded: Reading, replayed: Reading, rewriter: Rewriter) -> Iterator[Difference]:
    """The differences of session, MAC and the rest of the header."""
    if recorded.frame is None or replayed.frame is None:
        return
    one, other = recorded.frame, replayed.frame
    for name in ("version", "opcode", "flags", "sequence"):
        if getattr(one, name) != getattr(other, name):
            yield Difference(name, str(getattr(one, name)), str(getattr(other, name)))
    if one.session != other.session:
        mapped = rewriter.sessions.get(one.session) == other.session
        yield Difference("session", str(one.session), str(other.session), PER_RUN["session"] if mapped else "")
    if bool(one.mac) != bool(other.mac):
        yield Difference("MAC", "present" if one.mac else "none", "present" if other.mac else "none")
    elif not rewriter.admits(replayed):
        yield Difference("MAC", "right", "wrong: made with another key")
    elif one.mac != other.mac:
        yield Difference("MAC", one.mac.hex(), other.mac.hex(), "made with the keys of its session")


def _outcome(recorded: Reading, replayed: Reading) -> Difference:
    return Difference("answer", _answer_said(recorded), _answer_said(replayed), values=(recorded.body, replayed.body))


def _answer_said(reading: Reading) -> str:
    """An answer with its reason."""
    name = reading.answer.name if reading.answer is not None else "?"
    if reading.refusal is not None:
        return f"{name}: {reading.refusal.what}"
    number = next(iter(reading.body), None) if reading.answer and len(reading.body) == 1 else None
    return name if number is None else f"{name} {number}"


def _bodies(one: Any, other: Any, judge: _Judge, path: str = "") -> Iterator[Difference]:
    declaration: Any = type(one)
    for form, first, second in zip(fields_of(declaration), one, other, strict=True):
        if first == second:
            continue
        name = f"{path}{form.name}"
        expected = judge.field(declaration, form.name, first, second)
        if form.row is None or expected or len(first) != len(second):
            yield Difference(name, *_said_apart(declaration, form.name, first, second), expected, (first, second))
            continue
        for number, (row, other_row) in enumerate(zip(first, second, strict=True)):
            yield from _bodies(row, other_row, judge, f"{name}[{number}].")


def _said_apart(declaration: Any, name: str, first: Any, second: Any) -> tuple[str, str]:
    """Both values in words; as plain numbers too where the words are too coarse to tell them apart."""
    one, other = (f"{len(value)} rows" if isinstance(value, tuple) else spoken(declaration, name, value) for value in (first, second))
    return (one, other) if one != other else (f"{one} ({first!r})", f"{other} ({second!r})")


def _shown(reading: Reading) -> str:
    raw = reading.raw
    text = raw[:_BYTES_SHOWN].hex(" ") + (" …" if len(raw) > _BYTES_SHOWN else "")
    return f"{text} ({reading.error})" if reading.error else text
