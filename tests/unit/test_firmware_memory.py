"""Memory of the firmware: two banks, what a flipped bit does to them, and what a reset finds."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import PowerCut, Refused
from firmware_sim.firmware.device_status import DeviceStatus
from firmware_sim.firmware.nvm import Banks, Layout
from firmware_sim.firmware.prescription import Command, Prescription
from firmware_sim.firmware.records import Cell, seal, unseal
from firmware_sim.plant.memory import Memory
from tests.support.boots import SELF_TEST_US, restarted, wait_for_self_test
from tests.support.therapies import US_PER_H, active_causes, bolus_of, filled, flex, listed_causes, minimum, refill_of, running, simple

HEADER_BYTES = 40
SIZES = {"bank_a": 1_024, "bank_b": 1_024}
COMMAND = Command(7, 9, bytes(range(16)))
LARGEST = flex([8_000 + rate for rate in range(13)])


def banks_over(memory: Memory) -> Banks:
    """Banks at the start of a small memory."""
    return Banks(memory, Layout(SIZES))


def flip(pump: Pump, region: str, offset: int = HEADER_BYTES + 4, bit: int = 0) -> None:
    """A particle hits."""
    pump.inject("memory.bit_flip", region=region, offset=offset, bit=bit)


def flip_both(pump: Pump) -> None:
    """Two particles hit both banks."""
    flip(pump, "bank_a")
    flip(pump, "bank_b")


# -- banks ----------------------------------------------------------------------------------------------------------------------


def test_new_banks_are_blank() -> None:
    """Erased memory is blank, which is neither valid nor bad."""
    banks = banks_over(Memory(2_048))

    assert [bank.state for bank in banks.read()] == ["blank", "blank"]
    assert banks.newest() is None


@pytest.mark.parametrize("therapy", [minimum(), simple(), LARGEST], ids=["minimum", "simple", "thirteen steps"])
def test_bank_gives_back_what_was_committed(therapy: Prescription) -> None:
    """Generation, command and therapy come back as they were written; the mirror makes both banks the same."""
    banks = banks_over(Memory(2_048))
    banks.commit(1, therapy, COMMAND)
    assert [bank.state for bank in banks.read()] == ["valid", "blank"]
    banks.mirror()

    for bank in banks.read():
        assert (bank.state, bank.generation, bank.command, bank.prescription) == ("valid", 1, COMMAND, therapy)


def test_commit_goes_to_the_bank_not_in_force() -> None:
    """The therapy in force lies untouched until the new one is whole."""
    banks = banks_over(Memory(2_048))
    banks.commit(1, simple(), COMMAND)
    banks.commit(2, flex(), COMMAND)

    assert [(bank.generation, bank.state) for bank in banks.read()] == [(1, "valid"), (2, "valid")]
    newest = banks.newest()
    assert newest is not None
    assert newest.prescription == flex()


def test_every_cut_leaves_the_old_therapy_or_the_new() -> None:
    """A power cut after any number of bytes of a commit leaves generation 1 or 2 whole, and 2 only when all was written."""
    probe = Memory(2_048)
    banks_over(probe).commit(1, simple(), COMMAND)
    first_bytes = probe.bytes_written
    banks_over(probe).commit(2, LARGEST, COMMAND)
    total = probe.bytes_written - first_bytes
    for cut in range(total + 1):
        memory = Memory(2_048)
        banks = banks_over(memory)
        banks.commit(1, simple(), COMMAND)
        memory.cut_after_bytes = cut
        if cut < total:
            with pytest.raises(PowerCut):
                banks.commit(2, LARGEST, COMMAND)
        else:
            banks.commit(2, LARGEST, COMMAND)
        newest = banks_over(memory).newest()

        assert newest is not None
        assert (newest.generation, newest.prescription) == ((2, LARGEST) if cut >= total else (1, simple()))


def test_every_flipped_bit_of_a_bank_makes_it_bad() -> None:
    """No single bit of header or image goes unnoticed."""
    memory = Memory(2_048)
    banks_over(memory).commit(1, simple(), COMMAND)
    length = HEADER_BYTES + len(simple().encode())
    for offset in range(length):
        for bit in range(8):
            memory.flip(offset, bit, 0)
            assert banks_over(memory).read()[0].state == "bad", (offset, bit)
            memory.flip(offset, bit, 0)

    assert banks_over(memory).read()[0].state == "valid"


def test_mirror_leaves_a_bad_bank_to_the_alarm() -> None:
    """Mirroring writes over blank and old banks, never over a bad one; a commit's repair does."""
    memory = Memory(2_048)
    banks = banks_over(memory)
    banks.commit(1, simple(), COMMAND)
    banks.mirror()
    memory.flip(1_024 + HEADER_BYTES, 0, 0)
    banks.mirror()
    assert banks.read()[1].state == "bad"
    banks.repair(1)

    assert banks.read()[1].state == "valid"


@pytest.mark.parametrize("data", [b"", b"\x01", bytes(24), b"\xff" * 30, simple().encode()[:-1], simple().encode() + b"\x00"])
def test_bytes_that_are_no_prescription_are_refused(data: bytes) -> None:
    """Decoding says so, whatever the length, and nothing else goes wrong."""
    with pytest.raises(ValueError, match=r"prescription|too many|length"):
        Prescription.decode(data)


def test_prescription_digest_is_that_of_its_bytes() -> None:
    """Two therapies that differ in one nL/h have other digests; equal ones equal."""
    assert simple(8_000).digest() == simple(8_000).digest() != simple(8_001).digest()
    assert Prescription.decode(LARGEST.encode()) == LARGEST


def test_acts_not_asked_for_over_the_wire_leave_no_command() -> None:
    """Orders without a command are no command's effect: the highest id stays 0, and no id finds them."""
    pump = running()
    pump.bolus(bolus_of(1_000, 60))
    pump.stop()
    pump.set_clock(0)
    pump.start()

    assert pump.last_effect_id() == 0
    assert [pump.effect(number) for number in (0, 1)] == [None, None]


@pytest.mark.parametrize("kind", ["commit", "start", "refill", "set_clock", "bolus"])
def test_each_act_carries_its_command(kind: str) -> None:
    """What a command did is found by its id, before and after a reset, with the programmer and digest it came with."""
    pump = running()
    if kind == "commit":
        pump.commit(flex(), COMMAND)
    elif kind == "start":
        pump.start(None, COMMAND)
    elif kind == "refill":
        pump.refill(refill_of(), COMMAND)
    elif kind == "set_clock":
        pump.set_clock(0, COMMAND)
    else:
        pump.bolus(bolus_of(1_000, 60), COMMAND)
    for _ in range(2):
        effect = pump.effect(COMMAND.command_id)
        assert effect is not None
        assert (effect.command, pump.last_effect_id()) == (COMMAND, 7)
        assert effect.dose is not None if kind == "bolus" else effect.kind == kind
        pump.reset()


# -- records and cells ----------------------------------------------------------------------------------------------------------


def test_record_with_a_wrong_bit_is_no_record() -> None:
    """A sealed record opens; with any bit changed it does not."""
    record = seal(b"nine bytes")
    assert unseal(record) == b"nine bytes"
    for place in range(len(record) * 8):
        spoiled = bytearray(record)
        spoiled[place // 8] ^= 1 << place % 8
        assert unseal(bytes(spoiled)) is None


def test_cell_keeps_the_older_copy_when_power_dies() -> None:
    """A torn write leaves what was there; the next write goes over the torn copy."""
    memory = Memory(256)
    cell = Cell(memory, 0, "<q")
    assert cell.read() is None
    cell.write(1)
    for value in (2, 3):
        memory.cut_after_bytes = cell.copy_bytes - 1
        with pytest.raises(PowerCut):
            cell.write(value)
        assert cell.read() == (1,)
    cell.write(4)

    assert Cell(memory, 0, "<q").read() == (4,)


# -- in the running pump ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", ["bank_a", "bank_b"])
def test_one_bad_bank_alarms_at_the_next_scrub_and_changes_no_flow(region: str) -> None:
    """Masked by the other bank: a non-critical alarm at the next full hour, and every step as if nothing were."""
    pump, twin = running(), running()
    for each in (pump, twin):
        each.advance(minutes=20)
    flip(pump, region)
    pump.advance_to(pump.true_us_of(US_PER_H) - 1)
    assert active_causes(pump) == []
    pump.advance(us=1)
    assert active_causes(pump) == ["memory_error"]
    assert not pump.status().alarms[0].critical

    for each in (pump, twin):
        each.advance_to(10 * 24 * US_PER_H)
    assert pump.truth()._replace(sound=None) == twin.truth()._replace(sound=None)


def test_bad_bank_is_found_again_by_boot_and_mended_by_a_commit() -> None:
    """The alarm outlives a reset, for memory does; a commit writes both banks and clears it."""
    pump = running()
    flip(pump, "bank_b")
    pump.reset()
    assert active_causes(pump) == ["memory_error"]
    wait_for_self_test(pump)
    pump.commit(simple(12_000))

    assert (active_causes(pump), listed_causes(pump)) == ([], ["memory_error"])
    pump.reset()
    assert active_causes(pump) == []


def test_two_bad_banks_are_the_safe_state() -> None:
    """Critical alarm, minimum rate, bolus interrupted, therapy unknown; boluses and START want a commit first."""
    pump = running(flex())
    pump.bolus(bolus_of(100_000, 7_200), COMMAND)
    flip_both(pump)
    pump.advance(hours=1)
    status, effect = pump.status(), pump.effect(7)

    assert (status.mode, status.rate_nl_per_h, status.safe_state, status.prescription) == ("minimum_rate", 250, True, None)
    assert active_causes(pump) == ["memory_failure"]
    assert effect is not None
    assert effect.dose is not None
    assert effect.dose.end == "interrupted"
    for act in (lambda: pump.bolus(bolus_of(1_000, 60)), pump.start):
        with pytest.raises(Refused, match="SAFE_STATE"):
            act()


def test_commit_ends_the_safe_state() -> None:
    """A new therapy is whole in both banks: the alarm clears, the mode runs, a reset finds it."""
    pump = running()
    flip_both(pump)
    pump.advance(hours=1)
    pump.commit(simple(12_000))
    assert (pump.status().safe_state, pump.status().mode, active_causes(pump)) == (False, "simple", [])

    restarted(pump)
    assert (pump.status().rate_nl_per_h, active_causes(pump)) == (12_000, [])


def test_another_drug_waits_for_start_out_of_the_safe_state() -> None:
    """The safe state has lost the therapy, not the drug it was of: a commit of another one stays stopped."""
    pump = running()
    flip_both(pump)
    pump.advance(hours=1)
    pump.refill(refill_of(concentration=0))
    pump.commit(simple(concentration=0))

    assert (pump.status().mode, pump.status().stop_reason) == ("stopped", "new_drug")


def test_safe_state_survives_a_reset() -> None:
    """Boot finds both banks bad: the alarm at once, the minimum rate after the self-test, never a default therapy."""
    pump = running()
    flip_both(pump)
    pump.reset()
    assert (pump.status().mode, pump.status().rate_nl_per_h, active_causes(pump)) == ("minimum_rate", 0, ["memory_failure"])
    wait_for_self_test(pump)

    assert (pump.status().mode, pump.status().rate_nl_per_h, active_causes(pump)) == ("minimum_rate", 250, ["memory_failure"])


def test_stopped_pump_is_not_started_by_bad_memory() -> None:
    """STOP holds: both banks bad raise the alarm, and the motor stays off, over a reset too."""
    pump = running()
    pump.stop()
    flip_both(pump)
    pump.advance(hours=1)
    assert (pump.status().mode, active_causes(pump)) == ("stopped", ["memory_failure"])

    for _ in range(2):
        restarted(pump)
        assert (pump.status().mode, pump.status().rate_nl_per_h, active_causes(pump)) == ("stopped", 0, ["memory_failure"])


def test_stop_in_the_safe_state_holds() -> None:
    """The minimum rate of the safe state can be stopped, and a reset does not start it again."""
    pump = running()
    flip_both(pump)
    pump.advance(hours=1)
    assert pump.stop() == "stopped"
    restarted(pump)

    assert pump.status().mode == "stopped"


@pytest.mark.parametrize("regions", [("bank_a",), ("bank_a", "bank_b")], ids=["one", "both"])
def test_bad_banks_of_a_pump_on_the_shelf_are_an_error_and_no_more(regions: tuple[str, ...]) -> None:
    """Before the first commit there is no therapy to lose: the non-critical alarm, and the pump stays on the shelf."""
    pump = Pump()
    for region in regions:
        flip(pump, region, offset=3)
    pump.advance(hours=1)

    assert (active_causes(pump), pump.status().mode) == (["memory_error"], "shelf")


def test_bits_outside_the_banks_alarm_nobody() -> None:
    """A flip in the log, or behind a bank's image, is found by the scrub and means nothing to therapy."""
    pump = running()
    flip(pump, "event_ring", offset=10)
    flip(pump, "bank_a", offset=1_000)
    pump.advance(hours=3)

    assert listed_causes(pump) == []


def kept(status: DeviceStatus) -> DeviceStatus:
    """What a reset leaves alone: all but the counts of boots and records, and what a young boot has measured once of the battery."""
    return status._replace(boot_count=0, log_newest=0, fault_log_newest=0, supply_mv=0, replace_by_clock_us=0)


# -- resets ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("LG-05")
@pytest.mark.parametrize("state", ["shelf", "stopped", "flex"])
def test_reset_keeps_therapy_mode_and_totals(state: str) -> None:
    """A plain reset gives back what was: mode, generation, therapy, totals, clock; only the boot count is higher. The rate is back with the
    end of the self-test, and the four seconds are not made up.
    """
    pump = filled()
    if state != "shelf":
        pump.commit(flex())
        pump.advance(days=1)
        pump.set_clock(pump.status().clock_us + US_PER_H)
    if state == "stopped":
        pump.stop()
    before = pump.status()
    pump.reset()
    after = pump.status()

    assert after.boot_count == before.boot_count + 1 == pump.boots
    assert after.fault_log_newest == before.fault_log_newest + 1
    assert (after.self_testing, after.rate_nl_per_h) == (True, 0)
    resumed = after._replace(self_testing=False, rate_nl_per_h=before.rate_nl_per_h)
    assert kept(resumed) == kept(before)
    wait_for_self_test(pump)
    told = pump.status()
    assert (told.self_testing, told.rate_nl_per_h, told.steps) == (False, before.rate_nl_per_h, before.steps)
    assert (told.basal_nl, told.clock_us) == (before.basal_nl, before.clock_us + SELF_TEST_US)


@pytest.mark.parametrize("set_to_us", [0, 12_345, 10**15], ids=["epoch", "device time", "2031"])
def test_clock_survives_a_reset_wherever_it_was_set(set_to_us: int) -> None:
    """Also an offset of exactly zero is an offset that was set."""
    pump = running()
    pump.advance(us=12_345)
    pump.set_clock(set_to_us)
    pump.reset()

    assert pump.status().clock_us == set_to_us


def test_finished_commit_with_a_new_drug_waits_for_start_after_power_loss() -> None:
    """At every byte that power may die at within a commit of another drug: the old therapy runs on, or the new one waits."""
    seen = set()
    for cut in range(0, 400, 3):
        pump = running()
        pump.refill(refill_of(concentration=0))
        pump.power_cut(after_bytes=cut)
        try:
            pump.commit(simple(concentration=0), COMMAND)
        except PowerCut:
            pump.advance(us=0)
        status = pump.status()
        assert status.prescription is not None
        assert (status.prescription.drug_id, status.mode) in ((1, "simple"), (2, "stopped"))
        seen.add(status.prescription.drug_id)

    assert seen == {1, 2}
