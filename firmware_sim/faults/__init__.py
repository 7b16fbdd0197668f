"""Every fault of the pump by name, and what all of them together impose."""

from __future__ import annotations

from firmware_sim.faults.registry import FAULTS, accept, fault_spec

__all__ = ["FAULTS", "accept", "fault_spec"]
