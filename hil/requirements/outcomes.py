"""What became of the marked tests of one run, as a file of JSON. The evidence that `pumpsim verify` leaves is read too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import UsageError

__all__ = ["EVIDENCE", "EXPECTED", "FAILED", "PASSED", "SKIPPED", "Outcome", "read_outcomes", "write_outcomes"]

FORMAT = 2
EVIDENCE = "pumpsim evidence 1"
"""The format of evidence."""
PASSED, EXPECTED, SKIPPED, FAILED = "passed", "failed as declared", "skipped", "failed"
"""`EXPECTED`: the pump's profile declares that it deviates from the row, and the test failed by an assertion, as it must."""


class Outcome(NamedTuple):
    """One test and one row that it shows. `deviates` names the profiles whose declared deviation from the row it shows instead.

    `profile` is that of the pump under test, empty where tests choose their pumps themselves; `reason` is why it was skipped or failed.
    """

    test: str
    id: str
    deviates: tuple[str, ...]
    outcome: str
    profile: str = ""
    reason: str = ""


def write_outcomes(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write them sorted by test, so that two runs of one tree give one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tests = [outcome._asdict() for outcome in sorted(outcomes)]
    path.write_text(json.dumps({"format": FORMAT, "tests": tests}, indent=1) + "\n", encoding="utf-8")


def read_outcomes(paths: Sequence[Path]) -> list[Outcome]:
    """The outcomes of several runs together. Raises UsageError."""
    return [outcome for path in paths for outcome in _read(path)]


def _read(path: Path) -> Iterable[Outcome]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] == EVIDENCE:
            return list(_in_evidence(content))
        if content["format"] != FORMAT:
            raise UsageError(f"outcomes of format {content['format']}, this program reads {FORMAT}", where=str(path))
        return [Outcome(**{**row, "deviates": tuple(row["deviates"])}) for row in content["tests"]]
    except OSError as error:
        do = "run pytest with --requirements-out FILE, or pumpsim verify with --report DIR, first"
        raise UsageError("no outcomes there", where=str(path), do=do) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("no file of outcomes", where=str(path), do="run pytest with --requirements-out FILE again") from error


def _in_evidence(content: Mapping[str, Any]) -> Iterator[Outcome]:
    for test in content["tests"]:
        for row in test["rows"]:
            deviates = tuple(test["deviation_of"].get(row, ()))
            yield Outcome(test["test"], row, deviates, test["outcome"], content["profile"]["name"], test["reason"])
