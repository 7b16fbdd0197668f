"""The exported JSON Schema takes every vector, and nothing that its field could not carry."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from protocol.codes import Mode
from protocol.export.json_schema import IDENTIFIER, render
from protocol.export.layout import bodies, items
from protocol.export.plain_body import plain_body
from protocol.export.samples import bodies_of, sample
from protocol.export.vectors import messages
from protocol.messages import Bridge, Status
from protocol.therapy import Therapy

SCHEMA: dict[str, Any] = json.loads(render())
MESSAGE = Draft202012Validator(SCHEMA)


@cache
def of(name: str) -> Draft202012Validator:
    """The schema of one body."""
    return Draft202012Validator({"$ref": f"{IDENTIFIER}#/$defs/{name}", "$defs": {"wire": SCHEMA}})


def test_schema_is_one() -> None:
    """It keeps the rules of its own draft."""
    Draft202012Validator.check_schema(SCHEMA)


def test_every_vector_is_taken() -> None:
    """Each message of the vectors, and each therapy image, is what the schema says."""
    for vector in messages():
        MESSAGE.validate(vector.plain())
    for _, image in bodies_of(Therapy):
        of("Therapy").validate(plain_body(image))


def test_numbers_are_held_to_their_field() -> None:
    """One beyond either end of each number is refused."""
    for body in bodies():
        good = plain_body(sample(body, "counting"))
        for item in items(body):
            if item.kind == "int":
                for value in (item.low - 1, item.high + 1):
                    with pytest.raises(ValidationError):
                        of(body.__name__).validate({**good, item.name: value})


@pytest.mark.parametrize("harm", [{"rate_nl_per_h": None}, {"rate_nl_per_h": "5"}, {"rate": 5}, {"command_id": 1.5}])
def test_wrong_fields_are_refused(harm: dict[str, Any]) -> None:
    """A field of another type, or one that is not declared, is found."""
    good = plain_body(sample(Bridge, "counting"))
    of("Bridge").validate(good)

    with pytest.raises(ValidationError):
        of("Bridge").validate({**good, **harm})


def test_missing_field_is_refused() -> None:
    """All fields of the first version are required."""
    good = plain_body(sample(Bridge, "counting"))
    for name in good:
        with pytest.raises(ValidationError, match=name):
            of("Bridge").validate({other: value for other, value in good.items() if other != name})


def test_bytes_have_their_length() -> None:
    """A digest is 32 bytes, in lower-case digits."""
    good = plain_body(sample(Status, "counting"))
    for digest in ("", "00" * 31, "00" * 33, "AB" * 32, "0" * 63):
        with pytest.raises(ValidationError):
            of("Status").validate({**good, "therapy_digest": digest})


def test_units_and_names_are_told() -> None:
    """A rate tells its unit; a mode its names, and a mode of a newer version is no error."""
    fields = SCHEMA["$defs"]["Bridge"]["properties"]
    modes = SCHEMA["$defs"]["codes.Mode"]["oneOf"]

    assert fields["rate_nl_per_h"] == {"type": "integer", "minimum": 0, "maximum": (1 << 32) - 1, "x-unit": "nL/h"}
    assert modes == [{"const": mode.value, "title": mode.name} for mode in Mode]
    of("ModeAnswer").validate({"mode": 200})


def test_answer_of_another_message_is_refused() -> None:
    """The fields must be those of the message that is named."""
    bolus = next(vector.plain() for vector in messages() if vector.name == "BOLUS" and vector.answer is None)

    with pytest.raises(ValidationError):
        MESSAGE.validate({**bolus, "name": "PRIME"})
