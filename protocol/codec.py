"""Bodies to bytes and back, compiled once from the declarations.

A declaration of integers and fixed bytes alone becomes a single struct; text, tails and rows split it into parts. Lengths are
strict: a byte too many is as wrong as one too few.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar, get_args, get_type_hints

from protocol.errors import FieldRange, Malformed, WrongLength
from protocol.fields import Form

__all__ = ["FieldForm", "decode", "encode", "fields_of"]

B = TypeVar("B", bound=tuple[Any, ...])


class FieldForm(NamedTuple):
    """One field of a declaration: its name, its wire form, and for `many` the declaration of its rows."""

    name: str
    form: Form
    row: type[tuple[Any, ...]] | None = None


@cache
def fields_of(declaration: type[tuple[Any, ...]]) -> tuple[FieldForm, ...]:
    """The fields of a declaration, in wire order."""
    return tuple(_field(name, hint) for name, hint in get_type_hints(declaration, include_extras=True).items())


def encode(body: tuple[Any, ...]) -> bytes:
    """Bytes of a body. Raises FieldRange for a value that its field cannot carry."""
    layout = _layout(type(body))
    if layout.whole is not None:
        return layout.whole.pack(body)
    values = iter(body)
    return b"".join([part.write(values) for part in layout.parts])


def decode(declaration: type[B], data: bytes) -> B:
    """Read a body. Raises WrongLength or Malformed."""
    layout = _layout(declaration)
    if layout.whole is not None:
        if len(data) != layout.whole.size:
            raise WrongLength(declaration.__name__, layout.whole.size, len(data))
        return tuple.__new__(declaration, layout.whole.struct.unpack(data))
    return _read_all(declaration, layout, data)


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
    return tuple.__new__(declaration, values), at


class _Part(Protocol):
    """A stretch of a body. `read` returns where it ends; an end beyond the data means that bytes are missing."""

    def write(self, values: Iterator[Any]) -> bytes: ...
    def read(self, data: bytes, at: int, values: list[Any]) -> int: ...


class _Run:
    """Neighbouring integers and fixed bytes: one struct."""

    def __init__(self, fields: list[FieldForm]) -> None:
        self.struct = struct.Struct("<" + "".join(field.form.code for field in fields))
        self.size = self.struct.size
        self._fields = fields
        self._exact = tuple((i, int(f.form.code[:-1])) for i, f in enumerate(fields) if f.form.kind == "fixed")

    def write(self, values: Iterator[Any]) -> bytes:
        return self.pack([next(values) for _ in self._fields])

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


class _Counted:
    """Text or bytes behind their length."""

    def __init__(self, field: FieldForm) -> None:
        self._name = field.name
        self._text = field.form.kind == "text"
        self._length = struct.Struct("<" + field.form.code)
        self._most = 256**self._length.size - 1

    def write(self, values: Iterator[Any]) -> bytes:
        value = next(values)
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

    def write(self, values: Iterator[Any]) -> bytes:
        return bytes(next(values))

    def read(self, data: bytes, at: int, values: list[Any]) -> int:
        values.append(data[at:])
        return max(at, len(data))


class _Rows:
    """Rows of another declaration behind a one-byte count."""

    def __init__(self, field: FieldForm, row: type[tuple[Any, ...]]) -> None:
        self._name = field.name
        self._row = row

    def write(self, values: Iterator[Any]) -> bytes:
        rows = next(values)
        if len(rows) > 255:
            raise FieldRange(f"{self._name}: {len(rows)} rows, at most 255 fit")
        return bytes((len(rows),)) + b"".join([encode(row) for row in rows])

    def read(self, data: bytes, at: int, values: list[Any]) -> int:
        if at >= len(data):
            return at + 1
        layout = _layout(self._row)
        rows = []
        count, at = data[at], at + 1
        for _ in range(count):
            row, at = _read(self._row, layout, data, at)
            rows.append(row)
        values.append(tuple(rows))
        return at


class _Layout(NamedTuple):
    """A compiled declaration: its parts, and `whole` where one struct is all of it."""

    parts: tuple[_Part, ...]
    whole: _Run | None


@cache
def _layout(declaration: type[tuple[Any, ...]]) -> _Layout:
    parts: list[_Part] = []
    run: list[FieldForm] = []
    for field in fields_of(declaration):
        if field.form.kind in ("int", "fixed"):
            run.append(field)
            continue
        if run:
            parts.append(_Run(run))
            run = []
        parts.append(_part(field))
    if not parts:
        whole = _Run(run)
        return _Layout((whole,), whole)
    if run:
        parts.append(_Run(run))
    return _Layout(tuple(parts), None)


def _part(field: FieldForm) -> _Part:
    if field.row is not None:
        return _Rows(field, field.row)
    return _Tail() if field.form.kind == "tail" else _Counted(field)


def _field(name: str, hint: Any) -> FieldForm:
    form: Form = hint.__metadata__[0]
    row = get_args(hint.__origin__)[0] if form.kind == "many" else None
    return FieldForm(name, form, row)
