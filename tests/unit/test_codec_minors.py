"""Minor versions only add: what 1.1 had is there, byte for byte, and a declaration cannot grow in any other way than at its end."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codes, refusals, therapy
from protocol import messages as m
from protocol.answers import CARRIED, failed, heard_at, ok, part_answer, read_answer
from protocol.codec import decode, decode_of_any_minor, encode, fields_of, has_grown
from protocol.codes import Answer
from protocol.errors import FieldRange, Malformed, WrongLength
from protocol.export.markdown import render
from protocol.fields import NEWEST, U8, U16, Many, Since, Tail, Text
from protocol.framing import ANSWER, Frame, decode_frame, encode_frame
from protocol.limits import ANSWER_BYTES_MAX
from protocol.message_table import EDITION, INTERROGATE_PARTS, MESSAGES, PROTOCOL_MINOR, SPECS
from tests.golden import wire_1_1

WIRE, FRAMES = wire_1_1.wire(), wire_1_1.frames()
_DECLARED = [body for spec in MESSAGES for body in (spec.request, spec.answer)] + list(CARRIED.values())
_DECLARED += [*INTERROGATE_PARTS, therapy.Therapy, therapy.Group]
TODAY: dict[str, type[tuple[Any, ...]]] = {
    body.__name__: body
    for declared in _DECLARED
    for body in (declared, *(field.row for field in fields_of(declared) if field.row is not None))
}
TABLES = [*(getattr(codes, name) for name in codes.__all__), *(getattr(refusals, name) for name in refusals.__all__)]


class Row(NamedTuple):
    """A row, which never grows."""

    number: U8


class Grown(NamedTuple):
    """A body that grew twice, and has every kind of field in its older part."""

    number: U8
    text: Text
    rows: Many[Row]
    second: Annotated[U16, Since(2)] = 2
    third: Annotated[Text, Since(3)] = "three"
    fourth: Annotated[U8, Since(3)] = 4


class Plain(NamedTuple):
    """A body of integers alone that grew."""

    number: U16
    second: Annotated[U8, Since(2)] = 7


BYTE, TEXT = st.integers(0, 255), st.text(max_size=5)
GROWN = st.builds(Grown, BYTE, TEXT, st.lists(st.builds(Row, BYTE), max_size=3).map(tuple), st.integers(0, 65535), TEXT, BYTE)


class TestVersion11:
    """What its own software wrote down."""

    @pytest.mark.parametrize("row", WIRE.messages, ids=lambda row: row[1])
    def test_messages_are_as_they_were(self, row: tuple[int, str, str, str, list[str], bool]) -> None:
        """Opcode, name, bodies and command id of every message, and no role has lost it."""
        opcode, name, request, answer, roles, command = row
        spec = SPECS[opcode]

        assert (spec.name, spec.request.__name__, spec.answer.__name__, spec.command) == (name, request, answer, command)
        assert set(roles) <= {role.name for role in spec.roles}
        assert spec.since <= wire_1_1.MINOR

    def test_has_no_other_messages(self) -> None:
        """All messages that it did not have are declared as newer."""
        known = {row[0] for row in WIRE.messages}

        assert {spec.opcode for spec in MESSAGES if spec.since <= wire_1_1.MINOR} == known
        assert all(spec.since <= PROTOCOL_MINOR for spec in MESSAGES)

    @pytest.mark.parametrize("name", WIRE.bodies)
    def test_bodies_are_as_they_were(self, name: str) -> None:
        """Fields, their order and their forms."""
        fields = fields_of(TODAY[name], wire_1_1.MINOR)

        assert [[f.name, *f.form, f.row.__name__ if f.row else ""] for f in fields] == WIRE.bodies[name]

    def test_answers_carry_what_they_did(self) -> None:
        """The bodies behind other answers than OK, and the parts of an interrogation."""
        assert {answer.name: body.__name__ for answer, body in CARRIED.items()} == WIRE.carried
        assert [part.__name__ for part in INTERROGATE_PARTS] == WIRE.parts

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
    def test_codes_are_as_they_were(self, table: type[Any]) -> None:
        """No number was given up, or given to something else; new ones come behind."""
        then = WIRE.codes[table.__name__]
        now = {name: int(code) for name, code in table.__members__.items()}

        assert now.items() >= then.items()
        assert all(now[name] > max(then.values()) for name in now.keys() - then)

    def test_wire_page_tells_what_came_after(self) -> None:
        """Every table of codes that has grown since is in the page's table of versions."""
        page = render()
        grown = {table.__name__: {int(code) for code in table} - set(WIRE.codes[table.__name__].values()) for table in TABLES}

        assert all(f"{name} from {min(new)} on" in page for name, new in grown.items() if new)
        assert all(f"| {spec.name} | 1.{spec.since} |" in page for spec in MESSAGES if spec.since)

    @pytest.mark.parametrize("name", FRAMES)
    def test_frames_are_as_they_were(self, name: str) -> None:
        """Its sample values make exactly its bytes, and its bytes its values."""
        frame = decode_frame(FRAMES[name].removesuffix(b"\0"))
        assert isinstance(frame, Frame)
        body, spec = frame.body, SPECS[frame.opcode]
        if name == "Therapy image":
            read: Any = decode(therapy.Therapy, body[2:], wire_1_1.MINOR)
            again = body[:2] + encode(read, wire_1_1.MINOR)
        elif frame.flags == ANSWER:
            answer, read = read_answer(frame.opcode, body, wire_1_1.MINOR)
            at = body[1] if spec.name == "INTERROGATE" else None
            again = ok(read, wire_1_1.MINOR) if at is None else part_answer(at, read, wire_1_1.MINOR)
            again = again if answer is Answer.OK else failed(answer, read)
        else:
            read = decode(spec.request, body, wire_1_1.MINOR)
            again = encode(read, wire_1_1.MINOR)

        count = len(WIRE.bodies[type(read).__name__])
        assert read[:count] == WIRE.sample(type(read).__name__)
        assert encode_frame(frame._replace(body=again)) == FRAMES[name]

    def test_every_body_has_its_frame(self) -> None:
        """Nothing that 1.1 could say is left out."""
        asked = {f"{row[1]} request" for row in WIRE.messages}
        told = {f"{row[1]} answer" for row in WIRE.messages if row[1] != "INTERROGATE"}

        assert asked | told < FRAMES.keys()
        assert {f"INTERROGATE answer, part {part}" for part in range(len(WIRE.parts))} < FRAMES.keys()


class TestGrowth:
    @pytest.mark.parametrize(
        "minor,names",
        [
            (0, ["number", "text", "rows"]),
            (1, ["number", "text", "rows"]),
            (2, ["number", "text", "rows", "second"]),
            (3, ["number", "text", "rows", "second", "third", "fourth"]),
            (NEWEST, ["number", "text", "rows", "second", "third", "fourth"]),
        ],
    )
    def test_version_has_the_fields_up_to_it(self, minor: int, names: list[str]) -> None:
        """A field is there from its version on."""
        assert [field.name for field in fields_of(Grown, minor)] == names

    @given(GROWN, st.integers(0, 4))
    def test_body_of_a_version_is_the_beginning_of_the_next(self, body: Grown, minor: int) -> None:
        """What is heard comes back, what is not has its default, and the version need not be known to read it."""
        raw = encode(body, minor)
        heard = len(fields_of(Grown, minor))
        expected = Grown._make((*body[:heard], *Grown(0, "", ())[heard:]))

        assert encode(body, minor + 1).startswith(raw)
        assert decode(Grown, raw, minor) == decode_of_any_minor(Grown, raw) == expected

    @given(GROWN, st.integers(0, 3), st.integers(0, 3))
    def test_other_version_does_not_read_it(self, body: Grown, written: int, read: int) -> None:
        """Lengths are strict in every version."""
        raw = encode(body, written)
        if fields_of(Grown, written) == fields_of(Grown, read):
            assert decode(Grown, raw, read) == decode(Grown, raw, written)
            return

        with pytest.raises(WrongLength):
            decode(Grown, raw, read)

    def test_body_of_numbers_alone_grows_as_well(self) -> None:
        """One struct for each version."""
        assert (encode(Plain(1, 9), 1), encode(Plain(1, 9), 2)) == (b"\1\0", b"\1\0\x09")
        assert (decode(Plain, b"\1\0", 1), decode(Plain, b"\1\0\x09", 2)) == (Plain(1, 7), Plain(1, 9))
        assert decode_of_any_minor(Plain, b"\1\0") == Plain(1, 7)

    @pytest.mark.parametrize("size", [0, 1, 4])
    def test_length_of_no_version_is_refused(self, size: int) -> None:
        """The newest version says what it wanted."""
        with pytest.raises(WrongLength) as caught:
            decode_of_any_minor(Plain, bytes(size))

        assert (caught.value.expected, caught.value.got) == (3, size)

    def test_value_that_is_not_heard_need_not_fit(self) -> None:
        """What an older version does not carry is not looked at; what it carries is."""
        assert encode(Plain(1, 1000), 1) == b"\1\0"
        with pytest.raises(FieldRange, match="second: value 1000"):
            encode(Plain(1, 1000), 2)

    def test_malformed_text_stays_malformed(self) -> None:
        """Going by the length excuses nothing else."""
        with pytest.raises(Malformed):
            decode_of_any_minor(Grown, b"\0\1\xff\0")

    @pytest.mark.parametrize("kept", [1, 2])
    @pytest.mark.parametrize("heard", [1, 2])
    def test_kept_answer_is_heard_in_any_version(self, kept: int, heard: int) -> None:
        """An answer that was kept by any version is told in any other; refusals are the same in all."""
        answer, refused = ok(Plain(1, 9), kept), failed(Answer.STALE, m.Expected(5))

        expected = b"\0\1\0" + (b"\x09" if kept == 2 else b"\x07") * (heard == 2)
        assert heard_at(Plain, answer, heard) == expected
        assert heard_at(Plain, refused, heard) == refused
        assert heard_at(m.BolusAnswer, ok(m.BolusAnswer(1, 2)), heard) == ok(m.BolusAnswer(1, 2))


class TestPolicy:
    @pytest.mark.parametrize("body", [m.Hello, m.HelloAnswer, *CARRIED.values(), therapy.Therapy], ids=lambda body: body.__name__)
    def test_what_is_read_before_or_beside_a_version_never_grows(self, body: type[tuple[Any, ...]]) -> None:
        """HELLO tells the version; refusals may come before it; a therapy has one image, and one digest, for all."""
        assert not has_grown(body)

    def test_nothing_is_newer_than_this_version(self) -> None:
        """A field that is declared for a version to come would be sent by nobody."""
        assert max(field.since for body in TODAY.values() for field in fields_of(body)) <= PROTOCOL_MINOR
        assert EDITION.minor == PROTOCOL_MINOR

    def test_answers_to_commands_fit_their_table(self) -> None:
        """They are kept with every field there is."""
        for spec in MESSAGES:
            if spec.command:
                values = [0] * len(fields_of(spec.answer))
                assert len(ok(tuple.__new__(spec.answer, values))) <= ANSWER_BYTES_MAX, spec.name

    def test_field_in_front_of_an_older_one_is_refused(self) -> None:
        """What is there stays where it is."""

        class Inserted(NamedTuple):
            new: Annotated[U8, Since(3)] = 0
            old: Annotated[U8, Since(2)] = 0

        with pytest.raises(TypeError, match="Inserted: a field stands before one that an older version has"):
            fields_of(Inserted)

    def test_field_without_a_default_is_refused(self) -> None:
        """Who does not hear it has to have something in its place."""

        class Bare(NamedTuple):
            old: U8
            new: Annotated[U8, Since(2)]

        with pytest.raises(TypeError, match=r"Bare\.new: came later and has no default"):
            encode(Bare(1, 2))

    def test_row_that_grew_is_refused(self) -> None:
        """A count of rows says nothing of their length."""

        class Rows(NamedTuple):
            rows: Many[Plain]

        with pytest.raises(TypeError, match=r"Rows\.rows: rows of Plain have grown, and rows never do"):
            decode(Rows, b"\0")

    def test_field_behind_a_tail_is_refused(self) -> None:
        """All bytes that are left leave none."""

        class Tailed(NamedTuple):
            data: Tail
            new: Annotated[U8, Since(2)] = 0

        with pytest.raises(TypeError, match="Tailed: a body that ends in all bytes that are left cannot grow"):
            fields_of(Tailed)
