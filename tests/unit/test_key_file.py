"""Keys as people keep them: files, the variable, and where a client looks by itself."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from protocol.codes import Role
from protocol.errors import KeyFileError
from protocol.key_file import KEY_VARIABLE, ROLES, beside, find_keys, key_for, load_keys, new_keys, seed_keys, write_keys
from protocol.keys import Key

SECRET = bytes(range(32))
HEX = SECRET.hex()
KEYS = tuple(Key(role, role, bytes((role,)) * 32) for role in ROLES)


def key_file(folder: Path, text: str | bytes = HEX + "\n", mode: int = 0o600) -> Path:
    """A key file of this content and mode."""
    path = folder / "key"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


class TestText:
    @pytest.mark.parametrize(
        ("text", "key"),
        [
            pytest.param(f"clinician {HEX}", Key(2, Role.CLINICIAN, SECRET), id="role"),
            pytest.param(f"  patient\t{HEX.upper()}  ", Key(1, Role.PATIENT, SECRET), id="blanks and capitals"),
            pytest.param(f"service {HEX} # Dr. K.", Key(3, Role.SERVICE, SECRET), id="comment behind"),
            pytest.param(f"# whose\n\n4 clinician {HEX}\n", Key(4, Role.CLINICIAN, SECRET), id="id and comment before"),
            pytest.param(HEX, Key(0, Role.NONE, SECRET), id="bare"),
        ],
    )
    def test_of_one_key_is_read(self, text: str, key: Key) -> None:
        """Role and digits, an id if it is not the role's own, comments anywhere; a bare key has no role yet."""
        (found,) = load_keys(None, {KEY_VARIABLE: text})

        assert (found, found.secret) == (key, key.secret)

    def test_of_several_keys_is_read_in_order(self) -> None:
        """One a line; two of one role with two ids are two keys."""
        lines = [f"patient {'01' * 32}", f"clinician {'02' * 32}", f"4 clinician {'04' * 32}"]
        found = load_keys(None, {KEY_VARIABLE: "\n".join(lines)})

        assert [(key.key_id, key.role, key.secret[0]) for key in found] == [(1, 1, 1), (2, 2, 2), (4, 2, 4)]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param("# nothing\n\n", id="comments only"),
            pytest.param("00" * 31, id="short"),
            pytest.param("00" * 33, id="long"),
            pytest.param("zz" * 32, id="no digits"),
            pytest.param(f"{HEX[:32]} {HEX[32:]}", id="in two halves"),
            pytest.param(f"king {HEX}", id="no such role"),
            pytest.param(f"provisioner {HEX}", id="a role without a key"),
            pytest.param(f"0 clinician {HEX}", id="id too low"),
            pytest.param(f"5 clinician {HEX}", id="id too high"),
            pytest.param(f"-1 clinician {HEX}", id="id below zero"),
            pytest.param(f"2 {HEX}", id="id alone"),
            pytest.param(f"1 2 clinician {HEX}", id="too many words"),
            pytest.param("clinician", id="role alone"),
        ],
    )
    def test_without_a_key_is_refused(self, tmp_path: Path, text: str) -> None:
        """Told in one line that says what was expected, where, and shows nothing of what was there."""
        for path, environment in ((None, {KEY_VARIABLE: text}), (key_file(tmp_path, text), {})):
            with pytest.raises(KeyFileError, match="64 hexadecimal digits") as caught:
                load_keys(path, environment)

            assert HEX[:16] not in str(caught.value)

    def test_with_two_keys_of_one_id_is_refused(self) -> None:
        """Which of them counts would be a guess."""
        with pytest.raises(KeyFileError, match="PUMPSIM_KEY, line 2: a second key of id 2; leave one"):
            load_keys(None, {KEY_VARIABLE: f"clinician {HEX}\n2 service {HEX}"})


class TestFile:
    def test_goes_before_the_variable(self, tmp_path: Path) -> None:
        """What is named is what is meant; without either there is none."""
        path = key_file(tmp_path)

        assert load_keys(path, {KEY_VARIABLE: "00" * 32})[0].secret == SECRET
        assert load_keys(None, {}) == ()

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_that_others_may_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        """The error names the cure."""
        with pytest.raises(KeyFileError, match="chmod 600"):
            load_keys(key_file(tmp_path, mode=mode))

    def test_that_is_no_text_is_refused(self, tmp_path: Path) -> None:
        """A picture is no key."""
        with pytest.raises(KeyFileError, match="not text; lines of a role and 64 hexadecimal digits"):
            load_keys(key_file(tmp_path, b"\xff\xfe"))

    def test_that_is_missing_is_told(self, tmp_path: Path) -> None:
        """No such file is one line, with how to make one."""
        with pytest.raises(KeyFileError, match="No such file or directory; make one with: pumpsim keys new"):
            load_keys(tmp_path / "none")

    def test_written_is_read_back_by_its_owner_alone(self, tmp_path: Path) -> None:
        """Every key as it was, whatever its id, under a remark; mode 0600; nothing else is left in the folder."""
        path = tmp_path / "pump.key"
        keys = (*KEYS, Key(4, Role.CLINICIAN, SECRET))
        for _ in range(2):
            write_keys(path, keys, "pump R-7")

            assert [tuple(key) for key in load_keys(path)] == [tuple(key) for key in keys]
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text().startswith("# pump R-7\npatient 0101")
        assert [found.name for found in tmp_path.iterdir()] == ["pump.key"]

    def test_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        """A folder that is not there."""
        with pytest.raises(KeyFileError, match="cannot be written: No such file or directory"):
            write_keys(tmp_path / "none" / "pump.key", KEYS)


class TestFinding:
    def test_looks_beside_the_pty(self, tmp_path: Path) -> None:
        """./pump0 has ./pump0.key, however the port is written."""
        port = tmp_path / "pump0"
        write_keys(f"{port}.key", KEYS)

        assert find_keys(str(port), {}) == find_keys(f"pty:{port}", {}) == find_keys(f"serial:{port}", {}) == KEYS
        assert find_keys(str(tmp_path / "pump1"), {}) == ()

    def test_variable_goes_before_what_lies_around(self, tmp_path: Path) -> None:
        """What somebody set is meant for this run."""
        write_keys(tmp_path / "pump0.key", KEYS)

        assert find_keys(str(tmp_path / "pump0"), {KEY_VARIABLE: HEX})[0].secret == SECRET

    def test_network_port_has_a_file_in_the_users_own_folder(self) -> None:
        """One place for each address, in a folder that carries the user's number."""
        here, there = beside("tcp://127.0.0.1:7777"), beside("rfc2217://127.0.0.1:7778?poll=1")

        assert (here.name, there.name) == ("127.0.0.1-7777.key", "127.0.0.1-7778.key")
        assert here.parent == there.parent
        assert here.parent.name.startswith("pumpsim-")

    def test_device_of_the_system_has_one_there_too(self) -> None:
        """Nobody may write into /dev."""
        found = beside("serial:/dev/ttyUSB0")

        assert found == beside("/dev/ttyUSB0")
        assert (found.name, found.parent) == ("dev-ttyUSB0.key", beside("tcp://127.0.0.1:7777").parent)

    def test_pump_in_this_process_has_those_of_its_seed(self) -> None:
        """The same for the same seed, others for another."""
        assert find_keys("pumpsim://itp-40?seed=3", {}) == seed_keys(3)
        assert find_keys("pumpsim://itp-40", {}) == seed_keys(0)
        assert {key.secret for key in seed_keys(0)}.isdisjoint(key.secret for key in seed_keys(1))


class TestChoice:
    def test_is_by_role(self) -> None:
        """Each role has the first key that is its own; a role without one has none."""
        assert [key_for(KEYS, role) for role in ROLES] == list(KEYS)
        assert key_for(KEYS[:1], Role.SERVICE) is None
        assert key_for((), Role.PATIENT) is None

    def test_of_a_bare_key_is_any_role(self) -> None:
        """It takes the id of whatever role its holder speaks in."""
        bare = (Key(0, Role.NONE, SECRET),)

        assert key_for(bare, Role.SERVICE) == Key(3, Role.SERVICE, SECRET)
        assert key_for(bare, Role.PATIENT) == Key(1, Role.PATIENT, SECRET)


def test_fresh_keys_are_one_a_role_and_never_the_same() -> None:
    """Drawn, not worked out."""
    first, second = new_keys(), new_keys()

    assert [(key.key_id, key.role) for key in first] == [(role, role) for role in ROLES]
    assert len({key.secret for key in (*first, *second)}) == 6
