"""Section PG, programming, limits, session: resets, drugs, updates broken off, each row by its observable."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.prescription import Prescription
from hil.therapy.prescription import to_therapy
from hil.unit import Unit
from protocol.codes import StagingState, StatusFlag
from protocol.errors import LinkError, LinkLost, Uncertain
from protocol.therapy import Therapy
from tests.link.bedside import NEW, OLD, Bedside
from tests.support.bed import RATE, Bed
from tests.support.therapies import US_PER_H, active_causes

STOPPED_TOO_LONG = 1 << number_of("stopped_too_long")


ENTRY_BYTES = range(41, 45)
"""Where a bank has drug id and version: behind its header of 36 bytes, its CRC, and the mode."""


HEADER_CRC_BYTES = range(36, 40)
"""The CRC over header and image, and so over the entry's number and version too."""


class TestCommittedEntry:
    """The drug entry in the therapy bank: its number and version, under the bank's CRC."""

    def test_lies_where_these_tests_flip(self) -> None:
        """A bank has the drug's number and version there, each 16 bits."""
        bank = Bed().pump.load("bank_a")

        assert bytes(bank[at] for at in ENTRY_BYTES) == bytes((1, 0, 1, 0))

    @pytest.mark.pump_requirement("PG-11")
    @pytest.mark.parametrize("bank", ["bank_a", "bank_b"])
    def test_one_flipped_bit_is_a_bad_bank(self, bank: str) -> None:
        """Every bit of id, version and CRC: non-critical at the next scrub, the entry and the flow as before, also after a reset."""
        image = Bed().pump.save()
        for offset in (*ENTRY_BYTES, *HEADER_CRC_BYTES):
            for bit in range(8):
                pump = Pump.restore(image)
                therapy = pump.status().prescription
                pump.inject("memory.bit_flip", region=bank, offset=offset, bit=bit)
                pump.advance(hours=1)
                pump.reset()
                pump.advance(seconds=10)

                assert active_causes(pump) == ["memory_error"]
                assert (pump.status().prescription, pump.status().rate_nl_per_h) == (therapy, RATE)

    @pytest.mark.pump_requirement("PG-11")
    @pytest.mark.parametrize("offset", ENTRY_BYTES)
    def test_flips_in_both_are_the_safe_state(self, offset: int) -> None:
        """Neither entry can be trusted: critical alarm, minimum rate, and never another drug."""
        pump = Pump.restore(Bed().pump.save())
        for bank in ("bank_a", "bank_b"):
            pump.inject("memory.bit_flip", region=bank, offset=offset, bit=0)
        pump.reset()
        pump.advance(hours=1)
        status = pump.status()

        assert "memory_failure" in active_causes(pump)
        assert status.safe_state
        assert status.prescription is None
        assert status.rate_nl_per_h == pump.profile.rate.minimum_rate_nl_per_h


class Dying(Bedside):
    """A wire that passes so many bytes to the pump and is then gone."""

    def __init__(self, unit: Unit, left: int) -> None:
        super().__init__(unit)
        self.left = left

    def carry(self, data: bytes) -> bytes:
        passed, self.left = data[: self.left], max(0, self.left - len(data))
        if len(passed) < len(data):
            if passed:
                super().carry(passed)
            raise LinkLost("test: the cable is out")
        return super().carry(passed)


class TestBrokenOffUpdate:
    """The link is lost after each byte of an update."""

    @pytest.mark.pump_requirement("PG-18")
    def test_therapy_is_old_or_new_or_the_pump_stands_still_and_says_so(self) -> None:
        """Never mixed. Stopped: told in every later session's STATUS, dropped when it lapses, with its alarm 48 h after BEGIN."""
        image, states = Bedside.running().unit.save(), dict[str, int]()
        for left in range(1, 4_000):
            unit = Unit.new("itp-40", seed=1)
            unit.restore(image)
            wire = Dying(unit, left)
            if not died(wire):
                break
            state = what_runs(unit)
            states[state] = states.get(state, 0) + 1
            if state == "stopped" and left % 16 == 0:
                check_stopped(Bedside(unit))
        else:
            pytest.fail("the update never came through")

        assert set(states) == {"old", "stopped", "new"}
        assert states["stopped"] > 200


def died(wire: Dying) -> bool:
    """Whether the wire was gone before the update was through."""
    try:
        with wire.programmer() as programmer:
            programmer.update(NEW)
    except (LinkError, Uncertain):
        return True
    return wire.left == 0


def what_runs(unit: Unit) -> str:
    """`old`, `new` or `stopped`, and nothing between them."""
    belief = unit.pump.status()
    assert belief.prescription is not None
    therapy: Therapy = to_therapy(Prescription(*belief.prescription))
    assert therapy in (OLD, NEW)
    assert (therapy == NEW) == (belief.generation == 2)
    if belief.mode == "stopped":
        assert (therapy, belief.stop_reason) == (OLD, "update")
        return "stopped"
    return "new" if therapy == NEW else "old"


def check_stopped(bedside: Bedside) -> None:
    """What a stopped pump tells, now and in two days."""
    stopped_us = bedside.unit.pump.device_us
    now, _ = bedside.look()
    given = bedside.totals()
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(stopped_us + 48 * US_PER_H) - 1)
    quiet, _ = bedside.look()
    bedside.advance(us=1)
    alarmed, _ = bedside.look()

    assert all(status.flags & StatusFlag.STOPPED_BY_UPDATE for status in (now, quiet, alarmed))
    assert (quiet.alarms, alarmed.alarms, alarmed.staging) == (0, STOPPED_TOO_LONG, StagingState.NONE)
    assert bedside.totals() == given
