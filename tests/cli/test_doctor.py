"""`pumpsim doctor`: each thing that can be missing, slow or broken is taken away or bent in a child process, and told with its remedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hil.doctor.core import LIBRARIES
from hil.doctor.parts import EXTRAS
from tests.tidy.tree import ROOT

COSTLY = ("distributed", "numpy", "pytest", "furo", "myst_parser", "sphinx", "uvicorn")
"""Modules of extras, hidden where the extras do not matter: importing them takes most of a doctor's time."""
BENT = """
import json, sys

hidden, bends = json.loads(sys.argv.pop(1))

class Hiding:
    def __init__(self, finder):
        self._finder = finder

    def find_spec(self, name, path=None, target=None):
        if any(name == each or name.startswith(each + ".") for each in hidden):
            return None
        return self._finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self._finder, name)

sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
exec(bends)
"""
COMMAND_LINE = "from hil.cli import main; main(['doctor', '--json'])"
ALONE = "from hil.doctor.__main__ import main; sys.exit(main(['--json']))"
NO_PORTS = "import socket\ndef refuse(*a, **k): raise PermissionError(1, 'Operation not permitted')\nsocket.create_server = refuse\n"
SHUT_DEVICE = """
import os
from types import SimpleNamespace
from serial.tools import list_ports
list_ports.comports = lambda: [SimpleNamespace(device='/dev/null')]
os.access = lambda *a, **k: False
"""
NO_NAMES = """
import socket
bind = socket.socket.bind
def refuse(self, place):
    if isinstance(place, str):
        raise PermissionError(1, 'Operation not permitted')
    return bind(self, place)
socket.socket.bind = refuse
"""


class Told(NamedTuple):
    """What the doctor said, by the names of its findings, and how it ended."""

    code: int
    findings: dict[str, dict[str, Any]]


def child(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A Python that finds our packages, with the folder of this test before them."""
    places = os.pathsep.join([str(cwd / "before"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": places, "PUMPSIM_CACHE": str(cwd / "cache"), "PYTHONUTF8": "1", **env}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


def ask(cwd: Path, *hidden: str, bends: str = "", start: str = COMMAND_LINE, **env: str) -> Told:
    """Run the doctor with modules hidden and things bent."""
    done = child("-c", f"{BENT}{start}", json.dumps([[*COSTLY, *hidden], bends]), cwd=cwd, **env)
    assert done.stdout, done.stderr
    findings = json.loads(done.stdout)["findings"]
    return Told(done.returncode, {each["name"]: each for each in findings})


def package(cwd: Path, name: str, version: str, record: str = "") -> None:
    """Have a package seem installed."""
    folder = cwd / "before" / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (folder / "RECORD").write_text(record, encoding="utf-8")


def test_this_machine_can_work(tmp_path: Path) -> None:
    """Where these tests run nothing stops the core, every extra of theirs is seen, and no remedy is given for what is well."""
    done = child("-m", "hil.doctor", "--json", cwd=tmp_path)
    findings = {each["name"]: each for each in json.loads(done.stdout)["findings"]}

    assert done.returncode == 0, done.stdout
    assert {findings[name]["state"] for name in ("Python", "pumpsim", "libraries", "TCP loopback", "web", "campaign")} == {"ok"}
    assert all((each["state"] == "ok") != bool(each["remedy"]) for each in findings.values())


def test_report_for_people_has_each_finding_and_a_sum(tmp_path: Path) -> None:
    """Without --json each thing has its line, also in a terminal that knows ASCII alone, and the last line says whether pumpsim works."""
    script = "from hil.cli import main; main(['doctor'])"
    done = child("-c", f"{BENT}{script}", json.dumps([COSTLY, ""]), cwd=tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii")

    assert done.returncode == 0, done.stderr
    assert "  missing  campaign " in done.stdout
    assert "type: pip install 'pumpsim[campaign]'" in done.stdout
    assert "  broken   terminal " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("pumpsim works here; ")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("names", [("crcmod-plus",), ("pyserial",), ("ruamel.yaml",), tuple(sorted(LIBRARIES.keys() - {"click"}))])
def test_library_that_is_missing_stops_the_core(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Without one of the libraries, or without all, the doctor still works, names each, says what to type, and ends with 1."""
    told = ask(tmp_path, *(name if name == "ruamel.yaml" else LIBRARIES[name][0].partition(".")[0] for name in names))

    assert told.code == 1
    assert {name for name, each in told.findings.items() if each["stops"]} == set(names)
    assert {told.findings[name]["state"] for name in names} == {"missing"}
    assert all(told.findings[name]["remedy"].startswith(f"type: pip install --upgrade '{name}>=") for name in names)


def test_doctor_starts_without_the_command_line(tmp_path: Path) -> None:
    """Where click is missing the module runs alone, and says so."""
    told = ask(tmp_path, "click", "rich", "pydantic", "serial", start=ALONE)

    assert told.code == 1
    assert {name for name, each in told.findings.items() if each["stops"]} == {"click", "rich", "pydantic", "pyserial"}


@pytest.mark.parametrize("hidden, name", [("crcmod._crcfunext", "checksum"), ("cobs.cobs._cobs_ext", "framing")])
def test_library_without_its_compiled_part_is_slow(tmp_path: Path, hidden: str, name: str) -> None:
    """Where pure Python does the work it is told how long a frame takes, and pumpsim still works."""
    told = ask(tmp_path, hidden)

    assert (told.code, told.findings[name]["state"]) == (0, "slow")
    assert "not compiled, " in told.findings[name]["found"]


NOWHERE = "import shutil; shutil.which = lambda name: None"
ELSEWHERE = "import shutil; shutil.which = lambda name: '/elsewhere/bin/' + name"
NO_BROWSER = "import webbrowser\ndef get(): raise webbrowser.Error('none')\nwebbrowser.get = get"


@pytest.mark.parametrize(
    "hidden, bends, states, code",
    [
        ((), "sys.version_info = (3, 10, 2, 'final', 0)", {"Python": "broken"}, 1),
        ((), "import protocol.crc; protocol.crc.crc32c = lambda data: 7", {"checksum": "broken"}, 1),
        (("pty",), NO_PORTS, {"pty": "missing", "TCP loopback": "broken"}, 1),
        ((), f"{NO_PORTS}\n{NO_NAMES}", {"TCP loopback": "broken", "abstract sockets": "broken", "pty": "ok"}, 0),
        (("pty",), ELSEWHERE, {"pty": "missing", "TCP loopback": "ok", "command": "broken"}, 0),
        (
            (),
            f"{SHUT_DEVICE}\n{NOWHERE}\n{NO_BROWSER}",
            {"/dev/null": "broken", "socat": "missing", "tshark": "missing", "command": "missing", "browser": "missing"},
            0,
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, hidden: tuple[str, ...], bends: str, states: dict[str, str], code: int) -> None:
    """A thing that is taken away or bent has its state and a remedy, and the doctor ends with 1 only where the core stops."""
    told = ask(tmp_path, *hidden, bends=bends)

    assert ({name: told.findings[name]["state"] for name in states}, told.code) == (states, code)
    assert all(told.findings[name]["remedy"] for name, state in states.items() if state != "ok")


def test_serial_that_is_not_pyserial_is_told(tmp_path: Path) -> None:
    """Another package of that name, found first, stops the core."""
    (tmp_path / "before" / "serial").mkdir(parents=True)
    (tmp_path / "before" / "serial" / "__init__.py").write_text("", encoding="utf-8")

    told = ask(tmp_path)

    assert (told.code, told.findings["serial"]["state"]) == (1, "broken")
    assert "is not pyserial" in told.findings["serial"]["found"]


def test_two_packages_in_one_place_are_told(tmp_path: Path) -> None:
    """Packages that write over ours are named, with the way out; what works meanwhile goes on."""
    package(tmp_path, "crcmod", "1.7")
    package(tmp_path, "serial", "0.0.97")

    told = ask(tmp_path)

    assert (told.code, told.findings["crcmod"]["state"], told.findings["serial"]["state"]) == (0, "broken", "broken")
    assert all("pip uninstall" in told.findings[name]["remedy"] for name in ("crcmod", "serial"))


def test_library_that_is_too_old_stops_the_core(tmp_path: Path) -> None:
    """A version below the one that our metadata asks for is told with both numbers."""
    package(tmp_path, "rich", "1.0")

    told = ask(tmp_path)

    assert (told.code, told.findings["rich"]["state"]) == (1, "broken")
    assert told.findings["rich"]["found"].startswith("1.0 is older than ")


def test_installation_that_was_written_over_is_told(tmp_path: Path) -> None:
    """A file of ours that is not as it was installed stops the core."""
    package(tmp_path, "pumpsim", "0.1.0", record="hil/none.py,sha256=AAAA,1\n")

    told = ask(tmp_path)

    assert (told.code, told.findings["pumpsim"]["state"]) == (1, "broken")
    assert "hil/none.py" in told.findings["pumpsim"]["found"]


def test_files_here_that_shadow_a_package_are_told(tmp_path: Path) -> None:
    """Files in the current folder that programs started here would import are told; pumpsim, started elsewhere, still works."""
    for name in ("protocol.py", "serial.py", "hil/__init__.py", "firmware_sim/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")

    told = ask(tmp_path, start=f"sys.path.remove('')\n{COMMAND_LINE}")
    states = {name: each["state"] for name, each in told.findings.items() if "in this folder" in each["found"]}

    assert (told.code, states) == (0, {"protocol": "broken", "serial": "broken", "hil": "broken"})


def test_copy_of_the_source_is_told_once(tmp_path: Path) -> None:
    """Started in a checkout that is not the one installed, it says so, and names no file to rename."""
    for name in ("protocol", "hil", "firmware_sim"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("", encoding="utf-8")

    told = ask(tmp_path, start=f"sys.path.remove('')\n{COMMAND_LINE}")
    (finding,) = [each for each in told.findings.values() if "this folder" in each["found"]]

    assert (told.code, finding["state"], finding["remedy"]) == (0, "broken", "work in another folder")


def test_package_of_ours_that_comes_from_elsewhere_stops_the_core(tmp_path: Path) -> None:
    """Where another `protocol` is imported in place of ours, it is told which."""
    (tmp_path / "protocol.py").write_text("", encoding="utf-8")

    told = ask(tmp_path)

    assert (told.code, told.findings["protocol"]["stops"]) == (1, True)


@pytest.mark.parametrize("cache, words", [("", "switched off"), ("{file}/x", "Not a directory")])
def test_cache_that_keeps_nothing_is_slow(tmp_path: Path, cache: str, words: str) -> None:
    """Without a folder for profiles pumpsim works, and starts later."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    told = ask(tmp_path, PUMPSIM_CACHE=cache.format(file=tmp_path / "file"))

    assert (told.code, told.findings["profile cache"]["state"]) == (0, "slow")
    assert words in told.findings["profile cache"]["found"]


def test_command_without_its_library_names_the_doctor(tmp_path: Path) -> None:
    """A command that cannot be had for want of a library says so in one line; a module that a program of the user's lacks is his affair."""
    script = "from hil.cli import main; main(['demo'])"
    lacking = child("-c", f"{BENT}{script}", json.dumps([["pydantic"], ""]), cwd=tmp_path)
    (tmp_path / "own.py").write_text("import nothing_such", encoding="utf-8")
    own = child("-c", "from hil.cli import main; main(['exec', 'own.py'])", cwd=tmp_path)

    assert (lacking.returncode, lacking.stderr) == (1, "pumpsim: pydantic is not installed, and pumpsim needs it; see `pumpsim doctor`\n")
    assert "Traceback" in own.stderr


def test_unknown_argument_of_the_module_is_refused(tmp_path: Path) -> None:
    """`python -m hil.doctor --jsn` ends with 2 and one line."""
    done = child("-m", "hil.doctor", "--jsn", cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_tables_are_those_of_the_project() -> None:
    """The doctor looks for every library that the project depends on, and for every extra that users install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {line.split(">")[0].split("[")[0] for line in project["dependencies"]}

    assert set(LIBRARIES) == named
    assert set(EXTRAS) == project["optional-dependencies"].keys() - {"dev", "peers"}
