"""Faults of the memory chip and of the RAM: what the scrub finds, what nothing finds, and which rate runs meanwhile."""

from __future__ import annotations

import pytest

from firmware_sim.errors import Refused
from firmware_sim.pump import Pump
from tests.faults.cases import shows
from tests.support.bed import RATE, Bed
from tests.support.therapies import US_PER_H, active_causes, listed_causes, simple

MINIMUM_RATE = 250
HARMLESS_REGION = "keys"
"""Kept free for programmer keys: nothing reads it before it is written."""
COMMIT_BYTES = 400
"""What one COMMIT writes: a lockout record, a bank, the delivery state, the other bank, a log record."""


def next_scrub_us(pump: Pump) -> int:
    """True time of the next full hour of the device's counter."""
    return pump.true_us_of((pump.device_us // US_PER_H + 1) * US_PER_H)


# -- a flipped bit ------------------------------------------------------------------------------------------------------------------


@shows("memory.bit_flip", "notices", "truth")
@pytest.mark.pump_requirement("SF-12")
@pytest.mark.parametrize("bank", ["bank_a", "bank_b"])
@pytest.mark.parametrize("offset", [0, 12, 45, 70])
def test_flip_in_a_bank_is_found_by_the_next_scrub_and_masked(bank: str, offset: int) -> None:
    """Non-critical at the full hour, not before; delivery is what it was, also over a reset."""
    bed = Bed()
    bed.pump.advance(minutes=20)
    bed.pump.inject("memory.bit_flip", region=bank, offset=offset, bit=5)
    at_us = next_scrub_us(bed.pump)
    bed.pump.advance_to(at_us - 1)
    assert listed_causes(bed.pump) == []
    bed.pump.advance(us=1)
    assert active_causes(bed.pump) == ["memory_error"]
    bed.pump.advance(hours=10)
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)

    bed.pump.reset()
    assert bed.pump.status().prescription == bed.therapy


@shows("memory.bit_flip", "truth")
@pytest.mark.pump_requirement("SF-05")
def test_flip_in_ram_never_rules_longer_than_one_scrub_period() -> None:
    """Every bit of the RAM image in turn: a rate that is wrong is set right, and told, by the next full hour at the latest."""
    image = Bed().pump.save()
    pump = Pump.restore(image)
    therapy = pump.status().prescription
    assert therapy is not None
    for offset in range(len(therapy.encode()) + 4):
        for bit in range(8):
            pump = Pump.restore(image)
            pump.inject("memory.bit_flip", region="ram", offset=offset, bit=bit)
            pump.advance_to(next_scrub_us(pump))
            assert (pump.status().prescription, pump.status().rate_nl_per_h) == (therapy, RATE)
            assert active_causes(pump) == ["memory_error"]
            assert "MEMORY_CORRECTED" in [record.get("event") for record in pump.events()[-3:]]


@shows("memory.bit_flip", "misses")
def test_flip_where_nothing_is_read_is_not_found() -> None:
    """Bytes that are written before they are read hold no news: a day goes by without a cause."""
    bed = Bed()
    bed.pump.inject("memory.bit_flip", region=HARMLESS_REGION, offset=100, bit=0)
    bed.pump.advance(days=1)

    assert listed_causes(bed.pump) == []
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@shows("memory.bit_flip", "notices")
def test_flip_in_a_log_record_shows_when_it_is_read() -> None:
    """No alarm; the record comes back as bad, its neighbours as they were."""
    bed = Bed()
    before = bed.pump.read_log(0, 4)[2]
    bed.pump.inject("memory.bit_flip", region="event_ring", offset=64 + 9, bit=2)
    bed.pump.advance(hours=2)
    after = bed.pump.read_log(0, 4)[2]

    assert [entry.good for entry in after] == [True, False, True, True]
    assert (after[0], after[2:]) == (before[0], before[2:])
    assert listed_causes(bed.pump) == []


# -- banks ----------------------------------------------------------------------------------------------------------------------------


@shows("memory.bank_bad", "notices", "truth")
@pytest.mark.pump_requirement("SF-12")
@pytest.mark.parametrize("bank", ["bank_a", "bank_b"])
def test_one_bad_bank_is_masked_until_it_is_programmed_anew(bank: str) -> None:
    """memory_error at the scrub, delivery unchanged; the next COMMIT writes both banks and clears it."""
    bed = Bed()
    bed.pump.inject("memory.bank_bad", bank=bank)
    bed.pump.advance(hours=5)
    assert active_causes(bed.pump) == ["memory_error"]
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)

    bed.pump.commit(bed.therapy)
    bed.pump.advance(hours=2)
    assert active_causes(bed.pump) == []


@shows("memory.bank_bad", "notices", "truth")
@pytest.mark.pump_requirement("SF-13")
def test_two_bad_banks_are_the_safe_state() -> None:
    """Critical at the scrub; from there the minimum rate, no START, and a COMMIT brings the therapy back."""
    bed = Bed()
    for bank in ("bank_a", "bank_b"):
        bed.pump.inject("memory.bank_bad", bank=bank)
    bed.pump.advance_to(next_scrub_us(bed.pump))
    assert active_causes(bed.pump) == ["memory_failure"]
    bed.mark()
    bed.pump.advance(days=2)
    assert bed.given_nl == pytest.approx(bed.meant_nl(rate=MINIMUM_RATE), abs=bed.step_nl)
    with pytest.raises(Refused, match="SAFE_STATE"):
        bed.pump.start()

    bed.pump.commit(bed.therapy)
    bed.mark()
    bed.pump.advance(hours=5)
    assert (active_causes(bed.pump), bed.pump.status().rate_nl_per_h) == ([], RATE)
    assert bed.given_nl == pytest.approx(bed.meant_nl(), abs=bed.step_nl)


@shows("memory.bank_bad", "misses")
def test_bank_that_went_bad_before_a_programming_is_never_told() -> None:
    """A COMMIT within the hour writes over it: nobody learns that there was anything."""
    bed = Bed()
    bed.pump.inject("memory.bank_bad", bank="bank_a")
    bed.pump.commit(bed.therapy)
    bed.pump.advance(days=1)

    assert listed_causes(bed.pump) == []


# -- torn writes --------------------------------------------------------------------------------------------------------------------


@shows("memory.torn_write", "notices", "truth")
@pytest.mark.parametrize("after_bytes", range(0, COMMIT_BYTES, 13))
def test_torn_write_of_a_commit_is_written_again(after_bytes: int) -> None:
    """Whatever byte the tear falls on, the therapy that was taken runs, no bank is bad, and it is what a reset brings back."""
    bed = Bed()
    bed.pump.inject("memory.torn_write", after_bytes=after_bytes)
    bed.pump.commit(simple(RATE // 4))
    bed.mark()
    bed.pump.advance(hours=5)
    assert listed_causes(bed.pump) == []
    assert bed.given_nl == pytest.approx(bed.meant_nl(rate=RATE // 4), abs=bed.step_nl)
    bed.pump.reset()
    bed.pump.advance(minutes=1)

    assert (bed.pump.status().prescription, bed.pump.status().generation) == (simple(RATE // 4), 3)
    assert active_causes(bed.pump) == []


@shows("memory.torn_write", "misses")
def test_torn_log_record_is_written_again_and_nobody_is_told() -> None:
    """The record is whole when it is read, and the log says nothing of a second writing."""
    bed, twin = Bed(), Bed()
    bed.pump.inject("memory.torn_write", after_bytes=10)
    for pump in (bed.pump, twin.pump):
        pump.advance(days=1)
        pump.alarm_test()

    count = twin.pump.status().log_newest + 1
    assert bed.pump.read_log(0, count) == twin.pump.read_log(0, count)
    assert listed_causes(bed.pump) == []


# -- the log ------------------------------------------------------------------------------------------------------------------------


@shows("memory.log_write_error", "notices", "truth")
@pytest.mark.pump_requirement("LG-08")
def test_record_that_does_not_read_back_raises_log_error() -> None:
    """Raised with the first record that fails, gone with the first that holds; the dose is what it was."""
    bed = Bed()
    handle = bed.pump.inject("memory.log_write_error")
    bed.pump.alarm_test()
    assert active_causes(bed.pump) == ["log_error"]
    bed.pump.advance(hours=10)
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    assert active_causes(bed.pump) == ["log_error"]

    bed.pump.clear(handle)
    bed.pump.alarm_test()
    assert active_causes(bed.pump) == []


@shows("memory.log_write_error", "misses")
def test_what_was_not_written_is_not_in_the_log() -> None:
    """Until something is logged nobody knows; what is logged meanwhile reads as bad for ever."""
    bed = Bed()
    newest = bed.pump.status().log_newest
    handle = bed.pump.inject("memory.log_write_error")
    bed.pump.advance(hours=5)
    assert listed_causes(bed.pump) == []
    bed.pump.stop()
    bed.pump.start()
    bed.pump.clear(handle)
    bed.pump.alarm_test()
    lost, kept = bed.pump.read_log(newest + 1, 2)[2], bed.pump.read_log(newest + 4, 1)[2]

    assert [entry.good for entry in lost] == [False, False]
    assert [entry.good for entry in kept] == [True]
