"""The JSON Schema of scenario files, for editors: what may stand where, with a line of help. The reader knows more."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from hil.faults.registry import REGISTRY
from hil.scenario.acts import ACTS, Act, Expect, Inject, Repeat, Steps
from hil.scenario.fault_values import spoken
from hil.scenario.head import NEW, Begin, Head, Timing
from hil.scenario.problems import keys_of
from hil.scenario.states import LOG_WORDS, States
from hil.therapy.model import FlexFile, GroupFile, MinimumRateFile, PatientFile, SimpleFile, StepFile

__all__ = ["keys_schema", "render", "schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
SCALAR: Schema = {"type": ["string", "number"]}


def schema() -> Schema:
    """All of it."""
    head = keys_schema(Head)
    head["$schema"], head["title"] = DIALECT, "pumpsim scenario"
    head["properties"]["begin"] = _begin()
    head["properties"]["therapies"] = {"type": "object", "additionalProperties": _therapy(), "description": _help(Head, "therapies")}
    head["properties"]["words"] = _words("words of this file: each a formula")
    head["properties"]["variants"] = {"type": "object", "additionalProperties": _variant(), "description": _help(Head, "variants")}
    head["properties"]["steps"] = {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1, "description": _help(Head, "steps")}
    head["$defs"] = {"step": _step()}
    return head


def render() -> str:
    """The same as the text of a file."""
    return json.dumps(schema(), indent=1) + "\n"


def _step() -> Schema:
    """One act, by its word; or a bare word."""
    timing = keys_schema(Timing)["properties"]
    steps = {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1}
    properties = {**timing, **{word: _act(model) for word, model in ACTS.items()}, "steps": steps}
    alone = [word for word, model in ACTS.items() if model.bare]
    needs = [{"required": [word]} for word in ACTS if word not in ("repeat", "steps")]
    grouped = [{"required": ["repeat", "steps"]}, {"required": ["steps"], "not": {"required": ["repeat"]}}]
    mapping = {"type": "object", "properties": properties, "additionalProperties": False, "oneOf": [*needs, *grouped]}
    return {"anyOf": [{"type": "string", "enum": alone}, mapping]}


def _act(model: type[Act]) -> Schema:
    described = {"description": (model.__doc__ or "").split("\n", maxsplit=1)[0]}
    if model is Expect:
        item = {"anyOf": [{"type": "string", "examples": ["drug given is 500 mcg within 1 %"]}, _states()]}
        return {**described, "anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}
    forms = [_inject() if model is Inject else keys_schema(model)] if keys_of(model) and model is not Repeat else []
    if model.shorthand:
        forms.append(keys_schema(model)["properties"][model.shorthand] if model is not Inject else _faults())
    if model.bare:
        forms.append({"type": "null"})
    return {**described, **(forms[0] if len(forms) == 1 else {"anyOf": forms})} if model is not Steps else described


def _faults() -> Schema:
    return {"type": "string", "enum": list(REGISTRY)}


def _inject() -> Schema:
    """A fault with its own parameters beside it."""
    made = keys_schema(Inject)
    made["properties"]["fault"] = _faults()
    names = sorted({spoken(setting) for fault in REGISTRY.values() for setting in fault.settings})
    made["properties"] = {**dict.fromkeys(names, SCALAR), **made["properties"]}
    return made


def _states() -> Schema:
    made = keys_schema(States)
    counts = {"type": "object", "properties": dict.fromkeys(LOG_WORDS, SCALAR), "additionalProperties": False}
    made["properties"]["log"] = {**counts, "description": _help(States, "log")}
    return made


def _begin() -> Schema:
    return {"anyOf": [{"type": "string", "examples": [NEW]}, keys_schema(Begin)], "description": _help(Head, "begin")}


def _variant() -> Schema:
    properties = {name: {"type": ["string", "integer"]} for name in ("pump", "seed")}
    made = {"type": "object", "properties": {**properties, "begin": _begin(), "words": _words("words that mean something else")}}
    return {"anyOf": [{**made, "additionalProperties": False}, {"type": "null"}]}


def _words(description: str) -> Schema:
    return {"type": "object", "additionalProperties": SCALAR, "description": description}


def _therapy() -> Schema:
    """A therapy of any mode; its keys are those of therapy files."""
    step = {"type": "object", "properties": dict.fromkeys(keys_of(StepFile), SCALAR), "additionalProperties": False}
    group: Schema = {key: {} for key in keys_of(GroupFile)} | {"steps": {"type": "array", "items": step}}
    keys: Schema = {key: SCALAR for model in (SimpleFile, FlexFile, MinimumRateFile) for key in keys_of(model)}
    keys["mode"] = {"enum": ["simple", "flex", "minimum-rate"]}
    keys["groups"] = {"type": "array", "items": {"type": "object", "properties": group, "additionalProperties": False}}
    patient = {"type": "object", "properties": dict.fromkeys(keys_of(PatientFile), SCALAR), "additionalProperties": False}
    return {"type": "object", "properties": {**keys, "patient-bolus": patient}, "additionalProperties": False}


def keys_schema(model: type[BaseModel]) -> Schema:
    """A model's keys, each with its own schema and its line of help."""
    made = model.model_json_schema(by_alias=True, mode="validation")
    properties = {key: _property(made["properties"].get(key, {}), _help(model, key)) for key in keys_of(model)}
    required = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    return {"type": "object", "properties": properties, "additionalProperties": False, **({"required": required} if required else {})}


def _property(made: Schema, description: str) -> Schema:
    """What pydantic makes of it, without defaults that are no values of the file; that a key may be left out says `required`."""
    options = [option for option in made.get("anyOf", []) if option != {"type": "null"}]
    kept = options[0] if len(options) == 1 else {key: value for key, value in made.items() if key not in ("default", "title")}
    kept = {key: value for key, value in kept.items() if key not in ("default", "title", "description")}
    return {**kept, "description": description} if description else kept


def _help(model: type[BaseModel], key: str) -> str:
    return next((field.title or "" for name, field in model.model_fields.items() if key in (field.alias, name)), "")
