"""A chain of first-order compartments, solved exactly.

Each node follows `x' = gains . (nodes before it) + input - rate x`. Written in the eigenvectors of the whole chain every coordinate z runs
alone: under an even input f it is `f/p + (z - f/p) exp(-p t)`. So a piece of any length costs one exponential a node, nothing is integrated
in steps, and a look between two pieces is the same formula from the piece's beginning: it depends on nothing that was looked at before.

Nodes are kept in the order of their rates. A coordinate whose `p t` is past a limit has come to rest: its exponential is below what a float
of the result can hold, and is left out. Two nodes of one rate would share an eigenvector; they are put apart by one part in a million.

A look falls into whole hours and a part of one. The part is worked out from the coordinates, `exp(-p t)` each, and serves every look of an
even row; the whole hours are in the weights, which are the same for all looks. So looks are worked out by columns, those of one number of
hours together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise, repeat, zip_longest
from math import exp, expm1
from operator import mul
from typing import NamedTuple

from firmware_sim.limits import PATIENT_DECAYS_KEPT, PATIENT_DECAYS_MAX, PATIENT_RATE_GAP

__all__ = ["Cascade", "Node", "Steady"]


class Node(NamedTuple):
    """A compartment: the rate at which it empties (per h), and what each node before it gives it, by name (per h)."""

    name: str
    rate_per_h: float
    gains: Mapping[str, float]


class Steady(NamedTuple):
    """Where an even input leads: each coordinate, and each output."""

    coordinates: list[float]
    outputs: list[float]


Term = tuple[int, float]
"""(coordinate, its weight)."""
NOTHING = (0.0, repeat(0.0))
"""A column that adds nothing, as long as one likes."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """The solved chain. `rates` rise; `outputs` has one row of weights upon the coordinates for each output asked for."""

    names: tuple[str, ...]
    rates: list[float]
    vectors: list[list[float]]
    outputs: list[list[float]]
    _decays: Callable[[float], list[float]] = field(init=False)
    _terms: Callable[[int], list[list[Term]]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_decays", lru_cache(PATIENT_DECAYS_KEPT)(self._decays_in))
        object.__setattr__(self, "_terms", lru_cache(PATIENT_DECAYS_KEPT)(self._terms_after))

    @classmethod
    def of(cls, nodes: Sequence[Node], outputs: Sequence[Mapping[str, float]]) -> Cascade:
        """Solve a chain; each output is a weighted sum of nodes, by name."""
        nodes = _apart(nodes)
        vectors = [_eigenvector(nodes, place) for place in range(len(nodes))]
        order = sorted(range(len(nodes)), key=lambda place: nodes[place].rate_per_h)
        names, rates = tuple(node.name for node in nodes), [nodes[place].rate_per_h for place in order]
        solved = cls(names, rates, [vectors[place] for place in order], [])
        solved.outputs.extend(solved.row(output) for output in outputs)
        return solved

    def coordinates(self, amounts: Mapping[str, float]) -> list[float]:
        """The coordinates of amounts in nodes, by name; those not named are empty."""
        rest = [amounts.get(name, 0.0) for name in self.names]
        found: dict[int, float] = {}
        first = {next(place for place, part in enumerate(vector) if part): index for index, vector in enumerate(self.vectors)}
        for place in range(len(rest)):
            index, share = first[place], rest[place]
            found[index] = share
            if share:
                rest = [amount - share * part for amount, part in zip(rest, self.vectors[index], strict=True)]
        return [found[index] for index in range(len(self.rates))]

    def row(self, weights: Mapping[str, float]) -> list[float]:
        """A weighted sum of nodes, by name, as weights upon the coordinates."""
        places = {name: place for place, name in enumerate(self.names)}
        return [sum(weight * vector[places[name]] for name, weight in weights.items()) for vector in self.vectors]

    def amounts(self, coordinates: Sequence[float]) -> dict[str, float]:
        """What is in each node."""
        columns = zip(*self.vectors, strict=True)
        return {name: sum(map(mul, column, coordinates)) for name, column in zip(self.names, columns, strict=True)}

    def steady(self, inputs: Mapping[str, float]) -> Steady:
        """Where even inputs into nodes (per h) lead."""
        rest = [force / rate for force, rate in zip(self.coordinates(inputs), self.rates, strict=True)]
        return Steady(rest, [sum(map(mul, row, rest)) for row in self.outputs])

    def after(self, coordinates: Sequence[float], rest: Sequence[float], hours: float) -> list[float]:
        """The coordinates so much later, on the way to where they come to rest."""
        decays = self._decays(hours)
        moved = [there + (here - there) * decay for here, there, decay in zip(coordinates, rest, decays, strict=False)]
        return moved + list(rest[len(decays) :])

    def summed(self, coordinates: Sequence[float], rest: Sequence[float], hours: float) -> list[float]:
        """Each coordinate summed over that time (x h)."""
        return [
            there * hours - (here - there) * expm1(-rate * hours) / rate
            for here, there, rate in zip(coordinates, rest, self.rates, strict=True)
        ]

    def left(self, coordinates: Sequence[float], rest: Sequence[float], hours: float) -> list[float]:
        """How far each coordinate is from where it comes to rest so much later."""
        decays = self._decays_in(hours)
        left = [(here - there) * decay for here, there, decay in zip(coordinates, rest, decays, strict=False)]
        return left + [0.0] * (len(self.rates) - len(decays))

    def columns(self, hours: int, lefts: Sequence[list[float]], rests: Sequence[list[float]]) -> list[list[float]]:
        """Each output for many looks, so many whole hours after what was `left` then, with the outputs' own rests."""
        looks = list(zip(*lefts, strict=True))
        moving = {place for place, column in enumerate(looks) if any(column)}
        return [
            _weighted(rest, [(weight, looks[place]) for place, weight in terms if place in moving])
            for rest, terms in zip(zip(*rests, strict=True), self._terms(hours), strict=True)
        ]

    def _decays_in(self, hours: float) -> list[float]:
        """What is left of the gap of each coordinate that has not come to rest."""
        return [exp(-rate * hours) for rate in self.rates[: bisect_right(self.rates, PATIENT_DECAYS_MAX / hours) if hours else None]]

    def _terms_after(self, hours: int) -> list[list[Term]]:
        """What each output will be made of after so many hours."""
        decays = self._decays_in(hours)
        rows = [enumerate(zip(row, decays, strict=False)) for row in self.outputs]
        return [[(place, weight * decay) for place, (weight, decay) in row if weight] for row in rows]


def _weighted(rest: Iterable[float], columns: Sequence[tuple[float, Iterable[float]]]) -> list[float]:
    """A column plus others by their weights, four at a time: the products are cheap beside the pass."""
    total, terms = list(rest), iter(columns)
    for (a, ones), (b, twos), (c, threes), (d, fours) in zip_longest(terms, terms, terms, terms, fillvalue=NOTHING):
        rows = zip(total, ones, twos, threes, fours, strict=False)  # NOTHING has no end
        total = [so_far + a * one + b * two + c * three + d * four for so_far, one, two, three, four in rows]
    return total


def _apart(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with no two rates nearer than the limit."""
    order = sorted(range(len(nodes)), key=lambda place: nodes[place].rate_per_h)
    rates = [node.rate_per_h for node in nodes]
    for below, above in pairwise(order):
        rates[above] = max(rates[above], rates[below] * (1 + PATIENT_RATE_GAP))
    return [node._replace(rate_per_h=rate) for node, rate in zip(nodes, rates, strict=True)]


def _eigenvector(nodes: Sequence[Node], place: int) -> list[float]:
    """How the nodes follow when one node decays by itself: nothing before it, 1 there, and behind it what it gives on."""
    rate = nodes[place].rate_per_h
    parts: dict[str, float] = {nodes[place].name: 1.0}
    for node in nodes[place + 1 :]:
        given = sum(gain * parts[name] for name, gain in node.gains.items() if name in parts)
        if given:
            parts[node.name] = given / (node.rate_per_h - rate)
    return [parts.get(node.name, 0.0) for node in nodes]
