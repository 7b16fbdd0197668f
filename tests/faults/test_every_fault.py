"""Over the whole registry: what the pump can notice alarms in time, nothing else alarms at all, and no account ever fails to balance."""

from __future__ import annotations

import ast
import random
from contextlib import suppress

import pytest

from firmware_sim.errors import BenchRefused
from firmware_sim.faults import FAULTS
from firmware_sim.firmware.journal import Entry
from firmware_sim.pump import Pump
from tests.faults.cases import ASPECTS, CASES
from tests.support.bed import RATE, Bed
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_S, active_causes, listed_causes, refill_of, simple
from tests.tidy.tree import Module, modules, snippet

NOTICED = [name for name, case in CASES.items() if case.causes]
SILENT = [name for name, case in CASES.items() if not case.causes]
SAID_OTHERWISE = {
    "clock.drift": "its own time runs otherwise, so that nothing of it can be equal",
    "clock.jump": "its clock shows another time",
    "battery.drain_by_wakeups": "the voltage falls a little faster",
}
"""Silent faults that change what the pump tells without an alarm, with the reason."""


def shown(module: Module) -> set[tuple[str, str]]:
    """(fault, column) of every `shows` in a module."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "shows":
            name, *aspects = [ast.literal_eval(argument) for argument in node.args]
            found |= {(name, aspect) for aspect in aspects}
    return found


def in_force(name: str, volume_nl: int = 40 * ML) -> Bed:
    """A settled pump with the campaign's fault, and what belongs to it, done."""
    bed = Bed(volume_nl=volume_nl)
    bed.pump.inject(name, **CASES[name].parameters)
    CASES[name].act(bed.pump)
    return bed


def journal(pump: Pump) -> list[Entry]:
    """All that the pump has logged."""
    return pump.read_log(0, pump.status().log_newest + 1)[2]


# -- the table is whole -----------------------------------------------------------------------------------------------------------


def test_every_fault_is_in_the_campaign() -> None:
    """A new fault cannot come without its parameters and what is expected of the pump; the table knows no other."""
    assert set(CASES) == set(FAULTS)


def test_every_fault_has_its_tests() -> None:
    """What the pump notices, what it misses, and the truth: each column of each fault has a test of its own."""
    found = set().union(*(shown(module) for module in modules("tests/faults")))
    missing = sorted({(name, aspect) for name in FAULTS for aspect in ASPECTS} - found)
    unknown = sorted(found - {(name, aspect) for name in FAULTS for aspect in ASPECTS})

    assert (missing, unknown) == ([], []), "add a test with @shows(name, column), or mend the name"


def test_missing_column_would_be_found() -> None:
    """The reader of `shows` takes what is written, and no more."""
    assert shown(snippet('@shows("motor.stall", "truth")\ndef test_x(): ...\n', "tests/faults/test_x.py")) == {("motor.stall", "truth")}


@pytest.mark.parametrize("name", FAULTS)
def test_text_and_campaign_agree(name: str) -> None:
    """A fault whose text says "nothing", or "no alarm", has no cause in the campaign, and any other has one."""
    notices = FAULTS[name].notices
    says_none = notices.startswith("nothing") or "no alarm" in notices

    assert says_none == (not CASES[name].causes) or name in SAID_OTHERWISE


# -- what can be noticed is, in time ------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-11")
@pytest.mark.parametrize("name", NOTICED)
def test_noticed_fault_alarms_within_its_bound(name: str) -> None:
    """Each of its causes is active when the bound is over, and has its record."""
    bed = in_force(name)
    bed.pump.advance(seconds=CASES[name].within_s)

    assert set(CASES[name].causes) <= set(active_causes(bed.pump))
    assert set(active_causes(bed.pump)) <= {*CASES[name].causes, "supply_range", "eri"}


@pytest.mark.pump_requirement("AL-11")
@pytest.mark.parametrize("name", SILENT)
def test_silent_fault_raises_no_alarm_in_a_month(name: str) -> None:
    """Thirty days with a refill in them: no cause, and the pump tells and logs what its twin without the fault does."""
    bed, twin = in_force(name), Bed(volume_nl=40 * ML)
    CASES[name].act(twin.pump)
    for pump in (bed.pump, twin.pump):
        pump.advance(days=10)
        pump.needle(withdraw_nl=None, inject_nl=35 * ML, concentration_ng_per_ml=bed.concentration)
        pump.refill(refill_of(35 * ML))
        pump.advance(days=20)

    assert listed_causes(bed.pump) == []
    if name not in SAID_OTHERWISE:
        assert bed.pump.status() == twin.pump.status()
        assert journal(bed.pump) == journal(twin.pump)


# -- laws under every fault ---------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("ST-04", "OC-04")
@pytest.mark.parametrize("name", FAULTS)
def test_nothing_flows_back_and_every_account_balances(name: str) -> None:
    """Hour by hour for two days: what was delivered and what moved only rises, and all that came in is somewhere."""
    bed = in_force(name, 20 * ML)
    before = bed.pump.truth()
    for _ in range(48):
        bed.pump.advance(hours=1)
        after = bed.pump.truth()
        assert after.balance.delivered_fl >= before.balance.delivered_fl
        assert after.balance.delivered_mass >= before.balance.delivered_mass
        assert after.steps_moved >= before.steps_moved
        assert (after.balance.volume_gap_fl(), after.balance.mass_gap()) == (0, 0)
        before = after


@pytest.mark.parametrize("name", FAULTS)
def test_fault_that_is_queued_is_the_fault_that_is_injected(name: str) -> None:
    """From the schedule or by hand at the same instant: one truth, one belief."""
    told = []
    for queued in (False, True):
        pump = Bed(simple(RATE)).pump
        at_us = pump.now_us + 90 * US_PER_S
        if queued:
            pump.schedule(at_us, "inject", name=name, **CASES[name].parameters)
            pump.advance_to(at_us)
        else:
            pump.advance_to(at_us)
            pump.inject(name, **CASES[name].parameters)
        pump.advance(us=2 * US_PER_H)
        told.append((pump.truth(), pump.status()))

    assert told[0] == told[1]


@pytest.mark.parametrize("name", FAULTS)
def test_pump_under_a_fault_is_the_same_in_pieces_of_time_and_from_an_image(name: str) -> None:
    """Two days at once, hour by hour, and with an image taken in the middle: one digest."""
    image = in_force(name, 20 * ML).pump.save()
    whole, pieces, half = (Pump.restore(image) for _ in range(3))
    whole.advance(hours=50)
    for _ in range(50):
        pieces.advance(hours=1)
    half.advance(hours=17)
    half = Pump.restore(half.save())
    half.advance(hours=33)

    assert whole.digest() == pieces.digest() == half.digest()


def test_faults_together_keep_every_account(seed: int) -> None:
    """Forty rounds of four faults drawn from the registry, one after the other, with a refill between: nothing is lost or made."""
    draw = random.Random(seed)
    for _ in range(40):
        pump = Bed().pump
        for name in draw.sample(sorted(FAULTS), 4):
            pump.advance(us=draw.randrange(US_PER_DAY))
            with suppress(BenchRefused):
                pump.inject(name, **CASES[name].parameters)
            with suppress(BenchRefused):
                pump.needle(withdraw_nl=draw.randrange(ML), inject_nl=draw.randrange(ML), concentration_ng_per_ml=draw.randrange(4 * ML))
        pump.advance(days=1)
        for fault in pump.faults():
            with suppress(BenchRefused):
                pump.clear(fault.handle)
        pump.advance(days=1)
        balance = pump.truth().balance
        assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0)
        assert Pump.restore(pump.save()).digest() == pump.digest()
