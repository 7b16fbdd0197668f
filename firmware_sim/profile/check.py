"""Whether the numbers of a profile fit together: each may be fine by itself and the pump still could not be built."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from firmware_sim.errors import ProfileError
from firmware_sim.limits import (
    PAGE_BYTES,
    PLACES_PER_GROUP,
    PROFILE_COUNT_MAX,
    PROFILE_DRUGS_MAX,
    PROFILE_ID_MAX,
    PROFILE_MEMORY_BYTES_MAX,
    PROFILE_NAME_LETTERS_MAX,
)
from firmware_sim.profile.layer import Place
from firmware_sim.profile.model import Profile
from firmware_sim.units import M_PER_KM, MDEGC_PER_K, PPM, PRESSURE_STEP_MMHG

__all__ = ["check_profile"]

_ORDER = (
    "rate.minimum_rate_nl_per_h rate.rate_nl_per_h_min",
    "rate.constant_rate_nl_per_h rate.rate_nl_per_h_max",
    "bolus.prime_rate_nl_per_h rate.rate_nl_per_h_max",
    "alarm.low_reservoir_nl_max reservoir.capacity_nl",
    "sound.tone_ms sound.critical_ms",
    "battery.empty_mv battery.eri_mv",
    "battery.eri_mv battery.full_mv",
    "battery.brownout_mv battery.supply_mv_min",
    "battery.full_mv battery.supply_mv_max",
    "battery.eri_days battery.age_days_max",
    "watchdog.timeout_s watchdog.failure_s",
    "clock.clock_us_start clock.clock_us_max",
)
"""Pairs of numbers of which the first is never above the second."""

_BELOW_ZERO = {"environment.temperature_ppm_per_k", "environment.pressure_ppm_per_100_mmhg", "clock.drift_ppm"}
_ZERO = _BELOW_ZERO | {
    "reservoir.residual_nl",
    "reservoir.overfill_ppm_per_ml",
    "reservoir.overfill_nl_max",
    "motor.unit_error_sd_ppm",
    "motor.unit_error_max_ppm",
    "motor.printed_sd_ppm",
    "motor.wear_ppm_per_block",
    "rate.constant_rate_nl_per_h",
    "catheter.mixing_nl",
    "battery.wake_nc",
    "self_test.post_ms",
    "environment.mmhg_per_km",
    "environment.altitude_m_max",
    "clock.clock_us_start",
}
"""Numbers that may be zero, or less; every other one is 1 or more."""

_LARGEST = {
    "rate.steps_per_group_max": PLACES_PER_GROUP - 1,
    "bolus.most_per_day_max": PROFILE_COUNT_MAX,
    "motor.unit_error_max_ppm": PPM - 1,
    "motor.wear_ppm_per_block": PPM - 1,
}
_DRUG_ZERO = ("concentration_ng_per_ml_min", "concentration_ng_per_ml_max", "daily_dose_ng_max", "daily_dose_ng_soft")
_DRUG_NARROW = ("drug_id", "version", "stability_days")
_RINGS = ("event_ring", "fault_ring")
_LOCKOUTS = "lockout_ring"
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 _-]{{0,{PROFILE_NAME_LETTERS_MAX - 1}}}")
_VERSION = re.compile(rf"[!-~]{{1,{PROFILE_NAME_LETTERS_MAX}}}")


class _Problem(NamedTuple):
    """What does not fit, and the entries it lies in."""

    places: tuple[str, ...]
    what: str


class _Lines(Protocol):
    """What tells where an entry stands."""

    def where(self, *places: Place) -> str:
        """FILE:LINE of the one among these places that the nearest file gives."""


def check_profile(profile: Profile, lines: _Lines, standard: Profile) -> None:
    """Raise ProfileError for the first thing that does not fit, at the line that was written last.

    `standard` is the pump that the firmware's memory was laid out for.
    """
    numbers = {path: number.value for path, number in profile.numbers}
    for problem in chain(_words(profile), _sizes(numbers), _orders(numbers), _memory(profile, standard), _drugs(profile), _flow(profile)):
        where = lines.where(*(tuple(place.split(".")) for place in problem.places))
        raise ProfileError(f"{where}: {problem.what}")


def _words(profile: Profile) -> Iterator[_Problem]:
    for place, word, form in (("model", profile.identity.model, _NAME), ("firmware", profile.identity.firmware, _VERSION)):
        if not form.fullmatch(word):
            yield _Problem((f"identity.{place}",), f"identity.{place} is {word!r}; use at most {PROFILE_NAME_LETTERS_MAX} plain letters")
    for drug in profile.drugs:
        if not _NAME.fullmatch(drug.name):
            yield _Problem(("drugs",), f"drug {drug.name!r}: a name has at most {PROFILE_NAME_LETTERS_MAX} plain letters, digits, - and _")


def _sizes(numbers: dict[str, int]) -> Iterator[_Problem]:
    for path, value in numbers.items():
        name = path.rpartition(".")[2]
        may_be_zero = path in _ZERO or (path.startswith("drugs.") and name in _DRUG_ZERO)
        if path not in _BELOW_ZERO and value < (0 if may_be_zero else 1):
            yield _Problem((path,), f"{path} is {value}; give {0 if may_be_zero else 1} or more")
        largest = PROFILE_ID_MAX if path.startswith("drugs.") and name in _DRUG_NARROW else _LARGEST.get(path, value)
        if value > largest:
            yield _Problem((path,), f"{path} is {value:_}; give {largest:_} or less")


def _orders(numbers: dict[str, int]) -> Iterator[_Problem]:
    pairs = [(low, high) for low, _, high in (pair.partition(" ") for pair in _ORDER)]
    for path in numbers:
        stem, _, end = path.rpartition("_")
        if end == "min" and f"{stem}_max" in numbers:
            between = [name for name in (stem, f"{stem}_default") if name in numbers]
            pairs += [(path, name) for name in between] + [(name, f"{stem}_max") for name in between] + [(path, f"{stem}_max")]
    for low, high in pairs:
        if numbers[low] > numbers[high]:
            yield _Problem((low, high), f"{low} is {numbers[low]:_}, above {high}, which is {numbers[high]:_}")


def _memory(profile: Profile, standard: Profile) -> Iterator[_Problem]:
    """The standard pump's regions are as large as what the firmware lays there; only a ring takes what it gets."""
    regions, least = profile.memory.regions(), standard.memory.regions()
    paths = tuple(f"memory.{name}_bytes" for name in regions)
    for path, (name, size) in zip(paths, regions.items(), strict=True):
        least_bytes = PAGE_BYTES if name in _RINGS else least[name]
        if size < least_bytes and name != _LOCKOUTS:
            yield _Problem((path,), f"{path} is {size:_}, too small for what it holds; give {least_bytes:_} or more")
    if regions["bank_a"] != regions["bank_b"]:
        what = f"{paths[0]} is {regions['bank_a']:_} and {paths[1]} {regions['bank_b']:_}; both banks have one size"
        yield _Problem(paths[:2], what)
    if sum(regions.values()) > PROFILE_MEMORY_BYTES_MAX:
        what = f"memory is {sum(regions.values()):_} bytes in all; {PROFILE_MEMORY_BYTES_MAX:_} is the most"
        yield _Problem((max(paths, key=lambda path: regions[path.removeprefix("memory.").removesuffix("_bytes")]),), what)
    doses = profile.bolus.most_per_day_max
    if doses * least[_LOCKOUTS] > standard.bolus.most_per_day_max * regions[_LOCKOUTS]:
        what = f"memory.lockout_ring_bytes is {regions[_LOCKOUTS]:_}, too small for bolus.most_per_day_max, which is {doses}"
        yield _Problem(("memory.lockout_ring_bytes", "bolus.most_per_day_max"), what)


def _drugs(profile: Profile) -> Iterator[_Problem]:
    counts = Counter(drug.drug_id for drug in profile.drugs)
    for drug_id, count in counts.items():
        if count > 1:
            paths = tuple(f"drugs.{drug.name}.drug_id" for drug in profile.drugs if drug.drug_id == drug_id)
            yield _Problem(paths, f"{' and '.join(paths)} are both {drug_id}; each drug has a number of its own")
    if len(profile.drugs) > PROFILE_DRUGS_MAX:
        yield _Problem(("drugs",), f"there are {len(profile.drugs)} drugs; {PROFILE_DRUGS_MAX} is the most")


def _flow(profile: Profile) -> Iterator[_Problem]:
    """Something makes the pump run, and no surroundings that it is made for turn its flow round."""
    if not profile.behaviour.telemetry and not profile.rate.constant_rate_nl_per_h:
        what = "behaviour.telemetry is false and rate.constant_rate_nl_per_h is 0: nothing would ever make this pump run"
        yield _Problem(("behaviour.telemetry", "rate.constant_rate_nl_per_h"), what)
    air = profile.environment
    high_mmhg = air.pressure_mmhg - air.altitude_m_max * air.mmhg_per_km // M_PER_KM
    if high_mmhg < air.pressure_mmhg_min:
        places = ("environment.altitude_m_max", "environment.mmhg_per_km", "environment.pressure_mmhg_min")
        yield _Problem(
            places, f"{places[0]} is {air.altitude_m_max:_}, where {high_mmhg} mmHg are left; {places[2]} is {air.pressure_mmhg_min}"
        )
    warm = (air.temperature_mdegc_min - air.temperature_mdegc, air.temperature_mdegc_max - air.temperature_mdegc)
    tight = (air.pressure_mmhg_min - air.pressure_mmhg, air.pressure_mmhg_max - air.pressure_mmhg)
    for name, per, ends in (("temperature_ppm_per_k", MDEGC_PER_K, warm), ("pressure_ppm_per_100_mmhg", PRESSURE_STEP_MMHG, tight)):
        if min(getattr(air, name) * end // per for end in ends) <= -PPM:
            yield _Problem((f"environment.{name}",), f"environment.{name} would turn the flow round within the range the pump is made for")
