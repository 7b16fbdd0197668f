"""Errors of the wire: one line each, with codes by name."""

from __future__ import annotations

from protocol.codes import Answer
from protocol.errors import answer_error, say_refusal
from protocol.messages import Refusal


def test_refusal_reads_with_place_and_unit() -> None:
    """Code, field, place, value, limit and unit are in the line."""
    assert say_refusal(Refusal(1, 2, 18, 5, 9, 1)) == "RANGE, field RATE at group 1 step 2: value 5 NL_PER_H, limit 9 NL_PER_H"


def test_unknown_codes_are_told_as_numbers() -> None:
    """A pump of a later version is still understood as far as can be."""
    assert say_refusal(Refusal(900, 901, 0, 5, 9, 99)) == "900, field 901: value 5 99, limit 9 99"


def test_answers_without_an_error_of_their_own_still_have_one() -> None:
    """Every answer can be raised."""
    assert str(answer_error("STATUS", Answer.PORT_BUSY)) == "STATUS: the pump answers PORT_BUSY"
    assert str(answer_error("BOLUS", Answer.STALE, 7)) == "BOLUS: the pump answers STALE, the last id taken is 7"
