"""`pumpsim keys`: files that only their owner may read, looks that tell nothing, and a key replaced over a served wire."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from protocol.client import Programmer
from protocol.codes import Role
from protocol.errors import DeviceAnswer, Unproved
from protocol.key_file import load_keys
from tests.rig.serving import run_cli


def keys(*arguments: str) -> tuple[int, str, str]:
    """`pumpsim keys ...`: exit code, standard output, standard error."""
    done = run_cli("keys", *arguments)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class TestNew:
    def test_makes_a_private_file_with_a_key_for_each_role(self, tmp_path: Path) -> None:
        """Mode 0600, three unrelated keys, and none of them on the screen."""
        path = tmp_path / "ward.key"
        code, out, err = keys("new", str(path))
        made = load_keys(path)

        assert (code, [key.role for key in made]) == (0, [Role.PATIENT, Role.CLINICIAN, Role.SERVICE])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len({key.secret for key in made}) == 3
        assert "3 keys: patient, clinician, service" in out + err
        assert not any(key.secret.hex() in out + err for key in made)

    def test_makes_one_role_if_asked(self, tmp_path: Path) -> None:
        """A patient's handset needs no more."""
        path = tmp_path / "handset.key"
        assert keys("new", str(path), "--role", "patient")[0] == 0
        assert [key.role for key in load_keys(path)] == [Role.PATIENT]

    def test_writes_over_nothing_unless_told(self, tmp_path: Path) -> None:
        """A file that is there stays as it is; with --force it is another."""
        path = tmp_path / "ward.key"
        keys("new", str(path))
        first = load_keys(path)
        code, _, err = keys("new", str(path))

        assert (code, load_keys(path)) == (2, first)
        assert "it is there already" in err
        assert keys("new", str(path), "--force")[0] == 0
        assert load_keys(path) != first

    def test_folder_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        """One line, exit code 2."""
        code, _, err = keys("new", str(tmp_path / "none" / "ward.key"))

        assert code == 2
        assert "cannot be written" in err


class TestShow:
    def test_tells_marks_and_no_keys(self, tmp_path: Path) -> None:
        """Ids, roles and marks; the same key has the same mark in every file."""
        path = tmp_path / "ward.key"
        keys("new", str(path))
        made = load_keys(path)
        code, out, _ = keys("show", str(path), "--json")
        rows = json.loads(out)["keys"]
        plain = keys("show", str(path))[1]

        assert code == 0
        assert [(row["key_id"], row["role"]) for row in rows] == [(1, "patient"), (2, "clinician"), (3, "service")]
        assert all(row["mark"] in plain for row in rows)
        assert not any(key.secret.hex() in out + plain for key in made)

    @pytest.mark.parametrize("text,told", [("clinician 00", "64 hexadecimal digits"), ("", "no key in it")])
    def test_file_that_is_no_key_file_is_told(self, tmp_path: Path, text: str, told: str) -> None:
        """One line, exit code 2."""
        path = tmp_path / "bad.key"
        path.write_text(text)
        path.chmod(0o600)
        code, _, err = keys("show", str(path))

        assert code == 2
        assert told in err

    def test_file_that_others_may_read_is_refused(self, tmp_path: Path) -> None:
        """The line says what to do."""
        path = tmp_path / "ward.key"
        keys("new", str(path))
        path.chmod(0o644)

        assert "chmod 600" in keys("show", str(path))[2]


class TestReplace:
    def test_needs_the_magnet_and_then_works(self, tmp_path: Path) -> None:
        """Without a magnet it ends with 1 and says what is missing; with one the new key speaks and the old one does not."""
        ward, fresh, port = tmp_path / "ward.key", tmp_path / "new.key", str(tmp_path / "pump0")
        keys("new", str(ward))
        keys("new", str(fresh), "--role", "clinician")
        with ServerProcess("itp-40", ["--port", f"pty:{port}", "--pace", "lock-step", "--key-file", str(ward)]) as server:
            command = ("replace", port, "clinician", "--new", str(fresh), "--key-file", str(ward))
            without, _, why = keys(*command)
            server.bench.call("magnet", {"held": True})
            code, out, err = keys(*command)
            with Programmer.open(port, key_file=fresh) as programmer:
                assert programmer.status().generation == 0
            with pytest.raises((Unproved, DeviceAnswer)):
                Programmer.open(port, key_file=ward)
            with Programmer.open(port, key_file=ward, role="service") as service:
                assert service.status().alarms

        assert (without, code) == (1, 0)
        assert "hold a magnet over the pump" in why
        assert f"keep {fresh}" in out + err

    def test_file_without_that_role_is_told(self, tmp_path: Path) -> None:
        """Before anything is sent: exit code 2, and how to make one."""
        fresh = tmp_path / "new.key"
        keys("new", str(fresh), "--role", "patient")
        code, _, err = keys("replace", "nowhere", "clinician", "--new", str(fresh))

        assert code == 2
        assert "no clinician key in it" in err
