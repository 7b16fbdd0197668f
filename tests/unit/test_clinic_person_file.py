"""A person's file: what it says is what the rules see, and what it says wrongly is told at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.clinic.person import Break, Change, Person, Test
from hil.clinic.person_file import parse_person, read_person
from hil.errors import PersonFileError, UsageError
from hil.wording.quantity import parse_clock

WHOLE = """\
age: 34 years
origin: cerebral
cause: traumatic brain injury
injured: 2024-05-01 12:00
very-small: no
too-small-for-the-pump: no
conditions: [epilepsy, impaired liver]
medicines: [morphine]
oral-baclofen: 60 mg/day
catheter: 89cm
phase: maintenance
effect: some
stable: yes
tests:
  - {at: 2025-01-10 09:00, dose: 50 mcg, positive: no}
  - {at: 2025-01-11 09:00, dose: 75 mcg, positive: yes, effect: 10 h}
doses:
  - {at: 2025-02-01 09:00, dose: 75 mcg/day}
  - {at: 2025-03-01 09:00, dose: "1,100 mcg/day"}
breaks:
  - {since: 2025-06-01 09:00, until: 2025-06-03 09:00}
  - {since: 2025-12-30 09:00}
"""


def clock(text: str) -> int:
    """A device clock."""
    return parse_clock(text)


def test_whole_file_is_read() -> None:
    """Every key arrives as the rules see it."""
    assert parse_person(WHOLE.encode()).person == Person(
        age_months=408,
        origin="cerebral",
        cause="traumatic brain injury",
        injured_us=clock("2024-05-01 12:00"),
        conditions=frozenset({"epilepsy", "impaired liver"}),
        medicines=frozenset({"morphine"}),
        oral_baclofen_ng_per_day=60_000_000,
        catheter="89cm",
        phase="maintenance",
        effect="some",
        stable=True,
        tests=(
            Test(clock("2025-01-10 09:00"), 50_000, positive=False),
            Test(clock("2025-01-11 09:00"), 75_000, positive=True, effect_s=36_000),
        ),
        doses=(Change(clock("2025-02-01 09:00"), 75_000), Change(clock("2025-03-01 09:00"), 1_100_000)),
        breaks=(
            Break(clock("2025-06-01 09:00"), clock("2025-06-03 09:00")),
            Break(clock("2025-12-30 09:00")),
        ),
    )


def test_what_is_left_out_is_unknown() -> None:
    """One line is a file; nothing is made up for the rest."""
    assert parse_person(b"age: 18 months\n").person == Person(age_months=18)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a", "the file has no keys"),
        ("just text", "the file has no keys"),
        ("agee: 34 years", "'agee' is not a key here; did you mean 'age'?"),
        ("age: 34", "'34' is no age"),
        ("age: -1 years", "is no age"),
        ("age: 34 years\nage: 35 years", ":2: 'age' is here a second time"),
        ("origin: spine", "'spine' is not known; did you mean 'spinal'?"),
        ("cause: [a]", "where one value belongs"),
        ("conditions: epilepsy", "a list belongs here"),
        ("conditions: [epilepsia]", "did you mean 'epilepsy'?"),
        ("medicines: [{a: b}]", "a list belongs here"),
        ("stable: maybe", "neither yes nor no"),
        ("catheter: 90cm", "'90cm' is not known"),
        ("oral-baclofen: 60 mcg/day", "this is given in mg/day"),
        ("injured: yesterday", "is not a date and time"),
        ("tests:\n  - {at: 2025-01-10 09:00}", ":2: 'dose' is missing"),
        ("tests:\n  - {at: 2025-01-10 09:00, dose: 0 mcg}", "'0 mcg' is nothing"),
        ("tests:\n  - {at: 2025-01-10 09:00, dose: 50 mcg/day}", "this is given in mcg"),
        ("tests: 5", "'tests' cannot be read"),
        ("doses:\n  - {at: 2025-01-10 09:00, dose: 1,100 mcg/day}", "a number with a comma needs quotes"),
        (
            "doses:\n  - {at: 2025-01-10 09:00, dose: 1 mcg/day}\n  - {at: 2025-01-10 09:00, dose: 1 mcg/day}",
            ":3: doses are not in the order",
        ),
        ("breaks:\n  - {since: 2025-01-10 09:00, until: 2025-01-10 09:00}", "ends before it begins"),
        ("age: &a 34 years", "no place in a person's file"),
        ("age: 34 years\n  b: c", "the file is not YAML"),
        ("\x00", "characters that YAML does not allow"),
    ],
)
def test_mistake_is_told_at_its_line(text: str, said: str) -> None:
    """What is wrong, at which line, and what to write instead."""
    with pytest.raises(PersonFileError) as caught:
        parse_person(text.encode(), "p.yaml")

    assert any(said.lstrip(":0123456789 ") in line and line.startswith("p.yaml:") for line in caught.value.lines), caught.value.lines
    assert said[0] != ":" or any(f"p.yaml{said}" in line for line in caught.value.lines)


def test_every_mistake_is_told_at_once() -> None:
    """Three wrong lines are three problems, in their order."""
    with pytest.raises(PersonFileError) as caught:
        parse_person(b"age: old\norigin: spine\nstable: maybe\n", "p.yaml")

    assert [line.split(":")[1] for line in caught.value.lines] == ["1", "2", "3"]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """Whatever is in the file, it is a person or an error of ours."""
    try:
        person = parse_person(data).person
    except PersonFileError as error:
        assert error.lines
    else:
        assert isinstance(person, Person)


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_person(tmp_path / "nobody.yaml")
