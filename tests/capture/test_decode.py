"""`pumpsim decode`: the table, the objects, files that grow, and files that are damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.answers import ok
from protocol.capture.blocks import TO_HOST, interface_block, packet_block, section_block
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.messages import HelloAnswer
from protocol.transcript import describe
from tests.capture.sessions import packets, served, visit
from tests.golden.session import FILES
from tests.rig.serving import run_cli

GOLDEN = FILES["secure"]
WAIT_S = 60


def decoded(*arguments: str, stdin: bytes = b"") -> str:
    """What it prints; it must end well."""
    done = run_cli("decode", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


class TestTable:
    """For people."""

    @pytest.mark.parametrize(
        "words",
        [
            "REFILL        1/6          command_id=1  volume=20 mL  withdrawn=0 mL",
            "REFUSED: the volume 900 mL is above the pump's limit 5 mL; use at most 5 mL",
            "BUSY: until=0 d 00:14:10",
            "no frame, wrong CRC: 22 bytes, 02 01 ",
            "no frame, broken off: 9 bytes",
            "role=clinician",
            "mode=simple  flags=bolus running",
            "STOP          4/4          NOT_AUTHORISED",
        ],
    )
    def test_says_it_in_words(self, words: str) -> None:
        """Quantities have their units, codes their names, refusals their sentences, and bad frames their reason."""
        assert words in decoded(str(GOLDEN))

    def test_has_one_line_a_packet(self) -> None:
        """Where it is no terminal, each packet is one line behind the head of its run."""
        lines = decoded(str(GOLDEN)).splitlines()

        assert lines[0] == "run 1: pumpsim, a server on memory"
        assert len(lines) == 2 + len(packets(GOLDEN))


class TestObjects:
    """For programs."""

    def test_are_the_transcript(self) -> None:
        """Each packet is one object with number, time, sender, bytes, and what the transcript tells of them."""
        rows = [json.loads(line) for line in decoded("--json", str(GOLDEN)).splitlines()]

        assert len(rows) == len(packets(GOLDEN))
        for row, packet in zip(rows, packets(GOLDEN), strict=True):
            assert (row["number"], row["at_us"], row["from"], row["raw"]) == (packet.number, packet.at_us, packet.sender, packet.raw.hex())
            if "fields" in row:
                assert row["fields"] == describe(packet.raw)["fields"]

    def test_tell_what_is_wrong(self) -> None:
        """A run that is no frame has an error, a refusal has words, a lone zero is named."""
        rows = [json.loads(line) for line in decoded("--json", str(GOLDEN)).splitlines()]

        assert {row.get("error") for row in rows} >= {"wrong CRC", "broken off", "too long"}
        assert any(row.get("words", {}).get("do") == "use at most 5 mL" for row in rows if row.get("answer") == "REFUSED")
        assert rows[0]["kind"] == "lone zero"


class TestSources:
    """Files, pipes, and what grows."""

    def test_standard_input(self) -> None:
        """A dash reads what is piped in, the same as the file."""
        assert decoded("-", stdin=GOLDEN.read_bytes()) == decoded(str(GOLDEN))

    def test_follows_a_capture_that_grows(self, tmp_path: Path) -> None:
        """It begins before the file has a byte in it, and shows each packet as it is written, until it has had enough."""
        path = tmp_path / "a.pcapng"
        path.touch()
        command = [sys.executable, "-c", "from hil.cli import main; main()", "decode", "--follow", "--json", "--count", "8", str(path)]
        options = ("--port", "tcp://127.0.0.1:0", "--capture", str(path))
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process, served(*options) as (_, ready):
            visit(ready)
            output, _ = process.communicate(timeout=WAIT_S)

        assert [json.loads(line)["number"] for line in output.splitlines()] == list(range(1, 9))

    def test_waits_for_the_rest_of_a_block(self, tmp_path: Path) -> None:
        """A block that is not whole yet is waited for, and then read."""
        path, whole = tmp_path / "a.pcapng", GOLDEN.read_bytes()
        path.write_bytes(whole[:-5])
        count = str(len(packets(GOLDEN)))
        command = [sys.executable, "-c", "from hil.cli import main; main()", "decode", "--follow", "--json", "--count", count, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(int(count) - 1):
                process.stdout.readline()
            with path.open("ab") as file:
                file.write(whole[-5:])

            assert json.loads(process.stdout.readline())["number"] == int(count)


def test_captures_cannot_command_a_terminal(tmp_path: Path) -> None:
    """Whatever a capture or a pump in it says, nothing but printable text reaches the terminal."""
    path = tmp_path / "a.pcapng"
    answer = HelloAnswer(1, 1, 2, 3, bytes(16), bytes(16), "\x1b]0;me\x07", "\x9b2J", "\r1.0")
    raw = encode_frame(Frame(1, 0, 0, ok(answer), ANSWER))
    path.write_bytes(section_block("x", ["\x1b[2J run"]) + interface_block("\x1b", "\x1b[31m") + packet_block(0, 0, TO_HOST, raw))

    text = decoded(str(path))
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    assert "·]0;me·" in text


class TestDamage:
    """What cannot be read."""

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda data: data[:-5], "breaks off in the middle of a block"),
            (lambda data: data[:-4] + bytes(4), "the two lengths of a block differ"),
        ],
        ids=["cut", "bent"],
    )
    def test_packets_before_are_shown(self, change: object, words: str, tmp_path: Path) -> None:
        """What stands before is shown; then one line says what is wrong, at which byte, after which packet, and what to do."""
        assert callable(change)
        path = tmp_path / "a.pcapng"
        path.write_bytes(change(GOLDEN.read_bytes()))
        done = run_cli("decode", str(path))
        before = len(packets(GOLDEN)) - 1

        assert done.returncode == 2
        assert done.stdout.decode().count("\n") == 2 + before
        assert done.stderr.decode().count("\n") == 1
        for part in (words, str(path), "byte ", f"after packet {before}:", "; what stands before was read"):
            assert part in done.stderr.decode()

    @pytest.mark.parametrize(
        ("content", "words"),
        [(b"", "it is empty"), (b"profile: x\n", "does not begin as a capture"), (b"\xd4\xc3\xb2\xa1abcdefgh", "editcap")],
    )
    def test_other_files_are_refused(self, content: bytes, words: str, tmp_path: Path) -> None:
        """What is no capture is told in one line with what to do, and ends with 2."""
        path = tmp_path / "a.pcapng"
        path.write_bytes(content)
        done = run_cli("decode", str(path))

        assert done.returncode == 2
        assert words in done.stderr.decode()
        assert done.stderr.decode().count("\n") == 1

    def test_file_that_is_not_there(self) -> None:
        """A path that leads nowhere is told."""
        done = run_cli("decode", "none.pcapng")

        assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
