"""The check says of a lesson left alone when its learner comes, what is so then, what comes, and what is given away."""

from __future__ import annotations

from pathlib import Path

from hil.lesson.alone import COMINGS_MAX, Alone, left_alone
from hil.lesson.catalogue import checked
from hil.lesson.reader import load_lesson
from tests.lesson.lesson_files import written

US_PER_H = 3_600_000_000
HIDDEN = "  - advance: 2 h"


def test_a_lesson_left_alone_tells_the_hour_and_what_comes(tmp_path: Path) -> None:
    """A motor that stalls at eight in the morning: the learner comes two hours later, and hours after that drug is missing."""
    alone = left_alone(load_lesson(written(tmp_path / "mine")))

    assert alone.clock[11:13] == "10"
    assert "motor-stalled" in alone.so_then
    assert [fact for _, fact in alone.comings] == ["under-infusing", "under-dosed"]
    assert all(2 * US_PER_H < at_us < 10 * US_PER_H for at_us, _ in alone.comings)
    assert (alone.given, alone.points, alone.most) == (("kept-quiet",), 1, 6)


def test_a_later_step_moves_the_hour(tmp_path: Path) -> None:
    """Time that the steps let pass is the time by which the learner comes later."""
    folder = written(tmp_path / "mine", {"lesson.yaml": (HIDDEN, "  - advance: 5 h")})

    assert left_alone(load_lesson(folder)).clock[11:13] == "13"


def test_the_check_prints_it(tmp_path: Path) -> None:
    """Two lines below the name, in words, and the same for programs."""
    found = checked(written(tmp_path / "mine"))

    assert found["lines"][1].startswith(f"  begins {found['alone']['clock']}; so then: ")
    assert "the motor stands though the pump commands it" in found["lines"][1]
    assert found["lines"][2].startswith("  if nobody acts: after ")
    assert found["lines"][2].endswith("; 1 of 6 points (kept-quiet)")


def test_many_facts_are_told_shortly() -> None:
    """What comes last of a long row is only counted; with nothing at all that is said."""
    many = Alone("2026-01-02 08:00", (), tuple((hour * US_PER_H, "eri") for hour in range(1, COMINGS_MAX + 3)), (), 0, 5)

    assert list(many.lines)[1].endswith("; and 2 more; 0 of 5 points")
    assert list(many._replace(comings=()).lines) == [
        "  begins 2026-01-02 08:00; so then: nothing out of the ordinary",
        "  if nobody acts: nothing else comes; 0 of 5 points",
    ]


def test_an_act_that_goes_otherwise_is_told_by_the_check(tmp_path: Path) -> None:
    """What a scripted learner did not get done stands below the headings, with the line of its file."""
    folder = written(tmp_path / "mine", {"good.yaml": ("sure: 80 %", 'sure: "80"')})

    found = checked(folder)

    assert found["ok"]
    assert found["lines"][-1] == f"  {folder}/good.yaml:2: think: expected done; '80' is no share from 0 % to 100 %; write it like 80 %"
    assert found["surprises"] == [found["lines"][-1].strip()]


def test_a_beginning_that_cannot_be_is_told_at_its_line(tmp_path: Path) -> None:
    """More than a reservoir holds is a mistake of `begin`, in mL."""
    folder = written(tmp_path / "mine", {"lesson.yaml": ("begin: usual", "begin: {running: usual, reservoir: 60 mL}")})

    found = checked(folder)

    assert not found["ok"]
    assert found["lines"][0].startswith(f"{folder}/lesson.yaml:15:1: the beginning cannot be played: ")
    assert "mL put in" in found["lines"][0]
    assert (found["problems"][0]["line"], found["problems"][0]["file"]) == (15, f"{folder}/lesson.yaml")
