"""Rules about sessions: close them, do not flood, refuse versions that are not known, believe nobody without a proof."""

from __future__ import annotations

from hil.grade.command_rules import refused_for
from hil.grade.conversation import Exchange, Talk
from hil.grade.rule import Finding, Recent, Rule, Surroundings
from protocol.message_table import PROTOCOL_MAJOR
from protocol.messages import Hello, HelloAnswer
from protocol.refusals import RefusalCode

__all__ = ["ChecksProof", "ClosesSessions", "FewHellos", "RefusesVersions"]

HELLOS_IN_A_ROW_MAX = 5
FLOOD_US = 60_000_000
"""More HELLOs than that within a minute, with nothing asked in between, keep a pump's radio awake and its battery busy."""


class ClosesSessions(Rule):
    """A session that was used ends with CLOSE, unless the pump had lost it before."""

    name = "close-sessions"
    says = "closes its sessions"
    exercise = "have the host talk"
    mend = "send CLOSE at the end, also after an error: a session that times out ends the silences of alarms"

    def asked(self, exchange: Exchange) -> None:
        self.kept += exchange.talk is not None and exchange.talk.closed is exchange

    def at_end(self) -> list[Finding]:
        return [Finding(f"session {talk.number} was left open", _ends(talk)) for talk in self._left()]

    def _left(self) -> list[Talk]:
        """Sessions in which the last thing asked was answered, so that CLOSE would have come through."""
        return [
            talk
            for talk in self.around.talks.values()
            if talk.used and talk.closed is None and not talk.lost and talk.last is not None and talk.last.told is not None
        ]


class FewHellos(Rule):
    """HELLO is said once a session, and not again and again."""

    name = "few-hellos"
    says = "does not flood the pump with HELLOs"
    exercise = "have the host open a session"
    mend = "open one session and use it; after a HELLO without an answer send the same one again, three times at most, and give up"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._row: list[Exchange] = []

    def asked(self, exchange: Exchange) -> None:
        if not isinstance(exchange.body, Hello):
            self.kept += bool(self._row)
            self._row = []
            return
        now_us = exchange.request.at_us
        self._row = [said for said in self._row if now_us - said.request.at_us <= FLOOD_US] + [exchange]
        if len(self._row) > HELLOS_IN_A_ROW_MAX:
            self.judge(False, f"{len(self._row)} HELLOs in a row and nothing asked", *self._row)
            self._row = []

    def kept_at_end(self) -> int:
        return bool(self._row)


class RefusesVersions(Rule):
    """A pump of another major version is not spoken to, and a message is not sent that is newer than the session."""

    name = "refuse-versions"
    says = "refuses versions that it does not know"
    exercise = "answer HELLO with another major version: --grade-provoke version"
    mend = "compare major of HELLO's answer with your own before anything else is sent, and minor with each message's `since`"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._foreign = Recent[int, Exchange]()
        self._refused: Exchange | None = None

    def asked(self, exchange: Exchange) -> None:
        talk = exchange.talk
        if isinstance(exchange.body, Hello):
            self._hello_again(exchange, exchange.body)
        elif talk is not None and (hello := self._foreign.pop(talk.number, None)) is not None:
            theirs = hello.answer_body
            self.judge(False, f"{exchange.name} to a pump of version {theirs.major}.{theirs.minor}", hello, exchange)
        elif talk is not None and talk.answer is not None and exchange.spec is not None:
            self._judge_minor(talk, talk.answer.minor, exchange)

    def answered(self, exchange: Exchange) -> None:
        body = exchange.answer_body
        if isinstance(body, HelloAnswer) and body.major != PROTOCOL_MAJOR:
            self._foreign[body.session] = exchange
        elif isinstance(exchange.body, Hello) and refused_for(exchange, RefusalCode.UNKNOWN_VERSION):
            self._refused = exchange

    def kept_at_end(self) -> int:
        return len(self._foreign) + (self._refused is not None)

    def _hello_again(self, exchange: Exchange, hello: Hello) -> None:
        refused, self._refused = self._refused, None
        if refused is not None:
            self.judge(hello.major != refused.body.major, "the same version again after UNKNOWN_VERSION", refused, exchange)

    def _judge_minor(self, talk: Talk, theirs: int, exchange: Exchange) -> None:
        """The lower of both minor versions is spoken."""
        ours = talk.hello.body.minor if talk.hello is not None and isinstance(talk.hello.body, Hello) else theirs
        minor, since = min(ours, theirs), 0 if exchange.spec is None else exchange.spec.since
        if since > minor:
            came, speaks = f"{PROTOCOL_MAJOR}.{since}", f"{PROTOCOL_MAJOR}.{minor}"
            self.judge(False, f"{exchange.name} came with version {came}, the session speaks {speaks}", exchange)


class ChecksProof(Rule):
    """To a pump that does not prove that it has the key, nothing more is sent."""

    name = "check-proof"
    says = "sends nothing to a pump that does not prove its key"
    exercise = "spoil the proof in HELLO's answer: --grade-provoke proof"
    mend = "work the proof out as docs/reference/wire-protocol.md says, compare all 16 bytes, and end there if one differs"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._unproved = Recent[int, Exchange]()

    def asked(self, exchange: Exchange) -> None:
        talk = exchange.talk
        if talk is not None and (hello := self._unproved.pop(talk.number, None)) is not None:
            self.judge(False, f"{exchange.name} to a pump that had proved nothing", hello, exchange)

    def answered(self, exchange: Exchange) -> None:
        body = exchange.answer_body
        if isinstance(body, HelloAnswer) and isinstance(exchange.body, Hello) and self.around.proof(exchange.content, body) is False:
            self._unproved[body.session] = exchange

    def kept_at_end(self) -> int:
        return len(self._unproved)


def _ends(talk: Talk) -> tuple[Exchange, ...]:
    """Where a session began and what was asked last in it."""
    return tuple(exchange for exchange in (talk.hello, talk.last) if exchange is not None)
