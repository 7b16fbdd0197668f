"""A recorded run is the same bytes again on every target; of two that differ, the first difference is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hil.errors import UsageError
from hil.scenario.beginning import HERE, Target
from hil.scenario.difference import first_difference, inputs_apart, read_recording
from hil.scenario.recording import Recorder
from hil.scenario.runner import play_all
from tests.scenarios.plays import scenario_of

STEPS = """
- update: usual
- inject: {fault: motor.stall, as: stall}
- advance: {until: alarm motor-stall, at-most: 1 day}
- clear: stall
- advance: 2 h
- expect: [{alarms: none}, drug given is above 1 mcg]
"""


def recorded(path: Path, steps: str = STEPS, target: Target | None = None) -> list[dict[str, Any]]:
    """Play a scenario and record it."""
    recorder = Recorder(path)
    play_all(scenario_of(steps), target or HERE, [recorder])
    recorder.close()
    return read_recording(path)


@pytest.mark.parametrize("url", ["", "pty:{folder}/pump"])
def test_same_scenario_is_the_same_bytes_on_every_target(url: str, tmp_path: Path) -> None:
    """In this process, and behind a port of its own."""
    recorded(tmp_path / "one.jsonl")
    recorded(tmp_path / "other.jsonl", target=Target(url.format(folder=tmp_path)))

    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "other.jsonl").read_bytes()


def test_recording_tells_belief_truth_events_and_digest_of_each_step(tmp_path: Path) -> None:
    """And how it ended; every line is JSON."""
    head, *steps, end = recorded(tmp_path / "one.jsonl")

    assert (head["scenario"], head["seed"], end["ended"]) == ("test", 3, "passed")
    assert [step["word"] for step in steps] == ["update", "inject", "advance", "clear", "advance", "expect"]
    assert steps[2]["belief"]["alarms"][0]["cause"] == "motor_stall"
    assert steps[2]["truth"]["steps_commanded"] > steps[2]["truth"]["steps_moved"]
    assert any(event.get("event") == "ALARM_RAISED" for event in steps[2]["events"])
    assert steps[-1]["digest"] != head["digest"]
    assert end["digest"]


def test_no_difference_is_found_where_there_is_none(tmp_path: Path) -> None:
    """Two runs of one scenario."""
    one, other = recorded(tmp_path / "one.jsonl"), recorded(tmp_path / "other.jsonl")

    assert first_difference(one, other) is None
    assert inputs_apart(one, other) == []


def test_first_event_that_differs_is_told_with_its_time(tmp_path: Path) -> None:
    """A wait that is a second longer is found at its end; what was asked for otherwise is told apart."""
    one = recorded(tmp_path / "one.jsonl")
    other = recorded(tmp_path / "other.jsonl", STEPS.replace("- clear: stall", "- advance: 1 s\n- clear: stall"))
    found = first_difference(one, other)

    assert found is not None
    assert (found.step, found.field, found.first, found.second) == (4, "word", "clear", "advance")
    assert found.before == "step 3: advance until alarm motor-stall: 20 min 6 s"
    assert [each.field for each in inputs_apart(one, other)] == ["sha256"]


def test_another_unit_differs_in_what_it_does(tmp_path: Path) -> None:
    """The seed is an input; the first field that follows from it is told."""
    one, other = recorded(tmp_path / "one.jsonl"), recorded(tmp_path / "other.jsonl", target=Target("", seed=4))
    found = first_difference(one, other)

    assert found is not None
    assert found.step == 1
    assert [(each.field, each.first, each.second) for each in inputs_apart(one, other)] == [("seed", 3, 4)]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("truth", "delivered_ng"), 1, "truth.delivered_ng"),
        (("belief", "alarms", 0, "raised_us"), 2, "belief.alarms[0].raised_us"),
        (("digest",), "00", "digest"),
        (("verdict",), "failed", "verdict"),
    ],
)
def test_one_changed_value_is_found_where_it_is(path: tuple[str | int, ...], value: object, field: str, tmp_path: Path) -> None:
    """In the third step, down to the field."""
    one = recorded(tmp_path / "one.jsonl")
    other = json.loads(json.dumps(one))
    inner = other[3]
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    found = first_difference(one, other)

    assert found is not None
    assert (found.step, found.field, found.second) == (3, field, value)


def test_changed_event_is_told_by_its_own_time(tmp_path: Path) -> None:
    """Not by that of the step that it fell into."""
    one = recorded(tmp_path / "one.jsonl")
    other = json.loads(json.dumps(one))
    event = next(event for event in other[3]["events"] if event.get("event") == "ALARM_RAISED")
    event["now_us"] += 5
    found = first_difference(one, other)

    assert found is not None
    assert found.field.startswith("events[")
    assert found.at_us == event["now_us"] - 5 - one[0]["began_us"]
    assert "ALARM_RAISED" in found.first


@pytest.mark.parametrize("lines", [1, 4])
def test_run_that_goes_on_where_the_other_ended_is_told(lines: int, tmp_path: Path) -> None:
    """A file that breaks off."""
    one = recorded(tmp_path / "one.jsonl")
    found = first_difference(one, one[:lines])

    assert found is not None
    assert (found.step, found.field, found.second) == (lines, "steps", "nothing")


@pytest.mark.parametrize("text", ["", "[]\n", "{}\n", "no\n", '{"recording": 99}\n'])
def test_other_files_are_no_recordings(text: str, tmp_path: Path) -> None:
    """They are told so."""
    (tmp_path / "x").write_text(text)

    with pytest.raises(UsageError):
        read_recording(tmp_path / "x")
