"""Section PR, protocol and security: what a key proves, and what was recorded does not, each row by its observable."""

from __future__ import annotations

import pytest

from hil.unit import Unit
from protocol.codes import Answer
from protocol.crc import crc32c
from protocol.message_table import BY_NAME
from protocol.messages import HelloAnswer
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, Bedside
from tests.link.forged import Intruder, frames_in, secret_of


@pytest.fixture
def bedside() -> Bedside:
    """A pump that infuses."""
    return Bedside.running()


class TestAuthentication:
    """Who has no key changes nothing."""

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


class TestFreshKeys:
    """No two sessions have a key in common, and nothing that is told makes one."""

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
