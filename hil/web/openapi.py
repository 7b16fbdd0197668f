"""The HTTP bench as an OpenAPI 3.1 document, made from the verb table's own models."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from hil.bench.verbs import VERBS, Verb

__all__ = ["document", "verb_list"]

Json = dict[str, Any]

API_VERSION = "1"
REFUSALS: tuple[tuple[int, str], ...] = (
    (400, "The body is no JSON, or the request has no single Host"),
    (401, "The token is missing or wrong"),
    (403, "Another Host or Origin than the bench's own"),
    (404, "No such address or verb"),
    (405, "Another method than the address takes"),
    (413, "The body is too long"),
    (415, "The body is not application/json"),
    (422, "The bench refuses: an argument is wrong, or the act cannot be done now. Nothing has changed"),
)
ERROR: Json = {
    "type": "object",
    "description": "What went wrong, where, and what to do about it; nothing has changed.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["what", "where", "do"],
            "properties": {"what": {"type": "string"}, "where": {"type": "string"}, "do": {"type": "string"}},
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}
EVENTS = (
    "A WebSocket. Each message is one JSON object with a `type`: `event` (a trace record), `frame` (bytes on the port, decoded), "
    "`missed` (how many of each were dropped), `renumbered` (another pump, with numbers of its own), `pace` (time cannot keep up, or "
    "can again), `live` (all that was kept has been told)."
)
LOOKS: tuple[tuple[str, str], ...] = (
    ("/ready", "The ready line, without the token"),
    ("/verbs", "The verbs with their arguments"),
    ("/pumps", "The pumps of this server"),
    ("/openapi.json", "This document"),
)


@cache
def document() -> Json:
    """The whole document. Treat it as read-only."""
    _, definitions = models_json_schema([(verb.args, "validation") for verb in VERBS.values()], ref_template="#/components/schemas/{model}")
    schemas = {name: _untitled(schema) for name, schema in definitions["$defs"].items()}
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    paths: Json = {path: {"get": _look(path, doc)} for path, doc in LOOKS}
    paths["/events"] = {"get": _events()}
    paths |= {f"/verbs/{verb.name}": {"post": _act(verb)} for verb in VERBS.values()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "pumpsim bench", "version": API_VERSION, "description": inspect.cleandoc(_ABOUT)},
        "servers": [
            _server("http://127.0.0.1:{port}", "the first pump"),
            _server("http://127.0.0.1:{port}/pumps/{pump}", "a pump by name"),
        ],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Error": ERROR},
            "responses": {f"Refused{status}": {"description": doc, "content": refused} for status, doc in REFUSALS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "The token of the ready line"}},
        },
    }


_ABOUT = """
The side door of a simulated pump: time, faults, truth and power. Not part of any real pump.

Times are true virtual time: `*_us` microseconds, `*_s` seconds. `*_nl` are nanolitres, `*_ng_per_ml` nanograms to a millilitre.
"""


def verb_list() -> Json:
    """What `GET /verbs` answers: name, line of help and JSON Schema of the arguments of each verb."""
    return {"verbs": [{"name": verb.name, "doc": verb.doc, "args": verb.args.model_json_schema()} for verb in VERBS.values()]}


def _server(url: str, what: str) -> Json:
    variables: Json = {"port": {"default": "0", "description": "see the ready line"}}
    if "{pump}" in url:
        variables["pump"] = {"default": "pump1"}
    return {"url": url, "description": what, "variables": variables}


def _look(path: str, doc: str) -> Json:
    operation = path.strip("/").partition(".")[0]
    return {"operationId": f"get_{operation}", "summary": doc, "responses": _responses(doc, 400, 401, 403)}


def _events() -> Json:
    names = (
        ("since", "integer", "the first trace record to tell; without it: from now on"),
        ("wire", "boolean", "tell the frames on the port too"),
        ("wire_since", "integer", "the first frame to tell; without it: from now on"),
        ("token", "string", "for clients that cannot set a header"),
    )
    parameters = [{"name": name, "in": "query", "schema": {"type": kind}, "description": doc} for name, kind, doc in names]
    responses = {"101": {"description": "The WebSocket is open"}, **_refusals(400, 401, 403, 422)}
    return {"operationId": "listen", "summary": "What happens, as it happens", "description": EVENTS} | {
        "parameters": parameters,
        "responses": responses,
    }


def _act(verb: Verb) -> Json:
    schema = {"$ref": f"#/components/schemas/{verb.args.__name__}"}
    return {
        "operationId": verb.name,
        "summary": verb.doc,
        "description": inspect.getdoc(verb.args) or verb.doc,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _responses("Done; the result of the verb", *(status for status, _ in REFUSALS)),
    }


def _responses(doc: str, *statuses: int) -> Json:
    return {"200": {"description": doc, "content": {"application/json": {"schema": {"type": "object"}}}}, **_refusals(*statuses)}


def _refusals(*statuses: int) -> Json:
    return {str(status): {"$ref": f"#/components/responses/Refused{status}"} for status, _ in REFUSALS if status in statuses}


def _untitled(schema: Any) -> Any:
    """A schema without the titles that only repeat its names."""
    if isinstance(schema, dict):
        return {name: _untitled(each) for name, each in schema.items() if name != "title" or not isinstance(each, str)}
    return [_untitled(each) for each in schema] if isinstance(schema, list) else schema
