"""A body as JSON takes it: numbers as they are on the wire, bytes as hexadecimal text, rows as lists."""

from __future__ import annotations

from typing import Any

from protocol.codec import fields_of
from protocol.fields import NEWEST

__all__ = ["plain_body"]


def plain_body(body: tuple[Any, ...], minor: int = NEWEST) -> dict[str, Any]:
    """The fields of a body by name, as a minor version has them."""
    if not body:
        return {}
    return {field.name: _plain(getattr(body, field.name)) for field in fields_of(type(body), minor)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [plain_body(row) for row in value] if isinstance(value, tuple) else value if isinstance(value, str) else int(value)
