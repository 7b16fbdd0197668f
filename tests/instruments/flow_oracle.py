"""The method's formulas written out sample by sample in fractions, with nothing in common with the product's way to them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

__all__ = ["Case", "error_percent", "flows_ml_per_h", "window_errors"]


class Case(NamedTuple):
    """Masses in g at samples 0, 1, 2 ..., sample interval in min, density in g/mL, set rate in mL/h."""

    masses_g: Sequence[Fraction]
    interval_min: Fraction
    density: Fraction
    rate: Fraction


def flows_ml_per_h(case: Case) -> list[Fraction]:
    """Q_i = 60 (W_i - W_i-1) / (S d)."""
    masses = case.masses_g
    return [60 * (masses[i] - masses[i - 1]) / (case.interval_min * case.density) for i in range(1, len(masses))]


def error_percent(case: Case) -> Fraction:
    """A = 100 (Q - r) / r, Q = 60 (W_end - W_start) / (T d)."""
    span_min = case.interval_min * (len(case.masses_g) - 1)
    flow = 60 * (case.masses_g[-1] - case.masses_g[0]) / (span_min * case.density)
    return 100 * (flow - case.rate) / case.rate


def window_errors(case: Case, window_min: int) -> tuple[Fraction, Fraction, int]:
    """E_p(max), E_p(min) and m = (T - P) / S + 1: means of 100 (Q_i - r) / r over each window."""
    errors = [100 * (flow - case.rate) / case.rate for flow in flows_ml_per_h(case)]
    width = window_min / case.interval_min
    assert width.denominator == 1
    means = [sum(errors[j : j + int(width)], Fraction(0)) / width for j in range(len(errors) - int(width) + 1)]
    return max(means), min(means), len(means)
