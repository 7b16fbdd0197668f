"""What an observer is told beside the view of the learner looked at: who is there. No truth, and nothing of what anybody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.lesson.run import LessonRun

__all__ = ["class_view"]


def class_view(run: LessonRun) -> dict[str, Any]:
    """The learners to choose from, under the key `class`."""
    return {"class": [{"key": key, "nickname": case.nickname} for key, case in run.cases.items()]}
