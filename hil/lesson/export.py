"""A run as JSON and CSV. Every column's name carries its unit in brackets; a role gets what the gate of the log lets through.

`export_csv` is the log, `items_csv` the class matrix of items and learners with ratings and the pass mark of a borderline regression.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from hil.lesson.entries import INSTRUCTOR, Entry, as_plain
from hil.lesson.projection import Role
from hil.lesson.scoring import Score, score
from hil.lesson.standard import Cut, borderline_cut
from hil.lesson.views.curves import CHARTS
from hil.lesson.views.debrief import debrief_view, rating_of, verdict
from hil.lesson.views.stored import Stored

__all__ = ["LOG_COLUMNS", "cell", "curves_csv", "curves_table", "export_csv", "export_json", "items_csv"]

VERSION = 1
US_PER_S = 1_000_000
PERCENT = 100
LOG_COLUMNS = (
    "entry [number]",
    "time since the lesson began [s]",
    "date of the case [YYYY-MM-DD hh:mm]",
    "kind [name]",
    "by [name]",
    "about [name]",
    "what [name]",
    "answer [name]",
    "data [JSON]",
)
_UNITS = {"at_us": "simulated microseconds since the lesson began", "n": "number of the entry", "other names": "end with their unit"}
_LEADERS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


def export_json(stored: Stored, role: Role, learner: str = "") -> dict[str, Any]:
    """The run's log and, where truth may be shown, its debriefs. Before the debrief is opened a learner gets only what he was shown."""
    truth = stored.shows_truth(role)
    of_whom = list(stored.learners) if role == INSTRUCTOR else [learner] if truth else []
    head: dict[str, Any] = {"v": VERSION, "pumpsim": version("pumpsim"), "units": _UNITS, "role": role, "run": stored.began.get("run", "")}
    if truth:
        head |= {"lesson": stored.lesson.name, "sha256": stored.lesson.sha256, "review": stored.lesson.review}
    return {
        **head,
        "entries": [as_plain(entry) for entry in stored.entries_for(role, learner)],
        "debriefs": [debrief_view(stored, each, role) for each in of_whom],
    }


def export_csv(stored: Stored, role: Role, learner: str = "") -> str:
    """The log as a table, one line an entry."""
    names = stored.learners if role == INSTRUCTOR else {learner: stored.learners.get(learner, learner)}
    return table(LOG_COLUMNS, (_line(entry, names, stored) for entry in stored.entries_for(role, learner)))


def _line(entry: Entry, names: Mapping[str, str], stored: Stored) -> list[object]:
    data = entry.data
    what = next((data[name] for name in ("act", "fact", "pattern", "fault", "what", "state", "name") if name in data), "")
    return [
        entry.n,
        seconds(entry.at_us),
        stored.moments.date(entry.at_us),
        entry.kind,
        names.get(entry.who, entry.who),
        names.get(entry.about, entry.about),
        what,
        data.get("answer", ""),
        json.dumps(data, sort_keys=True, ensure_ascii=False),
    ]


def seconds(us: int) -> str:
    """Microseconds as seconds, exactly, without separators."""
    whole, part = divmod(us, US_PER_S)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


# ---------------------------------------------------------------- curves


def curves_csv(stored: Stored, role: Role, learner: str = "") -> str:
    """The curves of one learner, or of all for an instructor who names none. Raises CheckFailed before the debrief is open to this role."""
    from hil.lesson.futures import run_columns

    stored.demand_truth(role)
    of_whom = [stored.known(learner)] if learner else list(stored.learners)
    tables = [(stored.learners[key], run_columns(stored, key)) for key in of_whom]
    return table(_curve_columns(tables[0][1] if tables else {}), (line for name, columns in tables for line in _curve_rows(name, columns)))


def curves_table(columns: Mapping[str, Sequence[Any]], name: str = "") -> str:
    """One learner's curves as a table."""
    return table(_curve_columns(columns), _curve_rows(name, columns))


def _curve_columns(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """Heads with units, of what was worked out."""
    names = {"believed_dose": "as the learner last read it"}
    drawn = [f"{chart['title']}, {names.get(series['key'], series['name'])} [{chart['unit']}]" for chart, series in _curves(columns)]
    return ["learner [nickname]", "time since the lesson began [s]", *drawn]


def _curve_rows(name: str, columns: Mapping[str, Sequence[Any]]) -> Iterable[list[object]]:
    drawn = [columns[series["key"]] for _, series in _curves(columns)]
    for place, at_us in enumerate(columns.get("at_us", ())):
        yield [name, seconds(at_us), *("" if column[place] is None else column[place] for column in drawn)]


def _curves(columns: Mapping[str, Sequence[Any]]) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """The charts and curves of which there are figures."""
    found = ((chart, series) for chart in CHARTS for series in chart["series"])
    return [(chart, series) for chart, series in found if any(value is not None for value in columns.get(series["key"], ()))]


# ---------------------------------------------------------------- the class


def items_csv(stored: Stored) -> str:
    """Items down, learners across; below them share, critical errors, verdict, rating and the class's pass mark, each row with its unit."""
    scores = {key: score(stored.lesson, stored.entries, key) for key in stored.learners}
    ratings = {key: rating_of(stored.entries, key) for key in stored.learners}
    columns = ["row [name]", "text [text]", "unit of the row [name]", "at most [points]"]
    columns += [f"{nickname} [unit of the row]" for nickname in stored.learners.values()]
    return table(columns, [*_item_rows(stored, scores), *_class_rows(scores, ratings)])


def _item_rows(stored: Stored, scores: Mapping[str, Score]) -> Iterable[list[object]]:
    by_item = {key: {each.id: each for each in result.items} for key, result in scores.items()}
    for item in stored.lesson.checklist:
        points: list[object] = []
        for key in scores:
            each = by_item[key][item.id]
            points.append({"met": each.weight, "missed": 0}.get(each.state, each.state))
        yield [item.id, stored.lesson.item_text(item.id).text, "points", item.weight, *points]


def _class_rows(scores: Mapping[str, Score], ratings: Mapping[str, dict[str, Any] | None]) -> Iterable[list[object]]:
    results = list(scores.values())
    rated = [(int(given["score"]), scores[key].share_percent / PERCENT) for key, given in ratings.items() if given is not None]
    yield ["critical errors", "any one fails", "count", "", *(len(each.errors) for each in results)]
    yield ["checklist share", "points met of those judged", "%", "", *(each.share_percent for each in results)]
    yield ["verdict", "critical error first", "text", "", *(verdict(each) for each in results)]
    yield ["global rating", "1 clear fail, 2 borderline, 3 clear pass, 4 good, 5 excellent", "points", 5, *_given(ratings)]
    yield _cut_row(borderline_cut(rated), scores)


def _given(ratings: Mapping[str, dict[str, Any] | None]) -> list[object]:
    return ["" if given is None else given["score"] for given in ratings.values()]


def _cut_row(cut: Cut | str, scores: Mapping[str, Score]) -> list[object]:
    """The pass mark, and for each learner whether the checklist share reaches it."""
    if isinstance(cut, str):
        return ["pass mark", cut, "%", "", *("" for _ in scores)]
    above = ("above" if each.share_percent >= cut.share * PERCENT else "below" for each in scores.values())
    text = f"borderline regression: {_percent(cut.share)} %" + (f"; {cut.warning}" if cut.warning else "")
    return ["pass mark", text, "above or below", "", *above]


def _percent(share: float) -> str:
    return f"{share * PERCENT:.1f}".removesuffix(".0")


# ---------------------------------------------------------------- tables


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a head line; what a person typed cannot become a formula of a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def cell(value: object) -> object:
    """A value as a cell: a text that a spreadsheet would calculate gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_LEADERS) else value
