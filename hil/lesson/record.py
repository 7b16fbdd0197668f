"""A run that was held, saved as a lesson: what the trainer did becomes handlers, what the learner did a draft of good.yaml.

Everything keeps its instant, so that the saved lesson with its scripted learner is the same run again, as far as the learner perceives it.
Only what the trainer did at the very microsecond of an act of the learner, as in a pause, comes one microsecond behind it.
What cannot be part of a lesson is left out and told: the pauses, what came to be undone by a bookmark, answers to questions.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import CheckFailed, UsageError
from hil.lesson.condition import span_text
from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.head import NOT_REVIEWED
from hil.lesson.lesson import Lesson
from hil.lesson.log import branch_of
from hil.lesson.reader import check_lesson
from hil.lesson.shelf import LOGIC, shipped_lessons
from hil.scenario.acts import Inject

__all__ = ["Saved", "save_lesson"]

WIDTH = 140
TOKEN = "token"  # noqa: S105  # the name of an argument
TOLD = ("said", "finding", "prompt")
LEFT_OUT = {"reply": "an answer to a question", "returned": "a return to a bookmark"}


class Saved(NamedTuple):
    """The lesson that came of it, and what could not be part of it, a line each."""

    lesson: Lesson
    left_out: tuple[str, ...]


def save_lesson(lesson: Lesson, entries: Iterable[Entry], folder: Path | str, learner: str = "", title: str = "") -> Saved:
    """Write the lesson into a new folder. `learner` is whose run it is, the first who joined if not given.

    Raises UsageError for a folder that is there already, CheckFailed for a log without that learner or of another lesson.
    """
    target = Path(folder)
    if target.exists() or target.name in shipped_lessons():
        raise UsageError("there is something of this name already", where=str(target), do="give another name")
    log = list(entries)
    _demand_of(lesson, log)
    key = _learner_of(log, learner)
    story = _Story(lesson, [entry for entry in branch_of(log) if entry.about in ("", key)], key)
    try:
        _write(lesson, story, log[0].data["seed"], target, title)
        saved = check_lesson(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return Saved(saved, tuple(sorted({LEFT_OUT[entry.kind] for entry in log if entry.kind in LEFT_OUT})))


def _demand_of(lesson: Lesson, log: Sequence[Entry]) -> None:
    if not log or log[0].kind != "began" or log[0].data["lesson"] != lesson.name:
        raise CheckFailed("this log is not one of that lesson", where="save-lesson", do="give the whole log of a run of it")


def _learner_of(log: Sequence[Entry], learner: str) -> str:
    joined = [entry.about for entry in log if entry.kind == "joined"]
    if not joined or (learner and learner not in joined):
        what = f"nobody called {learner!r} joined this run" if learner else "nobody joined this run"
        raise CheckFailed(what, where="save-lesson", do=f"it has {', '.join(joined)}" if joined else "let somebody take it first")
    return learner or joined[0]


class _Story:
    """What happened, turn by turn: handlers of the lesson, words that are told, turns of the scripted learner, and when it ended."""

    def __init__(self, lesson: Lesson, entries: Sequence[Entry], key: str) -> None:
        self._key = key
        self._handles = {entry.data["handle"]: self._name(entry) for entry in entries if entry.kind == "inject" and "handle" in entry.data}
        self._injected = {step.act.fault: step.act.name or step.act.fault for step in _all_steps(lesson) if isinstance(step.act, Inject)}
        self.words: dict[str, str] = {}
        self.handlers: list[dict[str, Any]] = []
        self.early: dict[int, int] = {}
        self.turns: list[dict[str, Any]] = []
        self.ended_us: int | None = None
        self._at_us = 0
        self._tokens: list[str] = []
        for entry in entries:
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        if entry.kind == "act" and entry.who == self._key:
            self._act(entry)
        elif entry.kind == "ended":
            self.ended_us = entry.at_us
            self._wait_to(entry.at_us)
        elif entry.who == INSTRUCTOR:
            self._trainer(entry)

    def _trainer(self, entry: Entry) -> None:
        at = span_text(self._instant(entry))
        if entry.kind == "inject":
            fault = {"fault": entry.data["fault"], "as": self._name(entry), **entry.data["params"]}
            self.handlers.append({"at": at, "do": [{"inject": fault}]})
        elif entry.kind == "clear":
            fault = entry.data["fault"]
            name = self._handles.get(entry.data["handle"]) or self._injected.get(fault, fault)
            self.handlers.append({"at": at, "do": [{"clear": name}]})
        elif entry.kind == "step":
            self.early[int(entry.data["id"])] = self._instant(entry)
        elif entry.kind in TOLD:
            said = f"said-{len(self.words) + 1}"
            self.words[said] = entry.data["text"]
            self.handlers.append({"at": at, "tell": said})

    def _instant(self, entry: Entry) -> int:
        """When a handler must come to be there in its turn: just after what the learner did at the same instant."""
        return entry.at_us + 1 if entry.at_us == self._at_us else entry.at_us

    @staticmethod
    def _name(entry: Entry) -> str:
        return f"{entry.data['fault']} {entry.data['handle']}"

    def _act(self, entry: Entry) -> None:
        self._wait_to(entry.at_us)
        data = entry.data
        turn: dict[str, Any] = {"do": data["act"]}
        if data["args"]:
            turn["with"] = {name: self._typed(name, value) for name, value in data["args"].items()}
        if data["answer"] != "done":
            turn["answer"] = "refused"
        self.turns.append(turn)
        self._tokens += [str(value) for name, value in data["seen"].items() if name == TOKEN]

    def _typed(self, name: str, value: Any) -> Any:
        """What is typed; what a review has just shown is asked for by its name."""
        return f"${name}" if name == TOKEN and self._tokens and value == self._tokens[-1] else value

    def _wait_to(self, at_us: int) -> None:
        if at_us > self._at_us:
            self.turns.append({"wait": span_text(at_us - self._at_us)})
        self._at_us = at_us


def _all_steps(lesson: Lesson) -> Iterator[Any]:
    yield from lesson.scenario.all_steps
    for reaction in lesson.reactions:
        for step in reaction.steps:
            yield from step.inside


def _write(lesson: Lesson, story: _Story, seed: int, target: Path, title: str) -> None:
    """All files of the lesson; those beside it, such as therapies, come along, translations do not."""
    shutil.copytree(lesson.folder, target, ignore=shutil.ignore_patterns("texts.*.yaml"))
    yaml = _yaml()
    logic = yaml.load(lesson.folder / LOGIC)
    logic["seed"] = seed
    logic["clinically-reviewed"] = logic["piloted"] = NOT_REVIEWED
    handlers = list(logic.get("then") or [])
    for number, at_us in story.early.items():
        handlers[number].pop("when", None)
        handlers[number]["at"] = span_text(at_us)
    logic["then"] = [*handlers, *story.handlers]
    if story.ended_us:
        _end(logic, span_text(story.ended_us))
    yaml.dump(logic, target / LOGIC)
    words = yaml.load(lesson.folder / f"texts.{lesson.language}.yaml")
    words["title"] = title or f"{words['title']} (as it was held)"
    if story.words:
        words["tell"] = {**(words.get("tell") or {}), **story.words}
    yaml.dump(words, target / f"texts.{lesson.language}.yaml")
    yaml.dump(story.turns or [{"wait": "1 min"}], target / "good.yaml")


def _end(logic: Any, after: str) -> None:
    """End where it ended."""
    ends = logic["ends"]
    logic["ends"] = {**ends, "after": after} if isinstance(ends, dict) else {"after": after}


def _yaml() -> Any:
    """A writer that keeps comments and order."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = WIDTH
    yaml.preserve_quotes = True
    return yaml
