"""Rows that no test through a pump's two doors can show, as data: why, and which of the simulator's own tests shows them.

A run on one pump says `outside` of such a row. It is no waiver: of a real pump nothing is known of that row yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import NamedTuple

from hil.errors import UsageError
from hil.requirements.table import Table

__all__ = ["Outside", "parse_outside", "problems_of", "shipped_outside"]

NAME = "outside.yaml"
KEYS = {"reason", "shown"}
REASON_LENGTH_MIN = 20


class Outside(NamedTuple):
    """Why the doors cannot show a row, and the test of this tree, FILE::NAME, that does."""

    id: str
    reason: str
    shown: str

    @property
    def text(self) -> str:
        """For a report."""
        return f"{self.reason} Shown of the simulator by {self.shown}."


def shipped_outside() -> Mapping[str, Outside]:
    """Those of the shipped table."""
    return parse_outside((files("hil") / "requirements" / NAME).read_text(encoding="utf-8"), NAME)


def parse_outside(text: str, name: str) -> Mapping[str, Outside]:
    """Read them. Raises UsageError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(text) or {}
    except YAMLError as error:
        raise UsageError(f"no YAML: {error}", where=name) from error
    found: dict[str, Outside] = {}
    for key, entry in content.items():
        if not isinstance(entry, dict) or entry.keys() != KEYS:
            raise UsageError(f"{key}: an entry has {' and '.join(sorted(KEYS))}", where=name)
        found[str(key)] = Outside(str(key), *(" ".join(str(entry[word]).split()) for word in ("reason", "shown")))
    return found


def problems_of(outside: Mapping[str, Outside], table: Table, waived: Iterable[str], marked: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """What is wrong with them, one line each; `marked` names the rows that each test of the tree is marked for."""
    for entry in outside.values():
        if entry.id not in table:
            yield f"{entry.id}: there is no such row"
        if entry.id in waived:
            yield f"{entry.id}: the row is waived: take one of the two away"
        if len(entry.reason) < REASON_LENGTH_MIN or not entry.reason.endswith("."):
            yield f"{entry.id}: says no reason in a sentence"
        if entry.id not in marked.get(entry.shown, ()):
            yield f"{entry.id}: {entry.shown} is no test marked for it"
