"""Hundreds of ways to type a number wrongly: each is refused, says why, and says how to write it."""

from __future__ import annotations

import pytest

from hil.errors import QuantityError
from hil.wording import quantity
from hil.wording.profiles import UK, typed
from hil.wording.quantity import Kind
from tests.support.malformed import malformed

KINDS = tuple(value for value in vars(quantity).values() if isinstance(value, Kind))


def refused(kind: Kind, text: str) -> QuantityError:
    """The error for a text; the test fails if it is read."""
    with pytest.raises(QuantityError) as caught:
        kind.parse(text)
    return caught.value


def test_there_are_hundreds() -> None:
    """U9 asks for 200."""
    assert len({text for kind in KINDS for text, _ in malformed(kind)}) >= 600


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.unit)
def test_malformed_numbers_are_refused_with_the_reason(kind: Kind) -> None:
    """U9: none is read as something else; the error shows what was typed, the reason, and what to write."""
    for text, reason in malformed(kind):
        error = refused(kind, text)

        assert reason in error.what, (text, error.what)
        assert repr(text[:8])[:-1] in error.what or reason == "is empty", (text, error.what)
        assert error.do, text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "mcg" in kind.unit], ids=lambda kind: kind.unit)
def test_malformed_numbers_are_refused_in_the_words_of_the_uk_too(kind: Kind) -> None:
    """With the unit in full, the same texts are refused."""
    for text, reason in malformed(kind):
        with pytest.raises(QuantityError, match=reason or None):
            kind.parse(typed(text.replace("mcg", "micrograms"), UK))
