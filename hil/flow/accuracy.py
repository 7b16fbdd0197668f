"""Flow accuracy after the method that IEC 60601-2-24 uses for external pumps, borrowed because it is public and comparable.

A mass is corrected for what evaporated, divided by the density, and read every sample interval S. The start-up curve is the flow of
each interval. The trumpet is, for each window length P, the largest and the smallest mean error of any window of that length inside the
analysis period; it need not narrow. The overall error is that of the whole period. None of it is a claim of conformance.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from hil.errors import CheckFailed, UsageError
from hil.flow.log import Reading, mass_at

__all__ = ["AMBULATORY", "SETS", "VOLUMETRIC", "Corrections", "FlowReport", "SampleSet", "Trumpet", "Window", "analyse", "volume_nl"]

US_PER_S = 1_000_000
S_PER_H = 3_600
NL_PER_ML = 1_000_000
GAP_PERCENT_MAX = 150
"""No two readings may lie further apart than this share of the sample interval."""


class SampleSet(NamedTuple):
    """How often is sampled, what the start-up curve and the analysis periods span, and the windows, all in seconds."""

    name: str
    interval_s: int
    start_up_s: int
    first_from_s: int
    period_s: int
    windows_s: tuple[int, ...]


VOLUMETRIC = SampleSet("volumetric", 30, 7_200, 3_600, 3_600, (120, 300, 660, 1_140, 1_860))
"""Volumetric and syringe pumps: the second hour, and the last."""
AMBULATORY = SampleSet("ambulatory", 900, 86_400, 86_400, 86_400, (900, 3_600, 9_000, 19_800, 34_200, 55_800))
"""Slow and ambulatory pumps: the second day, and the last."""
SETS = {each.name: each for each in (VOLUMETRIC, AMBULATORY)}


class Corrections(NamedTuple):
    """What turns a mass into a volume: density, and what the vessel loses."""

    density_ug_per_ml: int
    evaporation_ug_per_h: int = 0


class Window(NamedTuple):
    """Of all windows of one length: the largest and smallest mean error, and how many there are."""

    window_s: int
    highest_percent: float
    lowest_percent: float
    windows: int


class Trumpet(NamedTuple):
    """One analysis period: where it lies, its overall error, and its windows."""

    from_s: int
    to_s: int
    flow_nl_per_h: float
    error_percent: float
    windows: tuple[Window, ...]


class FlowReport(NamedTuple):
    """`start_up_nl_per_h` has the flow of each sample interval from the beginning; `last` is None where the log ends with the first."""

    sample_set: SampleSet
    rate_nl_per_h: int
    corrections: Corrections
    start_up_nl_per_h: tuple[float, ...]
    first: Trumpet
    last: Trumpet | None


def volume_nl(log: Sequence[Reading], at_us: int, corrections: Corrections) -> float:
    """Volume that had come by a time, from an unknown zero: mass with what had evaporated added, over the density."""
    evaporated_ug = corrections.evaporation_ug_per_h * at_us / (S_PER_H * US_PER_S)
    return (mass_at(log, at_us) + evaporated_ug) * NL_PER_ML / corrections.density_ug_per_ml


def analyse(log: Sequence[Reading], rate_nl_per_h: int, sample_set: SampleSet, corrections: Corrections) -> FlowReport:
    """Work out the curves. Raises CheckFailed for a log that is too short, UsageError for one with gaps or a rate that is none."""
    if rate_nl_per_h <= 0 or corrections.density_ug_per_ml <= 0:
        raise UsageError("set rate and density are above 0", where="flow accuracy", do="give the rate that was programmed")
    interval_s = sample_set.interval_s
    first_to_s = sample_set.first_from_s + sample_set.period_s
    whole = log[-1].at_us // (interval_s * US_PER_S)
    if whole * interval_s < first_to_s:
        raise CheckFailed(
            f"the log ends after {log[-1].at_us / US_PER_S / S_PER_H:.2f} h; the {sample_set.name} set takes {first_to_s / S_PER_H:g} h",
            where="flow accuracy",
            do="weigh longer, or choose the other set",
        )
    _refuse_gaps(log, sample_set)
    volumes = [volume_nl(log, sample * interval_s * US_PER_S, corrections) for sample in range(whole + 1)]
    start_up = tuple((late - early) * S_PER_H / interval_s for early, late in pairwise(volumes[: sample_set.start_up_s // interval_s + 1]))
    first = _trumpet(volumes, sample_set.first_from_s, rate_nl_per_h, sample_set)
    last_from_s = whole * interval_s - sample_set.period_s
    last = None if last_from_s == first.from_s else _trumpet(volumes, last_from_s, rate_nl_per_h, sample_set)
    return FlowReport(sample_set, rate_nl_per_h, corrections, start_up, first, last)


def _trumpet(volumes: Sequence[float], from_s: int, rate_nl_per_h: int, sample_set: SampleSet) -> Trumpet:
    begin = from_s // sample_set.interval_s
    period = volumes[begin : begin + sample_set.period_s // sample_set.interval_s + 1]
    flow_nl_per_h = (period[-1] - period[0]) * S_PER_H / sample_set.period_s
    windows = tuple(_window(period, window_s, rate_nl_per_h, sample_set.interval_s) for window_s in sample_set.windows_s)
    return Trumpet(from_s, from_s + sample_set.period_s, flow_nl_per_h, _error_percent(flow_nl_per_h, rate_nl_per_h), windows)


def _window(volumes: Sequence[float], window_s: int, rate_nl_per_h: int, interval_s: int) -> Window:
    """The mean error over a window is that of the volume between its ends."""
    width = window_s // interval_s
    flows = [(late - early) * S_PER_H / window_s for early, late in zip(volumes, volumes[width:], strict=False)]
    return Window(window_s, _error_percent(max(flows), rate_nl_per_h), _error_percent(min(flows), rate_nl_per_h), len(flows))


def _error_percent(flow_nl_per_h: float, rate_nl_per_h: int) -> float:
    return 100 * (flow_nl_per_h - rate_nl_per_h) / rate_nl_per_h


def _refuse_gaps(log: Sequence[Reading], sample_set: SampleSet) -> None:
    longest_us = sample_set.interval_s * US_PER_S * GAP_PERCENT_MAX // 100
    for early, late in pairwise(log):
        if late.at_us - early.at_us > longest_us:
            what = f"no reading for {(late.at_us - early.at_us) / US_PER_S:g} s after {early.at_us / US_PER_S:g} s"
            do = f"the {sample_set.name} set samples every {sample_set.interval_s} s: weigh as often, or choose the other set"
            raise UsageError(what, where="balance log", do=do)
