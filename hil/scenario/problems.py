"""What the models found wrong, in the words of somebody who writes scenarios: at its line, with the nearest word that there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import BaseModel

from hil.errors import Problem, QuantityError
from hil.scenario.parts import meant
from hil.therapy.source import Place, Tree

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["keys_of", "model_problems", "problem_at"]

COMMA = 'a number with a comma needs quotes inside braces: volume: "1,000 mL"'


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a mapping as they are written."""
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]


def problem_at(tree: Tree, place: Place, error: QuantityError) -> Problem:
    """What a parser says, with the key that it says it of."""
    keys = (place[: size + 1] for size in reversed(range(len(place))) if isinstance(place[size], str))
    key = next((str(at[-1]) for at in keys if at in tree.lines), "")
    return Problem(tree.line(place), f"{key}: {error.what}" if key else error.what, error.do)


def model_problems(error: ValidationError, model: type[BaseModel], tree: Tree, place: Place) -> Iterator[Problem]:
    """One problem for each of the model's errors; `place` is where its mapping stands."""
    for details in error.errors(include_url=False):
        at = (*place, *(part for part in details["loc"] if part != "[key]"))
        yield _problem(details, _model_at(model, details["loc"]), tree, at)


def _problem(details: ErrorDetails, model: type[BaseModel], tree: Tree, at: Place) -> Problem:
    key = str(at[-1]) if at else ""
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, QuantityError):
        return problem_at(tree, at, cause)
    line = tree.line(at)
    if details["type"] == "missing":
        return Problem(line, f"'{key}' is missing", f"add a line `{key}: ...`")
    if details["type"] == "extra_forbidden":
        return Problem(line, f"'{key}' is not a key here", COMMA if key[:1].isdigit() else meant(key, keys_of(model)))
    shape = "a list" if details["type"].startswith(("list", "tuple")) else "keys and values, each on a line below"
    return Problem(
        line, f"'{key}' cannot be read" if key else "the file has no keys", f"write {shape}" if key else "begin with `title: ...`"
    )


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The model of the mapping in which the last key of a place stands."""
    found = model
    for part in loc[:-1]:
        by_key = {field.alias or name: field for name, field in found.model_fields.items()}
        field = by_key.get(str(part))
        if field is None:
            continue
        inner = [each for each in _types(field.annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
        found = inner[0] if inner else found
    return found


def _types(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _types(inner)
