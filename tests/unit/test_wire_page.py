"""The generated page on the wire says what the declarations say."""

from __future__ import annotations

from itertools import pairwise

from protocol.codec import fields_of
from protocol.codes import Answer
from protocol.export.markdown import render
from protocol.limits import ENCODED_BYTES_MAX
from protocol.message_table import INTERROGATE_PARTS, MESSAGES
from protocol.refusals import Field, RefusalCode


def test_names_every_message_field_and_code() -> None:
    """Nothing that is declared is left out."""
    page = render()
    bodies = [body for spec in MESSAGES for body in (spec.request, spec.answer)] + list(INTERROGATE_PARTS)

    assert all(f"### {spec.name}\n" in page for spec in MESSAGES)
    assert all(f"| `{field.name}` |" in page for body in bodies for field in fields_of(body))
    assert all(f"| {code.value} | {code.name} |" in page for table in (Answer, RefusalCode, Field) for code in table)


def test_has_one_title_and_even_tables() -> None:
    """The page is one page, and each table's rows have as many cells as its head."""
    lines = render().splitlines()
    tables = [line for line in lines if line.startswith("|")]

    assert [line for line in lines if line.startswith("# ")] == ["# Wire protocol"]
    assert lines[0] == "# Wire protocol"
    for head, row in pairwise(tables):
        if lines[lines.index(row) - 1] == head:
            assert head.count("|") == row.count("|"), row


def test_gives_units_and_reasons() -> None:
    """Fields show their unit, limits their value and why."""
    page = render()

    assert "| `rate_nl_per_h` | u32 | nL/h |" in page
    assert "| `concentration_ng_per_ml_min` | u32 | ng/mL |" in page
    assert f"| `ENCODED_BYTES_MAX` | {ENCODED_BYTES_MAX} | COBS adds" in page
