"""Every number of a pump, with its provenance: the record that the simulator reads, and how a YAML file becomes one."""

from __future__ import annotations

from firmware_sim.profile.folder import profile_names
from firmware_sim.profile.model import Profile, load_profile, load_profile_text
from firmware_sim.profile.sections import Number

__all__ = ["Number", "Profile", "load_profile", "load_profile_text", "profile_names"]
