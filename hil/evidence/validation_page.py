"""The page of tool validation: what the simulator was checked for, each claim with its tests and what became of them in the last run.

Claims are in docs/reference/tool-validation.yaml, results in docs/reference/tool-validation.json. A claim whose tests have no result yet
says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hil.requirements.matrix import Verdict
from hil.requirements.outcomes import EXPECTED, FAILED, PASSED, SKIPPED

__all__ = ["CLAIMS", "RESULTS", "named_tests", "render"]

CLAIMS, RESULTS = "docs/reference/tool-validation.yaml", "docs/reference/tool-validation.json"
NOT_YET = "no result yet"
TOLD_MAX = 4
OUTCOMES = (PASSED, EXPECTED, SKIPPED, FAILED)
HEAD = """# Tool validation

Generated from `docs/reference/tool-validation.yaml` and `docs/reference/tool-validation.json`; `make validation` runs everything
anew, `make docs` writes this page.

A verdict on a pump is worth what the tool is worth that gave it. This page lists what the simulator, its instruments, its suite and its
evidence were checked for, and what came out. Behind each claim stands the test that shows it; many of them draw their cases at random, and
print the seed where they fail; such a test passes once for all that it drew. Tests named `..._can_fail` and `..._is_found` show that a
check would find what it looks for.
"""
LIMITS = """

## What was not checked

- No real pump was measured. The pump is one of its class as public sources describe it: of the numbers of `itp-40`, {sourced} are sourced
  and {assumed} assumed, and the [data sheets](data-sheets/itp-40.md) say which. Before a verdict on a unit rests on the simulator, compare
  the two: record a session with the unit and [play it](../how-to/captures.md) to the simulator, which tells the first
  difference and the number that explains it.
- Instruments were checked as simulated ones, and by programs of others that speak their protocols. A real balance or microphone has its own
  calibration, which belongs into the rig file.
- Flow accuracy follows the method of a standard for external pumps; no conformance is claimed.
- Rows that are waived, and why, are in [requirements.md](requirements.md).

## Do it again

Where the simulator is used for verification, do this on the machine that will be used, and keep what it prints:

<!-- not run: these are the tests -->
```console
$ make check
$ make test
$ make slow
$ make verify
$ make flips
$ make fuzz
$ make validation
```
"""


def named_tests(root: Path) -> list[str]:
    """Every test that a claim names, once, in their order."""
    return list(dict.fromkeys(test for section in _sections(root) for claim in section["claims"] for test in claim["tests"]))


def render(root: Path) -> str:
    """The whole page."""
    results = _results(root)
    parts = [HEAD]
    for section in _sections(root):
        parts += [f"\n## {section['title']}\n", f"{section['intro']}\n"]
        parts += _table(("claim", "shown by, with its cases"), [_claim(claim, results.get("tests", {})) for claim in section["claims"]])
    parts += ["", *_suite(results.get("suite", {})), *_flips(results.get("flips", {})), *_mutants(results.get("mutants", []))]
    return "\n".join(parts) + LIMITS.format(**_provenance())


def _sections(root: Path) -> list[dict[str, Any]]:
    from ruamel.yaml import YAML

    content: list[dict[str, Any]] = YAML(typ="safe").load((root / CLAIMS).read_text(encoding="utf-8"))
    return content


def _results(root: Path) -> dict[str, Any]:
    path = root / RESULTS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _claim(claim: Mapping[str, Any], results: Mapping[str, Any]) -> tuple[str, str]:
    return claim["claim"], "<br>".join(f"`{test}`: {_result(results.get(test))}" for test in claim["tests"])


def _result(found: Mapping[str, Any] | None) -> str:
    """How often it passed, and what it told of itself if that is short."""
    if found is None:
        return NOT_YET
    said = ", ".join(f"{found[word]:,} {word}" for word in ("failed", "skipped", "passed") if found[word]) or NOT_YET
    told = sorted(found.get("told", ()))
    return f"{said} ({'; '.join(told)})" if 0 < len(told) <= TOLD_MAX else said


def _suite(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## The suite on the shipped profiles\n"
    yield "`pumpsim verify` on a simulated pump of each profile, seed 1. Verdicts differ exactly where the profiles declare it;"
    yield "[verify.md](../how-to/verify.md) says how to run and compare it.\n"
    rows = [(profile, *_counts(result)) for profile, result in sorted(found.items())]
    yield from _table(("profile", "rows", "tests", "measurements", "declared deviations", "result"), rows) if rows else (NOT_YET,)
    yield ""


def _counts(result: Mapping[str, Any]) -> Sequence[str]:
    rows = ", ".join(f"{result['rows'][word]} {word}" for word in map(str, Verdict) if result["rows"].get(word))
    tests = ", ".join(f"{result['tests'][word]} {word}" for word in OUTCOMES if result["tests"].get(word))
    measured = f"{result['measurements']}, {result['out_of_limits']} out of limits"
    return rows, tests, measured, " ".join(sorted(result["deviates"])) or "none", "verified" if result["ok"] else "not verified"


def _flips(found: Mapping[str, int]) -> Iterator[str]:
    yield "## Flipped bits\n"
    if not found:
        yield NOT_YET + "\n"
        return
    yield f"`make flips`: {sum(found.values()):,} single bits of a pump in use, the same number in each region of its memory.\n"
    yield from _table(("came to", "bits"), [(word, f"{count:,}") for word, count in sorted(found.items())])
    yield ""


def _mutants(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "## Mutants\n"
    yield "Pumps with one firmware defect each, and the first test that found it, one that names a requirement which it negates."
    yield "[mutants.md](mutants.md) says how to run the matrix of this suite, or of yours.\n"
    if not found:
        yield NOT_YET
        return
    killed = sum(mutant["verdict"] == "killed" for mutant in found)
    yield f"{killed} of {len(found)} killed.\n"
    rows = [(f"`{mutant['name']}`", " ".join(mutant["negates"]), mutant["verdict"], mutant["why"]) for mutant in found]
    yield from _table(("mutant", "negates", "verdict", "by, or why not"), rows)


def _provenance() -> dict[str, int]:
    from firmware_sim.profile import load_profile

    kinds = [number.provenance for _, number in load_profile("itp-40").numbers]
    return {"sourced": kinds.count("sourced"), "assumed": len(kinds) - kinds.count("sourced")}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
