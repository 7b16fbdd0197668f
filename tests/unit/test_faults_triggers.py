"""Triggers as text, requests that count once, and gaps between random faults."""

from __future__ import annotations

import pytest

from hil.errors import BenchError
from hil.faults.gaps import gap_us
from hil.faults.triggers import Trigger, parse_trigger, request_key
from protocol.codec import encode
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.message_table import BY_NAME
from protocol.messages import Bolus

US_PER_DAY = 86_400_000_000
STATUS, BOLUS = BY_NAME["STATUS"].opcode, BY_NAME["BOLUS"].opcode


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("frame#17", Trigger("frame", 17)),
        ("byte#1000", Trigger("byte", 1_000)),
        ("boot", Trigger("boot", 1)),
        ("command:BOLUS#3", Trigger("command", 3, BOLUS)),
    ],
)
def test_trigger_is_read(text: str, wanted: Trigger) -> None:
    """Kind, count and command."""
    assert parse_trigger(text) == wanted


def test_condition_is_a_trigger() -> None:
    """What run_until takes, with a count behind it."""
    found = parse_trigger("reservoir<=5 mL#2")

    assert found.condition is not None
    assert (found.kind, found.nth, found.condition.volume_nl) == ("condition", 2, 5_000_000)


@pytest.mark.parametrize(
    "text, says",
    [
        ("command:BOLLUS", "did you mean BOLUS"),
        ("frame#0", "from 1"),
        ("frame#x", "no count"),
        ("frame#", "no count"),
        ("moon", "command:NAME#N"),
        ("alarm:motor_stal", "did you mean motor_stall"),
        ("reservoir<=5", "no unit"),
    ],
)
def test_wrong_trigger_is_refused(text: str, says: str) -> None:
    """The error says what there is."""
    with pytest.raises(BenchError) as caught:
        parse_trigger(text)

    assert says in str(caught.value)


def test_count_is_hit_once_or_each_time() -> None:
    """A jump over the number counts too."""
    third = Trigger("byte", 3)

    assert [third.hit(before, before + 1, each=False) for before in range(7)] == [False, False, True, False, False, False, False]
    assert [third.hit(before, before + 1, each=True) for before in range(7)] == [False, False, True, False, False, True, False]
    assert third.hit(0, 9, each=False)


def test_same_command_again_is_no_new_one() -> None:
    """A command is known by its id, whatever session brings it; other requests by session and sequence."""
    body = encode(Bolus(41, 1, 1, 60, False))

    assert request_key(encode_frame(Frame(BOLUS, 1, 5, body))) == request_key(encode_frame(Frame(BOLUS, 2, 9, body))) == (BOLUS, 41)
    first, second = (request_key(encode_frame(Frame(STATUS, 1, number, b""))) for number in (1, 2))
    assert first is not None
    assert second is not None
    assert first < second


@pytest.mark.parametrize("run", [b"\0", b"noise\0", encode_frame(Frame(STATUS, 1, 1, b"\0", ANSWER))])
def test_what_is_no_request_has_no_key(run: bytes) -> None:
    """Noise and answers."""
    assert request_key(run) is None


def test_gaps_have_the_mean_and_the_spread_that_were_asked() -> None:
    """Two faults a day: half a day on average, and a share of 1/e is longer than that."""
    gaps = [gap_us(3, f"gap:{number}", 2_000_000) for number in range(4_000)]
    longer = sum(gap > US_PER_DAY // 2 for gap in gaps)

    assert abs(sum(gaps) / len(gaps) / (US_PER_DAY / 2) - 1) < 0.05
    assert abs(longer / len(gaps) - 0.3679) < 0.025
    assert gaps == [gap_us(3, f"gap:{number}", 2_000_000) for number in range(4_000)]
