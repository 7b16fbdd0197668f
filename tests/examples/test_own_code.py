"""Python of one's own by name: what is wrong with it is told in one line, and what pumpsim's own wire needs is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hil.bench.replay import replay
from hil.cli import execute, pumpsim
from hil.errors import BenchError, UsageError
from hil.faults.script import script_of
from hil.own.code import from_folder, loaded
from hil.own.wire import OwnWire
from hil.pytest_plugin.fittings import drivers_of, own_of
from hil.rig import Rig
from hil.rig.file import parse_rig_file
from hil.unit import Unit
from hil.urls.pump_url import parse_pump_url
from tests.tidy.tree import ROOT

ACME = f"{ROOT}/docs/examples/acme/acme_wire.py:AcmeWire"
ECHO = """
class {name}:
    def __init__(self, pump):
        self.count = 0
    def receive(self, data):
        self.count += 1
        return data + bytes([self.count])
    def next_deadline(self):
        return None
    def on_time(self):
        pass
    def reset(self):
        self.count = 0
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A wire that answers what it hears, and how often it has heard something since the pump started."""
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "echo_wire_of_a_test.py").write_text(ECHO.format(name="Echo"))
    yield f"{tmp_path}/echo_wire_of_a_test.py:Echo"
    sys.modules.pop("echo_wire_of_a_test", None)


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("no_colon_here", "", "'no_colon_here' names no Python; write it like ./wire.py:MyWire"),
        ("./nowhere_at_all.py:X", "", "there is no file nowhere_at_all.py"),
        ("no_such_module_at_all:X", "", "no_such_module_at_all cannot be imported: ModuleNotFoundError"),
        ("./own_bad_import.py:X", "x = 1\nimport no_such_module_at_all\n", "'no_such_module_at_all' (line 2 of own_bad_import.py)"),
        ("./own_bad_syntax.py:X", "def:\n", "own_bad_syntax.py cannot be imported: SyntaxError"),
        ("./own_bad_name.py:Y", "X = 1\n", "own_bad_name.py has no Y"),
        ("./json.py:X", "X = 1\n", "Python has another module of the name json"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_told(name: str, text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, the reason, and the line where it stopped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    if text:
        (tmp_path / name.partition(":")[0]).write_text(text)

    with pytest.raises(UsageError) as caught:
        loaded(name, "--wire")
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_path_is_from_the_folder_that_says_it(tmp_path: Path) -> None:
    """A file's name holds everywhere; a module's is left as it is."""
    assert from_folder("../wire.py:W", tmp_path / "rigs", "wire") == f"{tmp_path.resolve()}/wire.py:W"
    assert from_folder("firm.wire:W", tmp_path, "wire") == "firm.wire:W"
    assert loaded("hil.own.wire:OwnWire", "wire") is OwnWire


def test_class_that_is_no_wire_is_refused(echo: str) -> None:
    """The method that is missing is named."""
    path = Path(echo.rpartition(":")[0])
    path.write_text(path.read_text().replace("def on_time", "def in_time"))

    with pytest.raises(UsageError, match=r"has no on_time\(\)"):
        Unit.new("itp-40", wire=echo)


def test_short_wire_is_enough(echo: str) -> None:
    """Four methods: bytes go in and out, a boot resets it, and without save it begins anew in a pump from an image."""
    with Rig.open(f"pumpsim://itp-40?wire={echo}") as rig:

        def ask() -> bytes:
            rig.line.write(b"a")
            return rig.line.read(1)

        image = rig.bench.fork()
        assert (ask(), ask()) == (b"a\x01", b"a\x02")
        rig.bench.reset()
        assert (ask(), ask()) == (b"a\x01", b"a\x02")
        rig.bench.back_to(image)
        assert ask() == b"a\x01"


def test_faults_of_the_line_act_on_its_pieces(echo: str) -> None:
    """Each piece that comes is a frame; what is of pumpsim's own frames is refused."""
    with Rig.open(f"pumpsim://itp-40?wire={echo}") as rig:
        rig.bench.inject("link.drop", at_frames="2", direction="to_host")
        answers = []
        for _ in range(3):
            rig.line.write(b"\0a")
            answers.append(rig.line.read(1))

        assert answers == [b"\0a\x01", b"", b"\0a\x03"]
        with pytest.raises(BenchError, match="pumpsim's own frames"):
            rig.bench.inject("answer.stale")


def test_programmer_of_pumpsim_does_not_speak_it(echo: str) -> None:
    """A rig says so, and where the line is."""
    with Rig.open(f"pumpsim://itp-40?wire={echo}") as rig, pytest.raises(UsageError, match=r"programmer does not; use Rig\.line"):
        _ = rig.programmer


def test_run_is_done_again_with_its_wire(echo: str) -> None:
    """The script of a run names the wire; an image of a pump with another wire is refused."""
    unit = Unit.new("itp-40", seed=1, wire=ACME)
    unit.receive(b"\r")
    unit.advance_to(1_000_000)
    script = script_of(unit)

    assert script.wire == ACME
    assert replay(script) == unit.digest()
    with pytest.raises(BenchError, match=r"another wire than echo_wire_of_a_test\.py:Echo"):
        Unit.new("itp-40", wire=echo).restore(unit.save())


@pytest.mark.parametrize("option", [["--key-file", "k"], ["--security", "no-auth"], ["--grade", "g.json"]])
def test_options_of_pumpsims_own_wire_are_refused(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Keys, weaknesses and grades are of pumpsim's wire."""
    assert execute(["serve", "itp-40", "--port", "tcp://127.0.0.1:0", "--wire", ACME, *option]) == 2
    assert f"{option[0]}: this is of pumpsim's own wire" in capsys.readouterr().err


@pytest.mark.parametrize("query", ["wire=", f"wire={ACME}&security=no-auth"])
def test_wire_of_a_url_has_a_name_and_no_security(query: str) -> None:
    """What makes no sense is refused."""
    with pytest.raises(UsageError, match="a wire of one's own"):
        parse_pump_url(f"pumpsim://itp-40?{query}")


def test_rig_file_names_drivers_from_its_own_folder() -> None:
    """Wire and driver are found wherever the run begins; a driver knows ports only."""
    text = "target: {serve: a, wire: ../w.py:W}\ninstruments:\n  supply: {driver: s.py:S, port: tcp://h:1}\n"
    file = parse_rig_file(text.encode(), Path("/firm/rigs/table.yaml"))

    assert file.target.wire == "/firm/w.py:W"
    assert file.instruments["supply"].driver == "/firm/rigs/s.py:S"
    with pytest.raises(Exception, match="a supply has no 'wav'"):
        parse_rig_file(text.replace("port: tcp://h:1", "wav: x.wav").encode(), Path("t.yaml"))


def test_help_names_the_option() -> None:
    """Who asks for help finds it."""
    assert "--wire FILE.py:NAME" in CliRunner().invoke(pumpsim, ["serve", "--help"]).output


BALANCE = """
class Balance:
    def __init__(self, url):
        self.url = url
    @classmethod
    def open(cls, url):
        return cls(url)
    @classmethod
    def simulated(cls, bench):
        return None
    def close(self):
        pass
"""


@pytest.mark.parametrize("name", ["balance", "scales"])
def test_driver_of_another_make_is_opened_at_its_port(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a name of ours it takes that place in a rig, else it is had by its own; what it opens has to close."""
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "scales_of_a_test.py").write_text(BALANCE)
    text = f"target: {{in_process: pumpsim://itp-40}}\ninstruments:\n  {name}: {{driver: scales_of_a_test.py:Balance, port: tcp://h:1}}\n"
    with Rig.open("pumpsim://itp-40") as rig:
        rig.drivers, rig.own_instruments = joined(text, tmp_path)
        found = rig.balance if name == "balance" else rig.instrument(name)
        assert vars(found) == {"url": "tcp://h:1"}
    with Rig.open("pumpsim://itp-40") as rig:
        rig.drivers, rig.own_instruments = joined(text.replace(name, "scales").replace(", port: tcp://h:1", ""), tmp_path)
        with pytest.raises(BenchError, match=r"opened has no close\(\)"):
            rig.instrument("scales")
        with pytest.raises(BenchError, match="this rig has no supply"):
            rig.instrument("supply")
    sys.modules.pop("scales_of_a_test")


def joined(text: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The drivers of a rig file, ours and its own."""
    file = parse_rig_file(text.encode(), folder / "rig.yaml")
    return drivers_of(file), own_of(file)
