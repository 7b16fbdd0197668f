"""What the page on writing lessons advises does what it says."""

from __future__ import annotations

from pathlib import Path

from hil.lesson.headless import Result, run_headless
from hil.lesson.reader import load_lesson
from tests.lesson.lesson_files import written

US_PER_H = 3_600_000_000
LATER = """\
  - when: {fact: motor-stalled, since: called, for: 3 h}
    do:
      - clear: motor.stall
    tell: worse
checklist:
  - {id: called, did: call, with: {whom: neurosurgery}}
"""
OLD_HANDLERS = """\
  - at: 30 min
    tell: worse
  - when: {did: interrogate}
    do:
      - clear: motor.stall
checklist:
"""


def _played(folder: Path, turns: str) -> Result:
    (folder / "tried.yaml").write_text(turns, encoding="utf-8")
    return run_headless(load_lesson(folder), str(folder / "tried.yaml"))


def test_something_comes_three_hours_after_an_item(tmp_path: Path) -> None:
    """A fact that holds, counted from an item for so long, lets a handler come so long after the item was met, and not before."""
    folder = written(tmp_path / "mine", {"lesson.yaml": (OLD_HANDLERS, LATER)})
    texts = (folder / "texts.en.yaml").read_text(encoding="utf-8")
    words = "checklist:\n  called: {text: Called, debrief: It takes hours.}\n"
    (folder / "texts.en.yaml").write_text(texts.replace("checklist:\n", words), encoding="utf-8")

    result = _played(folder, "- wait: 2 h\n- do: call\n  with: {whom: neurosurgery}\n- wait: 8 h\n")

    mended = [
        entry.at_us for entry in result.log.entries() if entry.kind == "fact" and entry.data == {"fact": "motor-stalled", "holds": False}
    ]
    assert mended
    assert 5 * US_PER_H <= mended[0] <= 5 * US_PER_H + US_PER_H // 2, mended


def test_the_same_dose_sent_again_is_no_other_therapy(tmp_path: Path) -> None:
    """A critical error for another therapy than ordered is committed by another dose, and not by an update as such."""
    folder = written(tmp_path / "mine", {"lesson.yaml": ("did: stop}", "fact: therapy-not-intended}")})
    form = "drug: baclofen, concentration: 500 mcg/mL, mode: simple, low-reservoir-alarm: 2 mL"
    turns = "- do: interrogate\n- do: review\n  with: {%s, daily-dose: %s}\n- do: update\n  with: {token: $token}\n"

    same = _played(folder, turns % (form, "240 mcg/day"))
    other = _played(folder, turns % (form, "260 mcg/day"))

    assert not same.surprises + other.surprises
    assert [error.id for error in same.score.errors] == []
    assert [error.id for error in other.score.errors] == ["stopped-it"]


def test_what_was_done_before_does_not_count(tmp_path: Path) -> None:
    """Whoever calls before he has read the pump has not called since."""
    folder = written(tmp_path / "mine", {"lesson.yaml": ("thought: right, after: read-it", "did: call, since: read-it, within: 1 h")})
    call, read = "- do: call\n  with: {whom: neurosurgery}\n", "- do: interrogate\n"

    assert {"said-it": "missed", "read-it": "met"}.items() <= _states(_played(folder, call + read)).items()
    assert {"said-it": "met", "read-it": "met"}.items() <= _states(_played(folder, read + call)).items()


def _states(result: Result) -> dict[str, str]:
    return {item.id: item.state for item in result.score.items}


def test_thinking_calling_and_waiting_are_never_shut(tmp_path: Path) -> None:
    """A lesson that allows one act still lets its learner think, call, wait and finish, and nothing else."""
    folder = written(tmp_path / "mine", {"lesson.yaml": ("ends:", "allowed: [interrogate]\nends:")})
    think, call = "- do: think\n  with: {diagnosis: stall, sure: 80 %}\n", "- do: call\n  with: {whom: pharmacy}\n"
    turns = f"- do: interrogate\n{think}{call}- do: xray\n- wait: 1 h\n- do: finish\n"

    assert [each.act for each in _played(folder, turns).surprises] == ["xray"]
