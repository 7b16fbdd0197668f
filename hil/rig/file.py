"""A rig file: one bench in YAML. Which pump stands on it, what is joined to it, what it can do and what it cannot.

::

    target: {connect: serial:/dev/ttyUSB0}      # or serve:, ready:, or in_process:
    serial: ITP-40-61726                        # of the unit on the table
    bench_unit: true                            # it is in no patient
    profile: itp-40
    keys: left.keys
    reservoir: {volume: 20 mL, drug: baclofen, concentration: 500 mcg/mL}
    instruments:
      balance: {port: serial:/dev/ttyUSB1, id: BAL-007, calibrated: 2026-03-01, uncertainty: 0.02 mg}
      listener: {wav: alarm.wav}                # or sound_card: default
      magnet: {relay: serial:/dev/ttyUSB2}      # or operator: yes
      supply: {driver: supply.py:Supply}        # your own (hil.own.instrument); the simulated one if it has no port:
    capabilities: []                            # what its bench can do, if it has one and it is not all

Paths are looked for from the file's own folder. Every problem is told at its line, with the nearest word that would do.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hil.errors import Problem, QuantityError, RigFileError, TherapyFileError, UsageError
from hil.own.code import from_folder
from hil.rig.capabilities import CAPABILITIES
from hil.therapy.source import FileKind, Place, Tree, load
from hil.therapy.values import reads
from hil.wording import quantity

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["PLACES", "Fluid", "InstrumentEntry", "RigFile", "TargetEntry", "parse_rig_file", "read_rig_file"]

_KIND = FileKind("a rig file", "target: {serve: pty:./pump0}")
_YES = {"yes": True, "true": True, "no": False, "false": False}
_DATE = r"\d{4}-\d{2}-\d{2}"
WAYS = ("in_process", "serve", "connect", "ready")
"""How a target is had; a file names one of them."""


# ---------------------------------------------------------------- values


def _yes(text: str) -> bool:
    if text not in _YES:
        raise QuantityError(f"{text!r} is neither yes nor no", do="write yes or no")
    return _YES[text]


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise QuantityError(f"{text!r} is no seed", do="write a whole number, such as 1")
    return int(text)


def _capability(text: str) -> str:
    if text not in CAPABILITIES:
        raise QuantityError(f"{text!r} is no capability", do=_meant(text, tuple(CAPABILITIES)))
    return text


def _meant(word: str, words: tuple[str, ...]) -> str:
    near = get_close_matches(word, words, 1)
    return f"did you mean {near[0]!r}?" if near else f"it is one of: {', '.join(words)}"


def _not_empty(text: str) -> str:
    if not text.strip():
        raise QuantityError("nothing stands after the colon", do="write a value, or leave the line out")
    return text


Text = Annotated[str, reads(_not_empty)]
Yes = Annotated[bool, reads(_yes)]
Volume = Annotated[int, reads(quantity.VOLUME.parse)]
Concentration = Annotated[int, reads(quantity.CONCENTRATION.parse)]


# ---------------------------------------------------------------- the file


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class TargetEntry(_Part):
    """How the pump is had. `pace`, `seed`, `catheter` and `security` are those of a pump that is made, `pump` names one of a ready file.

    `wire` is a protocol of one's own that the pump speaks (`hil.own.wire`).
    """

    in_process: Text | None = None
    serve: Text | None = None
    connect: Text | None = None
    ready: Text | None = None
    bench: Text | None = None
    pump: Text | None = None
    pace: Text | None = None
    seed: Annotated[int, reads(_seed)] | None = None
    catheter: Text | None = None
    security: Text | None = None
    wire: Text | None = None


class Fluid(_Part):
    """What is in the reservoir of a unit that nobody here fills."""

    volume: Volume
    drug: Text
    concentration: Concentration


class InstrumentEntry(_Part):
    """One instrument: where it is, and what an auditor asks of it. Which of the places fits depends on the instrument.

    `driver` is a class of one's own (`hil.own.instrument`), which knows ports only.
    """

    driver: Text | None = None
    port: Text | None = None
    wav: Text | None = None
    sound_card: Text | None = None
    relay: Text | None = None
    operator: Yes | None = None
    id: Text | None = None
    calibrated: Text | None = Field(default=None, pattern=_DATE)
    uncertainty: Text | None = None


def _listed(value: object) -> object:
    if not isinstance(value, list):
        raise QuantityError("a list belongs here", do="write it like [bench.needle], and [] for none")
    return tuple(value)


PLACES = {"balance": ("port",), "listener": ("wav", "sound_card"), "magnet": ("relay", "operator")}
"""Where each instrument can be; a file names one of them."""


P = TypeVar("P", TargetEntry, InstrumentEntry)


class _File(_Part):
    target: TargetEntry
    serial: Text | None = None
    bench_unit: Yes = False
    profile: Text | None = None
    keys: Text | None = None
    reservoir: Fluid | None = None
    instruments: dict[str, InstrumentEntry] = {}
    capabilities: Annotated[tuple[Annotated[str, reads(_capability), AfterValidator(str)], ...] | None, BeforeValidator(_listed)] = None


class RigFile(NamedTuple):
    """A rig file that makes sense. `capabilities` None: all that its bench and its instruments can do."""

    path: Path
    target: TargetEntry
    serial: str | None
    bench_unit: bool
    profile: str | None
    keys: Path | None
    reservoir: Fluid | None
    instruments: dict[str, InstrumentEntry]
    capabilities: tuple[str, ...] | None

    def beside(self, name: str) -> Path:
        """A path as the file means it: from its own folder."""
        return self.path.parent / name


def read_rig_file(path: Path) -> RigFile:
    """Read a file. Raises RigFileError for what is in it, UsageError if it cannot be opened."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the rig file cannot be read: {error.strerror}", where=str(path), do="give the path of a YAML file") from None
    return parse_rig_file(data, path)


def parse_rig_file(data: bytes, path: Path) -> RigFile:
    """Read the bytes of a file. Raises RigFileError with every problem found."""
    try:
        tree = load(data, str(path), _KIND)
    except TherapyFileError as error:
        raise RigFileError(str(path), error.problems) from None
    try:
        file = _File.model_validate(tree.root)
    except ValidationError as error:
        found = [*_strangers(tree), *(_problem(details, tree) for details in error.errors(include_url=False))]
        raise RigFileError(str(path), tuple(sorted(found, key=lambda problem: problem.line))) from None
    if problems := tuple(_contradictions(file, tree)):
        raise RigFileError(str(path), problems)
    named = {name: _from_here(entry, "driver", path.parent) for name, entry in file.instruments.items()}
    keys = path.parent / file.keys if file.keys else None
    target = _from_here(file.target, "wire", path.parent)
    return RigFile(path, target, file.serial, file.bench_unit, file.profile, keys, file.reservoir, named, file.capabilities)


def _from_here(part: P, key: str, folder: Path) -> P:
    """The same, what this key names of somebody's own Python found from everywhere. Raises UsageError."""
    name = getattr(part, key)
    return part.model_copy(update={key: from_folder(name, folder, key)}) if name is not None else part


def _contradictions(file: _File, tree: Tree) -> Iterator[Problem]:
    """What no single line shows."""
    ways = [way for way in WAYS if getattr(file.target, way) is not None]
    if len(ways) != 1:
        what = f"a target is had in one way, and here are {len(ways)}: {', '.join(ways) or 'none'}"
        yield Problem(tree.line(("target",)), what, f"write one of {', '.join(f'{way}:' for way in WAYS)}")
    made = [key for key in ("pace", "seed", "catheter", "security") if getattr(file.target, key) is not None]
    if made and ways and ways[0] != "serve":
        what = f"'{made[0]}' is of a pump that is served for this run"
        yield Problem(tree.line(("target", made[0])), what, "take it away, or write serve:")
    if file.target.bench is not None and ways != ["connect"]:
        yield Problem(tree.line(("target", "bench")), "'bench' goes with connect:", "take it away")
    if file.target.pump is not None and file.target.ready is None and file.target.bench is None:
        yield Problem(tree.line(("target", "pump")), "'pump' names one pump of a ready file", "take it away, or write ready:")
    yield from _strangers(tree)
    yield from _misplaced(file, tree)


def _strangers(tree: Tree) -> Iterator[Problem]:
    """Instruments that are none of ours and have no driver of their own."""
    named = tree.root.get("instruments") if isinstance(tree.root, dict) else None
    for name, entry in named.items() if isinstance(named, dict) else ():
        if name not in PLACES and isinstance(entry, dict) and "driver" not in entry:
            do = f"{_meant(name, tuple(PLACES))} An instrument of your own has a driver:"
            yield Problem(tree.line(("instruments", name)), f"'{name}' is not a key here", do)


def _misplaced(file: _File, tree: Tree) -> Iterator[Problem]:
    """Instruments that are nowhere, or where none of their kind can be."""
    for name, entry in file.instruments.items():
        if entry.driver is None and name not in PLACES:
            continue
        places = PLACES[name] if entry.driver is None else ("port",)
        given = [key for key in ("port", "wav", "sound_card", "relay", "operator") if getattr(entry, key) is not None]
        strange = [key for key in given if key not in places]
        line = tree.line(("instruments", name, *strange[:1]))
        if strange:
            yield Problem(line, f"a {name} has no '{strange[0]}'", f"write {' or '.join(f'{place}:' for place in places)}")
        elif len(given) > 1:
            yield Problem(line, f"the {name} is in {len(given)} places", f"write one of {', '.join(f'{place}:' for place in places)}")


def _problem(details: ErrorDetails, tree: Tree) -> Problem:
    place: Place = details["loc"]
    key = str(place[-1]) if place else ""
    cause = details.get("ctx", {}).get("error")
    line = tree.line(place)
    if isinstance(cause, QuantityError):
        return Problem(line, f"{_above(place)}: {cause.what}", cause.do)
    if details["type"] == "missing":
        return Problem(line, f"'{key}' is missing", f"add a line `{key}: ...`")
    if details["type"] == "extra_forbidden":
        return Problem(line, f"'{key}' is not a key here", _meant(key, _keys_at(place)))
    if details["type"] == "string_pattern_mismatch":
        return Problem(line, f"{key}: {details['input']!r} is no date", "write it like 2026-03-01")
    return Problem(
        line, f"'{key}' cannot be read" if key else "the file has no keys", "compare it with the example in docs/how-to/test-a-pump.md"
    )


def _above(place: Place) -> str:
    """The nearest key, where the place is a position in a list."""
    return str(next((part for part in reversed(place) if isinstance(part, str)), ""))


def _keys_at(place: Place) -> tuple[str, ...]:
    """The keys that are known where an unknown one stands."""
    parts: dict[str, Any] = {"target": TargetEntry, "reservoir": Fluid}
    model = _File if len(place) == 1 else InstrumentEntry if len(place) > 2 else parts[str(place[0])]
    return tuple(model.model_fields)
