"""What leaves a run as a file: units in every column, nobody's truth before its time, the class matrix and its pass mark."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from hil.cli.train import command
from hil.console.store import Run, RunFacts
from hil.errors import UsageError
from hil.lesson.entries import KINDS, Entry, as_plain
from hil.lesson.export import cell, curves_table, export_csv, export_json, items_csv
from hil.lesson.headless import run_headless
from hil.lesson.lesson import Lesson
from hil.lesson.reader import load_lesson
from hil.lesson.standard import Cut, borderline_cut
from hil.lesson.views.printout import LOG_LINES, printout_view
from hil.lesson.views.stored import Stored
from tests.support.lesson_logs import ANA, BEN, MINUTE, NAMES, LogWriter, class_log

UNIT = re.compile(r".+ \[[^\]]+\]")
HIDDEN = ("fact", "event", "inject", "clear", "step", "rating", "ticked")


@cache
def lesson() -> Lesson:
    return load_lesson("found-stopped")


def stored(*, opened: bool = False) -> Stored:
    return Stored(lesson(), class_log(opened=opened))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


# ---------------------------------------------------------------- units


@pytest.mark.parametrize("name", ["log", "items", "curves"])
def test_every_column_carries_its_unit(name: str) -> None:
    """The head of each CSV names a unit in brackets in every column; no Greek letter stands in it."""
    made = {
        "log": lambda: export_csv(stored(), "instructor"),
        "items": lambda: items_csv(stored()),
        "curves": lambda: curves_table({"at_us": [0, MINUTE], "true_dose": [1.5, 2.0], "lumbar": [0.1, 0.2], "legs": [4, 3]}),
    }[name]()
    head, *body = rows(made)

    assert all(UNIT.fullmatch(column) for column in head), head
    assert not re.search("[µμ]", made)
    assert all(len(row) == len(head) for row in body)


def test_times_are_exact() -> None:
    """A time in seconds is what the log holds, to the microsecond."""
    log = LogWriter()
    log.add(0, "began", "instructor", "", lesson="found-stopped", clock_us=0)
    log.entries.append(Entry(2, 1_000_001, "joined", ANA, ANA, {"nickname": "Ana"}))

    assert rows(export_csv(Stored(lesson(), log.entries), "instructor"))[2][1] == "1.000001"


@pytest.mark.parametrize("typed", ["=1+1", "+cmd", "-2", "@x", "\tx"])
def test_what_was_typed_is_no_formula(typed: str) -> None:
    """A nickname or note that a spreadsheet would calculate is text in the file; a number stays a number."""
    log = LogWriter()
    log.add(0, "joined", ANA, nickname=typed)

    assert rows(export_csv(Stored(lesson(), log.entries), "instructor"))[1][4] == f"'{typed}"
    assert cell(-2) == -2


# ---------------------------------------------------------------- truth and others


def _fields(entries: list[dict[str, object]]) -> set[tuple[str, str]]:
    return {(str(entry["kind"]), name) for entry in entries for name in dict(entry["data"])}  # type: ignore[call-overload]  # data is a mapping


def test_before_the_debrief_is_opened_a_learner_gets_what_he_was_shown() -> None:
    """No kind and no field that is hidden from learners is in the file, no score, no lesson's name."""
    told = export_json(stored(), "learner", ANA)

    allowed = {(kind, name) for kind, row in KINDS.items() for name in row.learner or ()}
    assert not _fields(told["entries"]) - allowed
    assert not {entry["kind"] for entry in told["entries"]} & set(HIDDEN)
    assert told["debriefs"] == []
    assert "found-stopped" not in json.dumps(told)
    assert "fact" not in export_csv(stored(), "learner", ANA)


def test_a_real_run_leaves_no_truth_in_a_learners_file() -> None:
    """Of a run that was really held too: only what the table of kinds gives a learner, before the debrief is opened."""
    result = run_headless(lesson(), "poor")
    told = export_json(Stored(lesson(), list(result.log.entries())), "learner", result.learner)

    allowed = {(kind, name) for kind, row in KINDS.items() for name in row.learner or ()}
    assert len(told["entries"]) > 20
    assert not _fields(told["entries"]) - allowed
    assert lesson().name not in json.dumps(told)


def test_after_it_is_opened_the_file_holds_his_own_truth_and_no_other_name() -> None:
    """Facts of his own case are in it, nothing about or by anybody else."""
    told = export_json(stored(opened=True), "learner", ANA)
    text = json.dumps(told) + export_csv(stored(opened=True), "learner", ANA)

    assert "fact" in {entry["kind"] for entry in told["entries"]}
    assert told["debriefs"][0]["learner"]["key"] == ANA
    assert NAMES[BEN] not in text
    assert "for Ben only" not in text
    assert f'"{BEN}"' not in text
    assert "nobody reviewed" not in text
    assert told["review"] == "Clinically reviewed: none yet"


def test_an_instructor_gets_everything() -> None:
    """The whole log, and a debrief of each learner."""
    told = export_json(stored(), "instructor")

    assert len(told["entries"]) == len(class_log())
    assert [each["learner"]["nickname"] for each in told["debriefs"]] == list(NAMES.values())
    json.dumps(told)


# ---------------------------------------------------------------- the class


def test_matrix_of_items_and_learners() -> None:
    """One row an item with the points of each learner; critical errors, verdict and rating in rows of their own below."""
    head, *body = rows(items_csv(stored()))
    by_name = {row[0]: row for row in body}

    assert head[4:] == [f"{name} [unit of the row]" for name in NAMES.values()]
    assert [row[0] for row in body[: len(lesson().checklist)]] == [item.id for item in lesson().checklist]
    assert by_name["delivers-again"][3:] == ["5", "5", "0"]
    assert by_name["critical errors"][4:] == ["0", "1"]
    assert by_name["global rating"][4:] == ["4", "2"]
    assert by_name["verdict"][5].startswith("Failed: critical error")
    assert by_name["pass mark"][1] == "no pass mark: 2 rated learners, at least 3 are needed"


def test_borderline_regression_by_hand() -> None:
    """Through (1, 0.3), (2, 0.5), (3, 0.7), (4, 0.9) the line is 0.1 + 0.2 x; at the borderline rating 2 it is 0.5."""
    cut = borderline_cut([(1, 0.3), (2, 0.5), (3, 0.7), (4, 0.9)])

    assert isinstance(cut, Cut)
    assert (cut.share, cut.slope, cut.intercept, cut.r_squared) == pytest.approx((0.5, 0.2, 0.1, 1.0))
    assert "4 learners" in cut.warning


@pytest.mark.parametrize(
    "points, why",
    [
        ([(2, 0.5), (3, 0.6)], "at least 3"),
        ([(3, 0.5), (3, 0.6), (3, 0.9)], "same rating"),
        ([(1, 0.9), (2, 0.5), (3, 0.1)], "do not rise"),
    ],
)
def test_no_mark_where_no_line_can_be_drawn(points: list[tuple[int, float]], why: str) -> None:
    """Too few learners, equal ratings or falling shares give a reason in words, no number."""
    assert why in str(borderline_cut(points))


def test_pass_mark_never_hides_a_critical_error() -> None:
    """Above the mark of the class and with a critical error, the verdict is still fail."""
    body = {row[0]: row for row in rows(items_csv(stored()))}

    assert body["verdict"][5].startswith("Failed")


# ---------------------------------------------------------------- the printout


def test_printout_holds_what_the_pump_said_and_no_truth() -> None:
    """The reading's blocks, alarms and newest records are on it; who asks for another act or nobody's reading is told so."""
    log = LogWriter()
    log.add(0, "began", "instructor", "", lesson="found-stopped", clock_us=0, run="Blue lake")
    log.add(0, "joined", ANA, nickname="Ana")
    log.fact(0, ANA, "pump-stopped")
    reading = log.act(4, ANA, "interrogate")
    alarm = {"name": "stopped too long", "class": "critical", "since": "x", "marks": "active", "flow": "stopped", "do": "start it"}
    readout = {
        "pump": "ITP-40, serial 1",
        "state": "STOPPED",
        "runs": False,
        "alarms": [alarm],
        "blocks": [{"title": "Now", "rows": [["a", "b"]]}],
    }
    reading.data["seen"] = {"readout": readout, "log": [f"record {n}" for n in range(LOG_LINES + 5)]}
    run = Stored(lesson(), log.entries)
    sheet = printout_view(run, ANA)

    assert sheet == printout_view(run, ANA, reading.n)
    assert (sheet["state"], sheet["review"], sheet["nickname"]) == ("STOPPED", "Clinically reviewed: none yet", "Ana")
    assert (len(sheet["log"]), sheet["log_left_out"]) == (LOG_LINES, 5)
    assert "do" not in sheet["alarms"][0]
    assert lesson().title not in json.dumps(sheet)
    for n in (1, 3, 99):
        with pytest.raises(UsageError, match="no reading"):
            printout_view(run, ANA, n)


# ---------------------------------------------------------------- the command


def _kept(runs: Path) -> str:
    """A run in its folder, as the server leaves it."""
    result = run_headless(lesson(), "poor")
    run = Run.new(runs, RunFacts("", "", lesson="found-stopped"))
    run.log_path.write_text("".join(json.dumps(as_plain(entry)) + "\n" for entry in result.log.entries()), encoding="utf-8")
    run.close()
    return run.facts.name


def test_results_of_a_kept_run(tmp_path: Path) -> None:
    """The command says of each learner the verdict, critical error first, and writes four files; never over what is there."""
    name, files = _kept(tmp_path / "runs"), tmp_path / "files"
    arguments = ["--state", str(tmp_path / "runs"), "results", name, "--files", str(files)]
    done = CliRunner().invoke(command, arguments, standalone_mode=False)

    assert done.exception is None
    assert "Clinically reviewed: none yet" in done.output
    assert "Failed: critical error: The pump was not made to deliver within the hour" in done.output
    assert sorted(path.name for path in files.iterdir()) == ["curves.csv", "items.csv", "log.csv", "log.json"]
    assert json.loads((files / "log.json").read_text(encoding="utf-8"))["lesson"] == "found-stopped"
    with pytest.raises(UsageError, match="there already"):
        CliRunner().invoke(command, arguments, standalone_mode=False, catch_exceptions=False)
