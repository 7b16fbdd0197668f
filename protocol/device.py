"""The pump's end of the wire, sans-IO: bytes in, bytes out, at the device time that the app tells.

One session at a time. A request passes, in this order: frame, session and MAC, sequence number, known opcode, role, body length,
then the request table of `protocol.services`. Bytes that do not decode are counted and never answered, and so is a frame that
is itself an answer, for else a line that echoes would never fall silent. A frame of another version is answered
UNKNOWN_VERSION and nothing else is read of it.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.answers import failed, ok
from protocol.app import DeviceApp, Region
from protocol.cell import Cell
from protocol.codec import decode, encode
from protocol.codes import Answer, Role, StagingState, Unit
from protocol.errors import BadImage, WireError, WrongLength
from protocol.fields import U8, U32, U64, Blob, Many
from protocol.framing import ANSWER, VERSION, Frame, FrameDecoder, encode_frame
from protocol.limits import INTER_BYTE_US, LINE_ERRORS_MAX, U32_MAX
from protocol.link import Accepted, Verdict, judge
from protocol.message_table import CLOSE, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Expected, Hello, HelloAnswer, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.security import policy_of
from protocol.services import Services
from protocol.session import Session, SessionImage
from protocol.staging import Staging, StagingImage

__all__ = ["DeviceRole"]

_IMAGE_VERSION = 1


class _RoleImage(NamedTuple):
    """The role as it is saved."""

    version: U8
    line_errors: U32
    rest: Blob
    skipping: U8
    heard_us: U64
    sessions: Many[SessionImage]
    staging: Many[StagingImage]


class DeviceRole:
    """A pump on a wire.

    Whatever the app raises that is neither Refused nor BusyUntil passes through, a power cut above all; the owner then calls
    `reset`.
    """

    def __init__(self, app: DeviceApp, *, security: str = "none") -> None:
        self._app = app
        self._policy = policy_of(security)
        self._counter = Cell(app, Region.SESSION)
        self._staging = Staging()
        self._services = Services(app, self._staging, lambda: self.line_errors)
        self.reset()

    def reset(self) -> None:
        """Reboot: session, staging and half a frame are gone, the line error count starts again."""
        self.line_errors = 0
        self._decoder = FrameDecoder()
        self._heard_us = 0
        self._session: Session | None = None
        self._staging.drop()

    def receive(self, data: bytes) -> bytes:
        """Take bytes that arrive now; returns the bytes to send, none or one frame for each request."""
        now_us = self._app.now_us()
        self._expire(now_us)
        answers = [self._answer(item, now_us) for item in self._decoder.feed(data)]
        self._heard_us = now_us
        return b"".join(answers)

    def next_deadline(self) -> int | None:
        """Device time at which `on_time` has something to do."""
        due = []
        if self._session is not None:
            due.append(self._session.until_us)
        if self._staging.state is not StagingState.NONE:
            due.append(self._staging.until_us)
        if self._decoder.pending:
            due.append(self._heard_us + INTER_BYTE_US)
        return min(due) if due else None

    def on_time(self) -> None:
        """Do what is due by now: drop half a frame, a lapsed update, a silent session."""
        self._expire(self._app.now_us())

    def save(self) -> bytes:
        """Everything that is not in the pump's memory, for `restore`."""
        rest, skipping = self._decoder.state
        sessions = () if self._session is None else (self._session.save(),)
        staging = () if self._staging.state is StagingState.NONE else (self._staging.save(),)
        return encode(_RoleImage(_IMAGE_VERSION, self.line_errors, rest, skipping, self._heard_us, sessions, staging))

    def restore(self, data: bytes) -> None:
        """Continue where `save` was called. Raises BadImage; bytes that are no role at all change nothing."""
        try:
            image = decode(_RoleImage, data)
            sessions = [Session.restored(session) for session in image.sessions]
        except (WireError, ValueError) as error:
            raise BadImage(f"no saved device role: {error}") from None
        if image.version != _IMAGE_VERSION:
            raise BadImage(f"saved device role of version {image.version}, this is version {_IMAGE_VERSION}")
        self.reset()
        for staging in image.staging:
            self._staging.restore(staging)
        self.line_errors = image.line_errors
        self._decoder = FrameDecoder(image.rest, bool(image.skipping))
        self._heard_us = image.heard_us
        self._session = sessions[0] if sessions else None

    def _expire(self, now_us: int) -> None:
        if self._decoder.pending and now_us >= self._heard_us + INTER_BYTE_US:
            self._count(len(self._decoder.break_off()))
        if self._staging.state is not StagingState.NONE and now_us >= self._staging.until_us:
            self._app.drop_update(True)
            self._staging.drop()
        if self._session is not None and now_us >= self._session.until_us:
            self._session = None
            self._app.end_silences()

    def _count(self, errors: int) -> None:
        self.line_errors = min(self.line_errors + errors, LINE_ERRORS_MAX)

    def _answer(self, item: object, now_us: int) -> bytes:
        if not isinstance(item, Frame) or item.flags == ANSWER:
            self._count(1)
            return b""
        if item.version != VERSION:
            body = _version_refused(item.version, VERSION)
        elif item.opcode == HELLO:
            body = self._hello(item, now_us)
        else:
            body = self._in_session(item, now_us)
        return encode_frame(Frame(item.opcode, item.session, item.sequence, body, ANSWER))

    def _in_session(self, frame: Frame, now_us: int) -> bytes:
        session = self._session
        if session is None or frame.session != session.number or not self._policy.admits(frame):
            return failed(Answer.NOT_AUTHENTICATED)
        session.heard_us = now_us
        verdict = judge(session.accepted, frame)
        if verdict is Verdict.AGAIN:
            return session.accepted.answer
        if verdict is Verdict.REPLAY:
            return failed(Answer.REPLAY)
        if verdict is Verdict.GAP:
            return failed(Answer.SEQUENCE_GAP, Expected(session.accepted.sequence + 1))
        answer = self._services.serve(session, frame)
        session.accepted = Accepted(frame.sequence, frame.opcode, frame.body, answer)
        if session.accepted.exhausted or (frame.opcode == CLOSE and answer[0] == Answer.OK):
            self._session = None
        return answer

    def _hello(self, frame: Frame, now_us: int) -> bytes:
        """Open a session, or answer the very same HELLO as before."""
        if self._session is not None and frame.body == self._session.hello:
            return self._session.hello_answer
        try:
            hello = decode(Hello, frame.body)
        except WrongLength as error:
            return _refused(RefusalCode.LENGTH, Field.LENGTH, error.got, error.expected, Unit.BYTES)
        if frame.session or frame.sequence:
            return _refused(RefusalCode.MALFORMED, Field.NONE, frame.session or frame.sequence, 0)
        if hello.major != PROTOCOL_MAJOR:
            return _version_refused(hello.major, PROTOCOL_MAJOR)
        if hello.role not in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE):
            return _refused(RefusalCode.UNKNOWN_ROLE, Field.ROLE, hello.role, Role.SERVICE)
        return self._open(hello, frame.body, now_us)

    def _open(self, hello: Hello, body: bytes, now_us: int) -> bytes:
        """Replace the session. Its number is stored before use; another programmer's unclosed session counts as lost."""
        number = self._counter.value + 1
        if number > U32_MAX:
            return _refused(RefusalCode.RANGE, Field.NONE, number, U32_MAX, Unit.COUNT)
        self._counter.store(number)
        if self._session is not None and self._session.programmer_id != hello.programmer_id:
            self._app.end_silences()
        identity = self._app.identity()
        nonce = self._policy.nonce(identity.boot_count, number)
        session = Session(number, Role(hello.role), hello.programmer_id, body, now_us)
        versions = (PROTOCOL_MAJOR, PROTOCOL_MINOR, identity.boot_count, nonce, self._policy.proof(body, nonce))
        session.hello_answer = ok(HelloAnswer(number, *versions, identity.model, identity.serial, identity.firmware))
        self._session = session
        return session.hello_answer


def _refused(code: RefusalCode, field: Field, value: int, limit: int, unit: Unit = Unit.NONE) -> bytes:
    return failed(Answer.REFUSED, Refusal(code, field, 0, value, limit, unit))


def _version_refused(version: int, known: int) -> bytes:
    return _refused(RefusalCode.UNKNOWN_VERSION, Field.VERSION, version, known)
