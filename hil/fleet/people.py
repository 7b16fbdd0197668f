"""What people do: plan a visit, come late, hear an alarm or not, feel that the drug has stopped. Assumed numbers, set by the plan.

All times are whole seconds. Every draw belongs to the visit before it (`k` counts visits), so that both engines draw alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hil.fleet.inputs import Inputs

__all__ = ["NEVER", "S_PER_DAY", "S_PER_H", "S_PER_YEAR", "filled_nl", "goes_into_pocket", "heard_s", "planned_s", "symptoms_s"]

Ints = NDArray[np.int64]
PPM = 1_000_000
S_PER_H = 3_600
S_PER_DAY = 24 * S_PER_H
S_PER_YEAR = S_PER_DAY * 1461 // 4
NEVER = 10**15
"""Seconds: later than all else, and small enough that sums stay within 64 bits."""


def planned_s(inputs: Inputs, by_date: NDArray[np.bool_], k: int) -> Ints:
    """From a visit to the next, in whole days as planned, with lateness."""
    lasts_s = (inputs["fill"] - inputs["low-reservoir-alarm"]) * S_PER_H // inputs["flow-rate"]
    by_low = np.maximum(lasts_s // S_PER_DAY - inputs["refill-margin"], 1)
    days = np.minimum(np.where(by_date, by_low, inputs["refill-every"]), inputs["drug-stability"])
    late = np.flatnonzero(inputs.drawn.uniform("late", k) * PPM < inputs["late-share"])
    span_s = days * S_PER_DAY
    if len(late):
        mean_s = inputs["late-days"][late] * S_PER_DAY
        span_s[late] += (inputs.drawn.take(late).exponential("late/days", k) * mean_s).astype(np.int64)
    return span_s


def heard_s(inputs: Inputs, alarm: str, k: int) -> Ints:
    """From the beginning of a `low` or `critical` alarm to the visit that it brings: whole days unheard, then the answer."""
    chance = inputs[f"{alarm}-alarm-heard"] / PPM
    with np.errstate(divide="ignore"):
        days = np.where(chance < 1, np.log(inputs.drawn.uniform(f"{alarm}-heard", k)) / np.log1p(-np.minimum(chance, 1 - 1 / PPM)), 0)
    unheard_s = np.where(chance > 0, np.floor(np.minimum(days, NEVER // S_PER_DAY)) * S_PER_DAY, NEVER)
    return np.asarray(unheard_s.astype(np.int64) + inputs[f"{alarm}-answer"] * S_PER_H)


def symptoms_s(inputs: Inputs, k: int) -> Ints:
    """From the end of delivery to the visit that withdrawal brings: from half to one and a half of the mean, or never."""
    span_s = ((0.5 + inputs.drawn.uniform("symptoms", k)) * (inputs["symptoms-after"] * S_PER_H)).astype(np.int64)
    return np.where(inputs.drawn.uniform("symptoms/felt", k) * PPM < inputs["symptoms-felt"], span_s, NEVER)


def filled_nl(inputs: Inputs, k: int) -> Ints:
    """What is injected at visit `k`, where it does not go into the pocket."""
    return inputs["fill"] + inputs["fill"] * inputs.drawn.bell("fill", inputs["fill-error"], k) // PPM


def goes_into_pocket(inputs: Inputs, k: int) -> NDArray[np.bool_]:
    """Whether the needle misses the reservoir at visit `k`."""
    return np.asarray(inputs.drawn.uniform("pocket-fill", k) < inputs.hazards["pocket_fill_share"])
