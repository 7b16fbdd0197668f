"""The front door as tests use it: what should be granted is asserted to be, what should not comes back as its refusal.

Requests go out raw, so that it is the pump that judges them and not the client's own check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hil.suite.therapies import BACLOFEN, Fluid, dose_of
from protocol import messages as m
from protocol.client import Programmer
from protocol.codec import encode
from protocol.codes import AlarmCause, Answer, EventKind
from protocol.errors import ProtocolError
from protocol.limits import CHUNK_BYTES_MAX
from protocol.message_table import BY_NAME
from protocol.programmer import Answered
from protocol.therapy import Therapy

__all__ = ["Wire", "granted"]


@contextmanager
def granted(what: str) -> Iterator[None]:
    """A pump that refuses or breaks off what is its duty fails by an assertion that names it."""
    try:
        yield
    except ProtocolError as error:
        raise AssertionError(f"{what} was not granted: {error}") from error


class Wire:
    """A programmer's session, with the answers judged."""

    def __init__(self, programmer: Programmer) -> None:
        self.programmer = programmer

    # -- asking --------------------------------------------------------------------------------------------------------

    def ask(self, name: str, body: tuple[Any, ...] = ()) -> Answered:
        """A request and its answer, whatever it is."""
        with granted(name):
            return self.programmer.request(name, body)

    def ok(self, name: str, body: tuple[Any, ...] = ()) -> Any:
        """The body of an answer that must be OK."""
        answered = self.ask(name, body)
        assert answered.answer is Answer.OK, f"{name} was not granted: {answered.answer.name} {answered.body}"
        return answered.body

    def refusal(self, name: str, body: tuple[Any, ...] = ()) -> m.Refusal:
        """The refusal of a request that must be refused."""
        answered = self.ask(name, body)
        assert answered.answer is Answer.REFUSED, f"{name} should be refused: {answered.answer.name} {answered.body}"
        refusal: m.Refusal = answered.body
        return refusal

    def busy_until(self, name: str, body: tuple[Any, ...] = ()) -> int:
        """The device time that a pump which must be busy names."""
        answered = self.ask(name, body)
        assert answered.answer is Answer.BUSY, f"{name} should be answered BUSY: {answered.answer.name} {answered.body}"
        return int(answered.body.until_us)

    @property
    def next_id(self) -> int:
        """The id of the next command."""
        return self.status().last_command_id + 1

    # -- looking -------------------------------------------------------------------------------------------------------

    def status(self) -> m.Status:
        """The short look."""
        status: m.Status = self.ok("STATUS")
        return status

    def condition(self) -> m.Condition:
        """What the pump is doing and what it has to say; no complete interrogation, so nothing ends with it."""
        condition: m.Condition = self.ok("INTERROGATE", m.Interrogate(2, 0))
        return condition

    def counters(self) -> m.Counters:
        """Totals and counts; completes an interrogation."""
        self.condition()
        counters: m.Counters = self.ok("INTERROGATE", m.Interrogate(3, 0))
        return counters

    def identity(self) -> m.Identity:
        """What the pump is, and its limits."""
        identity: m.Identity = self.ok("INTERROGATE", m.Interrogate(0, 0))
        return identity

    def therapy(self) -> Therapy | None:
        """The therapy as the pump reads it back; completes an interrogation."""
        with granted("INTERROGATE"):
            return self.programmer.interrogate().therapy

    def active(self) -> set[AlarmCause]:
        """Causes that are there now."""
        return {AlarmCause(entry.cause) for entry in self.condition().alarms if entry.active}

    def listed(self) -> list[AlarmCause]:
        """Causes in the list, in its order: those that are there, and those gone that nobody has acknowledged."""
        return [AlarmCause(entry.cause) for entry in self.condition().alarms]

    def alarm(self, cause: AlarmCause) -> m.AlarmEntry:
        """The list's entry of a cause that must be there."""
        entries = [entry for entry in self.condition().alarms if entry.cause == cause]
        assert len(entries) == 1, f"{cause.name} stands {len(entries)} times in the alarm list, not once"
        return entries[0]

    def log(self, *kinds: EventKind, since: int = 0) -> list[m.LogEntry]:
        """The pump's log from a record on; of these kinds only, if any are named."""
        with granted("LOG"):
            return [entry for entry in self.programmer.read_log(since) if not kinds or entry.kind in kinds]

    def raised(self, cause: AlarmCause) -> list[m.LogEntry]:
        """Records of a cause's raise."""
        return [entry for entry in self.log(EventKind.ALARM_RAISED) if entry.detail == cause]

    def refused(self, name: str) -> list[m.LogEntry]:
        """Records of refusals of a request."""
        return [entry for entry in self.log(EventKind.REFUSAL) if entry.detail == BY_NAME[name].opcode]

    # -- acting --------------------------------------------------------------------------------------------------------

    def update(self, therapy: Therapy, *, overrides: tuple[int, ...] = (), interrupt: bool = False) -> int:
        """Make it the pump's therapy, with read-back; returns the generation."""
        with granted("the update"):
            return self.programmer.update(therapy, overrides=overrides, interrupt=interrupt).generation

    def stage(self, therapy: Therapy, *, interrupt: bool = False) -> tuple[bytes, Answered]:
        """BEGIN, PUT and SEAL it; returns its digest and the answer to SEAL."""
        image = encode(therapy)
        digest = hashlib.sha256(image).digest()
        self.ok("BEGIN", m.Begin(self.status().generation, interrupt))
        for offset in range(0, len(image), CHUNK_BYTES_MAX):
            self.ok("PUT", m.Put(offset, image[offset : offset + CHUNK_BYTES_MAX]))
        return digest, self.ask("SEAL", m.Seal(len(image), digest))

    def refill(self, volume_nl: int, withdrawn_nl: int = 0, fluid: Fluid = BACLOFEN) -> m.RefillAnswer:
        """Say what the needle did."""
        body = m.Refill(self.next_id, volume_nl, withdrawn_nl, fluid.drug_id, fluid.concentration_ng_per_ml)
        answer: m.RefillAnswer = self.ok("REFILL", body)
        return answer

    def bolus_body(self, volume_nl: int, duration_s: int, *, may_lengthen: bool = False, fluid: Fluid = BACLOFEN) -> m.Bolus:
        """The request of a single bolus, its dose that of its volume."""
        return m.Bolus(self.next_id, volume_nl, dose_of(volume_nl, fluid), duration_s, may_lengthen)

    def bolus(self, volume_nl: int, duration_s: int, *, may_lengthen: bool = False, fluid: Fluid = BACLOFEN) -> m.BolusAnswer:
        """Give a single bolus."""
        answer: m.BolusAnswer = self.ok("BOLUS", self.bolus_body(volume_nl, duration_s, may_lengthen=may_lengthen, fluid=fluid))
        return answer

    def patient_bolus(self) -> m.BolusAnswer:
        """The bolus that the therapy allows the patient."""
        answer: m.BolusAnswer = self.ok("PATIENT_BOLUS", m.PatientBolus(self.next_id))
        return answer

    def patient_refusal(self) -> m.Refusal:
        """The refusal of the patient's bolus."""
        return self.refusal("PATIENT_BOLUS", m.PatientBolus(self.next_id))

    def start(self) -> None:
        """Run the therapy."""
        status = self.status()
        self.ok("START", m.Start(status.last_command_id + 1, status.generation))

    def stop(self) -> None:
        """Stop the motor."""
        self.ok("STOP")

    def set_clock(self, clock_us: int) -> m.SetClockAnswer:
        """Set the device clock."""
        answer: m.SetClockAnswer = self.ok("SET_CLOCK", m.SetClock(self.next_id, clock_us))
        return answer

    def silence(self, cause: AlarmCause) -> int:
        """Mute a cause; returns the device time at which that ends."""
        return int(self.ok("SILENCE", m.Cause(cause)).until_us)

    def acknowledge(self, cause: AlarmCause) -> None:
        """Mark a cause as seen."""
        self.ok("ACK", m.Cause(cause))
