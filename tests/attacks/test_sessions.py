"""The door, looked at closely: what a frame is bound to, what the client believes, what a restored or reset pump has forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.unit import Unit
from protocol.answers import read_answer
from protocol.client import Programmer
from protocol.codes import Answer, Role
from protocol.device.cell import COPY
from protocol.errors import DeviceAnswer, KeyFileError, LinkError, NoAnswer, ProtocolError, Unproved
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.keys import Key
from protocol.limits import SESSION_IDLE_US
from protocol.message_table import BY_NAME, HELLO
from protocol.messages import ServiceReset
from protocol.transport.memory import MemoryTransport
from tests.attacks.scene import CLINICIAN, Scene, Stranger
from tests.link.forged import Intruder, frames_in
from tests.support.therapies import US_PER_S

OUT = bytes((Answer.NOT_AUTHENTICATED,))


@pytest.fixture
def scene() -> Scene:
    """A secure pump that infuses."""
    return Scene("secure")


def signed_in(scene: Scene, role: Role = Role.CLINICIAN, programmer_id: int = CLINICIAN) -> Intruder:
    """Somebody with the right key, in single frames."""
    host = Intruder(scene.carry, programmer_id)
    key = scene.key(role)
    assert key is not None
    assert host.hello(key.secret, role).answer is Answer.OK
    return host


class TestBinding:
    @pytest.mark.pump_requirement("PR-04")
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda frame: frame._replace(opcode=BY_NAME["STOP"].opcode), id="opcode"),
            pytest.param(lambda frame: frame._replace(session=frame.session + 1), id="session"),
            pytest.param(lambda frame: frame._replace(sequence=frame.sequence + 1), id="sequence"),
            pytest.param(lambda frame: frame._replace(body=frame.body + b"\0"), id="length"),
            pytest.param(lambda frame: frame._replace(body=bytes((frame.body[0] ^ 1,)) + frame.body[1:]), id="body"),
            pytest.param(lambda frame: frame._replace(mac=bytes((frame.mac[0] ^ 1,)) + frame.mac[1:]), id="MAC"),
            pytest.param(lambda frame: frame._replace(mac=frame.mac[:7] + b"\0"), id="MAC's last byte"),
            pytest.param(lambda frame: frame._replace(mac=b""), id="no MAC"),
        ],
    )
    def test_mac_covers_every_field(self, scene: Scene, change: Callable[[Frame], Frame]) -> None:
        """A frame with a right MAC and one field changed, its CRC made anew, is refused and changes nothing."""
        host = signed_in(scene)
        host.ask("STATUS")
        assert host.keys is not None
        good = host.keys.signed(Frame(BY_NAME["SILENCE"].opcode, host.session, host.sequence + 1, bytes((0,))))
        before = scene.unit.digest("therapy")
        (answer,) = Stranger(scene).say(encode_frame(change(good)))

        assert answer.body == OUT
        assert scene.unit.digest("therapy") == before
        assert host.ask("STATUS").answer is Answer.OK

    def test_version_and_flags_are_refused_before_any_mac(self, scene: Scene) -> None:
        """A frame of another version is not read; one that says to be an answer is not answered."""
        host = signed_in(scene)
        assert host.keys is not None
        good = host.keys.signed(Frame(BY_NAME["STOP"].opcode, host.session, 1, b""))

        assert read_answer(good.opcode, Stranger(scene).say(encode_frame(good._replace(version=2)))[0].body).answer is Answer.REFUSED
        assert Stranger(scene).say(encode_frame(good._replace(flags=ANSWER))) == []
        assert scene.unit.pump.status().mode == "flex"

    def test_reflected_answer_is_no_request(self, scene: Scene) -> None:
        """All that the pump ever said, sent back to it as it was and as requests, gets nothing done."""
        host = signed_in(scene)
        for name in ("STATUS", "STOP", "ALARM_TEST"):
            host.ask(name)
        scene.programmer().start()
        before = scene.unit.digest("therapy")
        for answer in scene.frames("pump"):
            stranger = Stranger(scene)
            assert stranger.say(encode_frame(answer)) == []
            stranger.say(encode_frame(answer._replace(flags=0)))
        assert scene.unit.digest("therapy") == before

    def test_key_and_another_serial_number_carry_nothing_over(self) -> None:
        """Two pumps with the same keys: a session recorded at one is worth nothing at the other, HELLO and proof included."""
        keys = [Key(role, role, bytes((role,)) * 32) for role in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE)]
        units = [Unit.new("itp-40", seed=seed, keys=keys) for seed in (1, 2)]
        sessions = []
        for unit in units:
            host = Intruder(unit.receive, CLINICIAN)
            host.hello(keys[1].secret)
            assert host.keys is not None
            sessions.append(host.keys)
        moved = sessions[0].signed(Frame(BY_NAME["STATUS"].opcode, 1, 1, b""))
        (answer,) = frames_in(units[1].receive(encode_frame(moved)))

        assert units[0].pump.serial != units[1].pump.serial
        assert {sessions[0].host, sessions[0].pump}.isdisjoint({sessions[1].host, sessions[1].pump})
        assert answer.body == OUT

    @pytest.mark.pump_requirement("PR-06")
    def test_directions_and_sessions_have_keys_of_their_own(self, scene: Scene) -> None:
        """Ten sessions of the same programmer with the same nonce: twenty different keys, ten different nonces of the pump."""
        seen, nonces = set[bytes](), set[bytes]()
        for _ in range(10):
            host = signed_in(scene)
            host.ask("CLOSE")
            assert host.keys is not None
            assert host.hello_answer is not None
            seen |= {host.keys.host, host.keys.pump}
            nonces.add(host.hello_answer.pump_nonce)

        assert (len(seen), len(nonces)) == (20, 10)


class TestPendingSessions:
    @pytest.mark.parametrize("key_id", [0, 1, 2, 3, 4, 200])
    def test_call_without_a_key_disturbs_no_open_session(self, scene: Scene, key_id: int) -> None:
        """However often somebody calls, the open session goes on, with its silences, and no bit of therapy changes."""
        host = signed_in(scene)
        host.ask("STATUS")
        before = scene.unit.digest("therapy")
        stranger = Stranger(scene)
        for _ in range(20):
            stranger.hello(Role.CLINICIAN, key_id=key_id)
            stranger.ask("STATUS")
        assert host.ask("STATUS").answer is Answer.OK
        assert scene.unit.digest("therapy") == before

    def test_call_of_an_unknown_id_leaves_a_waiting_session_waiting(self, scene: Scene) -> None:
        """Between a clinician's HELLO and his first request, calls that open nothing take nothing away from him."""
        host = signed_in(scene)
        stranger = Stranger(scene)
        for _ in range(3):
            assert stranger.hello(Role.SERVICE, key_id=Role.CLINICIAN) is None
            assert stranger.hello(Role.CLINICIAN, key_id=77) is None
        assert host.ask("STATUS").answer is Answer.OK
        assert scene.programmer().status().generation == 1

    @pytest.mark.pump_requirement("PR-12")
    def test_guesses_at_an_open_session_keep_nobody_out(self, scene: Scene) -> None:
        """The number of an open session is no secret; wrong MACs under it put its owner's key into no back-off."""
        host = signed_in(scene)
        host.ask("STATUS")
        for sequence in range(2, 40):
            Stranger(scene).send(Frame(BY_NAME["STOP"].opcode, host.session, sequence, b"", mac=bytes(8)))
        assert host.ask("CLOSE").answer is Answer.OK
        assert scene.programmer().status().turned_away == 38

    def test_replayed_hello_gives_nothing(self, scene: Scene) -> None:
        """Open still, it gets the answer that was overheard; later, a number, nonce and proof that fit no key of the recording."""
        scene.programmer().status()
        recorded, first = scene.requests("HELLO")[-1], scene.frames("pump")[0]
        (again,) = Stranger(scene).say(recorded)
        scene.programmer().close()
        (later,) = Stranger(scene).say(recorded)

        assert again == first
        one, other = (read_answer(HELLO, frame.body).body for frame in (first, later))
        assert one.session < other.session
        assert (one.pump_nonce, one.proof) != (other.pump_nonce, other.proof)
        assert Stranger(scene).say(scene.requests("STATUS")[-1])[0].body == OUT

    def test_replays_keep_no_session_open(self, scene: Scene) -> None:
        """Recorded frames played every few minutes do not stand for a programmer that was put down."""
        scene.programmer().status()
        said = scene.requests("STATUS")[-1]
        for _ in range(4):
            scene.advance(seconds=SESSION_IDLE_US // US_PER_S // 3)
            Stranger(scene).say(said)
        assert Stranger(scene).say(said)[0].body == OUT

    def test_calls_that_lead_nowhere_are_counted(self, scene: Scene) -> None:
        """A waiting session that nobody proves, and calls made to wait, are in the count too: no flood goes unseen."""
        stranger = Stranger(scene)
        for _ in range(30):
            stranger.hello(Role.CLINICIAN, key_id=Role.CLINICIAN)
        scene.unit.act(lambda pump: pump.magnet(True))

        assert scene.programmer().status().turned_away == 30


class TestImages:
    """A bench goes back in time; what comes back must not be weaker than what was saved."""

    def test_session_whose_key_has_gone_does_not_come_back_open_to_all(self, scene: Scene) -> None:
        """Its keys are in the image, not worked out from a slot that may hold another by now: it goes on, and MAC-less frames do not."""
        host = signed_in(scene)
        host.ask("STATUS")
        scene.unit.act(lambda pump: pump.store("keys", 128, b"\xff" * 128))
        scene.unit.restore(scene.unit.save())
        bare = Frame(BY_NAME["STOP"].opcode, host.session, host.sequence + 1, b"")

        assert Stranger(scene).send(bare).answer is Answer.NOT_AUTHENTICATED
        assert scene.unit.pump.status().mode == "flex"
        assert host.ask("STATUS").answer is Answer.OK

    def test_session_of_a_pump_that_asked_for_no_key_ends_in_one_that_does(self) -> None:
        """An image of `no-auth` in a secure pump brings its therapy, not its open door."""
        weak, secure = Scene("no-auth"), Unit.new("itp-40", seed=1)
        stranger = Stranger(weak)
        stranger.hello(Role.CLINICIAN)
        assert stranger.ask("STATUS").answer is Answer.OK
        secure.restore(weak.unit.save())
        (answer,) = frames_in(secure.receive(encode_frame(Frame(BY_NAME["STATUS"].opcode, stranger.session, 2, b""))))

        assert answer.body == OUT

    def test_reset_token_and_back_off_survive(self, scene: Scene) -> None:
        """What was asked for may be confirmed after a restore, and who had to wait still has to."""
        stranger = Stranger(scene)
        for _ in range(8):
            stranger.hello(Role.CLINICIAN, key_id=Role.CLINICIAN)
        service = signed_in(scene, Role.SERVICE)
        token = service.ask("SERVICE_RESET", ServiceReset(0)).body.token
        scene.unit.restore(scene.unit.save())

        assert stranger.hello(Role.CLINICIAN, key_id=Role.CLINICIAN) is None
        assert stranger.answered is Answer.BUSY
        assert service.ask("SERVICE_RESET", ServiceReset(token)).answer is Answer.OK

    @pytest.mark.parametrize("place", [0, COPY.size])
    @pytest.mark.parametrize("sessions", [1, 2])
    def test_flipped_bit_in_the_session_counter_brings_no_number_back(self, scene: Scene, sessions: int, place: int) -> None:
        """Either copy may go bad, whichever was written last: the next session has a new number, and so a new nonce."""
        numbers = []
        for _ in range(sessions):
            host = signed_in(scene)
            host.ask("CLOSE")
            numbers.append(host.session)
        flipped = bytes((scene.unit.pump.load("session_counter")[place] ^ 4,))
        scene.unit.act(lambda pump: pump.store("session_counter", place, flipped))

        assert signed_in(scene).session > max(numbers)


class TestClient:
    """What our own programmer believes."""

    def forging(self, scene: Scene, forge: Callable[[Frame], Frame | None], name: str) -> Programmer:
        """A programmer on whose line somebody sits and puts another answer in the place of one, once."""
        left = [True]

        def carry(data: bytes) -> bytes:
            answer = scene.carry(data)
            frames = frames_in(answer)
            if left[0] and frames and frames[0].opcode == BY_NAME[name].opcode:
                forged = forge(frames[0])
                left[0] = forged is None
                return answer if forged is None else encode_frame(forged)
            return answer

        return Programmer.over(MemoryTransport(carry), keys=scene.unit.keys, programmer_id=CLINICIAN, retries=2)

    @pytest.mark.pump_requirement("PR-04")
    @pytest.mark.parametrize("how", ["body", "no MAC", "refusal", "busy"])
    def test_altered_answer_is_not_believed(self, scene: Scene, how: str) -> None:
        """It is taken for noise, the request goes out again, and the pump's own answer counts."""
        forged = {
            "body": lambda frame: frame._replace(body=frame.body[:-1] + bytes((frame.body[-1] ^ 1,))),
            "no MAC": lambda frame: frame._replace(mac=b""),
            "refusal": lambda frame: frame._replace(body=bytes((Answer.STALE, 9, 0, 0, 0)), mac=bytes(8)),
            "busy": lambda frame: frame._replace(body=bytes((Answer.BUSY,)) + bytes(8), mac=b""),
        }[how]
        programmer = self.forging(scene, forged, "STATUS")

        assert programmer.status().generation == 1
        assert len(scene.requests("STATUS")) == 2

    def test_forged_not_authenticated_costs_a_session_and_no_more(self, scene: Scene) -> None:
        """It needs no MAC, for a pump that knows no session has none to give: the client opens a new one, and the dose is given once."""
        programmer = self.forging(scene, lambda frame: frame._replace(body=OUT, mac=b""), "BOLUS")
        programmer.bolus(100_000, 50_000, 600)
        scene.advance(seconds=700)

        assert len(scene.requests("HELLO")) == 2
        assert scene.unit.pump.status().bolus_nl == 100_000

    @pytest.mark.parametrize("answer", [Answer.BUSY, Answer.PORT_BUSY, Answer.NOT_AUTHENTICATED], ids=lambda answer: answer.name)
    def test_forged_answers_that_need_no_mac_turn_a_caller_away_and_do_nothing(self, scene: Scene, answer: Answer) -> None:
        """Who sits on the line can keep others from talking, as he could by cutting it; the error says so, and nothing was commanded."""
        before = scene.unit.digest("therapy")
        body = bytes((answer,)) + (bytes(8) if answer is Answer.BUSY else b"")
        with pytest.raises((DeviceAnswer, LinkError)):
            self.forging(scene, lambda frame: frame._replace(body=body), "HELLO")
        assert scene.unit.digest("therapy") == before

    def test_pump_that_does_not_prove_itself_hears_no_request(self) -> None:
        """A pump with other keys, one of `no-auth`, and a wrong proof: Unproved, and nothing but a HELLO has left."""
        keys = [Key(2, Role.CLINICIAN, bytes(range(32)))]
        for security in ("secure", "no-auth", "crc-key"):
            scene = Scene(security)
            with pytest.raises(Unproved):
                scene.programmer(keys=keys)
            assert {frame.opcode for frame in scene.frames("host")} == {HELLO}

    def test_keys_for_other_roles_are_no_reason_to_go_without(self, scene: Scene) -> None:
        """Who names keys and has none for his role is told so: he would else believe a pump that proves nothing."""
        patients = [key for key in scene.unit.keys if key.role is Role.PATIENT]
        with pytest.raises(KeyFileError, match="no key for the role service: those given are for patient"):
            scene.programmer(role="service", keys=patients)
        assert scene.overheard == []

    def test_recorded_answer_is_not_taken_for_a_new_one(self, scene: Scene) -> None:
        """The answer to an earlier request, played in the place of a later one's, is taken for noise."""
        programmer = self.forging(scene, lambda frame: scene.frames("pump")[1] if frame.sequence > 1 else None, "STATUS")
        programmer.status()
        programmer.stop()

        assert programmer.status().mode == 1

    def test_start_expects_what_somebody_saw(self, scene: Scene) -> None:
        """A client that has read the therapy starts that one and no other; what came since is refused, until it is read."""
        programmer = scene.programmer()
        seen = programmer.interrogate()
        assert seen.therapy is not None
        with scene.programmer(programmer_id=99) as other:
            other.update(seen.therapy)
            other.stop()
        with pytest.raises(ProtocolError, match="GENERATION"):
            programmer.start()
        programmer.interrogate()
        assert programmer.start().mode != 1


def test_nobody_who_is_deaf_is_called_a_liar(scene: Scene) -> None:
    """A line on which every answer is bent ends in an error of the line, not in a result."""

    def carry(data: bytes) -> bytes:
        return b"".join(encode_frame(frame._replace(mac=bytes(8))) for frame in frames_in(scene.carry(data)))

    with pytest.raises((NoAnswer, LinkError)):
        Programmer.over(MemoryTransport(carry), keys=scene.unit.keys, programmer_id=CLINICIAN, retries=1).status()


def test_hello_says_nothing_but_identity(scene: Scene) -> None:
    """Field by field: number, versions, boot count, nonce, proof, and who the pump is."""
    answer = Stranger(scene).hello(Role.CLINICIAN, key_id=Role.CLINICIAN)

    assert answer is not None
    assert answer._fields == ("session", "major", "minor", "boot_count", "pump_nonce", "proof", "model", "serial", "firmware")
    assert answer.serial == scene.unit.pump.serial
