"""Bodies to bytes and back, compiled once from the declarations.

A declaration of integers and fixed bytes alone becomes a single struct; text, tails and rows split it into parts. Lengths are
strict: a byte too many is as wrong as one too few. Of a declaration that has grown there is one layout for each minor version: what
came later (`protocol.fields.Since`) is neither written nor expected, and reads as its default.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from itertools import accumulate, groupby
from operator import is_
from typing import Any, NamedTuple, Protocol, TypeVar, get_args, get_type_hints

from protocol.errors import FieldRange, Malformed, WrongLength
from protocol.fields import NEWEST, Form, Since

__all__ = ["FieldForm", "decode", "decode_of_any_minor", "encode", "fields_of", "has_grown"]

B = TypeVar("B", bound=tuple[Any, ...])


class FieldForm(NamedTuple):
    """One field of a declaration: its name, its wire form, for `many` the declaration of its rows, and the minor version it came with."""

    name: str
    form: Form
    row: type[tuple[Any, ...]] | None = None
    since: int = 0


@cache
def fields_of(declaration: type[tuple[Any, ...]], minor: int = NEWEST) -> tuple[FieldForm, ...]:
    """The fields that a declaration has in a minor version, in wire order. Raises TypeError if it grew against the rules."""
    fields = tuple(_field(name, hint) for name, hint in get_type_hints(declaration, include_extras=True).items())
    _check_growth(declaration, fields)
    return tuple(field for field in fields if field.since <= minor)


def encode(body: tuple[Any, ...], minor: int = NEWEST) -> bytes:
    """Bytes of a body as a minor version has it. Raises FieldRange for a value that its field cannot carry."""
    layout = _LAYOUTS[minor][type(body)]
    if layout.whole is not None:
        return layout.whole.pack(body[: -len(layout.unheard)] if layout.unheard else body)
    return b"".join([part.write(body, at) for part, at in layout.places])


def decode(declaration: type[B], data: bytes, minor: int = NEWEST) -> B:
    """Read a body as a minor version has it. Raises WrongLength or Malformed."""
    layout = _LAYOUTS[minor][declaration]
    if layout.whole is not None:
        if len(data) != layout.whole.size:
            raise WrongLength(declaration.__name__, layout.whole.size, len(data))
        return tuple.__new__(declaration, layout.whole.struct.unpack(data) + layout.unheard)
    return _read_all(declaration, layout, data)


def decode_of_any_minor(declaration: type[B], data: bytes) -> B:
    """Read a body whose minor version is not known: its length fits one layout at most. Raises what the newest says of it."""
    try:
        return decode(declaration, data)
    except WrongLength:
        for minor in _minors_before(declaration):
            with suppress(WrongLength):
                return decode(declaration, data, minor)
        raise


def has_grown(declaration: type[tuple[Any, ...]]) -> bool:
    """Whether minor versions lay it out differently."""
    return bool(_minors_before(declaration))


@cache
def _minors_before(declaration: type[tuple[Any, ...]]) -> tuple[int, ...]:
    """For each time a declaration grew the last minor version before that, newest first."""
    return tuple(sorted({field.since - 1 for field in fields_of(declaration) if field.since}, reverse=True))


def _read_all(declaration: type[B], layout: _Layout, data: bytes) -> B:
    body, end = _read(declaration, layout, data, 0)
    if end != len(data):
        raise WrongLength(declaration.__name__, end, len(data))
    return body


def _read(declaration: type[B], layout: _Layout, data: bytes, at: int) -> tuple[B, int]:
    """Read a body that starts at `at` and may end before the data does."""
    values: list[Any] = []
    for part in layout.parts:
        end = part.read(data, at, values)
        if end > len(data):
            raise WrongLength(declaration.__name__, end, len(data))
        at = end
    return tuple.__new__(declaration, (*values, *layout.unheard)), at


class _Part(Protocol):
    """A stretch of a body; `width` values of it. `read` returns where it ends; an end beyond the data means that bytes are missing."""

    width: int

    def write(self, body: Sequence[Any], at: int) -> bytes: ...
    def read(self, data: bytes, at: int, values: list[Any]) -> int: ...


class _Run:
    """Neighbouring integers and fixed bytes: one struct."""

    def __init__(self, fields: list[FieldForm]) -> None:
        self.struct = struct.Struct("<" + "".join(field.form.code for field in fields))
        self.size = self.struct.size
        self.width = len(fields)
        self._fields = fields
        self._exact = tuple((i, int(f.form.code[:-1])) for i, f in enumerate(fields) if f.form.kind == "fixed")

    def write(self, body: Sequence[Any], at: int) -> bytes:
        return self.pack(body[at : at + self.width])

    def pack(self, values: Sequence[Any]) -> bytes:
        """All values of the run; a struct alone would cut or pad bytes of a wrong length in silence."""
        for index, size in self._exact:
            if len(values[index]) != size:
                raise FieldRange(f"{self._fields[index].name}: {len(values[index])} bytes, {size} expected")
        try:
            return self.struct.pack(*values)
        except struct.error:
            raise self._explain(values) from None

    def read(self, data: bytes, at: int, values: list[Any]) -> int:
        end = at + self.size
        if end <= len(data):
            values.extend(self.struct.unpack_from(data, at))
        return end

    def _explain(self, values: Sequence[Any]) -> FieldRange:
        """Find the field that does not fit."""
        name, value = next(
            (field.name, value) for field, value in zip(self._fields, values, strict=True) if not _fits(field.form.code, value)
        )
        return FieldRange(f"{name}: value {value!r} does not fit its field on the wire")


def _fits(code: str, value: Any) -> bool:
    try:
        struct.pack("<" + code, value)
    except struct.error:
        return False
    return True


_UNCHANGING = (str, bytes, tuple)
"""What may be remembered by its identity; a list may have other members the next time."""


class _Group:
    """Neighbours that hold text, bytes or rows; while all are those of the last time, their bytes are too."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self.width = len(members)
        self._members = members
        self._last: tuple[Sequence[Any], bytes] = ((), b"")

    def write(self, body: Sequence[Any], at: int) -> bytes:
        values = body[at : at + self.width]
        known, data = self._last
        if len(values) != len(known) or not all(map(is_, values, known)):
            data = b"".join([member.bytes_of(value) for member, value in zip(self._members, values, strict=True)])
            if all(type(value) in _UNCHANGING for value in values):
                self._last = values, data
        return data

    def read(self, data: bytes, at: int, values: list[Any]) -> int:
        for member in self._members:
            at = member.read(data, at, values)
            if at > len(data):
                break
        return at


class _Member(Protocol):
    """One field of such a group."""

    def bytes_of(self, value: Any) -> bytes: ...
    def read(self, data: bytes, at: int, values: list[Any]) -> int: ...


class _Counted:
    """Text or bytes behind their length."""

    def __init__(self, field: FieldForm) -> None:
        self._name = field.name
        self._text = field.form.kind == "text"
        self._length = struct.Struct("<" + field.form.code)
        self._most = 256**self._length.size - 1

    def bytes_of(self, value: Any) -> bytes:
        data: bytes = value.encode() if self._text else value
        if len(data) > self._most:
            raise FieldRange(f"{self._name}: {len(data)} bytes, at most {self._most} fit")
        return self._length.pack(len(data)) + data

    def read(self, data: bytes, at: int, values: list[Any]) -> int:
        start = at + self._length.size
        if start > len(data):
            return start
        end: int = start + self._length.unpack_from(data, at)[0]
        if end <= len(data):
            values.append(self._value(data[start:end]))
        return end

    def _value(self, data: bytes) -> str | bytes:
        if not self._text:
            return data
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Malformed(f"{self._name}: not UTF-8") from None


class _Tail:
    """All bytes to the end."""

    width = 1

    def write(self, body: Sequence[Any], at: int) -> bytes:
        return bytes(body[at])

    def read(self, data: bytes, at: int, values: list[Any]) -> int:
        values.append(data[at:])
        return max(at, len(data))


class _Rows:
    """Rows of another declaration behind a one-byte count."""

    def __init__(self, field: FieldForm, row: type[tuple[Any, ...]]) -> None:
        self._name = field.name
        self._row = row

    def bytes_of(self, value: Any) -> bytes:
        if len(value) > 255:
            raise FieldRange(f"{self._name}: {len(value)} rows, at most 255 fit")
        return bytes((len(value),)) + b"".join([encode(row) for row in value])

    def read(self, data: bytes, at: int, values: list[Any]) -> int:
        if at >= len(data):
            return at + 1
        layout = _LAYOUTS[NEWEST][self._row]
        rows = []
        count, at = data[at], at + 1
        for _ in range(count):
            row, at = _read(self._row, layout, data, at)
            rows.append(row)
        values.append(tuple(rows))
        return at


class _Layout(NamedTuple):
    """A declaration compiled for a minor version: its parts, each with the place of its first value in a body, `whole` where one struct is
    all of it, and what its later fields read as.
    """

    parts: tuple[_Part, ...]
    places: tuple[tuple[_Part, int], ...]
    whole: _Run | None
    unheard: tuple[Any, ...]


class _Layouts(dict[type[tuple[Any, ...]], _Layout]):
    """What was compiled for one minor version. Two plain look-ups cost less than one of `functools.cache` with two arguments."""

    def __init__(self, minor: int) -> None:
        super().__init__()
        self._minor = minor

    def __missing__(self, declaration: type[tuple[Any, ...]]) -> _Layout:
        self[declaration] = layout = _layout(declaration, self._minor)
        return layout


_LAYOUTS = tuple(_Layouts(minor) for minor in range(NEWEST + 1))


def _layout(declaration: type[tuple[Any, ...]], minor: int) -> _Layout:
    fields = fields_of(declaration, minor)
    unheard = tuple(_default(declaration, field.name) for field in fields_of(declaration)[len(fields) :])
    if all(_is_plain(field) for field in fields):
        whole = _Run(list(fields))
        return _Layout((whole,), ((whole, 0),), whole, unheard)
    parts: list[_Part] = []
    for kind, neighbours in groupby(fields, lambda field: "run" if _is_plain(field) else field.form.kind == "tail"):
        together = list(neighbours)
        parts.append(_Run(together) if kind == "run" else _Tail() if kind else _Group([_member(field) for field in together]))
    places = accumulate((part.width for part in parts[:-1]), initial=0)
    return _Layout(tuple(parts), tuple(zip(parts, places, strict=True)), None, unheard)


def _is_plain(field: FieldForm) -> bool:
    return field.form.kind in ("int", "fixed")


def _member(field: FieldForm) -> _Member:
    return _Counted(field) if field.row is None else _Rows(field, field.row)


def _field(name: str, hint: Any) -> FieldForm:
    form: Form = hint.__metadata__[0]
    row = get_args(hint.__origin__)[0] if form.kind == "many" else None
    return FieldForm(name, form, row, max((mark.minor for mark in hint.__metadata__ if isinstance(mark, Since)), default=0))


def _default(declaration: type[tuple[Any, ...]], name: str) -> Any:
    defaults: dict[str, Any] = getattr(declaration, "_field_defaults", {})
    return defaults[name]


def _check_growth(declaration: type[tuple[Any, ...]], fields: tuple[FieldForm, ...]) -> None:
    """Hold a declaration to the rules of growth. Raises TypeError."""
    late = [field for field in fields if field.since]
    if [field.since for field in fields] != sorted(field.since for field in fields):
        raise TypeError(f"{declaration.__name__}: a field stands before one that an older version has")
    if late and any(field.form.kind == "tail" for field in fields):
        raise TypeError(f"{declaration.__name__}: a body that ends in all bytes that are left cannot grow")
    for field in fields:
        if field.since and field.name not in getattr(declaration, "_field_defaults", {}):
            raise TypeError(f"{declaration.__name__}.{field.name}: came later and has no default for who does not hear it")
        if field.row is not None and has_grown(field.row):
            raise TypeError(f"{declaration.__name__}.{field.name}: rows of {field.row.__name__} have grown, and rows never do")
