"""`python -m tests.support.tool_validation`: the results of docs/reference/tool-validation.md. Minutes of work; `make validation` calls it.

It runs the tests that docs/reference/tool-validation.yaml names and the suite on three profiles, and takes the figures that
`make flips` and `pumpsim mutants run -o build/mutants.json -- pytest hil/suite` left below build, if they are there. What an
earlier run found is kept where nothing new is known. There are no times in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click

from hil.evidence.validation_page import RESULTS, named_tests

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
PROFILES = ("itp-40", "itp-40-next", "legacy-18")
TOLD = "told"
OUTCOMES = ("failure", "error", "skipped")


@click.command()
@click.option("--tests/--no-tests", default=True, help="Run the tests that the page names.")
@click.option("--suite/--no-suite", default=True, help="Run the suite on three profiles.")
@click.option("--again", is_flag=True, help="Of the tests only those that have not all passed.")
def main(tests: bool, suite: bool, again: bool) -> None:
    """Renew the results."""
    path = ROOT / RESULTS
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    names = named_tests(ROOT)
    before = {name: counts for name, counts in found.get("tests", {}).items() if again and name in names}
    wanted = [name for name in names if name not in before or before[name]["failed"]]
    if tests and wanted:
        found["tests"] = before | run_tests(wanted)
    if suite:
        with ThreadPoolExecutor() as pool:
            found["suite"] = dict(zip(PROFILES, pool.map(run_suite, PROFILES), strict=True))
    found |= dict(left_below(BUILD))
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    click.echo(f"wrote {RESULTS}")


def run_tests(names: Sequence[str]) -> dict[str, Any]:
    """How often each test passed and did not, and what it told."""
    BUILD.mkdir(exist_ok=True)
    report = BUILD / "validation.xml"
    chosen = ["-n", "2", "-p", "no:randomly", "-m", "slow or not slow", "-o", "timeout=0"]
    command = [sys.executable, "-m", "pytest", "-q", *chosen, f"--junitxml={report}", *names]
    subprocess.run(command, cwd=ROOT, check=False)
    found: dict[str, Any] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314  # our own file
        if not case.get("classname"):
            raise click.ClickException(f"{case.get('name')} could not be collected: see what pytest printed")
        name = name_of(case, names)
        counts = found.setdefault(name, {"passed": 0, "failed": 0, "skipped": 0, "told": []})
        counts[outcome_of(case)] += 1
        counts["told"] += [str(each.get("value")) for each in case.iter("property") if each.get("name") == TOLD]
    return found


def name_of(case: ET.Element, names: Sequence[str]) -> str:
    """The test that a case of JUnit XML is of: FILE::NAME or FILE::CLASS::NAME."""
    dotted = f"{case.get('classname')}.{str(case.get('name')).partition('[')[0]}"
    return next(name for name in names if name.replace(".py::", ".").replace("::", ".").replace("/", ".") == dotted)


def outcome_of(case: ET.Element) -> str:
    """Passed, failed or skipped."""
    words = {child.tag for child in case} & set(OUTCOMES)
    return "passed" if not words else "skipped" if words == {"skipped"} else "failed"


def run_suite(profile: str) -> dict[str, Any]:
    """What the suite says of a profile."""
    folder = BUILD / "verify" / profile
    command = [sys.executable, "-c", "from hil.cli import main; main()", "verify", f"pumpsim://{profile}", "--report", str(folder)]
    subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    document = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    keys = ("ok", "rows", "tests", "measurements", "out_of_limits")
    return {key: document["summary"][key] for key in keys} | {"deviates": document["profile"]["deviations"], "digest": document["digest"]}


def left_below(folder: Path) -> Iterator[tuple[str, Any]]:
    """Figures of campaigns that are run by hand."""
    flips = folder / "bit-flips.json"
    mutants = next((path for path in (folder / "mutants-all.json", folder / "mutants.json") if path.is_file()), folder)
    if flips.is_file():
        yield "flips", flips_of(json.loads(flips.read_text(encoding="utf-8")))
    if mutants.is_file():
        yield "mutants", mutants_of(json.loads(mutants.read_text(encoding="utf-8")))


def flips_of(regions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Bits flipped, by what came of them."""
    counts: Counter[str] = Counter()
    for region in regions:
        counts.update({name: value for name, value in region.items() if isinstance(value, int)})
        counts["wrong"] += len(region["wrongs"])
    return dict(counts)


def mutants_of(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A line a mutant: what it negates, its verdict, and the first test that killed it and names what it negates, or why there is none."""
    return [
        {
            "name": mutant["name"],
            "negates": mutant["negates"],
            "verdict": mutant["verdict"],
            "why": (mutant["killed_by_named"] or [mutant["why"]])[0],
        }
        for mutant in matrix["mutants"]
    ]


if __name__ == "__main__":
    main()
