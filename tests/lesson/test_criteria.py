"""Conditions and scores are folds of the log: what, when, in which order, by when, and what could not have been perceived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.lesson.criteria import holds
from hil.lesson.entries import Entry
from hil.lesson.head import Critical, Item
from hil.lesson.lesson import Lesson
from hil.lesson.reader import load_lesson
from hil.lesson.scoring import Score, ScoreFold, score
from hil.lesson.texts import ItemText
from hil.therapy.source import FileKind, load
from tests.lesson.lesson_files import written

MIN = 60_000_000
ME, OTHER = "L1", "L2"


def entries(*rows: tuple[int, str, Any], who: str = ME) -> list[Entry]:
    """Entries at these minutes: an act by its word, or a kind of entry with its data."""
    made = []
    for n, (minute, kind, data) in enumerate(rows, 1):
        if kind in ("fact", "sound", "ended", "bookmark", "returned"):
            made.append(Entry(n, minute * MIN, kind, "class", "" if kind in ("ended", "bookmark", "returned") else who, data))
        elif kind in ("heard", "thought", "finished", "edit"):
            made.append(Entry(n, minute * MIN, kind, who, who, data))
        elif kind == "ticked":
            made.append(Entry(n, minute * MIN, kind, "instructor", who, {"learner": who, **data}))
        else:
            made.append(Entry(n, minute * MIN, "act", who, who, {"act": kind, "args": {}, "answer": "done", "seen": {}, **data}))
    return made


def judged_by(lesson: Lesson, checklist: str, critical: str = "[]") -> Lesson:
    """A lesson, judged by other items and errors."""
    items = [Item.model_validate(row) for row in _rows(checklist)]
    errors = [Critical.model_validate(row) for row in _rows(critical)]
    head = lesson.head.model_copy(update={"checklist": items, "critical": errors})
    names = [*(item.id for item in items), *(error.id for error in errors)]
    words = {name: ItemText(text=f"The {name}", debrief="So.") for name in names}
    texts = lesson.texts.model_copy(update={"checklist": {item.id: words[item.id] for item in items}, "critical": words})
    return replace(lesson, scenario=replace(lesson.scenario, head=head), texts=texts)


def _rows(text: str) -> list[Any]:
    root = load(text.encode(), "items", FileKind("items", "- {id: a}")).root
    assert isinstance(root, list)
    return root


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """A small lesson, read once."""
    return load_lesson(written(tmp_path_factory.mktemp("lessons") / "small"))


class Case(NamedTuple):
    """Items, what happened, and how the last item stands after it."""

    items: Sequence[str]
    happened: Sequence[tuple[int, str, Any]]
    state: str
    why: str = ""


READ = "{id: read, did: interrogate, within: 10 min}"
DOSE = {"args": {"dose": "50 mcg", "over": "10 min"}}
CASES = {
    "done in time": Case([READ], [(9, "interrogate", {})], "met", "interrogated the pump at 9 min"),
    "done at the last moment": Case([READ], [(10, "interrogate", {})], "met"),
    "late": Case([READ], [(11, "interrogate", {})], "missed", "interrogated the pump at 11 min, due by 10 min"),
    "time is up": Case([READ], [(11, "note", {})], "missed", "not by 10 min"),
    "time is not up": Case([READ], [(10, "note", {})], "open", "open, until 10 min"),
    "refused is not done": Case([READ], [(1, "interrogate", {"answer": "refused"})], "open"),
    "refused is asked for": Case(["{id: a, did: stop, answered: refused}"], [(1, "stop", {"answer": "refused"})], "met"),
    "any answer": Case(["{id: a, did: stop, answered: any}"], [(1, "stop", {"answer": "refused"})], "met"),
    "one of several acts": Case(["{id: a, did: [stop, start]}"], [(1, "start", {})], "met"),
    "one of a group": Case(["{id: a, did: examine}"], [(1, "xray", {})], "met"),
    "another act": Case(["{id: a, did: stop}"], [(1, "start", {})], "open"),
    "often enough": Case(
        ["{id: a, did: measure, times: 2}"], [(1, "measure", {}), (2, "measure", {})], "met", "examined the patient at 2 min"
    ),
    "too seldom": Case(["{id: a, did: measure, times: 2}"], [(1, "measure", {}), (2, "ended", {})], "missed", "not by 2 min, the end"),
    "argument": Case(["{id: a, did: bolus, with: {dose: 50 mcg}}"], [(1, "bolus", DOSE)], "met"),
    "same amount, other digits": Case(["{id: a, did: bolus, with: {dose: 50.0 mcg}}"], [(1, "bolus", DOSE)], "met"),
    "argument at most": Case(["{id: a, did: bolus, with: {dose: at most 49 mcg}}"], [(1, "bolus", DOSE)], "open"),
    "argument between": Case(["{id: a, did: bolus, with: {dose: between 25 mcg and 75 mcg}}"], [(1, "bolus", DOSE)], "met"),
    "unit of another kind": Case(["{id: a, did: bolus, with: {dose: at least 1 mL}}"], [(1, "bolus", DOSE)], "open"),
    "word": Case(["{id: a, did: measure, with: {what: [look, reflex]}}"], [(1, "measure", {"args": {"what": "reflex"}})], "met"),
    "what was shown": Case(
        ["{id: a, did: withdraw, found: {measured.volume: at least 4 mL}}"],
        [(1, "withdraw", {"seen": {"measured": {"volume": "4.1 mL"}}})],
        "met",
    ),
    "bedside unit": Case(
        ["{id: a, did: measure, found: {value: at least 38.5 °C}}"], [(1, "measure", {"seen": {"value": "38.6 °C"}})], "met"
    ),
    "bedside unit, below": Case(
        ["{id: a, did: measure, found: {value: at least 38.5 °C}}"], [(1, "measure", {"seen": {"value": "38.4 °C"}})], "open"
    ),
    "figure with a remark": Case(
        ["{id: a, did: measure, found: {value: at most 2.5}}"],
        [(1, "measure", {"seen": {"value": "2.1 (Ashworth, mean of both legs)"}})],
        "met",
    ),
    "dose at the bedside": Case(["{id: a, did: treat, with: {dose: at most 20 mg}}"], [(1, "treat", {"args": {"dose": "20 mg"}})], "met"),
    "right diagnosis": Case(
        ["{id: a, thought: right}"], [(1, "thought", {"diagnosis": "stall"})], "met", "committed to the cause at 1 min"
    ),
    "wrong diagnosis": Case(["{id: a, thought: right}"], [(1, "thought", {"diagnosis": "empty"})], "open"),
    "after, in order": Case(["{id: a, did: stop}", "{id: b, did: start, after: a}"], [(1, "stop", {}), (2, "start", {})], "met"),
    "after, out of order": Case(["{id: a, did: stop}", "{id: b, did: start, after: a}"], [(1, "start", {}), (2, "stop", {})], "open"),
    "after is not the same act": Case(["{id: a, did: stop}", "{id: b, did: stop, after: a}"], [(1, "stop", {})], "open"),
    "before": Case(["{id: a, did: interrogate, before: start}"], [(1, "interrogate", {}), (2, "start", {})], "met"),
    "too late for before": Case(
        ["{id: a, did: interrogate, before: start}"],
        [(2, "start", {}), (3, "interrogate", {})],
        "missed",
        "started the pump came first, at 2 min",
    ),
    "since an item": Case(
        ["{id: a, did: stop}", "{id: b, did: start, since: a, within: 5 min}"], [(60, "stop", {}), (64, "start", {})], "met"
    ),
    "since an item, missed": Case(
        ["{id: a, did: stop}", "{id: b, did: start, since: a, within: 5 min}"], [(60, "stop", {}), (66, "note", {})], "missed"
    ),
    "since an item that never came": Case(
        ["{id: a, did: stop}", "{id: b, did: start, since: a}"], [(9, "ended", {})], "missed", "which did not come"
    ),
    "since a fact that never came": Case(
        ["{id: a, did: start, since: eri}"], [(9, "ended", {})], "not judged", "did not come up: the pump asks for"
    ),
    "not before its fact": Case(
        ["{id: a, did: start, since: eri}"], [(1, "start", {}), (2, "fact", {"fact": "eri", "holds": True})], "open"
    ),
    "fact": Case(["{id: a, fact: eri, within: 5 min}"], [(5, "fact", {"fact": "eri", "holds": True})], "met"),
    "fact held long enough": Case(
        ["{id: a, fact: eri, for: 5 min}"], [(1, "fact", {"fact": "eri", "holds": True}), (6, "note", {})], "met"
    ),
    "fact broken off": Case(
        ["{id: a, fact: eri, for: 5 min}"],
        [(1, "fact", {"fact": "eri", "holds": True}), (4, "fact", {"fact": "eri", "holds": False}), (9, "note", {})],
        "open",
    ),
    "fact at the end": Case(["{id: a, fact: eri, at: end}"], [(1, "fact", {"fact": "eri", "holds": True}), (9, "ended", {})], "met"),
    "fact not at the end": Case(["{id: a, fact: eri, at: end}"], [(9, "ended", {})], "missed"),
    "gone": Case(
        ["{id: a, gone: eri}"],
        [(1, "fact", {"fact": "eri", "holds": True}), (4, "fact", {"fact": "eri", "holds": False})],
        "met",
        "no more:",
    ),
    "gone that never came": Case(
        ["{id: a, gone: eri}"], [(9, "ended", {})], "not judged", "did not come up: the pump asks for its replacement"
    ),
    "gone at the end": Case(["{id: a, gone: eri, at: end}"], [(1, "fact", {"fact": "eri", "holds": True}), (9, "ended", {})], "missed"),
    "never, so far": Case(["{id: a, never: eri}"], [(9, "note", {})], "open", "not so far"),
    "never, to the end": Case(["{id: a, never: eri}"], [(9, "ended", {})], "met", "not once by 9 min"),
    "never, but it came": Case(["{id: a, never: eri}"], [(9, "fact", {"fact": "eri", "holds": True})], "missed", "at 9 min"),
    "never, and it came too late": Case(["{id: a, never: eri, within: 5 min}"], [(9, "fact", {"fact": "eri", "holds": True})], "met"),
    "never for long, briefly": Case(
        ["{id: a, never: eri, for: 5 min}"],
        [(1, "fact", {"fact": "eri", "holds": True}), (4, "fact", {"fact": "eri", "holds": False}), (9, "ended", {})],
        "met",
    ),
    "never since an act that ends it": Case(
        ["{id: a, did: start}", "{id: b, never: pump-stopped, since: a}"],
        [
            (0, "fact", {"fact": "pump-stopped", "holds": True}),
            (5, "start", {}),
            (5, "fact", {"fact": "pump-stopped", "holds": False}),
            (9, "ended", {}),
        ],
        "met",
    ),
    "never since an act that does not end it": Case(
        ["{id: a, did: start}", "{id: b, never: pump-stopped, since: a}"],
        [(0, "fact", {"fact": "pump-stopped", "holds": True}), (5, "start", {}), (9, "ended", {})],
        "missed",
    ),
    "knew": Case(["{id: a, knew: eri}"], [(1, "fact", {"fact": "eri", "holds": True}), (2, "interrogate", {})], "met"),
    "looked too early to know": Case(["{id: a, knew: eri}"], [(1, "interrogate", {}), (2, "fact", {"fact": "eri", "holds": True})], "open"),
    "looked elsewhere": Case(["{id: a, knew: eri}"], [(1, "fact", {"fact": "eri", "holds": True}), (2, "xray", {})], "open"),
    "after the end": Case(["{id: a, did: stop}"], [(1, "finished", {}), (2, "stop", {})], "missed", "not by 1 min, the end"),
    "nobody could hear it": Case(
        ["{id: a, did: stop, since: alarm-sounding, within: 5 min}"],
        [
            (1, "fact", {"fact": "alarm-sounding", "holds": True}),
            (1, "sound", {}),
            (1, "heard", {"sound": 2, "outcome": "muted"}),
            (9, "note", {}),
        ],
        "not judged",
        "no sound could be heard",
    ),
    "it was heard": Case(
        ["{id: a, did: stop, since: alarm-sounding, within: 5 min}"],
        [
            (1, "fact", {"fact": "alarm-sounding", "holds": True}),
            (1, "sound", {}),
            (1, "heard", {"sound": 2, "outcome": "played"}),
            (9, "note", {}),
        ],
        "missed",
    ),
    "undone by a bookmark": Case(
        ["{id: a, did: stop}"], [(1, "bookmark", {"name": "x"}), (2, "stop", {}), (1, "returned", {"bookmark": "x"})], "open"
    ),
    "done before the bookmark": Case(
        ["{id: a, did: stop}"], [(1, "stop", {}), (2, "bookmark", {"name": "x"}), (2, "returned", {"bookmark": "x"})], "met"
    ),
    "ticked by the instructor": Case(
        ["{id: a, did: stop}"], [(1, "ticked", {"item": "a", "state": "met", "note": "by phone"})], "met", "by phone"
    ),
    "tick taken back": Case(
        ["{id: a, did: stop}"], [(1, "ticked", {"item": "a", "state": "met"}), (2, "ticked", {"item": "a", "state": "auto"})], "open"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_item_stands_as_the_log_says(small: Lesson, name: str) -> None:
    """Each kind of condition and each way to narrow it down is met, missed or left open by what happened, and says why."""
    case = CASES[name]
    lesson = judged_by(small, "".join(f"- {item}\n" for item in case.items))

    item = score(lesson, entries(*case.happened), ME).items[-1]

    assert (item.state, case.why in item.why) == (case.state, True), item.why


def test_others_do_not_count(small: Lesson) -> None:
    """What another learner does meets nobody else's item, but its time passes for all."""
    lesson = judged_by(small, f"- {READ}\n")

    assert score(lesson, entries((1, "interrogate", {}), who=OTHER), ME).items[0].state == "open"
    assert score(lesson, entries((11, "interrogate", {}), who=OTHER), ME).items[0].state == "missed"
    assert score(lesson, entries((1, "finished", {}), (2, "note", {}), who=OTHER), ME).over is False


def test_a_critical_error_fails_a_full_checklist_and_is_said_first(small: Lesson) -> None:
    """100 % with a critical error is a fail, and the verdict names the error before anything else."""
    lesson = judged_by(small, "- {id: read, did: interrogate}\n", "- {id: stopped-it, did: stop}\n")

    found = score(lesson, entries((1, "interrogate", {}), (2, "stop", {}), (3, "ended", {})), ME)

    assert (found.share_percent, found.passed) == (100, False)
    assert found.lines[0] == "Failed: critical error: The stopped-it"
    assert next(iter(found.as_dict())) == "verdict"


def test_an_omission_can_be_the_critical_error(small: Lesson) -> None:
    """What was not done by its deadline fails as soon as that has passed, without waiting for the end."""
    lesson = judged_by(small, f"- {READ}\n", "- {id: left-it, missed: read}\n")

    assert score(lesson, entries((10, "note", {})), ME).passed is None
    assert score(lesson, entries((11, "note", {})), ME).passed is False


def test_what_was_not_judged_counts_on_neither_side(small: Lesson) -> None:
    """An item that did not come up is left out of the share; weights count."""
    items = "- {id: a, did: stop, weight: 3}\n- {id: b, did: start, weight: 1}\n- {id: c, did: prime, since: eri, weight: 9}\n"

    found = score(judged_by(small, items), entries((1, "stop", {}), (2, "ended", {})), ME)

    assert (found.got, found.most, found.share_percent, found.passed) == (3, 4, 75, False)


def test_near_misses_have_their_correction(small: Lesson) -> None:
    """A limit that was hit is kept with the time until an update went through."""
    lesson = judged_by(small, f"- {READ}\n")

    found = score(
        lesson, entries((1, "edit", {"what": "limit", "detail": "daily dose"}), (4, "update", {}), (5, "edit", {"what": "back"})), ME
    )

    assert [(miss.what, miss.corrected_after_us) for miss in found.near_misses] == [("limit", 3 * MIN), ("back", None)]


def test_a_condition_alone_can_be_asked(small: Lesson) -> None:
    """A handler's condition holds or does not after any entries."""
    lesson = judged_by(small, f"- {READ}\n")
    condition = lesson.reactions[1].when
    assert condition is not None

    assert not holds(condition, lesson, entries((1, "note", {})), ME)
    assert holds(condition, lesson, entries((1, "note", {}), (2, "interrogate", {})), ME)


# ---------------------------------------------------------------- live and afterwards

FACTS_DRAWN = ("eri", "pump-stopped", "alarm-sounding")
_ACTS = st.sampled_from(["interrogate", "stop", "start", "measure", "bolus", "update"])
_DONE = st.tuples(_ACTS, st.fixed_dictionaries({"answer": st.sampled_from(["done", "done", "refused"])}))
_FACT = st.tuples(st.just("fact"), st.fixed_dictionaries({"fact": st.sampled_from(FACTS_DRAWN), "holds": st.booleans()}))
_SOUND: Any = st.tuples(st.just("sound"), st.just({}))
_HEARD = st.tuples(
    st.just("heard"), st.fixed_dictionaries({"sound": st.integers(1, 30), "outcome": st.sampled_from(["played", "muted", "hidden"])})
)
_THOUGHT = st.tuples(st.just("thought"), st.fixed_dictionaries({"diagnosis": st.sampled_from(["stall", "empty"])}))
_MARK = st.tuples(st.just("bookmark"), st.just({"name": "x"}))
_BACK = st.tuples(st.just("returned"), st.just({"bookmark": "x"}))
_END: Any = st.tuples(st.sampled_from(["ended", "finished"]), st.just({}))
_ROW = st.tuples(st.integers(0, 12), st.one_of(_DONE, _DONE, _DONE, _FACT, _FACT, _SOUND, _HEARD, _THOUGHT, _MARK, _BACK, _END))
ALL_ITEMS = """\
- {id: read, did: interrogate, within: 20 min, weight: 3}
- {id: again, did: interrogate, since: read, within: 10 min, after: read}
- {id: named, thought: right, after: read, weight: 2}
- {id: heard-it, did: [stop, start], since: alarm-sounding, within: 15 min}
- {id: twice, did: measure, times: 2, before: stop}
- {id: knew-it, knew: eri}
- {id: rested, fact: pump-stopped, for: 10 min}
- {id: ran, gone: pump-stopped, within: 40 min}
- {id: quiet, never: eri, for: 5 min}
- {id: at-last, fact: eri, at: end}
"""
ALL_ERRORS = "- {id: unread, missed: read}\n- {id: bolused, did: bolus, before: again}\n"


@pytest.fixture(scope="module")
def judged(small: Lesson) -> Lesson:
    """A lesson with every kind of item."""
    return judged_by(small, ALL_ITEMS, ALL_ERRORS)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=st.lists(_ROW, max_size=30))
def test_a_score_from_the_log_is_the_live_score_at_every_earlier_time(judged: Lesson, rows: list[Any]) -> None:
    """Whatever happens, the score worked out from the first entries alone is the one that stood on the screen then (U14)."""
    minute, happened, marked = 0, [], 0
    for passed, (kind, data) in rows:
        minute += passed
        if kind == "bookmark":
            marked = minute
        if kind == "returned":
            minute = marked
        happened.append((minute, kind, data))
    log = entries(*happened)
    fold, live = ScoreFold(judged, ME), list[Score]()
    for entry in log:
        fold.feed(entry)
        live.append(fold.score())

    for size in range(len(log)):
        assert score(judged, log[: size + 1], ME) == live[size], log[: size + 1]


def test_a_score_between_two_entries_changes_nothing(judged: Lesson) -> None:
    """Asking how it stands while time passes does not change what comes of it later."""
    log = entries((1, "fact", {"fact": "eri", "holds": True}), (30, "fact", {"fact": "eri", "holds": False}), (40, "ended", {}))
    asked, quiet = ScoreFold(judged, ME), ScoreFold(judged, ME)
    for entry in log:
        for minute in range(0, entry.at_us // MIN + 1, 7):
            asked.score(minute * MIN)
        asked.feed(entry)
        quiet.feed(entry)

    assert asked.score() == quiet.score()
