"""What is asked of a grade: where its report goes, what the pump provokes, which rules are broken on purpose."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from hil.errors import UsageError

__all__ = ["PROVOCATIONS", "GradeOptions", "grade_options", "rules_named"]

PROVOCATIONS: dict[str, str] = {
    "lost": "the answer to the first copy of a command is lost",
    "silence": "every answer to a command is lost, in its session",
    "busy": "the pump resets as the host says HELLO, and tests itself",
    "alarm": "the pump finds, as the host says HELLO, that its battery is due for replacement (ERI)",
    "generation": "the pump tells a generation that is one too high, until it has refused something for it",
    "read-back": "the last byte of a read-back is another one",
    "version": "HELLO is answered with the next major version",
    "proof": "HELLO is answered with a proof that is wrong",
}
"""What a pump can be told to do so that a rule is exercised. Each strikes once, at its first occasion."""


class GradeOptions(NamedTuple):
    """`report` is where the report is written at the end: as JSON if the name ends with .json, else as text."""

    report: Path
    provoke: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()


def grade_options(report: Path | None, provoke: Iterable[str], declared: Iterable[str]) -> GradeOptions | None:
    """The options of one pump on the command line, None if nobody wants a grade. Raises UsageError."""
    wanted = tuple(_named(provoke, PROVOCATIONS, "--grade-provoke", "provocation"))
    names = rules_named(declared, "--grade-declare")
    if report is None:
        if wanted or names:
            raise UsageError("nothing is graded", where="--grade-provoke" if wanted else "--grade-declare", do="add --grade FILE")
        return None
    if report.parent != Path() and not report.parent.is_dir():
        raise UsageError(f"there is no folder {report.parent}", where="--grade", do="make it, or name another file")
    return GradeOptions(report, wanted, names)


def rules_named(names: Iterable[str], where: str) -> tuple[str, ...]:
    """Names of rules, several in one text if commas stand between them. Raises UsageError."""
    from hil.grade.grader import RULES

    return tuple(_named(names, {rule.name: rule.says for rule in RULES}, where, "rule"))


def _named(texts: Iterable[str], known: Collection[str], where: str, noun: str) -> Iterable[str]:
    for name in (part.strip() for text in texts for part in text.split(",") if part.strip()):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"no {noun} {name!r}", where=where, do=f"did you mean {near[0]}?" if near else f"use one of: {', '.join(known)}"
            )
        yield name
