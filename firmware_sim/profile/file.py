"""The YAML files behind a profile: a file and what it extends, as layers, each number checked for its provenance."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from firmware_sim.errors import ProfileError
from firmware_sim.limits import PROFILE_CLOCK_US_MAX, PROFILE_NUMBER_MAX
from firmware_sim.profile.folder import CATHETERS, is_path, meant, profile_names, shipped_path
from firmware_sim.profile.layer import Layer, Place, parse_layer, read_layer, shown
from firmware_sim.profile.sections import SECTIONS, DrugEntry, Number, names_of

__all__ = ["DROPPED", "ProfileFile", "catheter_names"]

DROPPED = "dropped"
"""In place of a reason: this pump does not have the deviation that the profile it extends declares."""
_DRUG_NAMES = names_of(DrugEntry)[1:]
_ENTRY_WORDS = ("value", "provenance", "source", "note")
_PROVENANCES = ("sourced", "assumed")
_HOW = "write {value: 1, provenance: assumed}, or `sourced` with its source"
_REQUIREMENT = re.compile(r"[A-Z]{2}-\d{2}")


def catheter_names() -> list[str]:
    """Names of the catheters that ship."""
    return list(read_layer(CATHETERS).data)


class ProfileFile:
    """Layers of one profile, the nearest first: a catheter chosen by name, the file itself, what it extends."""

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self._layers = layers
        self._used: dict[Place, Number] = {}
        for layer in layers:
            _refuse_unknown(layer)

    @classmethod
    def shipped(cls, name: str, catheter: str = "") -> ProfileFile:
        """A profile that ships. Raises ProfileError for an unknown name."""
        names = profile_names()
        if name not in names:
            hint = meant(name, names) or "; a file of your own is named by its path, such as ./my-pump.yaml"
            raise ProfileError(f"unknown profile {name!r}: there are {', '.join(names)}{hint}")
        return cls((*_chosen(catheter), *_chain(read_layer(shipped_path(name)), shipped_path(name))))

    @classmethod
    def read(cls, path: Path, catheter: str = "") -> ProfileFile:
        """A file of one's own. Raises ProfileError with the line."""
        return cls((*_chosen(catheter), *_chain(read_layer(path), path)))

    @classmethod
    def parse(cls, label: str, text: str) -> ProfileFile:
        """A file's text, away from any folder. Raises ProfileError with the line."""
        return cls(_chain(parse_layer(label, text), None))

    def number(self, place: Place) -> Number:
        """The number at a place. Raises ProfileError when it is missing, mistyped or lacks its provenance."""
        entry, where = self._find(place)
        try:
            number = _number_of(entry, _largest(place))
        except ValueError as problem:
            raise ProfileError(f"{where}: {'.'.join(place)}: {problem}") from None
        self._used[place] = number
        return number

    def plain(self, place: Place, choices: tuple[bool | str, ...] = ()) -> Any:
        """A text or, among choices, one of them. Raises ProfileError for anything else."""
        value, where = self._find(place)
        if choices and any(type(value) is type(choice) and value == choice for choice in choices):
            return value
        if not choices and isinstance(value, str) and value:
            return str(value)
        words = [shown(choice) if isinstance(choice, bool) else str(choice) for choice in choices]
        hint = meant(value, words) if isinstance(value, str) else ""
        raise ProfileError(f"{where}: {'.'.join(place)} is {shown(value)}; give {' or '.join(words) or 'text'}{hint}")

    def drugs(self) -> list[str]:
        """Names of the drugs, the lowest layer's first."""
        return list(dict.fromkeys(name for layer in reversed(self._layers) for name in layer.data.get("drugs", ())))

    def deviations(self) -> tuple[tuple[str, str], ...]:
        """Requirements this pump is declared to break, with the reason. Raises ProfileError where one is dropped that there is not."""
        found: dict[str, str] = {}
        for layer in reversed(self._layers):
            for requirement, reason in layer.data.get("known_deviations", {}).items():
                if reason != DROPPED:
                    found[requirement] = str(reason)
                elif found.pop(requirement, None) is None:
                    where = layer.where(("known_deviations", requirement))
                    raise ProfileError(f"{where}: {requirement} is not inherited, so it cannot be dropped{meant(requirement, [*found])}")
        return tuple(found.items())

    def used(self) -> tuple[tuple[str, Number], ...]:
        """Every number read, by dotted path."""
        return tuple((".".join(place), number) for place, number in self._used.items())

    def where(self, *places: Place) -> str:
        """FILE:LINE of that place among these which the nearest layer gives: what was changed last is what does not fit."""
        holders = [
            (next((index for index, layer in enumerate(self._layers) if layer.get(place) is not None), -1), place) for place in places
        ]
        index, place = min(holders, key=lambda holder: holder[0])
        return self._layers[index].where(place)

    def _find(self, place: Place) -> tuple[Any, str]:
        for layer in self._layers:
            if layer.depth(place) == len(place):
                return layer.get(place), layer.where(place)
        layer = max(self._layers, key=lambda each: each.depth(place))
        raise ProfileError(f"{layer.where(place)}: {'.'.join(place)} is missing; add it")


def _chosen(catheter: str) -> tuple[Layer, ...]:
    """The layer that a catheter of the family is, if one was named. Raises ProfileError for an unknown name."""
    if not catheter:
        return ()
    family = read_layer(CATHETERS)
    if catheter not in family.data:
        names = list(family.data)
        raise ProfileError(f"unknown catheter {catheter!r}: there are {', '.join(names)}{meant(catheter, names)}")
    return (Layer(family.label, CommentedMap(catheter=family.data[catheter])),)


def _chain(layer: Layer, path: Path | None) -> tuple[Layer, ...]:
    """A layer and those below it. Raises ProfileError where it extends nothing there is, or itself."""
    layers, paths = [layer], [path.resolve() if path else None]
    while "extends" in layer.data:
        path = _below(layer, path)
        if path.resolve() in paths:
            raise ProfileError(f"{layer.where(('extends',))}: extends {layer.data['extends']}, which comes back to itself")
        layer = read_layer(path)
        layers.append(layer)
        paths.append(path.resolve())
    return tuple(layers)


def _below(layer: Layer, path: Path | None) -> Path:
    """The file that a layer extends: one that ships, or one beside it."""
    word, names = layer.data["extends"], profile_names()
    if isinstance(word, str) and word in names:
        return shipped_path(word)
    beside = sorted(other.stem for other in path.parent.glob("*.yaml") if other != path) if path else []
    if isinstance(word, str) and path and word:
        other = path.parent / (word if is_path(word) else f"{word}.yaml")
        if other.is_file():
            return other
    hint = meant(str(word), [*names, *beside])
    raise ProfileError(
        f"{layer.where(('extends',))}: extends {shown(word)}, which neither ships ({', '.join(names)}) nor is a file beside it{hint}"
    )


def _refuse_unknown(layer: Layer) -> None:
    """Raise ProfileError for a section or a name that no pump has, with the nearest that one has."""
    sections = [*SECTIONS, "drugs", "known_deviations", "extends"]
    for section, body in layer.data.items():
        if section not in sections:
            raise ProfileError(f"{layer.where((section,))}: unknown section {section}{meant(section, sections)}")
        if section == "extends":
            continue
        if not isinstance(body, dict) or not body:
            raise ProfileError(f"{layer.where((section,))}: {section} is {shown(body)}; give its entries below it, or leave it out")
        for key, entry in body.items():
            _refuse_unknown_entry(layer, (section, key), entry)


def _refuse_unknown_entry(layer: Layer, place: Place, entry: Any) -> None:
    section, key = place
    where, name = layer.where(place), ".".join(place)
    if section == "known_deviations":
        if not _REQUIREMENT.fullmatch(key) or not isinstance(entry, str) or not entry:
            raise ProfileError(
                f"{where}: {name} is {shown(entry)}; write a requirement and the reason, such as `FR-04: ...`, or `{DROPPED}`"
            )
    elif section == "drugs":
        if not isinstance(entry, dict):
            raise ProfileError(f"{where}: {name} is {shown(entry)}; give {', '.join(_DRUG_NAMES)}")
        for inner in entry:
            if inner not in _DRUG_NAMES:
                raise ProfileError(f"{layer.where((*place, inner))}: unknown {name}.{inner}{meant(inner, [*_DRUG_NAMES])}")
    elif key not in names_of(SECTIONS[section]):
        raise ProfileError(f"{where}: unknown {name}{_meant_name(section, key)}")


def _meant_name(section: str, key: str) -> str:
    """The name that was probably meant: one of another section that is spelt so, or the nearest of this one."""
    elsewhere = [other for other, kind in SECTIONS.items() if key in names_of(kind)]
    if elsewhere:
        return f"; did you mean {elsewhere[0]}.{key}?"
    return meant(f"{section}.{key}", [f"{section}.{name}" for name in names_of(SECTIONS[section])])


def _largest(place: Place) -> int:
    return PROFILE_CLOCK_US_MAX if place[0] == "clock" else PROFILE_NUMBER_MAX


def _number_of(entry: Any, largest: int) -> Number:
    """An entry as a number. Raises ValueError with what is wrong."""
    if not isinstance(entry, dict):
        raise ValueError(f"is {shown(entry)}; {_HOW}")
    for word in entry:
        if word not in _ENTRY_WORDS:
            raise ValueError(f"unknown word {word}{meant(word, [*_ENTRY_WORDS])}")
    value = entry.get("value")
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"value is {shown(value)}; give an integer, in the unit that the name ends with")
    if abs(value) > largest:
        raise ValueError(f"value is {value}; at most {largest:_} fits")
    return Number(int(value), *_origin(entry))


def _origin(entry: dict[str, Any]) -> tuple[str, str, str]:
    """Provenance, source and note of an entry. Raises ValueError with what is wrong."""
    provenance, source, note = entry.get("provenance"), entry.get("source", ""), entry.get("note", "")
    if not isinstance(provenance, str) or provenance not in _PROVENANCES:
        hint = meant(provenance, [*_PROVENANCES]) if isinstance(provenance, str) else ""
        raise ValueError(f"provenance is {shown(provenance)}; {_HOW}{hint}")
    if not isinstance(source, str) or not isinstance(note, str):
        raise ValueError("source and note are text")
    if (provenance == "sourced") != bool(source.strip()):
        raise ValueError("provenance `sourced` names its source, and `assumed` has none (reasons go into note)")
    return str(provenance), str(source), str(note)
