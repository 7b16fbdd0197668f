"""texts.XX.yaml: the words of a lesson in one language, by the ids of lesson.yaml. A translation has the same keys and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from hil.errors import QuantityError
from hil.lesson.condition import Id
from hil.scenario.parts import Part, Text

__all__ = ["PARTS", "ItemText", "Texts", "keys_in"]

PARTS = ("checklist", "critical", "diagnoses", "tell", "say")
"""Mappings whose keys are ids of lesson.yaml."""
PARAGRAPHS_MAX = 30


def _paragraphs(value: object) -> object:
    parts = value if isinstance(value, list) else [value]
    cut = next((str(key) for part in parts if isinstance(part, dict) for key in part), None)
    if cut is not None:
        raise QuantityError(f"a colon makes a key of {cut!r}", do=f'put the whole paragraph in double quotes: "{cut}: ..."')
    said = tuple(" ".join(part.split()) for part in parts if isinstance(part, str))
    if not parts or len(parts) > PARAGRAPHS_MAX or len(said) < len(parts) or not all(said):
        raise QuantityError("a text or a list of texts belongs here", do="write some words, or a list of paragraphs")
    return said


Paragraphs = Annotated[
    tuple[str, ...],
    BeforeValidator(_paragraphs),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class ItemText(Part):
    """What an item or a critical error is called, and what the debrief says of it."""

    text: Text = Field(title="what was to be done, or the error")
    debrief: Text = Field(title="why: told in the debrief beside it")


class Texts(Part):
    """All words of a lesson in one language."""

    title: Text = Field(title="what it is called; no learner sees it before the debrief")
    needs: Text = Field(title="why anybody needs it: what goes wrong in practice")
    objectives: Paragraphs = Field(title="what the learner can do afterwards; on the first page, so they must not tell the case")
    briefing: Paragraphs = Field(title="what the learner is told before: who the patient is, what is asked; nothing that gives it away")
    story: Paragraphs = Field(title="what truly happened, for the instructor and the debrief")
    facilitation: Paragraphs = Field(title="how an instructor helps along, and what not to say")
    fidelity: Text | None = Field(None, title="what is unlike the ward here")
    debrief: Paragraphs = Field(title="what the debrief should come to")
    checklist: dict[Id, ItemText] = Field({}, title="by the id of the item")
    critical: dict[Id, ItemText] = Field({}, title="by the id of the error")
    diagnoses: dict[Id, Text] = Field({}, title="by id: the words that the learner chooses among")
    tell: dict[Id, Text] = Field({}, title="by id: what a handler tells the learner")
    say: dict[Id, Text] = Field({}, title="by id: what a step is called for the instructor")


def keys_in(part: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The place of every text of a file, as it was written; a list counts its texts."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from keys_in(value, (*above, str(key)))
    elif isinstance(part, list):
        yield from ((*above, str(position)) for position, _ in enumerate(part, 1))
    else:
        yield above
