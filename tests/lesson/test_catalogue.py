"""All lessons together: what they cover, what editors are told of their files, and that no learner is good everywhere."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from hil.lesson.catalogue import shipped, uncovered
from hil.lesson.headless import cross_table, run_headless
from hil.lesson.page import render
from hil.lesson.schema import schema
from hil.lesson.shelf import shipped_folder, shipped_lessons
from tests.lesson.lesson_files import FILES

MODELINE = "# yaml-language-server: $schema=../../../docs/reference/lesson.schema.json\n"


@cache
def validator() -> Draft202012Validator:
    """The schema that editors get."""
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def test_the_lessons_cover_the_curriculum() -> None:
    """Every event that is known from the field, and every visit of an ordinary clinic, is the subject of a lesson."""
    assert [item.id for item in uncovered()] == []


@pytest.mark.parametrize("name", shipped_lessons())
def test_editors_find_no_fault_with_a_shipped_lesson(name: str) -> None:
    """Each lesson.yaml names the schema and fits it."""
    text = (shipped_folder() / name / "lesson.yaml").read_text(encoding="utf-8")

    assert text.startswith(MODELINE)
    assert [f"{error.json_path}: {error.message}" for error in validator().iter_errors(_plain(text))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("level: foundation", "level: beginner"),
        ("did: interrogate, within", "did: interogate, within"),
        ("never: pump-stopped", "never: pump-stoped"),
        ("inject: motor.stall", "injekt: motor.stall"),
        ("- clear: motor.stall", "- kleer: motor.stall"),
        ("clinically-reviewed: none yet\n", ""),
        ("missed: read-it", "mised: read-it"),
        ("settled: 1 day", "setled: 1 day"),
    ],
)
def test_editors_underline_mistakes(old: str, new: str) -> None:
    """A word that is none does not fit the schema."""
    assert validator().is_valid(_plain(FILES["lesson.yaml"]))
    assert not validator().is_valid(_plain(FILES["lesson.yaml"].replace(old, new, 1)))


def _plain(text: str) -> Any:
    return YAML(typ="safe").load(text)


def test_the_reference_has_every_lesson_act_and_fact() -> None:
    """The page lists what ships, and every name that a lesson may use."""
    from hil.lesson.vocabulary import acts, facts

    page = render()

    assert all(f"| `{name}` |" in page for name in (*shipped_lessons(), *acts(), *facts()))


@pytest.mark.parametrize("name", shipped_lessons())
def test_the_good_learner_passes_and_the_poor_one_fails(name: str) -> None:
    """Each lesson is passed by its good scripted learner, without an answer that he did not foresee, and failed by its poor one."""
    good, poor = (run_headless(shipped(name), each) for each in ("good", "poor"))

    assert good.score.passed, good.lines
    assert not good.surprises, good.surprises
    assert poor.score.passed is False, poor.lines


@pytest.mark.parametrize("name", shipped_lessons())
def test_a_good_learner_of_one_lesson_fails_another(name: str) -> None:
    """No script is good everywhere: what is right in one lesson is not enough in at least one other."""
    policy = shipped(name).policies["good"]
    names = shipped_lessons()
    place = names.index(name)
    others = [*names[place + 1 :], *names[:place]]

    assert any(not run_headless(shipped(other), policy).score.passed for other in others)


@pytest.mark.slow
def test_the_cross_table_has_its_diagonal() -> None:
    """In the table of every good learner in every lesson, only a few besides the diagonal pass, and each lesson fails most strangers."""
    lessons = [shipped(name) for name in shipped_lessons()]

    table = cross_table(lessons)

    assert all(table[one.name][one.name].passed for one in lessons)
    for column in lessons:
        strangers = [row for row in table if row != column.name and table[row][column.name].passed]
        assert len(strangers) <= len(lessons) // 4, f"{column.name} is passed by {strangers}"
