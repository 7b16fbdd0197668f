"""Numbers of practice.yaml: what clinics do, which is no rule of a label."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from hil.numbers.data import Number, numbers_of

__all__ = ["practice"]


@cache
def _practice() -> Mapping[str, Number]:
    from ruamel.yaml import YAML

    text = (files("hil") / "numbers" / "practice.yaml").read_text(encoding="utf-8")
    return numbers_of(YAML(typ="safe", pure=True).load(text), "")


def practice(name: str) -> int:
    """A number of practice.yaml."""
    value = _practice()[name].value
    assert isinstance(value, int)
    return value
