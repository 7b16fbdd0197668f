"""The golden frames: one of each kind, as bytes that must never change by accident.

`python -m tests.golden.frames` writes frames.txt anew; read the difference before you keep it.
"""

from __future__ import annotations

from pathlib import Path

from protocol import messages as m
from protocol.answers import failed, ok, part_answer
from protocol.codec import encode
from protocol.codes import Answer, Mode, Role
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.mac import PROOF_BYTES, masked, nonce_of, proof_of, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO
from protocol.refusals import Field, RefusalCode
from protocol.testing import simple_therapy
from protocol.transport.tcp import port_busy_frame

FILE = Path(__file__).with_name("frames.txt")

_NONCE = bytes(range(16))
_DIGEST = bytes(range(100, 132))
_STATUS = m.Status(1, 2, 3, 4, 5, 6, _DIGEST, 7, 2, 1, 8, 9, 10, 11, 12, 13, 14)
_KEY = bytes(range(200, 232))
"""The clinician's key of the keyed frames: pump S-1, its ninth boot, its seventh session."""


def _request(name: str, body: tuple[object, ...] = m.Nothing(), mac: bytes = b"") -> bytes:
    return encode_frame(Frame(BY_NAME[name].opcode, 7, 3, encode(body), 0, mac))


def _answer(name: str, body: bytes) -> bytes:
    return encode_frame(Frame(BY_NAME[name].opcode, 7, 3, body, ANSWER))


def frames() -> dict[str, bytes]:
    """Name and bytes of each, zero included."""
    image = encode(simple_therapy())
    refusal = m.Refusal(RefusalCode.RANGE, Field.RATE, 18, -5, 1_000_000, 1)
    log = m.LogAnswer(1, 2, (m.LogEntry(1, 1, 6, 0, 3, 4, 5, 6, 7, -8), m.LogEntry(2, 0, 255, 65535, 1, 2, 3, 4, 5, 6)))
    hello = encode_frame(Frame(BY_NAME["HELLO"].opcode, 0, 0, encode(m.Hello(1, 0, 2, 0, 42, _NONCE))))
    hello_answer = m.HelloAnswer(7, 1, 0, 9, _NONCE, bytes(16), "itp-40", "S-1", "2.0")
    return {
        "hello": hello,
        "hello answer": encode_frame(Frame(BY_NAME["HELLO"].opcode, 0, 0, ok(hello_answer), ANSWER)),
        "status": _request("STATUS"),
        "status with a MAC": _request("STATUS", mac=b"\xa5\0" * 4),
        "status answer": _answer("STATUS", ok(_STATUS, 1)),
        "status answer of 1.2": _answer("STATUS", ok(_STATUS)),
        "interrogate": _request("INTERROGATE", m.Interrogate(1, 448)),
        "therapy part": _answer("INTERROGATE", part_answer(1, m.TherapyPart(4, _DIGEST, len(image), 0, image))),
        "put": _request("PUT", m.Put(0, image)),
        "put of 448 bytes": _request("PUT", m.Put(448, bytes(at % 255 + 1 for at in range(448)))),
        "commit": _request("COMMIT", m.Commit(5, _DIGEST, (m.Token(3),))),
        "bolus": _request("BOLUS", m.Bolus(6, 50_000, 100_000, 600, 0)),
        "bolus answer": _answer("BOLUS", ok(m.BolusAnswer(600, 1 << 40))),
        "bolus refused": _answer("BOLUS", failed(Answer.REFUSED, refusal)),
        "bolus busy": _answer("BOLUS", failed(Answer.BUSY, m.Busy(77))),
        "log answer": _answer("LOG", ok(log)),
        "port busy": port_busy_frame(),
        **_keyed(),
    }


def _keyed() -> dict[str, bytes]:
    """A clinician's keyed session from its first byte, and what only service, a provisioner and a magnet get."""
    hello = encode(m.Hello(1, 2, Role.CLINICIAN, 2, 42, _NONCE))
    unproved = m.HelloAnswer(7, 1, 2, 9, nonce_of(_KEY, 9, 7), bytes(PROOF_BYTES), "itp-40", "S-1", "2.0")
    said = transcript(hello, unproved)
    keys = session_keys(_KEY, said, unproved.serial)
    key = m.KeyChange(2, Role.CLINICIAN, masked(keys, (2, Role.CLINICIAN), _DIGEST))

    def asks(name: str, body: tuple[object, ...] = m.Nothing()) -> bytes:
        return encode_frame(keys.signed(Frame(BY_NAME[name].opcode, 7, 1, encode(body))))

    def answers(name: str, body: bytes) -> bytes:
        return encode_frame(keys.signed(Frame(BY_NAME[name].opcode, 7, 1, body, ANSWER)))

    return {
        "keyed hello": encode_frame(Frame(HELLO, 0, 0, hello)),
        "keyed hello answer": encode_frame(Frame(HELLO, 0, 0, ok(unproved._replace(proof=proof_of(_KEY, said))), ANSWER)),
        "keyed status": asks("STATUS"),
        "keyed status answer": answers("STATUS", ok(_STATUS)),
        "keyed status replayed": answers("STATUS", failed(Answer.REPLAY)),
        "status unsigned": encode_frame(Frame(BY_NAME["STATUS"].opcode, 7, 1, bytes((Answer.NOT_AUTHENTICATED,)), ANSWER)),
        "self test": asks("SELF_TEST"),
        "self test answer": answers("SELF_TEST", ok(m.SelfTestAnswer(1 << 11))),
        "service reset": asks("SERVICE_RESET", m.ServiceReset(0)),
        "service reset answer": answers("SERVICE_RESET", ok(m.ServiceResetAnswer(0x1122_3344_5566_7789, 60_000_000))),
        "service reset confirmed": asks("SERVICE_RESET", m.ServiceReset(0x1122_3344_5566_7789)),
        "key": asks("KEY", key),
        "key answer": answers("KEY", ok(m.Nothing())),
        "magnet stop": encode_frame(Frame(BY_NAME["STOP"].opcode, 0, 1, b"")),
        "magnet stop answer": encode_frame(Frame(BY_NAME["STOP"].opcode, 0, 1, ok(m.ModeAnswer(Mode.STOPPED)), ANSWER)),
    }


def stored() -> dict[str, bytes]:
    """The frames as the file has them."""
    rows = (line.split(": ") for line in FILE.read_text(encoding="ascii").splitlines())
    return {name: bytes.fromhex(text) for name, text in rows}


def write() -> None:
    """Write the file anew."""
    FILE.write_text("".join(f"{name}: {raw.hex(' ')}\n" for name, raw in frames().items()), encoding="ascii")


if __name__ == "__main__":
    write()
