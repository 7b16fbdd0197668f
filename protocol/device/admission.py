"""Who is let in: HELLO, keys, proofs, back-off, and the one thing that a magnet lets anybody do.

A HELLO opens a session that waits for its first proof: the first request with a right MAC. Only then does it take the place of the
session before it, so that nobody who has no key can end another's conversation. Where nothing is proved, a HELLO is proof enough.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from protocol.answers import failed, ok
from protocol.app import DeviceApp, Region
from protocol.codec import decode
from protocol.codes import Answer, Mode, Role, Unit
from protocol.device.cell import Cell
from protocol.device.gate import Allowance, Gate, GateImage
from protocol.device.session import Session, SessionImage
from protocol.errors import WrongLength
from protocol.fields import U32, U64, Many
from protocol.framing import Frame
from protocol.keys import KEY_BYTES, Key, KeyRing, pairing_key
from protocol.limits import LOGGED_REFUSAL_US, LOGGED_REFUSALS, MAGNET_STOPS_MAX, MAGNET_STOPS_US, TURNED_AWAY_US, U32_MAX
from protocol.mac import PROOF_BYTES, nonce_of, proof_of, session_keys, transcript
from protocol.message_table import PROTOCOL_MAJOR
from protocol.messages import Busy, Hello, HelloAnswer, ModeAnswer, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.security import Security

__all__ = ["Admission", "AdmissionImage", "version_refused"]

_FACTORY_KEY = bytes(KEY_BYTES)
"""What a pump without any key takes for one, from a provisioner who holds a magnet."""


class MagnetStop(NamedTuple):
    """Device time of a STOP without a session."""

    at_us: U64


class AdmissionImage(NamedTuple):
    """It all as it is saved, with the keys of its sessions; those of programmers are in the pump's memory."""

    open: Many[SessionImage]
    waiting: Many[SessionImage]
    failures: Many[GateImage]
    wakes_us: U64
    magnet_stops: Many[MagnetStop]
    unlogged: U32
    logged_us: U64
    log_room_us: U64
    turned_away: U32


class Admission:
    """The door of one pump. `open` is the session that was proved, `turned_away` counts who was refused for want of one since the start."""

    def __init__(self, app: DeviceApp, security: Security, minor: int) -> None:
        """`minor` is the newest minor version that this pump speaks."""
        self._app = app
        self._minor = minor
        self.security = security
        self._counter = Cell(app, Region.SESSION)
        self.ring = KeyRing(app)
        self.reset()

    def reset(self) -> None:
        """Sessions and counts are gone with a reset; keys and session numbers stay."""
        self.open: Session | None = None
        self._waiting: Session | None = None
        self._gate = Gate()
        self._magnet_stops: tuple[MagnetStop, ...] = ()
        self._unlogged, self._logged_us = 0, 0
        self._log_room = Allowance(LOGGED_REFUSALS, LOGGED_REFUSAL_US)
        self.turned_away = 0

    @property
    def keys(self) -> list[Key]:
        """The keys that its sessions rest on."""
        return [self._own(key) for key in self.ring.all()]

    def hello(self, frame: Frame, now_us: int) -> bytes:
        """Open a session, or answer the very same HELLO as before."""
        for session in (self.open, self._waiting):
            if session is not None and frame.body == session.hello:
                return session.hello_answer
        try:
            hello = decode(Hello, frame.body)
        except WrongLength as error:
            return _refused(RefusalCode.LENGTH, Field.LENGTH, error.got, error.expected, Unit.BYTES)
        if frame.session or frame.sequence:
            return _refused(RefusalCode.MALFORMED, Field.NONE, frame.session or frame.sequence, 0)
        if hello.major != PROTOCOL_MAJOR:
            return version_refused(hello.major, PROTOCOL_MAJOR)
        if hello.role not in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE, Role.PROVISIONER):
            return _refused(RefusalCode.UNKNOWN_ROLE, Field.ROLE, hello.role, Role.PROVISIONER)
        if hello.role == Role.PROVISIONER and not self._app.magnet():
            return _refused(RefusalCode.NO_MAGNET, Field.ROLE, hello.role, 0)
        return self._judge(hello, frame.body, now_us)

    def session_of(self, frame: Frame, now_us: int) -> Session | None:
        """The session that a request belongs to, if it proves that it does."""
        current = self.open
        if current is not None and current.number == frame.session and current.admits(frame):
            return current
        waiting = self._waiting
        if waiting is not None and waiting.number == frame.session and waiting.admits(frame):
            self._gate.passed(waiting.key_id)
            self._take_over(waiting)
            return waiting
        if waiting is not None and waiting.number == frame.session:
            self._gate.failed(waiting.key_id, now_us)  # no guess at the open session counts: its key is proved
        return None

    def refuse(self, answer: bytes, now_us: int) -> bytes:
        """Count a request that somebody without a session may have sent; returns its answer."""
        self._count_refusal(now_us)
        return answer

    def turn_away(self, now_us: int) -> bytes:
        """Refuse a request that belongs to no session."""
        return self.refuse(failed(Answer.NOT_AUTHENTICATED), now_us)

    def stop(self, now_us: int) -> bytes:
        """STOP without a session: with a magnet held, three times an hour."""
        if self.security.stop_needs_magnet and not self._app.magnet():
            return self.turn_away(now_us)
        recent = tuple(stop for stop in self._magnet_stops if now_us - stop.at_us < MAGNET_STOPS_US)
        if self.security.stop_needs_magnet and len(recent) >= MAGNET_STOPS_MAX:
            return self.refuse(failed(Answer.BUSY, Busy(recent[0].at_us + MAGNET_STOPS_US)), now_us)
        self._magnet_stops = (*recent[-MAGNET_STOPS_MAX:], MagnetStop(now_us))
        self._app.stop_by_magnet()
        return ok(ModeAnswer(Mode.STOPPED), 0)  # the first minor version: nobody has said which one he speaks

    def next_deadline(self) -> int | None:
        """Device time at which a session times out."""
        if self.open is None or self._waiting is None:
            session = self.open or self._waiting
            return None if session is None else session.until_us
        return min(self.open.until_us, self._waiting.until_us)

    @property
    def talking(self) -> bool:
        """A session is open, or waits for its proof."""
        return self.open is not None or self._waiting is not None

    def expire(self, now_us: int) -> None:
        """End what has timed out; a session that is lost ends its silences."""
        if self._waiting is not None and now_us >= self._waiting.until_us:
            self._give_up(self._waiting, now_us)
        if self.open is not None and now_us >= self.open.until_us:
            self.open = None
            self._app.end_silences()

    def close(self) -> None:
        """The open session has ended in order."""
        self.open = None

    def key_changed(self, key_id: int) -> None:
        """Whoever rests on the old key of this slot has to prove the new one."""
        if self._waiting is not None and self._waiting.key_id == key_id:
            self._waiting = None
        self._gate.cleared(key_id)

    def save(self) -> AdmissionImage:
        """Everything that is not in the pump's memory."""
        is_open, waiting = (() if session is None else (session.save(),) for session in (self.open, self._waiting))
        counts = (self._unlogged, self._logged_us, self._log_room.spent_until_us, self.turned_away)
        return AdmissionImage(is_open, waiting, self._gate.save(), self._gate.wakes.spent_until_us, self._magnet_stops, *counts)

    def restore(self, image: AdmissionImage) -> None:
        """Continue where `save` was called; a session without keys goes on only where none are asked for. Raises WireError, ValueError."""
        found = [[Session.restored(session) for session in kept] for kept in (image.open, image.waiting)]
        found = [[session for session in kept if session.keys or not self.security.authenticates] for kept in found]
        self.reset()
        self.open, self._waiting = (kept[0] if kept else None for kept in found)
        self._gate.restore(image.failures, image.wakes_us)
        self._magnet_stops, self._unlogged, self._logged_us = image.magnet_stops, image.unlogged, image.logged_us
        self._log_room.spent_until_us, self.turned_away = image.log_room_us, image.turned_away

    def _judge(self, hello: Hello, body: bytes, now_us: int) -> bytes:
        """Open the session if there is such a key and its turn has come."""
        count_of = hello.key_id if self.ring.key(hello.key_id) is not None else 0
        if self.security.backs_off and now_us < self._gate.until_us(count_of) and not self._app.magnet():
            return self.refuse(failed(Answer.BUSY, Busy(self._gate.until_us(count_of))), now_us)
        self._app.woken()
        self._gate.wakes.take(now_us)
        if self.security.authenticates and self._secret(hello) is None:
            self._gate.failed(count_of, now_us)
            return self.turn_away(now_us)
        if self._waiting is not None:
            self._give_up(self._waiting, now_us)
        return self._opened(hello, body, now_us)

    def _give_up(self, waiting: Session, now_us: int) -> None:
        """Nobody proved this one."""
        self._waiting = None
        self._gate.failed(waiting.key_id, now_us)
        self._count_refusal(now_us)

    def _count_refusal(self, now_us: int) -> None:
        """Somebody without a session was refused: logged at most once a minute, with how many there were."""
        self.turned_away = min(U32_MAX, self.turned_away + 1)
        self._unlogged = min(U32_MAX, self._unlogged + 1)
        rested = not self._logged_us or now_us - self._logged_us >= TURNED_AWAY_US
        if rested and now_us >= self._log_room.free_us:
            self._app.turned_away(self._unlogged)
            self._log_room.take(now_us)
            self._unlogged, self._logged_us = 0, max(1, now_us)

    def _opened(self, hello: Hello, body: bytes, now_us: int) -> bytes:
        """A session under its own number, which is stored before use."""
        number = self._counter.value + 1
        if number > U32_MAX:
            return _refused(RefusalCode.RANGE, Field.NONE, number, U32_MAX, Unit.COUNT)
        self._counter.store(number)
        model, serial, firmware = self._name
        boot_count = self._app.status().boot_count
        if not self.security.refuses_replays:
            number = boot_count = 1
        secret = self._secret(hello)
        nonce = nonce_of(secret or _FACTORY_KEY, boot_count, number)
        says = (number, PROTOCOL_MAJOR, self._minor, boot_count, nonce, bytes(PROOF_BYTES))
        answer = HelloAnswer(*says, model, serial, firmware)
        session = Session(number, hello, body, now_us, self._minor)
        if secret is None:
            session.hello_answer = ok(answer)
            self._take_over(session)
            return session.hello_answer
        said = transcript(body, answer)
        session.hello_answer = ok(answer._replace(proof=proof_of(secret, said)))
        session.keys = session_keys(secret, said, serial)
        self._waiting = session
        return session.hello_answer

    @cached_property
    def _name(self) -> tuple[str, str, str]:
        """Model, serial number and firmware, which stay as they are."""
        identity = self._app.identity()
        return identity.model, identity.serial, identity.firmware

    def _secret(self, hello: Hello) -> bytes | None:
        """The key that this HELLO has to prove, if there is one for its role."""
        if not self.security.authenticates:
            return None
        if hello.role == Role.PROVISIONER and hello.key_id == 0:
            return _FACTORY_KEY if self.ring.blank else None
        key = self.ring.key(hello.key_id)
        role = Role.SERVICE if hello.role == Role.PROVISIONER else hello.role
        return self._own(key).secret if key is not None and key.role == role else None

    def _own(self, key: Key) -> Key:
        """A key as this pump uses it."""
        return key if self.security.key_of_its_own else key._replace(secret=pairing_key(self._name[1]))

    def _take_over(self, session: Session) -> None:
        """It is the session now. Another programmer's unclosed one counts as lost."""
        if self.open is not None and self.open.programmer_id != session.programmer_id:
            self._app.end_silences()
        self.open, self._waiting = session, None


def _refused(code: RefusalCode, field: Field, value: int, limit: int, unit: Unit = Unit.NONE) -> bytes:
    return failed(Answer.REFUSED, Refusal(code, field, 0, value, limit, unit))


def version_refused(version: int, known: int) -> bytes:
    """The answer to a frame or a HELLO of a version that this pump does not speak."""
    return _refused(RefusalCode.UNKNOWN_VERSION, Field.VERSION, version, known)
