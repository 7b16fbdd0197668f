"""Continuous physics of a pump's fluid, integrated by scipy: what the plant's closed forms must agree with.

Nothing here knows steps, pieces, slices or integers: flows are functions of time, mixing is an ordinary differential equation, fronts are
traced along the path. Hours, millilitres and mcg/mL throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

from scipy.integrate import quad, solve_ivp

__all__ = ["Leak", "Stroke", "absorbed", "arrival", "mixed", "overfilled", "pushed", "trapezoid"]

Flow = Callable[[float], float]
"""Flow in mL/h at an hour."""
TIGHT = 1e-10


def pushed(flow: Flow, hours: float, corners: Sequence[float] = ()) -> float:
    """Volume in mL that a flow brings; `corners` are where it is not smooth."""
    ends = [0.0, *(corner for corner in sorted(corners) if 0 < corner < hours), hours]
    return float(sum(quad(flow, start, end, epsabs=0, epsrel=TIGHT)[0] for start, end in pairwise(ends)))


def trapezoid(full: float, over: float, stay: float = inf) -> Flow:
    """A change that comes evenly in `over` hours, stays, and goes as it came: its size at an hour."""

    def size(hour: float) -> float:
        going = max(0.0, hour - over - stay)
        return full * max(0.0, min(1.0, hour / over) - going / over)

    return size


class Stroke(NamedTuple):
    """The plunger moves for an hour: so much in at this strength, or (in = 0) so much out."""

    in_ml: float
    strength: float
    out_ml: float


def mixed(residual_ml: float, strength: float, strokes: Sequence[Stroke]) -> float:
    """Strength in a well-mixed reservoir after these strokes: d(volume)/dt = in - out, d(drug)/dt = in x strength - out x drug / volume."""
    volume, drug = residual_ml, residual_ml * strength
    for stroke in strokes:

        def change(_: float, state: Sequence[float], stroke: Stroke = stroke) -> list[float]:
            now = state[1] / state[0]
            return [stroke.in_ml - stroke.out_ml, stroke.in_ml * stroke.strength - stroke.out_ml * now]

        volume, drug = solve_ivp(change, (0, 1), [volume, drug], method="DOP853", rtol=TIGHT, atol=TIGHT).y[:, -1]
    return float(drug / volume)


class Leak(NamedTuple):
    """Where a leak is (mL from the motor), and its share at an hour."""

    place_ml: float
    share: Flow


def arrival(entered: float, end_ml: float, flow: Flow, leak: Leak, until: float) -> float:
    """The hour at which fluid that entered the path at an hour is `end_ml` down it; `until` when it is not there by then.

    Before the leak the fluid moves with the flow, beyond it with what the leak leaves of it.
    """

    def move(hour: float, state: Sequence[float]) -> list[float]:
        return [flow(hour) * (1 if state[0] < leak.place_ml else 1 - leak.share(hour))]

    def there(_: float, state: Sequence[float]) -> float:
        return float(state[0]) - end_ml

    there.terminal = True  # type: ignore[attr-defined]  # scipy's way to be told that an event ends the run
    run = solve_ivp(move, (entered, until), [0.0], events=there, method="DOP853", rtol=TIGHT, atol=TIGHT, max_step=(until - entered) / 50)
    return float(run.t[-1])


def overfilled(excess_ml: float, flow: float, gain_per_ml: float, hours: float) -> float:
    """Volume pumped from an overfilled reservoir: the flow is higher by so much for each mL of excess that is left."""

    def change(_: float, state: Sequence[float]) -> list[float]:
        return [flow * (1 + gain_per_ml * max(0.0, excess_ml - state[0]))]

    return float(solve_ivp(change, (0, hours), [0.0], method="DOP853", rtol=TIGHT, atol=TIGHT, max_step=hours / 100).y[0, -1])


def absorbed(deposits: Sequence[tuple[float, float]], half_life: float, hour: float) -> float:
    """What first-order uptake has taken from (hour, amount) deposits by an hour: d(left)/dt = -ln 2 / half-life x left."""
    rate = 0.6931471805599453 / half_life
    taken = 0.0
    for since, amount in deposits:
        if hour > since:
            left = solve_ivp(lambda _, state: [-rate * state[0]], (since, hour), [amount], method="DOP853", rtol=TIGHT, atol=TIGHT)
            taken += amount - float(left.y[0, -1])
    return taken
