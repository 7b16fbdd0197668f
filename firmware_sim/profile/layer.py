"""One YAML file of a profile, read with line numbers: a layer that lies on others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from firmware_sim.errors import ProfileError

__all__ = ["Layer", "Place", "parse_layer", "read_layer", "shown"]

Place = tuple[str, ...]
_SHOWN_LETTERS = len("{value: 1_000_000, provenance: assumed}")


class Layer(NamedTuple):
    """What one file says; `label` is its name in errors."""

    label: str
    data: CommentedMap

    def get(self, place: Place) -> Any:
        """What stands at a place; None where nothing does."""
        node: Any = self.data
        for key in place:
            if not isinstance(node, dict) or key not in node:
                return None
            node = node[key]
        return node

    def depth(self, place: Place) -> int:
        """How many words of a place, from its first, this file has."""
        return max((count for count in range(len(place) + 1) if self._has(place[:count])), default=0)

    def where(self, place: Place) -> str:
        """FILE:LINE of a place, or of the innermost part of it that there is."""
        node: Any = self.data
        line = 0
        for key in place:
            if not isinstance(node, CommentedMap) or key not in node:
                break
            line = node.lc.data[key][0] if key in (node.lc.data or {}) else line
            node = node[key]
        return f"{self.label}:{line + 1}"

    def _has(self, place: Place) -> bool:
        return not place or place[-1] in (self.get(place[:-1]) if isinstance(self.get(place[:-1]), dict) else ())


def read_layer(path: Path) -> Layer:
    """Read a file. Raises ProfileError with the line where the YAML breaks."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as cause:
        reason = cause.strerror if isinstance(cause, OSError) else "it is no UTF-8 text"
        raise ProfileError(f"{path}: cannot be read: {reason}; look at the path and its rights") from None
    return parse_layer(path.name, text)


def parse_layer(label: str, text: str) -> Layer:
    """Read a file's text. Raises ProfileError with the line where the YAML breaks."""
    try:
        data = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = " ".join(str(cause.problem or cause.context).split()).partition(" with value ")[0]
        raise ProfileError(f"{label}{line}: {problem}") from None
    except ReaderError as cause:
        line_of = text.count("\n", 0, cause.position) + 1
        raise ProfileError(f"{label}:{line_of}: character {int(cause.character):#x} is not allowed in YAML") from None
    except (YAMLError, ValueError, TypeError, AttributeError, RecursionError) as cause:  # the library fails so on knots of its own anchors
        raise ProfileError(f"{label}: cannot be read: {' '.join(str(cause).split())}; save it as a YAML file") from None
    if not isinstance(data, CommentedMap):
        raise ProfileError(f"{label}:1: is not a mapping of sections; see itp-40.yaml among the shipped profiles")
    layer = Layer(label, data)
    _refuse_odd_keys(layer, data, ())
    return layer


def shown(value: object) -> str:
    """A value as an error shows it."""
    if value is None or value == {}:
        return "empty"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}..."


def _refuse_odd_keys(layer: Layer, node: CommentedMap, place: Place) -> None:
    for key, inner in node.items():
        if not isinstance(key, str):
            where = layer.where(place) if node.lc.data is None or key not in node.lc.data else f"{layer.label}:{node.lc.data[key][0] + 1}"
            raise ProfileError(f"{where}: {shown(key)} is no name; put quotes around it if it is meant to be one")
        if isinstance(inner, CommentedMap) and len(place) <= 2:
            _refuse_odd_keys(layer, inner, (*place, key))
