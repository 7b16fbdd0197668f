"""Section PR, protocol and security: how keys get in, and who cannot prove one, each row by its observable."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hil.unit import Unit
from protocol.answers import Reply
from protocol.codec import encode
from protocol.codes import Answer, EventKind, Role
from protocol.errors import DeviceAnswer
from protocol.export.samples import CASES, sample
from protocol.framing import Frame, encode_frame
from protocol.keys import Key
from protocol.mac import masked
from protocol.message_table import BY_NAME
from protocol.messages import KeyChange
from protocol.refusals import RefusalCode
from tests.link.bedside import Bedside
from tests.link.forged import Intruder, hold, secret_of
from tests.support.therapies import US_PER_H, US_PER_MIN, US_PER_S


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
    @pytest.mark.parametrize("role", ["patient", "clinician", "service"])
    def test_is_not_reached_from_a_therapy_session(self, bedside: Bedside, role: str) -> None:
        """KEY is NOT_AUTHORISED in every other role, magnet or not, and the keys are as they were."""
        keys = bedside.unit.pump.load("keys")
        for held in (False, True):
            hold(bedside.unit, held=held)
            for case in CASES:
                assert bedside.programmer(role=role).request("KEY", sample(KeyChange, case)).answer is Answer.NOT_AUTHORISED
        assert bedside.unit.pump.load("keys") == keys

    @pytest.mark.pump_requirement("PR-11")
    def test_reaches_no_therapy(self, bedside: Bedside) -> None:
        """A provisioning session may open, close and change keys; all else is NOT_AUTHORISED."""
        hold(bedside.unit)
        host = self.provisioner(bedside.unit)
        before = bedside.unit.digest("therapy")
        answers = {
            name: host.ask(name, sample(spec.request, "lowest")).answer
            for name, spec in BY_NAME.items()
            if name not in ("HELLO", "CLOSE", "KEY")
        }

        assert set(answers.values()) == {Answer.NOT_AUTHORISED}
        assert bedside.unit.digest("therapy") == before

    @pytest.mark.pump_requirement("PR-11")
    def test_needs_the_magnet_and_the_service_key(self, bedside: Bedside) -> None:
        """Without the magnet no session and no change; with it, no other key opens one."""
        refused = Intruder(bedside.unit.receive).hello(secret_of(bedside.unit, Role.SERVICE), Role.PROVISIONER, key_id=Role.SERVICE)
        hold(bedside.unit)
        host = self.provisioner(bedside.unit)
        hold(bedside.unit, held=False)
        gone = self.change(host, self.FRESH)

        assert (refused.answer, refused.body.code) == (Answer.REFUSED, RefusalCode.NO_MAGNET)
        assert (gone.answer, gone.body.code) == (Answer.REFUSED, RefusalCode.NO_MAGNET)
        assert secret_of(bedside.unit) != self.FRESH.secret

    @pytest.mark.pump_requirement("PR-11")
    def test_new_key_works_the_old_does_not_and_therapy_goes_on(self, bedside: Bedside) -> None:
        """Logged and told by a non-critical alarm; therapy and log are kept; the open session of the old key goes on to its end."""
        hold(bedside.unit)
        old, before = secret_of(bedside.unit), bedside.unit.pump.read_log(0, 100)[2]
        therapy = bedside.unit.pump.status().prescription
        changed = self.change(self.provisioner(bedside.unit), self.FRESH)
        records = bedside.unit.pump.read_log(0, 100)[2]
        late, now = Intruder(bedside.unit.receive), Intruder(bedside.unit.receive)
        late.hello(old)
        now.hello(self.FRESH.secret)

        assert changed.answer is Answer.OK
        assert (late.ask("STATUS").answer, now.ask("STATUS").answer) == (Answer.NOT_AUTHENTICATED, Answer.OK)
        assert records[: len(before)] == before
        assert EventKind.KEY_SET in [record.kind for record in records[len(before) :]]
        assert "keys_changed" in [alarm.cause for alarm in bedside.unit.pump.status().alarms if alarm.active or not alarm.acknowledged]
        assert bedside.unit.pump.status().prescription == therapy

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
    def test_back_off_doubles_to_a_minute(self, bedside: Bedside) -> None:
        """Two failures are free; the third and each further one make the same key BUSY for 1, 2, 4 ... 60 s, and never longer."""
        waits = list[int]()
        for _ in range(10):
            assert fail_once(bedside).answer is Answer.OK
            waiting = fail_once_more(bedside)
            waits.append(waiting // US_PER_S)
            bedside.unit.advance_to(bedside.unit.pump.true_us_of(bedside.unit.pump.device_us + waiting))

        assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]

    @pytest.mark.pump_requirement("PR-12")
    def test_magnet_lifts_it(self, bedside: Bedside) -> None:
        """While a magnet is held the right key is let in at once; nobody is locked out who stands beside the patient."""
        for _ in range(8):
            fail_once(bedside)
        with pytest.raises(DeviceAnswer):
            bedside.programmer()
        hold(bedside.unit)

        assert bedside.programmer().status().generation == 1

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

    @pytest.mark.pump_requirement("PR-12")
    def test_failures_are_in_the_log(self, bedside: Bedside) -> None:
        """A record that so many were turned away, with its time."""
        fail_once(bedside)
        kinds = [record.kind for record in bedside.unit.pump.read_log(0, 100)[2]]

        assert EventKind.TURNED_AWAY in kinds

    @pytest.mark.pump_requirement("PR-12")
    def test_stop_without_a_session_needs_the_magnet(self, bedside: Bedside) -> None:
        """From afar NOT_AUTHENTICATED; with a magnet the pump stops, sounds at once, and has it in its log."""
        refused = Intruder(bedside.unit.receive).ask("STOP")
        running = bedside.unit.pump.status().mode
        hold(bedside.unit)
        stopped = unbound_stop(bedside)
        status = bedside.unit.pump.status()

        assert (refused.answer, running) == (Answer.NOT_AUTHENTICATED, "flex")
        assert (stopped.answer, status.mode) == (Answer.OK, "stopped")
        assert "magnet_stop" in [alarm.cause for alarm in status.alarms if alarm.active]
        assert bedside.unit.pump.truth().sound is not None
        assert EventKind.MAGNET_STOP in [record.kind for record in bedside.unit.pump.read_log(0, 100)[2]]

    @pytest.mark.pump_requirement("PR-12")
    def test_stop_with_a_magnet_works_three_times_an_hour(self, bedside: Bedside) -> None:
        """The fourth is BUSY until an hour after the first, and is taken then."""
        hold(bedside.unit)
        first_us = bedside.unit.pump.device_us
        answers = list[Answer]()
        for _ in range(3):
            answers.append(unbound_stop(bedside).answer)
            with bedside.programmer() as programmer:
                programmer.start()
            bedside.advance(minutes=5)
        busy = unbound_stop(bedside)
        mode = bedside.unit.pump.status().mode
        bedside.unit.advance_to(bedside.unit.pump.true_us_of(first_us + US_PER_H))

        assert answers == [Answer.OK] * 3
        assert (busy.answer, mode) == (Answer.BUSY, "flex")
        assert busy.body.until_us == first_us + US_PER_H
        assert unbound_stop(bedside).answer is Answer.OK


def fail_once_more(bedside: Bedside) -> int:
    """How long a HELLO under that id has to wait now, in microseconds; asks without counting as a failure."""
    image = bedside.unit.save()
    reply = Intruder(bedside.unit.receive, programmer_id=14).hello(bytes(32))
    bedside.unit.restore(image)
    return int(reply.body.until_us - bedside.unit.pump.device_us) if reply.answer is Answer.BUSY else 0


def unbound_stop(bedside: Bedside) -> Reply:
    """STOP outside any session."""
    return Intruder(bedside.unit.receive).send(Frame(BY_NAME["STOP"].opcode, 0, 0, b""))


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
