"""Therapy files: YAML in, the wire's therapy out, and back.

A clinician thinks in doses, so a simple therapy has its dose per day, and each step of a flex therapy the dose given in that step;
rates follow, rounded down to whole nL/h. `daily-dose` of a group is a cross-check: a hundred typed for ten does not fit its sum.

Every problem of a file is reported at once, each at its line, in three passes that build on one another: YAML, keys and values,
what they say together. A refusal by the pump or by the client's check is traced back to its line by `TherapyDocument.line_of`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import Problem, TherapyFileError, TherapyRefused, UsageError
from hil.therapy.limits import broken_limits
from hil.therapy.model import ADAPTER, SimpleFile, TherapyFile
from hil.therapy.problems import model_problems
from hil.therapy.schedule import schedule_problems
from hil.therapy.source import Place, Tree, load
from hil.therapy.wire import to_wire
from hil.wording.refusals import say
from protocol.messages import Identity, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Therapy

__all__ = ["TherapyDocument", "dump_therapy", "parse_therapy", "read_therapy"]

_TOP: dict[int, str] = {
    Field.MODE: "mode",
    Field.DRUG: "drug",
    Field.CONCENTRATION: "concentration",
    Field.LOW_RESERVOIR: "low-reservoir-alarm",
    Field.CRITICAL_REPEAT: "critical-alarm-every",
    Field.NON_CRITICAL_REPEAT: "non-critical-alarm-every",
    Field.GROUPS: "groups",
}
_PATIENT: dict[int, str] = {
    Field.VOLUME: "dose",
    Field.DOSE: "dose",
    Field.DURATION: "duration",
    Field.LOCKOUT: "lockout",
    Field.MOST_PER_DAY: "most-per-day",
    Field.WINDOW: "daily-limit",
}
_GROUP: dict[int, str] = {Field.WEEKDAYS: "days", Field.DAILY_DOSE: "daily-dose", Field.STEPS: "steps"}
_STEP: dict[int, str] = {Field.START_MINUTE: "from", Field.END_MINUTE: "to"}


class TherapyDocument(NamedTuple):
    """A therapy file with the lines it came from."""

    path: str
    file: TherapyFile
    tree: Tree

    def therapy(self, identity: Identity) -> Therapy:
        """Turn it into what this pump takes. Raises TherapyRefused with every line that this pump's limits or drugs rule out."""
        therapy, found = to_wire(self.file, identity)
        problems = [Problem(self.tree.line(place), what, do) for place, what, do in found]
        if therapy is not None:
            broken = broken_limits(therapy, identity)
            problems += [self._problem(refusal) for refusal in broken if refusal.code != RefusalCode.UNIT_MISMATCH or not found]
        if problems or therapy is None:
            raise TherapyRefused(self.path, tuple(problems))
        return therapy

    def line_of(self, field: int, index: int) -> int:
        """The line behind a refusal's field and index (group x 16 + step)."""
        return self.tree.line(self._place(field, index))

    def refused(self, refusal: Refusal) -> TherapyRefused:
        """The error for a refusal of this therapy: FILE:LINE, field, value, limit and unit."""
        return TherapyRefused(self.path, (self._problem(refusal),))

    def _problem(self, refusal: Refusal) -> Problem:
        said = say(refusal)
        return Problem(self.line_of(refusal.field, refusal.index), said.what, said.do)

    def _place(self, field: int, index: int) -> Place:
        if field in _TOP:
            return (_TOP[field],)
        if field in _PATIENT:
            return ("patient-bolus", _PATIENT[field])
        if isinstance(self.file, SimpleFile):
            return ("rate",) if field == Field.RATE and ("rate",) in self.tree.lines else ("daily-dose",)
        group: Place = ("groups", index // 16)
        if field in _GROUP:
            return (*group, _GROUP[field])
        step: Place = (*group, "steps", index % 16)
        if field == Field.RATE:
            return (*step, "dose") if (*step, "dose") in self.tree.lines else (*step, "rate")
        return (*step, _STEP[field]) if field in _STEP else ()


def read_therapy(path: Path | str) -> TherapyDocument:
    """Read a file. Raises TherapyFileError for what is in it, UsageError if it cannot be opened."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"the therapy file cannot be read: {error.strerror}", where=str(path), do="give the path of a YAML file"
        ) from error
    return parse_therapy(data, str(path))


def parse_therapy(data: bytes, path: str = "therapy") -> TherapyDocument:
    """Read the bytes of a file; `path` names it in errors. Raises TherapyFileError with every problem found."""
    from pydantic import ValidationError

    tree = load(data, path)
    try:
        file = ADAPTER.validate_python(tree.root)
    except ValidationError as error:
        raise TherapyFileError(path, model_problems(error, tree)) from error
    problems = schedule_problems(file, tree)
    if problems:
        raise TherapyFileError(path, tuple(problems))
    return TherapyDocument(path, file, tree)


# ---------------------------------------------------------------- writing

_ORDER = (
    "drug", "drug-version", "concentration", "mode", "low-reservoir-alarm", "critical-alarm-every", "non-critical-alarm-every",
    "daily-dose", "rate", "groups", "patient-bolus",
)  # fmt: skip
_WORDS = frozenset(("yes", "no", "on", "off", "true", "false", "null"))
"""Texts that another YAML reader takes for something else."""
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,./-]*")
_FLOW_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./-]*")
"""Texts that need no quotes on a line of their own, and inside brackets."""


def dump_therapy(file: TherapyFile) -> str:
    """Write a therapy file as YAML, one step a line; it reads back to the same."""
    plain = ADAPTER.dump_python(file, by_alias=True, exclude_none=True)
    lines: list[str] = []
    for key in sorted(plain, key=_ORDER.index):
        if key == "patient-bolus":
            lines += ["patient-bolus:", *(f"  {name}: {_scalar(value)}" for name, value in plain[key].items())]
        elif key == "groups":
            lines += ["groups:", *(line for group in plain[key] for line in _group_lines(group))]
        else:
            lines.append(f"{key}: {_scalar(plain[key])}")
    return "\n".join(lines) + "\n"


def _group_lines(group: dict[str, Any]) -> list[str]:
    lines = [f"  - days: {_scalar(group['days'])}"]
    if "daily-dose" in group:
        lines.append(f"    daily-dose: {_scalar(group['daily-dose'])}")
    steps = (", ".join(f"{key}: {_scalar(value, _FLOW_TEXT)}" for key, value in step.items()) for step in group["steps"])
    return [*lines, "    steps:", *(f"      - {{{step}}}" for step in steps)]


def _scalar(value: str | list[str], bare: re.Pattern[str] = _PLAIN_TEXT) -> str:
    """Write a text, in quotes where another YAML reader could take it for something else (06:00, no)."""
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return value if bare.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value)
