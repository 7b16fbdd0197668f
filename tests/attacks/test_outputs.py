"""No key leaves: every output of a real session is searched for every key that took part in it, in every way in which bytes are written."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from hil.bench.verbs import VERBS, Kind
from hil.server.state_folder import StateFolder
from protocol.capture.reader import CaptureReader, Packet
from protocol.codec import decode
from protocol.codes import Answer, Role
from protocol.errors import KeyFileError, ProtocolError
from protocol.key_file import beside, load_keys, write_keys
from protocol.keys import Key
from protocol.mac import SessionKeys, masked, session_keys, transcript
from protocol.message_table import HELLO
from protocol.messages import HelloAnswer
from tests.attacks.scene import Scene
from tests.link.forged import Intruder, frames_in
from tests.rig.serving import run_cli, running, serve, stop_server

KEYS = [Key(role, role, bytes(range(role * 32, role * 32 + 32))) for role in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE)]
NEW = Key(2, Role.CLINICIAN, bytes(range(200, 232)))
TELLS_IMAGES = {"save", "script"}
"""Verbs whose answer is an image of the whole pump, or may hold one; that keys are in there is told in docs/explanation/security.md."""


def written(secret: bytes) -> dict[str, bytes]:
    """How these bytes may stand somewhere: as they are, or as text, Python and JSON show them; of base64 the middle, at each alignment."""
    spelled = {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode(), "spaced": secret.hex(" ").encode()}
    spelled |= {f"base64 at {at}": base64.b64encode(bytes(at) + secret)[4:-4] for at in range(3)}
    spelled |= {"repr": repr(secret)[2:-1].encode(), "list": json.dumps(list(secret))[1:-1].encode()}
    return spelled


def leaks(texts: dict[str, bytes], secrets: dict[str, bytes]) -> list[str]:
    """Which secret stands where, and how."""
    return [
        f"{what} in {where}, {how}"
        for what, secret in secrets.items()
        for how, spelling in written(secret).items()
        for where, text in texts.items()
        if spelling in text
    ]


@pytest.mark.parametrize("how", written(NEW.secret))
def test_search_finds_what_it_looks_for(how: str) -> None:
    """Each spelling is found in the midst of other bytes."""
    assert leaks({"a page": b"one " + written(NEW.secret)[how] + b" more"}, {"key": NEW.secret})


class Session:
    """A server, a programmer on the command line, a new key: all in one folder, and all that was printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, bytes] = {}
        self.keys_file, self.new_file = folder / "ward.key", folder / "new.key"
        write_keys(self.keys_file, KEYS)
        write_keys(self.new_file, [NEW])

    def run(self) -> None:
        """Serve, program, look at everything, replace a key, stop."""
        options = ["--port", f"pty:{self.folder / 'pump0'}", "--key-file", str(self.keys_file), "--state", str(self.folder / "state")]
        options += ["--capture", str(self.folder / "wire.pcapng"), "--bench", "stdio", "--pace", "lock-step", "--seed", "1"]
        with serve(*options, stdin=subprocess.PIPE) as process:
            self.said["ready line"] = json.dumps(running(process)).encode()
            assert process.stdin is not None
            assert process.stdout is not None
            self._work(process.stdin, process.stdout)
            code, words = stop_server(process)
            self.said["server's standard error"] = words.encode()
        assert code == 0
        wire, key_file = str(self.folder / "wire.pcapng"), ("--key-file", str(self.keys_file))
        self._cli("decode --json", "decode", wire, "--json")
        self._cli("replay", "replay", wire, *key_file, "--report", str(self.folder / "parity.html"), code=None)
        self._cli("replay --json", "replay", wire, *key_file, "--json", code=None)

    def _work(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        def bench(verb: str, **args: Any) -> None:
            requests.write(json.dumps({"id": verb, "verb": verb, "args": args}).encode() + b"\n")
            requests.flush()
            self.said[f"bench verb {verb}"] = answers.readline()

        bench("needle", inject_nl=20_000_000, concentration_ng_per_ml=500_000)
        bench("advance", seconds=10)
        fill = ("refill", "--volume", "20 mL", "--drug", "baclofen", "--concentration", "500 mcg/mL")
        for action in (fill, ("interrogate", "--json"), ("status",), ("log",), ("log", "--json"), ("status", "--role", "patient")):
            self._program(*action)
        bench("magnet", held=True)
        self._cli("keys replace", "keys", "replace", self.port, "clinician", "--new", str(self.new_file), "--key-file", str(self.keys_file))
        self._program("status", key_file=self.new_file)
        self._program("status", code=1)
        for name in (self.keys_file, self.new_file):
            self._cli(f"keys show {name.name}", "keys", "show", str(name), "--json")
        for verb, row in VERBS.items():
            if row.kind is Kind.LOOK and verb not in TELLS_IMAGES | {"settle", "attach"}:
                bench(verb)

    @property
    def port(self) -> str:
        return str(self.folder / "pump0")

    def _program(self, *action: str, key_file: Path | None = None, code: int = 0) -> None:
        name, *rest = action
        capture = str(self.folder / "visit.pcapng")
        command = ["program", self.port, name, *rest, "--key-file", str(key_file or self.keys_file), "--capture", capture]
        self._cli(f"{' '.join(action)} {code}", *command, code=code)

    def _cli(self, what: str, *command: str, code: int | None = 0) -> None:
        done = run_cli(*command)
        assert done.returncode == code or code is None, done.stderr.decode()
        self.said[what] = done.stdout + done.stderr

    def derived(self) -> dict[str, bytes]:
        """Every session key and mask of the run, worked out from the capture as only who has the keys can."""
        found: dict[str, bytes] = {}
        for number, keys in enumerate(session_keys_of(self.folder / "wire.pcapng")):
            found |= {f"host key {number}": keys.host, f"pump key {number}": keys.pump}
            found[f"mask {number}"] = masked(keys, (NEW.key_id, NEW.role), bytes(32))
        return found


def session_keys_of(capture: Path) -> Iterator[SessionKeys]:
    """The keys of each session in a capture."""
    hello = b""
    packets = [packet for packet in CaptureReader().feed(capture.read_bytes()) if isinstance(packet, Packet)]
    for frame in (frame for packet in packets for frame in frames_in(packet.raw) if frame.opcode == HELLO):
        if not frame.flags:
            hello = frame.body
        elif frame.body[0] == Answer.OK:
            answer = decode(HelloAnswer, frame.body[1:])
            yield from (session_keys(key.secret, transcript(hello, answer), answer.serial) for key in (*KEYS, NEW))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One run, for all that look at it."""
    session = Session(tmp_path_factory.mktemp("session"))
    session.run()
    return session


def test_nothing_that_was_said_holds_a_key(session: Session) -> None:
    """Standard output and standard error of server and programmer, every answer of the bench, keys of sessions and masks included."""
    secrets = {f"key {key.key_id}": key.secret for key in KEYS} | {"new key": NEW.secret} | session.derived()

    assert len(secrets) > 30
    assert len(session.said) > 25
    assert leaks(session.said, secrets) == []


def test_no_file_holds_a_key_but_those_that_must(session: Session) -> None:
    """Captures, a report and the journal of the state folder hold none; key files and the pump's image do, for their owner alone."""
    files = {str(path.relative_to(session.folder)): path for path in session.folder.rglob("*") if path.is_file()}
    texts = {name: path.read_bytes() for name, path in files.items()}
    secrets = {f"key {key.key_id}": key.secret for key in KEYS} | {"new key": NEW.secret}
    holding = {leak.split(" in ")[1].split(",")[0] for leak in leaks(texts, secrets)}

    assert {"wire.pcapng", "visit.pcapng", "parity.html", "state/image"} < files.keys()
    assert holding <= {"ward.key", "new.key", "state/image"}
    assert {"ward.key", "new.key"} <= holding
    assert {name: stat.S_IMODE(files[name].stat().st_mode) for name in holding} == dict.fromkeys(holding, 0o600)
    assert stat.S_IMODE((session.folder / "state").stat().st_mode) == 0o700
    assert leaks({name: text for name, text in texts.items() if name not in holding}, session.derived()) == []


def test_image_is_its_owners_from_the_first_byte(tmp_path: Path) -> None:
    """However open the folder and whatever lay there under the name of the file to come: the image is made anew, mode 0600."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    (folder / "image.new").write_bytes(b"somebody's")
    (folder / "image.new").chmod(0o666)
    state = StateFolder(folder, profile="itp-40")
    state.begin(lambda: b"memory")
    state.close()

    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_objects_show_no_key() -> None:
    """What a debugger, a log or a failed assertion would print of keys, programmers, pumps and errors."""
    scene = Scene("secure")
    programmer = scene.programmer()
    host = Intruder(scene.carry)
    host.hello(scene.unit.keys[1].secret)
    assert host.keys is not None
    shown = [
        repr(thing)
        for thing in (scene.unit.keys, scene.unit, scene.unit.role, scene.unit.pump, programmer, host.keys, programmer.attendant)
    ]
    shown += [repr(scene.unit.pump.events(0)), repr(scene.unit.pump.truth()), repr(scene.unit.pump.status()), str(scene.unit.keys[0])]
    shown += [repr(scene.unit.pump.read_log(0, 100)), repr(scene.unit.faults.told())]
    secrets = {f"key {key.key_id}": key.secret for key in scene.unit.keys} | {"host key": host.keys.host, "pump key": host.keys.pump}

    assert leaks({str(number): text.encode() for number, text in enumerate(shown)}, secrets) == []


@pytest.mark.parametrize(
    "line", ["clinician {0}zz", "{0} clinician", "clinician {0}{0}", "doctor {0}", "9 clinician {0}", "clinician {0}\nclinician {0}"]
)
def test_errors_of_key_files_show_none_of_it(tmp_path: Path, line: str) -> None:
    """A line that cannot be read is named by its number."""
    path = tmp_path / "bad.key"
    path.write_text(line.format(NEW.secret.hex()))
    path.chmod(0o600)
    with pytest.raises(ProtocolError) as caught:
        load_keys(path)

    assert leaks({"error": f"{caught.value} {caught.value!r}".encode()}, {"key": NEW.secret, "half": NEW.secret[:16]}) == []


def test_folder_of_somebody_elses_gets_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of network ports go into a folder among temporary files: one that others may write into, or a link, is refused."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = beside("tcp://127.0.0.1:7777")
    write_keys(place, KEYS)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    place.parent.chmod(0o777)
    with pytest.raises(KeyFileError, match="not yours alone"):
        write_keys(place, KEYS)
    place.parent.chmod(0o700)
    place.parent.rename(tmp_path / "elsewhere")
    place.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="not yours alone"):
        write_keys(place, KEYS)
