"""Keys as people keep them: a file that its owner alone may read, or the variable PUMPSIM_KEY, so that no command line ever shows one.

A line is a role and 64 hexadecimal digits (`clinician 0a1b...`), before them an id from 1 to 4 if it is not the role's own. A file of 64
digits and nothing else is one key, for whatever role its holder speaks in; in a pump it is the clinician's. `#` begins a comment.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from protocol.codes import Role
from protocol.errors import KeyFileError
from protocol.keys import KEY_BYTES, KEY_SLOTS, Key
from protocol.security import DEFAULT, SECURITY

__all__ = ["KEY_VARIABLE", "ROLES", "beside", "find_keys", "key_for", "load_keys", "new_keys", "seed_keys", "slotted", "write_keys"]

KEY_VARIABLE = "PUMPSIM_KEY"
_HERE = "127.0.0.1"
_LOOPBACK = ("localhost", "0.0.0.0", "[::1]", "[::]")  # noqa: S104  # nothing is bound here
"""Names of this machine, by which one port has one file of keys."""
ROLES = (Role.PATIENT, Role.CLINICIAN, Role.SERVICE)
_ROLE_NAMES = {role.name.lower(): role for role in ROLES}


def load_keys(key_file: str | os.PathLike[str] | None = None, environment: Mapping[str, str] = os.environ) -> tuple[Key, ...]:
    """The keys of a file, else of PUMPSIM_KEY, else none. Raises KeyFileError."""
    if key_file is not None:
        return _parse(_read_private(Path(key_file)), f"key file {key_file}")
    text = environment.get(KEY_VARIABLE)
    return () if text is None else _parse(text, KEY_VARIABLE)


def find_keys(url: str, environment: Mapping[str, str] = os.environ) -> tuple[Key, ...]:
    """The keys for a port that nobody named keys for: PUMPSIM_KEY, else where a server on this machine leaves them (`beside`).

    A pump in this process, pumpsim://, has those of its seed. Raises KeyFileError.
    """
    if url.startswith("pumpsim://"):
        asked = dict(parse_qsl(urlsplit(url).query))
        seed, security = asked.get("seed", "0"), SECURITY.get(asked.get("security", DEFAULT))
        sound = seed.isdecimal() and security is not None and security.authenticates  # what is wrong with the URL its port will say
        return seed_keys(int(seed)) if sound else ()
    place = beside(url)
    if KEY_VARIABLE in environment or not place.exists():
        return load_keys(None, environment)
    if place.parent == _own_folder():
        _demand_own(place.parent)
    return load_keys(place)


def beside(url: str) -> Path:
    """Where a server leaves the keys of the pump on this port: ./pump0 has ./pump0.key, a network port a file in its user's own folder.

    tcp://127.0.0.1:7777 has 127.0.0.1-7777.key in the folder pumpsim-UID where temporary files go, and so has /dev/ttyUSB0 dev-ttyUSB0.key.
    """
    scheme, _, place = url.rpartition("://")
    place = place.removeprefix("pty:").removeprefix("serial:")
    if not scheme and not place.startswith("/dev/"):
        return Path(f"{place}.key")
    host, colon, port = place.partition("?")[0].strip("/").rpartition(":")
    name = f"{_HERE if host in _LOOPBACK else host}{colon}{port}"
    return _own_folder() / f"{name.replace('/', '-').replace(':', '-')}.key"


def new_keys() -> tuple[Key, ...]:
    """A fresh key for each role."""
    return tuple(Key(role, role, secrets.token_bytes(KEY_BYTES)) for role in ROLES)


def seed_keys(seed: int) -> tuple[Key, ...]:
    """The keys of a simulated pump that nobody gave any: worked out from its seed, so that a run repeats, and so no secret."""
    return tuple(Key(role, role, hashlib.sha256(b"pumpsim test key %d %d" % (role, seed)).digest()) for role in ROLES)


def key_for(keys: Sequence[Key], role: Role) -> Key | None:
    """The first key that this role may speak with; a provisioner has the service key's, or with no key at all a factory-new pump's."""
    if role is Role.PROVISIONER:
        service = key_for(keys, Role.SERVICE)
        return service if service is not None or keys else Key(0, Role.SERVICE, bytes(KEY_BYTES))
    found = next((key for key in keys if key.role in (role, Role.NONE)), None)
    return Key(role, role, found.secret) if found is not None and found.role is Role.NONE else found


def slotted(key: Key) -> Key:
    """A key as a pump takes it: one without a role is the clinician's."""
    return Key(Role.CLINICIAN, Role.CLINICIAN, key.secret) if key.role is Role.NONE else key


def write_keys(path: str | os.PathLike[str], keys: Sequence[Key], remark: str = "") -> None:
    """Write a key file that nobody else may read: whole, or not at all. Raises KeyFileError."""
    place = Path(path)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    lines = [f"# {remark}"] if remark else []
    lines += [f"{'' if key.key_id == key.role else f'{key.key_id} '}{key.role.name.lower()} {key.secret.hex()}" for key in keys]
    try:
        if place.parent == _own_folder():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            _demand_own(place.parent)
        fresh.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write("\n".join(lines) + "\n")
            fresh.replace(place)
        finally:
            fresh.unlink(missing_ok=True)  # there only if it could not be written whole
    except OSError as error:
        raise KeyFileError(f"key file {path}: cannot be written: {error.strerror}; choose another place") from None


def _own_folder() -> Path:
    """A folder that only this user can look into."""
    import tempfile

    user = os.getuid() if os.name == "posix" else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"pumpsim-{user}"


def _demand_own(folder: Path) -> None:
    """Raise KeyFileError for a folder, or a link to one, that somebody else made, who could put his own keys there."""
    found = folder.lstat()
    if os.name == "posix" and (not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022):
        raise KeyFileError(f"folder {folder}: it is not yours alone; remove it, or name a key file with --key-file")


def _read_private(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise KeyFileError(f"key file {path}: others may read it (mode {stat.S_IMODE(mode):04o}); do: chmod 600 {path}")
        if not stat.S_ISREG(mode):
            raise KeyFileError(f"key file {path}: no plain file; make one with: pumpsim keys new FILE")
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise KeyFileError(f"key file {path}: {error.strerror}; make one with: pumpsim keys new {path}") from None
    except UnicodeDecodeError:
        raise KeyFileError(f"key file {path}: not text; lines of a role and 64 hexadecimal digits expected") from None


def _parse(text: str, where: str) -> tuple[Key, ...]:
    keys: dict[int, Key] = {}
    for number, line in enumerate(text.splitlines() or [""], start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        key = _key(words)
        if key is None:
            raise KeyFileError(f"{where}, line {number}: a role ({', '.join(_ROLE_NAMES)}) and 64 hexadecimal digits expected")
        if key.key_id in keys:
            raise KeyFileError(f"{where}, line {number}: a second key of id {key.key_id}; leave one")
        keys[key.key_id] = key
    if not keys:
        raise KeyFileError(f"{where}: no key in it: 64 hexadecimal digits expected; make one with: pumpsim keys new FILE")
    return tuple(keys.values())


def _key(words: list[str]) -> Key | None:
    """The key of one line; its text goes into no error."""
    *before, digits = words
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        return None
    if len(secret) != KEY_BYTES:
        return None
    if not before:
        return Key(0, Role.NONE, secret)
    role = _ROLE_NAMES.get(before[-1])
    number = before[0] if len(before) > 1 else str(int(role or 0))
    if role is None or len(before) > 2 or not number.isdecimal() or not 1 <= int(number) <= KEY_SLOTS:
        return None
    return Key(int(number), role, secret)
