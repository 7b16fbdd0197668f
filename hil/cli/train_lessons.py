"""What `pumpsim train` does with lessons and no page: list them, check one, run one with a scripted learner, save a run as one."""

from __future__ import annotations

from pathlib import Path

from hil.cli.output import aligned, note, show
from hil.errors import UsageError

__all__ = ["checked", "cross_table", "headless", "listed", "saved"]

FAILED, WRONG = 1, 2


def listed(as_json: bool) -> int:
    """The lessons that ship."""
    from hil.lesson import catalogue

    rows = catalogue.listed()
    lines = aligned([(row["name"], f"{row['title']} ({row['level']}, {row['minutes']} min)") for row in rows])
    show({"lessons": rows}, lines, as_json=as_json)
    return 0


def checked(file: Path, as_json: bool) -> int:
    """Whether a lesson is whole; if not, its mistakes go to standard error, each with file, line and column."""
    from hil.lesson import catalogue

    found = catalogue.checked(file)
    lines = found.pop("lines")
    if found["ok"] or as_json:
        show(found, lines, as_json=as_json)
    else:
        for line in lines:
            note(line)
    return 0 if found["ok"] else WRONG


def headless(lesson: str, policy: str | None, seed: int | None, as_json: bool) -> int:
    """Run a lesson with a scripted learner; 1 if he does not pass."""
    from hil.lesson.headless import run_headless
    from hil.lesson.reader import load_lesson

    if policy is None:
        raise UsageError("who is the learner?", where="--headless", do="add --policy FILE, or --policy good")
    result = run_headless(load_lesson(lesson), policy, seed=seed)
    show(result.as_dict(), result.lines, as_json=as_json)
    return 0 if result.score.passed else FAILED


def cross_table(as_json: bool) -> int:
    """The good scripted learner of each lesson in every lesson: each must pass his own and fail another one; 1 if not."""
    from hil.lesson.catalogue import shipped
    from hil.lesson.headless import cross_rows
    from hil.lesson.shelf import shipped_lessons

    lessons = [shipped(name) for name in shipped_lessons()]
    rows, pairs, ok = [], [], True
    for done, (learner, scores) in enumerate(cross_rows(lessons), 1):
        passed = [name for name, score in scores.items() if score.passed and name != learner]
        held = bool(scores[learner].passed) and len(passed) < len(lessons) - 1
        ok &= held
        rows.append({"learner": learner, "ok": held, "lessons": {name: score.as_dict() for name, score in scores.items()}})
        own = "passes his own" if scores[learner].passed else "FAILS HIS OWN"
        pairs.append((learner, f"{own}, fails {len(lessons) - 1 - len(passed)} of {len(lessons) - 1} others; passes {_listed(passed)}"))
        note(f"{done} of {len(lessons)}: {learner}")
    show({"ok": ok, "rows": rows}, aligned(pairs), as_json=as_json)
    return 0 if ok else FAILED


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none of them"


def saved(run: tuple[Path, str], folder: Path, learner: str, as_json: bool) -> int:
    """A stored run as a new lesson. Raises UsageError."""
    from hil.console.lobby import stored_run
    from hil.lesson.record import save_lesson

    lesson, entries = stored_run(*run)
    saved = save_lesson(lesson, entries, folder, learner=learner)
    lines = [f"saved {run[1]} as the lesson {folder}; look at it with: pumpsim train check {folder}"]
    lines += [f"left out: {each}" for each in saved.left_out]
    show({"saved": str(folder), "lesson": saved.lesson.name, "left_out": list(saved.left_out)}, lines, as_json=as_json)
    return 0
