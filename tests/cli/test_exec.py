"""pumpsim:// for pyserial programs, run by `pumpsim exec` or opened here."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hil import serial_url
from hil.urls.protocol_pumpsim import Serial
from protocol.client import Programmer
from tests.rig.serving import HELLO, hello_answer, run_cli

URL = "pumpsim://itp-40?seed=1"
FIVE_LINES = f"""\
import serial, sys
port = serial.serial_for_url(sys.argv[1], timeout=1)
port.write(bytes.fromhex("{HELLO.hex()}"))
answer = port.read(port.in_waiting)
print(len(answer), answer.count(b"\\0"), b"ITP-40" in answer)
"""


@pytest.fixture
def port() -> Iterator[Serial]:
    """An open pumpsim:// port."""
    serial_url.register()
    opened = serial.serial_for_url(URL, timeout=0)
    assert isinstance(opened, Serial)
    yield opened
    opened.close()


class TestExec:
    """Somebody's program, unchanged."""

    def test_five_lines_of_pyserial_reach_a_pump(self, tmp_path: Path) -> None:
        """The program gets its arguments, opens the URL and reads a whole answer."""
        program = tmp_path / "five.py"
        program.write_text(FIVE_LINES, encoding="utf-8")
        result = run_cli("exec", "--", str(program), URL)

        assert result.returncode == 0, result.stderr.decode()
        length, zeros, known = result.stdout.decode().split()
        assert (int(length) > 20, zeros, known) == (True, "1", "True")

    def test_programs_exit_code_is_ours(self, tmp_path: Path) -> None:
        """What the program ends with is what `exec` ends with."""
        program = tmp_path / "seven.py"
        program.write_text("import sys; sys.exit(7)", encoding="utf-8")

        assert run_cli("exec", "--", str(program)).returncode == 7

    def test_program_finds_its_neighbours_and_is_main(self, tmp_path: Path) -> None:
        """It may import what lies beside it, as under plain python."""
        (tmp_path / "beside.py").write_text("WORD = 'found'", encoding="utf-8")
        program = tmp_path / "main.py"
        program.write_text("import beside\nif __name__ == '__main__':\n    print(beside.WORD)", encoding="utf-8")

        assert run_cli("exec", str(program)).stdout.decode() == "found\n"

    def test_traceback_begins_in_the_program(self, tmp_path: Path) -> None:
        """A program that raises, in a function of its own too, or cannot be read, is shown without our frames; exit code 1."""
        program = tmp_path / "raises.py"
        for text, last in (("def f():\n    return 1 // 0\nf()\n", "ZeroDivisionError"), ("if\n", "SyntaxError")):
            program.write_text(text, encoding="utf-8")
            result = run_cli("exec", "--", str(program))
            told = result.stderr.decode()

            assert result.returncode == 1
            assert told.splitlines()[-1].startswith(last)
            assert set(re.findall(r'File "([^"]*)"', told)) == {str(program)}

    def test_missing_program_is_misuse(self) -> None:
        """One line, exit code 2."""
        result = run_cli("exec", "--", "no-such-program.py")

        assert result.returncode == 2
        assert "no such program" in result.stderr.decode()


class TestPort:
    """The port as pyserial's users know ports."""

    def test_answer_is_there_at_once(self, port: Serial) -> None:
        """Written is answered; nothing is waiting after it was read."""
        port.write(HELLO)
        waiting = port.in_waiting
        body = hello_answer(lambda: port.read(waiting))

        assert body[0] == 0
        assert port.in_waiting == 0

    def test_read_keeps_to_its_timeout(self, port: Serial) -> None:
        """Nothing waiting: an empty or a short read, never a hang."""
        port.write(HELLO)
        whole = port.in_waiting
        port.timeout = 0.01

        assert len(port.read(whole + 100)) == whole
        assert port.read(1) == b""

    def test_read_for_ever_is_refused_where_nothing_can_come(self, port: Serial) -> None:
        """With one thread and no timeout it could never end, and says so; with another thread it waits for that."""
        port.timeout = None
        if threading.active_count() == 1:
            with pytest.raises(serial.SerialException, match="no more will come"):
                port.read(1)
        writer = threading.Timer(0.01, port.write, [HELLO])
        writer.start()

        assert len(port.read(20)) == 20
        writer.join()

    def test_waiting_read_can_be_cancelled(self, port: Serial) -> None:
        """cancel_read ends it from another thread."""
        port.timeout = 30
        canceller = threading.Timer(0.01, port.cancel_read)
        canceller.start()

        assert port.read(1) == b""
        canceller.join()

    def test_buffers_reset_and_wires_read(self, port: Serial) -> None:
        """The rest of the interface is there and does no harm."""
        port.write(HELLO)
        port.reset_input_buffer()
        port.reset_output_buffer()
        port.flush()
        port.baudrate, port.parity, port.bytesize = 9_600, "E", 7
        port.rts = port.dtr = True

        assert (port.in_waiting, port.out_waiting) == (0, 0)
        assert (port.cts, port.dsr, port.ri, port.cd) == (True, True, False, True)

    def test_closed_port_says_so(self, port: Serial) -> None:
        """As every pyserial port does."""
        port.close()
        with pytest.raises(serial.PortNotOpenError):
            port.read(1)

    @pytest.mark.parametrize("url", ["pumpsim://itp-4", "pumpsim://itp-40?seed=x", "pumpsim://"])
    def test_url_without_a_pump_says_what_is_wrong(self, url: str) -> None:
        """An error of pyserial's own kind of error, with our words."""
        with pytest.raises(serial.SerialException, match="itp-40"):
            serial.serial_for_url(url)

    def test_registering_twice_is_registering_once(self) -> None:
        """The table belongs to the process; our package is in it one time."""
        serial_url.register()
        serial_url.register()

        assert serial.protocol_handler_packages.count("hil.urls") == 1

    def test_ordinary_client_speaks_over_it(self) -> None:
        """Programmer.open takes the URL like any other."""
        serial_url.register()
        with Programmer.open(URL, programmer_id=7) as programmer:
            assert programmer.interrogate().identity.model == "ITP-40"

    def test_paced_port_moves_with_the_wall_clock(self) -> None:
        """pace=xN in the URL: the pump's own time goes on between two requests."""
        serial_url.register()
        with Programmer.open(f"{URL}&pace=x1", programmer_id=7) as programmer:
            first = programmer.status().device_us
            later = programmer.status().device_us

        assert later > first
