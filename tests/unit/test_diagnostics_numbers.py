"""The diagnostics' numbers: each with where it comes from, and on the page."""

from __future__ import annotations

from hil.bench.examine import EXAMINATIONS
from hil.bench.examine_page import render
from hil.clinic.diagnostics.numbers import number, numbers


def test_every_number_says_how_it_is_known() -> None:
    """What is published names its source, and nothing else does."""
    for rows in numbers().values():
        for name, row in rows.items():
            assert (row.provenance == "published") == bool(row.source), name
            assert row.provenance == "published" or row.note or row.provenance == "assumed", name


def test_published_performance_is_the_published_one() -> None:
    """CT myelogram 81 and 93 %, 24 % of side ports dry, 60 degrees for a check bolus."""
    assert number("contrast", "sensitivity_ppm") == 810_000
    assert number("contrast", "specificity_ppm") == 930_000
    assert number("side_port", "dry_without_fault_ppm") == 240_000
    assert number("rotor", "turn_mdeg") == 60_000


def test_readings_of_a_rotor_that_stands_are_never_a_turn() -> None:
    """Twice the largest error of a reading is less than half of the turn, which is what counts as one."""
    assert 4 * number("rotor", "reading_off_mdeg_max") < number("rotor", "turn_mdeg")


def test_page_has_every_test_and_every_number() -> None:
    """A row for each examination, with all it takes, and a row for each number with its provenance; every place is filled in."""
    page = render()

    for name, row in EXAMINATIONS.items():
        assert f"| `{name}` | {', '.join(f'`{argument}`' for argument in (*row.takes, 'draw'))} |" in page
    for test, rows in numbers().items():
        for name, number_ in rows.items():
            assert any(line.startswith(f"| `{test}.{name}` |") and number_.provenance in line for line in page.splitlines())
    assert "{" not in page
