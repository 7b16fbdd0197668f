"""What left the tip, over time, as straight pieces: the input of a patient.

A recorder that is joined to a pump keeps a copy of plan and plant whenever a slope changes; it is no part of the pump's state. The pieces
are worked out from the copies when somebody asks: under one copy the drug that leaves is a chain of straight lines, which turn where a rate
does, where a front reaches the tip, where wear has its next block and where the reservoir is empty. A piece is what it is, whenever it is
asked for: where it turns is solved for and never depends on now.

A step in progress counts in part, so that the sum runs ahead of the truth by less than one step (of each pulse a runaway makes of it). What
a loss of power takes out of a step in progress is not taken back: the truth comes up to it with its next step.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain
from typing import TYPE_CHECKING, NamedTuple

from firmware_sim.errors import BenchRefused, LimitExceeded
from firmware_sim.firmware.dosing import Dosing
from firmware_sim.limits import DELIVERY_BACKLOG_MAX, DELIVERY_COPIES_MAX, DELIVERY_PIECE_US_MAX
from firmware_sim.plant.catheter import Catheter
from firmware_sim.plant.driver import Driver
from firmware_sim.plant.motor import Motor
from firmware_sim.plant.oscillator import Oscillator
from firmware_sim.units import PPM

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel

__all__ = ["DeliveryRecorder", "Knot", "Piece", "RecorderState"]


class Knot(NamedTuple):
    """At a true time so much drug (fL x fg/mL) had left the tip since the recorder was joined, of which so much went astray; so much had
    left by a leak.

    Between two knots all grow evenly; two at one time are a push.
    """

    at_us: int
    mass: int
    astray_mass: int
    leaked_mass: int


class Piece(NamedTuple):
    """From `since` on drug leaves evenly towards `until`, unless the next piece begins before; `level` is where the tip is.

    `pushed` is what had left at one stroke just before (its `at_us` is that of `since`); `since` has it in it.
    """

    since: Knot
    until: Knot
    pushed: Knot
    level: str


@dataclass(slots=True)
class Copy:
    """Plan and plant since a true time, with the tip's level. `dosing` is None while the power is off; `steps` were commanded by then.

    `excess_most` is what the limiter lets pass of a runaway.
    """

    since_us: int
    steps: int
    excess_most: int
    dosing: Dosing | None
    oscillator: Oscillator
    driver: Driver
    motor: Motor
    available_fl: int
    catheter: Catheter
    tip_level: str


@dataclass(slots=True)
class RecorderState:
    """A recorder as plain data: `numbers` are the pieces' own, each less the one before."""

    since_us: int
    now_us: int
    first: Knot
    front: Knot
    pushed: Knot
    copy: Copy
    numbers: list[int] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    copies_taken: int = 0


class DeliveryRecorder:
    """Keeps what a pump delivers from when it is joined on. The kernel calls `mark` after everything that happens."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._since_us = kernel.state.now_us
        self._first = self._true()
        self._lines = [_Line(self._copy())]
        self._copies_taken = 1
        self._pieces: list[Piece] = []
        begun = _less(self._lines[0].at(self._since_us), self._first)
        self._front = self._pushed = begun

    @property
    def since_us(self) -> int:
        """True time at which it was joined."""
        return self._since_us

    @property
    def now_us(self) -> int:
        """True time now."""
        return self._kernel.state.now_us

    @property
    def absorption_half_life_s(self) -> int:
        """In what time the body takes up half of what lies in the pocket, by the pump's profile."""
        return self._kernel.profile.pocket.absorption_half_life_s

    def mark(self) -> None:
        """Take a copy if a slope has changed since the last. Raises LimitExceeded past the limit of copies."""
        if self._same(self._lines[-1].copy):
            return
        if self._copies_taken >= DELIVERY_COPIES_MAX:
            raise LimitExceeded(f"more than {DELIVERY_COPIES_MAX} changes of delivery are recorded; join a new patient")
        self._copies_taken += 1
        self._lines.append(_Line(self._copy()))
        if len(self._lines) > DELIVERY_BACKLOG_MAX:
            self._catch_up()

    def pieces(self) -> list[Piece]:
        """Every piece that has begun, the last one perhaps at this instant. Those that began before now stay what they are."""
        self._catch_up()
        self._grow(self._lines[0], self._kernel.state.now_us + 1)
        return self._pieces

    def knots(self) -> list[Knot]:
        """Every knot from the joining until now."""
        found: list[Knot] = []
        for piece in self.pieces():
            found += [_less(piece.since, piece.pushed), piece.since] if any(piece.pushed[1:]) else [piece.since]
        return [*found, self.now()]

    def now(self) -> Knot:
        """What has left by now."""
        last = self.pieces()[-1]
        return _most(last.since, _less(self._lines[0].at(self._kernel.state.now_us), self._first))

    def truth(self) -> Knot:
        """What has left by now in whole steps, which is what the truth counts."""
        return _less(self._true(), self._first)

    def tip_levels(self) -> list[tuple[int, str]]:
        """(true time, level) of each move of the tip; an empty level is where it was placed."""
        levels = [(piece.since.at_us, piece.level) for piece in self.pieces()]
        return [item for place, item in enumerate(levels) if place == 0 or levels[place - 1][1] != item[1]]

    def deposits(self) -> list[tuple[int, int]]:
        """(true time, drug mass) of each filling of the pocket since the joining."""
        return [deposit for deposit in self._kernel.state.plant.pocket.deposits if deposit[0] >= self._since_us]

    # -- saving ------------------------------------------------------------------------------------------------------------------

    def save(self) -> RecorderState:
        """Itself as plain data, to be given to `resume` beside the pump's own image."""
        self.pieces()
        numbers = list(chain.from_iterable((*piece.since, *piece.until, *piece.pushed[1:]) for piece in self._pieces))
        width = len(numbers) // len(self._pieces)
        numbers = [number - before for number, before in zip(numbers, [*[0] * width, *numbers], strict=False)]
        return RecorderState(
            self._since_us,
            self._kernel.state.now_us,
            self._first,
            self._front,
            self._pushed,
            self._lines[0].copy,
            numbers,
            [piece.level for piece in self._pieces],
            self._copies_taken,
        )

    def resume(self, saved: RecorderState) -> None:
        """Go on as the recorder that was saved. Raises BenchRefused when the pump is not where that one's was."""
        if self._since_us == saved.since_us and self._pieces:
            return
        if saved.now_us != self._kernel.state.now_us or self._since_us != saved.now_us or not self._same(saved.copy):
            raise BenchRefused("this patient was saved beside another pump, or at another time; restore both from the same moment")
        self._since_us, self._first, self._copies_taken = saved.since_us, saved.first, saved.copies_taken
        self._front, self._pushed, self._lines = saved.front, saved.pushed, [_Line(saved.copy)]
        width = len(saved.numbers) // len(saved.levels)
        columns = [list(accumulate(saved.numbers[place::width])) for place in range(width)]
        self._pieces = [_piece(row, level) for row, level in zip(zip(*columns, strict=True), saved.levels, strict=True)]

    # -- inside ------------------------------------------------------------------------------------------------------------------

    def _true(self) -> Knot:
        """What has left since manufacture, in whole steps."""
        out_fl = self._kernel.plant.out_fl(self._kernel.pulses())
        return _left(self._kernel.state.plant.catheter, self._kernel.state.now_us, out_fl)

    def _copy(self) -> Copy:
        kernel, state = self._kernel, self._kernel.state
        plant = state.plant
        dosing = replace(state.belief.dosing) if state.belief is not None else None
        parts = (replace(plant.oscillator), replace(plant.driver), replace(plant.motor), plant.reservoir.available_fl)
        return Copy(
            state.now_us,
            kernel.steps(),
            kernel.profile.limiter.excess_steps,
            dosing,
            *parts,
            deepcopy(plant.catheter),
            kernel.plant.conditions.tip_level,
        )

    def _same(self, last: Copy) -> bool:
        kernel, plant, belief = self._kernel, self._kernel.state.plant, self._kernel.state.belief
        dosing = belief.dosing if belief is not None else None
        if (dosing, plant.motor, plant.driver, plant.oscillator) != (last.dosing, last.motor, last.driver, last.oscillator):
            return False
        if plant.reservoir.available_fl != last.available_fl or kernel.plant.conditions.tip_level != last.tip_level:
            return False
        return plant.catheter == last.catheter

    def _catch_up(self) -> None:
        """Finish every copy but the last."""
        for line, after in zip(self._lines, self._lines[1:], strict=False):
            self._finish(line, after)
        del self._lines[:-1]

    def _finish(self, line: _Line, after: _Line) -> None:
        """Lay the pieces of a copy until the next, and find what that one begins with."""
        at_us = after.copy.since_us
        self._grow(line, at_us)
        if self._pieces and self._pieces[-1].since.at_us == at_us:  # looked at before this instant was over
            last = self._pieces.pop()
            front, pushed = last.since, last.pushed
        elif at_us == line.copy.since_us:
            front, pushed = self._front, self._pushed
        else:
            front = _most(self._pieces[-1].since, _less(line.at(at_us), self._first))
            pushed = Knot(at_us, 0, 0, 0)
        if after.copy.catheter.side_injected_fl != line.copy.catheter.side_injected_fl:
            stroke = _most(Knot(at_us, 0, 0, 0), _less(_less(after.at(at_us), self._first), front))
            front, pushed = _sum(front, stroke), _sum(pushed, stroke)
        self._front, self._pushed = front, pushed

    def _grow(self, line: _Line, until_us: int) -> None:
        """Lay the pieces of a copy that begin before a time."""
        while self._front.at_us < until_us:
            end = line.turn(self._front.at_us)
            until = _most(self._front, _less(line.at(end), self._first))
            self._pieces.append(Piece(self._front, until, self._pushed, line.copy.tip_level))
            self._front, self._pushed = until, Knot(end, 0, 0, 0)


class _Line:
    """What leaves, and where that turns, under one copy."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy

    def at(self, at_us: int) -> Knot:
        """What has left since manufacture by a true time."""
        return _left(self.copy.catheter, at_us, self._out_fl(at_us))

    def turn(self, at_us: int) -> int:
        """The first true time after that one at which the slope may change."""
        end_us = self._rate_turn(at_us)
        marks = self._marks
        out_fl = self._out_fl(at_us)
        place = bisect_right(marks, out_fl)
        mark_fl = min(marks[place : place + 1] + self._wear_mark(at_us, out_fl), default=None)
        if mark_fl is None or self._out_fl(end_us) < mark_fl:
            return end_us
        return bisect_left(range(end_us), mark_fl, lo=at_us + 1, key=self._out_fl)

    @cached_property
    def _marks(self) -> list[int]:
        """Volumes out at which a front reaches the tip, as things stand, and at which the reservoir is empty."""
        return sorted({*_arrivals(self.copy.catheter), self.copy.motor.anchor_out_fl + self.copy.available_fl})

    def _out_fl(self, at_us: int) -> int:
        """Volume that has left the reservoir, the step in progress in part."""
        copy, motor, dosing = self.copy, self.copy.motor, self.copy.dosing
        if dosing is None:
            pushed_fl = motor.pushed_since_anchor_fl(self._pulses(copy.steps, at_us))
        else:
            steps, rest = divmod(dosing.total_at(copy.oscillator.device_at(at_us)), dosing.step_units)
            steps += copy.driver.forgotten_steps
            pulses = self._pulses(steps, at_us)
            begun = 1 if copy.driver.gain == 1 else self._pulses(steps + 1, at_us) - pulses
            pushed_fl = motor.pushed_since_anchor_fl(pulses)
            if not copy.driver.cut:
                pushed_fl += motor.step_fl_at(pulses) * begun * rest // dosing.step_units
        return motor.anchor_out_fl + min(pushed_fl, copy.available_fl)

    def _pulses(self, steps: int, at_us: int) -> int:
        """Pulses sent when `steps` are commanded; of those beyond, no more than the limiter lets pass."""
        driver = self.copy.driver
        pulses = driver.pulses_at(steps, at_us)
        if driver.gain == 1 and not driver.stuck_pulses_per_h:
            return pulses
        most = steps - driver.anchor_step + max(0, self.copy.excess_most - driver.excess)
        return min(pulses, driver.anchor_pulses + most)

    def _rate_turn(self, at_us: int) -> int:
        """The first true time after that one at which the rate may change; a piece ends in any case one day."""
        dosing, oscillator, last_us = self.copy.dosing, self.copy.oscillator, at_us + DELIVERY_PIECE_US_MAX
        if dosing is None or oscillator.stuck or not dosing.moving:
            return last_us
        device_us = oscillator.device_at(at_us)
        turns = [dosing.bolus.end_us] if dosing.bolus is not None and dosing.bolus.end_us > device_us else []
        if dosing.week is not None and len(dosing.week.starts_us) > 1:
            turns.append(dosing.week.stretch(device_us + dosing.clock_offset_us)[1] - dosing.clock_offset_us)
        times = (oscillator.true_of(turn_us) for turn_us in turns)
        return min([last_us, *(time_us for time_us in times if time_us is not None and time_us > at_us)])

    def _wear_mark(self, at_us: int, out_fl: int) -> list[int]:
        """The volume out at which the next block of worn steps begins, if the motor wears."""
        motor, copy = self.copy.motor, self.copy
        if not motor.moving or not motor.wear_fl or copy.dosing is None:
            return []
        steps = copy.dosing.steps_at(copy.oscillator.device_at(at_us)) + copy.driver.forgotten_steps
        blocks = motor.moved_at(self._pulses(steps, at_us)) // motor.block_steps + 1
        pulses = motor.anchor_pulse + blocks * motor.block_steps - 1 - motor.anchor_moved
        mark_fl = motor.anchor_out_fl + motor.pushed_since_anchor_fl(pulses)
        return [mark_fl] if mark_fl > out_fl else []


def _left(catheter: Catheter, at_us: int, out_fl: int) -> Knot:
    mass = catheter.delivered_mass(out_fl)
    return Knot(at_us, mass, catheter.tip.astray(catheter.delivered_fl(out_fl), mass)[1], catheter.leaked_mass(out_fl))


def _less(knot: Knot, other: Knot) -> Knot:
    return Knot(knot.at_us, knot.mass - other.mass, knot.astray_mass - other.astray_mass, knot.leaked_mass - other.leaked_mass)


def _sum(knot: Knot, other: Knot) -> Knot:
    return Knot(knot.at_us, knot.mass + other.mass, knot.astray_mass + other.astray_mass, knot.leaked_mass + other.leaked_mass)


def _most(floor: Knot, knot: Knot) -> Knot:
    """The second knot, but no account below that of the first."""
    return Knot(knot.at_us, *map(max, floor[1:], knot[1:]))


def _piece(row: tuple[int, ...], level: str) -> Piece:
    """A piece from its saved numbers."""
    size = len(Knot._fields)
    since, until, pushed = Knot(*row[:size]), Knot(*row[size : 2 * size]), row[2 * size :]
    return Piece(since, until, Knot(since.at_us, *pushed), level)


def _arrivals(catheter: Catheter) -> list[int]:
    """Volumes out at which a front reaches the tip, as things stand."""
    near, leak = catheter.near, catheter.leak
    if leak is None:
        return [start + near.length_fl for start in near.starts_fl]
    if not leak.keep_ppm:
        return []
    entered = [*leak.beyond.starts_fl, *(leak.entered_fl(start + near.length_fl) for start in near.starts_fl)]
    lengths = (start + leak.beyond.length_fl - leak.anchor_in_fl for start in entered)
    return [leak.anchor_out_fl - -length * PPM // leak.keep_ppm for length in lengths]
