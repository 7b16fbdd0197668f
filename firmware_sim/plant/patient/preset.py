"""A preset: every number of a patient, from YAML, each with where it comes from.

`published` has a public source, `derived` was worked out from published numbers (its source says how), `memory` is from memory of a label
or textbook and is shown as unverified, `assumed` is plausible and no more. A file may extend another that ships.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from firmware_sim.errors import ProfileError
from firmware_sim.plant.patient.spine import Spine
from firmware_sim.profile.folder import is_path, meant
from firmware_sim.profile.layer import Layer, Place, read_layer, shown

__all__ = [
    "PROVENANCES",
    "Brain",
    "Csf",
    "Figure",
    "Places",
    "Plasma",
    "Preset",
    "Reflex",
    "Remedies",
    "Sensitivity",
    "Tolerance",
    "Tone",
    "Variation",
    "Vital",
    "Withdrawal",
    "load_preset",
    "load_sensitivity",
    "preset_names",
    "sensitivity_names",
]

PROVENANCES = ("published", "derived", "memory", "assumed")
MODELS = ("axial", "one-compartment")
FOLDER = Path(__file__).parents[2] / "profiles" / "patients"
SENSITIVITIES = FOLDER / "sensitivities.yaml"
SIGN_TABLES = ("overdose_signs", "early_signs", "severe_signs")
T = TypeVar("T")


class Figure(NamedTuple):
    """A number and where it comes from."""

    value: float
    provenance: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Csf:
    """Both models of the fluid."""

    half_life_h: float
    clearance_ml_per_h: float
    length_constant_cm: float
    area_cm2: float
    source_width_cm: float
    arms_share: float
    cisternal_share: float


@dataclass(frozen=True, slots=True)
class Places:
    """Vertebrae: where the tip was put, where the cord's segments of legs and arms lie, where a needle draws."""

    tip: str
    legs: str
    arms: str
    needle: str


@dataclass(frozen=True, slots=True)
class Plasma:
    """Blood, and the way there from the gut."""

    volume_ml: float
    half_life_h: float
    enteral_share: float
    enteral_half_life_h: float


@dataclass(frozen=True, slots=True)
class Reflex:
    """The fast effect: H/M."""

    rate_per_h: float
    half_effect_ng_per_ml: float
    half_effect_plasma_ng_per_ml: float
    exponent: float
    h_m_ratio: float


@dataclass(frozen=True, slots=True)
class Tone:
    """The slow effect: Ashworth of legs and arms, spasms of the legs."""

    rate_per_h: float
    legs_half_effect_ng_per_ml: float
    arms_half_effect_ng_per_ml: float
    half_effect_plasma_ng_per_ml: float
    exponent: float
    spasm_half_effect_share: float
    legs_ashworth: float
    arms_ashworth: float
    least_ashworth: float
    spasm_score: float
    controlled_share: float


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How cord and brain get used to the drug, and lose the habit; and the slow drift over years."""

    time_h: float
    tone_share: float
    brain_share: float
    drift_per_year: float


@dataclass(frozen=True, slots=True)
class Brain:
    """What makes up one unit of being over-dosed at the brain, for somebody who is not used to it."""

    rate_per_h: float
    unit_ng_per_ml: float
    unit_plasma_ng_per_ml: float


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """When what the cord is used to exceeds what it gets: by so many half effects early signs come, by such a burden severe ones."""

    early_excess: float
    severe_burden: float
    failing_burden: float
    burden_time_h: float


@dataclass(frozen=True, slots=True)
class Vital:
    """Vital signs at rest, and how far storm, unease and depression move them."""

    heart_rate_per_min: float
    heart_rate_storm_per_min: float
    heart_rate_depression_per_min: float
    systolic_mmhg: float
    diastolic_mmhg: float
    systolic_labile_mmhg: float
    systolic_depression_mmhg: float
    temperature_c: float
    temperature_storm_c: float
    temperature_depression_c: float
    breaths_per_min: float
    breaths_storm_per_min: float
    saturation_percent: float
    saturation_least_percent: float
    coma_score: float
    coma_score_least: float
    depressed_ratio: float
    grave_ratio: float
    apnoea_ratio: float
    wave_min: float


@dataclass(frozen=True, slots=True)
class Remedies:
    """What treatments do and for how long."""

    csf_removal_ml_max: float
    intrathecal_ng_max: float
    enteral_mg_max: float
    benzodiazepine_mg: float
    benzodiazepine_mg_max: float
    benzodiazepine_half_life_h: float
    benzodiazepine_relief: float
    benzodiazepine_sedation: float
    benzodiazepine_stops_seizure_share: float
    physostigmine_mg: float
    physostigmine_mg_max: float
    physostigmine_half_life_h: float
    physostigmine_relief: float
    physostigmine_ratio_max: float
    physostigmine_fails_share: float
    physostigmine_seizure_share: float
    physostigmine_block_share: float
    physostigmine_harm_h: float
    physostigmine_heart_rate_per_min: float


@dataclass(frozen=True, slots=True)
class Variation:
    """How much people differ: the deviation of the logarithm, and how far it goes."""

    half_life_spread: float
    half_life_reach: float
    volume_spread: float
    volume_reach: float
    length_constant_spread: float
    length_constant_reach: float
    sensitivity_spread: float
    sensitivity_reach: float
    rate_spread: float
    rate_reach: float
    withdrawal_spread: float
    withdrawal_reach: float
    tone_spread: float
    tone_reach: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How far a person is from the usual: factors upon half effects and units, and upon what withdrawal needs."""

    tone: float
    reflex: float
    brain: float
    withdrawal: float


@dataclass(frozen=True, slots=True)
class Preset:
    """A whole patient. `figures` has each number by its dotted name; the sign tables have the driver at which each sign shows."""

    name: str
    model: str
    title: str
    csf: Csf
    spine: Spine
    places: Places
    plasma: Plasma
    reflex: Reflex
    tone: Tone
    tolerance: Tolerance
    brain: Brain
    withdrawal: Withdrawal
    vital: Vital
    remedies: Remedies
    variation: Variation
    overdose_signs: dict[str, float]
    early_signs: dict[str, float]
    severe_signs: dict[str, float]
    figures: dict[str, Figure]


_SECTIONS: dict[str, type] = {
    "csf": Csf,
    "spine": Spine,
    "places": Places,
    "plasma": Plasma,
    "reflex": Reflex,
    "tone": Tone,
    "tolerance": Tolerance,
    "brain": Brain,
    "withdrawal": Withdrawal,
    "vital": Vital,
    "remedies": Remedies,
    "variation": Variation,
}


def preset_names() -> list[str]:
    """Names of the presets that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path != SENSITIVITIES)


def sensitivity_names() -> list[str]:
    """Names of the sensitivities that ship."""
    return list(read_layer(SENSITIVITIES).data)


@cache
def load_preset(name: str) -> Preset:
    """A preset that ships, by name, or a file, by its path. Raises ProfileError with file and line."""
    file = _File(_layers(name))
    sections: dict[str, Any] = {section: file.section(section, kind) for section, kind in _SECTIONS.items()}
    sections |= {table: file.table(table) for table in SIGN_TABLES}
    model = file.word(("model",), MODELS)
    return Preset(Path(name).stem, model, file.word(("title",)), **sections, figures=file.figures)


@cache
def load_sensitivity(name: str) -> Sensitivity:
    """A sensitivity that ships. Raises ProfileError for an unknown name."""
    layer = read_layer(SENSITIVITIES)
    if name not in layer.data:
        names = list(layer.data)
        raise ProfileError(f"unknown sensitivity {name!r}: there are {', '.join(names)}{meant(name, names)}")
    found: Sensitivity = _File([layer]).section(name, Sensitivity)
    return found


class _File:
    """Layers of a preset, the nearest first, and the figures read from them."""

    def __init__(self, layers: list[Layer]) -> None:
        self._layers = layers
        self.figures: dict[str, Figure] = {}

    def section(self, section: str, kind: type[T]) -> T:
        """A section's numbers and words. Raises ProfileError for one that is missing or that nobody knows."""
        kinds = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]  # every section is a dataclass
        for layer in self._layers:
            for name in layer.get((section,)) or ():
                if name not in kinds:
                    raise ProfileError(f"{layer.where((section, name))}: unknown name {name}{meant(name, list(kinds))}")
        return kind(**{name: self.word((section, name)) if of == "str" else self._number((section, name)) for name, of in kinds.items()})

    def table(self, table: str) -> dict[str, float]:
        """A section of names of one's own."""
        names = dict.fromkeys(name for layer in reversed(self._layers) for name in layer.get((table,)) or ())
        return {name: self._number((table, name)) for name in names}

    def word(self, place: Place, choices: tuple[str, ...] = ()) -> str:
        """A text, or one of the choices."""
        value, where = self._find(place)
        if not isinstance(value, str) or not value or (choices and value not in choices):
            raise ProfileError(f"{where}: {'.'.join(place)} is {shown(value)}; give {' or '.join(choices) or 'text'}")
        return value

    def _number(self, place: Place) -> float:
        entry, where = self._find(place)
        try:
            figure = _figure(entry)
        except ValueError as problem:
            raise ProfileError(f"{where}: {'.'.join(place)}: {problem}") from None
        self.figures[".".join(place)] = figure
        return figure.value

    def _find(self, place: Place) -> tuple[Any, str]:
        for layer in self._layers:
            if layer.depth(place) == len(place):
                return layer.get(place), layer.where(place)
        raise ProfileError(f"{self._layers[0].where(place)}: {'.'.join(place)} is missing; add it")


def _figure(entry: Any) -> Figure:
    """An entry as it should be. Raises ValueError."""
    if not isinstance(entry, dict) or not {"value", "provenance"} <= entry.keys() <= {"value", "provenance", "source", "note"}:
        raise ValueError(f"is {shown(entry)}; write {{value: 1, provenance: assumed}}")
    value, provenance, source = entry["value"], entry["provenance"], str(entry.get("source", ""))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"value is {shown(value)}; give a number")
    if provenance not in PROVENANCES:
        raise ValueError(f"provenance is {shown(provenance)}; give {' or '.join(PROVENANCES)}")
    if (provenance in PROVENANCES[:2]) != bool(source):
        raise ValueError("a published or derived number names its source, another has none (reasons go into note)")
    return Figure(float(value), provenance, source, str(entry.get("note", "")))


def _layers(name: str) -> list[Layer]:
    """A preset's file and those below it. Raises ProfileError."""
    names = preset_names()
    if not is_path(name) and name not in names:
        raise ProfileError(f"unknown patient {name!r}: there are {', '.join(names)}{meant(name, names)}")
    layers = [read_layer(Path(name) if is_path(name) else FOLDER / f"{name}.yaml")]
    while "extends" in layers[-1].data:
        below = layers[-1].data["extends"]
        if below not in names or len(layers) > len(names):
            raise ProfileError(f"{layers[-1].where(('extends',))}: extends {shown(below)}; give one that ships: {', '.join(names)}")
        layers.append(read_layer(FOLDER / f"{below}.yaml"))
    return layers
