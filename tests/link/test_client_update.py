"""Updates by the blocking programmer: checked first, committed whole, or told why not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol.codec import encode
from protocol.codes import Answer, Mode, StagingState
from protocol.errors import (
    BadAnswer,
    Busy,
    Refused,
    Rejected,
)
from protocol.limits import STAGING_US
from protocol.message_table import BY_NAME
from protocol.messages import Begin, TherapyPart
from protocol.testing import Pair, keep, simple_therapy
from protocol.transcript import describe
from tests.link.defective_pump import answer_with


class TestUpdate:
    def test_commits_what_was_meant(self, pair: Pair) -> None:
        """A checked therapy goes in whole."""
        with pair.programmer() as programmer:
            assert programmer.update(simple_therapy(8000)) == (2, Mode.SIMPLE)

        assert pair.pump.in_force == simple_therapy(8000)

    def test_is_rejected_before_anything_is_sent(self, pair: Pair) -> None:
        """A typing error never stops a pump."""
        digest = pair.pump.status().therapy_digest
        with pair.programmer() as programmer:
            carried = len(pair.link.carried)
            with pytest.raises(Rejected, match="RANGE, field RATE"):
                programmer.update(simple_therapy(1999))
            names = [describe(raw)["name"] for raw in pair.link.carried[carried:]]

        assert set(names) == {"INTERROGATE"}
        assert (pair.pump.mode, pair.pump.status().therapy_digest) == (Mode.SIMPLE, digest)

    def test_bolus_and_refill_are_checked_once_limits_are_known(self, pair: Pair) -> None:
        """After an interrogation, nonsense uses up no command id."""
        with pair.programmer() as programmer:
            programmer.interrogate()
            with pytest.raises(Rejected, match="UNIT_MISMATCH, field DOSE"):
                programmer.bolus(1000, 2_000_000, 600)
            with pytest.raises(Rejected, match="RANGE, field VOLUME"):
                programmer.refill(50_000_000, 0, 1, 2_000_000)

            assert programmer.status().last_command_id == 2

    def test_of_another_generation_is_refused_by_the_pump(self, pair: Pair) -> None:
        """Who names a generation gets that one or nothing."""
        with pair.programmer() as programmer, pytest.raises(Refused, match="GENERATION, field GENERATION: value 0"):
            programmer.update(simple_therapy(8000), generation=0)

        assert pair.pump.mode is Mode.SIMPLE

    def test_during_a_bolus_needs_to_say_interrupt(self, pair: Pair) -> None:
        """A bolus is not ended by accident."""
        with pair.programmer() as programmer:
            programmer.bolus(1000, 2000, 600)
            with pytest.raises(Refused, match="BOLUS_RUNNING"):
                programmer.update(simple_therapy(8000))

            assert programmer.update(simple_therapy(8000), interrupt=True).generation == 2

    def test_is_begun_again_once_if_the_pump_forgot(self, pair: Pair) -> None:
        """A reset in the middle costs a second BEGIN, not the update."""
        with pair.programmer() as programmer:

            def reboot(data: bytes) -> bytes:
                pair.pump.reboot()
                pair.role.reset()
                return data

            pair.link.to_pump.extend([keep] * 5 + [reboot])
            assert programmer.update(simple_therapy(8000)).generation == 2
        began = [note for note in pair.pump.journal if note.opcode == BY_NAME["BEGIN"].opcode and note.answer is Answer.OK]

        assert len(began) == 1 + 2

    def test_is_given_up_if_the_pump_keeps_forgetting(self, pair: Pair) -> None:
        """A second loss is told."""
        seals = iter((True, False, True, False))
        with pair.programmer() as programmer:

            def forget(data: bytes) -> bytes:
                if describe(data).get("name") == "SEAL" and next(seals):
                    pair.role.reset()
                return data

            pair.link.to_pump.extend([forget] * 40)
            with pytest.raises(Refused, match="NOT_STAGED"):
                programmer.update(simple_therapy(8000))
            pair.link.to_pump.clear()

    def test_refused_at_seal_is_aborted_and_the_pump_stays_stopped(self, pair: Pair) -> None:
        """What only the pump can see is refused at SEAL; the old therapy stays, stopped, and nothing is staged."""
        with pair.programmer() as programmer:

            def refill_meanwhile(data: bytes) -> bytes:
                pair.pump.fill = pair.pump.fill._replace(concentration_ng_per_ml=1_000_000)
                return data

            pair.link.to_pump.extend([keep] * 5 + [refill_meanwhile])
            with pytest.raises(Refused, match="SEAL refused: UNIT_MISMATCH"):
                programmer.update(simple_therapy(8000))
            status = programmer.status()

        assert (status.staging, status.mode, status.generation) == (StagingState.NONE, Mode.STOPPED, 1)

    @pytest.mark.parametrize("change", [lambda body: body[:-1] + b"\x99", lambda body: body[:41]], ids=["another rate", "too short"])
    def test_with_another_readback_is_aborted(self, pair: Pair, change: Callable[[bytes], bytes]) -> None:
        """A pump that understood something else is not told to commit."""
        with pair.programmer() as programmer:
            pair.link.to_host.extend([keep] * 7 + [answer_with(pair, change)])
            with pytest.raises(BadAnswer, match="understood another therapy"):
                programmer.update(simple_therapy(8000))

            assert programmer.status().staging == StagingState.NONE
        assert pair.pump.generation == 1

    def test_interrogated_therapy_must_fit_its_digest(self, pair: Pair) -> None:
        """A therapy that came in wrong is not shown to anybody."""
        with pair.programmer() as programmer:
            pair.link.to_host.extend([keep, answer_with(pair, lambda body: body[:-1] + b"\x99")])
            with pytest.raises(BadAnswer, match="does not fit its digest"):
                programmer.interrogate()

    def test_interrogated_therapy_that_ends_early_is_told(self, pair: Pair) -> None:
        """A pump that sends no more bytes than it promised does not hang the client."""
        part = TherapyPart(1, bytes(32), 100, 0, b"")
        with pair.programmer() as programmer:
            pair.link.to_host.extend([keep, answer_with(pair, lambda _: b"\0\1" + encode(part))])
            with pytest.raises(BadAnswer, match="does not fit its digest"):
                programmer.interrogate()

    def test_of_another_programmer_under_way_is_busy(self, pair: Pair) -> None:
        """Two programmers do not stage at once."""
        with pair.programmer(programmer_id=2) as other:
            other.request("BEGIN", Begin(1, 0))
        with pair.programmer() as programmer, pytest.raises(Busy) as caught:
            programmer.update(simple_therapy(8000))

        assert caught.value.until_us == STAGING_US
