"""The page of the HTTP bench for readers, made from the same document that programs read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hil.web.openapi import LOOKS, REFUSALS, document

__all__ = ["render", "render_json"]

Json = Mapping[str, Any]

HEAD = """# Bench API

Generated from the verb table in `hil/bench/verbs.py`. The same as [OpenAPI 3.1](bench-api.openapi.json), which a running server answers to
`GET /openapi.json`. How to use it: [Drive the bench](../how-to/drive-the-bench.md).

`pumpsim serve PROFILE --bench http` puts it on a free port of 127.0.0.1; `--bench http://127.0.0.1:PORT` on that one. The ready line
has the URL (`bench`) and a `token`, drawn anew at each start. Each request carries `Authorization: Bearer TOKEN`.

The addresses below are the first pump's. `/pumps/NAME` before an address makes it another pump's of the same server.

Times are true virtual time: `*_us` microseconds, `*_s` seconds. `*_nl` are nanolitres, `*_ng_per_ml` nanograms to a millilitre."""

VERBS = """## Verbs

`POST /verbs/NAME` with `Content-Type: application/json` and an object of arguments, `{}` for none. The answer is the verb's result, an
object. A verb is done whole before anything else happens to the pump."""

REFUSED = """## Refusals

Every answer but 200 is `{"error": {"what": ..., "where": ..., "do": ...}}`, and nothing has changed."""

EVENTS = """## Events

`/events` is a WebSocket. A browser, which cannot set headers there, puts the token into the query. Each message is one JSON object."""

MESSAGES: tuple[tuple[str, str], ...] = (
    ("event", "`event`: one trace record, with `number`, `now_us`, `kind` and its facts"),
    ("frame", "`frame`: bytes ended by a zero, with `number`, `now_us`, `from` (host or pump), `raw` (hex) and what they say, decoded"),
    (
        "missed",
        "`events`, `frames`: how many were dropped before they could be told. A stretch in which nobody asked for frames counts as one",
    ),
    ("renumbered", "the pump is another one now (an image was restored, or the server is a new one), with event numbers of its own"),
    ("pace", "`pace`: time can no longer keep up with the wall clock, or can again; as the verb `pace` reports it"),
    ("live", "`next_event`, `next_frame`: all that was kept has been told; sent once"),
)
RESUME = """To go on after a broken connection, ask for the number after the last one that came: `since=EVENT+1&wire_since=FRAME+1`.
Trace records are kept by the pump; frames from the first listener that asks for them until a minute after the last one has left. Both
keep the newest some thousands, and a listener that is slower than that is told `missed`."""


def render() -> str:
    """The page as Markdown."""
    found = document()
    return "\n".join(
        [
            HEAD,
            *_section("\n## Looks", ("address", "answer"), [(f"`GET {path}`", doc) for path, doc in LOOKS]),
            f"\n{VERBS}\n",
            *(line for path, item in found["paths"].items() if path.startswith("/verbs/") for line in _verb(path, item["post"], found)),
            EVENTS,
            "",
            *_rows(("argument", "type", "meaning"), _parameters(found["paths"]["/events"]["get"]["parameters"])),
            "",
            *_rows(("type", "what it holds"), [(f"`{kind}`", doc) for kind, doc in MESSAGES]),
            f"\n{RESUME}\n",
            *_section(REFUSED, ("status", "why"), [(str(status), doc) for status, doc in REFUSALS]),
        ]
    )


def render_json() -> str:
    """The document as JSON."""
    return json.dumps(document(), indent=1)


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from (f"{title}\n", *_rows(head, rows))


def _parameters(parameters: Sequence[Json]) -> list[tuple[str, str, str]]:
    return [(f"`{each['name']}`", each["schema"]["type"], each["description"]) for each in parameters]


def _verb(path: str, operation: Json, found: Json) -> Iterator[str]:
    """One verb: what it does and what it takes."""
    yield from (f"### {path.rpartition('/')[2]}\n", f"{_sentence(operation['summary'])}\n")
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = found["components"]["schemas"][name]
    needed = schema.get("required", ())
    rows = [
        (
            f"`{field}`",
            _type(each, found),
            "needed" if field in needed else f"`{json.dumps(each.get('default'))}`",
            each.get("description", ""),
        )
        for field, each in schema.get("properties", {}).items()
    ]
    if rows:
        described = any(row[3] for row in rows)
        head = ("argument", "type", "default", "meaning")
        yield from _rows(head if described else head[:3], [row if described else row[:3] for row in rows])
        yield ""


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _type(schema: Json, found: Json) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in schema:
        return _type(found["components"]["schemas"][schema["$ref"].rpartition("/")[2]], found)
    for both in ("anyOf", "oneOf", "allOf"):
        if both in schema:
            return " or ".join(_type(each, found) for each in schema[both])
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return " or ".join(f"`{json.dumps(each)}`" for each in values) or _plain_type(schema, found)


def _plain_type(schema: Json, found: Json) -> str:
    match schema.get("type", "anything"):
        case "array":
            return f"list of {_type(schema.get('items', {}), found)}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"object of {_type(schema['additionalProperties'], found)}"
        case "string":
            return "text" + (f", {schema['maxLength']:,} characters at most" if "maxLength" in schema else "")
        case kind:
            return f"{kind}{_limits(schema)}"


def _limits(schema: Json) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    if low is not None:
        return f", {low:,} or more"
    return "" if high is None else f", {high:,} at most"


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
