"""What the device role asks of the pump behind it.

`protocol.device.DeviceRole` owns sessions, sequence numbers, command ids, staging and the answer table; everything that a pump
does, it does through a `DeviceApp`. The app speaks wire types only. A firm with its own pump model writes one of these.

Order of writes, which makes every power cut answerable:

* Doses (BOLUS, PATIENT_BOLUS, PRIME, BRIDGE): the answer entry first (the id is consumed), then `dose()` writes the
  delivery record and motion begins. An entry
  without a record is a dose never given.
* COMMIT, START, REFILL, SET_CLOCK: the act first, and the record it leaves in the pump's memory carries the command; then the
  answer entry. A record without an entry is an act that was done though its answer was lost.

A power cut is an exception out of any call here that writes; the role never catches it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from protocol.codes import Answer, DoseState, LogRing
from protocol.command import Command
from protocol.messages import (
    BolusAnswer,
    Condition,
    Counters,
    Identity,
    LogAnswer,
    Refill,
    RefillAnswer,
    Refusal,
    SetClockAnswer,
    Status,
)
from protocol.therapy import Therapy

__all__ = ["BusyUntil", "Command", "DeviceApp", "Effect", "Refused", "Region"]


class Refused(Exception):
    """The app refuses: carries the coded refusal that becomes the answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class BusyUntil(Exception):
    """The app cannot now: carries the device time at which it can."""

    def __init__(self, until_us: int) -> None:
        super().__init__(f"busy until {until_us} us")
        self.until_us = until_us


class Effect(NamedTuple):
    """What the pump's memory says of a command: the act's own record."""

    command: Command
    opcode: int
    state: DoseState
    programmed_nl: int = 0
    delivered_nl: int = 0


class Region:
    """Names of the memory regions that the role keeps for itself (sizes come from the pump's profile)."""

    ANSWERS = "answer_table"
    LAST_ID = "last_id"
    SESSION = "session_counter"
    KEYS = "keys"


class DeviceApp(Protocol):
    """A pump as the wire needs it. Methods raise `Refused` or `BusyUntil`; nothing is half done when they do."""

    def now_us(self) -> int:
        """Device monotonic time in microseconds."""

    def memory_writes(self) -> int:
        """A number that is another whenever any byte of the pump's memory may be; what was decoded from memory is kept by it."""

    def load(self, region: str) -> bytes:
        """All bytes of a region; never-written bytes read 0xFF."""

    def store(self, region: str, offset: int, data: bytes) -> None:
        """Write bytes in rising order; a power cut may end it in the middle."""

    def identity(self) -> Identity: ...
    def status(self) -> Status:
        """All fields but the role's own (last command, staging, line errors, who was turned away), which the role fills in."""

    def condition(self) -> Condition: ...
    def counters(self) -> Counters: ...
    def read_log(self, first: int, count: int, ring: LogRing) -> LogAnswer:
        """Up to `count` records of a ring from number `first` on."""

    def interrogated(self) -> None:
        """The last part of an interrogation was answered."""

    def therapy(self) -> tuple[int, Therapy | None]:
        """Generation and therapy in force; (0, None) before the first commit or with both banks bad."""

    def begin_update(self, interrupt: bool) -> None:
        """An update begins: a pump that stops for updates stops now and remembers why."""

    def drop_update(self, expired: bool) -> None:
        """Staging is gone by ABORT or expiry; what runs does not change."""

    def check_therapy(self, therapy: Therapy) -> None: ...
    def commit(self, command: Command, therapy: Therapy, overrides: tuple[int, ...]) -> tuple[int, int]:
        """Make it the therapy, with the soft rules of these numbers set aside; returns (generation, mode)."""

    def start(self, command: Command, generation: int) -> int: ...
    def stop(self) -> int: ...
    def refill(self, command: Command, refill: Refill) -> RefillAnswer: ...
    def check_dose(self, name: str, body: Any) -> BolusAnswer:
        """Judge a dose (the request of a message that is one) and say how it would run, starting nothing."""

    def dose(self, command: Command, name: str, body: Any) -> None:
        """Begin the dose that `check_dose` accepted at this same instant."""

    def set_clock(self, command: Command, clock_us: int) -> SetClockAnswer: ...
    def silence(self, cause: int) -> int:
        """Silence one cause; returns when that ends."""

    def end_silences(self) -> None:
        """A session was lost: what it silenced sounds again."""

    def acknowledge(self, cause: int) -> None: ...
    def alarm_test(self) -> None: ...
    def magnet(self) -> bool:
        """Whether a magnet is held over the pump."""

    def woken(self) -> None:
        """Somebody called the telemetry awake by a HELLO: what that draws is drawn."""

    def turned_away(self, count: int) -> None:
        """Log that so many requests were refused for want of a session since the last such record."""

    def stop_by_magnet(self) -> None:
        """Stop all infusion for somebody without a session, and sound at once."""

    def key_set(self, key_id: int) -> None:
        """A key was put into its slot: log it and tell whoever is near."""

    def self_test(self) -> int:
        """Run the periodic tests now; returns the word of active alarms after it."""

    def service_reset(self) -> None:
        """Forget failures and start the firmware anew."""

    def effect(self, command_id: int) -> Effect | None:
        """The record an act left, or None."""

    def last_effect_id(self) -> int:
        """Highest command id that any act's record in memory carries; 0 if none."""

    def note(self, opcode: int, command_id: int, answer: Answer, refusal: Refusal | None) -> None:
        """Journal a command that changes or asks to change something, with what became of it."""
