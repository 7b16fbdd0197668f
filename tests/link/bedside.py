"""A real pump on a memory wire, with the programmer's end in reach of a test: what goes over is counted, and can be lost or doubled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Unpack

from firmware_sim.units import US_PER_DAY, US_PER_H, US_PER_MIN, US_PER_S
from hil.unit import Unit
from protocol.client import Options, Programmer
from protocol.codes import Mode
from protocol.messages import OutcomeAnswer, Status
from protocol.therapy import Group, Step, Therapy
from protocol.transport.memory import MemoryTransport

__all__ = [
    "BOLUS_DOSE_NG",
    "BOLUS_NL",
    "BOLUS_S",
    "CONCENTRATION",
    "FILL_NL",
    "NEW",
    "OLD",
    "PROGRAMMER",
    "SALINE",
    "Bedside",
    "Carry",
    "Totals",
    "flex",
    "minimum_rate",
    "simple",
]

CONCENTRATION = 500_000
FILL_NL = 20_000_000
PROGRAMMER = 7
BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S = 100_000, 50_000, 600
"""A bolus of 100 uL, 50 mcg, over ten minutes."""

Carry = Callable[[bytes], bytes]


def flex(*rates_nl_per_h: int, concentration: int = CONCENTRATION, drug: int = 1, low_nl: int = 2_000_000) -> Therapy:
    """Flex therapy: the day cut into as many equal steps as there are rates, all days alike."""
    edges = [place * 1440 // len(rates_nl_per_h) for place in range(len(rates_nl_per_h) + 1)]
    steps = tuple(Step(*edge, rate) for edge, rate in zip(pairwise(edges), rates_nl_per_h, strict=True))
    dose_ng = sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in steps) * concentration // 60_000_000
    return Therapy(Mode.FLEX, drug, 1, concentration, low_nl, 600, 3600, (Group(127, dose_ng, steps),))


def simple(rate_nl_per_h: int, concentration: int = CONCENTRATION) -> Therapy:
    """Simple continuous at one rate."""
    return flex(rate_nl_per_h, concentration=concentration)._replace(mode=Mode.SIMPLE)


def minimum_rate() -> Therapy:
    """The therapy without groups."""
    return Therapy(Mode.MINIMUM_RATE, 1, 1, CONCENTRATION, 2_000_000, 600, 3600, ())


OLD = flex(8_000, 10_000, 12_000, 9_000)
NEW = flex(6_000, 14_000, 7_000, 11_000, 5_000)
SALINE = flex(9_000, 7_000, concentration=0, drug=2)
"""A therapy of another drug: it stays stopped until START."""


class Totals(NamedTuple):
    """What the pump has given: belief's nanolitres, and the steps that truly moved, in nanolitres of the printed constant."""

    basal_nl: int
    bolus_nl: int
    moved_nl: int


class Bedside:
    """One real unit and the wire to it. Faults wait in `to_pump` and `to_host`; each is used up by one carry.

    With `patient` a request to a pump without power waits `off_us` of virtual time first, as a reply timer would.
    """

    def __init__(self, unit: Unit | None = None, *, patient: bool = False, off_us: int = US_PER_S) -> None:
        self.unit = unit or Unit.new("itp-40", seed=1)
        self.to_pump: deque[Carry] = deque()
        self.to_host: deque[Carry] = deque()
        self.heard: list[bytes] = []
        self.patient = patient
        self.off_us = off_us

    @classmethod
    def running(cls, therapy: Therapy = OLD, *, days: int = 3) -> Bedside:
        """A pump that was filled, told so, given a therapy and left alone for some days; made once and copied."""
        bedside = cls()
        bedside.unit.restore(_running_image(therapy, days))
        return bedside

    def carry(self, data: bytes) -> bytes:
        """Take bytes to the pump and its answer back."""
        arrived = self.to_pump.popleft()(data) if self.to_pump else data
        if self.patient and not self.unit.pump.powered:
            self.advance(us=self.off_us)
        self.heard.append(arrived)
        answer = self.unit.receive(arrived)
        return self.to_host.popleft()(answer) if self.to_host and answer else answer

    def programmer(self, **options: Unpack[Options]) -> Programmer:
        """A programmer with an open session; the usual one unless its id is given."""
        given: Options = {"programmer_id": PROGRAMMER, "keys": self.unit.keys, **options}
        return Programmer.over(MemoryTransport(self.carry), **given)

    def advance(self, *, us: int = 0, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> None:
        """Let virtual time pass over pump and device role."""
        span_us = us + seconds * US_PER_S + minutes * US_PER_MIN + hours * US_PER_H + days * US_PER_DAY
        self.unit.advance_to(self.unit.now_us + span_us)

    def pass_self_test(self) -> None:
        """Let the power-on self-test of a pump that has just booted end."""
        while self.unit.pump.status().self_testing:
            self.advance(seconds=1)

    def fill(self, concentration: int = CONCENTRATION, volume_nl: int = FILL_NL) -> None:
        """The needle empties and fills; nobody tells the pump."""
        self.unit.pump.needle(withdraw_nl=None, inject_nl=volume_nl, concentration_ng_per_ml=concentration)

    def totals(self) -> Totals:
        """Everything given since manufacture."""
        belief, truth = self.unit.pump.status(), self.unit.pump.truth()
        step_nl = self.unit.pump.profile.motor.step_nl
        return Totals(belief.basal_nl, belief.bolus_nl, truth.steps_moved * step_nl * self.unit.pump.calibration_ppm // 1_000_000)

    def look(self) -> tuple[Status, str]:
        """STATUS by a programmer of its own, and the therapy digest."""
        with self.programmer(programmer_id=99) as programmer:
            return programmer.status(), self.unit.digest("therapy")

    def outcome(self, command_id: int) -> OutcomeAnswer:
        """What the pump says of a command, to a programmer of its own."""
        with self.programmer(programmer_id=99) as programmer:
            return programmer.outcome(command_id)


@lru_cache(maxsize=8)
def _running_image(therapy: Therapy, days: int) -> bytes:
    bedside = Bedside()
    bedside.fill(therapy.concentration_ng_per_ml)
    with bedside.programmer() as programmer:
        programmer.refill(FILL_NL, 0, therapy.drug_id, therapy.concentration_ng_per_ml)
        programmer.update(therapy)
    bedside.advance(days=days)
    return bedside.unit.save()
