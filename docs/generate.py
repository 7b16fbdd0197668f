"""Write the pages that are made from code: wire tables, bench API, data sheets, state diagrams.

`python -m docs.generate` writes them; with `--check` it only names the stale ones and ends with 1. Each page has one source, named in
its first lines, and none is edited by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from docs.api import render as api
from docs.architecture import pages as architecture
from docs.assumed import render as assumed
from docs.state_chart import chart
from docs.state_chart import table as state_rows
from firmware_sim.firmware.alarms import LIFE_TABLE
from firmware_sim.firmware.machine import StateTable
from firmware_sim.firmware.modes import MODE_TABLE
from hil.bench.examine_page import render as diagnostics
from hil.cli.page import render as commands
from hil.clinic.rules.page import render as dose_rules
from hil.evidence.validation_page import render as tool_validation
from hil.faults.page import render as faults
from hil.lesson.page import render as lesson_reference
from hil.lesson.schema import render as lesson_schema
from hil.mutants.page import render as mutants
from hil.pages.alarms import render as alarms
from hil.pages.data_sheets import pages as data_sheets
from hil.pages.patient import pages as patient_pages
from hil.requirements.page import render as requirements
from hil.scenario.page import render as scenario_reference
from hil.scenario.schema import render as scenario_schema
from hil.web.page import render as bench_api
from hil.web.page import render_json as bench_openapi
from hil.wording.glossary import render as glossary
from protocol.export.markdown import render as wire_protocol
from tests.bench.peers.page import pages as performance

__all__ = ["main", "pages", "stale"]

DOCS = Path(__file__).resolve().parent
REFERENCE = "reference"
SHEETS = f"{REFERENCE}/data-sheets"

STATE_TABLES: tuple[tuple[str, str, StateTable], ...] = (
    ("Modes of the pump", "firmware_sim/firmware/modes.py", MODE_TABLE),
    ("Life of an alarm cause", "firmware_sim/firmware/alarms.py", LIFE_TABLE),
)


def pages() -> dict[str, str]:
    """Every generated page: its path below docs/ and its text."""
    made = {"wire-protocol.md": wire_protocol(), "faults.md": faults(), "mutants.md": mutants()}
    made |= {"bench-api.md": bench_api(), "bench-api.openapi.json": bench_openapi(), "diagnostics.md": diagnostics()}
    made |= {"dose-rules.md": dose_rules(DOCS.parent / "tests", DOCS.parent)}
    made |= {"api.md": api(), "alarms.md": alarms(), "commands.md": commands(), "glossary.md": glossary()}
    made |= {"scenario-reference.md": scenario_reference(), "scenario.schema.json": scenario_schema()}
    made |= {"lesson-reference.md": lesson_reference(), "lesson.schema.json": lesson_schema()}
    made |= {"requirements.md": requirements(DOCS.parent), "tool-validation.md": tool_validation(DOCS.parent)}
    made = {f"{REFERENCE}/{name}": text for name, text in made.items()}
    made |= data_sheets(SHEETS) | patient_pages() | performance(DOCS) | architecture() | _states() | {"explanation/assumed.md": assumed()}
    return {path: text.rstrip("\n") + "\n" for path, text in made.items()}


def stale(made: Mapping[str, str], folder: Path) -> list[str]:
    """The paths below `folder` that differ from what was made, are missing, or have lost their source."""
    old = {f"{SHEETS}/{path.name}" for path in (folder / SHEETS).glob("*.md")} - made.keys()
    differing = [
        path for path, text in made.items() if not (folder / path).is_file() or (folder / path).read_text(encoding="utf-8") != text
    ]
    return sorted([*differing, *old])


def write(made: Mapping[str, str], folder: Path) -> list[str]:
    """Bring the pages below `folder` up to date; return those that changed."""
    changed = stale(made, folder)
    for path in changed:
        if path in made:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(made[path], encoding="utf-8")
        else:
            (folder / path).unlink()
    return changed


# ---------------------------------------------------------------- states


def _states() -> dict[str, str]:
    parts = [
        "# State diagrams\n\nGenerated from the tables that the firmware runs on. A trigger that a state does not show is refused there.\n"
    ]
    made = {}
    for title, source, table in STATE_TABLES:
        picture = f"states-{title.partition(' ')[0].lower()}.svg"
        made[f"images/{picture}"] = chart(title, table)
        parts.append(f"## {title}\n\nSource: `{source}`.\n\n![{title}](../images/{picture})\n\n{state_rows(table)}\n")
    return {f"{REFERENCE}/states.md": "\n".join(parts), **made}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with --check name the stale ones; return the exit code."""
    if list(arguments) == ["--check"]:
        for path in (found := stale(pages(), DOCS)):
            print(f"docs/{path} is stale: run 'make docs' and commit it", file=sys.stderr)
        return 1 if found else 0
    if arguments:
        print("docs.generate takes --check or nothing", file=sys.stderr)
        return 2
    for path in write(pages(), DOCS):
        print(f"wrote docs/{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
