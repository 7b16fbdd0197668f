"""Boot: make the firmware's RAM again from memory and the retained registers.

Open delivery records are closed as interrupted with what the bolus had commanded when power failed; nothing is resumed or caught up. A
valid bank newer than the delivery state is a COMMIT that finished: its mode starts, unless it carries another drug. Both banks bad after
a commit is the safe state, never a default.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.dosing import Dosing
from firmware_sim.firmware.stall import StallWatch
from firmware_sim.firmware.store import DeliveryState, Store
from firmware_sim.hal import Registers

__all__ = ["Fresh", "Waking", "wake"]


class Fresh(NamedTuple):
    """What is fixed at manufacture: the units of a step, and the clock of a pump that was never set."""

    step_units: int
    clock_start_us: int


class Waking(NamedTuple):
    """What boot found: the belief to go on with, the trigger that brings the mode into force (None: shelf), the doses that the reset
    caught as (command id, programmed nL, delivered nL, start), the word of latched alarms, and whether a COMMIT
    had finished that the delivery state does not know of.
    """

    belief: Belief
    trigger: str | None
    interrupted: list[tuple[int, int, int, int]]
    latched: int
    finished_commit: bool


def wake(store: Store, registers: Registers, fresh: Fresh, now_us: int) -> Waking:
    """Read memory and registers; writes the boot count and the ends of open doses. A power cut may end it."""
    step_units, clock_start_us = fresh
    store.journal.events.find_next()
    store.journal.faults.find_next()
    dosing = Dosing(
        step_units,
        anchor_us=now_us,
        basal_units=registers.basal_units,
        bolus_units=registers.bolus_units,
        running_us=registers.running_us,
        last_step_running_us=registers.last_step_running_us,
    )
    stall = StallWatch(((dosing.steps_at(now_us), dosing.running_us),))
    belief = Belief(dosing, stall=stall, boot_count=store.boot_count() + 1, booted_us=now_us)
    store.write_boot_count(belief.boot_count)
    fill, clock, delivery = store.fill(), store.clock_offset(), store.delivery()
    if registers.lost:
        store.forget_fill()
        fill = None
    belief.fill = fill[0] if fill and fill[0].entry.drug_id else None
    kept = store.alarm_state()
    belief.eri_us, belief.recovery_us = kept.eri_us, kept.recovery_us
    belief.clock_offset_us = clock[0] if clock else clock_start_us
    trigger = _load(store, belief, delivery)
    belief.patient_granted, belief.patient_refused = store.patient_counters()
    interrupted = _close_open_doses(store, registers, now_us)
    finished = delivery is not None and belief.generation > delivery.generation
    return Waking(belief, trigger, interrupted, kept.latched, finished)


def _load(store: Store, belief: Belief, delivery: DeliveryState | None) -> str | None:
    """Put the newest therapy and the delivery state into the belief; returns the mode trigger, None to stay in shelf."""
    bank = store.banks.newest()
    if delivery is not None:
        belief.stop_reason, belief.stopped_us = delivery.stop_reason, delivery.stopped_us
        belief.implanted_us, belief.generation, belief.drug_id = delivery.implanted_us, delivery.generation, delivery.drug_id
    if bank is None or bank.prescription is None:
        return _without_therapy(store, belief, delivery)
    belief.generation, belief.prescription, belief.drug_id = bank.generation, bank.prescription, bank.prescription.drug_id
    if delivery is None or bank.generation > delivery.generation:
        new_drug = delivery is not None and delivery.drug_id not in (0, bank.prescription.drug_id)
        return "unload" if new_drug else f"run_{bank.prescription.mode}"
    return f"run_{bank.prescription.mode}" if delivery.running else "unload"


def _without_therapy(store: Store, belief: Belief, delivery: DeliveryState | None) -> str | None:
    """No bank is valid: shelf before the first commit; else stopped stays stopped, and running becomes the safe state."""
    if delivery is None:
        return None
    belief.safe_state = all(bank.state == "bad" for bank in store.banks.read())
    return "fail_safe" if belief.safe_state and delivery.running else "unload"


def _close_open_doses(store: Store, registers: Registers, now_us: int) -> list[tuple[int, int, int, int]]:
    """End every open record; returns (command id, programmed, delivered, start) of each.

    Where the count was lost nobody knows what was given, and it counts as all of it.
    """
    closed = []
    for dose in store.doses.all():
        if dose.end is None:
            until_us = dose.end_us if registers.lost else max(registers.lost_at_us, dose.start_us)
            delivered_nl = dose.run().delivered_nl(until_us)
            store.doses.close(dose.slot, "interrupted", delivered_nl, now_us)
            closed.append((dose.command.command_id, dose.programmed_nl, delivered_nl, dose.start_us))
    return closed
