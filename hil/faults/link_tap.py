"""The link tap: sits on the line between a host and a pump, and does to bytes what the faults in force say.

Sans-IO and without a clock: whoever owns the two ends hands it bytes with the virtual time, and asks `next_due` when bytes that it keeps
back are due. In a `Unit` it stands before the device role, on every port alike; `hil.instruments.tapped_transport` puts one on the host's
side of a line. While nothing is in force and nobody listens it is `idle`, and its owner goes past it.

Faults act in the order in which they came into force, the second on what the first lets through. So that frames can be counted wherever
the pieces of a read happen to end, bytes from the host are held until their zero has come, at most as long as a pump would wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from firmware_sim.errors import ImageError
from firmware_sim.image import read_image, write_image
from hil.errors import BenchError
from hil.faults.line_fault import LineFault, LineFaultState
from hil.faults.lying_answers import lie
from hil.faults.parameters import as_text
from hil.faults.passage import Notes, Passage, Piece, bend_bytes, bend_frame
from hil.faults.wire_faults import TO_HOST, TO_PUMP
from protocol.limits import ENCODED_BYTES_MAX, INTER_BYTE_US

__all__ = ["Arrival", "LinkTap", "OnBytes"]

OnBytes = Callable[[str, str, bytes], None]
"""Hears (end, direction, bytes): what is at the `host` end of the line and what is at the `pump` end."""
FAULTS_MAX = 64
LATE_MAX = 10_000
"""Pieces on their way at once; more is a delay that nobody waits out."""
BURSTS_A_RECORD = 1_000
"""Babble is the same bytes from the same seed: one record for so many bursts tells it all."""
ZERO = b"\0"


class Arrival(NamedTuple):
    """Bytes that come out at one end now."""

    direction: str
    data: bytes


class Late(NamedTuple):
    """Bytes on their way."""

    due_us: int
    number: int
    direction: str
    data: bytes


@dataclass(slots=True)
class LineState:
    """All that an image keeps of a line."""

    faults: list[LineFaultState] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    next_number: int = 0
    held: bytes = b""
    held_us: int = 0


class LinkTap:
    """One line. `record` is told of each effect; `reboot` resets the pump (None: there is none here to reset).

    Where another protocol is spoken, it is not `framed` by zeros: each piece passes as it comes and counts as a frame.
    """

    def __init__(
        self,
        *,
        record: Callable[[Notes], None] = lambda _notes: None,
        reboot: Callable[[], None] | None = None,
        framed: bool = True,
    ) -> None:
        self._framed = framed
        self._record = record
        self._reboot = reboot
        self._state = LineState()
        self._faults: list[LineFault] = []
        self._watch: Callable[[bytes], None] | None = None
        self._on_bytes: OnBytes | None = None
        self.idle = True

    # -- what is in force ------------------------------------------------------------------------------------------------------

    def inject(self, handle: int, name: str, values: Mapping[str, int | str], now_us: int) -> None:
        """Bring a fault of the registry into force, its parameters judged already. Raises BenchError."""
        if len(self._faults) >= FAULTS_MAX:
            raise BenchError(f"{FAULTS_MAX} faults are in force on this line", where="inject", do="clear some")
        if name == "answer.reboot_mid_session" and self._reboot is None:
            raise BenchError(f"{name}: there is no pump to reset at this end of the line", where="inject", do="inject it at the bench")
        if not self._framed and (name.startswith("answer.") or name == "link.join"):
            raise BenchError(
                f"{name} is of pumpsim's own frames, and this pump speaks another wire", where="inject", do="use another link.*"
            )
        self._state.faults.append(LineFaultState(handle, name, as_text(values), now_us))
        self._rebuild()

    def clear(self, handle: int) -> bool:
        """End a fault; tells whether there was one of this handle. What is on its way still comes."""
        kept = [state for state in self._state.faults if state.handle != handle]
        found = len(kept) < len(self._state.faults)
        self._state.faults = kept
        self._rebuild()
        return found

    def faults(self) -> tuple[LineFaultState, ...]:
        """The faults in force."""
        return tuple(self._state.faults)

    def watch(self, on_run: Callable[[bytes], None] | None) -> None:
        """Have every run from the host told before anything happens to it; None ends that."""
        self._watch = on_run
        self._settle()

    def listen(self, on_bytes: OnBytes | None) -> None:
        """Have the bytes at both ends told, for transcripts; None ends that."""
        self._on_bytes = on_bytes
        self._settle()

    def _rebuild(self) -> None:
        known = {id(fault.state): fault for fault in self._faults}
        self._faults = [known.get(id(state)) or LineFault(state) for state in self._state.faults]
        self._settle()

    def _settle(self) -> None:
        state = self._state
        self.idle = not (state.faults or state.late or state.held or self._watch or self._on_bytes)

    # -- bytes -----------------------------------------------------------------------------------------------------------------

    def from_host(self, data: bytes, now_us: int) -> Iterator[Arrival]:
        """Bytes that the host sends now; yields what comes out now, one run after another."""
        self._tell("host", TO_PUMP, data)
        self._state.held += data
        self._state.held_us = now_us
        while run := self._whole_run():
            if self._watch is not None and run != ZERO:
                self._watch(run)
            yield from self._to_pump(run, now_us)
        self._settle()

    def from_pump(self, data: bytes, now_us: int) -> bytes:
        """Bytes that the pump sends now; returns what comes out at the host now."""
        self._tell("pump", TO_HOST, data)
        out = b""
        while data:
            at = (data.find(ZERO) + 1 if self._framed else 0) or len(data)
            passage = self._through(TO_HOST, data[:at], now_us)
            out += self._now(passage, now_us)
            data = data[at:]
        self._settle()
        if out:
            self._tell("host", TO_HOST, out)
        return out

    def next_due(self) -> int | None:
        """When bytes come out by themselves next; None if none will."""
        if self.idle:
            return None
        dues = [late.due_us for late in self._state.late[:1]]
        dues += [fault.next_burst_us for fault in self._faults if fault.in_bursts]
        if self._state.held:
            dues.append(self._state.held_us + INTER_BYTE_US)
        return min(dues, default=None)

    def due(self, now_us: int) -> Iterator[Arrival]:
        """What comes out by itself by now, in order."""
        while (due_us := self.next_due()) is not None and due_us <= now_us:
            state = self._state
            if state.late and state.late[0].due_us == due_us:
                late = state.late.pop(0)
                yield self._arrived(late.direction, late.data)
            elif state.held and state.held_us + INTER_BYTE_US == due_us:
                run, state.held = state.held, b""
                yield from self._to_pump(run, now_us)
            else:
                yield from self._burst(due_us)
            self._settle()

    def _whole_run(self) -> bytes:
        """A run off what is held: to its zero, or too long to be a frame; empty if there is none yet."""
        held = self._state.held
        if not self._framed:
            self._state.held = b""
            return held
        at = held.find(ZERO, 0, ENCODED_BYTES_MAX) + 1
        if not at and len(held) < ENCODED_BYTES_MAX:
            return b""
        at = at or ENCODED_BYTES_MAX
        self._state.held = held[at:]
        return held[:at]

    def _to_pump(self, run: bytes, now_us: int) -> Iterator[Arrival]:
        passage = self._through(TO_PUMP, run, now_us)
        data = self._now(passage, now_us)
        if data:
            yield self._arrived(TO_PUMP, data)
        for reply in passage.replies:
            back = self.from_pump(reply, now_us)
            if back:
                yield Arrival(TO_HOST, back)

    def _through(self, direction: str, run: bytes, now_us: int) -> Passage:
        """Take a run past every fault in force."""
        passage = Passage(direction, [Piece(0, run)])
        for fault in tuple(self._faults):
            if direction in fault.directions and not fault.in_bursts and passage.pieces:
                self._strike(fault, passage, whole=not self._framed or run != ZERO)
        return passage

    def _strike(self, fault: LineFault, passage: Passage, *, whole: bool) -> None:
        before = passage.data
        notes: Notes | None = None
        count: Notes = {}
        if fault.by_byte:
            notes = bend_bytes(fault, passage)
        elif whole:
            number = fault.next_frame(passage.direction)
            count = {"frame": number}
            if fault.strikes(passage.direction, number):
                notes = (lie if fault.name.startswith("answer.") else bend_frame)(fault, passage, number)
            if fault.name == "answer.stale":
                fault.state.answer_before = before
        if notes is not None:
            self._record({"fault": fault.name, "handle": fault.state.handle, "direction": passage.direction, **count, **notes})

    def _now(self, passage: Passage, now_us: int) -> bytes:
        """What of a passage comes out at once; the rest is on its way from here."""
        for piece in passage.pieces:
            if piece.delay_us and piece.data:
                self._send_late(Late(now_us + piece.delay_us, self._state.next_number, passage.direction, piece.data))
        if passage.reboot and self._reboot is not None:
            self._reboot()
        return b"".join(piece.data for piece in passage.pieces if not piece.delay_us)

    def _send_late(self, late: Late) -> None:
        state = self._state
        if len(state.late) >= LATE_MAX:
            raise BenchError(f"{LATE_MAX:,} pieces are on their way", where="link tap", do="let time pass, or delay less")
        state.next_number += 1
        state.late.append(late)
        state.late.sort(key=attrgetter("due_us", "number"))

    def _burst(self, due_us: int) -> Iterator[Arrival]:
        fault = next(fault for fault in self._faults if fault.in_bursts and fault.next_burst_us == due_us)
        fault.state.bursts += 1
        number, size = fault.state.bursts, fault.number("burst_bytes")
        if number % BURSTS_A_RECORD == 1:
            self._record({"fault": fault.name, "handle": fault.state.handle, "burst": number, "burst_bytes": size})
        for direction in fault.directions:
            yield self._arrived(direction, fault.noise(direction, number, size))

    def _arrived(self, direction: str, data: bytes) -> Arrival:
        self._tell("pump" if direction == TO_PUMP else "host", direction, data)
        return Arrival(direction, data)

    def _tell(self, end: str, direction: str, data: bytes) -> None:
        if self._on_bytes is not None:
            self._on_bytes(end, direction, data)

    # -- image -----------------------------------------------------------------------------------------------------------------

    def save(self) -> bytes:
        """Everything that a restored tap needs to go on bit-identically; listeners are not in it."""
        return write_image(self._state)

    def restore(self, image: bytes) -> None:
        """Become what was saved. Raises BenchError."""
        try:
            self._state = read_image(LineState, image)
        except ImageError as error:
            raise BenchError(f"no image of a line: {error}", where="restore") from None
        self._faults = []
        self._rebuild()
