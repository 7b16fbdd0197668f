"""Rules about commands and about what becomes of them: identical resends, ids, uncertain outcomes, BUSY."""

from __future__ import annotations

from typing import NamedTuple

from hil.grade.conversation import Exchange, Who
from hil.grade.rule import Recent, Rule, Surroundings
from hil.wording import quantity
from protocol.codes import Answer, DoseState, StatusFlag
from protocol.messages import Busy, Counters, Hello, OutcomeAnswer, Refusal, Status
from protocol.refusals import RefusalCode

__all__ = ["HonoursBusy", "IdsOnce", "ResendsIdentically", "SettlesUncertain", "refused_for"]

NOTHING_USED = frozenset(
    (Answer.NOT_AUTHENTICATED, Answer.NOT_AUTHORISED, Answer.UNSUPPORTED, Answer.ID_GAP, Answer.SEQUENCE_GAP, Answer.REPLAY)
)
"""Answers after which the id of a command is as free as before."""
NOT_HEARD = frozenset((Answer.NOT_AUTHENTICATED, Answer.SEQUENCE_GAP, Answer.REPLAY))
"""Answers that tell nothing of what became of an earlier copy."""
EARLY_US_MAX = 20_000
"""Nobody is blamed for coming back earlier by less than this: clocks and lines have their own errors."""
MS_PER_S = 1_000
US_PER_MS = 1_000


class ResendsIdentically(Rule):
    """A resend is the same bytes; a new request has a new sequence number."""

    name = "identical-resend"
    says = "sends a request again byte for byte, or not at all"
    exercise = "lose an answer: --grade-provoke lost, or the fault link.drop towards the host"
    mend = "keep the bytes of the request that waits, MAC and all, and send those; count the sequence up for anything else"

    def repeated(self, exchange: Exchange) -> None:
        self.kept += 1

    def answered(self, exchange: Exchange) -> None:
        rival = exchange.rival
        if rival is not None and exchange.told is not Answer.NOT_AUTHENTICATED:  # that one somebody else may have sent
            self.judge(False, "another request under a sequence number that was used", rival, exchange)


class _Used(NamedTuple):
    content: tuple[int, bytes]
    exchange: Exchange


class IdsOnce(Rule):
    """A command id belongs to one command for ever."""

    name = "ids-once"
    says = "uses a command id for one command and never for another"
    exercise = "have the host send two commands"
    mend = "take the number after last_command_id of STATUS, and let nobody else count"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._used = Recent[tuple[Who, int], _Used]()
        self._told_last = Recent[Who, tuple[int, Exchange]]()

    def asked(self, exchange: Exchange) -> None:
        who, command_id = exchange.who, exchange.command_id
        if who is None or command_id is None:
            return
        content = _content(exchange)
        used = self._used.setdefault((who, command_id), _Used(content, exchange))
        if used.content != content:
            self.judge(False, f"id {command_id} was that of another command", used.exchange, exchange)

    def answered(self, exchange: Exchange) -> None:
        who, body = exchange.who, exchange.answer_body
        if who is None:
            return
        if isinstance(body, Status | Counters):
            self._told_last[who] = body.last_command_id, exchange
        if isinstance(body, OutcomeAnswer) and body.state == DoseState.ABANDONED and exchange.body:
            self._told_last[who] = exchange.body.command_id, exchange
        if exchange.command_id is not None:
            self._judge_answer(who, exchange.command_id, exchange)

    def _judge_answer(self, who: Who, command_id: int, exchange: Exchange) -> None:
        used = self._used.get((who, command_id))
        if used is None or used.content != _content(exchange):
            return
        if exchange.told in (Answer.STALE, Answer.CONFLICT) and used.exchange is exchange:
            last, heard = self._told_last.get(who, (0, exchange))
            del self._used[who, command_id]
            if last >= command_id:
                self.judge(False, f"id {command_id} after the pump had told that {last} was the last one used", heard, exchange)
        elif _used_nothing(exchange) and used.exchange is exchange and not exchange.again:
            del self._used[who, command_id]
        elif used.exchange is exchange:
            self.kept += 1


class SettlesUncertain(Rule):
    """After a command without an answer comes OUTCOME of its id, or the very same command, and only then another one."""

    name = "settle-uncertain"
    says = "asks what became of a command whose answer was lost before it gives another"
    exercise = "lose all answers to a command: --grade-provoke silence"
    mend = "send the same command again under the same id, or ask OUTCOME of that id, also in a new session and after a restart of the host"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._open = Recent[Who, Exchange]()
        self._last = Recent[Who, Exchange]()

    def asked(self, exchange: Exchange) -> None:
        who = exchange.who
        if who is None:
            return
        last = self._last.get(who)
        if last is not None and last.command_id is not None and not last.sure:
            self._open.setdefault(who, last)
        self._last[who] = exchange
        lost = self._open.get(who)
        if lost is not None and exchange.command_id is not None and not _same_command(lost, exchange):
            del self._open[who]
            self.judge(False, f"{exchange.name} {exchange.command_id} while nobody knew what became of {_named(lost)}", lost, exchange)

    def answered(self, exchange: Exchange) -> None:
        who = exchange.who
        lost = None if who is None else self._open.get(who)
        if who is None or lost is None or not self._settles(lost, exchange):
            return
        del self._open[who]
        if exchange is not lost:
            self.kept += 1

    @staticmethod
    def _settles(lost: Exchange, exchange: Exchange) -> bool:
        if exchange is lost or _same_command(lost, exchange):
            return exchange.told not in NOT_HEARD
        asks = exchange.name == "OUTCOME" and exchange.body and exchange.body.command_id == lost.command_id
        return bool(asks) and exchange.told in (Answer.OK, Answer.FORGOTTEN)


class _Wait(NamedTuple):
    until_us: int
    told: Exchange


class HonoursBusy(Rule):
    """Who was told BUSY does not ask the same before the time that was told; who looks until the self-test is over needs no BUSY."""

    name = "honour-busy"
    says = "waits at least as long as BUSY says"
    exercise = "ask for a command while the pump tests itself after a reset: --grade-provoke busy"
    mend = "compare until_us with device_us of STATUS, and wait for the difference before asking again"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._waits = Recent[tuple[Who, str], _Wait]()
        self._testing = Recent[Who, Exchange]()

    def asked(self, exchange: Exchange) -> None:
        who = exchange.who
        if who is not None and exchange.command_id is not None:
            self._testing.pop(who, None)
        wait = None if who is None else self._waits.pop((who, _thing(exchange)), None)
        if wait is None:
            return
        now_us = self.around.clock.device_us(exchange.request.at_us)
        if now_us is None:
            return
        early_us = wait.until_us - now_us
        self.judge(early_us <= EARLY_US_MAX, f"asked again {_ms(early_us)} too early", wait.told, exchange)

    def answered(self, exchange: Exchange) -> None:
        who, body = exchange.who, exchange.answer_body
        if who is not None and exchange.told is Answer.BUSY and isinstance(body, Busy):
            self._waits[who, _thing(exchange)] = _Wait(body.until_us, exchange)
        elif who is not None and isinstance(body, Status) and body.flags & StatusFlag.SELF_TESTING:
            self._testing[who] = exchange
        elif isinstance(body, Status) and who is not None and self._testing.pop(who, None) is not None:
            self.kept += 1

    def kept_at_end(self) -> int:
        return len(self._waits)


def refused_for(exchange: Exchange, code: RefusalCode) -> bool:
    """Whether the answer is this refusal."""
    body = exchange.answer_body
    return isinstance(body, Refusal) and body.code == code


def _thing(exchange: Exchange) -> str:
    """What BUSY is about: the message, and for HELLO its key."""
    return f"HELLO {exchange.body.key_id}" if isinstance(exchange.body, Hello) else exchange.name


def _used_nothing(exchange: Exchange) -> bool:
    return exchange.told in NOTHING_USED or refused_for(exchange, RefusalCode.LENGTH)


def _content(exchange: Exchange) -> tuple[int, bytes]:
    return (0 if exchange.spec is None else exchange.spec.opcode), exchange.content


def _same_command(one: Exchange, other: Exchange) -> bool:
    return one.command_id == other.command_id and _content(one) == _content(other)


def _named(exchange: Exchange) -> str:
    return f"{exchange.name} {exchange.command_id}"


def _ms(us: int) -> str:
    ms = -(-us // US_PER_MS)
    return f"{ms} ms" if ms < MS_PER_S else quantity.duration(-(-ms // MS_PER_S))
