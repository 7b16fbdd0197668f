"""The pump's end of the wire, sans-IO: bytes in, bytes out, at the device time that the app tells.

One session at a time. A request passes, in this order: frame, session and MAC (`protocol.device.admission`), sequence number, known
opcode (to the session's minor version), role, body length, then the request table of `protocol.device.services`. Bytes that do not decode
are counted and never answered, and so is a frame that is itself an answer, for else a line that echoes would never fall silent. A frame of
another version is answered UNKNOWN_VERSION and nothing else is read of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from protocol.answers import failed
from protocol.app import DeviceApp
from protocol.codec import decode, encode
from protocol.codes import Answer, StagingState
from protocol.device.admission import Admission, AdmissionImage, version_refused
from protocol.device.services import Services
from protocol.device.session import Session
from protocol.device.staging import Staging, StagingImage
from protocol.errors import BadImage, WireError
from protocol.fields import U8, U32, U64, Blob, Many
from protocol.framing import ANSWER, VERSION, Frame, FrameDecoder, encode_frame
from protocol.keys import Key
from protocol.limits import INTER_BYTE_US, LINE_ERRORS_MAX
from protocol.link import Accepted, Verdict, judge
from protocol.message_table import BY_NAME, CLOSE, EDITION, HELLO, Edition
from protocol.messages import Expected
from protocol.security import DEFAULT, security_of

__all__ = ["DeviceRole"]

_IMAGE_VERSION = 3
_STOP = BY_NAME["STOP"].opcode


class _RoleImage(NamedTuple):
    """The role as it is saved."""

    version: U8
    line_errors: U32
    rest: Blob
    skipping: U8
    heard_us: U64
    admission: Many[AdmissionImage]
    staging: Many[StagingImage]


class DeviceRole:
    """A pump on a wire, as insistent as the security profile of this name (`protocol.security`).

    Whatever the app raises that is neither Refused nor BusyUntil passes through, a power cut above all; the owner then calls
    `reset`.
    """

    def __init__(self, app: DeviceApp, *, security: str = DEFAULT, edition: Edition = EDITION) -> None:
        self._app = app
        self.security = security_of(security)
        self._admission = Admission(app, self.security, edition.minor)
        self._staging = Staging()
        self._services = Services(app, self._staging, lambda: self.line_errors, self._admission, edition)
        self.reset()

    @property
    def keys(self) -> list[Key]:
        """The keys in the pump's memory, as it uses them."""
        return self._admission.keys

    def provision(self, keys: Iterable[Key]) -> None:
        """Put keys into the pump's memory as its factory does, past the wire."""
        for key in keys:
            self._admission.ring.store(key)

    def reset(self) -> None:
        """Reboot: session, staging and half a frame are gone, the line error count starts again."""
        self.line_errors = 0
        self._decoder = FrameDecoder()
        self._heard_us = 0
        self._admission.reset()
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
        due_us = self._admission.next_deadline()
        if self._staging.state is not StagingState.NONE:
            due_us = self._staging.until_us if due_us is None else min(due_us, self._staging.until_us)
        if self._decoder.pending:
            pause_us = self._heard_us + INTER_BYTE_US
            due_us = pause_us if due_us is None else min(due_us, pause_us)
        return due_us

    @property
    def talking(self) -> bool:
        """A frame has begun, or a session or a staged update is open: there is a deadline."""
        return self._admission.talking or self._staging.state is not StagingState.NONE or self._decoder.pending

    def on_time(self) -> None:
        """Do what is due by now: drop half a frame, a lapsed update, a silent session."""
        self._expire(self._app.now_us())

    def save(self) -> bytes:
        """Everything that is not in the pump's memory, for `restore`."""
        rest, skipping = self._decoder.state
        staging = () if self._staging.state is StagingState.NONE else (self._staging.save(),)
        admission = (self._admission.save(),)
        return encode(_RoleImage(_IMAGE_VERSION, self.line_errors, rest, skipping, self._heard_us, admission, staging))

    def restore(self, data: bytes) -> None:
        """Continue where `save` was called. Raises BadImage; bytes that are no role at all change nothing."""
        try:
            image = decode(_RoleImage, data)
            if image.version != _IMAGE_VERSION:
                raise BadImage(f"saved device role of version {image.version}, this is version {_IMAGE_VERSION}")
            self._admission.restore(*image.admission)
        except (WireError, ValueError, TypeError) as error:
            raise BadImage(f"no saved device role: {error}") from None
        self._staging.drop()
        for staging in image.staging:
            self._staging.restore(staging)
        self.line_errors = image.line_errors
        self._decoder = FrameDecoder(image.rest, bool(image.skipping))
        self._heard_us = image.heard_us

    def _expire(self, now_us: int) -> None:
        if self._decoder.pending and now_us >= self._heard_us + INTER_BYTE_US:
            self._count(len(self._decoder.break_off()))
        if self._staging.state is not StagingState.NONE and now_us >= self._staging.until_us:
            self._app.drop_update(True)
            self._staging.drop()
        self._admission.expire(now_us)

    def _count(self, errors: int) -> None:
        self.line_errors = min(self.line_errors + errors, LINE_ERRORS_MAX)

    def _answer(self, item: object, now_us: int) -> bytes:
        if not isinstance(item, Frame) or item.flags == ANSWER:
            self._count(1)
            return b""
        keys = None
        if item.version != VERSION:
            body = version_refused(item.version, VERSION)
        elif item.opcode == HELLO:
            body = self._admission.hello(item, now_us)
        else:
            session = self._admission.session_of(item, now_us)
            if session is None:
                body = self._admission.stop(now_us) if item.opcode == _STOP and not item.session else self._admission.turn_away(now_us)
            else:
                keys = session.keys
                body = self._in_session(session, item, now_us)
        answer = Frame(item.opcode, item.session, item.sequence, body, ANSWER)
        return encode_frame(answer, None if keys is None else keys.pump_mac)

    def _in_session(self, session: Session, frame: Frame, now_us: int) -> bytes:
        verdict = judge(session.accepted, frame) if self.security.refuses_replays else Verdict.NEW
        if verdict is Verdict.AGAIN:
            return session.accepted.answer
        if verdict is Verdict.REPLAY:
            return self._admission.refuse(failed(Answer.REPLAY), now_us)
        if verdict is Verdict.GAP:
            return failed(Answer.SEQUENCE_GAP, Expected(session.accepted.sequence + 1))
        session.heard_us = now_us  # by now: what was said before keeps no session open
        answer = self._services.serve(session, frame)
        session.accepted = Accepted(frame.sequence, frame.opcode, frame.body, answer)
        if session.accepted.exhausted or (frame.opcode == CLOSE and answer[0] == Answer.OK):
            self._admission.close()
        return answer
