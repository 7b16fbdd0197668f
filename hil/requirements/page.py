"""The page of requirements: each row, what is claimed of it, and the tests that show it. Made from the markers, never from a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from hil.requirements.marks import Mark, marks_below
from hil.requirements.table import Requirement, shipped_table
from hil.requirements.waivers import Waiver, shipped_waivers

__all__ = ["render"]

HEAD = """# Requirements

Generated from `requirements.csv` and `waivers.yaml` of `hil/requirements`, and the markers in `hil/suite` and `tests/`. `make requirements`
runs the tests and judges each row by their outcome; this page only says which tests are to show it. Those of `hil/suite` run against any
pump, by [pumpsim verify](../how-to/verify.md).

| verdict | means |
| --- | --- |
| shown | every test named beside it has to pass |
| deviates | some profiles behave as such pumps do in the field, and declare it; one test shows that, one that a mended profile meets it |
| waived | it does not apply to this class of pump, for the reason given |
| later(part) | what is to be observed lives in a part that is not built yet |
| open | nothing shows it yet |

A row is as-is, modified or external-only: written for this class of pump too, changed for it, or for pumps outside the body. At most 10 %
of the as-is rows may be waived, each for a line of the device's description or for a contradiction between two rules.
"""


FOLDERS = ("hil/suite", "tests")


def render(root: Path) -> str:
    """The whole page, from the markers of the tests in the tree at `root`."""
    waivers, marks = shipped_waivers(), [mark for folder in FOLDERS for mark in marks_below(root / folder, root)]
    parts = [HEAD]
    for section, rows in groupby(shipped_table().values(), key=lambda row: row.section):
        parts.append(f"\n## {section.capitalize()}\n")
        parts += _table(
            ("row", "requirement", "observable", "verdict", "shown by, or why not"), [_cells(row, waivers, marks) for row in rows]
        )
    return "\n".join(parts) + "\n"


def _cells(row: Requirement, waivers: Mapping[str, Waiver], marks: Sequence[Mark]) -> tuple[str, ...]:
    found = [mark for mark in marks if row.id in mark.ids]
    verdict, why = _claim(waivers.get(row.id), found)
    return (f"{row.id}<br>{row.applies}", row.requirement, row.observable, verdict, why)


def _claim(waiver: Waiver | None, found: Sequence[Mark]) -> tuple[str, str]:
    """What is claimed of a row, and its tests or the reason."""
    if waiver is not None:
        grounds = (
            f" Device: {waiver.device}" if waiver.device else f" Contradiction: {waiver.contradiction}" if waiver.contradiction else ""
        )
        return (f"later({waiver.part})" if waiver.verdict == "later" else waiver.verdict), waiver.reason + grounds
    if not found:
        return "open", ""
    lines = [f"`{mark.test}`" + (f" (deviation of {', '.join(mark.deviates)})" if mark.deviates else "") for mark in found]
    return "deviates" if any(mark.deviates for mark in found) else "shown", "<br>".join(dict.fromkeys(lines))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
