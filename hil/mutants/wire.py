"""Mutants of the wire: who is let in, which frames and numbers are taken, and when a conversation ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hil.mutants.mutant import Change, Mutant, gives, value
from protocol.answers import failed, ok
from protocol.codes import Answer, Role
from protocol.crc import crc32c
from protocol.device.raw_memory import RAW_MEMORY
from protocol.framing import ANSWER, Frame, FrameDecoder, encode_frame
from protocol.link import Accepted, Verdict, judge
from protocol.message_table import BY_NAME, PROTOCOL_MAJOR
from protocol.messages import Busy

__all__ = ["WIRE"]

ADMISSION = "protocol.device.admission:Admission"
SERVICES = "protocol.device.services:Services"
YEAR_US = 365 * 86_400 * 1_000_000
MANY = 1_000
_STATUS, _STOP = (BY_NAME[name].opcode for name in ("STATUS", "STOP"))


def _any_number(last: Accepted, frame: Any) -> Verdict:
    """Only the very same request again is told from a new one."""
    verdict = judge(last, frame)
    return verdict if verdict is Verdict.AGAIN else Verdict.NEW


class _Lenient(FrameDecoder):
    """A decoder that takes a frame whatever its CRC: it puts the right one there."""

    __slots__ = ()

    def feed(self, data: bytes) -> list[Any]:
        return super().feed(data) if b"\0" not in data else self._mended(data)

    def _mended(self, data: bytes) -> list[Any]:
        rest, skipping = self.state
        whole, _, left = (rest + data).rpartition(b"\0")
        runs = b"".join(_with_crc(run) + b"\0" for run in whole.split(b"\0"))
        fresh = FrameDecoder(b"", skipping)
        found: list[Any] = fresh.feed(runs + left)
        self._rest, self._skipping = fresh.state
        return found


def _with_crc(run: bytes) -> bytes:
    from cobs import cobs

    try:
        raw = cobs.decode(run)
    except cobs.DecodeError:
        return run
    return bytes(cobs.encode(raw[:-4] + crc32c(raw[:-4]).to_bytes(4, "little"))) if len(raw) > 4 else run


def _role_of_all(real: Callable[..., bytes]) -> Callable[..., bytes]:
    def serve(self: Any, session: Any, frame: Any) -> bytes:
        role, session.role = session.role, Role.CLINICIAN if session.role is Role.PATIENT else session.role
        try:
            return real(self, session, frame)
        finally:
            session.role = role

    return serve


def _key_of_any_role(real: Callable[..., Any]) -> Callable[..., Any]:
    def secret(self: Any, hello: Any) -> Any:
        key = self.ring.key(hello.key_id)
        return real(self, hello) if key is None else key.secret

    return secret


def _stop_waits(real: Callable[..., bytes]) -> Callable[..., bytes]:
    def serve(self: Any, session: Any, frame: Any) -> bytes:
        if frame.opcode == _STOP and self._staging.state:
            return failed(Answer.BUSY, Busy(self._staging.until_us))
        return real(self, session, frame)

    return serve


def _no_magnet_needed(real: Callable[..., bytes]) -> Callable[..., bytes]:
    def stop(self: Any, now_us: int) -> bytes:
        kept, self.security = self.security, self.security._replace(stop_needs_magnet=False)
        try:
            return real(self, now_us)
        finally:
            self.security = kept

    return stop


class _AnyMajor(int):
    """A major version that every other is the same as."""

    def __eq__(self, _other: object) -> bool:
        return True

    def __ne__(self, _other: object) -> bool:
        return False

    __hash__ = int.__hash__


def _status_for_all(real: Callable[..., bytes]) -> Callable[..., bytes]:
    def answer(self: Any, item: Any, now_us: int) -> bytes:
        told = real(self, item, now_us)
        if not isinstance(item, Frame) or item.opcode != _STATUS or item.session:
            return told
        return encode_frame(Frame(item.opcode, 0, item.sequence, ok(self._app.status(), 0), ANSWER))

    return answer


def _with_raw_memory(real: Callable[..., None]) -> Callable[..., None]:
    def begin(self: Any, *others: Any) -> None:
        real(self, *others)
        self._specs |= {spec.opcode: spec for spec in RAW_MEMORY}

    return begin


WIRE: Sequence[Mutant] = (
    Mutant(
        "sequence-not-checked",
        "A request is carried out whatever its sequence number.",
        ("PR-05",),
        "CVE-2016-5086: recorded packets played again",
        (value("protocol.device.role:judge", _any_number),),
        "running rate=10000; record_stop; start; status",
        "replay",
    ),
    Mutant(
        "frame-crc-not-checked",
        "A frame is read whatever its CRC says.",
        ("PR-01",),
        "PR-01 denied",
        (value("protocol.device.role:FrameDecoder", _Lenient),),
        "running rate=10000",
        "flipped",
    ),
    Mutant(
        "mac-not-checked",
        "A frame is taken without proof that its sender has the key.",
        ("PR-04",),
        "CVE-2019-10964, CVE-2019-6538",
        (gives("protocol.device.session:Session.admits", answer=True),),
        "running rate=10000",
        "unproved",
    ),
    Mutant(
        "patient-may-all",
        "A patient's session may do what a clinician's may.",
        ("PG-12",),
        "PG-12 denied",
        (Change(f"{SERVICES}.serve", _role_of_all),),
        "running rate=10000; as patient",
        "request STOP",
    ),
    Mutant(
        "key-role-not-checked",
        "A key opens sessions of any role, not of its own alone.",
        ("PG-12", "PR-04"),
        "PG-12 denied",
        (Change(f"{ADMISSION}._secret", _key_of_any_role),),
        "running rate=10000",
        "clinician_with_patients_key",
    ),
    Mutant(
        "session-never-ends",
        "A session that has fallen silent stays open.",
        ("PG-05", "AL-10"),
        "PG-05 denied",
        (Change("protocol.device.session:Session.until_us", lambda _real: property(lambda self: self.heard_us + YEAR_US)),),
        "running rate=10000; interrogate; advance hours=2",
        "raw STATUS",
    ),
    Mutant(
        "staging-never-lapses",
        "A staged update that is let be stays there.",
        ("PG-05", "PR-10"),
        "PG-05 denied",
        (value("protocol.device.staging:STAGING_US", YEAR_US),),
        "running rate=10000; stage rate=12000; advance minutes=15",
        "staging",
    ),
    Mutant(
        "stop-waits-for-update",
        "STOP is refused while an update is staged.",
        ("ST-06",),
        "ST-06 denied",
        (Change(f"{SERVICES}.serve", _stop_waits),),
        "running rate=10000; stage rate=12000",
        "request STOP",
    ),
    Mutant(
        "stop-needs-no-magnet",
        "Anybody may stop the pump, with no session and no magnet.",
        ("PR-12",),
        "CVE-2019-10964 and kin: a remote denial of therapy",
        (Change(f"{ADMISSION}.stop", _no_magnet_needed),),
        "running rate=10000",
        "stranger STOP",
    ),
    Mutant(
        "magnet-ignored",
        "A magnet held over the pump is not noticed.",
        ("PR-12",),
        "PR-12 denied",
        (gives("hil.adapter:PumpApp.magnet", answer=False),),
        "running rate=10000; magnet",
        "stranger STOP",
    ),
    Mutant(
        "magnet-stops-unlimited",
        "Whoever holds a magnet may stop the pump as often as he likes.",
        ("PR-12",),
        "PR-12 denied",
        (value("protocol.device.admission:MAGNET_STOPS_MAX", MANY),),
        "running rate=10000; magnet; stranger STOP; stranger STOP; stranger STOP",
        "stranger STOP",
    ),
    Mutant(
        "no-back-off",
        "Calls that prove nothing are answered as fast as they come.",
        ("PR-12", "PW-09"),
        "Halperin et al. 2008: power denial of service",
        (gives("protocol.device.gate:Gate.until_us", answer=0),),
        "running rate=10000",
        "bad_hellos 8",
    ),
    Mutant(
        "version-not-checked",
        "A programmer of another major version is let in.",
        ("PR-14",),
        "HID 4.6",
        (value("protocol.device.admission:PROTOCOL_MAJOR", _AnyMajor(PROTOCOL_MAJOR)),),
        "running rate=10000",
        "hello major=2",
    ),
    Mutant(
        "status-for-anybody",
        "The state of the therapy is told to whoever asks, session or none.",
        ("PR-07",),
        "CVE-2016-5084",
        (Change("protocol.device.role:DeviceRole._answer", _status_for_all),),
        "running rate=10000",
        "stranger STATUS",
    ),
    Mutant(
        "memory-open",
        "Requests to read and write raw memory are served.",
        ("PR-08",),
        "CVE-2019-6538",
        (Change(f"{SERVICES}.__init__", _with_raw_memory),),
        "running rate=10000",
        "peek",
    ),
)
