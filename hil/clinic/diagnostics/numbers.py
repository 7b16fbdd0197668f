"""The numbers of the diagnostics, read from `numbers.yaml`: each a whole number with its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from hil.numbers.data import Number, numbers_of, problems_of

__all__ = ["number", "numbers"]


@cache
def numbers() -> Mapping[str, Mapping[str, Number]]:
    """All numbers, by the test they belong to and their name. Raises ValueError for one that is not whole or has no provenance."""
    from ruamel.yaml import YAML

    text = (files("hil") / "clinic" / "diagnostics" / "numbers.yaml").read_text(encoding="utf-8")
    read = {str(test): numbers_of(entries, "") for test, entries in YAML(typ="safe", pure=True).load(text).items()}
    for test, rows in read.items():
        for wrong in problems_of(rows):
            raise ValueError(f"numbers.yaml: {test}: {wrong}")
    return read


def number(test: str, name: str) -> int:
    """One value."""
    value = numbers()[test][name].value
    assert isinstance(value, int)
    return value
