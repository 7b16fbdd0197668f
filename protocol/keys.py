"""The programmer keys in the pump's memory: four slots, each with a role, in two copies.

A new key goes into one copy and then into the other, each written whole and ended by its CRC, so a transfer that breaks off leaves the
old key or the new one, and a bit that flips later brings back neither. An erased slot is no key; a pump without any is as it left the
factory.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from protocol.app import DeviceApp, Region
from protocol.codes import Role
from protocol.crc import crc32c
from protocol.limits import U32_MAX

__all__ = ["KEY_BYTES", "KEY_SLOTS", "Key", "KeyRing", "pairing_key"]

KEY_BYTES = 32
KEY_SLOTS = 4

_COPY = struct.Struct("<IBB32s")
_CRC = struct.Struct("<I")
_COPY_BYTES = 64
_ROLES = (Role.PATIENT, Role.CLINICIAN, Role.SERVICE)


class Key(NamedTuple):
    """A programmer's key: its id (1 to 4, the slot), the role it may speak in, and 32 secret bytes."""

    key_id: int
    role: Role
    secret: bytes

    def __repr__(self) -> str:
        """Never the secret: this text may end in a log."""
        return f"Key({self.key_id}, {self.role.name})"


class KeyRing:
    """The keys of one pump; read anew only when the memory's bytes changed, whoever changed them."""

    def __init__(self, app: DeviceApp) -> None:
        self._app = app
        self._seen: bytes | None = None
        self._keys: dict[int, tuple[int, Key]] = {}

    @property
    def blank(self) -> bool:
        """Whether no key was ever put in whole: the factory's state. A slot gone bad, in both its copies, is not blank."""
        if self._read():
            return False
        data = self._app.load(Region.KEYS)
        copies = [data[at : at + _COPY_BYTES].strip(b"\xff") for at in range(0, 2 * KEY_SLOTS * _COPY_BYTES, _COPY_BYTES)]
        return not any(one and other for one, other in zip(copies[::2], copies[1::2], strict=True))

    def key(self, key_id: int) -> Key | None:
        """The key of this id."""
        found = self._read().get(key_id)
        return None if found is None else found[1]

    def all(self) -> list[Key]:
        """All keys, by id."""
        return [key for _, (_, key) in sorted(self._read().items())]

    def store(self, key: Key) -> None:
        """Put a key into its slot: it counts once the first copy's last byte is written. The copy that is worth less goes first.

        Raises ValueError for a key that no slot takes.
        """
        if not 1 <= key.key_id <= KEY_SLOTS or key.role not in _ROLES:
            raise ValueError(f"{key!r} is no key of a pump: ids are 1 to {KEY_SLOTS}, roles {', '.join(role.name for role in _ROLES)}")
        data, places = self._app.load(Region.KEYS), [(key.key_id * 2 - less) * _COPY_BYTES for less in (2, 1)]
        serials = {at: found[0] if (found := _copy(data, at)) else 0 for at in places}
        raw = _COPY.pack(min(U32_MAX, 1 + max(serials.values())), key.key_id, key.role, key.secret)
        for at in sorted(places, key=serials.__getitem__):
            self._app.store(Region.KEYS, at, raw + _CRC.pack(crc32c(raw)))

    def _read(self) -> dict[int, tuple[int, Key]]:
        data = self._app.load(Region.KEYS)
        if data != self._seen:
            self._seen = data
            found = [_copy(data, at) for at in range(0, 2 * KEY_SLOTS * _COPY_BYTES, _COPY_BYTES)]
            self._keys = {key.key_id: (serial, key) for serial, key in sorted(copy for copy in found if copy is not None)}
        return self._keys


def pairing_key(serial: str) -> bytes:
    """What a pump of the profile `crc-key` has for a key, whatever is in its slots: a CRC over what it tells everybody, eight times."""
    return crc32c(serial.encode()).to_bytes(_CRC.size, "little") * (KEY_BYTES // _CRC.size)


def _copy(data: bytes, at: int) -> tuple[int, Key] | None:
    """What one copy holds, if it is whole and stands in its own slot."""
    raw = data[at : at + _COPY.size]
    if len(raw) < _COPY.size or _CRC.unpack_from(data, at + _COPY.size)[0] != crc32c(raw):
        return None
    serial, key_id, role, secret = _COPY.unpack(raw)
    if key_id != at // (2 * _COPY_BYTES) + 1 or role not in _ROLES:
        return None
    return serial, Key(key_id, Role(role), secret)
