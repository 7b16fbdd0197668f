"""The therapies of a scenario: those written in it, those that ship, and files beside it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from hil.errors import HilError, Problem, QuantityError, TherapyFileError
from hil.scenario.parts import meant
from hil.therapy.file import TherapyDocument, read_therapy
from hil.therapy.model import ADAPTER
from hil.therapy.problems import model_problems
from hil.therapy.schedule import schedule_problems
from hil.therapy.source import Place, Tree

__all__ = ["shipped_therapies", "therapies_of", "therapy_named"]

_SUFFIXES = (".yaml", ".yml")


def shipped_therapies() -> dict[str, Path]:
    """Those that ship, by name."""
    folder = Path(str(files("hil") / "library" / "therapies"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def therapies_of(tree: Tree, path: str) -> tuple[dict[str, TherapyDocument], list[Problem]]:
    """The therapies under `therapies`, and what is wrong with them."""
    found: dict[str, TherapyDocument] = {}
    problems: list[Problem] = []
    parts = tree.root.get("therapies") if isinstance(tree.root, dict) else None
    for name in parts if isinstance(parts, dict) else ():
        branch = _branch(tree, ("therapies", name))
        try:
            file = ADAPTER.validate_python(branch.root)
        except ValidationError as error:
            problems += model_problems(error, branch)
            continue
        problems += schedule_problems(file, branch)
        found[name] = TherapyDocument(path, file, branch)
    return found, problems


def therapy_named(name: str, own: dict[str, TherapyDocument], beside: str) -> TherapyDocument:
    """The therapy of that name. Raises QuantityError with the nearest one, or with what is wrong with the file."""
    if name in own:
        return own[name]
    shipped = shipped_therapies()
    file = shipped.get(name)
    if file is None and name.endswith(_SUFFIXES):
        file = Path(beside).parent / name
    if file is None:
        raise QuantityError(f"no therapy is called {name!r}", do=meant(name, [*own, *shipped]))
    try:
        return read_therapy(file)
    except TherapyFileError as error:
        raise QuantityError(f"{error.where}: {error.what}", do=error.do) from None
    except HilError as error:
        raise QuantityError(f"{file}: {error.what}", do=error.do) from None


def _branch(tree: Tree, place: Place) -> Tree:
    """The part of a file at a place, as a file of its own with its lines."""
    root = tree.root
    for part in place:
        assert isinstance(root, dict)
        root = root[str(part)]
    size = len(place)
    return Tree(root, {at[size:]: line for at, line in tree.lines.items() if at[:size] == place})
