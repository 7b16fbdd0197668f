"""The page of what is assumed counts what stands in the files."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from docs.assumed import render
from tests.tidy.tree import ROOT

ENTRY = re.compile(r"\{[^{}]*\bprovenance: (\w+)")
WORDS = {"published": "sourced", "memory": "unverified"}
FILES = {
    "what clinics do": ("hil/numbers/practice.yaml",),
    "examinations": ("hil/clinic/diagnostics/numbers.yaml",),
    "instruments": ("hil/instruments/numbers.yaml",),
    "sounds of a class": ("hil/lesson/sounds.yaml",),
    "patient label-consistent": ("firmware_sim/profiles/patients/label-consistent.yaml",),
    "dose rules label-seed": ("hil/clinic/rules/label-seed.yaml", "hil/clinic/rules/drugs.yaml"),
}
"""The files of some bodies of numbers, by their row of the page."""


def told(row: str) -> tuple[int, ...]:
    """What the page says of these numbers: all, sourced, derived, unverified, assumed."""
    line = next(line for line in render().splitlines() if line.startswith((f"| {row} |", f"| [{row}]")))
    return tuple(int(cell.strip() or 0) for cell in line.split("|")[2:-1])


def counted(text: str) -> tuple[int, ...]:
    """The same, counted in a text."""
    words = Counter(WORDS.get(word, word) for word in ENTRY.findall(text))
    return words.total(), words["sourced"], words["derived"], words["unverified"], words["assumed"]


@pytest.mark.parametrize("row", FILES)
def test_page_counts_what_the_files_hold(row: str) -> None:
    """Each row has as many numbers of each origin as one finds by reading the text of its files."""
    assert told(row) == counted("".join((ROOT / name).read_text(encoding="utf-8") for name in FILES[row]))
