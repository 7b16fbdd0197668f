"""A lesson is a folder: logic, words and scripted learners apart; read whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hil.errors import LessonFileError, UsageError
from hil.lesson.catalogue import checked, design_of, listed
from hil.lesson.reader import check_lesson, load_lesson
from hil.lesson.shelf import shipped_folder, shipped_lessons
from tests.lesson.lesson_files import FILES, problems_of, written


@pytest.mark.parametrize("name", shipped_lessons())
def test_every_shipped_lesson_is_whole(name: str) -> None:
    """A lesson that ships has no mistake in any language, both scripted learners, and says who has reviewed it."""
    lesson = check_lesson(name)

    assert set(lesson.policies) == {"good", "poor"}
    assert lesson.review.removeprefix("Clinically reviewed: ")


def test_a_lesson_in_any_folder_is_the_same(tmp_path: Path) -> None:
    """A copy anywhere on the disk reads as the lesson that ships, by its folder or by the file in it."""
    shutil.copytree(shipped_folder() / "found-stopped", tmp_path / "mine")

    shipped, copied = load_lesson("found-stopped"), load_lesson(tmp_path / "mine")

    assert (copied.name, copied.sha256, copied.texts) == ("mine", shipped.sha256, shipped.texts)
    assert load_lesson(tmp_path / "mine" / "lesson.yaml").checklist == shipped.checklist


def test_words_come_in_the_language_asked_for() -> None:
    """The German texts have the same ids and other words; the logic is the same."""
    english, german = load_lesson("found-stopped"), load_lesson("found-stopped", "de")

    assert german.sha256 == english.sha256
    assert german.texts.checklist.keys() == english.texts.checklist.keys()
    assert not {item.text for item in german.texts.checklist.values()} & {item.text for item in english.texts.checklist.values()}
    with pytest.raises(UsageError, match="not written in 'fr'; there are de, en"):
        load_lesson("found-stopped", "fr")


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """One error names each mistake of each file with line and column, the cause and what to do."""
    folder = written(
        tmp_path / "mine",
        {
            "lesson.yaml": ("did: interrogate, within", "did: interogate, within"),
            "texts.en.yaml": ("title: A stall", "titel: A stall"),
            "good.yaml": ("do: think", "do: thikn"),
            "poor.yaml": ("2 h", "2 hours"),
        },
    )

    assert problems_of(folder) == [
        "good.yaml:2:3: there is no act 'thikn'; did you mean 'think'?",
        "lesson.yaml:31:19: there is no act or group of acts 'interogate'; did you mean 'interrogate'?",
        "poor.yaml:1:3: wait: '2 hours' is not a length of time in whole days, h, min and s; write it like 10 min, 1 h 30 min or 2 days",
        "texts.en.yaml:1:1: 'title' is missing; add a line `title: ...`",
        "texts.en.yaml:1:1: 'titel' is not a key here; did you mean 'title'?",
    ]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"- [", b"\xff\xfe", b"a: &x 3\n", b"a: 1\na: 2\n", b"just words\n", b"3\n"])
def test_no_half_of_a_damaged_lesson_is_loaded(tmp_path: Path, name: str, content: bytes) -> None:
    """Whatever one file holds instead, the lesson is refused with its place, and nothing comes out."""
    folder = written(tmp_path / "mine")
    (folder / name).write_bytes(content)

    with pytest.raises(LessonFileError) as caught:
        load_lesson(folder)

    assert all(line.startswith(f"{folder}/{name}:") for line in caught.value.lines if name != "lesson.yaml"), caught.value.lines


def test_a_translation_has_the_same_keys(tmp_path: Path) -> None:
    """A key that is missing in a translation, one too many, and a list of another length are each told."""
    folder = written(tmp_path / "mine")
    german = FILES["texts.en.yaml"].replace("needs: Motors stall.\n", "").replace("[Read the pump.]", "[Read, Write]") + "fidelity: keine\n"
    (folder / "texts.de.yaml").write_text(german)

    with pytest.raises(LessonFileError) as caught:
        load_lesson(folder, "de")

    told = "\n".join(caught.value.lines)
    assert "needs is not translated; texts.en.yaml has it at line 2" in told or "'needs' is missing" in told
    assert not checked(folder)["ok"]


def test_a_folder_without_a_lesson_is_told(tmp_path: Path) -> None:
    """A wrong name gets the nearest one, a folder without lesson.yaml and one without words say what is missing."""
    with pytest.raises(UsageError, match="did you mean found-stopped"):
        load_lesson("found-stoped")
    with pytest.raises(UsageError, match=r"a lesson is a folder with lesson\.yaml in it"):
        load_lesson(tmp_path)
    folder = written(tmp_path / "mine")
    (folder / "texts.en.yaml").unlink()
    with pytest.raises(UsageError, match=r"write texts\.en\.yaml beside lesson\.yaml"):
        load_lesson(folder)


def test_the_design_has_its_headings(tmp_path: Path) -> None:
    """A lesson is told how it stands under each of eleven headings; without scripted learners it has no pilot test."""
    folder = written(tmp_path / "mine")
    (folder / "poor.yaml").unlink()

    found = {each.heading: each for each in design_of(load_lesson(folder))}
    whole = checked(written(tmp_path / "whole"))

    assert len(found) == 11
    assert not found["pilot test"].there
    assert "pilot test: good passed with 100 %, poor failed with 0 %, critical error" in whole["lines"][-1]
    assert not found["experts"].there
    assert found["evaluation"].found == "3 items, 2 critical errors, passed from 80 %"


def test_the_list_says_what_to_choose_by() -> None:
    """Each lesson of the list has title, level, minutes, objectives and its review."""
    for row in listed():
        assert row["objectives"]
        assert row["minutes"] > 0
        assert row["clinically_reviewed"]


def test_a_beginning_that_goes_otherwise_is_a_mistake(tmp_path: Path) -> None:
    """A step that cannot be done as it stands is told by the check at its line, though every word of it is right."""
    folder = written(tmp_path / "mine", {"lesson.yaml": ("  - advance: 2 h", "  - advance: {until: alarm low-reservoir, at-most: 2 h}")})
    load_lesson(folder)

    found = checked(folder)

    assert not found["ok"]
    assert (found["problems"][0]["line"], "it does not come within 2 h" in found["lines"][0]) == (21, True), found
