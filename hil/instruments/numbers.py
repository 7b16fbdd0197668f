"""The numbers of the instruments, read from numbers.yaml: name, value, and whether a source or an assumption stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

__all__ = ["PROVENANCES", "BalanceNumbers", "ListenerNumbers", "Number", "VesselNumbers", "balance_numbers", "listener_numbers", "numbers",
           "vessel_numbers", "water_density_ug_per_ml"]  # fmt: skip

PROVENANCES = ("sourced", "assumed")


class Number(NamedTuple):
    """One number and where it comes from."""

    value: int
    provenance: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class BalanceNumbers:
    """What a balance does with a load; numbers.yaml says what each means."""

    capacity_ug: int
    readability_ug: int
    repeatability_ug: int
    noise_limit_ug: int
    refresh_ms: int
    response_ms: int
    stable_band_ug: int
    stable_window_ms: int
    zero_range_ug: int
    drift_ug_per_h: int


@dataclass(frozen=True, slots=True)
class VesselNumbers:
    """What stands on the pan, and what happens in it."""

    glass_ug: int
    prefill_ug: int
    evaporation_ug_per_h: int
    solution_density_ug_per_ml: int


@dataclass(frozen=True, slots=True)
class ListenerNumbers:
    """How a recording is judged, and how one is rendered."""

    block_ms: int
    tone_share_percent: int
    gap_ms: int
    length_error_ms: int
    fit_percent: int
    sample_rate_hz: int
    level_permille: int


@cache
def numbers() -> Mapping[str, Mapping[str, Number]]:
    """Every number by section and name. Raises ValueError for an entry that is none."""
    from ruamel.yaml import YAML

    text = (files("hil") / "instruments" / "numbers.yaml").read_text(encoding="utf-8")
    data = YAML(typ="safe", pure=True).load(text)
    return {section: {name: _number(f"{section}.{name}", entry) for name, entry in entries.items()} for section, entries in data.items()}


def _number(place: str, entry: Mapping[str, Any]) -> Number:
    number = Number(entry["value"], entry["provenance"], entry.get("source", ""), entry.get("note", ""))
    if type(number.value) is not int or number.provenance not in PROVENANCES or (number.provenance == "sourced") != bool(number.source):
        raise ValueError(f"{place}: a whole number, `assumed` or `sourced` with its source")
    return number


def _values(section: str, kind: type) -> dict[str, int]:
    found = numbers()[section]
    return {field.name: found[field.name].value for field in fields(kind)}


def balance_numbers() -> BalanceNumbers:
    """Those of the simulated balance."""
    return BalanceNumbers(**_values("balance", BalanceNumbers))


def vessel_numbers() -> VesselNumbers:
    """Those of the vessel on its pan."""
    return VesselNumbers(**_values("vessel", VesselNumbers))


def listener_numbers() -> ListenerNumbers:
    """Those of the tone listener."""
    return ListenerNumbers(**_values("listener", ListenerNumbers))


def water_density_ug_per_ml() -> int:
    """What a log is divided by if nothing better is known."""
    return numbers()["flow"]["water_density_ug_per_ml"].value
