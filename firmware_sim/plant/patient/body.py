"""The body as one chain of compartments: fluid around the cord, blood, gut, tissue, and the sites at which the drug acts.

    tip -> fluid (modes) ------> blood -> gone
           |   |    |    tissue --^  ^-- gut
           v   v    v                |
        reflex tone brain <----------'        tone -> used to it -> burden

A site follows its concentration with a rate of its own, in units of the concentration that has half its effect (or, at the brain, that is
one unit of overdose); blood adds its part, to the brain at once. `adaptation` is what the cord has got used to, a slow mean of its tone
site, and the brain has its own. `burden` is a slower mean of how far that exceeds what the cord gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import inf, log
from operator import mul
from typing import NamedTuple

from firmware_sim.plant.patient.axial import AxialLine
from firmware_sim.plant.patient.cascade import Cascade, Node, Steady
from firmware_sim.plant.patient.compartment import OneCompartment
from firmware_sim.plant.patient.preset import Preset
from firmware_sim.plant.patient.space import Space

__all__ = ["Body", "Drivers", "Held", "space_of"]

TISSUE, GUT, BLOOD = "tissue", "gut", "blood"


class Drivers(NamedTuple):
    """What the chain gives at an instant: concentrations, and the sites in their units."""

    lumbar_ng_per_ml: float
    cisternal_ng_per_ml: float
    plasma_ng_per_ml: float
    reflex: float
    legs: float
    arms: float
    brain: float
    adaptation: float
    burden: float
    brain_adaptation: float


class Held(NamedTuple):
    """Drug in the body, in ng."""

    csf_ng: float
    tissue_ng: float
    gut_ng: float
    plasma_ng: float


class Body:
    """The chain of one person. `absorption_half_life_h` is how fast tissue gives its drug to the blood."""

    def __init__(self, person: Preset, absorption_half_life_h: float) -> None:
        self.person = person
        self.space = space_of(person)
        self._modes = [f"mode {place}" for place in range(len(self.space.rates_per_h))]
        nodes = self._nodes(log(2) / absorption_half_life_h)
        self.cascade = Cascade.of(nodes, self._outputs())
        self._emptying_per_h = log(2) / person.plasma.half_life_h
        csf = dict(zip(self._modes, self.space.weights_ml, strict=True))
        self._held_rows = [self.cascade.row(weights) for weights in (csf, {TISSUE: 1.0}, {GUT: 1.0}, {BLOOD: 1.0})]
        self.unit = cache(self._unit)
        self.unit_steady = cache(self._unit_steady)

    def held(self, coordinates: list[float]) -> Held:
        """What is where."""
        return Held(*(sum(map(mul, row, coordinates)) for row in self._held_rows))

    def eliminated_ng(self, summed: list[float]) -> float:
        """What has left the blood for good, from the coordinates summed over time (h)."""
        return self._emptying_per_h * float(sum(map(mul, self._held_rows[-1], summed)))

    def drained(self, coordinates: list[float], volume_ml: float) -> list[float]:
        """The coordinates after so much fluid was drawn by a needle."""
        amounts = self.cascade.amounts(coordinates)
        levels = [amounts[mode] for mode in self._modes]
        left = self.space.drained(levels, volume_ml)
        return self.cascade.coordinates(amounts | dict(zip(self._modes, left, strict=True)))

    def _entering(self, way: str) -> dict[str, float]:
        """Where one ng goes: `tissue`, `gut`, or a vertebra."""
        if way in (TISSUE, GUT):
            return {way: 1.0}
        return dict(zip(self._modes, self.space.source(way), strict=True))

    def _unit(self, way: str) -> list[float]:
        return self.cascade.coordinates(self._entering(way))

    def _unit_steady(self, way: str) -> Steady:
        return self.cascade.steady(self._entering(way))

    def _nodes(self, absorption_per_h: float) -> list[Node]:
        person, space = self.person, self.space
        plasma, tolerance, burden_per_h = person.plasma, person.tolerance, 1 / person.withdrawal.burden_time_h
        enteral_per_h = log(2) / plasma.enteral_half_life_h
        lost = dict(zip(self._modes, map(mul, space.rates_per_h, space.weights_ml), strict=True))
        return [
            *(Node(mode, rate, {}) for mode, rate in zip(self._modes, space.rates_per_h, strict=True)),
            Node(TISSUE, absorption_per_h, {}),
            Node(GUT, enteral_per_h, {}),
            Node(BLOOD, log(2) / plasma.half_life_h, {**lost, TISSUE: absorption_per_h, GUT: enteral_per_h}),
            *self._sites(),
            Node("adaptation", 1 / tolerance.time_h, {"legs": 1 / tolerance.time_h}),
            Node("brain_adaptation", 1 / tolerance.time_h, {"brain": 1 / tolerance.time_h}),
            Node("burden", burden_per_h, {"adaptation": burden_per_h, "legs": -burden_per_h}),
        ]

    def _sites(self) -> list[Node]:
        """Reflex, legs, arms and brain: place, rate, unit in the fluid, unit in blood."""
        person, places, tone = self.person, self.person.places, self.person.tone
        rows = (
            (
                "reflex",
                places.legs,
                person.reflex.rate_per_h,
                person.reflex.half_effect_ng_per_ml,
                person.reflex.half_effect_plasma_ng_per_ml,
            ),
            ("legs", places.legs, tone.rate_per_h, tone.legs_half_effect_ng_per_ml, tone.half_effect_plasma_ng_per_ml),
            ("arms", places.arms, tone.rate_per_h, tone.arms_half_effect_ng_per_ml, tone.half_effect_plasma_ng_per_ml),
            ("brain", "", person.brain.rate_per_h, person.brain.unit_ng_per_ml, inf),
        )
        return [
            Node(name, rate, self._level(place, rate / unit) | {BLOOD: rate / (plasma_unit * person.plasma.volume_ml)})
            for name, place, rate, unit, plasma_unit in rows
        ]

    def _outputs(self) -> list[Mapping[str, float]]:
        """The rows of `Drivers`."""
        volume_ml, unit = self.person.plasma.volume_ml, self.person.brain.unit_plasma_ng_per_ml
        sites: dict[str, Mapping[str, float]] = {name: {name: 1.0} for name in Drivers._fields}
        sites |= {
            "lumbar_ng_per_ml": self._level(self.person.places.needle),
            "cisternal_ng_per_ml": self._level(""),
            "plasma_ng_per_ml": {BLOOD: 1 / volume_ml},
            "brain": {"brain": 1.0, BLOOD: 1 / (unit * volume_ml)},
        }
        return list(sites.values())

    def _level(self, place: str, factor: float = 1.0) -> dict[str, float]:
        """The concentration at a place, times a factor, as weights of the modes."""
        return {mode: part * factor for mode, part in zip(self._modes, self.space.at(place), strict=True)}


def space_of(person: Preset) -> Space:
    """The model of the fluid that a preset names."""
    csf, places = person.csf, person.places
    if person.model == "axial":
        return AxialLine(csf.half_life_h, csf.length_constant_cm, csf.area_cm2, csf.source_width_cm, person.spine)
    return OneCompartment(csf.half_life_h, csf.clearance_ml_per_h, {places.arms: csf.arms_share, "": csf.cisternal_share})
