"""Images: the whole state as versioned bytes, and back. State is typed data, so the types themselves say how to pack it."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from struct import Struct
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints
from zlib import crc32

from firmware_sim.errors import ImageError
from firmware_sim.limits import IMAGE_VERSION

__all__ = ["pack", "read_image", "unpack", "write_image"]

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
    body = json.dumps(pack(value), separators=(",", ":")).encode()
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


def _exactly(kind: type, data: Any) -> Any:
    if type(data) is not kind:
        raise ValueError(f"{data!r} is no {kind.__name__}")
    return data


def _form_of(kind: Any) -> _Form:
    return _form(kind)


@cache
def _form(kind: Any) -> _Form:
    if kind in (int, str, bool):
        return _Form(_same, lambda data: _exactly(kind, data))
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
        lambda value: None if value is None else inner.pack(value),
        lambda data: None if data is None else inner.unpack(data),
    )


def _row(origin: type, args: tuple[Any, ...]) -> _Form:
    if origin is list or args[-1] is Ellipsis:
        inner = _form(args[0])
        return _Form(lambda value: [inner.pack(item) for item in value], lambda data: origin(inner.unpack(item) for item in data))
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
    forms = [(name, _form(hints[name])) for name in names]
    return _Form(
        lambda value: [form.pack(getattr(value, name)) for name, form in forms],
        lambda data: kind(*(form.unpack(item) for (_, form), item in zip(forms, data, strict=True))),
    )
