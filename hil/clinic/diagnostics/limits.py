"""Named limits of the diagnostics."""

from __future__ import annotations

DRAW_MAX = 2**63 - 1
"""A draw number is anybody's own count."""
FULL_TURN_MDEG = 360_000
"""Thousandths of a degree in a turn."""
LISTENING_S_MAX = 604_800
"""Nobody listens longer than a week."""
MDEG_PER_DEGREE = 1_000
VOLUME_NL_MAX = 100_000_000
"""No syringe holds more than 0.1 L."""
