"""One pump joined to its end of the wire: the thing that ports, benches and rigs drive.

The pump counts true virtual microseconds, the device role the pump's own clock. A `Unit` runs both to the earlier deadline; at one
instant the pump goes first. A pump that boots has lost its session, so its role is reset whenever the boot count changes.

Between the wire and the role lies the line, a link tap that does nothing until a fault is in force on it; what comes out of it at another
time than in answer to a request leaves through `on_emit`. At one instant schedules come after the role, and the line after them.

A power cut in the middle of a memory write comes up as `PowerCut`, an exception that no handler of errors may swallow. It is caught here
and nowhere else: the bytes not yet answered stay unanswered, as they do when a real supply dies.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from firmware_sim import Pump
from firmware_sim.errors import ImageError, LimitExceeded, PowerCut, ProfileError
from firmware_sim.limits import SAMPLES_MAX
from firmware_sim.plant.sounder import Sound
from firmware_sim.profile import Profile
from hil.adapter import PumpApp
from hil.errors import BenchError, UsageError
from hil.faults.engine import FaultEngine
from hil.faults.recording import Recording
from hil.faults.wire_faults import TO_PUMP
from hil.own.code import from_folder
from hil.own.wire import OWN, OwnWire
from protocol.device import DeviceRole
from protocol.errors import BadImage
from protocol.key_file import seed_keys, slotted
from protocol.keys import Key
from protocol.security import DEFAULT

__all__ = ["Unit"]

R = TypeVar("R")

IMAGE_MAGIC = b"PSUNIT"
IMAGE_VERSION = 3
HEAD = struct.Struct("<6sHQQIII")
"""Magic, version, bytes received, bytes emitted, lengths of the images of pump, role and fault engine."""
DEADLINES_PER_INSTANT_MAX = 100
"""A role with more deadlines than this at one instant is not acting on them."""


class Unit:
    """A pump, its device role, its line and what has gone over it. `received` and `emitted` count bytes at the host's end of the line.

    `on_emit` takes bytes that leave for the host outside a request; without one they are lost. A pump without programmer keys gets `keys`,
    or those of its seed (`protocol.key_file.seed_keys`), which are good for tests and no secret. `wire` names a `hil.own.wire.Wire` that
    stands in the place of our own device role.
    """

    def __init__(self, pump: Pump, *, security: str = DEFAULT, keys: Sequence[Key] | None = None, wire: str = "") -> None:
        self.wire = from_folder(wire, Path(), "wire") if wire else ""
        self.security = OWN if wire else security
        self.received = 0
        self.emitted = 0
        self.on_emit: Callable[[bytes], None] | None = None
        self._join(pump)
        if pump.profile.behaviour.telemetry and self.role.security.authenticates and not self.role.keys:
            self.role.provision(seed_keys(pump.seed) if keys is None else map(slotted, keys))
        self.faults = FaultEngine(self)
        self.recording = Recording()
        self.begin_recording()

    @classmethod
    def new(
        cls,
        profile: str | Profile,
        *,
        seed: int = 0,
        catheter: str = "",
        security: str = DEFAULT,
        keys: Sequence[Key] | None = None,
        wire: str = "",
    ) -> Unit:
        """Make a factory-new pump of a profile, joined to a wire. Raises UsageError for a profile or catheter that cannot be had."""
        try:
            unit = cls(Pump(profile, seed=seed, catheter=catheter), security=security, keys=keys, wire=wire)
        except ProfileError as error:
            raise UsageError(str(error), where="profile") from None
        unit.recording = Recording(keys=unit.keys)
        return unit

    def provision(self, keys: Sequence[Key]) -> None:
        """Put keys into a pump that has none, as its factory does."""
        self.role.provision(map(slotted, keys))
        if self.recording.image is None and not self.recording.inputs:
            self.recording = Recording(keys=self.keys)
        else:
            self.begin_recording()

    @property
    def keys(self) -> list[Key]:
        """The programmer keys in the pump's memory; none where nobody has to prove anything."""
        return list(self.role.keys) if self.role.security.authenticates else []

    def _join(self, pump: Pump) -> None:
        self.pump = pump
        self.role = self._role_of(pump)
        self._boots = pump.boots

    def _role_of(self, pump: Pump) -> DeviceRole | OwnWire:
        return OwnWire(self.wire, pump) if self.wire else DeviceRole(PumpApp(pump), security=self.security)

    @property
    def now_us(self) -> int:
        """True virtual time."""
        return self.pump.now_us

    @property
    def talking(self) -> bool:
        """A frame has begun, or a staged update or a session is open; a pump that does not answer talks to nobody."""
        return self.pump.answers and self.role.talking

    def receive(self, data: bytes) -> bytes:
        """Give the line bytes at the present instant; returns what comes back at once.

        A pump that does not answer hears nothing: it has no power or no telemetry, its telemetry task hangs, or its clock stands still.
        """
        if self.recording.full:
            self.begin_recording()
        self.received += len(data)
        self.recording.heard(self.pump.now_us, data)
        if self.faults.quiet:
            answer = self._answer(data)
        else:
            answer = self._over_the_line(data)
            self.faults.look()
        self.emitted += len(answer)
        return answer

    def _answer(self, data: bytes) -> bytes:
        if not self.pump.answers:
            return b""
        try:
            answer = self.role.receive(data)
        except PowerCut:
            self.role.reset()
            answer = b""
        if self.pump.boots != self._boots:
            self.look_for_boot()
        return answer

    def _over_the_line(self, data: bytes) -> bytes:
        tap, out = self.faults.tap, b""
        for direction, arrived in tap.from_host(data, self.now_us):
            out += tap.from_pump(self._answer(arrived), self.now_us) if direction == TO_PUMP else arrived
        return out

    def _line_acts(self) -> None:
        """Let out of the line what is due by now."""
        tap = self.faults.tap
        for direction, arrived in tap.due(self.now_us):
            out = tap.from_pump(self._answer(arrived), self.now_us) if direction == TO_PUMP else arrived
            if out and self.on_emit is not None:
                self.emitted += len(out)
                self.on_emit(out)

    def begin_recording(self) -> None:
        """Forget the inputs so far: a script of this run begins at the unit as it is now."""
        self.recording = Recording(self.save(), self.now_us)

    def act(self, deed: Callable[[Pump], R]) -> R:
        """Do something to the pump from the bench, and see to its role if that made it boot."""
        try:
            return deed(self.pump)
        except PowerCut:
            raise BenchError("the power died in the middle of this", where="bench", do="advance until the pump has power again") from None
        finally:
            self.look_for_boot()
            self.faults.look()

    def look_for_boot(self) -> None:
        """Reset the role if the pump has booted, or lost its power, since the last look."""
        if self.pump.boots != self._boots or not self.pump.powered:
            self._boots = self.pump.boots
            self.role.reset()

    def next_due(self) -> int | None:
        """The next true instant at which pump, role, line or a schedule has something to do; None if never."""
        return _earlier(self.pump.next_due(), self._outer_due())

    def _role_due(self) -> int | None:
        """When the role has something to do; while the pump does not answer it does nothing, and then makes up for it.

        A wire of one's own may have something to do when the pump boots, so it looks whenever the pump has acted.
        """
        acts_us = self.pump.next_due() if self.wire else None
        deadline = self.role.next_deadline() if self.pump.answers else None
        due_us = _earlier(acts_us, None if deadline is None else self.pump.true_us_of(deadline))
        return None if due_us is None else max(self.pump.now_us, due_us)

    def _outer_due(self) -> int | None:
        """When something is due that the pump does not do by itself."""
        role_us = self._role_due()
        if self.faults.quiet:
            return role_us
        return _earlier(role_us, self.faults.next_due(_earlier(self.pump.next_due(), role_us)))

    def advance_to(self, at_us: int) -> None:
        """Let time pass to a true instant, everything due on the way done in order. Raises BenchError for an instant in the past."""
        if at_us < self.now_us:
            raise BenchError(
                f"{at_us} us is past, it is {self.now_us} us", where="advance", do="time only goes forward; restore an image to go back"
            )
        acted, acted_us = 0, -1
        while (due_us := self._outer_due()) is not None and due_us <= at_us:
            if not self._advance_pump(due_us):
                continue
            acted = acted + 1 if due_us == acted_us else 0
            acted_us = due_us
            if acted > DEADLINES_PER_INSTANT_MAX:
                raise LimitExceeded(f"the device role, the line and schedules have had {acted} deadlines at {due_us} us")
        self.pump.advance_to(at_us)
        self.look_for_boot()
        self.faults.look()

    def _advance_pump(self, outer_due_us: int) -> bool:
        """Run the pump to its next deadline, or all others at theirs if that is first or falls together; tells whether the others acted."""
        pump_due_us = self.pump.next_due()
        if pump_due_us is not None and pump_due_us < outer_due_us:
            self.pump.advance_to(max(self.now_us, pump_due_us))
            self.look_for_boot()
            return False
        self.pump.advance_to(outer_due_us)
        self.look_for_boot()
        self._role_acts()
        if not self.faults.quiet:
            self.faults.on_time()
            self._line_acts()
            self.faults.look()
        return True

    def _role_acts(self) -> None:
        if not self.pump.answers:
            return
        try:
            self.role.on_time()
        except PowerCut:
            self.role.reset()
        self.look_for_boot()

    def sample(self, every_us: int, duration_us: int) -> dict[str, list[int]]:
        """Let time pass, looking every `every_us`, the first time now; returns columns of belief and truth.

        Raises BenchError for more rows than one call may return.
        """
        if duration_us // every_us >= SAMPLES_MAX:
            raise BenchError(
                f"{duration_us // every_us:,} rows, {SAMPLES_MAX:,} at most", where="sample", do="look less often, or in several calls"
            )
        end_us = self.now_us + duration_us
        columns = self._quiet_rows(every_us, end_us)
        while self.now_us + every_us <= end_us:
            self.advance_to(self.now_us + every_us)
            for name, values in self._quiet_rows(every_us, end_us).items():
                columns[name].extend(values)
        self.advance_to(end_us)
        return columns

    def listen(self, duration_us: int) -> list[Sound]:
        """Let time pass; returns every sound that began in it, in order."""
        heard: list[Sound] = []
        end_us = self.now_us + duration_us
        while self.now_us < end_us:
            due_us = self._outer_due()
            heard += self.pump.listen((end_us if due_us is None else min(end_us, max(due_us, self.now_us))) - self.now_us)
            self.look_for_boot()
            self.advance_to(self.now_us)
        return heard

    def _quiet_rows(self, every_us: int, end_us: int) -> dict[str, list[int]]:
        """Rows from now on, as far as only the pump has something to do in between; the last one is the present."""
        due_us = self._outer_due()
        quiet_us = (end_us if due_us is None else min(end_us, due_us - 1)) - self.now_us
        rows = self.pump.sample(every_us, max(0, quiet_us) // every_us * every_us)
        self.look_for_boot()
        return rows

    def reset(self) -> None:
        """A plain reset of the firmware at this instant; the session is gone."""
        self.act(lambda pump: pump.reset())
        self.role.reset()

    def digest(self, part: str = "all") -> str:
        """SHA-256 over the pump's state, hex; `therapy` leaves out log, counters and trace."""
        return self.pump.digest(part)

    def save(self) -> bytes:
        """The unit image: pump, session, sequence, cached answer, staging, line, schedules, and the byte counts."""
        parts = (self.pump.save(), self.role.save(), self.faults.save())
        return HEAD.pack(IMAGE_MAGIC, IMAGE_VERSION, self.received, self.emitted, *map(len, parts)) + b"".join(parts)

    def restore(self, image: bytes) -> None:
        """Become the unit that was saved, to continue bit-identically. Raises BenchError and stays as it is if the bytes are no image."""
        try:
            magic, version, received, emitted, *sizes = HEAD.unpack_from(image)
            body = image[HEAD.size :]
            if magic != IMAGE_MAGIC or version != IMAGE_VERSION or len(body) != sum(sizes):
                raise ImageError("the head does not fit")
            pump = Pump.restore(body[: sizes[0]])
            if pump.profile.name != self.pump.profile.name:
                raise ImageError(f"it holds an {pump.profile.name}, this is an {self.pump.profile.name}")
            role = self._role_of(pump)
            role.restore(body[sizes[0] : -sizes[2]])
            faults = self.faults.read(body[-sizes[2] :])
        except (struct.error, ImageError, BadImage) as error:
            raise BenchError(
                f"no unit image of version {IMAGE_VERSION}: {error}", where="restore", do="give the bytes that save returned"
            ) from None
        self.pump, self.role, self._boots = pump, role, pump.boots
        self.received, self.emitted = received, emitted
        self.faults.take(faults)
        self.recording = Recording(image, self.now_us)


def _earlier(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
