"""The keys in the pump's memory: torn, bent and erased, and what is left of them."""

from __future__ import annotations

import pytest

from protocol.app import Region
from protocol.codes import Role
from protocol.keys import KEY_BYTES, KEY_SLOTS, Key, KeyRing
from protocol.paper_pump import PaperPowerCut, PaperPump

OLD = Key(2, Role.CLINICIAN, b"o" * KEY_BYTES)
NEW = Key(2, Role.CLINICIAN, b"n" * KEY_BYTES)
SERVICE = Key(3, Role.SERVICE, b"s" * KEY_BYTES)
SLOT_BYTES = 128
COPY_BYTES = SLOT_BYTES // 2
RECORD_BYTES = 42
"""What a copy takes up of its place: serial number, id, role, 32 secret bytes, CRC."""


@pytest.fixture
def pump() -> PaperPump:
    """A pump with two keys."""
    pump = PaperPump()
    for key in (OLD, SERVICE):
        KeyRing(pump).store(key)
    return pump


def test_ring_gives_back_what_was_stored(pump: PaperPump) -> None:
    """By id, each as it was; an id without a key has none."""
    ring = KeyRing(pump)

    assert ring.all() == [OLD, SERVICE]
    assert (ring.key(2), ring.key(3), ring.key(1), ring.key(9)) == (OLD, SERVICE, None, None)


def test_new_key_takes_the_place_of_the_old_one(pump: PaperPump) -> None:
    """Time and again: the last is the one that counts, for a ring that was there and for one after a boot."""
    ring = KeyRing(pump)
    for number in range(9):
        key = NEW._replace(secret=bytes((number,)) * KEY_BYTES)
        ring.store(key)

        assert ring.all() == KeyRing(pump).all() == [key, SERVICE]


def test_slot_may_change_its_role(pump: PaperPump) -> None:
    """A role is a key's own, not its slot's."""
    KeyRing(pump).store(NEW._replace(role=Role.PATIENT))

    assert KeyRing(pump).key(2) == NEW._replace(role=Role.PATIENT)


def test_blank_is_the_factorys_state(pump: PaperPump) -> None:
    """Never written is blank, and so is a first key that was cut off in its first copy; a slot bad in both copies is not."""
    torn, spoiled = PaperPump(), PaperPump()
    torn.memory[Region.KEYS][5] = 0
    KeyRing(spoiled).store(NEW)
    for at in range(512):
        spoiled.memory[Region.KEYS][at] ^= spoiled.memory[Region.KEYS][at] != 0xFF

    assert KeyRing(PaperPump()).blank
    assert KeyRing(torn).blank
    assert not KeyRing(pump).blank
    assert not KeyRing(spoiled).blank
    assert KeyRing(spoiled).all() == []


@pytest.mark.parametrize("before", range(3))
def test_torn_write_leaves_the_old_key_or_the_new_one(before: int) -> None:
    """At every byte, whatever was written before, and the write done over succeeds."""
    seen = set()
    for at_byte in range(2 * RECORD_BYTES):
        pump = PaperPump()
        for number in range(before):
            KeyRing(pump).store(OLD._replace(secret=bytes((number,)) * KEY_BYTES))
        KeyRing(pump).store(OLD)
        pump.cut_at_byte = pump.written_bytes + at_byte
        with pytest.raises(PaperPowerCut):
            KeyRing(pump).store(NEW)
        pump.reboot()
        seen.add(KeyRing(pump).key(2))
        KeyRing(pump).store(NEW)

        assert KeyRing(pump).all() == [NEW]
    assert seen == {OLD, NEW}


def test_torn_first_write_leaves_no_key_or_the_key() -> None:
    """A slot that had none."""
    for at_byte in range(2 * RECORD_BYTES):
        pump = PaperPump()
        pump.cut_at_byte = at_byte
        with pytest.raises(PaperPowerCut):
            KeyRing(pump).store(NEW)
        pump.reboot()

        assert KeyRing(pump).all() == ([] if at_byte < RECORD_BYTES else [NEW])


def test_flipped_bit_in_either_copy_changes_no_key(pump: PaperPump) -> None:
    """Every bit of the region, one at a time."""
    memory = pump.memory[Region.KEYS]
    ring = KeyRing(pump)
    for bit in range(8 * len(memory)):
        memory[bit // 8] ^= 1 << bit % 8
        assert ring.all() == [OLD, SERVICE]
        memory[bit // 8] ^= 1 << bit % 8


def test_key_stored_beside_a_flipped_copy_counts(pump: PaperPump) -> None:
    """Whichever copy was bent, a new key goes in whole, and the old one does not come back."""
    for copy in range(2):
        for at in range(RECORD_BYTES):
            memory = pump.memory[Region.KEYS]
            memory[SLOT_BYTES + copy * COPY_BYTES + at] ^= 0x10
            KeyRing(pump).store(NEW)
            assert KeyRing(pump).key(2) == NEW
            KeyRing(pump).store(OLD)
            assert KeyRing(pump).key(2) == OLD


@pytest.mark.parametrize("copy", [0, 1])
def test_torn_write_beside_a_flipped_copy_loses_no_key(copy: int) -> None:
    """Whichever copy was bent, a write that breaks off leaves the old key or the new one: the copy that is whole is written last."""
    for at_byte in range(2 * RECORD_BYTES):
        pump = PaperPump()
        KeyRing(pump).store(OLD)
        pump.memory[Region.KEYS][SLOT_BYTES + copy * COPY_BYTES + 10] ^= 1
        pump.cut_at_byte = pump.written_bytes + at_byte
        with pytest.raises(PaperPowerCut):
            KeyRing(pump).store(NEW)
        pump.reboot()

        assert KeyRing(pump).all() in ([OLD], [NEW])


def test_slot_bent_in_both_copies_is_no_key(pump: PaperPump) -> None:
    """No key at all, and no wrong one; the other slots are whole."""
    for at in (SLOT_BYTES, SLOT_BYTES + COPY_BYTES):
        pump.memory[Region.KEYS][at + 10] ^= 1

    assert KeyRing(pump).all() == [SERVICE]


def test_copy_in_another_slot_is_no_key(pump: PaperPump) -> None:
    """Bytes that were moved give nobody another id."""
    memory = pump.memory[Region.KEYS]
    memory[0:SLOT_BYTES] = memory[SLOT_BYTES : 2 * SLOT_BYTES]

    assert KeyRing(pump).all() == [OLD, SERVICE]


def test_all_slots_hold_a_key() -> None:
    """Four of them, and the region has room for no fifth."""
    pump = PaperPump()
    keys = [Key(number, Role.SERVICE, bytes((number,)) * KEY_BYTES) for number in range(1, KEY_SLOTS + 1)]
    for key in keys:
        KeyRing(pump).store(key)

    assert KeyRing(pump).all() == keys
    assert len(pump.memory[Region.KEYS]) == KEY_SLOTS * SLOT_BYTES


def test_no_text_shows_the_secret() -> None:
    """Whatever prints a key, alone or among others."""
    for text in (repr(OLD), str(OLD), f"{OLD}", repr([OLD, SERVICE])):
        assert "CLINICIAN" in text
        assert "ooo" not in text
        assert OLD.secret.hex() not in text


@pytest.mark.parametrize("key", [NEW._replace(key_id=0), NEW._replace(key_id=5), NEW._replace(role=Role.NONE)])
def test_key_that_no_slot_takes_is_refused(pump: PaperPump, key: Key) -> None:
    """It would lie outside of its region."""
    before = bytes(pump.memory[Region.KEYS])
    with pytest.raises(ValueError, match="is no key of a pump"):
        KeyRing(pump).store(key)

    assert bytes(pump.memory[Region.KEYS]) == before
