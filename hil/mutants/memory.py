"""Mutants of memory and log: what a cut or a flipped bit does to the therapy, and what the log keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.prescription import Prescription
from firmware_sim.firmware.records import seal
from firmware_sim.units import DAYS_PER_WEEK
from hil.mutants.mutant import Change, Mutant, numbers, turns

__all__ = ["MEMORY"]

BANKS = "firmware_sim.firmware.nvm:Banks"
CONTROLLER = "firmware_sim.firmware.controller:Controller"
RING = "firmware_sim.firmware.journal:Ring"
JOURNAL = "firmware_sim.firmware.journal:Journal"


def _checks_no_crc(real: Callable[[Any, int], Any]) -> Callable[[Any, int], Any]:
    """A bank whose CRC does not fit is read all the same, if it can be."""

    def read(self: Any, place: int) -> Any:
        bank = real(self, place)
        if bank.state != "bad":
            return bank
        return real(type(self)(_Resealed(self._memory, self._offsets[place]), _AsLaid(self)), place)

    return read


class _AsLaid:
    """The layout of a pair of banks."""

    def __init__(self, banks: Any) -> None:
        first, second = vars(banks)["_offsets"]
        size = vars(banks)["_bytes"]
        self.offsets = {"bank_a": first, "bank_b": second}
        self.sizes = {"bank_a": size, "bank_b": size}


class _Resealed:
    """A memory that shows a bank with the CRC that fits what lies there, if that is a therapy at all."""

    def __init__(self, memory: Any, offset: int) -> None:
        self._memory = memory
        self._offset = offset
        self.writes = memory.writes

    def read(self, offset: int, length: int) -> bytes:
        data: bytes = self._memory.read(offset, length)
        if offset != self._offset:
            return data
        image_bytes = int.from_bytes(data[2:4], "little")
        image = self._memory.read(offset + length, image_bytes)
        return data[:-4] + seal(data[:-4] + image)[-4:] if _is_whole(image) else data


def _is_whole(image: bytes) -> bool:
    """Whether these bytes can be run: every weekday once, every day with steps that rise."""
    try:
        therapy = Prescription.decode(image)
    except ValueError:
        return False
    days = [day for group in therapy.groups for day in range(DAYS_PER_WEEK) if group.weekdays >> day & 1]
    steps = [step for group in therapy.groups for step in group.steps]
    return (
        sorted(days) == (list(range(DAYS_PER_WEEK)) if therapy.groups else [])
        and all(group.steps and group.steps[0].start_minute == 0 for group in therapy.groups)
        and all(step.start_minute < step.end_minute and step.rate_nl_per_h for step in steps)
    )


def _in_place(real: Callable[..., None]) -> Callable[..., None]:
    """A commit writes over the bank in force, header first, and then over the other."""

    def commit(self: Any, generation: int, prescription: Prescription, command: Any) -> None:
        newest = self.newest()
        if newest is None:
            real(self, generation, prescription, command)
        else:
            self._write(newest.place, generation, prescription, command)

    return commit


def _header_first(real: Callable[..., None]) -> Callable[..., None]:
    """The header is there before the image that it speaks of."""

    def write(self: Any, place: int, generation: int, prescription: Prescription, command: Any) -> None:
        old = self.read()[place]
        if old.state == "valid":
            real(self, place, generation, old.prescription, command)
            _overwrite(self._memory, self._offsets[place], real, (self, place, generation, prescription, command))
        else:
            real(self, place, generation, prescription, command)

    return write


def _overwrite(memory: Any, offset: int, real: Callable[..., None], order: tuple[Any, ...]) -> None:
    """Lay the new image behind the header, and the length and CRC last."""
    image = order[3].encode()
    header_bytes = 40
    memory.write(offset + header_bytes, image)
    real(*order)


def _goes_on(self: Any, cause: str) -> None:
    self.alarms.raise_alarm(cause)


def _erased_at_boot(region: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A region that is RAM where it should be memory."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        def boot(self: Any, *, first: bool) -> None:
            if not first:
                self.hal.memory.write(self.layout.offsets[region], b"\xff" * self.layout.sizes[region])
            real(self, first=first)

        return boot

    return make


def _from_nought(self: Any) -> None:
    self.next_number = 0


def _round_and_round(real: Callable[..., bool]) -> Callable[..., bool]:
    def append(self: Any, entry: Any) -> bool:
        self.next_number %= self.slots
        return real(self, entry)

    return append


def _all_are_faults(real: Callable[..., Any]) -> Callable[..., Any]:
    def append(self: Any, entry: Any) -> Any:
        result = real(self, entry)
        if self.events.next_number and entry.kind not in (EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED, EventKind.BOOT):
            self.faults.append(entry)
        return result

    return append


def _stamped_by_counter(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, entry: real(self, entry._replace(clock_us=entry.device_us))


def _without(*kinds: EventKind) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A log that lacks these kinds."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        def log(self: Any, kind: EventKind, *others: Any, **named: Any) -> None:
            if kind not in kinds:
                real(self, kind, *others, **named)

        return log

    return make


MEMORY: Sequence[Mutant] = (
    Mutant(
        "commit-not-atomic",
        "A commit writes over the therapy in force: power lost meanwhile leaves a mixture of two, which runs.",
        ("PG-18",),
        "PG-18 denied",
        (Change(f"{BANKS}.commit", _in_place), Change(f"{BANKS}._write", _header_first), Change(f"{BANKS}._read", _checks_no_crc)),
        "running rates=8000/10000/12000/9000; torn_update rates=6000/14000/7000/11000",
        "therapies",
    ),
    Mutant(
        "bank-crc-not-checked",
        "A therapy bank with a flipped bit is taken for good.",
        ("SF-12", "SF-14", "PG-11"),
        "SF-14 denied",
        (Change(f"{BANKS}._read", _checks_no_crc),),
        "running rate=10000; inject memory.bit_flip region=bank_a offset=70 bit=1; advance hours=25",
        "alarms",
    ),
    Mutant(
        "scrub-once-a-month",
        "Memory is read through once in a long while, so a flipped bit lies there unseen.",
        ("SF-05", "SF-12"),
        "SF-05 denied",
        (numbers("memory", scrub_period_s=lambda seconds: 700 * seconds),),
        "running rate=10000; inject memory.bank_bad bank=bank_a; advance hours=25",
        "alarms",
    ),
    Mutant(
        "both-banks-bad-runs-on",
        "A pump that has lost both copies of its therapy goes on with what it remembers.",
        ("AL-07", "SF-14", "PG-11"),
        "AL-07 denied: safe state",
        (Change(f"{CONTROLLER}.fail_safe", lambda _real: _goes_on),),
        "running rate=10000; inject memory.bank_bad bank=bank_a; inject memory.bank_bad bank=bank_b; advance hours=25",
        "belief rate_nl_per_h",
    ),
    Mutant(
        "answers-forgotten-at-reset",
        "A restart forgets what was answered to commands.",
        ("PR-03",),
        "LoopKit/Loop#931: the outcome of an unanswered command",
        (Change(f"{CONTROLLER}.boot", _erased_at_boot("answer_table")),),
        "running rate=10000; bolus ul=5001 minutes=1; reset; advance minutes=5",
        "outcome last",
    ),
    Mutant(
        "log-starts-anew-at-reset",
        "A restart begins the log again at number 0, over the oldest records.",
        ("LG-04",),
        "LG-04 denied",
        (Change(f"{RING}.find_next", lambda _real: _from_nought),),
        "running rate=10000; reset; advance minutes=5",
        "log BOOT",
    ),
    Mutant(
        "log-loses-the-wrap",
        "Once the log is full its numbers begin again at 0, and nothing shows that records are gone.",
        ("LG-06",),
        "LG-06 denied",
        (Change(f"{RING}.append", _round_and_round),),
        "running rate=10000; alarm_test times=2050",
        "log_range",
    ),
    Mutant(
        "faults-pushed-out",
        "Ordinary events fill the ring of faults.",
        ("LG-07",),
        "LG-07 denied",
        (Change(f"{JOURNAL}.append", _all_are_faults),),
        "running rate=10000; alarm_test times=5",
        "fault_range",
    ),
    Mutant(
        "log-without-clock",
        "Records carry the counter's time in the place of the clock's.",
        ("LG-03", "LG-09"),
        "LG-03 denied",
        (Change(f"{JOURNAL}.append", _stamped_by_counter),),
        "running rate=10000; set_clock hours=10; alarm_test",
        "clocks ALARM_TEST",
    ),
    Mutant(
        "alarm-end-not-logged",
        "The log has the beginnings of alarms and not their ends.",
        ("LG-02",),
        "LG-02 denied",
        (Change(f"{CONTROLLER}.log", _without(EventKind.ALARM_CLEARED)),),
        "running rate=10000 ml=2; fill ml=20",
        "log ALARM_CLEARED",
    ),
    Mutant(
        "clock-set-not-logged",
        "Setting the clock leaves no record of the old and the new time.",
        ("LG-09",),
        "LoopKit/Loop#667",
        (Change(f"{CONTROLLER}.log", _without(EventKind.CLOCK_SET)),),
        "running rate=10000; set_clock hours=10",
        "log CLOCK_SET",
    ),
    Mutant(
        "refusals-not-logged",
        "A command that is refused leaves no record.",
        ("LG-01", "BO-13", "BO-14"),
        "LG-01 denied",
        (Change(f"{CONTROLLER}.log", _without(EventKind.REFUSAL)),),
        "running rate=10000; bolus ul=5001 minutes=1",
        "log REFUSAL",
    ),
    Mutant(
        "log-failure-not-noticed",
        "A record that cannot be written is thought to be there.",
        ("LG-08",),
        "LG-08 denied",
        (turns("firmware_sim.firmware.journal:keep", lambda _well, *_order: True),),
        "running rate=10000; inject memory.log_write_error; alarm_test",
        "alarms",
    ),
)
