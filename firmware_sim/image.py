"""Images: the whole state as versioned bytes, and back. State is typed data, so the types themselves say how to pack it."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from struct import Struct
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints
from zlib import crc32

from firmware_sim.errors import ImageError
from firmware_sim.limits import IMAGE_VERSION

__all__ = ["ENCODER", "pack", "read_image", "unpack", "write_image"]

ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)
"""State as text; packed state is a tree."""

T = TypeVar("T")
_MAGIC = b"pumpsim-image"
_HEAD = Struct("<13sHI")


class _Form(NamedTuple):
    """How one type becomes JSON and comes back."""

    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


def pack(value: Any) -> Any:
    """State as lists, numbers and text; the order is that of the fields, so equal states pack equal."""
    return _form_of(type(value)).pack(value)


def unpack(kind: type[T], data: Any) -> T:
    """State again. Raises ImageError when the data is not of that type."""
    try:
        result: T = _form_of(kind).unpack(data)
    except (TypeError, ValueError, KeyError, AttributeError) as cause:
        raise ImageError(f"not an image of a {kind.__name__}: {cause}") from cause
    return result


def write_image(value: Any) -> bytes:
    """Bytes with magic, version, the CRC-32 of what follows, and JSON."""
    body = ENCODER.encode(pack(value)).encode()
    return _HEAD.pack(_MAGIC, IMAGE_VERSION, crc32(body)) + body


def read_image(kind: type[T], image: bytes) -> T:
    """State from bytes. Raises ImageError for foreign bytes or another version."""
    if len(image) < _HEAD.size or not image.startswith(_MAGIC):
        raise ImageError("these bytes are no image of this program; give what save() returned")
    _, version, crc = _HEAD.unpack_from(image)
    if version != IMAGE_VERSION:
        raise ImageError(f"image version {version}, this program reads {IMAGE_VERSION}; make it anew with this program")
    body = image[_HEAD.size :]
    if crc32(body) != crc:
        raise ImageError("the image is damaged: its checksum does not fit; use another copy")
    return unpack(kind, json.loads(body))


def _same(value: Any) -> Any:
    return value


def _plain(kind: type) -> _Form:
    """What JSON has itself, and nothing that merely resembles it."""

    def exactly(data: Any) -> Any:
        if type(data) is not kind:
            raise ValueError(f"{data!r} is no {kind.__name__}")
        return data

    return _Form(_same, exactly)


def _form_of(kind: Any) -> _Form:
    return _form(kind)


@cache
def _form(kind: Any) -> _Form:
    if kind in (int, str, bool):
        return _plain(kind)
    if kind is bytes:
        return _Form(bytes.hex, bytes.fromhex)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(_form(next(arg for arg in args if arg is not type(None))))
    if origin in (tuple, list):
        return _row(origin, args)
    if origin is dict:
        return _mapping(args[0], _form(args[1]))
    if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, tuple)):
        return _record(kind)
    raise TypeError(f"no image form for {kind}")


def _optional(inner: _Form) -> _Form:
    return _Form(
        _same if inner.pack is _same else lambda value: None if value is None else inner.pack(value),
        lambda data: None if data is None else inner.unpack(data),
    )


def _row(origin: type, args: tuple[Any, ...]) -> _Form:
    if origin is list or args[-1] is Ellipsis:
        pack_item, unpack_item = _form(args[0])
        pack_row = list if pack_item is _same else lambda value: [pack_item(item) for item in value]
        return _Form(pack_row, lambda data: origin([unpack_item(item) for item in data]))
    inners = [_form(arg) for arg in args]
    return _Form(
        lambda value: [form.pack(item) for form, item in zip(inners, value, strict=True)],
        lambda data: tuple(form.unpack(item) for form, item in zip(inners, data, strict=True)),
    )


def _mapping(key: type, inner: _Form) -> _Form:
    return _Form(
        lambda value: [[name, inner.pack(item)] for name, item in value.items()],
        lambda data: {key(name): inner.unpack(item) for name, item in data},
    )


def _record(kind: Any) -> _Form:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind._fields)
    forms = [_form(hints[name]) for name in names]
    values_of = _values_of(kind, names)
    deep = [(place, form.pack) for place, form in enumerate(forms) if form.pack is not _same]
    unpacks = [form.unpack for form in forms]

    def pack_record(value: Any) -> list[Any]:
        row = list(values_of(value))
        for place, pack_field in deep:
            row[place] = pack_field(row[place])
        return row

    return _Form(pack_record, lambda data: kind(*[unpack_field(item) for unpack_field, item in zip(unpacks, data, strict=True)]))


def _values_of(kind: Any, names: list[str]) -> Callable[[Any], Iterable[Any]]:
    """What reads the fields of a record, in order."""
    if issubclass(kind, tuple):
        return tuple
    if len(names) == 1:
        return lambda value: (getattr(value, names[0]),)
    return attrgetter(*names)
