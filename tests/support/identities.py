"""What pumps of tests tell of themselves, where no pump is needed to tell it."""

from __future__ import annotations

from protocol.messages import DrugEntry, Identity, Limits

__all__ = ["LIMITS", "identity"]

LIMITS = Limits(
    rate_nl_per_h_min=2_000,
    rate_nl_per_h_max=1_000_000,
    minimum_rate_nl_per_h=250,
    steps_per_group_max=13,
    capacity_nl=40_000_000,
    low_reservoir_nl_min=1_000_000,
    low_reservoir_nl_max=20_000_000,
    bolus_nl_min=250,
    bolus_nl_max=1_000_000,
    bolus_s_min=60,
    bolus_s_max=43_200,
    critical_repeat_s_min=600,
    critical_repeat_s_max=7_200,
    non_critical_repeat_s_min=3_600,
    non_critical_repeat_s_max=86_400,
    clock_us_max=1 << 62,
    prime_nl_max=1_000_000,
    bridge_nl_max=1_000_000,
    lockout_s_min=300,
    lockout_s_max=86_400,
    most_per_day_max=24,
)


def identity(*drugs: DrugEntry, limits: Limits = LIMITS) -> Identity:
    """A pump with these limits and this library."""
    return Identity("ITP-40", "X1", "1.0", 1, 0, 1_000_000, 1, 0, 1, 140_000, (limits,), drugs)
