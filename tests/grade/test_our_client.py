"""No rule is broken by our own programmer, on a good line and on bad ones, whatever the pump provokes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.grade.grader import RULES, Grader
from hil.grade.offline import proof_judge
from hil.grade.options import PROVOCATIONS
from hil.grade.report import lines, verdicts
from hil.rig import Rig
from tests.grade.raw_client import Graded
from tests.grade.visits import visits

LOSSES = 8


def test_our_client_keeps_every_rule(graded: Graded, tmp_path: Path) -> None:
    """Visits at a pump that provokes all it can exercise every rule, and break none."""
    graded.begin(*PROVOCATIONS)
    visits(graded.pump.rig, programmer_file=str(tmp_path / "programmer.json"))

    assert graded.rules("broken") == set()
    assert graded.rules("met") == {rule.name for rule in RULES}


@pytest.mark.parametrize("number", range(LOSSES))
def test_our_client_breaks_no_rule_on_a_lossy_line(number: int, seed: int) -> None:
    """A line that loses, doubles and flips: resends and settled outcomes are there, and nothing to blame."""
    with Rig.open(f"pumpsim://itp-40?seed={number}") as rig:
        grader = Grader(proof_judge(rig.bench.bench.unit.keys))  # type: ignore[attr-defined]
        rig.programmer_options = {"on_frame": lambda sender, run: grader.passed(rig.bench.now_us(), sender, run)}
        for fault, ppm in (("link.drop", 30_000 * number), ("link.duplicate", 50_000), ("link.flip", 50)):
            rig.bench.inject(fault, rate_ppm=ppm, seed=seed + number)
        visits(rig)

    grade = grader.grade()
    assert "broken" not in verdicts(grade).values(), "\n".join(lines(grade, {}))
    assert grade.resends > 0 or not number
