"""Bodies: every declaration goes to bytes and back, and nothing of a wrong length is read."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.answers import CARRIED, failed, ok, part_answer, read_answer
from protocol.codec import FieldForm, decode, encode, fields_of
from protocol.codes import Answer
from protocol.errors import FieldRange, Malformed, WireError, WrongLength
from protocol.fields import U8, Blob, Text
from protocol.limits import CHUNK_BYTES_MAX, LOG_RECORDS_MAX, PAYLOAD_BYTES_MAX
from protocol.message_table import BY_NAME, INTERROGATE, INTERROGATE_PARTS, MESSAGES
from protocol.messages import Bolus, Busy, Expected, Hello, Interrogate, LogAnswer, LogEntry, Nothing, Put, Refusal, Seal, TherapyPart
from protocol.therapy import Group, Step, Therapy

BODIES: list[type[tuple[Any, ...]]] = list(
    dict.fromkeys(
        [body for spec in MESSAGES for body in (spec.request, spec.answer)] + [*INTERROGATE_PARTS, Busy, Expected, Refusal, Therapy]
    )
)
RANGES = {"B": (0, 2**8 - 1), "H": (0, 2**16 - 1), "I": (0, 2**32 - 1), "Q": (0, 2**64 - 1), "q": (-(2**63), 2**63 - 1)}


class Labelled(NamedTuple):
    """A declaration with every kind of counted field."""

    label: Text
    data: Blob
    number: U8


def values_of(field: FieldForm) -> st.SearchStrategy[Any]:
    """Any value that a field can carry."""
    kind, code = field.form
    if field.row is not None:
        return st.lists(bodies_of(field.row), max_size=3).map(tuple)
    if kind == "int":
        return st.integers(*RANGES[code])
    if kind == "fixed":
        return st.binary(min_size=int(code[:-1]), max_size=int(code[:-1]))
    return st.text(max_size=20) if kind == "text" else st.binary(max_size=40)


def bodies_of(declaration: type[tuple[Any, ...]]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Any body of a declaration."""
    return st.tuples(*map(values_of, fields_of(declaration))).map(lambda values: tuple.__new__(declaration, values))


ANY_BODY = st.sampled_from([*BODIES, Labelled]).flatmap(bodies_of)


class TestRoundTrip:
    @given(ANY_BODY)
    def test_decodes_what_was_encoded(self, body: tuple[Any, ...]) -> None:
        """Every body of every declaration comes back equal."""
        assert decode(type(body), encode(body)) == body

    @given(ANY_BODY, st.data())
    def test_refuses_every_wrong_length(self, body: tuple[Any, ...], data: st.DataObject) -> None:
        """A body cut short is never read; one with a byte more neither, unless its last field takes all that is left."""
        raw = encode(body)
        tail = any(field.form.kind == "tail" for field in fields_of(type(body)))
        if not tail:
            with pytest.raises(WrongLength):
                decode(type(body), raw + b"\0")
        if raw and not tail:
            with pytest.raises(WrongLength):
                decode(type(body), raw[: data.draw(st.integers(0, len(raw) - 1))])

    @given(st.sampled_from([*BODIES, Labelled]), st.binary(max_size=300))
    def test_raises_nothing_but_its_own_on_junk(self, declaration: type[tuple[Any, ...]], junk: bytes) -> None:
        """Junk is either read or refused by name, and what is read encodes to the same bytes."""
        try:
            body = decode(declaration, junk)
        except WireError:
            return

        assert encode(body) == junk

    def test_lays_integers_little_endian_in_order(self) -> None:
        """A body lies on the wire as its declaration reads."""
        assert encode(Bolus(1, 2, 3, 4, 1)) == bytes.fromhex("01000000 02000000 03000000 04000000 01")

    def test_lays_rows_behind_their_count(self) -> None:
        """Nested rows follow their count, each with its own rows."""
        therapy = Therapy(4, 1, 1, 1, 1, 1, 1, (Group(127, 9, (Step(0, 720, 5), Step(720, 1440, 6))),))

        assert encode(therapy)[-16 - 8 :].hex() == "017f09000000020000d00205000000d002a0050600000000"
        assert decode(Therapy, encode(therapy)) == therapy


class TestRefuses:
    @pytest.mark.parametrize(
        "body,says",
        [
            pytest.param(Bolus(1, 2**32, 0, 0, 0), "volume_nl: value 4294967296", id="a number too large"),
            pytest.param(Bolus(-1, 0, 0, 0, 0), "command_id: value -1", id="a negative number"),
            pytest.param(Seal(0, b"short"), "digest: 5 bytes, 32 expected", id="a digest too short"),
            pytest.param(Hello(1, 0, 1, 0, 1, bytes(17)), "client_nonce: 17 bytes, 16 expected", id="a nonce too long"),
            pytest.param(Labelled("x" * 256, b"", 0), "label: 256 bytes, at most 255", id="a text too long"),
            pytest.param(Labelled("", bytes(65536), 0), "data: 65536 bytes, at most 65535", id="a blob too long"),
            pytest.param(Group(1, 1, (Step(0, 1, 1),) * 256), "steps: 256 rows, at most 255", id="too many rows"),
        ],
    )
    def test_says_which_field_does_not_fit(self, body: tuple[Any, ...], says: str) -> None:
        """A value that its field cannot carry is named and never cut to fit."""
        with pytest.raises(FieldRange, match=says):
            encode(body)

    @pytest.mark.parametrize("data", [b"", b"\x05abc", b"\0\x01", b"\0\0\0"])
    def test_refuses_counts_beyond_the_end(self, data: bytes) -> None:
        """A count or length that is missing, or promises more than there is, is a wrong length."""
        with pytest.raises(WrongLength):
            decode(Labelled, data)

    @pytest.mark.parametrize("size", [22, 23, 24, 30])
    def test_refuses_rows_that_are_not_there(self, size: int) -> None:
        """A missing count of rows, and fewer bytes than the rows need, are wrong lengths."""
        therapy = Therapy(4, 1, 1, 1, 1, 1, 1, (Group(127, 9, (Step(0, 1440, 5),)),))
        with pytest.raises(WrongLength):
            decode(Therapy, encode(therapy)[:size])

    def test_refuses_text_that_is_no_utf8(self) -> None:
        """Bytes that are no text are refused by field name."""
        with pytest.raises(Malformed, match="label: not UTF-8"):
            decode(Labelled, b"\x01\xff\0\0\0")

    def test_says_what_length_it_wanted(self) -> None:
        """The error carries expected and actual length for the answer."""
        with pytest.raises(WrongLength) as caught:
            decode(Interrogate, b"\1")

        assert (caught.value.expected, caught.value.got) == (3, 1)


class TestAnswers:
    @given(st.sampled_from([spec for spec in MESSAGES if spec.opcode != INTERROGATE]), st.data())
    def test_reads_every_ok_answer(self, spec: Any, data: st.DataObject) -> None:
        """An OK answer carries the declared body."""
        body = data.draw(bodies_of(spec.answer))

        assert read_answer(spec.opcode, ok(body)) == (Answer.OK, body)

    @given(st.integers(0, len(INTERROGATE_PARTS) - 1), st.data())
    def test_reads_every_part_without_its_request(self, part: int, data: st.DataObject) -> None:
        """The part's number in the answer says how to read it."""
        body = data.draw(bodies_of(INTERROGATE_PARTS[part]))

        assert read_answer(INTERROGATE, part_answer(part, body)) == (Answer.OK, body)

    @given(st.sampled_from([answer for answer in Answer if answer is not Answer.OK]), st.data())
    def test_reads_every_other_answer(self, answer: Answer, data: st.DataObject) -> None:
        """An answer that is not OK carries what the table says, or nothing."""
        body = data.draw(bodies_of(CARRIED.get(answer, Nothing)))

        assert read_answer(BY_NAME["BOLUS"].opcode, failed(answer, body)) == (answer, body)

    @pytest.mark.parametrize(
        "opcode,data,error",
        [
            pytest.param(0x10, b"", WrongLength, id="no answer byte"),
            pytest.param(0x10, b"\x63", Malformed, id="an unknown answer"),
            pytest.param(0x10, b"\0", WrongLength, id="a status without body"),
            pytest.param(0x77, b"\0", Malformed, id="OK to an unknown opcode"),
            pytest.param(INTERROGATE, b"\0", WrongLength, id="no part"),
            pytest.param(INTERROGATE, b"\0\x09", Malformed, id="an unknown part"),
            pytest.param(0x33, b"\1", WrongLength, id="busy without a time"),
        ],
    )
    def test_refuses_answers_that_cannot_be(self, opcode: int, data: bytes, error: type[WireError]) -> None:
        """An answer that does not fit its declaration is an error, never a guess."""
        with pytest.raises(error):
            read_answer(opcode, data)


def test_requests_hold_no_text() -> None:
    """The only thing that can be wrong with a request's bytes is their number, which the pump's answer relies on."""
    assert not [spec.name for spec in MESSAGES for field in fields_of(spec.request) if field.form.kind == "text"]


def test_full_size_bodies_fit_a_frame() -> None:
    """The fixed parts leave the room that the chunk limit counts on."""
    part = TherapyPart(1, bytes(32), 940, 448, bytes(CHUNK_BYTES_MAX))
    page = LogAnswer(1, 7, (LogEntry(*[0] * 10),) * LOG_RECORDS_MAX)

    assert len(part_answer(1, part)) <= PAYLOAD_BYTES_MAX
    assert len(encode(Put(0, bytes(CHUNK_BYTES_MAX)))) <= PAYLOAD_BYTES_MAX
    assert len(ok(page)) <= PAYLOAD_BYTES_MAX


def test_rows_that_were_changed_are_encoded_anew() -> None:
    """A list of rows that grows between two encodings gives the bytes of its present rows."""
    rows = [LogEntry(1, 1, 1, 0, 0, 0, 0, 0, 0, 0)]
    body = LogAnswer(1, 2, rows)  # type: ignore[arg-type]  # a tuple is meant, and a list is taken
    encode(body)
    rows.append(rows[0]._replace(number=2))

    assert encode(body) == encode(LogAnswer(1, 2, tuple(rows)))
