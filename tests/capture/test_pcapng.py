"""The file itself: what is written is read, in pieces of any size; damage is told by its place."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.capture.about import comments_of, facts_in
from protocol.capture.blocks import TO_HOST, TO_PUMP, interface_block, packet_block, section_block
from protocol.capture.file import CaptureFile
from protocol.capture.reader import CaptureReader, Damage, Packet, Section
from protocol.capture.recorder import HOST_END, PUMP_END, Recorder
from protocol.errors import CaptureFileError

SECTION_HEAD = section_block("pumpsim", comments_of("a test", {"by": "test"}))
HEAD = SECTION_HEAD + interface_block("memory", HOST_END)
ONE = packet_block(0, 1_500_000, TO_PUMP, b"\x01\x02\0")
TWO = packet_block(0, 1 << 40, TO_HOST, b"\x03\0")


def read(data: bytes, piece: int = 1 << 20) -> tuple[list[Section | Packet], Damage | None]:
    """All that can be read, and the damage."""
    reader = CaptureReader()
    found = [item for at in range(0, len(data), piece) for item in reader.feed(data[at : at + piece])]
    return found, reader.end()


class TestReading:
    """Bytes in, packets out."""

    @pytest.mark.parametrize("piece", [1, 3, 4, 13, 10_000])
    def test_reads_what_was_written(self, piece: int) -> None:
        """Sections, facts, times, directions and bytes come back, however the file is cut up."""
        found, damage = read(HEAD + ONE + TWO, piece)

        assert damage is None
        assert found[0] == Section(1, "pumpsim", {"format": 1, "by": "test"}, found[0].comments)  # type: ignore[union-attr]
        assert found[1:] == [
            Packet(1, 1, 0, HOST_END, 1_500_000, "host", b"\x01\x02\0"),
            Packet(2, 1, 0, HOST_END, 1 << 40, "pump", b"\x03\0"),
        ]

    @given(cut=st.integers(min_value=1, max_value=len(HEAD + ONE + TWO) - 1))
    def test_cut_file_loses_the_torn_block_only(self, cut: int) -> None:
        """Wherever a file ends, the whole blocks before are read, and what is missing is told as torn."""
        found, damage = read((HEAD + ONE + TWO)[:cut])
        ends = {len(SECTION_HEAD), len(HEAD), len(HEAD + ONE)}

        assert sum(isinstance(item, Packet) for item in found) == (cut >= len(HEAD + ONE))
        assert damage is None if cut in ends else damage is not None and damage.torn

    @given(data=st.binary(max_size=200), at=st.integers(0, len(HEAD + ONE + TWO)))
    def test_no_bytes_raise(self, data: bytes, at: int) -> None:
        """Any bytes anywhere give packets and damage, never an exception, and packets before them are read."""
        whole = HEAD + ONE + TWO
        found, _ = read(whole[:at] + data + whole[at + len(data) :])

        assert at < len(HEAD + ONE) or any(isinstance(item, Packet) for item in found)

    @pytest.mark.parametrize(
        ("data", "what", "at_byte"),
        [
            (b"", "empty", 0),
            (b"hello", "does not begin", 0),
            (b"\xd4\xc3\xb2\xa1" + bytes(20), "old form", 0),
            (HEAD + struct.pack("<II", 6, 30) + bytes(40), "says that it has 30 bytes", len(HEAD)),
            (HEAD + ONE[:-4] + bytes(4), "lengths of a block differ", len(HEAD)),
            (HEAD + packet_block(3, 0, TO_HOST, b"\0"), "interface 3", len(HEAD)),
            (HEAD + ONE[:20] + struct.pack("<I", 200) + ONE[24:], "200 bytes in a block of fewer", len(HEAD)),
            (HEAD[:8] + bytes(4) + HEAD[12:], "no byte order", 0),
        ],
    )
    def test_damage_is_told(self, data: bytes, what: str, at_byte: int) -> None:
        """What is wrong is said, with the byte at which its block begins."""
        _, damage = read(data)

        assert damage is not None
        assert what in damage.what
        assert damage.at_byte == at_byte

    def test_reads_what_others_write(self) -> None:
        """Big-endian files, other resolutions and offsets of time, unknown blocks and other link types are read or passed over."""
        option = struct.pack(">HH1s3xHHqHH", 9, 1, b"\x09", 14, 8, 5, 0, 0)
        made = [
            _big(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1)),
            _big(1, struct.pack(">HHI", 147, 0, 0) + option),
            _big(1, struct.pack(">HHI", 1, 0, 0)),
            _big(5, bytes(12)),
            _big(6, struct.pack(">IIIII", 0, 0, 7_000, 2, 2) + b"\x05\0\0\0"),
            _big(6, struct.pack(">IIIII", 1, 0, 0, 1, 1) + b"\x01\0\0\0"),
            _big(3, struct.pack(">I", 1) + b"\0\0\0\0"),
        ]

        found, damage = read(b"".join(made))

        assert damage is None
        assert found[1:] == [
            Packet(1, 1, 0, "", 5_000_007, "", b"\x05\0"),
            Packet(2, 1, 1, "", 0, "", b"\x01", ours=False),
            Packet(3, 1, 0, "", 5_000_000, "", b"\0"),
        ]


def _big(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack(">II", kind, size) + body + struct.pack(">I", size)


class TestAbout:
    """What a capture tells of itself."""

    def test_long_facts_come_back(self) -> None:
        """Facts longer than one comment may be are cut and joined again."""
        facts = {"profile_text": "x\n" * 60_000}

        assert facts_in(comments_of("a sentence", facts)) == {"format": 1, **facts}

    @pytest.mark.parametrize("comment", ["pumpsim-capture {", "pumpsim-capture 3", "something else"])
    def test_unreadable_facts_are_none(self, comment: str) -> None:
        """A comment that is no facts of ours spoils nothing."""
        assert facts_in([comment]) == {}


class TestRecording:
    """Bytes of the wire into runs."""

    @given(st.lists(st.tuples(st.sampled_from(["host", "pump"]), st.binary(max_size=40), st.integers(0, 40_000)), max_size=20))
    def test_runs_joined_are_the_bytes(self, passed: list[tuple[str, bytes, int]]) -> None:
        """However bytes come, the packets of a direction joined are its bytes, and only their last byte may be a zero."""
        found = recorded(iter(passed))

        for sender in ("host", "pump"):
            raws = [packet.raw for packet in found if packet.sender == sender]
            assert b"".join(raws) == b"".join(data for side, data, _ in passed if side == sender)
            assert all(0 not in raw[:-1] for raw in raws)

    def test_pause_breaks_a_frame_off(self) -> None:
        """A frame to the pump that pauses longer than a pump waits is a packet of its own, at the time of its last byte."""
        found = recorded(iter([("host", b"ab", 0), ("pump", b"x", 60_000), ("host", b"c\0", 0), ("pump", b"y\0", 60_000)]))

        assert [(packet.at_us, packet.sender, packet.raw) for packet in found] == [
            (0, "host", b"ab"),
            (60_000, "host", b"c\0"),
            (120_000, "pump", b"xy\0"),
        ]

    def test_noise_without_a_zero_is_cut(self) -> None:
        """A run that never ends is written in pieces."""
        found = recorded(iter([("host", b"n" * 10_000, 0)]))

        assert [len(packet.raw) for packet in found] == [4_096, 4_096, 1_808]

    def test_two_places(self) -> None:
        """Each place on the wire is an interface of its own."""
        blocks: list[bytes] = []
        recorder = Recorder(blocks.append, lambda: 5, port="p", places=(HOST_END, PUMP_END))
        recorder.begin("both", {})
        recorder.passed("host", b"a\0", PUMP_END)
        recorder.passed("host", b"b\0")

        found, damage = read(b"".join(blocks))

        assert damage is None
        assert [(item.interface, item.place) for item in found if isinstance(item, Packet)] == [(1, PUMP_END), (0, HOST_END)]


def recorded(passed: Iterator[tuple[str, bytes, int]]) -> list[Packet]:
    """The packets of bytes that pass, each so many microseconds after the ones before."""
    blocks: list[bytes] = []
    now_us = [0]
    recorder = Recorder(blocks.append, lambda: now_us[0], port="p")
    recorder.begin("a test", {})
    for sender, data, after_us in passed:
        now_us[0] += after_us
        recorder.passed(sender, data)
    recorder.end()
    found, damage = read(b"".join(blocks))
    assert damage is None
    return [item for item in found if isinstance(item, Packet)]


class TestFile:
    """A file that is there already."""

    def test_goes_on_with_a_capture(self, tmp_path: Path) -> None:
        """A second run is a second section; the first stays as it is."""
        path = tmp_path / "a.pcapng"
        for packet in (ONE, TWO):
            written(path, HEAD + packet)

        found, damage = read(path.read_bytes())

        assert damage is None
        assert [(item.number, item.section) for item in found if isinstance(item, Packet)] == [(1, 1), (2, 2)]

    def test_cuts_a_torn_block_off(self, tmp_path: Path) -> None:
        """A block that a dead writer left half written is gone, what was before it is there, and the new run is whole."""
        path = tmp_path / "a.pcapng"
        path.write_bytes(HEAD + ONE + TWO[:-3])
        written(path, HEAD + TWO)

        assert path.read_bytes() == HEAD + ONE + HEAD + TWO

    @pytest.mark.parametrize("content", [b"hi", b"my only copy of something\n", HEAD + b"\1\2\3\4" * 10])
    def test_leaves_other_files_alone(self, content: bytes, tmp_path: Path) -> None:
        """A file that is no capture, or a damaged one, is refused and not touched."""
        path = tmp_path / "a.pcapng"
        path.write_bytes(content)
        with pytest.raises(CaptureFileError, match="choose another capture file"):
            CaptureFile(path)

        assert path.read_bytes() == content

    def test_two_writers_are_one_too_many(self, tmp_path: Path) -> None:
        """A file that is being written is refused to another writer, and free again after."""
        path = tmp_path / "a.pcapng"
        first = CaptureFile(path)
        with pytest.raises(CaptureFileError, match="another process"):
            CaptureFile(path)
        first.close()

        CaptureFile(path).close()

    @pytest.mark.parametrize("name", [".", "none/a.pcapng"])
    def test_place_that_cannot_be(self, name: str, tmp_path: Path) -> None:
        """A folder, or a file in one that is not there, is refused in one line."""
        with pytest.raises(CaptureFileError, match="choose another capture file"):
            CaptureFile(tmp_path / name)


def written(path: Path, blocks: bytes) -> None:
    """Append these blocks."""
    file = CaptureFile(path)
    file.write(blocks)
    file.close()
