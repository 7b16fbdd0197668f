"""The line to the pump, from test plan 7."""

from __future__ import annotations

import pytest

from hil.bench.calls import BenchCalls
from hil.instruments.line_tap import LineTap
from hil.pytest_plugin.waiting import Wait
from hil.rig import Rig
from protocol.client import Programmer

BOLUS = (20_000, 10_000, 600)


@pytest.mark.pump_requirement("QA-04")
def test_lost_answer_gives_one_bolus(running: Rig, programmer: Programmer, tap: LineTap, wait: Wait) -> None:
    """The command arrives and its answer does not: sent again, the pump answers as before and gives nothing more."""
    before_nl = programmer.interrogate_short()[1].bolus_nl
    tap.inject("link.drop", direction="to_host", at_frames="2")  # the first answer is to a question that comes before
    programmer.bolus(*BOLUS)
    wait(minutes=15)

    assert programmer.interrogate_short()[1].bolus_nl - before_nl == BOLUS[0]


@pytest.mark.pump_requirement("QA-05")
def test_quiet_line(rig: Rig, programmer: Programmer, wait: Wait) -> None:
    """Whoever asks again after a while is answered."""
    boots = programmer.status().boot_count
    wait(seconds=2)

    assert programmer.status().boot_count == boots


@pytest.mark.pump_needs("bench.power")
def test_power_cut_leaves_the_therapy(running: Rig, programmer: Programmer, bench: BenchCalls) -> None:
    """A minute without supply: the pump counts a start, and has its therapy."""
    before = programmer.status()
    bench.power_cut(off_s=60)
    bench.advance(minutes=2)
    after = programmer.status()

    assert (after.boot_count, after.therapy_digest) == (before.boot_count + 1, before.therapy_digest)
