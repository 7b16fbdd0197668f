"""The blocking programmer: one call, one exchange with the pump, one result.

A call returns (success); or raises DeviceAnswer or Rejected (failure, nothing was done); or raises Uncertain: a command may or
may not have been carried out, and no other leaves until `settle` has found out. A LinkError out of any other call means that
nothing was commanded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self, TypedDict, Unpack

from protocol import messages as m
from protocol.client_file import ClientFile
from protocol.codec import decode, encode
from protocol.codes import Answer, Role, StatusFlag
from protocol.commander import Commander, error_of
from protocol.errors import BadAnswer, DeviceAnswer, LinkError, ProtocolError, Refused
from protocol.limits import CHUNK_BYTES_MAX, RETRIES
from protocol.line import Line, OnFrame
from protocol.programmer import Answered, ProgrammerRole
from protocol.refusals import RefusalCode
from protocol.therapy import Therapy
from protocol.therapy_check import (
    check_bolus,
    check_bridge,
    check_fill,
    check_overrides,
    check_prime,
    check_refill,
    check_therapy,
)
from protocol.transport import Transport, open_transport
from protocol.waiting import Waiter, WallWaiter

__all__ = ["Interrogation", "Options", "Programmer"]


_RINGS = {"events": "LOG", "faults": "FAULT_LOG"}


class Interrogation(NamedTuple):
    """All that a pump tells of itself. `therapy` is None (and `digest` zeros) before the first commit."""

    identity: m.Identity
    therapy: Therapy | None
    generation: int
    digest: bytes
    condition: m.Condition
    counters: m.Counters


class Options(TypedDict, total=False):
    """How to talk. `key` is for keyed sessions; under security `none` nothing is proved with it.

    `programmer_id` is drawn once if not given; `programmer_file` keeps it and the open command. `reply_timeout_s` is the
    transport's own unless given. `patience_s` is how long a command or an update waits, before it is sent, for a power-on self-test to end;
    without it the pump's BUSY comes out as Busy. `on_frame` hears each run of bytes, as "host" or "pump".
    """

    role: str
    key: bytes | None
    programmer_id: int | None
    programmer_file: str | os.PathLike[str] | None
    reply_timeout_s: float | None
    retries: int
    patience_s: float
    waiter: Waiter | None
    on_frame: OnFrame | None
    nonce: bytes | None


class Programmer:
    """A programmer with an open session; a context manager that closes it."""

    def __init__(self, transport: Transport, options: Options) -> None:
        """Use `open` or `over`."""
        file = ClientFile(options.get("programmer_file"), programmer_id=options.get("programmer_id"))
        retries, nonce = options.get("retries", RETRIES), options.get("nonce")
        role = ProgrammerRole(file.programmer_id, _role(options.get("role", "clinician")), retries=retries, nonce=nonce)
        timeout_s = options.get("reply_timeout_s") or transport.default_reply_timeout_s
        self._line = Line(transport, role, options.get("waiter") or WallWaiter(), timeout_s, options.get("on_frame"))
        self._ask = self._line.ask
        self.transport = transport
        self.programmer_id = file.programmer_id
        self.identity_hello: m.HelloAnswer = _body("HELLO", self._line.open())
        self._commander = Commander(self._line, file, self.identity_hello.serial, options.get("patience_s", 0.0))
        self._known: Interrogation | None = None

    @classmethod
    def open(cls, url: str, *, exclusive: bool = True, **options: Unpack[Options]) -> Self:
        """Open a port and a session. Raises LinkError, Refused, ClientFileError."""
        return cls.over(open_transport(url, exclusive=exclusive), **options)

    @classmethod
    def over(cls, transport: Transport, **options: Unpack[Options]) -> Self:
        """Open a session over a transport, which is closed with it, and if that fails."""
        try:
            return cls(transport, options)
        except BaseException:
            transport.close()
            raise

    def close(self) -> None:
        """End the session and let go of the port; may be called again."""
        try:
            self._ask("CLOSE", m.Nothing())
        except (LinkError, DeviceAnswer):
            pass  # a session that cannot be closed times out by itself
        finally:
            self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def status(self) -> m.Status:
        """The short look."""
        status: m.Status = _body("STATUS", self._ask("STATUS", m.Nothing()))
        return status

    def interrogate(self) -> Interrogation:
        """Everything, in one session; clinician and service."""
        identity: m.Identity = self._part(0)
        generation, digest, therapy = self._read_therapy()
        self._known = Interrogation(identity, therapy, generation, digest, self._part(2), self._part(3))
        return self._known

    def interrogate_short(self) -> tuple[m.Condition, m.Counters]:
        """What a patient may see."""
        return self._part(2), self._part(3)

    def check(self, therapy: Therapy, interrogation: Interrogation | None = None) -> None:
        """Judge a therapy as the pump would, sending no part of it. Raises Rejected."""
        known = interrogation or self.interrogate()
        check_therapy(therapy, known.identity)
        check_fill(therapy, known.condition)

    def update(
        self, therapy: Therapy, *, interrupt: bool = False, generation: int | None = None, overrides: Sequence[int] = ()
    ) -> m.CommitAnswer:
        """Make it the pump's therapy: check, stage, read back, commit. `interrupt` may end a running bolus.

        `generation` is that of the therapy to replace, the present one unless given. `overrides` are the numbers of rules whose
        warning somebody passed (33 for R-033); they go into the pump's log. A pump that stops for updates stays stopped when this
        fails after the check. Raises Rejected, DeviceAnswer, Uncertain, AnswerLost, LinkError, FieldRange.
        """
        self._commander.demand_settled()
        known = self.interrogate()
        if known.condition.flags & StatusFlag.SELF_TESTING:
            self._commander.wait_ready()
        self.check(therapy, known)
        check_overrides(therapy, known.identity, overrides)
        begin = m.Begin(known.generation if generation is None else generation, interrupt)
        image, tokens = encode(therapy), tuple(m.Token(rule) for rule in overrides)
        encode(m.Commit(0, known.digest, tokens))  # a token that does not fit is found before BEGIN stops the pump
        try:
            return self._stage_and_commit(begin, image, tokens)
        except Refused as error:
            if error.refusal.code != RefusalCode.NOT_STAGED:
                raise
        return self._stage_and_commit(begin, image, tokens)  # staging was lost to a reset of the pump: begun again, once

    def refill(self, volume_nl: int, withdrawn_nl: int, drug_id: int, concentration_ng_per_ml: int) -> m.RefillAnswer:
        """Tell the pump what the needle did. Raises Rejected, DeviceAnswer, Uncertain, AnswerLost."""

        def make(command_id: int) -> m.Refill:
            return m.Refill(command_id, volume_nl, withdrawn_nl, drug_id, concentration_ng_per_ml)

        if self._known is not None:
            check_refill(make(0), self._known.identity)
        answer: m.RefillAnswer = self._commander.run("REFILL", make)
        return answer

    def bolus(self, volume_nl: int, dose_ng: int, duration_s: int, may_lengthen: bool = False) -> m.BolusAnswer:
        """Give one bolus. Raises Rejected, DeviceAnswer, Uncertain, AnswerLost, CutShort."""

        def make(command_id: int) -> m.Bolus:
            return m.Bolus(command_id, volume_nl, dose_ng, duration_s, may_lengthen)

        if self._known is not None:
            _, _, therapy = self._read_therapy()
            if therapy is not None:
                check_bolus(make(0), self._known.identity, therapy.concentration_ng_per_ml)
        answer: m.BolusAnswer = self._commander.run("BOLUS", make)
        return answer

    def patient_bolus(self) -> m.BolusAnswer:
        """Ask for the patient's bolus. Raises DeviceAnswer (Refused LOCKOUT or DOSE_LIMIT), Uncertain, AnswerLost."""
        answer: m.BolusAnswer = self._commander.run("PATIENT_BOLUS", m.PatientBolus)
        return answer

    def prime(self, volume_nl: int) -> m.BolusAnswer:
        """Fill tubing and catheter; the pump must be stopped. Raises Rejected, DeviceAnswer, Uncertain, AnswerLost."""
        if self._known is not None:
            check_prime(m.Prime(0, volume_nl), self._known.identity)
        answer: m.BolusAnswer = self._commander.run("PRIME", lambda command_id: m.Prime(command_id, volume_nl))
        return answer

    def bridge(self, volume_nl: int, rate_nl_per_h: int) -> m.BolusAnswer:
        """Run old drug out in the place of basal. Raises Rejected, DeviceAnswer, Uncertain, AnswerLost."""
        if self._known is not None:
            check_bridge(m.Bridge(0, volume_nl, rate_nl_per_h), self._known.identity)
        answer: m.BolusAnswer = self._commander.run("BRIDGE", lambda command_id: m.Bridge(command_id, volume_nl, rate_nl_per_h))
        return answer

    def start(self) -> m.ModeAnswer:
        """Run the therapy that the pump has now."""
        generation = self.status().generation
        answer: m.ModeAnswer = self._commander.run("START", lambda command_id: m.Start(command_id, generation))
        return answer

    def set_clock(self, clock_us: int) -> m.SetClockAnswer:
        """Set the device clock, microseconds since 2000-01-01 00:00."""
        answer: m.SetClockAnswer = self._commander.run("SET_CLOCK", lambda command_id: m.SetClock(command_id, clock_us))
        return answer

    def stop(self) -> m.ModeAnswer:
        """Stop the motor; never held up by an open command."""
        answer: m.ModeAnswer = _body("STOP", self._ask("STOP", m.Nothing()))
        return answer

    def silence(self, cause: int) -> m.SilenceAnswer:
        """Mute one alarm cause for its time."""
        answer: m.SilenceAnswer = _body("SILENCE", self._ask("SILENCE", m.Cause(cause)))
        return answer

    def acknowledge(self, cause: int) -> None:
        """Mark an alarm cause as seen; it goes on sounding."""
        _body("ACK", self._ask("ACK", m.Cause(cause)))

    def alarm_test(self) -> None:
        """Have the pump sound."""
        _body("ALARM_TEST", self._ask("ALARM_TEST", m.Nothing()))

    def read_log(self, first: int = 0, ring: str = "events") -> list[m.LogEntry]:
        """All records from number `first` on that the pump had when asked; `faults` is the ring of faults, with its own numbers."""
        name = _ring(ring)
        page: m.LogAnswer = _body(name, self._ask(name, m.Log(first)))
        newest, records = page.newest, list(page.records)
        while page.records and page.records[-1].number < newest:
            page = _body(name, self._ask(name, m.Log(page.records[-1].number + 1)))
            records += [record for record in page.records if record.number <= newest]
        return records

    def outcome(self, command_id: int) -> m.OutcomeAnswer:
        """What became of a command. Asking for the id that comes next uses it up: whoever sends it later gets CONFLICT."""
        answer: m.OutcomeAnswer = _body("OUTCOME", self._ask("OUTCOME", m.Outcome(command_id)))
        return answer

    def settle(self) -> m.OutcomeAnswer | None:
        """Find out about the open command; see `Commander.settle`. Raises Uncertain."""
        return self._commander.settle()

    def dismiss(self) -> None:
        """Drop the open command, because a person has compared the pump's totals."""
        self._commander.dismiss()

    @property
    def open_command_id(self) -> int | None:
        """The command that is not certain, if any."""
        command = self._commander.open_command
        return None if command is None else command.command_id

    def request(self, name: str, body: tuple[Any, ...] = ()) -> Answered:
        """Any declared request with no check and no bookkeeping, whatever the answer."""
        return self._ask(name, body or m.Nothing())

    def raw_request(self, opcode: int, body: bytes) -> Answered:
        """Any bytes as a request."""
        return self._line.exchange(self._line.role.raw_request(opcode, body))

    def _part(self, part: int, offset: int = 0) -> Any:
        return _body("INTERROGATE", self._ask("INTERROGATE", m.Interrogate(part, offset)))

    def _read_therapy(self) -> tuple[int, bytes, Therapy | None]:
        part: m.TherapyPart = self._part(1)
        image, digest = part.data, part.digest
        while len(image) < part.total and part.data:
            part = self._part(1, len(image))
            image += part.data
        if part.total == 0:
            return part.generation, part.digest, None
        if part.digest != digest or hashlib.sha256(image).digest() != digest:
            raise BadAnswer("sent INTERROGATE for the therapy; what came back does not fit its digest: interrogate again")
        return part.generation, digest, decode(Therapy, image)

    def _stage_and_commit(self, begin: m.Begin, image: bytes, tokens: tuple[m.Token, ...]) -> m.CommitAnswer:
        digest = hashlib.sha256(image).digest()
        _body("BEGIN", self._ask("BEGIN", begin))
        for offset in range(0, len(image), CHUNK_BYTES_MAX):
            _body("PUT", self._ask("PUT", m.Put(offset, image[offset : offset + CHUNK_BYTES_MAX])))
        try:
            _body("SEAL", self._ask("SEAL", m.Seal(len(image), digest)))
            self._compare_readback(image)
        except (Refused, BadAnswer):
            with contextlib.suppress(LinkError):  # what cannot be aborted lapses by itself, and the first error tells more
                self._ask("ABORT", m.Nothing())
            raise
        answer: m.CommitAnswer = self._commander.run("COMMIT", lambda command_id: m.Commit(command_id, digest, tokens))
        return answer

    def _compare_readback(self, image: bytes) -> None:
        got = b""
        while len(got) < len(image):
            part: m.TherapyPart = _body("READBACK", self._ask("READBACK", m.Readback(len(got))))
            if not part.data:
                break
            got += part.data
        if got != image:
            raise BadAnswer("sent READBACK; the pump understood another therapy than was sent: update aborted, interrogate the pump")


def _role(name: str) -> Role:
    try:
        return Role[name.upper()]
    except KeyError:
        raise ProtocolError(f"role {name!r} is not known; there are patient, clinician, service") from None


def _ring(name: str) -> str:
    """The request that reads a ring."""
    try:
        return _RINGS[name]
    except KeyError:
        raise ProtocolError(f"ring {name!r} is not known; there are {', '.join(_RINGS)}") from None


def _body(name: str, answered: Answered) -> Any:
    """The body of an OK answer. Raises DeviceAnswer for any other."""
    if answered.answer is not Answer.OK:
        raise error_of(name, answered)
    return answered.body
