"""Names that the processes of a run agree on: properties of reports, and options of `hil.evidence.session`."""

from __future__ import annotations

from hil.evidence.properties import CURVE, DIGEST, FIRMWARE, MEASUREMENT, MODEL, MUTANT, SEED, SERIAL

__all__ = [
    "BASES_OPTION",
    "CURVE",
    "DIGEST",
    "FIRMWARE",
    "MEASUREMENT",
    "MODEL",
    "MUTANT",
    "NAME",
    "ORDER_OPTION",
    "SAYS",
    "SEED",
    "SERIAL",
]

NAME, SAYS = "pump_test", "pump_says"
"""What a test is called wherever the suite lies, and what it says it shows."""
BASES_OPTION, ORDER_OPTION = "--verify-base", "--verify-order"
