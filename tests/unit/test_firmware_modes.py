"""The modes table: every legal change, and nothing else."""

from __future__ import annotations

import pytest
from transitions import MachineError

from firmware_sim.errors import Refused
from firmware_sim.firmware.modes import MODE_TABLE, MODES, RUNNING, run_trigger
from tests.support.therapies import filled, flex, minimum, running, simple

TRIGGERS = sorted({name for name, _, _ in MODE_TABLE.rows})
LEGAL = {(mode, f"run_{target}"): target for mode in MODES for target in RUNNING}
LEGAL |= {(mode, "unload"): "stopped" for mode in MODES}
LEGAL |= {(mode, "stop"): "stopped" for mode in MODES if mode != "shelf"}
LEGAL |= {(mode, "fail_safe"): "minimum_rate" for mode in MODES if mode != "shelf"}
CASES = [(mode, trigger) for mode in MODES for trigger in TRIGGERS]


@pytest.mark.parametrize(("mode", "trigger"), CASES, ids=[f"{mode}-{trigger}" for mode, trigger in CASES])
def test_table_leads_where_it_says(mode: str, trigger: str) -> None:
    """A legal trigger leads to its one mode; an illegal one raises and is not allowed."""
    if (mode, trigger) in LEGAL:
        assert MODE_TABLE.allows(mode, trigger)
        assert MODE_TABLE.after(mode, trigger) == LEGAL[mode, trigger]
        return

    assert not MODE_TABLE.allows(mode, trigger)
    with pytest.raises(MachineError):
        MODE_TABLE.after(mode, trigger)


def test_table_keeps_no_state_of_its_own() -> None:
    """An illegal trigger does not spoil the next legal one: the state belongs to the pump."""
    with pytest.raises(MachineError):
        MODE_TABLE.after("shelf", "stop")

    assert MODE_TABLE.after("simple", "stop") == "stopped"
    assert MODE_TABLE.after("flex", "stop") == "stopped"


def test_nothing_leads_back_to_the_shelf() -> None:
    """Once a therapy was committed, the factory state is gone for good."""
    assert "shelf" not in {target for _, _, target in MODE_TABLE.rows}


@pytest.mark.parametrize("mode", RUNNING)
def test_commit_starts_the_mode_it_carries(mode: str) -> None:
    """A commit runs its own mode at once."""
    therapy = {"minimum_rate": minimum(), "simple": simple(), "flex": flex()}[mode]

    assert running(therapy).status().mode == mode
    assert run_trigger(mode) in TRIGGERS


def test_new_pump_lies_on_the_shelf() -> None:
    """Before the first commit the motor is off: STOP changes nothing, START has no therapy to run, 48 h do not count."""
    pump = filled()
    pump.advance(days=30)

    assert pump.stop() == "shelf"
    with pytest.raises(Refused, match="NO_THERAPY"):
        pump.start()
    status = pump.status()
    assert (status.mode, status.steps, status.alarms, status.generation) == ("shelf", 0, (), 0)


def test_stop_is_idempotent_and_start_brings_the_mode_back() -> None:
    """STOP twice is STOP; START runs the same therapy again, and again is no change."""
    pump = running(flex())

    assert [pump.stop(), pump.stop(), pump.start(), pump.start()] == ["stopped", "stopped", "flex", "flex"]
    assert pump.status().generation == 1


def test_start_wants_the_generation_it_was_told() -> None:
    """START of another generation than the one in force is refused with both numbers."""
    pump = running()
    pump.commit(simple(12_000))
    pump.stop()

    with pytest.raises(Refused) as refusal:
        pump.start(1)
    assert (refusal.value.code, refusal.value.field, refusal.value.value, refusal.value.limit) == ("GENERATION", "GENERATION", 1, 2)
    assert pump.start(2) == "simple"


def test_new_drug_waits_for_start() -> None:
    """A commit with another drug leaves the pump stopped, with the reason, until START."""
    from tests.support.therapies import refill_of

    pump = running()
    pump.refill(refill_of(concentration=0))
    therapy = simple(10_000, concentration=0)
    pump.commit(therapy)

    assert (pump.status().mode, pump.status().stop_reason) == ("stopped", "new_drug")
    assert pump.start() == "simple"
    assert pump.status().prescription == therapy
