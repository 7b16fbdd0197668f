"""Units of the simulator: integers only, the unit last in every name.

Volume that the firmware commands is counted in *units* of one nL/h for one microsecond, so that rate x time is exact;
volume that truly moves is counted in femtolitres; drug is volume_fl x concentration_fg_per_ml, called *mass*.
"""

from __future__ import annotations

US_PER_MS = 1_000
US_PER_S = 1_000_000
S_PER_MIN = 60
S_PER_H = 3_600
S_PER_DAY = 86_400
MIN_PER_DAY = 1_440
H_PER_DAY = 24
DAYS_PER_WEEK = 7
US_PER_MIN = S_PER_MIN * US_PER_S
US_PER_H = S_PER_H * US_PER_S
US_PER_DAY = S_PER_DAY * US_PER_S
US_PER_WEEK = DAYS_PER_WEEK * US_PER_DAY
US_PER_YEAR = 31_557_600 * US_PER_S
"""A year of 365.25 days."""

PPM = 1_000_000
UNITS_PER_NL = S_PER_H * US_PER_S
"""One nanolitre: 1 nL/h held for an hour of microseconds."""
FL_PER_NL = 1_000_000
FG_PER_NG = 1_000_000
NG_PER_MCG = 1_000
NG_PER_MG = 1_000_000
NL_PER_ML = 1_000_000
MASS_PER_NG = 10**12 * FG_PER_NG
"""Mass is fL x fg/mL; one nanogram is 1e12 fL (1 mL) x 1e6 fg."""
MDEGC_PER_K = 1_000
M_PER_KM = 1_000
PRESSURE_STEP_MMHG = 100
"""A pressure coefficient is per so many mmHg."""
NC_PER_MC = 1_000_000
"""Nanocoulombs in a millicoulomb."""

EPOCH_WEEKDAY = 5
"""2000-01-01, where the device clock begins, was a Saturday; Monday is 0."""
WEEKDAYS_ALL = 0b111_1111
