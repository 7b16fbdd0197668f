"""What each attack does in the patient and in the pump, where it succeeds; and what a secure pump makes of it."""

from __future__ import annotations

import pytest

from protocol.codec import encode
from protocol.codes import Answer, EventKind, Role
from protocol.device.raw_memory import REGIONS, Peek, Poke
from protocol.framing import Frame, encode_frame
from protocol.keys import KEY_SLOTS, Key
from protocol.limits import U32_MAX, WAKE_US, WAKES_UNPROVED
from protocol.message_table import BY_NAME
from protocol.messages import PatientBolus
from tests.attacks.attacks import ATTACKS, PEEK, bolus, eri_us, next_id
from tests.attacks.scene import BOLUS_NG, Scene, Stranger, dosed
from tests.link.bedside import BOLUS_NL, BOLUS_S
from tests.support.therapies import US_PER_H

POKE = 0xE1
TOLERANCE = 8
"""One part in so many of a dose: the unit's calibration, and drug thinned by what the reservoir could not be emptied of."""
WITHOUT_KEY = ("forged command", "key from a CRC", "replay in the session", "replay in a later session", "remote STOP")
"""Attacks of somebody who has nothing but a transmitter."""


class TestSecurePump:
    """`secure`, under each attack."""

    @pytest.mark.pump_requirement("PR-04", "PR-05")
    @pytest.mark.parametrize("attack", WITHOUT_KEY)
    def test_what_has_no_key_changes_nothing_and_is_in_the_log(self, attack: str) -> None:
        """Therapy is bit by bit what it would have been, drug too; the refusals are counted in STATUS and logged."""
        scene = Scene("secure")
        logged = scene.told(EventKind.TURNED_AWAY)
        ATTACKS[attack](scene)
        status = scene.programmer().status()

        assert scene.unit.pump.status().mode == "flex"
        assert status.generation == 1
        assert status.turned_away > 0
        assert scene.told(EventKind.TURNED_AWAY) > logged

    @pytest.mark.pump_requirement("PR-04")
    def test_forged_bolus_leaves_truth_as_it_was(self) -> None:
        """Not a nanogram more or less reaches the patient than without the attack, and no other bit of therapy differs."""
        scene = Scene("secure")
        twin = scene.undisturbed()
        stranger = Stranger(scene)
        stranger.hello(Role.CLINICIAN, Key(2, Role.CLINICIAN, bytes(32)))
        answers = [stranger.ask(name, body).answer for name, body in (("BOLUS", bolus(3)), ("STOP", ()), ("ABORT", ()))]

        assert answers == [Answer.NOT_AUTHENTICATED] * 3
        assert scene.unit.digest("therapy") == twin.unit.digest("therapy")
        assert dosed(scene, twin) == 0

    @pytest.mark.pump_requirement("PR-08")
    @pytest.mark.parametrize("role", [Role.PATIENT, Role.CLINICIAN, Role.SERVICE])
    def test_knows_no_memory_requests(self, role: Role) -> None:
        """PEEK and POKE are UNSUPPORTED for every role, and each is logged."""
        scene = Scene("secure")
        who = Stranger(scene)
        who.hello(role, scene.key(role))
        before, logged = scene.unit.digest("therapy"), scene.told(EventKind.REFUSAL)
        answers = [who.ask_raw(PEEK, encode(Peek(0, 0, 100))).answer, who.ask_raw(POKE, encode(Poke(0, 0, bytes(8)))).answer]

        assert answers == [Answer.UNSUPPORTED] * 2
        assert scene.told(EventKind.REFUSAL) == logged + 2
        assert scene.unit.digest("therapy") == before

    def test_highest_id_is_a_gap(self) -> None:
        """No id is skipped, so none is used up, and the refusal is logged."""
        scene = Scene("secure")
        with scene.programmer(role="patient", programmer_id=3) as handset:
            asked = handset.request("PATIENT_BOLUS", PatientBolus(U32_MAX))
            assert (asked.answer, asked.body.number) == (Answer.ID_GAP, 3)
        assert scene.told(EventKind.REFUSAL) == 1
        assert scene.programmer().status().last_command_id == 2

    @pytest.mark.pump_requirement("PR-09")
    def test_start_of_what_was_changed_meanwhile_is_refused(self) -> None:
        """GENERATION, the pump stays stopped, and the log has the refusal; having looked again, the clinician may start it."""
        scene = Scene("secure")
        ATTACKS["change in standby"](scene)
        assert scene.unit.pump.status().mode == "stopped"
        assert scene.told(EventKind.REFUSAL) == 1
        victim = scene.programmer()
        assert victim.interrogate().generation == 2
        victim.start()
        assert scene.unit.pump.status().mode == "flex"


class TestForgedCommand:
    def test_gives_drug(self) -> None:
        """On `no-auth` a stranger's bolus is in the patient, whole."""
        scene = Scene("no-auth")
        twin = scene.undisturbed()
        scene.programmer().status()
        stranger = Stranger(scene)
        stranger.hello(Role.CLINICIAN)
        assert stranger.ask("BOLUS", bolus(next_id(scene))).answer is Answer.OK
        assert abs(dosed(scene, twin) - BOLUS_NG) < BOLUS_NG // TOLERANCE


class TestKeyFromCrc:
    def test_is_the_pumps_key(self) -> None:
        """Two pumps of `crc-key` have each the key that its serial number says, in every slot; two secure pumps have unrelated ones."""
        keys = {key.secret for key in Scene("crc-key").unit.keys}

        assert len(keys) == 1
        assert len(next(iter(keys)).strip(next(iter(keys))[:4])) == 0
        assert len({key.secret for key in Scene("secure").unit.keys}) == 3


class TestReplay:
    @pytest.mark.parametrize("attack", ["replay in the session", "replay in a later session"])
    def test_gives_the_dose_again(self, attack: str) -> None:
        """On `no-replay-check` the pump itself counts two boluses more than the clinician gave."""
        scene = Scene("no-replay-check")
        ATTACKS[attack](scene)

        assert scene.unit.pump.status().bolus_nl >= 2 * BOLUS_NL

    def test_secure_pump_answers_the_same_bytes_with_the_same_answer(self) -> None:
        """The last request once more is a resend: answered from store, not carried out."""
        scene = Scene("secure")
        scene.programmer().bolus(BOLUS_NL, BOLUS_NG, BOLUS_S)
        before = scene.unit.digest()
        (again,) = Stranger(scene).say(scene.requests("BOLUS")[-1])

        assert again == scene.frames("pump")[-1]
        assert scene.unit.digest() == before


class TestMemoryAccess:
    def test_reads_keys_and_therapy(self) -> None:
        """On `raw-memory` the patient's handset reads every key and the therapy's bytes."""
        scene = Scene("raw-memory")
        handset = Stranger(scene)
        handset.hello(Role.PATIENT, scene.key(Role.PATIENT))
        told = {name: handset.ask_raw(PEEK, encode(Peek(place, 0, 448))).body[1:] for place, name in enumerate(REGIONS)}

        assert all(key.secret in told["keys"] for key in scene.unit.keys)
        assert any(scene.unit.pump.load(bank)[:448] == told[bank] != b"\xff" * 448 for bank in ("bank_a", "bank_b"))

    def test_writes_a_key_of_its_own(self) -> None:
        """A key poked into its slot is the clinician's from then on."""
        scene = Scene("raw-memory")
        handset = Stranger(scene)
        handset.hello(Role.PATIENT, scene.key(Role.PATIENT))
        patients = handset.ask_raw(PEEK, encode(Peek(0, 0, 128))).body[1:]
        assert handset.ask_raw(POKE, encode(Poke(0, 128, b"\xff" * 128))).answer is Answer.OK
        assert handset.ask_raw(POKE, encode(Poke(0, 0, patients))).answer is Answer.OK
        assert [key.role for key in scene.unit.keys] == [Role.PATIENT, Role.SERVICE]


class TestBatteryDrain:
    def test_moves_the_replacement_date(self) -> None:
        """On `no-back-off` an hour of calls takes more than a quarter of this small cell's life; on `secure` less than a hundredth."""
        ends = {}
        for security in ("secure", "no-back-off"):
            scene = Scene(security, small_cell=True)
            ATTACKS["battery drain"](scene)
            ends[security] = scene.unit.now_us
        alone = eri_us(Scene("secure", small_cell=True))

        assert ends["no-back-off"] < alone * 3 // 4
        assert alone * 99 // 100 < ends["secure"] <= alone

    @pytest.mark.pump_requirement("PR-12")
    def test_calls_that_nobody_proves_share_an_allowance(self) -> None:
        """Whatever ids they name, so many calls wake the pump and then one in five minutes; the rest are BUSY."""
        scene = Scene("secure")
        stranger, taken = Stranger(scene), 0
        hours = 4
        for _ in range(hours * 120):
            for key_id in range(KEY_SLOTS + 2):
                stranger.hello(Role(key_id) if key_id in (1, 2, 3) else Role.CLINICIAN, key_id=key_id)
                taken += stranger.answered is not Answer.BUSY
            scene.advance(seconds=30)

        assert WAKES_UNPROVED <= taken <= WAKES_UNPROVED + hours * US_PER_H // WAKE_US + KEY_SLOTS

    def test_proved_call_costs_nothing_of_the_allowance(self) -> None:
        """However often somebody with a key calls, he is never made to wait."""
        scene = Scene("secure")
        for _ in range(3 * WAKES_UNPROVED):
            scene.programmer().close()

        assert scene.programmer().status().generation == 1


class TestRemoteStop:
    def test_stops_the_drug(self) -> None:
        """On `open-stop` one frame from afar, and two hours later the patient has had less than his therapy."""
        scene = Scene("open-stop")
        twin = scene.undisturbed()
        ATTACKS["remote STOP"](scene)
        scene.advance(hours=2)
        twin.unit.advance_to(scene.unit.now_us)

        assert scene.unit.pump.status().mode == "stopped"
        assert scene.unit.pump.truth().delivered_ng < twin.unit.pump.truth().delivered_ng

    @pytest.mark.pump_requirement("PR-12")
    def test_answer_to_an_unbound_stop_tells_no_therapy(self) -> None:
        """With a magnet it works; whatever the pump was doing, the answer is the same bytes."""
        answers = set()
        for mode in ("flex", "stopped"):
            scene = Scene("secure")
            if mode == "stopped":
                scene.programmer().stop()
            scene.unit.act(lambda pump: pump.magnet(True))
            (answer,) = Stranger(scene).say(bare_stop())
            answers.add(answer.body)
            assert scene.unit.pump.status().mode == "stopped"
        assert len(answers) == 1


def bare_stop() -> bytes:
    """STOP outside any session."""
    return encode_frame(Frame(BY_NAME["STOP"].opcode, 0, 0, b""))


class TestIdExhaustion:
    def test_uses_up_all_ids(self) -> None:
        """On `any-higher-id` one request of the patient's handset, refused as it is, and no command of anybody is taken ever again."""
        scene = Scene("any-higher-id")
        ATTACKS["id exhaustion"](scene)
        clinician = scene.programmer(programmer_id=8)

        assert clinician.status().last_command_id == U32_MAX
        assert clinician.request("BOLUS", bolus(U32_MAX)).answer in (Answer.CONFLICT, Answer.STALE)
        assert clinician.request("BOLUS", bolus(3)).answer is Answer.STALE
