"""The page of the rules: what each says in both sets, where its numbers come from, and the tests that show it. Made from the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from hil.clinic.rules.claims import rule_marks, rule_waivers
from hil.clinic.rules.table import DEFAULT_SET, Rule, RuleSet, rule_set
from hil.requirements.marks import Mark
from hil.requirements.waivers import Waiver
from hil.wording.measures import measure

__all__ = ["render"]

HEAD = f"""# Dose rules

Generated from the rule sets in `hil/clinic/rules` and the markers in `tests`. For simulation and training only, never for patient care.

A rule set belongs to a jurisdiction and is chosen by name: `--rules label-seed` is the label that this project starts from,
`--rules label-us` the US label with the makers' present advice. Without a name it is `{DEFAULT_SET}`: the two differ most in the first dose
of somebody who responds for long, and there it is the lower one. A file of your own may extend either and say only what differs.

A rule that is broken *refuses* (nothing is sent), *warns* (nothing is sent without `--override R-033`, which reaches the pump's log), or is
*accepted* with advice. A rule without a verdict is a statement, for the models and the scenarios. Users: FW firmware, PROG programmer,
REFILL refill planner, PAT patient model, SCEN scenario.
"""
SECTIONS = (
    ("Product and preparation", "R-001"),
    ("Who, and the screening phase", "R-012"),
    ("Starting and titrating", "R-024"),
    ("Maintenance", "R-036"),
    ("Time course and pharmacokinetics", "R-051"),
    ("Withdrawal, overdose, hazards of the device", "R-065"),
)
"""Titles, each with the first rule below it."""
OTHERS = """
## Other drugs

Unverified, all of them: figures of single pages or from memory, good enough to exercise software and nothing else. They warn and never
refuse.
"""


def render(tests: Path, root: Path) -> str:
    """The whole page, from the data and the markers in the files below `tests`."""
    seed, us = rule_set("label-seed"), rule_set("label-us")
    claims = _Claims(rule_marks(tests, root), rule_waivers())
    parts = [HEAD, "## Where the two sets differ\n", *_differences(seed, us), "\n## Where sources disagree\n", *_disagreements(seed, us)]
    labels = [rule for rule in seed.rules.values() if rule.id.startswith("R")]
    titles = {first: title for title, first in SECTIONS}
    rows: list[list[str]] = []
    for rule in labels:
        if rule.id in titles:
            parts += _flushed(rows)
            parts.append(f"\n## {titles[rule.id]}\n")
        rows.append(_row(rule, us.rules[rule.id], claims))
    parts += _flushed(rows)
    parts += [OTHERS, *_table(HEADINGS, [_row(rule, rule, claims) for rule in seed.rules.values() if rule.id.startswith("U")])]
    return "\n".join(parts) + "\n"


HEADINGS = ("rule", "says", "verdict", "users", "numbers", "shown by, or why not")


class _Claims:
    """What is claimed of each rule."""

    def __init__(self, marks: Sequence[Mark], waivers: Mapping[str, Waiver]) -> None:
        self._marks = marks
        self._waivers = waivers

    def of(self, rule: Rule) -> str:
        """The tests of a rule, or the reason why there are none."""
        if rule.id in self._waivers:
            waiver = self._waivers[rule.id]
            return f"{waiver.verdict}{f' ({waiver.part})' if waiver.part else ''}: {waiver.reason}"
        return "<br>".join(dict.fromkeys(f"`{mark.test}`" for mark in self._marks if rule.id in mark.ids))


def _flushed(rows: list[list[str]]) -> list[str]:
    """The rows so far as a table; the list is empty after."""
    lines = list(_table(HEADINGS, rows)) if rows else []
    rows.clear()
    return lines


def _row(rule: Rule, us: Rule, claims: _Claims) -> list[str]:
    says = rule.why if us.why == rule.why else f"seed: {rule.why}<br>US: {us.why}"
    numbers = _numbers(rule) if us.numbers == rule.numbers else f"seed: {_numbers(rule)}<br>US: {_numbers(us)}"
    return [f"{rule.id}<br>{rule.title}", says, str(rule.verdict) if rule.check else "", ", ".join(rule.users), numbers, claims.of(rule)]


def _numbers(rule: Rule) -> str:
    """Where the numbers come from, alike ones together."""
    by_origin: dict[str, list[str]] = {}
    for name, number in rule.numbers.items():
        origin = ", ".join(filter(None, (number.provenance, number.source if number.provenance == "published" else "", number.note)))
        by_origin.setdefault(origin, []).append(f"{name} {measure(name, number.value)}")
    return "<br>".join(f"{'; '.join(names)} ({origin})" for origin, names in by_origin.items())


def _differences(seed: RuleSet, us: RuleSet) -> Iterator[str]:
    pairs = [
        (rule, us.rules[name])
        for name, rule in seed.rules.items()
        if (us.rules[name].why, us.rules[name].verdict) != (rule.why, rule.verdict)
    ]
    rows = [[f"{rule.id} {rule.title}", rule.why, other.why + ("" if other.verified else " (unverified)")] for rule, other in pairs]
    return _table(("rule", "label-seed", "label-us"), rows)


def _disagreements(seed: RuleSet, us: RuleSet) -> Iterator[str]:
    """What each side says is what its rule says, where the two have a rule of their own; elsewhere the file says it."""
    from ruamel.yaml import YAML

    text = (files("hil") / "clinic" / "rules" / "disagreements.yaml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(text)
    rows = []
    for entry in entries:
        said = [entry.get(name) or rules.rules[entry["rules"][0]].why for name, rules in (("seed", seed), ("us", us))]
        rows.append([entry["subject"], ", ".join(entry["rules"]), *said, entry["done"]])
    return _table(("subject", "rules", "seed", "US, and other sources", "what is done"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
