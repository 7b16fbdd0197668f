"""What of a log reaches whom: the one gate between what is known here and what a page, a file or a printout of somebody else holds."""

from __future__ import annotations

from typing import Literal

from hil.lesson.entries import KINDS, Entry

__all__ = ["Role", "project"]

Role = Literal["instructor", "learner", "observer"]


def project(entry: Entry, role: Role, learner: str = "") -> Entry | None:
    """The entry as this role may have it, None if it may not know of it.

    An instructor has it whole. A learner has what is about his own case or about all, cut down to the fields that the table of kinds gives
    him. An observer has what any learner has, of the case he looks at; without one, of all.
    """
    if role == "instructor":
        return entry
    kind = KINDS[entry.kind]
    if kind.learner is None or not _concerns(entry, learner, everybody=role == "observer" and not learner):
        return None
    who = entry.who if entry.who in (entry.about, "instructor", "class", "clock") else ""
    return entry._replace(who=who, data={name: value for name, value in entry.data.items() if name in kind.learner})


def _concerns(entry: Entry, learner: str, *, everybody: bool) -> bool:
    if entry.about:
        return everybody or entry.about == learner
    return KINDS[entry.kind].to_all
