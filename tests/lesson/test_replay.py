"""The same orders at the same instants make the same log: whatever the pace, and again from the log alone (U18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import CheckFailed
from hil.lesson.entries import INSTRUCTOR, Entry, as_plain
from hil.lesson.lesson import Lesson
from hil.lesson.log import Log, read_log
from hil.lesson.replay import replay
from hil.lesson.run import LessonRun
from tests.lesson.runs import MIN, H, a_lesson, therapy

ONE_GO = 10**15


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """The small lesson."""
    return a_lesson(tmp_path_factory.mktemp("lessons"))


def _pass_to(run: LessonRun, at_us: int, slices: Iterator[int]) -> None:
    while run.now_us < at_us:
        run.advance_us(min(next(slices), at_us - run.now_us))


def held(lesson: Lesson, slices_us: Iterable[int], log: Log | None = None) -> LessonRun:
    """A lesson with two learners and a trainer, everything at the same instants, time let pass in these slices."""
    slices = cycle(slices_us)
    run = LessonRun(lesson, log=log, name="Blue", colour="#0050b0")
    ana = run.join("Ana", "r1")
    run.order(INSTRUCTOR, "resume")
    run.order(INSTRUCTOR, "speed", {"factor": "1000"})
    _pass_to(run, 5 * MIN + 17, slices)
    run.order(ana, "measure", {"what": "temperature"}, "r2")
    ben = run.join("Ben")
    _pass_to(run, 40 * MIN, slices)
    run.order(ana, "interrogate")
    run.order(ana, "review", therapy())
    run.order(ana, "update", {"token": "no such"})
    run.order(ana, "think", {"diagnosis": "stall", "sure": "80 %"})
    run.order(INSTRUCTOR, "inject", {"learner": ben, "fault": "catheter.occlusion", "params": {"fraction": "100 %"}})
    run.order(INSTRUCTOR, "bookmark", {"name": "here"})
    _pass_to(run, 2 * H, slices)
    run.order(ben, "side-port-test", {"draw": "0.5 mL"})
    run.order(INSTRUCTOR, "until", {"condition": "under-infusing"})
    while run.hurrying:
        run.advance_us(next(slices))
    run.order(INSTRUCTOR, "return", {"name": "here"})
    run.order(INSTRUCTOR, "ask", {"learner": "", "text": "Why?"})
    _pass_to(run, 3 * H + 1, slices)
    run.order(ben, "reply", {"id": "P1", "text": "no idea"})
    run.order(ana, "finish")
    return run


def plain(run: LessonRun) -> list[dict[str, object]]:
    """Its log as plain data."""
    return [as_plain(entry) for entry in run.log.entries()]


@pytest.fixture(scope="module")
def first(lesson: Lesson) -> LessonRun:
    """The lesson with time let pass in one go wherever possible."""
    return held(lesson, [ONE_GO])


@settings(max_examples=4)
@given(slices_us=st.lists(st.integers(20_000_000, 4_000_000_000), min_size=1, max_size=6))
def test_the_log_does_not_depend_on_the_pace(lesson: Lesson, first: LessonRun, slices_us: list[int]) -> None:
    """However time is cut into slices, the log is the same to the last field, and pumps and patients too."""
    run = held(lesson, slices_us)

    assert plain(run) == plain(first)
    for key, case in run.cases.items():
        assert case.unit.digest() == first.cases[key].unit.digest()
        assert case.state() == first.cases[key].state()


def test_the_log_makes_the_run_again(lesson: Lesson, first: LessonRun) -> None:
    """Replayed, every entry comes again as it was, and the cases stand where they stood."""
    again = replay(lesson, list(first.log.entries()))

    assert plain(again) == plain(first)
    assert (again.now_us, again.state, again.speed) == (first.now_us, first.state, first.speed)
    for key, case in again.cases.items():
        assert case.unit.digest() == first.cases[key].unit.digest()
        assert case.state() == first.cases[key].state()


@pytest.mark.parametrize("share", [0.15, 0.5, 0.8])
def test_a_part_of_the_log_makes_a_part_of_the_run(lesson: Lesson, first: LessonRun, share: float) -> None:
    """From the first entries one gets the run as it stood then, and it goes on from there."""
    entries = list(first.log.entries())
    part = entries[: int(len(entries) * share)]

    run = replay(lesson, part)

    assert plain(run)[: len(part)] == [as_plain(entry) for entry in part]
    assert run.now_us == part[-1].at_us
    assert run.order("L1", "note", {"text": "and now otherwise"}).ok


def test_a_run_goes_on_in_its_own_file(lesson: Lesson, tmp_path: Path) -> None:
    """After a crash in the middle of an act's entries, what was missing is written, nothing twice, and the run goes on."""
    path = tmp_path / "log.jsonl"
    whole = held(lesson, [ONE_GO], Log(path))
    whole.close()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = max(number for number, line in enumerate(lines) if '"kind":"act"' in line and '"act":"think"' in line)
    path.write_text("".join(lines[: place + 1]), encoding="utf-8")

    run = replay(lesson, read_log(path), Log(path))
    run.order("L1", "note", {"text": "back again"})
    run.close()

    entries = read_log(path)
    assert [entry.kind for entry in entries[place : place + 2]] == ["act", "thought"]
    assert entries[-1].data["text"] == "back again" or entries[-2].data["text"] == "back again"
    assert [entry.n for entry in entries] == list(range(1, len(entries) + 1))


def _with_other_temperature(entry: Entry) -> Entry:
    if entry.kind != "act" or entry.data["act"] != "measure":
        return entry
    return entry._replace(data={**entry.data, "seen": {"what": "temperature", "value": "44 °C"}})


def test_a_log_that_somebody_changed_is_found_out(lesson: Lesson, first: LessonRun) -> None:
    """An entry that does not follow from the orders is named by its number."""
    entries = [_with_other_temperature(entry) for entry in first.log.entries()]
    wrong = next(entry.n for entry in entries if entry.data.get("seen", {}).get("value") == "44 °C")

    with pytest.raises(CheckFailed, match=f"entry {wrong} is another one now"):
        replay(lesson, entries)


def test_a_log_without_its_beginning_is_refused(lesson: Lesson, first: LessonRun) -> None:
    """A run begins where it began."""
    with pytest.raises(CheckFailed, match="no log of a lesson from its beginning"):
        replay(lesson, list(first.log.entries(2)))


def test_another_unit_of_the_pump_is_another_log(lesson: Lesson) -> None:
    """The seed is part of what a run depends on, and is kept in its log."""
    one, other = (LessonRun(lesson, seed=seed) for seed in (5, 6))
    for run in (one, other):
        run.join("Ana")

    assert one.cases["L1"].unit.pump.serial != other.cases["L1"].unit.pump.serial
    assert replay(lesson, list(other.log.entries())).cases["L1"].unit.digest() == other.cases["L1"].unit.digest()


@pytest.mark.parametrize("slices_us", [[ONE_GO], [1_000_000], [3_000_000, 700_000]])
def test_a_case_ahead_of_the_class_is_heard_at_its_own_instant(lesson: Lesson, slices_us: list[int]) -> None:
    """While a programmer tries a dead line its pump is ahead by seconds; what sounds there is written down when the class gets there."""
    run = LessonRun(lesson)
    ana = run.join("Ana")
    run.order(INSTRUCTOR, "resume")
    slices = cycle(slices_us)
    sound_us = next(news.at_us for news in _ahead(run, ana) if news.kind == "sound")
    _pass_to(run, sound_us - 3_000_000, slices)
    run.order(INSTRUCTOR, "speed", {"factor": "100"})
    run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": "link.drop", "params": {"rate": "100 %"}})

    run.order(ana, "interrogate")
    assert run.cases[ana].now_us > sound_us > run.now_us
    _pass_to(run, 2 * H, slices)

    entries = list(run.log.entries())
    place = next(place for place, entry in enumerate(entries) if entry.kind == "sound")
    assert (entries[place].at_us, entries[place].about) == (sound_us, ana)
    assert [entry.at_us for entry in entries if entry.kind == "clock" and entry.who == "class"] == [sound_us]
    assert [entry.at_us for entry in entries] == sorted(entry.at_us for entry in entries)


def _ahead(run: LessonRun, key: str) -> list[Any]:
    """What a case will hear in the next hour; the case itself stays where it is."""
    case = run.cases[key]
    image = case.image()
    case.advance_to(H)
    heard = list(case.news)
    case.restore(image)
    return heard
