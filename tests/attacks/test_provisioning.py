"""New keys on their way into a pump: what an attacker on the line, a lost session and a bad memory make of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from firmware_sim.errors import PowerCut
from hil.unit import Unit
from protocol.client import Programmer
from protocol.codec import decode
from protocol.codes import Answer, EventKind, Role
from protocol.framing import encode_frame
from protocol.keys import Key
from protocol.limits import SESSION_IDLE_US
from protocol.mac import masked
from protocol.message_table import BY_NAME
from protocol.messages import KeyChange
from protocol.transport.memory import MemoryTransport
from tests.attacks.scene import Scene
from tests.link.forged import frames_in
from tests.support.therapies import US_PER_S

NEW = Key(2, Role.CLINICIAN, bytes(range(32)))
SLOT = 128
"""The clinician's slot begins here."""


@pytest.fixture
def scene() -> Scene:
    """A secure pump that infuses, with a magnet over it."""
    scene = Scene("secure")
    scene.unit.act(lambda pump: pump.magnet(True))
    return scene


def wrapped(scene: Scene) -> list[bytes]:
    """Every new key that went over the line, as it went."""
    frames = [frame for frame in scene.frames("host") if frame.opcode == BY_NAME["KEY"].opcode]
    return [decode(KeyChange, frame.body).wrapped for frame in frames]


class TestOnTheLine:
    @pytest.mark.pump_requirement("PR-11")
    def test_forged_end_of_the_session_spoils_no_key(self, scene: Scene) -> None:
        """The client hides the key anew for the session in which it goes out again: the pump has the key that was meant."""
        left = [True]

        def carry(data: bytes) -> bytes:
            answer = scene.carry(data)
            keyed = [frame for frame in frames_in(answer) if frame.opcode == BY_NAME["KEY"].opcode]
            if not keyed or not left[0]:
                return answer
            left[0] = False
            return encode_frame(keyed[0]._replace(body=bytes((Answer.NOT_AUTHENTICATED,)), mac=b""))

        Programmer.over(MemoryTransport(carry), keys=scene.unit.keys, role="provisioner").replace_key(NEW)

        assert len(wrapped(scene)) == len(set(wrapped(scene))) == 2
        assert NEW in scene.unit.keys

    def test_session_that_was_lost_shows_no_key(self, scene: Scene) -> None:
        """After ten idle minutes the key still goes out only in a session, and never under the mask that anybody can make."""
        programmer = scene.programmer(role="provisioner")
        scene.advance(seconds=SESSION_IDLE_US // US_PER_S + 1)
        programmer.replace_key(NEW)
        shown = {masked(None, (NEW.key_id, NEW.role), bytes_) for bytes_ in wrapped(scene)}

        assert NEW in scene.unit.keys
        assert NEW.secret not in shown | set(wrapped(scene))

    def test_recorded_change_changes_nothing_later(self, scene: Scene) -> None:
        """Played again, whole, with the magnet still there: the key that came after it stays."""
        later = Key(2, Role.CLINICIAN, bytes(32))
        for key in (NEW, later):
            with scene.programmer(role="provisioner") as provisioner:
                provisioner.replace_key(key)
        for end, data in tuple(scene.overheard):
            if end == "host":
                scene.unit.receive(data)
        assert later in scene.unit.keys

    def test_first_key_of_a_new_pump_can_be_read_on_the_line(self) -> None:
        """Two ends that share no secret cannot hide one: who records the first provisioning has the key."""
        unit = Unit.new("itp-40", seed=1, keys=())
        unit.act(lambda pump: pump.magnet(True))
        overheard: list[bytes] = []

        def carry(data: bytes) -> bytes:
            answer = unit.receive(data)
            overheard.extend((data, answer))
            return answer

        first = Key(3, Role.SERVICE, NEW.secret)
        Programmer.over(MemoryTransport(carry), role="provisioner", programmer_id=7).replace_key(first)

        assert unit.keys == [first]
        assert len(overheard) > 3


class TestInThePump:
    @pytest.mark.pump_requirement("PR-11")
    def test_replaces_one_key_and_keeps_the_rest(self, scene: Scene) -> None:
        """The other roles' keys, the therapy in force and the log stay; a non-critical alarm tells of it, and the log has which one."""
        others = [key for key in scene.unit.keys if key.key_id != NEW.key_id]
        therapy, newest = scene.programmer().interrogate().digest, scene.unit.pump.status().log_newest
        with scene.programmer(role="provisioner") as provisioner:
            provisioner.replace_key(NEW)
        status = scene.unit.pump.status()
        told = [record.detail for record in scene.unit.pump.read_log(newest + 1, 100)[2] if record.kind == EventKind.KEY_SET]

        assert [key for key in scene.unit.keys if key != NEW] == others
        assert scene.programmer().interrogate().digest == therapy
        assert (status.mode, told) == ("flex", [2])
        assert [(alarm.cause, alarm.critical) for alarm in status.alarms if alarm.active] == [("keys_changed", False)]

    def test_own_key_may_be_replaced_and_the_session_goes_on(self, scene: Scene) -> None:
        """Service replaces its own key and then another's, a restore in between: both are the new ones."""
        provisioner = scene.programmer(role="provisioner")
        mine = Key(3, Role.SERVICE, bytes(reversed(range(32))))
        provisioner.replace_key(mine)
        scene.unit.restore(scene.unit.save())
        provisioner.replace_key(NEW)

        assert scene.unit.keys[1:] == [NEW, mine]
        assert len([frame for frame in scene.frames("host") if frame.opcode == BY_NAME["HELLO"].opcode]) == 1

    @pytest.mark.pump_requirement("PR-11")
    @pytest.mark.parametrize("bad_copy", [None, 0, 1])
    def test_cut_at_each_byte_leaves_the_old_key_or_the_new(self, bad_copy: int | None) -> None:
        """Also where one of the two copies had gone bad before: the whole one is the last to be written."""
        old = Scene("secure").unit.keys
        new = sorted({*old} - {old[1]} | {NEW})
        for at_byte in cuts():
            scene = Scene("secure")
            scene.unit.act(lambda pump: pump.magnet(True))
            if bad_copy is not None:
                place = SLOT + 64 * bad_copy
                flipped = bytes((scene.unit.pump.load("keys")[place] ^ 1,))
                scene.unit.act(lambda pump, at=place, byte=flipped: pump.store("keys", at, byte))  # type: ignore[misc]
            provisioner = scene.programmer(role="provisioner", retries=0)
            scene.unit.act(lambda pump, at=at_byte: pump.power_cut(after_bytes=at, off_us=US_PER_S))  # type: ignore[misc]
            done = carried_out(provisioner)
            scene.advance(seconds=30)
            assert sorted(scene.unit.keys) in (sorted(old), new)
            if done:
                assert sorted(scene.unit.keys) == new
                return


def cuts() -> Iterator[int]:
    """One byte further each time; the caller ends it when nothing was cut."""
    return count(1, 3)


def carried_out(provisioner: Programmer) -> bool:
    """Whether the pump said that it has the new key."""
    from protocol.errors import ProtocolError

    try:
        provisioner.replace_key(NEW)
    except (ProtocolError, PowerCut):
        return False
    return True
