"""Commands with an id, from the programmer's side: each ends certain, or stays open until it is settled.

An open command is in the client file before its first byte leaves. While it is open no other command goes out, so that nobody
gives a dose a second time because the first one's answer was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol.client.file import ClientFile, OpenCommand
from protocol.client.line import Line
from protocol.codec import encode
from protocol.codes import Answer, DoseState, StatusFlag
from protocol.command import command_of
from protocol.errors import AnswerLost, CutShort, DeviceAnswer, LinkError, Refused, Uncertain, answer_error
from protocol.message_table import BY_NAME
from protocol.messages import Nothing, Outcome, OutcomeAnswer, Status
from protocol.programmer import Answered

__all__ = ["CARRIED_OUT", "Commander", "error_of"]

_STATES = frozenset(DoseState)

CARRIED_OUT = (DoseState.EXECUTING, DoseState.EXECUTED, DoseState.INTERRUPTED)
"""Outcomes of a command that did something; INTERRUPTED did a part of it."""

LOOK_S = 0.5
"""Time between two looks at a pump that tests itself, which takes seconds."""

_DOUBTFUL = (Answer.BUSY, Answer.CONFLICT, Answer.STALE, Answer.REPLAY, Answer.SEQUENCE_GAP, Answer.NOT_AUTHENTICATED)
"""Answers which, after a resend, do not tell what became of the first copy."""


class Commander:
    """Sends commands to the pump of this serial number and keeps book of them."""

    def __init__(self, line: Line, file: ClientFile, serial: str, patience_s: float = 0.0) -> None:
        self._line = line
        self._file = file
        self._serial = serial
        self._patience_s = patience_s

    @property
    def open_command(self) -> OpenCommand | None:
        """The command that is not yet certain."""
        return self._file.open_command(self._serial)

    def run(self, name: str, make: Callable[[int], tuple[Any, ...]]) -> Any:
        """Send the command that `make` builds around the next id; returns the answer's body.

        A pump that tests itself is waited for, as long as patience lasts, before anything is sent: what was answered BUSY is not sent again
        under another id, for whether it is still wanted is for the caller to say. Raises DeviceAnswer (certainly not done), Uncertain,
        AnswerLost (done), CutShort, FieldRange.
        """
        self.demand_settled()
        command_id = self.wait_ready().last_command_id + 1
        body = make(command_id)
        raw = encode(body, self._line.role.minor)
        opcode = BY_NAME[name].opcode
        digest = command_of(command_id, self._file.programmer_id, opcode, raw).digest
        request = self._line.role.request(name, body)
        command = OpenCommand(command_id, opcode, digest, raw)
        self._file.remember(self._serial, command)
        try:
            answered = self._line.exchange(request)
        except (LinkError, DeviceAnswer) as error:
            raise Uncertain(command_id, f"{error}; settle it when the pump answers again") from error
        return self._concluded(name, command, answered)

    def demand_settled(self) -> None:
        """Raises Uncertain while a command is open."""
        command = self.open_command
        if command is not None:
            raise Uncertain(command.command_id, "it was sent and its result is not known; settle it before any other command")

    def settle(self) -> OutcomeAnswer | None:
        """Ask what became of the open command; None if there is none.

        The state is NEVER_SEEN if its id went to somebody else's command: ours was not carried out then, nor if ABANDONED,
        REFUSED or RECEIVED. Raises Uncertain if the pump has forgotten, cannot be asked, or tells a state that is not known here.
        """
        command = self.open_command
        return None if command is None else self._settle(command)

    def dismiss(self) -> None:
        """Drop the open command: a person has compared the pump's totals."""
        self._file.settled(self._serial)

    def _settle(self, command: OpenCommand) -> OutcomeAnswer:
        try:
            answered = self._line.ask("OUTCOME", Outcome(command.command_id))
        except (LinkError, DeviceAnswer) as error:
            raise Uncertain(command.command_id, f"{error}; settle it when the pump answers again") from error
        if answered.answer is Answer.FORGOTTEN:
            hint = "the pump no longer knows; interrogate, compare the delivered totals, then dismiss it"
            raise Uncertain(command.command_id, hint)
        if answered.answer is not Answer.OK:
            raise Uncertain(command.command_id, f"{error_of('OUTCOME', answered)}; settle it when the pump answers again")
        outcome: OutcomeAnswer = answered.body
        if outcome.state not in _STATES:
            hint = f"the pump says state {outcome.state} of it, which this programmer does not know; ask one as new as the pump"
            raise Uncertain(command.command_id, hint)
        self._file.settled(self._serial)
        ours = outcome.programmer_id == self._file.programmer_id and outcome.digest == command.digest
        unseen = outcome.state in (DoseState.ABANDONED, DoseState.NEVER_SEEN)
        return outcome if ours or unseen else outcome._replace(state=DoseState.NEVER_SEEN)

    def wait_ready(self) -> Status:
        """Wait while the pump's power-on self-test runs, no longer than patience lasts; returns the pump's last STATUS."""
        status, waited_s = self._status(), 0.0
        while status.flags & StatusFlag.SELF_TESTING and waited_s < self._patience_s:
            step_s = min(LOOK_S, self._patience_s - waited_s)
            self._line.pause(step_s)
            status, waited_s = self._status(), waited_s + step_s
        return status

    def _status(self) -> Status:
        answered = self._line.ask("STATUS", Nothing())
        if answered.answer is not Answer.OK:
            raise error_of("STATUS", answered)
        status: Status = answered.body
        return status

    def _concluded(self, name: str, command: OpenCommand, answered: Answered) -> Any:
        """Make the result certain. After a resend the pump may have lost power in between, and then OUTCOME decides."""
        answer = answered.answer
        if answered.resent and (answer in _DOUBTFUL or (BY_NAME[name].dose and answer is Answer.OK)):
            _judge(command.command_id, self._settle(command), answer)
        self._file.settled(self._serial)
        if answer is not Answer.OK:
            raise error_of(name, answered)
        return answered.body


def _judge(command_id: int, outcome: OutcomeAnswer, answer: Answer) -> None:
    """Say what an outcome adds to an answer. Raises CutShort, AnswerLost."""
    if outcome.state == DoseState.INTERRUPTED or (answer is Answer.OK and outcome.state == DoseState.RECEIVED):
        raise CutShort(command_id, outcome)
    if answer is not Answer.OK and outcome.state in CARRIED_OUT:
        raise AnswerLost(command_id, outcome)


def error_of(name: str, answered: Answered) -> DeviceAnswer:
    """The error for an answer that is not OK."""
    if answered.answer is Answer.REFUSED:
        return Refused(name, answered.body)
    return answer_error(name, answered.answer, answered.body[0] if answered.body else None)
