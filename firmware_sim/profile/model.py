"""A profile: every number of a pump, from a YAML file in which each has a provenance.

The file is data for people; the firmware and the plant see plain integers. A profile is one that ships, by its name, or a file of the
user's own, by its path. A missing, misspelt or badly typed number is an error that names the file, the line and the nearest word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from firmware_sim.limits import CACHE_ENTRIES_MAX
from firmware_sim.profile.folder import is_path, name_of
from firmware_sim.profile.sections import (
    AlarmNumbers,
    Battery,
    Behaviour,
    Bolus,
    Catheter,
    Clock,
    DrugEntry,
    Environment,
    Identity,
    Limiter,
    MemoryNumbers,
    Motor,
    Number,
    Pocket,
    Rate,
    Reservoir,
    SelfTest,
    Sound,
    Watchdog,
)

__all__ = ["Profile", "load_profile", "load_profile_text"]

_STANDARD = "itp-40"
"""The pump that the firmware's memory was laid out for."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole pump in numbers. `numbers` keeps each with its provenance under its dotted path.

    `text` is all of it as YAML, enough to have the same pump elsewhere; empty for a pump that ships, with the catheter it ships with.
    """

    name: str
    identity: Identity
    behaviour: Behaviour
    reservoir: Reservoir
    motor: Motor
    rate: Rate
    bolus: Bolus
    catheter: Catheter
    alarm: AlarmNumbers
    sound: Sound
    battery: Battery
    self_test: SelfTest
    watchdog: Watchdog
    limiter: Limiter
    environment: Environment
    pocket: Pocket
    clock: Clock
    memory: MemoryNumbers
    drugs: tuple[DrugEntry, ...]
    known_deviations: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, Number], ...]
    text: str = ""

    def drug(self, drug_id: int) -> DrugEntry | None:
        """The library's entry of a drug id."""
        return next((drug for drug in self.drugs if drug.drug_id == drug_id), None)


def load_profile(name: str, *, catheter: str = "") -> Profile:
    """A shipped profile by name, or a file of one's own by path (`./my-pump.yaml`), with a catheter of the family if one is named.

    Raises ProfileError for an unknown name or a wrong file.
    """
    if not is_path(name):
        return _shipped(name, catheter)
    from firmware_sim.profile.build import build, whole
    from firmware_sim.profile.file import ProfileFile

    return whole(build(name_of(name), ProfileFile.read(Path(name), catheter), _shipped(_STANDARD, "")))


@lru_cache(maxsize=CACHE_ENTRIES_MAX)
def load_profile_text(name: str, text: str) -> Profile:
    """The profile that had this name and this `text`: the one that ships if the text is empty. Raises ProfileError."""
    if not text:
        return _shipped(name, "")
    from firmware_sim.profile.build import build, whole
    from firmware_sim.profile.file import ProfileFile

    return whole(build(name, ProfileFile.parse(f"{name}.yaml", text), _shipped(_STANDARD, "")))


@lru_cache(maxsize=CACHE_ENTRIES_MAX)
def _shipped(name: str, catheter: str) -> Profile:
    from firmware_sim.profile.cache import cached

    return cached(name, catheter, lambda: _read_shipped(name, catheter))


def _read_shipped(name: str, catheter: str) -> Profile:
    from firmware_sim.profile.build import build, whole
    from firmware_sim.profile.file import ProfileFile

    standard = None if name == _STANDARD else _shipped(_STANDARD, "")
    profile = build(name, ProfileFile.shipped(name, catheter), standard)
    return whole(profile) if catheter else profile
