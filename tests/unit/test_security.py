"""The seam for keyed sessions: where keys come from, and what `none` means."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.device import DeviceRole
from protocol.errors import KeyFileError
from protocol.framing import Frame
from protocol.paper_pump import PaperPump
from protocol.security import load_key, policy_of, same

KEY = bytes(range(32))


def key_file(folder: Path, text: str | bytes = KEY.hex() + "\n", mode: int = 0o600) -> str:
    """A key file of this content and mode."""
    path = folder / "key"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return str(path)


def test_key_comes_from_a_private_file(tmp_path: Path) -> None:
    """The file goes before the environment."""
    assert load_key(key_file(tmp_path), {"PUMPSIM_KEY": "00" * 32}) == KEY


def test_key_comes_from_the_environment() -> None:
    """Without a file the variable is used, and without either there is no key."""
    assert load_key(None, {"PUMPSIM_KEY": KEY.hex()}) == KEY
    assert load_key(None, {}) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The error names the cure."""
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key(key_file(tmp_path, mode=mode))


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "zz" * 32, b"\xff\xfe"])
def test_file_without_a_key_is_refused(tmp_path: Path, text: str | bytes) -> None:
    """Anything but 64 hexadecimal digits is no key."""
    with pytest.raises(KeyFileError, match="64 hexadecimal digits"):
        load_key(key_file(tmp_path, text))


def test_missing_file_is_told(tmp_path: Path) -> None:
    """No such file is one line."""
    with pytest.raises(KeyFileError, match="No such file"):
        load_key(str(tmp_path / "none"))


def test_secrets_are_compared_whole() -> None:
    """Equal is equal, and any difference is one."""
    assert same(KEY, bytes(KEY))
    assert not same(KEY, KEY[:-1] + b"\0")


def test_none_proves_nothing_and_takes_no_mac() -> None:
    """Under `none` a proof is zeros, a nonce never repeats, and a MAC cannot be checked."""
    policy = policy_of("none")

    assert policy.proof(b"", b"") == bytes(16)
    assert policy.nonce(1, 2) != policy.nonce(1, 3)
    assert policy.admits(Frame(1, 1, 1, b""))
    assert not policy.admits(Frame(1, 1, 1, b"", 0, bytes(8)))


def test_unknown_security_is_refused() -> None:
    """There is no default to fall back to."""
    with pytest.raises(ValueError, match="security 'best' is not known; there is: none"):
        DeviceRole(PaperPump(), security="best")
