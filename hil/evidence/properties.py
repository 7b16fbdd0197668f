"""Names of what travels in the properties of a test's reports: the one place where they are spelt.

They pass through pytest-xdist and into JUnit XML; evidence is made from them alone.
"""

from __future__ import annotations

__all__ = ["CURVE", "DIGEST", "FIRMWARE", "MEASUREMENT", "MODEL", "MUTANT", "SEED", "SERIAL", "SKIP"]

MEASUREMENT, CURVE = "pump_measurement", "pump_curve"
"""JSON, one for each that a test takes."""
DIGEST, SEED, SERIAL = "pump_digest", "pump_seed", "pump_serial"
MODEL, FIRMWARE = "pump_model", "pump_firmware"
"""As the pump itself told them in its answer to HELLO."""
MUTANT = "pump_mutant"
"""The firmware defect of the pump, where it has one on purpose."""
SKIP = "pump_skip"
"""Why a test was skipped."""
