"""Law 11 for profiles: each number is an entry with a unit in its name, a value and a provenance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.tidy.tree import ROOT, files

PROFILES = [name for name in files() if re.fullmatch(r"firmware_sim/profiles/[^/]+\.yaml", name)]
KEYS = {"value", "provenance", "source", "note"}
PROVENANCES = {"sourced", "assumed"}
UNITS = (
    "us ms s min h days months nl fl nl_per_h nl_per_mm ng ng_per_ml fg_per_ml um mm m hz mv na nc mc mmhg mmhg_per_km mdegc bytes steps "
    "ppm ppm_per_k ppm_per_mmhg ppm_per_100_mmhg ppm_per_ml ppm_per_block"
)
COUNTS = r"(id|version|most_per_day|wakes_per_h|readings|\w*count|\w*steps_per_group)"
QUALIFIERS = r"(_min|_max|_soft|_default|_start|_end)*"
NAME = re.compile(rf"(\w+_)?({UNITS.replace(' ', '|')}){QUALIFIERS}|(\w+_)?{COUNTS}{QUALIFIERS}")


def problems(section: Mapping[str, object], above: str = "") -> Iterator[str]:
    """What is wrong with the numbers below a section, each under its dotted name."""
    for key, value in section.items():
        name = f"{above}{key}"
        match value:
            case Mapping() if value.keys() & {"value", "provenance"}:
                yield from _entry_problems(key, name, value)
            case Mapping():
                yield from problems(value, f"{name}.")
            case int() | float() if not isinstance(value, bool):
                yield f"{name}: a bare number: write {{value: {value}, provenance: sourced, source: ...}} or assumed"
            case list():
                yield f"{name}: a list: give each number a name of its own"
            case _:
                pass


def _entry_problems(key: str, name: str, entry: Mapping[str, object]) -> Iterator[str]:
    if not NAME.fullmatch(key):
        yield f"{name}: put the unit last, before min, max, default or start"
    if entry.keys() - KEYS or not {"value", "provenance"} <= entry.keys():
        yield f"{name}: an entry has value and provenance, and may have source and note; this has {', '.join(entry)}"
    if isinstance(entry.get("value"), bool) or not isinstance(entry.get("value"), int):
        yield f"{name}: value is an integer; choose a smaller unit"
    if entry.get("provenance") not in PROVENANCES:
        yield f"{name}: provenance is sourced or assumed"
    if (entry.get("provenance") == "sourced") != bool(str(entry.get("source", "")).strip()):
        yield f"{name}: a sourced number names its source, an assumed one has none (reasons go into note)"


@pytest.mark.parametrize("name", PROFILES)
def test_every_number_has_unit_and_provenance(name: str) -> None:
    """Each number of a profile says its unit, its value and where it comes from."""
    found = list(problems(YAML(typ="safe").load(Path(ROOT / name))))

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "capacity_nl: 40",
        "capacity: {value: 40, provenance: assumed}",
        "capacity_nl: {value: 40}",
        "capacity_nl: {value: 4.5, provenance: assumed}",
        "capacity_nl: {value: 40, provenance: guessed}",
        "capacity_nl: {value: 40, provenance: sourced}",
        "capacity_nl: {value: 40, provenance: assumed, source: a book}",
        "capacity_nl: {value: 40, provenance: assumed, unit: nl}",
        "steps_nl: [1, 2]",
    ],
)
def test_rule_of_profiles_can_fail(text: str) -> None:
    """Each way of leaving out a part is found, in inner sections too."""
    inner = YAML(typ="safe").load(text)

    assert list(problems(inner))
    assert list(problems({"section": inner}))


def test_rule_of_profiles_lets_whole_entries_pass() -> None:
    """A whole entry and a plain word are free."""
    text = "model: ITP-40\nrate_nl_per_h_max: {value: 1_000, provenance: sourced, source: a label, note: at 37 C}"

    assert not list(problems(YAML(typ="safe").load(text)))
