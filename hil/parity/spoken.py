"""The fields of a message in words: quantities with their unit, codes by their names, times as clocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import IntEnum, IntFlag
from functools import cache
from typing import Any, get_type_hints

from hil.wording import quantity
from hil.wording.alarms import alarm_name, alarms_in
from protocol.codec import fields_of
from protocol.codes import Answer, BatteryState, DoseState, EventKind, Mode, Role, StagingState, StatusFlag
from protocol.message_table import SPECS

__all__ = ["harmless", "label", "leaves", "moment", "spoken", "spoken_fields"]

US_PER_S = 1_000_000
S_PER_DAY = 86_400
YEAR_2000_US = 946_684_800_000_000
"""The device clock's beginning, in microseconds since 1970."""

_CODES: dict[str, type[IntEnum | IntFlag]] = {
    "mode": Mode,
    "role": Role,
    "staging": StagingState,
    "last_command_state": DoseState,
    "last_command_answer": Answer,
    "battery_state": BatteryState,
    "answer": Answer,
    "kind": EventKind,
    "state": DoseState,
    "flags": StatusFlag,
}
_WORDS = frozenset(("alarms", "silenced", "acknowledged"))
_YES_NO = frozenset(("interrupt", "may_lengthen", "stops_for_update", "good"))
_CLOCKS = frozenset(("clock_us", "old_us", "new_us"))
_UNITS: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("rate_nl_per_h", lambda value: f"{quantity.DAILY_FLOW.text(value)} ({quantity.FINE_FLOW.text(value)})"),
    ("_nl_per_h", quantity.FINE_FLOW.text),
    ("_ng_per_ml", quantity.CONCENTRATION.text),
    ("daily_dose_ng", quantity.DAILY_DOSE.text),
    ("_nl", quantity.VOLUME.text),
    ("_ng", quantity.DOSE.text),
    ("_ppm", lambda value: f"{quantity.number(value)} ppm"),
    ("_mv", lambda value: f"{quantity.number(value)} mV"),
    ("_s", quantity.duration),
)
"""Units by the part of a field's name that tells them, qualifiers such as _max left off; the first that fits."""
_UNIT = re.compile(r"_(?:nl_per_h|ng_per_ml|nl|ng|us|s|ppm|mv)(?=_|$)")
_QUALIFIERS = ("_min", "_max", "_soft", "_default")
_NAME_BYTES = 8
"""Of a digest so much is a name for it."""
_OPCODE_WIDTH = 6


def moment(us: int, *, wall: bool = False) -> str:
    """A time of a capture: days and a time of day of the pump's own time, or a date of the wall's, which is UTC and ends in Z."""
    if wall:
        return f"{quantity.clock(us - YEAR_2000_US, seconds=True)}.{us % US_PER_S // 1000:03}Z" if us >= YEAR_2000_US else f"{us} us"
    seconds, rest_us = divmod(us, US_PER_S)
    days, left_s = divmod(seconds, S_PER_DAY)
    return f"{days} d {left_s // 3600:02}:{left_s // 60 % 60:02}:{left_s % 60:02}.{rest_us // 1000:03}"


def spoken_fields(body: Any) -> dict[str, str]:
    """Each field of a body by its name, in words."""
    told: dict[str, str] = {}
    declaration: Any = type(body)
    for field, value in zip(fields_of(declaration), body, strict=True):
        if field.row is not None:
            told |= {f"{field.name}[{number}]": _row(row) for number, row in enumerate(value)}
            if not value:
                told[field.name] = "none"
        else:
            told[field.name] = spoken(declaration, field.name, value)
    return told


def leaves(body: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each field by its path, those of rows by themselves: `limits[0].capacity_nl`, in words."""
    declaration: Any = type(body)
    for field, value in zip(fields_of(declaration), body, strict=True):
        name = f"{path}{field.name}"
        if field.row is None:
            yield name, spoken(declaration, field.name, value)
        else:
            for number, row in enumerate(value):
                yield from leaves(row, f"{name}[{number}].")


def harmless(text: str) -> str:
    """Text from a file as a terminal may see it: what cannot be printed, such as the beginning of a command to it, becomes a dot."""
    return "".join(sign if sign.isprintable() else "·" for sign in text)


def label(name: str) -> str:
    """A field's name without its unit, which the words beside it have."""
    return _UNIT.sub("", name)


def _row(row: Any) -> str:
    return ", ".join(f"{label(name)} {text}" for name, text in spoken_fields(row).items())


def spoken(declaration: Any, name: str, value: Any) -> str:
    """One field's value. A code that has no name is its number."""
    if isinstance(value, bytes):
        return _bytes(name, value)
    if not isinstance(value, int):
        return harmless(str(value)) or "empty"
    return _coded(declaration, name, value) or _measured(name, value)


def _bytes(name: str, value: bytes) -> str:
    if not any(value):
        return f"{len(value)} zero bytes" if value else "empty"
    return f"{value[:_NAME_BYTES].hex()}…" if "digest" in name else value.hex()


def _coded(declaration: Any, name: str, value: int) -> str:
    """A number that stands for a word; empty if it stands for itself."""
    if name in _WORDS:
        return ", ".join(alarms_in(value)) or "none"
    if name == "cause":
        return alarm_name(value)
    if name in _YES_NO:
        return "yes" if value else "no"
    if name == "opcode":
        return SPECS[value].name if value in SPECS else f"{value:#0{_OPCODE_WIDTH}x}"
    table = _tables(declaration).get(name)
    if table is not None and issubclass(table, IntFlag):
        return ", ".join(_words(flag.name or "") for flag in table if value & flag) or "none"
    if table is not None:
        return _words(table(value).name) if value in set(table) else ""
    return ""


@cache
def _tables(declaration: Any) -> dict[str, type[IntEnum | IntFlag]]:
    """Which of the codes each field carries: what its declaration says, and what its name does."""
    hints = get_type_hints(declaration, include_extras=True)
    found: dict[str, type[IntEnum | IntFlag]] = {name: _CODES[name] for name in hints if name in _CODES}
    declared = ((name, item) for name, hint in hints.items() for item in hint.__metadata__)
    return found | {name: item for name, item in declared if isinstance(item, type) and issubclass(item, IntEnum | IntFlag)}


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def _measured(name: str, value: int) -> str:
    stem = name
    for qualifier in _QUALIFIERS:
        stem = stem.removesuffix(qualifier)
    if stem in _CLOCKS or stem.endswith("_clock_us"):
        return quantity.clock(value, seconds=True) if value else "not set"
    if stem.endswith("_us"):
        return moment(value)
    return next((say(value) for part, say in _UNITS if stem.endswith(part)), str(value) if "id" in name else quantity.number(value))
