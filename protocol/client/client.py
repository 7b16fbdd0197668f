"""The blocking programmer: one call, one exchange with the pump, one result.

A call returns (success); or raises DeviceAnswer or Rejected (failure, nothing was done); or raises Uncertain: a command may or
may not have been carried out, and no other leaves until `settle` has found out. A LinkError out of any other call means that
nothing was commanded; what has no command id and may have been done, a key or a service reset, raises Unanswered.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from protocol import messages as m
from protocol.client.attention import Attendant, OnAttention
from protocol.client.commander import Commander
from protocol.client.file import ClientFile
from protocol.client.inquiry import Inquiry, Interrogation, body_of
from protocol.client.line import Line, OnFrame
from protocol.codec import encode
from protocol.codes import Answer, Role, StatusFlag
from protocol.errors import BadAnswer, DeviceAnswer, KeyFileError, LinkError, NotAuthenticated, ProtocolError, Refused, Unanswered
from protocol.key_file import KEY_VARIABLE, beside, find_keys, key_for, load_keys
from protocol.keys import Key
from protocol.limits import CHUNK_BYTES_MAX, RETRIES
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


class Options(TypedDict, total=False):
    """How to talk. The key is the one of `keys`, else of `key_file`, that fits the role; with neither nothing is proved.

    `programmer_id` is drawn once if not given; `programmer_file` keeps it and the open command. `reply_timeout_s` is the
    transport's own unless given. `patience_s` is how long a command or an update waits, before it is sent, for a power-on self-test to end;
    without it the pump's BUSY comes out as Busy. `on_frame` hears each run of bytes, as "host" or "pump".
    `on_attention` hears when the person must be called: a staged update let be, a question without an answer; see `Programmer.attendant`.
    `capture` is a pcapng file that gets every byte of the line; `CaptureFileError` is raised if it cannot be written to.
    """

    role: str
    keys: Sequence[Key]
    key_file: str | os.PathLike[str] | None
    programmer_id: int | None
    programmer_file: str | os.PathLike[str] | None
    reply_timeout_s: float | None
    retries: int
    patience_s: float
    waiter: Waiter | None
    on_frame: OnFrame | None
    on_attention: OnAttention | None
    capture: str | os.PathLike[str] | None
    nonce: bytes | None


class Programmer:
    """A programmer with an open session; a context manager that closes it."""

    def __init__(self, transport: Transport, options: Options) -> None:
        """Use `open` or `over`."""
        file = ClientFile(options.get("programmer_file"), programmer_id=options.get("programmer_id"))
        retries, nonce = options.get("retries", RETRIES), options.get("nonce")
        who = _role(options.get("role", "clinician"))
        key = _key_of(_keys(options), who)
        role = ProgrammerRole(file.programmer_id, who, key=key, retries=retries, nonce=nonce)
        timeout_s = options.get("reply_timeout_s") or transport.default_reply_timeout_s
        waiter = options.get("waiter") or WallWaiter()
        on_frame, on_attention = options.get("on_frame"), options.get("on_attention")
        self.attendant = Attendant(waiter.now_us, on_attention) if on_attention else None
        if self.attendant:
            on_frame = self.attendant.before(on_frame)
        self._line = Line(transport, role, waiter, timeout_s, on_frame)
        self._ask = self._line.ask
        self._inquiry = Inquiry(self._line)
        self.transport = transport
        self.programmer_id = file.programmer_id
        self.identity_hello: m.HelloAnswer = body_of("HELLO", self._line.open())
        self._commander = Commander(self._line, file, self.identity_hello.serial, options.get("patience_s", 0.0))
        self._known: Interrogation | None = None
        self._seen_generation: int | None = None

    @classmethod
    def open(cls, url: str, *, exclusive: bool = True, **options: Unpack[Options]) -> Self:
        """Open a port and a session. Without `keys` and `key_file` it looks where keys usually are (`find_keys`).

        Raises LinkError, DeviceAnswer, ClientFileError, KeyFileError.
        """
        if "keys" not in options and options.get("key_file") is None:
            options["keys"] = find_keys(url)
        try:
            return cls.over(open_transport(url, exclusive=exclusive), **options)
        except NotAuthenticated as error:
            if _keys(options):
                raise
            looked = f"no key file was named, {KEY_VARIABLE} is not set, {beside(url)} is not there"
            text = f"the pump wants a key, and there is none: {looked}; give the key file that its server names"
            raise NotAuthenticated(text, error.answer) from None

    @classmethod
    def over(cls, transport: Transport, **options: Unpack[Options]) -> Self:
        """Open a session over a transport, which is closed with it, and if that fails."""
        path, line = options.get("capture"), transport
        try:
            if path is not None:
                from protocol.capture.transport import CapturedTransport

                line = CapturedTransport(transport, path)
            return cls(line, options)
        except BaseException:
            line.close()
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
        status: m.Status = body_of("STATUS", self._ask("STATUS", m.Nothing()))
        return status

    def interrogate(self) -> Interrogation:
        """Everything, in one session; clinician and service."""
        self._known = self._inquiry.interrogate()
        self._seen_generation = self._known.generation
        return self._known

    def interrogate_short(self) -> tuple[m.Condition, m.Counters]:
        """What a patient may see."""
        return self._inquiry.part(2), self._inquiry.part(3)

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
            _, _, therapy = self._inquiry.therapy()
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

    def start(self, generation: int | None = None) -> m.ModeAnswer:
        """Run the therapy of this generation; not given, of the one last read or committed here, else of the present one.

        So what another programmer changed since somebody looked is not started unseen. Raises Refused GENERATION then.
        """
        seen = self._seen_generation if generation is None else generation
        expected = self.status().generation if seen is None else seen
        answer: m.ModeAnswer = self._commander.run("START", lambda command_id: m.Start(command_id, expected))
        return answer

    def set_clock(self, clock_us: int) -> m.SetClockAnswer:
        """Set the device clock, microseconds since 2000-01-01 00:00."""
        answer: m.SetClockAnswer = self._commander.run("SET_CLOCK", lambda command_id: m.SetClock(command_id, clock_us))
        return answer

    def stop(self) -> m.ModeAnswer:
        """Stop the motor; never held up by an open command."""
        answer: m.ModeAnswer = body_of("STOP", self._ask("STOP", m.Nothing()))
        return answer

    def silence(self, cause: int) -> m.SilenceAnswer:
        """Silence one alarm cause for its time."""
        answer: m.SilenceAnswer = body_of("SILENCE", self._ask("SILENCE", m.Cause(cause)))
        return answer

    def acknowledge(self, cause: int) -> None:
        """Mark an alarm cause as seen; it goes on sounding while the cause is there. That keys were changed ends with it."""
        body_of("ACK", self._ask("ACK", m.Cause(cause)))

    def alarm_test(self) -> None:
        """Have the pump sound."""
        body_of("ALARM_TEST", self._ask("ALARM_TEST", m.Nothing()))

    def self_test(self) -> int:
        """Have the pump run its tests; returns the word of active alarms after them. Service only."""
        answer: m.SelfTestAnswer = body_of("SELF_TEST", self._ask("SELF_TEST", m.Nothing()))
        return answer.alarms

    def service_reset(self) -> None:
        """Have the pump forget failures and start anew, in the two frames that this takes. Service only; the session ends with it.

        Raises Unanswered where the second frame's answer is lost: a boot count that has grown tells that it was done.
        """
        asked: m.ServiceResetAnswer = body_of("SERVICE_RESET", self._ask("SERVICE_RESET", m.ServiceReset(0)))
        told = "its boot count tells: read STATUS, and ask again if it has not grown"
        self._once("SERVICE_RESET", lambda: self._ask("SERVICE_RESET", m.ServiceReset(asked.token)), told)

    def replace_key(self, key: Key) -> None:
        """Put a key into its slot of the pump; a provisioner only, while a magnet is held over it.

        Raises DeviceAnswer, or Unanswered where the pump may have the old key or the new one.
        """
        told = "the pump has the old key or the new one: try the new key, then the old"
        self._once("KEY", lambda: self._line.exchange(self._line.role.replace_key(key)), told)

    def read_log(self, first: int = 0, ring: str = "events") -> list[m.LogEntry]:
        """All records from number `first` on that the pump had when asked; `faults` is the ring of faults, with its own numbers."""
        return self._inquiry.log(first, ring)

    def outcome(self, command_id: int) -> m.OutcomeAnswer:
        """What became of a command. Asking for the id that comes next uses it up: whoever sends it later gets CONFLICT."""
        answer: m.OutcomeAnswer = body_of("OUTCOME", self._ask("OUTCOME", m.Outcome(command_id)))
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

    def _once(self, name: str, ask: Callable[[], Answered], told: str) -> None:
        """Ask for what has no command id, so that no OUTCOME tells of it. Raises DeviceAnswer, Unanswered."""
        try:
            answered = ask()
        except LinkError as error:
            raise Unanswered(f"{name} may have been carried out: {error}; {told}") from error
        if answered.resent and answered.answer is not Answer.OK:
            raise Unanswered(f"{name} may have been carried out before its answer was lost; {told}")
        body_of(name, answered)

    def _stage_and_commit(self, begin: m.Begin, image: bytes, tokens: tuple[m.Token, ...]) -> m.CommitAnswer:
        digest = hashlib.sha256(image).digest()
        body_of("BEGIN", self._ask("BEGIN", begin))
        for offset in range(0, len(image), CHUNK_BYTES_MAX):
            body_of("PUT", self._ask("PUT", m.Put(offset, image[offset : offset + CHUNK_BYTES_MAX])))
        try:
            body_of("SEAL", self._ask("SEAL", m.Seal(len(image), digest)))
            self._compare_readback(image)
        except (Refused, BadAnswer):
            with contextlib.suppress(LinkError):  # what cannot be aborted lapses by itself, and the first error tells more
                self._ask("ABORT", m.Nothing())
            raise
        answer: m.CommitAnswer = self._commander.run("COMMIT", lambda command_id: m.Commit(command_id, digest, tokens))
        self._seen_generation = answer.generation
        return answer

    def _compare_readback(self, image: bytes) -> None:
        got = b""
        while len(got) < len(image):
            part: m.TherapyPart = body_of("READBACK", self._ask("READBACK", m.Readback(len(got))))
            if not part.data:
                break
            got += part.data
        if got != image:
            raise BadAnswer("sent READBACK; the pump understood another therapy than was sent: update aborted, interrogate the pump")


def _keys(options: Options) -> Sequence[Key]:
    """The keys to choose from. Raises KeyFileError."""
    file = options.get("key_file")
    return options.get("keys", ()) if file is None else load_keys(file)


def _key_of(keys: Sequence[Key], role: Role) -> Key | None:
    """The key to speak with; None where no keys were given. Raises KeyFileError if none of them is for this role."""
    key = key_for(keys, role)
    if keys and key is None:
        theirs = ", ".join(sorted({each.role.name.lower() for each in keys}))
        raise KeyFileError(f"no key for the role {role.name.lower()}: those given are for {theirs}; name a file that has one")
    return key


def _role(name: str) -> Role:
    try:
        return Role[name.upper()]
    except KeyError:
        raise ProtocolError(f"role {name!r} is not known; there are patient, clinician, service, provisioner") from None
