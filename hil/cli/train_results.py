"""`pumpsim train results`: how the learners of a stored run did, and its log, items and curves as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.output import show
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.lesson.projection import Role
    from hil.lesson.views.stored import Stored

__all__ = ["results"]

INSTRUCTOR: Role = "instructor"


def results(runs: Path, run: str, folder: Path | None, as_json: bool) -> int:
    """Print a line a learner, the critical errors first; write the files into a new folder. Raises UsageError."""
    from hil.console.lobby import stored_run
    from hil.lesson.views.debrief import debrief_view
    from hil.lesson.views.stored import Stored

    lesson, entries = stored_run(runs, run)
    stored = Stored(lesson, entries)
    views = [debrief_view(stored, key, INSTRUCTOR) for key in stored.learners]
    written = [] if folder is None else _write(stored, folder)
    lines = [f"{run}: {lesson.title}. {lesson.review}"]
    lines += [line for view in views for line in _lines(view)] or ["nobody joined"]
    lines += [f"wrote {path}" for path in written]
    told = [{name: view[name] for name in ("learner", "verdict", "critical", "checklist", "rating")} for view in views]
    show({"run": run, "lesson": lesson.name, "learners": told, "files": [str(path) for path in written]}, lines, as_json=as_json)
    return 0


def _lines(view: dict[str, Any]) -> list[str]:
    """The verdict, then the rating, which is not part of it."""
    rating = view["rating"]
    said = f"; global rating {rating['score']} of {rating['of']}, {rating['words']}" if rating else ""
    return [f"  {view['learner']['nickname']}: {view['verdict']['words']}{said}"]


def _write(stored: Stored, folder: Path) -> list[Path]:
    from hil.lesson.export import curves_csv, export_csv, export_json, items_csv

    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UsageError("this is there already", where=str(folder), do="name a new folder") from None
    except OSError as error:
        raise UsageError(f"no folder can be made here: {error.strerror}", where=str(folder), do="name another") from None
    texts = {
        "log.json": json.dumps(export_json(stored, INSTRUCTOR), indent=1) + "\n",
        "log.csv": export_csv(stored, INSTRUCTOR),
        "items.csv": items_csv(stored),
        "curves.csv": curves_csv(stored, INSTRUCTOR),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
