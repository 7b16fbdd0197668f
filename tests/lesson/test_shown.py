"""The table of what acts show is what they do show, in a run that does nearly all of them."""

from __future__ import annotations

from collections import defaultdict

import pytest

from hil.errors import QuantityError
from hil.lesson.condition import Figure, figure_of
from hil.lesson.doors import DOORS
from hil.lesson.headless import Result, run_headless
from hil.lesson.reader import load_lesson
from hil.lesson.shown import NO_FIGURE, SHOWN, VALUES
from tests.lesson.lesson_files import written

ONCE = """\
- do: interrogate
- wait: 2 h
- do: interrogate
- do: type
  with: {field: daily-dose, text: 200 mcg/day}
- do: review
  with: {drug: baclofen, concentration: 500 mcg/mL, mode: simple, daily-dose: 200 mcg/day, low-reservoir-alarm: 2 mL}
- do: update
  with: {token: $token, reason: as talked over}
- do: bolus
  with: {dose: 10 mcg, over: 10 min}
- wait: 1 h
- do: stop
- do: prime
  with: {volume: 0.2 mL}
- wait: 1 h
- do: interrogate
- do: start
- do: bridge
  with: {volume: 0.336 mL, rate: 0.24 mL/day}
- wait: 2 days
- do: interrogate
- do: set-clock
  with: {to: 2026-01-31 08:00}
- do: alarm-test
- do: settle
- do: acknowledge
  with: {alarm: motor-stall}
  answer: any
- do: leave
- do: interrogate
- do: puncture
- do: withdraw
  with: {volume: all}
- do: rinse
  with: {volume: 10 mL, times: "2"}
- do: fill
  with: {volume: 20 mL, drug: baclofen, concentration: 500 mcg/mL}
- do: review-refill
  with: {volume: 20 mL}
- do: tell-refill
  with: {volume: 20 mL, withdrawn: 3 mL, drug: baclofen, concentration: 500 mcg/mL}
- do: xray
- do: rotor
- do: rotor
- do: side-port-test
- do: contrast
- do: isotope
- do: reservoir
  with: {put-back: "yes"}
- do: side-port
  with: {draw: 0.5 mL}
- do: magnet
  with: {is: held}
- do: magnet
  with: {is: away}
- do: ask
- do: treat
  with: {treatment: enteral-baclofen, dose: 10 mg}
- do: call
  with: {whom: pharmacy}
- do: note
  with: {text: seen}
"""
LAST = "- do: finish\n"
UNDONE = {"patient-bolus", "silence", "think", "wait"}
"""Acts that this lesson refuses, that show nothing, or that a script has a turn of its own for."""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """One learner who tries everything."""
    folder = written(tmp_path_factory.mktemp("shown") / "mine", {"lesson.yaml": ("ends: 1 day", "ends: 30 days")})
    measured = "".join(f"- do: measure\n  with: {{what: {what}}}\n" for what in VALUES)
    (folder / "every.yaml").write_text(ONCE + measured + LAST, encoding="utf-8")
    return run_headless(load_lesson(folder), str(folder / "every.yaml"))


def test_an_act_shows_the_keys_that_the_table_says(result: Result) -> None:
    """No act shows a key that the table has not, and each key of the table is shown by its act."""
    shown: dict[str, set[str]] = defaultdict(set)
    for entry in result.log.entries():
        if entry.kind == "act" and entry.data["answer"] == "done":
            shown[entry.data["act"]] |= set(entry.data["seen"])

    assert not result.surprises, result.lines
    assert set(DOORS) - set(shown) <= UNDONE | {"acknowledge"}
    assert {act: keys for act, keys in shown.items() if keys != set(SHOWN.get(act, {}))} == {}


def test_a_measured_value_is_written_as_the_table_says(result: Result) -> None:
    """Each value is a figure of the unit that its example has, or no figure where the example is none."""
    values = {
        entry.data["args"]["what"]: entry.data["seen"]["value"]
        for entry in result.log.entries()
        if entry.kind == "act" and entry.data["act"] == "measure"
    }

    assert set(values) == set(VALUES) == set(dict(zip(DOORS["measure"].arguments[0].choices, VALUES, strict=True)))
    for what, value in values.items():
        example, found = _figure(VALUES[what]), _figure(value)
        assert (example is None) == (what in NO_FIGURE), what
        assert (found and found.unit) == (example and example.unit), (what, value)


def _figure(text: str) -> Figure | None:
    try:
        return figure_of(text)
    except QuantityError:
        return None
