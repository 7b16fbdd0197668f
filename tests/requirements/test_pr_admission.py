"""Section PR, protocol and security: how keys get in, and who cannot prove one, each row by its observable."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hil.unit import Unit
from protocol.answers import Reply
from protocol.codec import encode
from protocol.codes import Answer, EventKind, Role
from protocol.export.samples import sample
from protocol.framing import Frame, encode_frame
from protocol.keys import Key
from protocol.mac import masked
from protocol.message_table import BY_NAME
from protocol.messages import KeyChange
from tests.link.bedside import Bedside
from tests.link.forged import Intruder, hold, secret_of
from tests.support.therapies import US_PER_MIN, US_PER_S


@pytest.fixture
def bedside() -> Bedside:
    """A pump that infuses."""
    return Bedside.running()


class TestProvisioning:
    """Keys go in by a door of their own."""

    @staticmethod
    def provisioner(unit: Unit, secret: bytes | None = None) -> Intruder:
        """A session of the provisioning role; with the service key unless another secret is given."""
        host = Intruder(unit.receive)
        host.hello(secret or secret_of(unit, Role.SERVICE), Role.PROVISIONER, key_id=Role.SERVICE)
        return host

    @staticmethod
    def change(host: Intruder, key: Key) -> Reply:
        """Ask for one key to be replaced."""
        return host.ask("KEY", KeyChange(key.key_id, key.role, masked(host.keys, (key.key_id, key.role), key.secret)))

    FRESH = Key(2, Role.CLINICIAN, bytes(range(32)))

    @pytest.mark.pump_requirement("PR-11")
    def test_transfer_that_breaks_off_leaves_the_old_key_or_the_new(self, bedside: Bedside) -> None:
        """The supply dies after each byte of the change: every slot holds what it held, or that one the new key; never none."""
        hold(bedside.unit)
        image, keys = bedside.unit.save(), bedside.unit.keys
        ends = set[str]()
        for count in range(1_000):
            unit = Unit.new("itp-40", seed=1)
            unit.restore(image)
            host = self.provisioner(unit)
            unit.pump.power_cut(after_bytes=count)
            raw = host.keys.signed(key_frame(host, self.FRESH)) if host.keys else None
            assert raw is not None
            answered = unit.receive(encode_frame(raw))
            unit.advance_to(unit.now_us + US_PER_S)
            after = unit.keys
            assert [key for key in after if key.key_id != 2] == [key for key in keys if key.key_id != 2]
            assert after[1] in (keys[1], self.FRESH)
            ends.add("old" if after[1] == keys[1] else "new")
            if answered:
                break

        assert ends == {"old", "new"}
        assert 60 < count < 999

    @pytest.mark.pump_requirement("PR-11")
    def test_new_pump_takes_its_first_key_with_a_magnet_only(self) -> None:
        """In factory state, without keys: no session at all but provisioning, and that needs the magnet."""
        unit = Unit.new("itp-40", seed=1, keys=())
        closed = [Intruder(unit.receive).hello(bytes(32), role).answer for role in (Role.CLINICIAN, Role.SERVICE)]
        away = Intruder(unit.receive).hello(bytes(32), Role.PROVISIONER, key_id=0)
        hold(unit)
        host = Intruder(unit.receive)
        host.hello(bytes(32), Role.PROVISIONER, key_id=0)
        first = self.change(host, Key(3, Role.SERVICE, bytes(range(32))))
        again = Intruder(unit.receive, programmer_id=14).hello(bytes(32), Role.PROVISIONER, key_id=0)

        assert closed == [Answer.NOT_AUTHENTICATED] * 2
        assert away.answer is Answer.REFUSED
        assert first.answer is Answer.OK
        assert unit.keys == [Key(3, Role.SERVICE, bytes(range(32)))]
        assert again.answer is Answer.NOT_AUTHENTICATED


def key_frame(host: Intruder, key: Key) -> Frame:
    """The frame that asks for a key's change."""
    body = KeyChange(key.key_id, key.role, masked(host.keys, (key.key_id, key.role), key.secret))
    return Frame(BY_NAME["KEY"].opcode, host.session, host.sequence + 1, encode(body))


def fail_once(bedside: Bedside, key_id: int = 2) -> Reply:
    """One HELLO, and a request that does not prove it; returns HELLO's answer."""
    stranger = Intruder(bedside.unit.receive)
    reply = stranger.hello(bytes(32), key_id=key_id)
    if reply.answer is Answer.OK:
        assert stranger.ask("STATUS").answer is Answer.NOT_AUTHENTICATED
    return reply


class TestFailures:
    """Who cannot prove his key is counted, slowed down and logged."""

    @pytest.mark.pump_requirement("PR-12")
    def test_each_key_has_a_count_of_its_own_and_unknown_ids_share_one(self, bedside: Bedside) -> None:
        """Failures under the clinician's id leave the patient's handset its bolus; ids that no key has slow one another down."""
        for _ in range(8):
            fail_once(bedside, 2)
        assert bedside.programmer(role="patient").status().generation == 1
        unknown = [fail_once(bedside, key_id).answer for key_id in (40, 41, 42, 43, 44)]

        assert unknown[:3] == [Answer.NOT_AUTHENTICATED] * 3
        assert Answer.BUSY in unknown

    @pytest.mark.pump_requirement("PR-12")
    def test_right_key_clears_its_count(self, bedside: Bedside) -> None:
        """Two failures, a success, two failures: nobody waits."""
        for _ in range(2):
            fail_once(bedside)
            fail_once(bedside)
            with bedside.programmer() as programmer:
                programmer.status()


class TestNoise:
    """Refusals before authentication."""

    @pytest.mark.pump_requirement("LG-01")
    def test_refusals_before_authentication_are_logged_once_a_minute_and_counted(self, bedside: Bedside) -> None:
        """Ten a second for ten minutes: a record a minute at most, that tell how many there were; no other record is pushed out."""
        before = bedside.unit.pump.read_log(0, 100)[2]
        stranger, asked = Intruder(bedside.unit.receive), 0
        for _ in range(600):
            for name in ("STATUS", "LOG", "BOLUS", "STOP", "COMMIT", "INTERROGATE", "START", "REFILL", "ABORT", "CLOSE"):
                stranger.ask(name, sample(BY_NAME[name].request, "lowest"))
                asked += 1
            bedside.advance(seconds=1)
        bedside.advance(us=US_PER_MIN)
        stranger.ask("STATUS")
        told = bedside.unit.pump.read_log(0, 100)[2][len(before) :]

        assert {record.kind for record in told} == {EventKind.TURNED_AWAY}
        assert 10 <= len(told) <= 11
        assert sum(record.value for record in told) == asked + 1
        assert all(later.device_us - record.device_us >= US_PER_MIN for record, later in pairwise(told))

    @pytest.mark.pump_requirement("LG-01")
    def test_refusals_inside_a_session_have_each_their_record(self, bedside: Bedside) -> None:
        """Who is known is told one by one: a request that the role may not use is in the log with its opcode."""
        handset = bedside.programmer(role="patient")
        newest = bedside.unit.pump.status().log_newest
        for name in ("STOP", "LOG", "START"):
            handset.request(name, sample(BY_NAME[name].request, "lowest"))
        told = bedside.unit.pump.read_log(newest + 1, 10)[2]

        assert [(record.kind, record.detail) for record in told] == [
            (EventKind.REFUSAL, BY_NAME[name].opcode) for name in ("STOP", "LOG", "START")
        ]
