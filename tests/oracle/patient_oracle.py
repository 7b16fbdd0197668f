"""The patient's equations, written down as differential equations and integrated by scipy: what the closed forms must agree with.

Nothing here knows modes, eigenvectors or legs. The fluid is either one well-stirred volume or a line cut into many thin slices, with a
closed end below and, above, the flux that an endless canal would take. Hours, ng and ng/mL throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

__all__ = ["Floats", "Input", "Line", "Sites", "Stirred", "integrate"]

Floats = NDArray[np.float64]
TIGHT = 1e-10
LOOSE = 1e-7
"""For the line, whose slices are a larger error."""


class Input(NamedTuple):
    """Drug that flows from an hour to an hour (ng/h), or enters at one hour (ng, when both are the same)."""

    since: float
    until: float
    amount: float


class Stirred(NamedTuple):
    """A volume that is cleared."""

    volume: float
    clearance: float

    @property
    def size(self) -> int:
        """One level."""
        return 1

    def change(self, levels: Floats, entering: float) -> Floats:
        """How levels change with so much entering an hour."""
        change: Floats = (entering - self.clearance * levels) / self.volume
        return change

    def dose(self, amount: float) -> Floats:
        """Levels that an amount makes at once."""
        return np.array([amount / self.volume])

    def lost(self, levels: Floats) -> float:
        """Drug that goes into the blood, an hour."""
        return float(self.clearance * levels[0])

    def read(self, levels: Floats, place: float) -> float:
        """The level, which is the same everywhere."""
        return float(levels[0])


class Line(NamedTuple):
    """A canal: length from the closed end to the cisterna, section, spread, loss; where drug enters, over which deviation; slices."""

    length: float
    area: float
    spread: float
    loss: float
    source: float
    width: float
    size: int

    @property
    def slice(self) -> float:
        """Length of one."""
        return self.length / self.size

    def middles(self) -> Floats:
        """Of each slice, from the closed end."""
        middles: Floats = np.linspace(self.slice / 2, self.length - self.slice / 2, self.size)
        return middles

    def share(self) -> Floats:
        """How an amount that enters is shared among the slices: a bell, with what lies beyond an end folded back."""
        middles = self.middles()
        bell = np.exp(-((middles - self.source) ** 2) / (2 * self.width**2)) + np.exp(-((middles + self.source) ** 2) / (2 * self.width**2))
        share: Floats = bell / bell.sum()
        return share

    def change(self, levels: Floats, entering: float) -> Floats:
        """How levels change: spread between neighbours, loss, the open end, what enters."""
        flux = np.zeros(self.size + 1)
        flux[1:-1] = -self.spread * np.diff(levels) / self.slice
        reach = (self.spread / self.loss) ** 0.5
        flux[-1] = self.spread * levels[-1] / (reach + self.slice / 2)
        change: Floats = -np.diff(flux) / self.slice - self.loss * levels + entering * self.share() / (self.area * self.slice)
        return change

    def dose(self, amount: float) -> Floats:
        """Levels that an amount makes at once."""
        levels: Floats = amount * self.share() / (self.area * self.slice)
        return levels

    def lost(self, levels: Floats) -> float:
        """Drug that goes into the blood, an hour: lost along the line and through the open end."""
        reach = (self.spread / self.loss) ** 0.5
        return float(self.area * (self.loss * self.slice * levels.sum() + self.spread * levels[-1] / (reach + self.slice / 2)))

    def read(self, levels: Floats, place: float) -> float:
        """The level at a distance from the closed end; from the last middle to the open end it falls as the flux wants."""
        reach = (self.spread / self.loss) ** 0.5
        places, known = np.append(self.middles(), self.length), np.append(levels, levels[-1] * reach / (reach + self.slice / 2))
        return float(np.interp(place, places, known))


class Sites(NamedTuple):
    """What follows the fluid: blood (volume, half-life), and each site as (place, rate, unit, unit in blood, share of the level)."""

    blood: tuple[float, float]
    sites: Sequence[tuple[float, float, float, float, float]]
    adaptation: float
    burden: float


def integrate(fluid: Stirred | Line, body: Sites, inputs: Sequence[Input], hours: Sequence[float]) -> list[tuple[Floats, Floats]]:
    """(levels of the fluid, [blood ng, sites, adaptation of the second site and of the last, burden]) at rising hours."""
    size, count = fluid.size, len(body.sites)
    corners = sorted({0.0, *hours, *(hour for flow in inputs for hour in flow[:2])})
    state, found = np.zeros(size + 1 + count + 3), {}
    nothing, still = np.zeros_like(state), _changes(fluid, body, 0.0)  # the equations are linear: a matrix and what enters
    jacobian = np.column_stack([still(0.0, unit) for unit in np.eye(len(state))])
    tolerance = TIGHT if size == 1 else LOOSE
    for begin, end in zip(corners, [*corners[1:], corners[-1]], strict=True):
        state[:size] += sum(fluid.dose(flow.amount) for flow in inputs if flow.since == flow.until == begin)
        found[begin] = state.copy()
        if end > begin:
            entering = sum(flow.amount for flow in inputs if flow.since <= begin and flow.until >= end and flow.until > flow.since)
            even = _changes(fluid, body, entering)(0.0, nothing)
            with np.errstate(
                invalid="ignore", over="ignore"
            ):  # BDF subtracts rows of its table that it has not filled yet, and never uses them
                run = solve_ivp(
                    lambda _, y, even=even: jacobian @ y + even,
                    (begin, end),
                    state,
                    method="BDF",
                    rtol=tolerance,
                    atol=tolerance,
                    jac=jacobian,
                )
            state = run.y[:, -1]
    return [(found[hour][:size], found[hour][size:]) for hour in hours]


def _changes(fluid: Stirred | Line, body: Sites, entering: float) -> Callable[[float, Floats], Floats]:
    size, count = fluid.size, len(body.sites)
    volume, half_life = body.blood

    def changes(_: float, state: Floats) -> Floats:
        levels, blood, sites = state[:size], state[size], state[size + 1 : size + 1 + count]
        adaptation, brain, burden = state[-3:]
        moved = [
            rate * (share * fluid.read(levels, place) / unit + blood / volume / blood_unit - site)
            for site, (place, rate, unit, blood_unit, share) in zip(sites, body.sites, strict=True)
        ]
        used, brain_used = (sites[1] - adaptation) / body.adaptation, (sites[-1] - brain) / body.adaptation
        carried = (adaptation - sites[1] - burden) / body.burden
        return np.concatenate(
            [fluid.change(levels, entering), [fluid.lost(levels) - log(2) / half_life * blood, *moved, used, brain_used, carried]]
        )

    return changes
