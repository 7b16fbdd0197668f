"""A profile: every number of a pump, from a YAML file in which each has a provenance.

The file is data for people; the firmware and the plant see plain integers. A missing, misspelt or badly typed number is an error that
names the file, the line and the nearest word.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_type_hints

from firmware_sim.errors import ProfileError
from firmware_sim.limits import CACHE_ENTRIES_MAX

__all__ = ["DrugEntry", "Number", "Profile", "load_profile", "profile_names"]

_FOLDER = Path(__file__).parent / "profiles"
S = TypeVar("S")


class Number(NamedTuple):
    """One number as the file gives it: value, sourced or assumed, and the source or a note."""

    value: int
    provenance: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Names the pump answers with."""

    model: str
    firmware: str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Ways in which pumps of this class differ that are not numbers; `after_bolus` is one of AFTER_BOLUS."""

    stops_for_update: bool
    after_bolus: str


@dataclass(frozen=True, slots=True)
class Reservoir:
    """Volumes of the reservoir; capacity counts above the residual."""

    capacity_nl: int
    residual_nl: int


@dataclass(frozen=True, slots=True)
class Motor:
    """The step, how it differs from unit to unit, and how long a stall takes to show."""

    step_nl: int
    unit_error_sd_ppm: int
    unit_error_max_ppm: int
    printed_sd_ppm: int
    accuracy_band_ppm: int
    stall_detection_s: int
    recovery_detection_s: int


@dataclass(frozen=True, slots=True)
class Rate:
    """Range of a programmed rate."""

    rate_nl_per_h_min: int
    rate_nl_per_h_max: int
    minimum_rate_nl_per_h: int
    steps_per_group_max: int


@dataclass(frozen=True, slots=True)
class Bolus:
    """Ranges of doses: single bolus, prime, bridge bolus, and what a patient may ask for."""

    bolus_nl_min: int
    bolus_nl_max: int
    bolus_s_min: int
    bolus_s_max: int
    prime_rate_nl_per_h: int
    prime_nl_max: int
    bridge_nl_max: int
    lockout_s_min: int
    lockout_s_max: int
    most_per_day_max: int


@dataclass(frozen=True, slots=True)
class Catheter:
    """The path from motor to tip."""

    tubing_nl: int
    length_mm: int
    mixing_nl: int
    volume_nl_per_mm: int

    @property
    def path_nl(self) -> int:
        """Volume of tubing and catheter together."""
        return self.tubing_nl + self.length_mm * self.volume_nl_per_mm


@dataclass(frozen=True, slots=True)
class AlarmNumbers:
    """Levels, repeats, silences and delays of alarms."""

    low_reservoir_nl_default: int
    low_reservoir_nl_min: int
    low_reservoir_nl_max: int
    critical_repeat_s_default: int
    critical_repeat_s_min: int
    critical_repeat_s_max: int
    non_critical_repeat_s_default: int
    non_critical_repeat_s_min: int
    non_critical_repeat_s_max: int
    critical_silence_s: int
    non_critical_silence_s: int
    stopped_too_long_s: int


@dataclass(frozen=True, slots=True)
class Sound:
    """The two sounds."""

    critical_ms: int
    non_critical_ms: int
    tone_low_hz: int
    tone_high_hz: int
    tone_ms: int


@dataclass(frozen=True, slots=True)
class Battery:
    """Charge, what time and steps draw, voltage full and empty."""

    capacity_mc: int
    quiescent_na: int
    step_nc: int
    full_mv: int
    empty_mv: int
    replace_after_days: int


@dataclass(frozen=True, slots=True)
class Clock:
    """The oscillator and the clock's start and end, microseconds since 2000-01-01 00:00."""

    drift_ppm: int
    clock_us_start: int
    clock_us_max: int


@dataclass(frozen=True, slots=True)
class MemoryNumbers:
    """Sizes of the memory regions, in the order in which they lie, and the scrub period."""

    bank_a_bytes: int
    bank_b_bytes: int
    answer_table_bytes: int
    last_id_bytes: int
    session_counter_bytes: int
    delivery_records_bytes: int
    lockout_ring_bytes: int
    patient_counters_bytes: int
    delivery_state_bytes: int
    reservoir_state_bytes: int
    clock_offset_bytes: int
    boot_state_bytes: int
    keys_bytes: int
    event_ring_bytes: int
    fault_ring_bytes: int
    scrub_period_s: int

    def regions(self) -> dict[str, int]:
        """Region name -> size in bytes, in order."""
        return {name.removesuffix("_bytes"): getattr(self, name) for name in _names(type(self)) if name.endswith("_bytes")}


@dataclass(frozen=True, slots=True)
class DrugEntry:
    """One drug of the pump's library."""

    name: str
    drug_id: int
    version: int
    concentration_ng_per_ml_min: int
    concentration_ng_per_ml_max: int
    daily_dose_ng_max: int
    stability_days: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole pump in numbers. `numbers` keeps each with its provenance under its dotted path."""

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
    clock: Clock
    memory: MemoryNumbers
    drugs: tuple[DrugEntry, ...]
    known_deviations: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, Number], ...]

    def drug(self, drug_id: int) -> DrugEntry | None:
        """The library's entry of a drug id."""
        return next((drug for drug in self.drugs if drug.drug_id == drug_id), None)


_SECTIONS: dict[str, type] = {
    "identity": Identity,
    "behaviour": Behaviour,
    "reservoir": Reservoir,
    "motor": Motor,
    "rate": Rate,
    "bolus": Bolus,
    "catheter": Catheter,
    "alarm": AlarmNumbers,
    "sound": Sound,
    "battery": Battery,
    "clock": Clock,
    "memory": MemoryNumbers,
}
AFTER_BOLUS = ("resume", "stop")
_PLAIN = ("identity", "behaviour")


def profile_names() -> list[str]:
    """Names of the profiles that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@lru_cache(maxsize=CACHE_ENTRIES_MAX)
def load_profile(name: str) -> Profile:
    """Read a shipped profile by name. Raises ProfileError for an unknown name or a wrong file."""
    if name not in profile_names():
        nearest = get_close_matches(name, profile_names(), 1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ProfileError(f"unknown profile {name!r}: there are {', '.join(profile_names())}{hint}")
    from firmware_sim.profile_file import ProfileFile

    return _build(name, ProfileFile.read(_FOLDER / f"{name}.yaml"))


def _build(name: str, file: Any) -> Profile:
    sections: dict[str, Any] = {key: _section(kind, key, file) for key, kind in _SECTIONS.items()}
    drugs = tuple(
        DrugEntry(drug, **{field: file.number(("drugs", drug, field)).value for field in _names(DrugEntry)[1:]})
        for drug in file.keys("drugs")
    )
    file.refuse_unknown()
    if sections["behaviour"].after_bolus not in AFTER_BOLUS:
        raise ProfileError(f"{name}.yaml: behaviour.after_bolus is {sections['behaviour'].after_bolus!r}; give {' or '.join(AFTER_BOLUS)}")
    return Profile(name=name, **sections, drugs=drugs, known_deviations=file.deviations(), numbers=file.used())


def _section(kind: type[S], key: str, file: Any) -> S:
    if key in _PLAIN:
        return kind(**{field: file.plain((key, field), hint) for field, hint in get_type_hints(kind).items()})
    return kind(**{field: file.number((key, field)).value for field in _names(kind)})


def _names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]
