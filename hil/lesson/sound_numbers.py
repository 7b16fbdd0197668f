"""The numbers of what is heard and seen, read from sounds.yaml: each has its unit in its name and its provenance beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["PROVENANCES", "SoundNumber", "sound_number", "sound_numbers", "sound_word"]

PROVENANCES = ("sourced", "assumed")
KEYS = {"value", "provenance", "source", "note"}


class SoundNumber(NamedTuple):
    """A whole number, or a list of words; where it comes from."""

    value: int | str
    provenance: str
    source: str = ""
    note: str = ""


@cache
def sound_numbers() -> Mapping[str, Mapping[str, SoundNumber]]:
    """Every number by section and name. Raises ValueError for an entry that is none."""
    from ruamel.yaml import YAML

    text = (files("hil") / "lesson" / "sounds.yaml").read_text(encoding="utf-8")
    data = YAML(typ="safe", pure=True).load(text)
    return {section: {name: _number(f"{section}.{name}", entry) for name, entry in entries.items()} for section, entries in data.items()}


def _number(place: str, entry: Mapping[str, int | str]) -> SoundNumber:
    number = SoundNumber(entry["value"], str(entry["provenance"]), str(entry.get("source", "")), str(entry.get("note", "")))
    if entry.keys() - KEYS or number.provenance not in PROVENANCES or (number.provenance == "sourced") != bool(number.source):
        raise ValueError(f"{place}: `assumed`, or `sourced` with its source")
    return number


def sound_number(section: str, name: str) -> int:
    """One whole number."""
    return int(sound_numbers()[section][name].value)


def sound_word(section: str, name: str) -> list[str]:
    """One list of words."""
    return str(sound_numbers()[section][name].value).split()
