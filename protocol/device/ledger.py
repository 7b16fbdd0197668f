"""Command ids: each is used once, by one command, and what became of it can be asked for.

The last id is the greatest that any record in memory carries: answer entries, the acts' own records, the two-copy cell. So one
torn or flipped record never lowers it, and no id is ever given out twice.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.answers import failed
from protocol.app import DeviceApp, Effect, Refused, Region
from protocol.codes import Answer, DoseState, Role, Unit
from protocol.command import Command
from protocol.device.answer_table import ABANDONED, AnswerTable, Entry
from protocol.device.cell import Cell
from protocol.message_table import BY_NAME, DOSES
from protocol.messages import Expected, OutcomeAnswer, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.security import Security

__all__ = ["Last", "Ledger"]

_PATIENTS = BY_NAME["PATIENT_BOLUS"].opcode
_NOBODY = bytes(16)
_ANSWERS = tuple(Answer)
"""Answers by their number, without the cost of an enum call: STATUS asks each time."""


class Last(NamedTuple):
    """The last command as STATUS and the counters tell it."""

    command_id: int
    state: DoseState
    answer: Answer


_NONE_YET = Last(0, DoseState.NEVER_SEEN, Answer.OK)


class _Fate(NamedTuple):
    """What became of a command: who asked, and how far it came."""

    command: Command
    opcode: int
    state: DoseState
    answer: Answer
    effect: Effect | None = None


class Ledger:
    """Judges command ids and keeps their answers."""

    def __init__(self, app: DeviceApp, security: Security) -> None:
        self._app = app
        self._security = security
        self._table = AnswerTable(app)
        self._cell = Cell(app, Region.LAST_ID)
        self._last, self._seen_writes = _NONE_YET, -1

    def last_id(self) -> int:
        """The greatest command id used."""
        return self._last_id(self._table.entries())

    def _last_id(self, entries: dict[int, Entry]) -> int:
        return max(self._cell.value, self._app.last_effect_id(), max(entries, default=0))

    def again(self, command: Command) -> bytes | None:
        """The answer this very command got before, or None."""
        if not self._security.refuses_replays:
            return None
        entry = self._table.entries().get(command.command_id)
        return entry.answer if entry is not None and entry.command == command else None

    def fault(self, command: Command) -> bytes | None:
        """The answer to an id that cannot be taken, or None if it is the next one."""
        command_id, last = command.command_id, self.last_id()
        if command_id > last + 1 and self._security.next_id_only:
            return failed(Answer.ID_GAP, Expected(last + 1))
        if not self._security.refuses_replays:
            return None
        if command_id in self._table.entries():
            return failed(Answer.CONFLICT)
        return failed(Answer.STALE, Expected(last)) if command_id <= last else None

    def record(self, command: Command, opcode: int, answer: bytes) -> None:
        """Use the id up and keep its answer."""
        self._table.write(Entry(command, opcode, answer))
        self._cell.store(command.command_id)

    def last(self) -> Last:
        """The last command; before the first, id 0. Worked out anew only after memory has changed."""
        writes = self._app.memory_writes()
        if writes != self._seen_writes:
            self._last, self._seen_writes = self._find_last(), writes
        return self._last

    def _find_last(self) -> Last:
        entries = self._table.entries()
        last = self._last_id(entries)
        if last == 0:
            return _NONE_YET
        fate = self._fate(last, entries.get(last))
        if fate is None:
            return Last(last, DoseState.RECEIVED, Answer.FORGOTTEN)
        return Last(last, fate.state, fate.answer)

    def outcome(self, command_id: int, programmer_id: int, role: Role) -> OutcomeAnswer | bytes:
        """What became of an id, or the answer that it is not told. Raises Refused for id 0.

        The id that comes next is abandoned here, so that a late copy of its command can do nothing. A patient may ask for his
        own commands only.
        """
        if command_id == 0:
            raise Refused(Refusal(RefusalCode.RANGE, Field.COMMAND_ID, 0, 0, 1, Unit.COUNT))
        outcome = self._known(command_id) or self._unknown(command_id, programmer_id)
        if outcome is None:
            return failed(Answer.FORGOTTEN)
        own = outcome.programmer_id in (0, programmer_id) and outcome.opcode in (ABANDONED, _PATIENTS)
        if role is Role.PATIENT and not own:
            return failed(Answer.NOT_AUTHORISED)
        return outcome

    def _unknown(self, command_id: int, programmer_id: int) -> OutcomeAnswer | None:
        """An id of which no record speaks: forgotten (None), abandoned now, or not yet reached."""
        last = self.last_id()
        if command_id <= last:
            return None
        if command_id > last + 1:
            return OutcomeAnswer(DoseState.NEVER_SEEN, Answer.OK, 0, 0, _NOBODY, 0, 0)
        command = Command(command_id, programmer_id, _NOBODY)
        self.record(command, ABANDONED, failed(Answer.CONFLICT))
        return _told(command, ABANDONED, DoseState.ABANDONED, Answer.CONFLICT)

    def _known(self, command_id: int) -> OutcomeAnswer | None:
        """What the records of an id tell, if there are any."""
        fate = self._fate(command_id, self._table.entries().get(command_id))
        if fate is None:
            return None
        told = _told(fate.command, fate.opcode, fate.state, fate.answer)
        if fate.effect is None:
            return told
        return told._replace(programmed_nl=fate.effect.programmed_nl, delivered_nl=fate.effect.delivered_nl)

    def _fate(self, command_id: int, entry: Entry | None) -> _Fate | None:
        """Join answer entry and act's record."""
        effect = self._app.effect(command_id)
        if entry is None:
            return None if effect is None else _Fate(effect.command, effect.opcode, effect.state, Answer.OK, effect)
        command, opcode, raw = entry
        answer = _ANSWERS[raw[0]]
        if opcode == ABANDONED:
            return _Fate(command, opcode, DoseState.ABANDONED, answer)
        if answer is not Answer.OK:
            return _Fate(command, opcode, DoseState.REFUSED, answer)
        if effect is not None:
            return _Fate(effect.command, effect.opcode, effect.state, answer, effect)
        return _Fate(command, opcode, DoseState.RECEIVED if opcode in DOSES else DoseState.EXECUTED, answer)


def _told(command: Command, opcode: int, state: DoseState, answer: Answer) -> OutcomeAnswer:
    return OutcomeAnswer(state, answer, opcode, command.programmer_id, command.digest, 0, 0)
