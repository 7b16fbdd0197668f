"""When a host may come back after BUSY, by clocks that go at one pace and by clocks that do not."""

from __future__ import annotations

import pytest

from hil.grade.grader import Grader
from hil.grade.report import verdicts
from protocol.answers import failed, ok
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.message_table import BY_NAME
from protocol.messages import Busy, Hello, HelloAnswer, Status
from tests.grade.wrong_clients import bolus

S = 1_000_000
STATUS = Status(0, 0, 1, 3, 0, 1, bytes(32), 4, 4, 0, 0, 0, 0, 0, 0, 0)
GREETING = HelloAnswer(1, 1, 2, 1, bytes(16), bytes(16), "ITP-40", "ITP-40-1", "1.0")


class Record:
    """A session of a pump that proves nothing; `pace` is how fast its own clock goes by that of the record."""

    def __init__(self, pace: int) -> None:
        self.grader = Grader()
        self.pace = pace
        self.at_us = self.sequence = 0
        hello = encode(Hello(1, 2, Role.CLINICIAN, 0, 7, bytes(16)))
        self._pass(Frame(BY_NAME["HELLO"].opcode, 0, 0, hello), ok(GREETING))
        self.status()

    def status(self) -> None:
        """STATUS, which tells the pump's time."""
        self.ask("STATUS", b"", ok(STATUS._replace(device_us=self.at_us * self.pace)))

    def bolus(self, command_id: int, until_us: int) -> None:
        """BOLUS, answered BUSY until this time of the pump."""
        self.ask("BOLUS", encode(bolus(command_id)), failed(Answer.BUSY, Busy(until_us)))

    def ask(self, name: str, body: bytes, answer: bytes) -> None:
        """One exchange, a millisecond long."""
        self.sequence += 1
        self._pass(Frame(BY_NAME[name].opcode, 1, self.sequence, body), answer)

    def _pass(self, frame: Frame, answer: bytes) -> None:
        self.grader.passed(self.at_us, "host", encode_frame(frame))
        self.at_us += 1_000
        self.grader.passed(self.at_us, "pump", encode_frame(frame._replace(body=answer, flags=ANSWER)))


@pytest.mark.parametrize(
    "pace, waits_us, verdict",
    [
        (1, 10 * S, "met"),
        (1, 9_990_000, "met"),
        (1, 9 * S, "broken"),
        (1, 0, "broken"),
        (20, S // 2, "not exercised"),
        (0, 0, "not exercised"),
    ],
)
def test_time_after_busy(pace: int, waits_us: int, verdict: str) -> None:
    """Told to wait ten seconds: early is early by more than the clocks' own error; where the clocks are not in step nobody is judged."""
    record = Record(pace)
    record.at_us += 30 * S
    record.status()
    record.bolus(5, record.at_us * max(1, pace) + 10 * S)
    record.at_us += waits_us
    record.bolus(6, record.at_us * max(1, pace))

    assert verdicts(record.grader.grade(final=False))["honour-busy"] == verdict
