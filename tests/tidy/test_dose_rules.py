"""Rules of the label and what is claimed of them agree: markers name rules that exist, and no rule is forgotten."""

from __future__ import annotations

import pytest

from hil.clinic.rules.claims import MARKER, problems_of, rule_marks, rule_waivers, wants_test
from hil.clinic.rules.table import rule_set
from hil.requirements.marks import Mark, marks_in, stray_lines
from hil.requirements.waivers import Waiver
from tests.tidy.tree import ROOT, modules

RULES = rule_set("label-seed").rules
MARKS = rule_marks(ROOT / "tests", ROOT)
WAIVERS = rule_waivers()


def test_every_rule_is_shown_or_has_its_reason() -> None:
    """Each rule for programmer, refill planner or patient has a marked test or a reason, and not both; unknown ids are told."""
    found = list(problems_of(RULES, MARKS, WAIVERS))

    assert not found, "\n".join(found)


def test_every_marker_is_on_a_test() -> None:
    """A marker that marks no test would be counted by nobody."""
    found = [f"{module.path}:{line}" for module in modules("tests") for line in stray_lines(module.text, module.path, MARKER)]

    assert not found, f"marks no test: {found}"


def test_reasons_say_something() -> None:
    """No waiver is empty."""
    assert all(len(waiver.reason) >= 20 for waiver in WAIVERS.values())


HEAD = "import pytest\n\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('@pytest.mark.pump_rule("R-099")\ndef test_x(): ...\n', "no rule R-099"),
        ("@pytest.mark.pump_rule()\ndef test_x(): ...\n", "names no rule"),
        ('@pytest.mark.pump_rule("R-024")\ndef test_x(): ...\n', "R-033: no test is marked"),
    ],
)
def test_rule_of_markers_can_fail(text: str, said: str) -> None:
    """An unknown id, an empty marker and a forgotten rule are found."""
    marks = marks_in(HEAD + text, "tests/unit/test_x.py", MARKER)

    assert any(said in line for line in problems_of(RULES, marks, {}))


@pytest.mark.parametrize(
    ("waiver", "said"),
    [
        (Waiver("R-099", "waived", "A reason."), "no rule R-099"),
        (Waiver("R-024", "waived", "A reason."), "R-024 is shown"),
        (Waiver("R-033", "later", "A reason.", "rig"), "later with part patient"),
    ],
)
def test_rule_of_waivers_can_fail(waiver: Waiver, said: str) -> None:
    """A reason for a rule that is not there, one beside a test, and one that names no part are found."""
    marks = [Mark("tests/x.py::test_x", ("R-024",), (), 1, ())]

    assert any(said in line for line in problems_of(RULES, marks, {waiver.id: waiver}))


def test_waivers_stay_few() -> None:
    """More than a tenth waived is told."""
    wanted = [rule.id for rule in RULES.values() if wants_test(rule)]
    many = {name: Waiver(name, "waived", "A reason.") for name in wanted[: len(wanted) // 10 + 1]}

    assert any("may be" in line for line in problems_of(RULES, [], many))
    assert not any("may be" in line for line in problems_of(RULES, [], dict(list(many.items())[:-1])))
