"""The YAML file behind a profile: read with line numbers, joined with what it extends, each number checked for its provenance."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from firmware_sim.errors import ProfileError
from firmware_sim.profile import Number

__all__ = ["ProfileFile"]

Place = tuple[str, ...]


class _NumberModel(BaseModel):
    """The shape of one number in the file."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    value: int
    provenance: str
    source: str = ""
    note: str = ""


class ProfileFile:
    """One profile file and the files it extends, nearest first."""

    def __init__(self, path: Path, data: Any, base: ProfileFile | None) -> None:
        self._path = path
        self._data = data
        self._base = base
        self._used: dict[Place, Number] = {}
        self._asked: set[Place] = set()

    @classmethod
    def read(cls, path: Path, extending: tuple[str, ...] = ()) -> ProfileFile:
        """Read a file and what it extends; `extending` names the files on the way here. Raises ProfileError with the line."""
        try:
            data = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
        except (OSError, YAMLError) as cause:
            raise ProfileError(f"{path.name}: cannot be read: {' '.join(str(cause).split())}") from cause
        if not isinstance(data, CommentedMap):
            raise ProfileError(f"{path.name}: is not a mapping of sections")
        base = data.get("extends")
        if base and base in (path.stem, *extending):
            raise ProfileError(f"{path.name}:{data.lc.key('extends')[0] + 1}: extends {base}, which comes back to itself")
        return cls(path, data, cls.read(path.parent / f"{base}.yaml", (path.stem, *extending)) if base else None)

    def number(self, place: Place) -> Number:
        """The number at a place. Raises ProfileError when it is missing or lacks its provenance."""
        entry, where = self._find(place)
        try:
            model = _NumberModel.model_validate(dict(entry) if isinstance(entry, dict) else entry)
        except ValidationError as cause:
            first = cause.errors()[0]
            raise ProfileError(f"{where}: {'.'.join(place)}: {first['msg']} ({'.'.join(map(str, first['loc']))})") from cause
        if model.provenance not in ("sourced", "assumed") or (model.provenance == "sourced" and not model.source):
            raise ProfileError(f"{where}: {'.'.join(place)}: provenance is `sourced` with a source, or `assumed`")
        number = Number(model.value, model.provenance, model.source, model.note)
        self._used[place] = number
        return number

    def plain(self, place: Place, kind: type) -> Any:
        """A name (str) or a switch (bool) at a place. Raises ProfileError for another type."""
        value, where = self._find(place)
        if type(value) is not kind:
            wanted = "true or false" if kind is bool else "text"
            raise ProfileError(f"{where}: {'.'.join(place)} is {value!r}; give {wanted}")
        return value

    def keys(self, section: str) -> list[str]:
        """Names within a section, the base file's first."""
        inherited = self._base.keys(section) if self._base else []
        return list(dict.fromkeys([*inherited, *(self._data.get(section) or {})]))

    def deviations(self) -> tuple[tuple[str, str], ...]:
        """Requirements this pump is declared to break, with the reason."""
        return tuple((key, str(self._find(("known_deviations", key))[0])) for key in self.keys("known_deviations"))

    def used(self) -> tuple[tuple[str, Number], ...]:
        """Every number read, by dotted path."""
        return tuple((".".join(place), number) for place, number in self._used.items())

    def refuse_unknown(self) -> None:
        """Raise ProfileError for a key that no pump has, with the nearest that one has."""
        known = {".".join(place) for place in self._asked} | {"extends"}
        for place in self._places():
            if place[0] in ("extends", "known_deviations") or ".".join(place) in known:
                continue
            nearest = get_close_matches(".".join(place), known, 1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise ProfileError(f"{self._where(place)}: unknown {'.'.join(place)}{hint}")
        if self._base:
            self._base._asked = self._asked
            self._base.refuse_unknown()

    def _find(self, place: Place) -> tuple[Any, str]:
        self._asked.add(place)
        node: Any = self._data
        for key in place:
            if not isinstance(node, dict) or key not in node:
                if self._base is not None:
                    return self._base._find(place)
                raise self._missing(place)
            node = node[key]
        return node, self._where(place)

    def _missing(self, place: Place) -> ProfileError:
        """The error for a number that is not there: the nearest word beside it that no pump has is where it was misspelt."""
        name = ".".join(place)
        beside = {".".join(other): other for other in self._places() if other[:-1] == place[:-1]}
        nearest = get_close_matches(name, beside, 1)
        if nearest:
            return ProfileError(f"{self._where(beside[nearest[0]])}: {name} is missing; is {nearest[0]} meant to be it?")
        return ProfileError(f"{self._path.name}: {name} is missing; add it")

    def _places(self) -> list[Place]:
        places: list[Place] = []
        for section, body in self._data.items():
            if not isinstance(body, dict):
                places.append((section,))
                continue
            for key, entry in body.items():
                nested = section == "drugs" and isinstance(entry, dict)
                places.extend((section, key, inner) for inner in entry) if nested else places.append((section, key))
        return places

    def _where(self, place: Place) -> str:
        node: Any = self._data
        for key in place[:-1]:
            node = node[key]
        return f"{self._path.name}:{node.lc.key(place[-1])[0] + 1}"
