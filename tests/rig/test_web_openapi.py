"""The OpenAPI document: whole, true to the server, and no request made from it ends in a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.bench.verbs import VERBS
from hil.web.openapi import document
from tests.rig.web import Web, web
from tests.tidy.tree import ROOT

Json = dict[str, Any]

COMMITTED: Json = json.loads((ROOT / "docs" / "reference" / "bench-api.openapi.json").read_text(encoding="utf-8"))
EXAMPLES = 150
INT_MAX = 10**20
CALM = 2_000
"""Numbers that are good are kept to this, so that no example takes minutes of honest work."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One server for all."""
    with web(tmp_path_factory.mktemp("openapi")) as found:
        yield found


def test_server_answers_with_the_committed_document(served: Web) -> None:
    """What programs read is what readers read."""
    assert served.ask("GET", "/openapi.json").content == COMMITTED == json.loads(json.dumps(document()))


def test_every_verb_is_in_it() -> None:
    """With its arguments, and with every status that a refusal may have."""
    paths = COMMITTED["paths"]

    assert {path.removeprefix("/verbs/") for path in paths if path.startswith("/verbs/")} == set(VERBS)
    assert all(set(paths[f"/verbs/{verb}"]["post"]["responses"]) >= {"200", "401", "403", "415", "422"} for verb in VERBS)


def test_every_reference_leads_somewhere() -> None:
    """A generator of clients finds each schema and response that is named."""
    text = json.dumps(COMMITTED)
    named = {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}

    assert named
    for name in named:
        place: Any = COMMITTED
        for key in name.split("/"):
            place = place[key]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def values(schema: Json) -> st.SearchStrategy[Any]:
    """Values of a schema, good ones and those on its limits and past them."""
    if "$ref" in schema:
        return values(COMMITTED["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of(*(values(each) for each in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "integer":
            low, high = schema.get("minimum", -CALM), schema.get("maximum", CALM)
            return st.integers(low, max(low, min(high, CALM))) | st.sampled_from(
                [low, low - 1, schema.get("maximum", INT_MAX) + 1, INT_MAX]
            )
        case "string":
            return st.text(max_size=30) | st.sampled_from(
                ["all", "therapy", "motor.stall", "sound", "alarm:motor_stall", "x1", "lock-step"]
            )
        case "array":
            return st.lists(values(schema.get("items", {})), max_size=4)
        case "object":
            return objects(schema)
        case _:
            return ANYTHING


def objects(schema: Json) -> st.SearchStrategy[Json]:
    """Objects of a schema: its own fields, one left out or too many now and then."""
    fields = {name: values(each) for name, each in schema.get("properties", {}).items()}
    if not fields:
        return st.dictionaries(st.text(max_size=10), ANYTHING, max_size=2)
    needed = {name: each for name, each in fields.items() if name in schema.get("required", ())}
    more = {name: each for name, each in fields.items() if name not in needed}
    good = st.fixed_dictionaries(needed, optional=more)
    odd = st.fixed_dictionaries({}, optional={name: each | ANYTHING for name, each in fields.items()} | {"strange": ANYTHING})
    return good | odd


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, Any]:
    """A verb of the document and something to send it."""
    path = draw(st.sampled_from(sorted(path for path in COMMITTED["paths"] if path.startswith("/verbs/"))))
    schema = COMMITTED["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return path, draw(values(schema) | ANYTHING)


@given(request=requests())
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_request_ends_in_a_500(served: Web, request: tuple[str, Any]) -> None:
    """Whatever is sent to a verb, the answer is a result or a refusal of the right shape, and the server is there for the next."""
    path, content = request
    answer = served.ask("POST", path, json.dumps(content).encode())

    assert (answer.status == 200 and isinstance(answer.content, dict)) or answer.refused, answer
