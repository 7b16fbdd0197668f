"""Section PR, protocol and security: what a key proves, and what was recorded does not, each row by its observable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.unit import Unit
from protocol.codec import encode
from protocol.codes import Answer
from protocol.crc import crc32c
from protocol.export.samples import CASES, sample
from protocol.framing import Frame
from protocol.message_table import BY_NAME, HELLO
from protocol.messages import HelloAnswer
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, Bedside
from tests.link.forged import Intruder, frames_in, secret_of
from tests.support.therapies import US_PER_H

THERAPY = ("BEGIN", "PUT", "SEAL", "COMMIT", "ABORT", "START", "STOP", "REFILL", "BOLUS", "PATIENT_BOLUS", "PRIME", "BRIDGE", "SET_CLOCK")
"""Every request that can change what is infused."""


@pytest.fixture
def bedside() -> Bedside:
    """A pump that infuses."""
    return Bedside.running()


def forgeries(bedside: Bedside) -> dict[str, Callable[[Frame], Frame]]:
    """How somebody without the right key makes a request look, beside an open session that he overhears."""
    programmer = bedside.programmer(programmer_id=3)
    programmer.status()
    number = programmer.identity_hello.session
    stranger = Intruder(bedside.unit.receive)
    stranger.hello(bytes(32))
    assert stranger.keys is not None
    keys = stranger.keys
    return {
        "no session": lambda frame: frame,
        "open session, no MAC": lambda frame: frame._replace(session=number, sequence=2),
        "open session, zero MAC": lambda frame: frame._replace(session=number, sequence=2, mac=bytes(8)),
        "open session, own MAC": lambda frame: keys.signed(frame._replace(session=number, sequence=2)),
        "own session, own MAC": lambda frame: keys.signed(frame._replace(session=stranger.session, sequence=1)),
        "own session, no MAC": lambda frame: frame._replace(session=stranger.session, sequence=1),
    }


class TestAuthentication:
    """Who has no key changes nothing."""

    @pytest.mark.pump_requirement("PR-04")
    def test_forged_requests_change_nothing(self, bedside: Bedside) -> None:
        """Every therapy request, in every case of its body, forged in every way: NOT_AUTHENTICATED, and not a bit of therapy changes."""
        ways = forgeries(bedside)
        before, answers = bedside.unit.digest("therapy"), list[tuple[str, Answer]]()
        for how, forge in ways.items():
            for name in THERAPY:
                for case in CASES:
                    frame = Frame(BY_NAME[name].opcode, 0, 0, encode(sample(BY_NAME[name].request, case)))
                    answers.append((how, Intruder(bedside.unit.receive).send(forge(frame)).answer))

        assert {answer for _, answer in answers} == {Answer.NOT_AUTHENTICATED}
        assert len(answers) == len(ways) * len(THERAPY) * len(CASES)
        assert bedside.unit.digest("therapy") == before
        assert bedside.unit.pump.status().mode == "flex"

    @pytest.mark.pump_requirement("PR-04")
    def test_every_bit_of_a_signed_request_counts(self, bedside: Bedside) -> None:
        """A STOP with its right MAC, one bit of header, body or MAC turned and the CRC made right again: the pump runs on."""
        host = Intruder(bedside.unit.receive)
        host.hello(secret_of(bedside.unit))
        assert host.keys is not None
        signed = host.keys.signed(Frame(BY_NAME["STOP"].opcode, host.session, 1, b""))
        for bit in range(64):
            bent = (int.from_bytes(signed.mac) ^ 1 << bit).to_bytes(8)
            assert host.send(signed._replace(mac=bent)).answer is Answer.NOT_AUTHENTICATED
        for changed in (signed._replace(sequence=2), signed._replace(body=b"\0"), signed._replace(opcode=BY_NAME["ABORT"].opcode)):
            assert host.send(changed).answer is Answer.NOT_AUTHENTICATED
        assert bedside.unit.pump.status().mode == "flex"

        assert host.send(signed).answer is Answer.OK
        assert bedside.unit.pump.status().mode == "stopped"

    @pytest.mark.pump_requirement("PR-04")
    def test_forger_who_guesses_cannot_end_the_open_session(self, bedside: Bedside) -> None:
        """A HELLO that nobody proves, and frames with a wrong MAC: the session that was open goes on."""
        with bedside.programmer() as programmer:
            programmer.status()
            stranger = Intruder(bedside.unit.receive)
            stranger.hello(bytes(32))
            stranger.ask("STATUS")
            programmer.request("CLOSE")

            assert [frame.opcode for run in bedside.heard[-2:] for frame in frames_in(run)] == [BY_NAME["STATUS"].opcode, 2]


class TestReplay:
    """What was recorded doses nobody a second time."""

    @pytest.fixture
    def recorded(self, bedside: Bedside) -> tuple[Bedside, list[bytes]]:
        """A whole session with one bolus, and all that the host sent in it."""
        with bedside.programmer() as programmer:
            programmer.interrogate()
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
            bedside.advance(seconds=BOLUS_S + 1)
            programmer.status()
        return bedside, [run for run in bedside.heard if frames_in(run)]

    @pytest.mark.pump_requirement("PR-05")
    @pytest.mark.parametrize("later", ["at once", "a week", "after a reset", "after a power cut"])
    def test_recorded_session_replayed_later_gives_nothing(self, recorded: tuple[Bedside, list[bytes]], later: str) -> None:
        """Whole, and each frame alone: the HELLO opens a session that nobody can use, the rest is NOT_AUTHENTICATED."""
        bedside, runs = recorded
        if later == "a week":
            bedside.advance(days=7)
        elif later == "after a reset":
            bedside.unit.reset()
        elif later == "after a power cut":
            bedside.unit.act(lambda pump: pump.power_cut(off_us=US_PER_H))
            bedside.advance(hours=2)
        before = bedside.unit.pump.status().bolus_nl
        answers = [frame for run in (*runs, *runs) for frame in frames_in(bedside.unit.receive(run))]
        bedside.advance(seconds=BOLUS_S + 1)

        assert {frame.body for frame in answers if frame.opcode != HELLO} == {bytes((Answer.NOT_AUTHENTICATED,))}
        assert bedside.unit.pump.status().bolus_nl == before == BOLUS_NL

    @pytest.mark.pump_requirement("PR-05")
    def test_recorded_frames_replayed_in_the_same_session_give_nothing(self, bedside: Bedside) -> None:
        """The last one gets its answer again, every earlier one REPLAY; the dose is given once."""
        with bedside.programmer() as programmer:
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
            doses = [run for run in bedside.heard if any(frame.opcode == BY_NAME["BOLUS"].opcode for frame in frames_in(run))]
            again = frames_in(bedside.unit.receive(doses[-1]))
            bedside.advance(seconds=BOLUS_S // 2)
            programmer.status()
            late = [frame for run in bedside.heard if run for frame in frames_in(bedside.unit.receive(run))]
            bedside.advance(seconds=BOLUS_S // 2 + 1)

            assert again[0].body[0] == Answer.OK
            assert [frame.body[0] for frame in late if frame.opcode == BY_NAME["BOLUS"].opcode] == [Answer.REPLAY]
            assert programmer.status().last_command_id == 3
        assert bedside.totals().bolus_nl == BOLUS_NL

    @pytest.mark.pump_requirement("PR-05")
    def test_bolus_of_an_old_session_under_a_new_ones_number_is_refused(self, recorded: tuple[Bedside, list[bytes]]) -> None:
        """Header rewritten to the session that is open now: the MAC was made with another key."""
        bedside, runs = recorded
        with bedside.programmer() as programmer:
            programmer.status()
            number = programmer.identity_hello.session
            old = next(frame for run in runs for frame in frames_in(run) if frame.opcode == BY_NAME["BOLUS"].opcode)
            for sequence in range(1, 6):
                moved = old._replace(session=number, sequence=sequence)
                assert Intruder(bedside.unit.receive).send(moved).answer is Answer.NOT_AUTHENTICATED
        bedside.advance(seconds=BOLUS_S + 1)

        assert bedside.totals().bolus_nl == BOLUS_NL


class TestFreshKeys:
    """No two sessions have a key in common, and nothing that is told makes one."""

    @pytest.mark.pump_requirement("PR-06")
    def test_two_sessions_have_unrelated_keys(self, bedside: Bedside) -> None:
        """The same key and the same client nonce, ten times, through a reset: keys differ in about half of their bits, both ways."""
        made = list[bytes]()
        for number in range(10):
            host = Intruder(bedside.unit.receive)
            host.hello(secret_of(bedside.unit))
            assert host.keys is not None
            assert host.ask("CLOSE").answer is Answer.OK
            made += [host.keys.host, host.keys.pump]
            if number == 5:
                bedside.unit.reset()
        apart = [distance(one, other) for place, one in enumerate(made) for other in made[:place]]

        assert len(set(made)) == 20
        assert 80 < min(apart) <= max(apart) < 176

    @pytest.mark.pump_requirement("PR-06")
    def test_no_part_of_the_handshake_is_constant(self, bedside: Bedside) -> None:
        """Session, nonce and proof of the pump are new each time, also for a client that says the very same words after another."""
        answers = list[HelloAnswer]()
        for number in range(8):
            host = Intruder(bedside.unit.receive, programmer_id=13 + number % 2)
            host.hello(secret_of(bedside.unit))
            host.ask("CLOSE")
            assert host.hello_answer is not None
            answers.append(host.hello_answer)

        for field in ("session", "pump_nonce", "proof"):
            assert len({getattr(answer, field) for answer in answers}) == 8

    @pytest.mark.pump_requirement("PR-06")
    @pytest.mark.parametrize(("security", "answer"), [("secure", Answer.NOT_AUTHENTICATED), ("crc-key", Answer.OK)])
    def test_crc_of_what_is_told_is_no_key(self, security: str, answer: Answer) -> None:
        """A key worked out from the serial number is nothing to a secure pump; on the pump that has this weakness it stops therapy."""
        unit = Unit.new("itp-40", seed=1, security=security)
        host = Intruder(unit.receive)
        host.hello(crc32c(unit.pump.serial.encode()).to_bytes(4, "little") * 8)

        assert host.ask("STOP").answer is answer


def distance(one: bytes, other: bytes) -> int:
    """Bits in which two keys differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
