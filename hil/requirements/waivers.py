"""Rows that no test of this tree shows, as data: waived for good, or shown later by another part.

An as-is row is waived only for a line of the device's description or for a stated contradiction; the entry says which, and how it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from hil.errors import UsageError
from hil.requirements.table import Table

__all__ = ["PARTS", "Waiver", "problems_of", "read_waivers", "shipped_waivers"]

PARTS = ("clinic", "rig", "console")
"""Parts that are built later and hold a row's observable."""
KINDS = ("waived", "later")
KEYS = {"verdict", "part", "reason", "device", "contradiction"}
REASON_LENGTH_MIN = 20
"""A reason shorter than that says nothing."""


class Waiver(NamedTuple):
    """Why no test shows a row. `device` quotes the device's description, `contradiction` names the two rules that exclude each other."""

    id: str
    verdict: str
    reason: str
    part: str = ""
    device: str = ""
    contradiction: str = ""

    @property
    def grounds(self) -> str:
        """What an as-is row's waiver rests on; empty when on nothing."""
        return self.device or self.contradiction


def shipped_waivers() -> Mapping[str, Waiver]:
    """The waivers of the shipped table."""
    return _parsed((files("hil") / "requirements" / "waivers.yaml").read_text(encoding="utf-8"), "waivers.yaml")


def read_waivers(path: Path) -> Mapping[str, Waiver]:
    """Waivers of one's own. Raises UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the waivers cannot be read", where=str(path), do="name a YAML file in UTF-8") from error
    return _parsed(text, str(path))


def _parsed(text: str, name: str) -> Mapping[str, Waiver]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(text) or {}
    except YAMLError as error:
        raise UsageError(f"no YAML: {error}", where=name) from error
    if not isinstance(content, dict):
        raise UsageError("waivers are a mapping from id to entry", where=name)
    found: dict[str, Waiver] = {}
    for key, entry in content.items():
        if not isinstance(entry, dict) or entry.keys() - KEYS or not {"verdict", "reason"} <= entry.keys():
            raise UsageError(f"{key}: an entry has verdict and reason, and may have {', '.join(sorted(KEYS))}", where=name)
        found[str(key)] = Waiver(str(key), **{word: " ".join(str(value).split()) for word, value in entry.items()})
    return found


def problems_of(waivers: Mapping[str, Waiver], table: Table) -> Iterator[str]:
    """What is wrong with waivers for this table, one line each."""
    for waiver in waivers.values():
        row = table.get(waiver.id)
        if row is None:
            yield f"{waiver.id}: a waiver for a row that is not there"
            continue
        if waiver.verdict not in KINDS:
            yield f"{waiver.id}: {waiver.verdict!r} is no verdict: {' or '.join(KINDS)}"
        if len(waiver.reason) < REASON_LENGTH_MIN:
            yield f"{waiver.id}: says no reason"
        if (waiver.verdict == "later") != (waiver.part in PARTS):
            yield f"{waiver.id}: later names one of the parts {', '.join(PARTS)}, waived names none"
        if waiver.verdict == "waived" and row.applies == "as-is" and not waiver.grounds:
            yield f"{waiver.id}: an as-is row is waived only for a line of the device's description or a stated contradiction"
