"""The JSON Schema of lesson.yaml, for editors: the scenario's own, with the keys of a lesson. The reader knows more."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from hil.lesson.condition import START, Condition
from hil.lesson.curriculum import curriculum
from hil.lesson.head import UNUSED, Critical, Ends, Handler, Item, LessonHead, PatientHead, Speed
from hil.lesson.vocabulary import acts, facts, groups
from hil.scenario.schema import keys_schema
from hil.scenario.schema import schema as scenario_schema

__all__ = ["render", "schema"]

Schema = dict[str, Any]


def schema() -> Schema:
    """All of it."""
    made = scenario_schema()
    own = keys_schema(LessonHead)
    properties = {key: made["properties"].get(key, value) for key, value in own["properties"].items() if key not in UNUSED}
    properties["steps"]["minItems"] = 0
    properties["patient"] = {"anyOf": [{"type": "string"}, keys_schema(PatientHead)], "description": _said(properties, "patient")}
    properties["ends"] = {"anyOf": [{"type": "string"}, _conditions(Ends)], "description": _said(properties, "ends")}
    properties["speed"] = {**keys_schema(Speed), "description": _said(properties, "speed")}
    handler = _conditions(Handler)
    handler["properties"]["do"] = {**handler["properties"]["do"], "items": {"$ref": "#/$defs/step"}}
    properties["then"] = _listed(handler, _said(properties, "then"))
    properties["checklist"] = _listed(_condition(Item), _said(properties, "checklist"))
    properties["critical"] = _listed(_condition(Critical), _said(properties, "critical"))
    properties["allowed"] = _names([*groups(), *acts()], _said(properties, "allowed"))
    properties["covers"] = _names(list(curriculum()), _said(properties, "covers"))
    head = {
        "$schema": made["$schema"],
        "title": "pumpsim lesson",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**head, "required": own["required"], "$defs": {**made["$defs"], "condition": _condition(Condition)}}


def render() -> str:
    """The same as the text of a file."""
    return json.dumps(schema(), indent=1) + "\n"


def _condition(model: type[BaseModel]) -> Schema:
    """A condition with the names that its keys may hold."""
    made = keys_schema(model)
    properties = made["properties"]
    for key, names in (("did", [*groups(), *acts()]), *((key, list(facts())) for key in ("knew", "fact", "gone", "never"))):
        properties[key] = _names(names, _said(properties, key))
    properties["since"] = {"type": "string", "description": _said(properties, "since"), "examples": [START, *facts()[:1]]}
    return made


def _conditions(model: type[BaseModel]) -> Schema:
    """A mapping that has a condition under `when`."""
    made = keys_schema(model)
    made["properties"]["when"] = {"$ref": "#/$defs/condition", "description": _said(made["properties"], "when")}
    return made


def _listed(item: Schema, description: str) -> Schema:
    return {"type": "array", "items": item, "description": description}


def _names(names: list[str], description: str) -> Schema:
    one = {"type": "string", "enum": list(dict.fromkeys(names))}
    return {"anyOf": [one, {"type": "array", "items": one}], "description": description}


def _said(properties: Schema, key: str) -> str:
    return str(properties[key].get("description", ""))
