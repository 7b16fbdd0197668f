"""The side door: time, faults, truth, power and needle, by name and JSON.

`Bench.call(verb, args)` is the one way in, whoever calls: a test in the same process, a line on the server's standard input, later HTTP.
The verbs, with their arguments, are the table in `hil/bench/verbs.py`. A verb that is refused has changed nothing, and says so as a
`BenchError` with what, where and what to do.

Around each verb the bench keeps the books: virtual time first comes to where the pace wants it, an act is in the journal before it is
done, a passage of time after it, and the pace goes on counting from the instant at which the verb left off.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from firmware_sim.errors import PowerOff, PumpError
from hil.bench.images import ImageShelf
from hil.bench.verbs import VERBS, Kind, Verb
from hil.errors import BenchError
from hil.pacing import LOCK_STEP, Pacer
from hil.unit import Unit

__all__ = ["Bench", "Grading", "Journal", "Line", "MemoryLine"]


class Line(Protocol):
    """What counts the bytes between a client and the pump: a port, or the unit itself for clients in the same process."""

    def attach(self) -> None:
        """A client is about to connect: count from zero."""

    def settle(self, sent_bytes: int) -> int:
        """Handle bytes until so many have come in since the client connected; returns how many went out."""


class Journal(Protocol):
    """Where inputs are written down before they count."""

    def act(self, at_us: int, verb: str, args: Mapping[str, object]) -> None: ...
    def mark(self, at_us: int) -> None: ...
    def renew(self) -> None:
        """The unit is another one now: what was written so far no longer leads to it."""

    def renew_if_long(self) -> None:
        """Nothing is half done now: a good moment to tidy up."""


class Grading(Protocol):
    """Who judges the pump's host."""

    def begin(self, provoke: Sequence[str] = ()) -> None: ...
    def report(self, *, final: bool = False) -> dict[str, Any]: ...


class MemoryLine:
    """Counts what a unit itself has received and emitted; its clients are in the same process, so nothing is ever on its way."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._base = (0, 0)

    def attach(self) -> None:
        self._base = (self._unit.received, self._unit.emitted)

    def settle(self, sent_bytes: int) -> int:
        received = self._unit.received - self._base[0]
        if received != sent_bytes:
            raise BenchError(f"{received} of {sent_bytes} bytes have arrived", where="settle", do="call attach before a client connects")
        return self._unit.emitted - self._base[1]


class Bench:
    """The verbs of one unit. `line` counts bytes, `pacer` says how time passes, `journal` keeps inputs; each is optional.

    `images` are the forks; benches of several units may share them. A unit that has a past begins its script here.
    """

    def __init__(self, unit: Unit, *, line: Line | None = None, pacer: Pacer | None = None, journal: Journal | None = None) -> None:
        self.unit = unit
        self.line: Line = line or MemoryLine(unit)
        self.pacer = pacer or Pacer(LOCK_STEP)
        self.journal = journal
        self.images = ImageShelf()
        self.grading: Grading | None = None
        if unit.now_us or unit.received:
            unit.begin_recording()

    def call(self, verb: str, args: Mapping[str, object] | None = None) -> dict[str, object]:
        """Do one verb and return its result, JSON-able. Raises BenchError, and then nothing has changed."""
        row = _row(verb)
        checked = _check(row, args or {})
        self.catch_up()
        if self.journal is not None and row.kind is Kind.ACT:
            self.journal.act(self.unit.now_us, row.name, checked.model_dump(mode="json"))
        self._record(row, checked)
        try:
            result = row.run(self, checked)
        except PumpError as error:
            raise BenchError(_said(error, row.name), where=row.name, do=_advice(error)) from None
        self._close(row)
        return result

    def replay(self, verb: str, args: Mapping[str, object]) -> None:
        """Do an act again as the journal tells it; what was refused then is refused again."""
        row = _row(verb)
        checked = row.args.model_validate(dict(args))
        self._record(row, checked)
        try:
            row.run(self, checked)
        except (BenchError, PumpError):
            return

    def _record(self, row: Verb, checked: BaseModel) -> None:
        """Acts go into the unit's recording, for a script."""
        if row.kind is Kind.ACT and row.recorded:
            if self.unit.recording.full:
                self.unit.begin_recording()
            self.unit.recording.acted(self.unit.now_us, row.name, checked.model_dump(mode="json", exclude_defaults=True))

    def catch_up(self) -> None:
        """Bring virtual time to where the pace wants it now."""
        due_us = self.pacer.due_us()
        if due_us > self.unit.now_us:
            self.unit.advance_to(due_us)

    def _close(self, row: Verb) -> None:
        """After a verb: time that passed is in the journal, a free run has ended, the pace counts from here."""
        if row.kind is Kind.LOOK:
            return
        if self.journal is not None:
            self._write_up(self.journal, row)
        if self.pacer.pace.kind == "free":
            self.pacer.choose(LOCK_STEP, self.unit.now_us)
        self.pacer.anchor(self.unit.now_us)

    def _write_up(self, journal: Journal, row: Verb) -> None:
        if row.kind is Kind.TIME:
            journal.mark(self.unit.now_us)
        if row.kind is Kind.IMAGE:
            journal.renew()
        journal.renew_if_long()


def _row(verb: str) -> Verb:
    row = VERBS.get(verb)
    if row is None:
        near = difflib.get_close_matches(str(verb), VERBS, n=1)
        do = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(VERBS)}"
        raise BenchError(f"unknown verb {verb!r}", where="bench", do=do)
    return row


def _check(row: Verb, args: Mapping[str, object]) -> BaseModel:
    """Judge the arguments; the first that is wrong is told with its value and limit."""
    try:
        return row.args.model_validate(dict(args))
    except ValidationError as error:
        first = error.errors()[0]
    place = ".".join(str(part) for part in (row.name, *first["loc"][:1]))  # what follows names types, not arguments
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), row.args.model_fields, n=1)
        known = f"did you mean {near[0]}?" if near else f"it takes: {', '.join(row.args.model_fields) or 'nothing'}"
        raise BenchError("unknown argument", where=place, do=known)
    value = "" if first["type"] == "missing" else f" (it is {first['input']!r})"
    message = str(first["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    raise BenchError(message[0].lower() + message[1:] + value, where=place, do="see the verb `verbs` for what each takes")


def _said(error: PumpError, verb: str) -> str:
    """What went wrong, without the verb's name, which stands in `where`."""
    return str(error).removeprefix(f"{verb}: ")


def _advice(error: PumpError) -> str:
    return "advance until it has power again" if isinstance(error, PowerOff) else ""
