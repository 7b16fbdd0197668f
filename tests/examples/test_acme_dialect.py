"""The dialect's own rules: every form of request and its answer, damage, exact numbers, a power cut, without a port."""

from __future__ import annotations

from fractions import Fraction

import pytest
from acme_dialect import RATE_UNITS, Decoder, DialectError, parse_setting, render
from hypothesis import given
from hypothesis import strategies as st

from hil.unit import Unit
from tests.tidy.tree import ROOT

WIRE = f"{ROOT}/docs/examples/acme/acme_wire.py:AcmeWire"
US_PER_S = 1_000_000
US_PER_MIN = 60 * US_PER_S


def joint() -> Unit:
    """A filled pump without a port, whose host has been told that it was switched on, and has told it of the fill."""
    made = Unit.new("itp-40", seed=1, wire=WIRE)
    made.pump.needle(inject_nl=40_000_000, concentration_ng_per_ml=50_000)
    assert made.receive(b"\r") == b"\x0200A?R\x03"
    assert made.receive(b"FIL Baclofen, 50, 40000\r") == b"\x0200S\x03"
    return made


@pytest.mark.parametrize(
    "said, answer",
    [
        (b"\r", b"00S"),
        (b"0\r", b"00S"),
        (b" rat 10.0 uh\r\nRAT\r", b"00S\x03\x0200S10.00UH"),
        (b"RAT 12.5 UM\rRAT\r", b"00S\x03\x0200S12.50UM"),
        (b"RAT.5MH\rRAT\r", b"00S\x03\x0200S0.500MH"),
        (b"RAT 10.0 UH\rRAT 20\rRAT\r", b"00S\x03\x0200S\x03\x0200S20.00UH"),
        (b"VOL ML\rVOL 1234\rVOL\r", b"00S\x03\x0200S\x03\x0200S1234.ML"),
        (b"DIR INF\rDIR\r", b"00S\x03\x0200SINF"),
        (b"DIS\r", b"00SI0.000W0.000UL"),
        (b"RAT 10 UH\rRUN\rRUN\rVOL 1\rRAT 1 MH\r", b"00S\x03\x0200I\x03\x0200I?NA\x03\x0200I?NA\x03\x0200I?NA"),
        (b"RUN\r", b"00S?NA"),
        (b"RAT 10.0\xb2\r", b"00S?"),
        (b"RAT 1e3 UH\r", b"00S?"),
        (b"RAT -5 UH\r", b"00S?"),
        (b"RAT . UH\r", b"00S?"),
        (b"RAT 5 KG\r", b"00S?"),
        (b"RAT 10.001 UH\r", b"00S?OOR"),
        (b"RAT .0001 UH\r", b"00S?OOR"),
        (b"VOL 12345\r", b"00S?OOR"),
        (b"RUN 2\r", b"00S?"),
        (b"FIL\r", b"00SBACLOFEN,50,40000"),
        (b"FIL 5\r", b"00S?"),
        (b"FIL WATER,1,1\r", b"00S?OOR"),
        (b"FIL BACLOFEN,50,99999\r", b"00S?OOR"),
        (b"SAF 256\r", b"00S?OOR"),
        (b"SAF X\r", b"00S?"),
        (b"CLD\r", b"00S?"),
        (b"BEEP\r", b"00S?"),
        (b"*RESET\r", b"00S?"),
        (b"R" * 100 + b"\r", b"00S?COM"),
        (b"\x02\x08SAF0\x55\x43\x03", b"00S"),
        (b"\x02\x08SAF0\x55\x44\x03", b"00S?COM"),
        (b"\x02\x03", b"00S?COM"),
        (b"RU\x02\x08SAF0\x55\x43\x03", b"00S"),
    ],
)  # fmt: skip
def test_request_gets_its_answer(said: bytes, answer: bytes) -> None:
    """Each form of request, whole or damaged, is answered as the dialect has it."""
    assert joint().receive(said) == b"\x02" + answer + b"\x03"


@pytest.mark.parametrize("rate, nl_per_h", [("12 UH", 12_000), ("0.2 UM", 12_000), ("0.012 MH", 12_000), ("0.001 MM", 60_000)])
def test_units_of_rate_are_exact(rate: str, nl_per_h: int) -> None:
    """Each unit of rate becomes the pump's own, to the nanolitre an hour."""
    running = joint()

    assert running.receive(f"RAT {rate}\rRUN\r".encode()).endswith(b"I\x03")
    assert running.pump.status().rate_nl_per_h == nl_per_h


@pytest.mark.parametrize("volume, nl", [("0.007 UL", 7), ("12.34 UL", 12_340), ("0.023 ML", 23_000)])
def test_units_of_volume_are_exact(volume: str, nl: int) -> None:
    """A run ends when the volume asked for has been commanded, to the nanolitre."""
    running = joint()
    running.receive(f"RAT 1 MH\rVOL {volume}\rRUN\r".encode())
    running.advance_to(running.pump.now_us + 10 * US_PER_MIN)

    assert running.receive(b"\r") == b"\x0200S\x03"
    assert running.pump.status().basal_nl == nl


def test_other_pumps_of_the_line_are_not_answered() -> None:
    """A request with another address is not ours."""
    assert joint().receive(b"1RUN\r17\r") == b""


def test_alarm_answers_in_place_of_the_command() -> None:
    """While there is an alarm to tell, a command is not followed."""
    fresh = joint()
    fresh.receive(b"RAT 10 UH\r")
    fresh.reset()

    assert fresh.receive(b"RUN\rDIS\r") == b"\x0200A?R\x03\x0200SI0.000W0.000UL\x03"


@pytest.mark.parametrize("after_bytes", range(0, 500, 25))
def test_power_dies_anywhere_in_a_change_of_rate(after_bytes: int) -> None:
    """Whatever byte of the memory write the power dies at, the pump then stands still, says so, and runs at the new rate when told."""
    cut = joint()
    cut.receive(b"RAT 10 UH\rRUN\r")
    cut.act(lambda pump: pump.power_cut(after_bytes=after_bytes, off_us=US_PER_S))
    answer = cut.receive(b"RAT 20\r")
    cut.advance_to(cut.pump.now_us + US_PER_MIN)

    if answer:
        assert answer == b"\x0200I\x03"  # the cut is still to come
        return
    assert cut.receive(b"\r\r") == b"\x0200A?R\x03\x0200S\x03"
    assert cut.receive(b"RAT 20\rRUN\r") == b"\x0200S\x03\x0200I\x03"
    assert cut.pump.status().rate_nl_per_h == 20_000


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"RUN\r", b"\x02\x08SAF0\x55\x43\x03", b"\x02", b"\r"]), max_size=20))
def test_pieces_make_no_difference(pieces: list[bytes]) -> None:
    """Bytes in any pieces give the same packets as all at once, and a packet for at most each byte."""
    whole, pieced = Decoder(), Decoder()
    packets = list(whole.feed(b"".join(pieces)))

    assert [packet for piece in pieces for packet in pieced.feed(piece)] == packets
    assert all(len(packet.text) <= 255 for packet in packets if packet.text is not None)


@given(st.from_regex(r"[0-9]{0,5}(\.[0-9]{0,4})?", fullmatch=True), st.sampled_from(sorted(RATE_UNITS)))
def test_setting_is_exact_or_refused(number: str, units: str) -> None:
    """A number is taken to its last digit and told back as the same number, or refused."""
    try:
        setting = parse_setting(number + units, RATE_UNITS, "UH")
    except DialectError:
        assert not number.strip(".") or len(number.replace(".", "")) > 4 or len(number.partition(".")[2]) > 3
        return
    assert Fraction(setting.thousandths, 1_000) == Fraction(number if number[-1] != "." else number + "0")
    assert parse_setting(setting.text, RATE_UNITS, "UH") == setting


@given(st.integers(0, 99), st.sampled_from("ISP"), st.text("0123456789.UHMLIW?", max_size=20))
def test_safe_answer_is_a_safe_packet(address: int, status: str, data: str) -> None:
    """An answer in safe mode is read by the same rules as a request in it."""
    (packet,) = Decoder().feed(render(address, status, data, safe=True))

    assert packet.text == f"{address:02d}{status}{data}"


def test_image_goes_on_bit_for_bit() -> None:
    """Settings, a run towards its volume and half a request come back from an image, and end as they would have ended."""
    one = joint()
    one.receive(b"RAT 1 MH\rVOL 0.5 ML\rRUN\rDI")
    image = one.save()
    other = Unit.new("itp-40", seed=2, wire=WIRE)
    other.restore(image)
    answers = []
    for unit in (one, other):
        unit.advance_to(unit.now_us + 60 * US_PER_MIN)
        answers.append((unit.receive(b"S\rVOL\r"), unit.digest(), unit.save()))

    assert answers[0] == answers[1]
    assert answers[0][0] == b"\x0200SI0.500W0.000ML\x03\x0200S0.500ML\x03"
