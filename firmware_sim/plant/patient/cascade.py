"""A chain of first-order compartments, solved exactly.

Each node follows `x' = gains . (nodes before it) + input - rate x`. Written in the eigenvectors of the whole chain every coordinate z runs
alone: under an even input f it is `f/p + (z - f/p) exp(-p t)`. So a piece of any length costs one exponential a node, nothing is integrated
in steps, and a look between two pieces is the same formula from the piece's beginning: it depends on nothing that was looked at before.

Nodes are kept in the order of their rates. A coordinate whose `p t` is past a limit has come to rest: its exponential is below what a float
of the result can hold, and is left out. Two nodes of one rate would share an eigenvector; they are put apart by one part in a million.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, expm1
from operator import mul
from typing import NamedTuple

from firmware_sim.limits import PATIENT_DECAYS_MAX, PATIENT_RATE_GAP

__all__ = ["Cascade", "Node", "Path", "Steady"]


class Node(NamedTuple):
    """A compartment: the rate at which it empties (per h), and what each node before it gives it, by name (per h)."""

    name: str
    rate_per_h: float
    gains: Mapping[str, float]


class Steady(NamedTuple):
    """Where an even input leads: each coordinate, and each output."""

    coordinates: list[float]
    outputs: list[float]


class Path(NamedTuple):
    """How the outputs go on: how far each coordinate is from its rest and at which rate it falls, the weights, where the outputs rest."""

    gaps: list[float]
    rates: list[float]
    rows: list[list[float]]
    rest: list[float]

    def at(self, hours: float) -> list[float]:
        """The outputs so much later."""
        left = [gap * exp(-rate * hours) for gap, rate in zip(self.gaps[: _moving(self.rates, hours)], self.rates, strict=False)]
        return [there + sum(map(mul, row, left)) for there, row in zip(self.rest, self.rows, strict=True)]


@dataclass(frozen=True, slots=True)
class Cascade:
    """The solved chain. `rates` rise; `outputs` has one row of weights upon the coordinates for each output asked for."""

    names: tuple[str, ...]
    rates: list[float]
    vectors: list[list[float]]
    outputs: list[list[float]]

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
        if not hours:
            return list(coordinates)
        ahead = _moving(self.rates, hours)
        moved = [
            there + (here - there) * exp(-rate * hours) for here, there, rate in zip(coordinates[:ahead], rest, self.rates, strict=False)
        ]
        return moved + list(rest[ahead:])

    def summed(self, coordinates: Sequence[float], rest: Sequence[float], hours: float) -> list[float]:
        """Each coordinate summed over that time (x h)."""
        return [
            there * hours - (here - there) * expm1(-rate * hours) / rate
            for here, there, rate in zip(coordinates, rest, self.rates, strict=True)
        ]

    def path(self, coordinates: Sequence[float], steady: Steady) -> Path:
        """How the outputs go on from here under an even input."""
        gaps = [here - there for here, there in zip(coordinates, steady.coordinates, strict=True)]
        return Path(gaps, self.rates, self.outputs, steady.outputs)


def _moving(rates: list[float], hours: float) -> int:
    """How many coordinates have not come to rest after so long."""
    return bisect_right(rates, PATIENT_DECAYS_MAX / hours) if hours else len(rates)


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
