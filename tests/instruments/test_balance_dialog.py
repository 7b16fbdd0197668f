"""What the simulated balance says on its line, command by command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.instruments.line import LINE_BYTES_MAX
from tests.instruments.pans import Pan


@pytest.mark.parametrize(
    "command, answer",
    [
        ("I1", 'I1 A "01" "2.00" "2.00" "" ""'),
        ("I2", 'I2 A "PUMPSIM-220 220.00000 g"'),
        ("I3", 'I3 A "1.00"'),
        ("I4", 'I4 A "SIM0000000"'),
        ("@", 'I4 A "SIM0000000"'),
        ("S", "S S   35.00000 g"),
        ("SI", "S S   35.00000 g"),
        ("T", "T S   35.00000 g"),
        ("TAC", "TAC A"),
        ("I5", 'I5 A "00000100A"'),
        ("TI", "TI S   35.00000 g"),
        ("ZI", "ZI +"),
        ("TA", "TA A    0.00000 g"),
        ("TA 1.5 g", "TA A    1.50000 g"),
        ("TA 1500 mg", "TA A    1.50000 g"),
        ("TA 221 g", "EL"),
        ("TA 1.5", "EL"),
        ("SIR", "S S   35.00000 g"),
        ("SR", "S S   35.00000 g"),
        ("SR 0 g", "EL"),
        ("SR x", "EL"),
        ('D "fill me"', "D A"),
        ("D fill", "EL"),
        ('D "a text that the display is too short for"', "D R"),
        ("DW", "DW A"),
        ("SX9", "ES"),
        ("si", "ES"),
        (" SI", "ES"),
        ("SI 1", "EL"),
        ("T ", "EL"),
    ],
)
def test_command_has_its_answer(command: str, answer: str) -> None:
    """Each command is answered as MT-SICS says; an unknown one is ES, one with a parameter that it does not take EL."""
    assert Pan().say(command) == answer


def test_list_names_every_command() -> None:
    """I0 lists each command with its level, the last line with A, and each of them is known."""
    rows = [line.split(" ") for line in Pan().say("I0").splitlines()]

    assert [row[1] for row in rows] == ["B"] * (len(rows) - 1) + ["A"]
    names = [row[3].strip('"') for row in rows]
    levels = {level: {name.strip('"') for _, _, number, name in rows if number == level} for level in "01"}
    assert levels["0"] == {"@", "I0", "I1", "I2", "I3", "I4", "I5", "S", "SI", "SIR", "Z", "ZI"}
    assert levels["1"] == {"D", "DW", "SR", "T", "TA", "TAC", "TI"}
    assert all(Pan().say(name) != "ES" for name in names)


def test_bytes_may_come_one_by_one() -> None:
    """A command counts when its line ends, however it was cut up; an empty line says nothing."""
    pan = Pan()

    assert b"".join(pan.server.receive(bytes([byte])) for byte in b"\r\nSI\r\nI3\n") == b'S S   35.00000 g\r\nI3 A "1.00"\r\n'


def test_garbage_is_a_transmission_error() -> None:
    """Bytes that are no ASCII, and a line without end, are ET once, and the next command is answered."""
    pan = Pan()

    assert pan.say("S\N{DEGREE SIGN}I") == "ET"
    assert pan.server.receive(b"S" * (LINE_BYTES_MAX + 1)) == b""
    assert pan.server.receive(b"S" * 3 * LINE_BYTES_MAX) == b""
    assert pan.say("") == "ET"
    assert pan.say("SI") == "S S   35.00000 g"


def test_what_is_put_on_is_dynamic_then_stable() -> None:
    """After a weight is put on, SI says D and S, T and Z say I; seconds later all say the weight, and S."""
    pan = Pan()
    pan.balance.put(1_000_000)
    pan.wait(0.5)

    assert pan.say("SI").startswith("S D   35.6")
    assert [pan.say(command) for command in ("S", "T", "Z")] == ["S I", "T I", "Z I"]
    pan.wait(10)
    assert pan.say("SI") == pan.say("S") == "S S   36.00000 g"


def test_tare_counts_from_what_is_there() -> None:
    """After T the net weight is 0 and what is taken off is below it; TAC and @ bring the gross weight back."""
    pan = Pan()

    assert pan.say("T") == "T S   35.00000 g"
    assert pan.say("SI") == "S S    0.00000 g"
    pan.balance.put(-2_000_000)
    pan.wait(10)
    assert pan.say("S") == "S S   -2.00000 g"
    pan.say("TAC")
    assert pan.say("S") == "S S   33.00000 g"
    pan.say("T")
    pan.say("@")
    assert pan.say("S") == "S S   33.00000 g"


def test_immediate_tare_and_zero_take_a_moving_load() -> None:
    """While the load still settles TI and ZI do at once what T and Z refuse, and say D."""
    pan = Pan()
    pan.balance.put(1_000_000)
    pan.wait(0.5)

    assert pan.say("TI").startswith("TI D   35.6")
    assert pan.say("SI").startswith("S D    0.0")
    pan.balance.put(-35_000_000)
    pan.wait(0.05)
    pan.wait(3)
    assert pan.say("ZI") in {"ZI D", "ZI S"}
    assert pan.say("SI").split()[2] == "0.00000"


def test_preset_tare_counts_until_it_is_cleared() -> None:
    """A container whose mass is known is subtracted without being weighed."""
    pan = Pan()

    assert [pan.say("TA 30 g"), pan.say("S"), pan.say("TA")] == ["TA A   30.00000 g", "S S    5.00000 g", "TA A   30.00000 g"]
    assert [pan.say("TAC"), pan.say("S")] == ["TAC A", "S S   35.00000 g"]


def test_display_shows_a_text_until_it_shows_the_weight_again() -> None:
    """D writes where the weight stands, DW and @ bring the weight back."""
    pan = Pan()
    shown = [pan.server.display for command in ('D "refill"', "DW", 'D "again"', "@") if pan.say(command)]

    assert shown == ["refill", "", "again", ""]


def test_weights_are_sent_again_and_again() -> None:
    """After SIR a weight comes at each new reading, stable or not, until another weight is asked for; none comes twice."""
    pan = Pan()

    assert pan.server.due() == b""
    assert pan.say("SIR") == "S S   35.00000 g"
    assert pan.server.due() == b""
    pan.wait(0.1)
    assert [pan.server.due(), pan.server.due()] == [b"S S   35.00000 g\r\n", b""]
    pan.balance.put(1_000_000)
    pan.wait(0.5)
    assert pan.server.due().startswith(b"S D   35.6")
    pan.say("S")
    pan.wait(1)
    assert pan.server.due() == b""


def test_changes_are_sent_with_the_weight_they_came_to() -> None:
    """After SR nothing comes while nothing changes; then the change, and the next stable weight, once each."""
    pan = Pan()
    assert pan.say("SR 0.5 g") == "S S   35.00000 g"
    sent = []
    for step in range(90):
        pan.wait(0.25)
        if step == 20:
            pan.balance.put(1_000_000)
        if step == 60:
            pan.balance.put(100_000)
        sent.append(pan.server.due().decode().strip())

    change, stable = [text for text in sent if text]
    assert change.startswith("S D   35.")
    assert stable == "S S   35.99998 g"


def test_zero_is_near_the_empty_pan_only() -> None:
    """Z is refused with + while the vessel stands there; once it is off, Z takes what is left for nothing."""
    pan = Pan()

    assert pan.say("Z") == "Z +"
    pan.balance.put(-34_000_000)
    pan.wait(10)
    assert [pan.say("Z"), pan.say("S")] == ["Z A", "S S    0.00000 g"]
    pan.balance.put(-6_000_000)
    pan.wait(10)
    assert [pan.say("S"), pan.say("SI"), pan.say("T"), pan.say("Z")] == ["S -", "S -", "T -", "Z -"]


def test_too_much_is_an_overload() -> None:
    """Above the capacity S, SI and T say +."""
    pan = Pan()
    pan.balance.put(190_000_000)
    pan.wait(10)

    assert [pan.say("S"), pan.say("SI"), pan.say("T")] == ["S +", "S +", "T +"]


@given(st.lists(st.one_of(st.binary(max_size=400), st.sampled_from([b"SI\r\n", b"T\n", b"\r", b"\n", b"I0 "])), max_size=20))
def test_no_bytes_break_it(pieces: list[bytes]) -> None:
    """Whatever comes, each line has one answer at least or was empty, all is ASCII, and the next command is understood."""
    pan = Pan()
    out = b"".join(pan.server.receive(piece) for piece in pieces)

    assert out.isascii()
    assert out == b"" or out.endswith(b"\r\n")
    pan.server.receive(b"\n")
    assert pan.say("SI").startswith("S S ")
