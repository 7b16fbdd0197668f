"""Requests that no pump may take: each a coded refusal with field, value, limit and unit, the therapy untouched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from protocol.codec import decode, encode
from protocol.codes import AlarmCause, Answer, Role, Unit
from protocol.errors import Rejected, WrongLength
from protocol.framing import ANSWER, Frame, FrameDecoder, encode_frame
from protocol.message_table import BY_NAME, MESSAGES, PROTOCOL_MAJOR
from protocol.messages import (
    Begin,
    Bolus,
    Cause,
    Commit,
    Hello,
    Interrogate,
    Nothing,
    Outcome,
    Put,
    Readback,
    Refill,
    Seal,
    SetClock,
    Start,
    Token,
)
from protocol.refusals import Field, RefusalCode
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, FILL_NL, NEW, Bedside
from tests.rig.bad_input import Limit, check_unchanged, footprint, refused

R, F, U = RefusalCode, Field, Unit

Body = tuple[object, ...]

COMMANDS: dict[str, tuple[str, Callable[[int], Body], Limit]] = {
    "refill above capacity": (
        "REFILL",
        lambda i: Refill(i, 40_000_001, 0, 1, CONCENTRATION),
        Limit(R.RANGE, F.VOLUME, 40_000_001, 40_000_000, U.NL),
    ),
    "withdrawn above capacity": (
        "REFILL",
        lambda i: Refill(i, FILL_NL, 40_000_001, 1, CONCENTRATION),
        Limit(R.RANGE, F.WITHDRAWN, 40_000_001, 40_000_000, U.NL),
    ),
    "refill of an unknown drug": ("REFILL", lambda i: Refill(i, FILL_NL, 0, 9, CONCENTRATION), Limit(R.UNKNOWN_DRUG, F.DRUG, 9, 0)),
    "bolus of nothing": (
        "BOLUS",
        lambda i: Bolus(i, 0, 0, BOLUS_S, False),
        Limit(R.RANGE, F.VOLUME, 0, 250, U.NL),
    ),
    "bolus too large": (
        "BOLUS",
        lambda i: Bolus(i, 5_000_001, 2_500_000, BOLUS_S, False),
        Limit(R.RANGE, F.VOLUME, 5_000_001, 5_000_000, U.NL),
    ),
    "bolus too short": (
        "BOLUS",
        lambda i: Bolus(i, BOLUS_NL, BOLUS_DOSE_NG, 59, False),
        Limit(R.RANGE, F.DURATION, 59, 60, U.S),
    ),
    "bolus too long": (
        "BOLUS",
        lambda i: Bolus(i, BOLUS_NL, BOLUS_DOSE_NG, 86_401, False),
        Limit(R.RANGE, F.DURATION, 86_401, 86_400, U.S),
    ),
    "bolus whose dose is not its volume": (
        "BOLUS",
        lambda i: Bolus(i, BOLUS_NL, BOLUS_DOSE_NG * 1000, BOLUS_S, False),
        Limit(R.UNIT_MISMATCH, F.DOSE, BOLUS_DOSE_NG * 1000, BOLUS_DOSE_NG, U.NG),
    ),
    "bolus above the maximum rate": (
        "BOLUS",
        lambda i: Bolus(i, 2 * BOLUS_NL, 2 * BOLUS_DOSE_NG, BOLUS_S, False),
        Limit(R.RATE_LIMIT, F.DURATION, 600, 726, U.S),
    ),
    "date past the clock's end": (
        "SET_CLOCK",
        lambda i: SetClock(i, 3_155_760_000_000_001),
        Limit(R.RANGE, F.CLOCK, 3_155_760_000_000_001, 3_155_760_000_000_000, U.US),
    ),
    "start of a generation that is not": ("START", lambda i: Start(i, 5), Limit(R.GENERATION, F.GENERATION, 5, 1, U.COUNT)),
    "commit with nothing staged": ("COMMIT", lambda i: Commit(i, bytes(32), ()), Limit(R.NOT_STAGED, F.NONE, 0, 0)),
    "more overrides than a commit may carry": (
        "COMMIT",
        lambda i: Commit(i, bytes(32), (Token(1),) * 17),
        Limit(R.RANGE, F.OVERRIDES, 17, 16, U.COUNT),
    ),
}


@pytest.mark.pump_requirement("PG-07")
@pytest.mark.parametrize("name", COMMANDS)
def test_command_outside_a_limit_is_refused_with_its_reason(name: str) -> None:
    """The refusal names all five; the id is used up, one answer entry and one log record differ, and nothing else."""
    message, make, limit = COMMANDS[name]
    bedside = Bedside.running()
    programmer = bedside.programmer()
    next_id = programmer.status().last_command_id + 1

    said = refused(bedside, programmer, message, make(next_id))

    assert said == limit
    assert programmer.status().last_command_id == next_id


REQUESTS: dict[str, tuple[str, Body, Limit]] = {
    "silence of an unknown cause": ("SILENCE", Cause(31), Limit(R.UNKNOWN_CAUSE, F.CAUSE, 31, max(AlarmCause))),
    "silence of a cause that is not on": ("SILENCE", Cause(2), Limit(R.NOT_ACTIVE, F.CAUSE, 2, 0)),
    "acknowledge of a cause that is not on": ("ACK", Cause(0), Limit(R.NOT_ACTIVE, F.CAUSE, 0, 0)),
    "part of an interrogation that is not": ("INTERROGATE", Interrogate(4, 0), Limit(R.UNKNOWN_PART, F.PART, 4, 3)),
    "begin upon another generation": ("BEGIN", Begin(7, False), Limit(R.GENERATION, F.GENERATION, 7, 1, U.COUNT)),
    "put without begin": ("PUT", Put(0, b"x"), Limit(R.NOT_STAGED, F.NONE, 0, 0)),
    "readback without seal": ("READBACK", Readback(0), Limit(R.NOT_STAGED, F.NONE, 0, 0)),
    "abort of nothing": ("ABORT", Nothing(), Limit(R.NOT_STAGED, F.NONE, 0, 0)),
    "outcome of id zero": ("OUTCOME", Outcome(0), Limit(R.RANGE, F.COMMAND_ID, 0, 1, U.COUNT)),
}


@pytest.mark.pump_requirement("PG-07")
@pytest.mark.parametrize("name", REQUESTS)
def test_request_that_makes_no_sense_now_is_refused_with_its_reason(name: str) -> None:
    """A coded refusal, and the pump runs on as before."""
    message, body, limit = REQUESTS[name]
    bedside = Bedside.running()

    assert refused(bedside, bedside.programmer(), message, body) == limit
    assert bedside.unit.pump.status().mode == "flex"


IMAGE = encode(NEW)
STAGED: dict[str, tuple[str, Body, Limit]] = {
    "bytes with a hole before them": ("PUT", Put(999, b"x"), Limit(R.OFFSET, F.OFFSET, 999, len(IMAGE), U.BYTES)),
    "more bytes than a bank holds": ("PUT", Put(len(IMAGE), bytes(448)), Limit(R.LENGTH, F.LENGTH, len(IMAGE) + 448, 940, U.BYTES)),
    "seal of another length": ("SEAL", Seal(1, bytes(32)), Limit(R.LENGTH, F.LENGTH, 1, len(IMAGE), U.BYTES)),
    "seal of another digest": ("SEAL", Seal(len(IMAGE), bytes(32)), Limit(R.DIGEST, F.DIGEST, 0, 0)),
    "readback before seal": ("READBACK", Readback(0), Limit(R.NOT_SEALED, F.NONE, 0, 0)),
}


@pytest.mark.parametrize("name", STAGED)
def test_staging_step_out_of_order_or_bounds_is_refused(name: str) -> None:
    """The staged image stays as it was: sealed and committed afterwards, it is the therapy that was meant."""
    message, body, limit = STAGED[name]
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.request("BEGIN", Begin(1, False))
    programmer.request("PUT", Put(0, IMAGE))
    if name == "more bytes than a bank holds":
        programmer.request("PUT", Put(len(IMAGE), bytes(448)))
        limit = limit._replace(value=limit.value + 448)
        body = Put(len(IMAGE) + 448, bytes(448))

    said = refused(bedside, programmer, message, body)

    assert said == limit
    digest = hashlib.sha256(IMAGE).digest()
    if name != "more bytes than a bank holds":
        assert programmer.request("SEAL", Seal(len(IMAGE), digest)).answer is Answer.OK
        next_id = programmer.status().last_command_id + 1
        assert programmer.request("COMMIT", Commit(next_id, digest, ())).answer is Answer.OK
        assert bedside.programmer().interrogate().therapy == NEW


@pytest.mark.pump_requirement("PG-07", "PR-08")
@pytest.mark.parametrize("opcode", [0x00, 0x03, 0x26, 0x38, 0x43, 0x7FFF, 0xFFFF])
def test_unknown_opcode_is_unsupported(opcode: int) -> None:
    """A frame that decodes always gets a coded answer; an opcode nobody declared gets UNSUPPORTED."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    before = footprint(bedside)

    answered = programmer.raw_request(opcode, b"anything")

    check_unchanged(before, footprint(bedside))
    assert answered.answer is Answer.UNSUPPORTED


def length_of(name: str) -> int:
    """Length of a body that has one length only, as its declaration says."""
    with pytest.raises(WrongLength) as wrong:
        decode(BY_NAME[name].request, bytes(200))
    return wrong.value.expected


def asker_of(name: str) -> str:
    """Whoever may ask it: a clinician, if he may."""
    roles = BY_NAME[name].roles
    return (Role.CLINICIAN if Role.CLINICIAN in roles else roles[0]).name.lower()


FIXED = [spec.name for spec in MESSAGES if spec.name not in ("HELLO", "CLOSE", "PUT", "COMMIT")]


@pytest.mark.parametrize("name, extra", [(name, extra) for name in FIXED for extra in (-1, 1, 100) if length_of(name) + extra >= 0])
def test_body_of_the_wrong_length_is_refused_and_uses_no_id(name: str, extra: int) -> None:
    """Every request with a body too short or too long is refused LENGTH with both lengths, and no command id is used up."""
    bedside = Bedside.running()
    last = bedside.look()[0].last_command_id
    bedside.unit.act(lambda pump: pump.magnet(True))
    programmer = bedside.programmer(role=asker_of(name))
    size = length_of(name)
    before = footprint(bedside)

    answered = programmer.raw_request(BY_NAME[name].opcode, bytes(size + extra))

    check_unchanged(before, footprint(bedside))
    assert answered.answer is Answer.REFUSED
    assert answered.body == (R.LENGTH, F.LENGTH, 0, size + extra, size, U.BYTES)
    assert bedside.look()[0].last_command_id == last


def answer_to(bedside: Bedside, frame: Frame) -> Frame:
    """Send one frame by hand; returns the pump's one answer."""
    (answer,) = FrameDecoder().feed(bedside.carry(encode_frame(frame)))
    assert isinstance(answer, Frame)
    assert answer.flags == ANSWER
    return answer


@pytest.mark.parametrize(
    "hello, code, field",
    [
        (Hello(PROTOCOL_MAJOR + 1, 0, Role.CLINICIAN, 0, 7, bytes(16)), R.UNKNOWN_VERSION, F.VERSION),
        (Hello(0, 0, Role.CLINICIAN, 0, 7, bytes(16)), R.UNKNOWN_VERSION, F.VERSION),
        (Hello(PROTOCOL_MAJOR, 0, 9, 0, 7, bytes(16)), R.UNKNOWN_ROLE, F.ROLE),
    ],
    ids=["newer major version", "older major version", "unknown role"],
)
def test_hello_of_an_unknown_version_or_role_opens_nothing(hello: Hello, code: RefusalCode, field: Field) -> None:
    """The refusal names version or role; no session number is used up by it."""
    bedside = Bedside.running()
    before = bedside.unit.digest()

    answer = answer_to(bedside, Frame(BY_NAME["HELLO"].opcode, 0, 0, encode(hello)))

    assert answer.body[0] == Answer.REFUSED
    assert int.from_bytes(answer.body[1:3], "little") == code
    assert int.from_bytes(answer.body[3:5], "little") == field
    assert bedside.unit.digest() == before


@pytest.mark.parametrize("version", [0, 2, 255])
def test_frame_of_another_version_is_refused_unread(version: int) -> None:
    """A frame whose first byte names another version is answered UNKNOWN_VERSION, whatever else it holds."""
    bedside = Bedside.running()
    before = bedside.unit.digest()

    answer = answer_to(bedside, Frame(BY_NAME["STOP"].opcode, 1, 1, b"", version=version))

    assert answer.body[:3] == bytes([Answer.REFUSED]) + R.UNKNOWN_VERSION.to_bytes(2, "little")
    assert bedside.unit.digest() == before


@pytest.mark.parametrize("name", [spec.name for spec in MESSAGES if spec.name != "HELLO"])
def test_nothing_is_done_without_a_session(name: str) -> None:
    """Any request but HELLO outside a session is NOT_AUTHENTICATED; one record says that somebody was turned away, no more follows."""
    bedside = Bedside.running()
    before = footprint(bedside)
    stray = Frame(BY_NAME[name].opcode, 12345, 1, bytes(40))

    assert answer_to(bedside, stray).body == bytes([Answer.NOT_AUTHENTICATED])
    assert footprint(bedside) == before._replace(log_newest=before.log_newest + 1)
    digest = bedside.unit.pump.digest()
    assert answer_to(bedside, stray).body == bytes([Answer.NOT_AUTHENTICATED])
    assert bedside.unit.pump.digest() == digest


@pytest.mark.parametrize("act", ["refill", "bolus volume", "bolus dose"])
def test_client_that_knows_the_limits_sends_no_bad_command(act: str) -> None:
    """After an interrogation the client judges refill and bolus itself: nothing is sent, no id is used."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.interrogate()
    digest = bedside.unit.digest()
    acts: dict[str, Callable[[], object]] = {
        "refill": lambda: programmer.refill(40_000_001, 0, 1, CONCENTRATION),
        "bolus volume": lambda: programmer.bolus(5_000_001, 2_500_000, BOLUS_S),
        "bolus dose": lambda: programmer.bolus(BOLUS_NL, 1000 * BOLUS_DOSE_NG, BOLUS_S),
    }

    with pytest.raises(Rejected):
        acts[act]()

    assert bedside.unit.digest() == digest
