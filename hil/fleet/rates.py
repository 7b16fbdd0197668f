"""The published rates as hazards: read from `rates.yaml`, where each has its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import log
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Hazards", "hazards_of", "provenance"]

FILE = Path(__file__).parent / "rates.yaml"
HUNDRED = 100


class Hazards(NamedTuple):
    """Events per year, but for the shares: of pumps that over-infuse, of refills that go into the pocket."""

    motor_stall: float
    catheter: float
    battery: float
    over_infusion_share: float
    pocket_fill_share: float


@cache
def hazards_of(rates: str, drug: str, battery_build: str) -> Hazards:
    """The hazards of one set for one kind of drug and battery."""
    table = _table()
    both = table["both"]
    return Hazards(
        _per_year(table[rates]["motor-stall"][drug]),
        _per_year(both["catheter"]),
        _per_year(both["battery"][battery_build]),
        _share(both["over-infusion"]["share"]),
        _share(both["pocket-fill"]["share"]),
    )


def provenance() -> list[tuple[str, str, str, str]]:
    """Where each number is from: its name, value, provenance, and source with note."""
    return list(_sources("", _table()))


def _sources(path: str, node: Mapping[str, Any]) -> Any:
    if "provenance" in node:
        value = f"{node.get('free', node.get('share', node.get('per-patient-year')))}"
        value += f" free at {node['years']} years" if "free" in node else " per patient-year" if "per-patient-year" in node else ""
        yield path, value, str(node["provenance"]), "; ".join(str(node[key]) for key in ("source", "note") if key in node)
        return
    for name, below in node.items():
        yield from _sources(f"{path}.{name}".lstrip("."), below)


@cache
def _table() -> Mapping[str, Any]:
    from ruamel.yaml import YAML

    table: Mapping[str, Any] = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    return table


def _share(text: str) -> float:
    return float(text.removesuffix("%")) / HUNDRED


def _per_year(entry: Mapping[str, Any]) -> float:
    if "per-patient-year" in entry:
        return float(entry["per-patient-year"])
    return -log(_share(entry["free"])) / float(entry["years"])
