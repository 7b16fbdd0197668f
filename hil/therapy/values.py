"""Values of people's YAML files: each is text, and one parser reads it."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BeforeValidator

from hil.errors import QuantityError

__all__ = ["reads"]


def reads(parse: Callable[[str], object]) -> BeforeValidator:
    """Read text with `parse`."""

    def read(value: object) -> object:
        if isinstance(value, str):
            return parse(value)
        raise QuantityError("a list or a mapping stands where one value belongs", do="write one value after the colon")

    return BeforeValidator(read)
