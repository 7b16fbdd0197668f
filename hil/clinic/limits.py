"""Named limits of the clinic itself."""

from __future__ import annotations

UNVERIFIED_TOKEN = 1_000
"""Added to the number of an unverified rule where it travels in a COMMIT, so that U-01 is not taken for R-001."""
PERCENT = 100
PERMILLE = 1_000
HOURS_PER_DAY = 24
MONTHS_PER_YEAR = 12
DAYS_PER_YEAR = 365
WAIVED_PERCENT_MAX = 10
"""Of the rules that concern programmer, refill planner or patient, so many may be without a test, each for its reason."""
