"""The alarm quiz: what is asked, what counts as right, and what the result tells."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import UsageError
from hil.lesson.alarm_sounds import PRIORITIES
from hil.lesson.quiz import judge, judge_csv, order_of, quiz_acts, quiz_sounds

SEEDS = st.integers(0, 2**31 - 1)
RIGHTS = st.lists(st.booleans(), min_size=16, max_size=16)


def answered(seed: int, items: int, *, wrong: frozenset[str] = frozenset(), busy: bool = False) -> dict[str, Any]:
    """A quiz gone through by somebody who knows all but the sounds of `wrong`, which he takes for the critical alarm."""
    asked: dict[str, Any] = {"seed": seed, "items": items, "busy": busy, "answers": []}
    rights: list[bool] = []
    for place in range(items):
        sound = quiz_sounds()[order_of(seed, rights)[-1]]
        knows = sound.id not in wrong
        rights.append(knows)
        name, priority, act = (sound.id, sound.priority, sound.act) if knows else ("critical", "high", "now-pump")
        total = sum(map(int, judge(asked)["sum"].split(" + "))) if busy else None
        asked["answers"].append({"name": name, "priority": priority, "act": act, "ms": 1_000 * (place + 1), "sum": total})
    return asked


@given(seed=SEEDS, rights=RIGHTS)
def test_sounds_are_spaced(seed: int, rights: list[bool]) -> None:
    """However the answers are, no sound comes twice running, all come within 17 turns, and the order follows from the answers alone."""
    asked = order_of(seed, rights)

    assert all(one != other for one, other in pairwise(asked))
    assert set(asked) == set(quiz_sounds())
    assert order_of(seed, rights) == asked
    assert order_of(seed, rights[:5]) == asked[:6]


@given(seed=SEEDS)
def test_what_was_wrong_comes_back_sooner(seed: int) -> None:
    """After a first answer that is wrong, the same sound is heard earlier than after a right one."""
    first = order_of(seed, [])[0]
    after_wrong, after_right = (order_of(seed, [right] + [True] * 20)[1:].index(first) for right in (False, True))

    assert after_wrong < after_right


def test_page_is_told_nothing_before_it_answers() -> None:
    """A turn has the burst, its pattern and the choices; what it was comes with the next turn."""
    asked = answered(7, 3)
    first, second = judge({**asked, "answers": []}), judge({**asked, "answers": asked["answers"][:1]})
    sound = quiz_sounds()[order_of(7, [])[-1]]

    assert first["last"] is None
    assert {key for key, value in first.items() if value is not None} == {"n", "of", "burst", "pattern", "choices"}
    assert first["burst"] == sound.burst.as_dict()
    assert second["last"]["name"] == sound.name
    assert second["last"]["source"] == sound.source


def test_perfect_quiz_is_all_right() -> None:
    """Who knows everything has 100 % everywhere and a matrix with nothing beside its diagonal."""
    result = judge(answered(3, 16, busy=True))["result"]

    assert [result[name] for name in ("right_percent", "name_percent", "priority_percent", "act_percent", "sum_percent")] == [100] * 5
    assert result["confused"] == []
    assert all(
        (row == column) == (count > 0) for row, counts in enumerate(result["matrix"]["counts"]) for column, count in enumerate(counts)
    )
    assert result["median_ms"] == 8_500


def test_confusion_is_counted_and_said() -> None:
    """One sound always taken for another stands in its cell of the matrix and in words, with its count."""
    result = judge(answered(3, 24, wrong=frozenset({"non-critical"})))["result"]
    row = [*quiz_sounds()].index("non-critical")
    column = [*quiz_sounds()].index("critical")
    times = result["matrix"]["counts"][row][column]

    assert times >= 4
    assert sum(map(sum, result["matrix"]["counts"])) == 24
    assert result["confused"] == [f"This pump: non-critical alarm – taken for: This pump: critical alarm, {times} x"]
    assert result["right_percent"] == round(100 * (24 - times) / 24)


def test_nobody_is_graded_by_the_name() -> None:
    """A right name with a wrong act is wrong; a wrong name with urgency and act right is right."""
    sound = quiz_sounds()[order_of(5, [])[-1]]
    knows = {"name": "", "priority": sound.priority, "act": sound.act}
    names = {"name": sound.id, "priority": sound.priority, "act": next(act for act in quiz_acts() if act != sound.act)}
    last = [judge({"seed": 5, "items": 2, "answers": [answer]})["last"] for answer in (knows, names)]

    assert [(each["right"], each["name_right"]) for each in last] == [(True, False), (False, True)]


def test_who_says_nothing_is_not_right() -> None:
    """I do not know is an answer of its own, with a column of its own."""
    result = judge({"seed": 1, "items": 8, "answers": [{}] * 8})["result"]

    assert result["right_percent"] == 0
    assert result["matrix"]["columns"][-1] == "I do not know"
    assert sum(counts[-1] for counts in result["matrix"]["counts"]) == 8
    assert result["sum_percent"] is None


def test_csv_has_a_line_for_each_answer_and_units_in_its_columns() -> None:
    """U23: every column with a measured number names its unit; the rows are the answers."""
    rows = list(csv.DictReader(io.StringIO(judge_csv(answered(3, 16, wrong=frozenset({"console-low"}), busy=True)))))

    assert len(rows) == 16
    assert {"response_ms", "right_percent_so_far"} <= rows[0].keys()
    assert [int(row["response_ms"]) for row in rows] == [1_000 * turn for turn in range(1, 17)]
    assert {row["answered_name"] for row in rows if row["sound"] == "console-low"} == {"critical"}
    assert all(row["sum"] == row["answered_sum"] for row in rows)


@pytest.mark.parametrize(
    "posted",
    [
        {"seed": -1},
        {"seed": "1"},
        {"items": 0},
        {"items": 61},
        {"items": 1, "answers": [{}, {}]},
        {"answers": [{"name": 7}]},
        {"answers": [{"name": "x" * 41}]},
        {"answers": [{"ms": -1}]},
        {"answers": "all"},
        {"more": 1},
    ],
)
def test_what_is_no_quiz_is_refused(posted: dict[str, Any]) -> None:
    """In one line, with where."""
    for read in (judge, judge_csv):
        with pytest.raises(UsageError) as caught:
            read(posted)

        assert caught.value.where
        assert "\n" not in str(caught.value)


def test_every_sound_is_whole() -> None:
    """Each has a priority of the three, an act of the list, and where that comes from; no two sound the same."""
    sounds = quiz_sounds().values()

    assert all(sound.priority in PRIORITIES and sound.act in quiz_acts() and sound.source for sound in sounds)
    assert len({sound.burst for sound in sounds}) == len(sounds)
    assert {sound.act for sound in sounds} == set(quiz_acts())
