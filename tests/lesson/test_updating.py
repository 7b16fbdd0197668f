"""Programming a therapy: nothing is sent that was not reviewed on a fresh reading, and what is sent is read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.lesson.entries import INSTRUCTOR
from hil.lesson.run import LessonRun
from tests.lesson.runs import MIN, QUIET, a_run, done, found, refused, therapy


@pytest.fixture
def quiet(tmp_path: Path) -> tuple[LessonRun, str]:
    """A run whose pump works as it should."""
    return a_run(tmp_path, QUIET)


def test_an_update_is_reviewed_sent_and_read_back(quiet: tuple[LessonRun, str]) -> None:
    """Asked, sent, and what the pump says: three columns that agree, and the pump runs on the new dose."""
    run, ana = quiet
    done(run, ana, "interrogate")

    screen = done(run, ana, "review", **therapy())
    seen = done(run, ana, "update", token=screen["token"])

    assert (screen["top"][0]["note"], screen["needs_reason"]) == ("was 240 → 264 mcg/day, 1.1 x", False)
    assert all(not row["differs"] for row in seen["rows"])
    assert seen["therapy"]["daily-dose"] == "264 mcg/day"
    assert run.cases[ana].unit.pump.status().prescription.groups[0].daily_dose_ng == 264_000  # type: ignore[union-attr]
    assert "therapy-not-intended" in run.cases[ana].facts


def test_a_dose_per_hour_typed_for_a_dose_per_day_shows_as_24_x(quiet: tuple[LessonRun, str]) -> None:
    """60 mcg/h for 60 mcg/day: the review names the factor and draws it, warns, and does not send without a reason (U10)."""
    run, ana = quiet
    done(run, ana, "interrogate")
    low = done(run, ana, "review", **therapy(daily_dose="60 mcg/day"))
    done(run, ana, "update", token=low["token"], reason="a test of the house")

    screen = done(run, ana, "review", **therapy(daily_dose="1,440 mcg/day"))

    drawn = screen["drawn"][0]
    assert screen["top"][0]["note"] == "was 60 → 1,440 mcg/day, 24 x"
    assert (drawn["factor"], drawn["top_text"]) == ("24 x", "60 mcg/h")
    assert drawn["pending"][0][2] > 23 * drawn["current"][0][2]
    assert screen["needs_reason"]
    assert refused(run, ana, "update", token=screen["token"])["where"] == "reason"
    done(run, ana, "update", token=screen["token"], reason="meant so")
    overrides = [entry.data["detail"] for entry in found(run, "edit") if entry.data["what"] == "override"]
    assert overrides
    assert overrides[-1].endswith("meant so")


def test_what_the_pump_would_refuse_is_not_sent_and_is_logged(quiet: tuple[LessonRun, str]) -> None:
    """A hard limit ends at the form: field, reason, what to do; the near miss is in the log."""
    run, ana = quiet
    done(run, ana, "interrogate")
    before = run.cases[ana].unit.pump.status().generation

    error = refused(run, ana, "review", **therapy(daily_dose="90,000 mcg/day"))
    other = refused(run, ana, "review", **therapy(concentration="2,000 mcg/mL"))

    assert "daily-dose" in error["where"]
    assert error["fields"][0]["typed"] == "90,000 mcg/day"
    assert other["where"] in ("pump", "concentration")
    assert run.cases[ana].unit.pump.status().generation == before
    assert [entry.data["answer"] for entry in found(run, "act")[-2:]] == ["refused", "refused"]


@pytest.mark.parametrize("act", ["stop", "alarm-test", "bolus"])
def test_an_update_is_blocked_when_the_pump_changed_since_it_was_read(quiet: tuple[LessonRun, str], act: str) -> None:
    """What was read must still be so, whoever changed it; an act that changes nothing of it does not block (U12)."""
    run, ana = quiet
    done(run, ana, "interrogate")
    screen = done(run, ana, "review", **therapy())
    done(run, ana, act, **({"dose": "10 mcg", "over": "10 min"} if act == "bolus" else {}))

    outcome = run.order(ana, "update", {"token": screen["token"]})

    if act == "alarm-test":
        assert outcome.ok
    else:
        assert outcome.error is not None
        assert outcome.error["what"].startswith("the pump has changed since it was read")
        assert run.cases[ana].unit.pump.status().prescription.groups[0].daily_dose_ng == 240_000  # type: ignore[union-attr]


def test_an_old_reading_is_worth_nothing(quiet: tuple[LessonRun, str]) -> None:
    """After ten minutes neither a review nor an update rests on it."""
    run, ana = quiet
    done(run, ana, "interrogate")
    screen = done(run, ana, "review", **therapy())
    run.advance_us(10 * MIN + 1)

    assert "ago" in refused(run, ana, "update", token=screen["token"])["what"]
    assert "ago" in refused(run, ana, "review", **therapy())["what"]


def test_only_the_last_review_can_be_sent(quiet: tuple[LessonRun, str]) -> None:
    """A token belongs to one review; a later one, another reading or leaving makes it void, and turning back is logged."""
    run, ana = quiet
    done(run, ana, "interrogate")
    first = done(run, ana, "review", **therapy())
    done(run, ana, "review", **therapy(daily_dose="250 mcg/day"))

    assert "not what was reviewed last" in refused(run, ana, "update", token=first["token"])["what"]
    done(run, ana, "leave")
    assert [entry.data["what"] for entry in found(run, "edit")] == ["back", "abandoned"]


def test_a_slip_between_typing_and_sending_shows_in_what_the_pump_says(quiet: tuple[LessonRun, str]) -> None:
    """A slip of the lesson's makes the pump have another therapy than was asked for; the read-back marks the line."""
    run, ana = quiet
    run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": "human.hourly_for_daily", "params": {}})
    done(run, ana, "interrogate")
    screen = done(run, ana, "review", **therapy(daily_dose="24 mcg/day"))

    seen = done(run, ana, "update", token=screen["token"], reason="a holiday is over")

    assert next(row["name"] for row in seen["rows"] if row["differs"]) == "dose per day, every day"
    assert seen["therapy"]["daily-dose"] == "576 mcg/day"
