"""What became of the marked tests of one run, as a file of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from hil.errors import UsageError

__all__ = ["FAILED", "PASSED", "SKIPPED", "Outcome", "read_outcomes", "write_outcomes"]

FORMAT = 1
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Outcome(NamedTuple):
    """One test and one row that it shows. `deviates` names the profiles whose declared deviation from the row it shows instead."""

    test: str
    id: str
    deviates: tuple[str, ...]
    outcome: str


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
        if content["format"] != FORMAT:
            raise UsageError(f"outcomes of format {content['format']}, this program reads {FORMAT}", where=str(path))
        return [Outcome(row["test"], row["id"], tuple(row["deviates"]), row["outcome"]) for row in content["tests"]]
    except OSError as error:
        raise UsageError("no outcomes there", where=str(path), do="run pytest with --requirements-out FILE first") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("no file of outcomes", where=str(path), do="run pytest with --requirements-out FILE again") from error
