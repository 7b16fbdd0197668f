"""The course of one person's drug through time: what enters, piece by piece, and the compartments at any instant.

A leg begins where a piece of delivery does, or where something is done to the patient: first what enters at one stroke, then what flows
evenly. Compartments are carried from leg to leg; a look is worked out from the beginning of its leg. Both depend on the legs alone, so
that looks at any times, in any order, at any stage of the run, give the same bits.

What begins at this very instant may still change (another act may follow at it), so it is laid anew at each look and kept only when time
has gone on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from firmware_sim.limits import PATIENT_CHECKPOINT_PIECES, PATIENT_LOOKS_AT_ONCE
from firmware_sim.plant.patient.body import GUT, TISSUE, Body, Drivers, Held
from firmware_sim.plant.patient.cascade import Steady
from firmware_sim.plant.patient.treatments import Treatment, given_ng
from firmware_sim.units import MASS_PER_NG, US_PER_H

if TYPE_CHECKING:
    from firmware_sim.delivery import Knot, Piece

__all__ = ["Course", "Event", "Totals"]

Doses = tuple[tuple[str, float], ...]
"""(way, ng or ng/h): where drug enters, and how much."""


class Leg(NamedTuple):
    """From a time on: what enters at once, how much fluid a needle draws after that, and what flows (ng/h)."""

    since_us: int
    doses: Doses
    drained_ml: float
    flows: Doses


class Totals(NamedTuple):
    """Drug since the joining, in ng. What entered equals what is held, eliminated and removed."""

    entered_ng: float
    eliminated_ng: float
    removed_ng: float
    held: Held


class _Moment(NamedTuple):
    """Compartments at the beginning of a leg, and where its flows lead."""

    place: int
    coordinates: list[float]
    steady: Steady


Event = tuple[int, Treatment | int]
"""(true time, what was done to the patient, or the drug mass that was put into the pocket)."""


class Course:
    """Legs and compartments of a body. `since_us` is when the person was joined, without drug."""

    def __init__(self, body: Body, since_us: int) -> None:
        self._body = body
        self._since_us = since_us
        self.forget()

    def forget(self) -> None:
        """Drop all that was worked out: something was done in the past."""
        self._legs = [Leg(self._since_us, (), 0.0, ())]
        self._times = [self._since_us]
        self._settled = 1
        self._pieces_taken = self._events_taken = 0
        self._checkpoints = [self._start()]
        self._cursor = self._checkpoints[0]
        self._sums = [Totals(0.0, 0.0, 0.0, Held(0.0, 0.0, 0.0, 0.0))]

    def lay(self, pieces: Sequence[Piece], events: Sequence[Event], now_us: int) -> None:
        """Lay legs for all that began by now; both in order of time."""
        del self._legs[self._settled :], self._times[self._settled :]
        self._take(pieces, events, now_us - 1)
        self._settled = len(self._legs)
        taken = self._pieces_taken, self._events_taken
        self._take(pieces, events, now_us)
        self._pieces_taken, self._events_taken = taken

    def outputs_at(self, times_us: Sequence[int]) -> list[list[float]]:
        """Columns of the compartments' outputs, in the order of `Drivers`, at times in order, none before the joining."""
        columns: list[list[float]] = [[] for _ in Drivers._fields]
        for first in range(0, len(times_us), PATIENT_LOOKS_AT_ONCE):
            for column, more in zip(columns, self._looks(times_us[first : first + PATIENT_LOOKS_AT_ONCE]), strict=True):
                column.extend(more)
        return columns

    def totals(self, at_us: int) -> Totals:
        """Every account at a time."""
        place = bisect_right(self._times, at_us) - 1
        while len(self._sums) <= min(place, self._settled - 1):
            self._sums.append(self._next_sum(self._sums[-1], len(self._sums)))
        sums = self._sums[min(place, self._settled - 1)]
        for unsettled in range(self._settled, place + 1):
            sums = self._next_sum(sums, unsettled)
        moment, hours = self._moment(place), (at_us - self._times[place]) / US_PER_H
        flowed = sum(flow for _, flow in self._legs[place].flows) * hours
        cascade = self._body.cascade
        summed = cascade.summed(moment.coordinates, moment.steady.coordinates, hours)
        held = self._body.held(cascade.after(moment.coordinates, moment.steady.coordinates, hours))
        return Totals(sums.entered_ng + flowed, sums.eliminated_ng + self._body.eliminated_ng(summed), sums.removed_ng, held)

    # -- legs --------------------------------------------------------------------------------------------------------------------

    def _take(self, pieces: Sequence[Piece], events: Sequence[Event], until_us: int) -> None:
        """Lay what begins by a time; at one instant a piece comes before what is done to the patient."""
        while True:
            piece = pieces[self._pieces_taken] if self._pieces_taken < len(pieces) else None
            event = events[self._events_taken] if self._events_taken < len(events) else None
            piece_us = piece.since.at_us if piece is not None else inf
            if min(piece_us, event[0] if event is not None else inf) > until_us:
                return
            if piece is not None and (event is None or piece_us <= event[0]):
                before = pieces[self._pieces_taken - 1] if self._pieces_taken else None
                self._add(self._leg_of_piece(piece, before))
                self._pieces_taken += 1
            elif event is not None:
                self._add(self._leg_of_event(*event))
                self._events_taken += 1

    def _add(self, leg: Leg) -> None:
        self._legs.append(leg)
        self._times.append(leg.since_us)

    def _leg_of_piece(self, piece: Piece, before: Piece | None) -> Leg:
        """A piece's flow; with its push comes what the piece before it brought more or less than its even flow."""
        since, until = piece.since, piece.until
        hours = (until.at_us - since.at_us) / US_PER_H
        flows = tuple((way, ng / hours) for way, ng in self._ways(_less(until, since), piece.level))
        doses = self._ways(piece.pushed[1:], piece.level) if any(piece.pushed[1:]) else ()
        if before is not None and before.until.at_us != since.at_us:
            doses += self._ways(_unevenness(before, piece), before.level)
        return Leg(since.at_us, doses, 0.0, flows)

    def _leg_of_event(self, at_us: int, event: Treatment | int) -> Leg:
        """Something is done to the patient while the flow goes on."""
        flows, person = self._legs[-1].flows, self._body.person
        if isinstance(event, int):
            return Leg(at_us, ((TISSUE, event / MASS_PER_NG),), 0.0, flows)
        if event.name == "csf_removal":
            return Leg(at_us, (), float(event.amount), flows)
        way = GUT if event.name == "enteral_baclofen" else person.places.needle
        return Leg(at_us, ((way, given_ng(event, person)),), 0.0, flows)

    def _ways(self, masses: Sequence[int], level: str) -> Doses:
        """Drug past the tip, of that astray, and leaked: where each goes. Outside the sac it goes into tissue."""
        mass, astray, leaked = masses
        person = self._body.person
        inside = person.spine.knows(level)
        doses = (
            (person.places.tip, mass - astray),
            (level if inside else TISSUE, astray),
            (TISSUE, leaked),
        )
        return tuple((way, part / MASS_PER_NG) for way, part in doses if part)

    # -- looks -------------------------------------------------------------------------------------------------------------------

    def _looks(self, times_us: Sequence[int]) -> list[list[float]]:
        """The outputs at some times: sorted by whole hours since their legs began, worked out, and sorted back."""
        groups: defaultdict[int, list[tuple[int, list[float], list[float]]]] = defaultdict(list)
        for row, (hours, left, rest) in enumerate(self._begun(times_us)):
            groups[hours].append((row, left, rest))
        rows: list[int] = []
        columns: list[list[float]] = [[] for _ in Drivers._fields]
        for hours, group in groups.items():
            places, lefts, rests = zip(*group, strict=True)
            rows += places
            for column, more in zip(columns, self._body.cascade.columns(hours, lefts, rests), strict=True):
                column.extend(more)
        order = sorted(range(len(rows)), key=rows.__getitem__)
        return [[column[place] for place in order] for column in columns]

    def _begun(self, times_us: Sequence[int]) -> Iterator[tuple[int, list[float], list[float]]]:
        """For each time the whole hours since its leg began, what is left after the part of an hour, and the outputs' rests."""
        cascade, times = self._body.cascade, self._times
        moment, begun_us, until_us, last_us = self._checkpoints[0], self._since_us, -inf, -1
        left: list[float] = []
        for at_us in times_us:
            if at_us >= until_us:
                place = bisect_right(times, at_us) - 1
                moment, last_us = self._moment(place), -1
                begun_us, until_us = times[place], times[place + 1] if place + 1 < len(times) else inf
            hours, part_us = divmod(at_us - begun_us, US_PER_H)
            if part_us != last_us:
                left, last_us = cascade.left(moment.coordinates, moment.steady.coordinates, part_us / US_PER_H), part_us
            yield hours, left, moment.steady.outputs

    # -- compartments ------------------------------------------------------------------------------------------------------------

    def _start(self) -> _Moment:
        return _Moment(0, [0.0] * len(self._body.cascade.rates), self._steady(()))

    def _moment(self, place: int) -> _Moment:
        """The beginning of a leg, from the nearest one that is known."""
        nearest = self._checkpoints[min(place // PATIENT_CHECKPOINT_PIECES, len(self._checkpoints) - 1)]
        moment = self._cursor if nearest.place <= self._cursor.place <= place else nearest
        while moment.place < place:
            moment = self._next_moment(moment)
            if moment.place < self._settled:
                self._cursor = moment
                if moment.place == len(self._checkpoints) * PATIENT_CHECKPOINT_PIECES:
                    self._checkpoints.append(moment)
        return moment

    def _next_moment(self, moment: _Moment) -> _Moment:
        place = moment.place + 1
        hours = (self._times[place] - self._times[moment.place]) / US_PER_H
        coordinates = self._body.cascade.after(moment.coordinates, moment.steady.coordinates, hours)
        return _Moment(place, self._entered(coordinates, self._legs[place]), self._steady(self._legs[place].flows))

    def _entered(self, coordinates: list[float], leg: Leg) -> list[float]:
        for way, ng in leg.doses:
            coordinates = [here + ng * part for here, part in zip(coordinates, self._body.unit(way), strict=True)]
        return self._body.drained(coordinates, leg.drained_ml) if leg.drained_ml else coordinates

    def _steady(self, flows: Doses) -> Steady:
        """Where even flows lead."""
        body = self._body
        coordinates, outputs = [0.0] * len(body.cascade.rates), [0.0] * len(Drivers._fields)
        for way, flow in flows:
            unit = body.unit_steady(way)
            coordinates = [here + flow * part for here, part in zip(coordinates, unit.coordinates, strict=True)]
            outputs = [here + flow * part for here, part in zip(outputs, unit.outputs, strict=True)]
        return Steady(coordinates, outputs)

    def _next_sum(self, sums: Totals, place: int) -> Totals:
        """The accounts at the beginning of a leg, from those of the leg before."""
        moment, leg, body = self._moment(place - 1), self._legs[place], self._body
        hours = (self._times[place] - self._times[place - 1]) / US_PER_H
        rest = moment.steady.coordinates
        before = body.cascade.after(moment.coordinates, rest, hours)
        entered = sum(flow for _, flow in self._legs[place - 1].flows) * hours + sum(ng for _, ng in leg.doses)
        removed = body.held(before).csf_ng - body.held(self._entered(before, leg)).csf_ng if leg.drained_ml else 0.0
        gone = body.eliminated_ng(body.cascade.summed(moment.coordinates, rest, hours))
        return sums._replace(
            entered_ng=sums.entered_ng + entered, eliminated_ng=sums.eliminated_ng + gone, removed_ng=sums.removed_ng + removed
        )


def _less(knot: Knot, other: Knot) -> tuple[int, int, int]:
    return knot.mass - other.mass, knot.astray_mass - other.astray_mass, knot.leaked_mass - other.leaked_mass


def _unevenness(before: Piece, piece: Piece) -> tuple[int, ...]:
    """What a piece brought beyond its even flow, to the next one's beginning."""
    span_us, elapsed_us = before.until.at_us - before.since.at_us, piece.since.at_us - before.since.at_us
    brought = (part - pushed for part, pushed in zip(_less(piece.since, before.since), piece.pushed[1:], strict=True))
    return tuple(part - even * elapsed_us // span_us for part, even in zip(brought, _less(before.until, before.since), strict=True))
