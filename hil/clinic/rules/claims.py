"""Which tests show which rule, and why none shows some: the marker `pump_rule` in the tests, and waivers.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from hil.clinic.limits import PERCENT, WAIVED_PERCENT_MAX
from hil.clinic.rules.table import Rule
from hil.requirements.marks import Mark, marks_below
from hil.requirements.waivers import Waiver, read_waivers

__all__ = ["MARKER", "problems_of", "rule_marks", "rule_waivers", "wants_test"]

MARKER = "pump_rule"
JUDGED_USERS = {"PROG", "REFILL", "PAT"}
"""Rules for these users are shown by a test, or have a reason."""


def rule_marks(tests: Path, root: Path) -> list[Mark]:
    """Every `pump_rule` below the folder of the tests."""
    return marks_below(tests, root, MARKER)


def rule_waivers() -> Mapping[str, Waiver]:
    """The shipped reasons."""
    return read_waivers(Path(str(files("hil") / "clinic" / "rules" / "waivers.yaml")))


def wants_test(rule: Rule) -> bool:
    """Whether the rule concerns programmer, refill planner or patient."""
    return bool(JUDGED_USERS & set(rule.users)) and not rule.id.startswith("U")


def problems_of(rules: Mapping[str, Rule], marks: Sequence[Mark], waivers: Mapping[str, Waiver]) -> Iterator[str]:
    """What is wrong with what is claimed, one line each."""
    shown = {name for mark in marks for name in mark.ids}
    for mark in marks:
        yield from (f"{mark.test}:{mark.line}: there is no rule {name}" for name in mark.ids if name not in rules)
        if not mark.ids:
            yield f"{mark.test}:{mark.line}: the marker names no rule"
    for name, waiver in waivers.items():
        if name not in rules:
            yield f"waivers.yaml: there is no rule {name}"
        if name in shown:
            yield f"waivers.yaml: {name} is shown by a test: take the entry away"
        if waiver.verdict not in {"waived", "later"} or (waiver.verdict == "later") != (waiver.part == "patient"):
            yield f"waivers.yaml: {name} is waived, or later with part patient"
    wanted = [rule.id for rule in rules.values() if wants_test(rule)]
    yield from (f"{name}: no test is marked for it, and no reason is given" for name in wanted if name not in shown and name not in waivers)
    waived = [name for name, waiver in waivers.items() if waiver.verdict == "waived"]
    if len(waived) * PERCENT > WAIVED_PERCENT_MAX * len(wanted):
        yield f"{len(waived)} of {len(wanted)} rules are waived; at most {WAIVED_PERCENT_MAX} % may be"
