"""A mutant for a while: in force for every pump of the process, through save, restore and boot, and gone without a trace."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from itertools import chain

import pytest

from hil.errors import HilError, UsageError
from hil.mutants import MUTANTS, in_force, mutant_of, mutated
from hil.mutants.applied import VARIABLE, firmware_caches
from hil.mutants.bedside import Bedside
from hil.mutants.mutant import Mutant
from hil.mutants.stranger import STRANGE_ACTS
from hil.requirements.table import shipped_table
from hil.rig import Rig
from hil.unit import Unit

COUNT_LEAST = 40


def day(moved: bool = False) -> str:
    """The digest after two days with a bolus, a stop and a reset between; `moved` goes through a restore and a fork half-way."""
    with Bedside.open() as bedside:
        bedside.do_running(rates="8000/20000", lockout_min=60)
        bedside.do_advance(days=1)
        if moved:
            bedside.bench.restore(bedside.bench.save())
            here = bedside.bench.fork()
            bedside.do_advance(hours=5)
            bedside.bench.back_to(here)
        bedside.do_bolus(100, 60)
        bedside.do_stop()
        bedside.bench.reset()
        bedside.do_advance(days=1)
        return bedside.bench.digest("therapy")


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_goes_on_after_restore_and_fork(name: str) -> None:
    """Whether it was saved, restored and forked on the way or not, a mutant comes to the same end."""
    with mutated(name):
        assert day(moved=True) == day()


def test_healthy_pump_is_healthy_again() -> None:
    """Having been every mutant leaves nothing behind: the digest of a day is what it was before."""
    before = day()
    for name in MUTANTS:
        with mutated(name):
            Unit.new("itp-40", seed=1)

    assert day() == before
    assert in_force() is None
    assert VARIABLE not in os.environ


def test_image_knows_nothing_of_its_defect() -> None:
    """A mutant's image restored on a healthy pump is healthy from there on, and the other way round."""
    with mutated("bolus-not-in-reservoir"), Bedside.open() as mutant:
        mutant.do_running(rate=10_000)
        mutant.do_bolus(100, 10)
        mutant.do_advance(hours=1)
        image, missed = mutant.bench.save(), mutant.do_belief("computed_reservoir_nl")
    with Bedside.open() as healthy:
        healthy.bench.restore(image)

        assert healthy.do_belief("computed_reservoir_nl") != missed


def test_mutant_of_a_mutant_is_refused() -> None:
    """A pump has one defect; the same one may be asked for again."""
    with mutated("bolus-short"), mutated("bolus-short"):
        with pytest.raises(UsageError, match="bolus-short is in force"), mutated("eri-never"):
            pass
        assert in_force() == "bolus-short"


def test_unknown_mutant_is_told_with_the_nearest() -> None:
    """A misspelt name brings the one that was meant."""
    with pytest.raises(UsageError, match="did you mean bolus-short"):
        mutant_of("bolus-shorts")


def test_lost_place_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant of a place that the firmware no longer has says so, and nothing is changed."""
    change = MUTANTS["bolus-short"].changes[0]._replace(place="firmware_sim.firmware.dose_desk:DoseDesk.gone")
    monkeypatch.setitem(MUTANTS, "bolus-short", MUTANTS["bolus-short"]._replace(changes=(change,)))
    with pytest.raises(HilError, match="no such place"), mutated("bolus-short"):
        pass

    assert in_force() is None


def test_what_the_firmware_remembers_is_forgotten_at_each_change() -> None:
    """Its caches are found wherever they are, and a change of defect leaves nothing in any."""
    day()
    caches = list(firmware_caches())
    known = {f"{cache.__module__.rpartition('.')[2]}.{cache.__name__}" for cache in caches}

    assert known >= {"week.week_of", "week.constant_week", "records._flips", "prescription._digest"}, known
    assert any(cache.cache_info().currsize for cache in caches)
    with mutated("bolus-short"):
        assert [cache.__name__ for cache in caches if cache.cache_info().currsize] == []
        day()
    assert [cache.__name__ for cache in caches if cache.cache_info().currsize] == []


def test_servers_started_inside_are_the_mutant() -> None:
    """A server reads its defect where it was told, says so in its ready line, and has it."""
    with mutated("magnet-ignored"), Rig.open("tcp://127.0.0.1:0") as rig:
        told = (rig.ready or {})["mutant"]
        rig.bench.call("magnet", held=True)
        answered = STRANGE_ACTS["stranger"](Bedside(rig, ExitStack()), "STOP")

        assert told == "magnet-ignored"
        assert answered == "NOT_AUTHENTICATED, shelf"


def test_names_and_rows_are_what_they_should_be() -> None:
    """At least forty; names of small letters; each says one sentence; each row is of the table and can be shown of a pump."""
    rows = shipped_table()
    mutants: list[Mutant] = list(MUTANTS.values())
    named = set(chain.from_iterable(mutant.negates for mutant in mutants))

    assert len(mutants) >= COUNT_LEAST
    assert [mutant.name for mutant in mutants if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", mutant.name)] == []
    assert [mutant.name for mutant in mutants if not mutant.doc.endswith(".") or not mutant.source or not mutant.negates] == []
    assert named <= {name for name, row in rows.items() if row.applies != "external-only"}
