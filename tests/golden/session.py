"""The golden session: a clinician's and a patient's visit to one pump, with refusals and damaged frames, as a capture.

`python -m tests.golden.session` writes session.pcapng (keyed) and session-no-auth.pcapng anew, the same bytes each time; read what
`pumpsim decode` tells of the difference before you keep it. Nothing in it depends on what only a bench could do, so the wire alone makes
the same session again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.instruments.line_capture import LineCapture, pump_facts
from hil.instruments.memory_link import MemoryLink
from hil.unit import Unit
from protocol import messages as m
from protocol.capture.runs import HOST, PUMP
from protocol.client import Programmer
from protocol.codec import encode
from protocol.codes import Mode
from protocol.framing import Frame, decode_frame, encode_frame
from protocol.message_table import BY_NAME
from protocol.therapy import Group, Step, Therapy
from protocol.waiting import BenchWaiter

__all__ = ["FILES", "SEED", "record", "write"]

FILES = {name: Path(__file__).with_name(file) for name, file in (("secure", "session.pcapng"), ("no-auth", "session-no-auth.pcapng"))}
"""Security profile of the pump, and the file with its session."""
SEED = 1
PROFILE = "itp-40"
BACLOFEN = 1
CONCENTRATION = 500_000
FILL_NL = 20_000_000
RATE_NL_PER_H = 10_000
TEN_MINUTES_S = 600


class _Line(MemoryLink):
    """A memory link whose bytes are captured, at the virtual times at which they pass."""

    def __init__(self, bench: Bench, capture: LineCapture) -> None:
        self._capture = capture
        super().__init__(bench)

    def write(self, data: bytes) -> None:
        self._capture.passed(HOST, data)
        super().write(data)

    def _take(self, data: bytes) -> None:
        self._capture.passed(PUMP, data)
        super()._take(data)


class _Visit:
    """One pump with its bench, and programmers one after another."""

    def __init__(self, path: Path, security: str) -> None:
        self.unit = Unit.new(PROFILE, seed=SEED, security=security)
        self.bench = InProcessBench(Bench(self.unit))
        facts = pump_facts(self.unit.pump, security, 0)
        self.capture = LineCapture(path, lambda: self.unit.now_us, port="memory", facts=facts)
        self.sessions = 0
        self.said: list[bytes] = []
        """Every run that a programmer has sent."""

    def line(self) -> _Line:
        """Plug in: who did so before hears nothing more."""
        return _Line(self.bench.bench, self.capture)

    def programmer(self, role: str) -> Programmer:
        """Open a session; its nonce is not drawn."""
        self.sessions += 1
        nonce = bytes((self.sessions,)) * 16
        line = self.line()
        who: dict[str, Any] = {"role": role, "keys": self.unit.keys, "programmer_id": 7, "nonce": nonce}
        return Programmer.over(line, waiter=BenchWaiter(line), on_frame=self._hear, **who)

    def _hear(self, sender: str, raw: bytes) -> None:
        if sender == HOST:
            self.said.append(raw)

    def wait(self, **span: int) -> None:
        """Let time pass."""
        self.bench.advance(**span)

    def close(self) -> None:
        """Nothing more passes."""
        self.capture.close()


def record(path: Path, security: str) -> None:
    """Make the session once more, in this file, which must not be there yet."""
    visit = _Visit(path, security)
    visit.wait(seconds=30)
    programmer = visit.programmer("clinician")
    _programme(visit, programmer)
    _refusals(visit, programmer)
    _again(visit)
    _damage(visit)
    _stop_and_start(visit)
    visit.wait(minutes=5)
    _patient(visit)
    visit.close()


def _programme(visit: _Visit, programmer: Programmer) -> None:
    """Look, fill, program, give a bolus."""
    programmer.interrogate()
    visit.wait(seconds=40)
    programmer.refill(FILL_NL, 0, BACLOFEN, CONCENTRATION)
    visit.wait(minutes=1)
    programmer.update(_therapy(RATE_NL_PER_H))
    visit.wait(minutes=2)
    programmer.status()
    programmer.bolus(20_000, 10_000, TEN_MINUTES_S)
    visit.wait(minutes=3)


def _refusals(visit: _Visit, programmer: Programmer) -> None:
    """Everything that a pump says no to in its own way."""
    programmer.request("BOLUS", m.Bolus(_next(programmer), 20_000, 10_000, TEN_MINUTES_S, 0))
    visit.wait(minutes=9)
    programmer.request("BOLUS", m.Bolus(_next(programmer), 900_000_000, 450_000_000, TEN_MINUTES_S, 0))
    programmer.request("BOLUS", m.Bolus(_next(programmer), 20_000, 11_000, TEN_MINUTES_S, 0))
    programmer.request("BOLUS", m.Bolus(_next(programmer) + 5, 20_000, 10_000, TEN_MINUTES_S, 0))
    programmer.request("START", m.Start(1, 1))
    programmer.request("SILENCE", m.Cause(200))
    programmer.raw_request(BY_NAME["STATUS"].opcode, b"\1")
    programmer.raw_request(0x7E, b"")
    programmer.request("OUTCOME", m.Outcome(2))
    programmer.read_log()


def _again(visit: _Visit) -> None:
    """The last frame once more, an old one, and one that somebody has signed who has no key."""
    line, said = visit.line(), visit.said
    last = decode_frame(said[-1].removesuffix(b"\0"))
    for run in (said[-1], said[-3]):
        line.write(run)
        visit.wait(seconds=1)
    if isinstance(last, Frame) and last.mac:
        line.write(encode_frame(last._replace(sequence=last.sequence + 1, mac=b"\xa5" * 8)))
        visit.wait(seconds=1)


def _damage(visit: _Visit) -> None:
    """Bytes that are no frame, which a pump counts and never answers."""
    line = visit.line()
    whole = encode_frame(Frame(BY_NAME["STATUS"].opcode, 1, 99, encode(m.Nothing())))
    for run in (whole[:7] + bytes((whole[7] ^ 4,)) + whole[8:], b"\x05ab\0", bytes(range(1, 256)) * 3 + b"\0"):
        line.write(run)
        visit.wait(seconds=1)
    line.write(whole[:9])
    visit.wait(seconds=1)  # the frame is broken off here
    line.write(whole[9:])
    visit.wait(seconds=1)


def _stop_and_start(visit: _Visit) -> None:
    programmer = visit.programmer("clinician")
    programmer.interrogate()
    programmer.stop()
    visit.wait(hours=1)
    programmer = visit.programmer("clinician")
    programmer.start()
    visit.wait(minutes=1)
    programmer.update(_therapy(12_000))
    programmer.status()
    programmer.close()


def _patient(visit: _Visit) -> None:
    """What a patient may ask, and may not."""
    patient = visit.programmer("patient")
    patient.status()
    patient.request("PATIENT_BOLUS", m.PatientBolus(_next(patient)))
    patient.request("STOP")
    visit.wait(seconds=2)
    patient.close()


def _next(programmer: Programmer) -> int:
    return programmer.status().last_command_id + 1


def _therapy(rate_nl_per_h: int) -> Therapy:
    daily_ng = rate_nl_per_h * 24 * CONCENTRATION // 1_000_000
    groups = (Group(0x7F, daily_ng, (Step(0, 1440, rate_nl_per_h),)),)
    return Therapy(Mode.SIMPLE, BACLOFEN, 1, CONCENTRATION, 2_000_000, TEN_MINUTES_S, 3_600, groups)


def write() -> None:
    """Write the files anew."""
    for security, path in FILES.items():
        path.unlink(missing_ok=True)
        record(path, security)


if __name__ == "__main__":
    write()
