"""Good frames to begin from: a request of each message with plausible content, and answers as a pump gives them."""

from __future__ import annotations

from pathlib import Path

from protocol import messages as m
from protocol.answers import failed, ok, part_answer
from protocol.codec import encode
from protocol.codes import Answer, Mode
from protocol.errors import WireError
from protocol.framing import ANSWER, Frame, decode_frame
from protocol.fuzz.draws import Draw
from protocol.message_table import BY_NAME
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Group, PatientRule, Step, Therapy

__all__ = ["BODIES", "corpus", "read_frames", "therapy"]

_SESSION, _SEQUENCE = 7, 3
_NONCE, _DIGEST = bytes(range(16)), bytes(range(100, 132))
_RATES = (2_000, 5_000, 8_000)

BODIES: dict[str, tuple[object, ...]] = {
    "HELLO": m.Hello(1, 1, 2, 0, 42, _NONCE),
    "INTERROGATE": m.Interrogate(1, 0),
    "LOG": m.Log(1),
    "OUTCOME": m.Outcome(2),
    "FAULT_LOG": m.Log(0),
    "BEGIN": m.Begin(1, 1),
    "PUT": m.Put(0, bytes(range(1, 60))),
    "SEAL": m.Seal(59, _DIGEST),
    "READBACK": m.Readback(0),
    "COMMIT": m.Commit(3, _DIGEST, (m.Token(33),)),
    "START": m.Start(3, 1),
    "REFILL": m.Refill(3, 20_000_000, 0, 1, 500_000),
    "BOLUS": m.Bolus(3, 100_000, 50_000, 600, 0),
    "SET_CLOCK": m.SetClock(3, 800_000_000_000_000),
    "PATIENT_BOLUS": m.PatientBolus(3),
    "PRIME": m.Prime(3, 100_000),
    "BRIDGE": m.Bridge(3, 100_000, 5_000),
    "SILENCE": m.Cause(0),
    "ACK": m.Cause(0),
    "SERVICE_RESET": m.ServiceReset(0),
    "KEY": m.KeyChange(2, 2, _DIGEST),
}
"""A plausible body of each request; those that are not here have none."""


def therapy(draw: Draw, concentration: int, *, patient: bool) -> Therapy:
    """A therapy that a pump may take: one to three steps, and a bolus for the patient if he may have one."""
    count = draw.randint(1, 3)
    edges = [place * 1440 // count for place in range(count + 1)]
    steps = tuple(Step(edges[at], edges[at + 1], draw.choice(_RATES)) for at in range(count))
    dose_ng = sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in steps) * concentration // 60_000_000
    rules = (PatientRule(20_000, 20_000 * concentration // 1_000_000, 600, 3600, 4, 2_000_000),) if patient else ()
    mode = Mode.SIMPLE if count == 1 else Mode.FLEX
    return Therapy(mode, 1, 1, concentration, 2_000_000, 600, 3600, (Group(127, dose_ng, steps),), rules)


def corpus() -> list[Frame]:
    """A request of each kind and some answers."""
    requests = [Frame(spec.opcode, _SESSION, _SEQUENCE, encode(BODIES.get(name, m.Nothing()))) for name, spec in BY_NAME.items()]
    hello = m.HelloAnswer(_SESSION, 1, 1, 9, _NONCE, bytes(16), "itp-40", "S-1", "2.0")
    record = m.LogEntry(1, 1, 6, 0, 3, 4, 5, 6, 7, -8)
    refusal = m.Refusal(RefusalCode.RANGE, Field.RATE, 18, -5, 1_000_000, 1)
    bodies = {
        "HELLO": ok(hello),
        "STATUS": ok(m.Status(1, 2, 3, 4, 5, 6, _DIGEST, 7, 2, 1, 8, 9, 10, 11, 12, 13)),
        "INTERROGATE": part_answer(1, m.TherapyPart(4, _DIGEST, 100, 0, bytes(100))),
        "BOLUS": ok(m.BolusAnswer(600, 1 << 40)),
        "COMMIT": ok(m.CommitAnswer(2, Mode.FLEX)),
        "LOG": ok(m.LogAnswer(1, 7, (record,) * 7)),
        "PRIME": failed(Answer.REFUSED, refusal),
        "BRIDGE": failed(Answer.BUSY, m.Busy(77)),
        "START": failed(Answer.STALE, m.Expected(77)),
        "STOP": failed(Answer.NOT_AUTHENTICATED),
    }
    return requests + [Frame(BY_NAME[name].opcode, _SESSION, _SEQUENCE, body, ANSWER) for name, body in bodies.items()]


def read_frames(path: Path) -> list[Frame]:
    """Frames from a file of lines `name: hex`, zero included. Raises WireError for a line that is no frame."""
    frames: list[Frame] = []
    for line in path.read_text(encoding="ascii").splitlines():
        name, _, text = line.partition(": ")
        try:
            frame = decode_frame(bytes.fromhex(text).rstrip(b"\0"))
        except ValueError:
            raise WireError(f"{path}: {line[:40]!r} is no line of NAME: HEX") from None
        if not isinstance(frame, Frame):
            raise WireError(f"{path}: {name!r} is no frame ({frame.reason.value})")
        frames.append(frame)
    return frames
