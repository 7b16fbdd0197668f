"""What the trainer sees: a fold of the whole log, and what is so at this instant.

`InstructorView` takes every entry and keeps for each learner one row of the class table, what was done, what was injected and asked; its
keys are what the page is told anew when they change. `now_view` and `case_view` look at the run itself: they are functions of the instant
and write nothing.
"""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.lesson.entries import CLASS, INSTRUCTOR, Entry
from hil.lesson.entries import CLOCK as CLOCK_WHO
from hil.lesson.scoring import ScoreFold
from hil.lesson.views.clauses import clause, is_look
from hil.lesson.views.fault_forms import fault_forms
from hil.lesson.views.lesson_words import lesson_words
from hil.lesson.views.log_lines import LogLine, log_line, params_text
from hil.lesson.views.moments import Moments
from hil.wording.alarms import alarm_name

if TYPE_CHECKING:
    from hil.lesson.lesson import Lesson

__all__ = ["CONDITIONS", "Course", "InstructorView", "condition_of"]

CLOCK = ("state", "speed", "why", "goal")
SPOKEN = ("said", "finding", "prompt", "step")
"""What a lesson does by itself, as a trainer would."""
LEVELS = ("clinical", "wire", "debug")
LINES_PER_CHUNK, CHUNKS = 20, 10
"""The log on the page is a ring of chunks for each level: a new line sends one chunk anew, and old ones fall out."""
UNREPORTED = ("unknown", "no report of sound yet")
MARKS_MAX = 600
"""Acts, sounds and spans of each kind kept for the lanes of one learner."""
FACT_CONDITIONS = ("breathing-fails", "withdrawal-severe", "over-dosed", "withdrawal-early", "under-dosed")
CONDITIONS: dict[str, dict[str, str]] = {
    "breathing-fails": {"word": "breathing fails", "sign": "◆", "tone": "high"},
    "withdrawal-severe": {"word": "severe withdrawal", "sign": "◆", "tone": "high"},
    "over-dosed": {"word": "over-dosed", "sign": "▼", "tone": "high"},
    "withdrawal-early": {"word": "early withdrawal", "sign": "▲", "tone": "medium"},
    "under-dosed": {"word": "under-dosed", "sign": "▲", "tone": "medium"},
    "controlled": {"word": "controlled", "sign": "✓", "tone": "good"},
}
"""How a patient's condition is said: a word, a sign and a tone, worst first."""


@dataclass(slots=True)
class Course:
    """What happened in one case; a return to a bookmark takes it back to what it was there."""

    last: str = ""
    last_us: int = 0
    acts: int = 0
    thought: str = ""
    finished: bool = False
    held: dict[str, int] = field(default_factory=dict)
    """Facts that hold now, and since when."""
    spans: deque[tuple[str, int, int]] = field(default_factory=lambda: deque(maxlen=MARKS_MAX))
    """Facts that held: which, from, to."""
    deeds: deque[tuple[int, str, bool]] = field(default_factory=lambda: deque(maxlen=MARKS_MAX))
    """Acts: when, what in words, and whether it was done."""
    decisions: deque[tuple[int, str, bool]] = field(default_factory=lambda: deque(maxlen=MARKS_MAX))
    """Those of them that were no mere looks."""
    sounds: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MARKS_MAX))
    alarms: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MARKS_MAX))
    """Alarms that came, as the pump's own record tells it."""
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MARKS_MAX))
    """What the trainer or the lesson did to the case."""


@dataclass(slots=True)
class _Learner:
    """Somebody of the class. Who is here and what the trainer wrote stays when time is turned back."""

    key: str
    nickname: str
    online: bool = True
    offline: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MARKS_MAX))
    left_us: int | None = None
    sound: tuple[str, str] = UNREPORTED
    course: Course = field(default_factory=Course)
    prompts: dict[str, dict[str, str]] = field(default_factory=dict)
    ticks: dict[str, dict[str, str]] = field(default_factory=dict)
    rating: dict[str, Any] = field(default_factory=dict)


def condition_of(held: Any) -> str:
    """The worst of a patient's conditions among the facts that hold."""
    return next((name for name in FACT_CONDITIONS if name in held), "controlled")


class InstructorView:
    """The fold. `lesson` is None only where its words do not matter."""

    def __init__(self, lesson: Lesson | None = None) -> None:
        self.learners: dict[str, _Learner] = {}
        self.moments = Moments()
        self.room_sound = UNREPORTED
        """Whether this page can be heard, which sounds for all where the room has one speaker."""
        self.believed: dict[str, deque[tuple[int, int]]] = {}
        """What each pump believed to give, ng per day, and since when: kept from look to look, and no part of the fold."""
        self._keys: dict[str, Any] = {
            "run": {"name": "", "colour": "", "ended": ""},
            "clock": {"state": "paused", "speed": 1, "why": "", "goal": ""},
            "lesson": lesson_words(lesson),
            "forms": fault_forms(),
            "learners": [],
            "bookmarks": [],
            "steps": {},
            "speakers": "own",
        }
        self._lines: dict[str, list[list[dict[str, Any]]]] = {level: [[] for _ in range(CHUNKS)] for level in LEVELS}
        self._written = dict.fromkeys(LEVELS, 0)
        self._marks: dict[str, dict[str, Course]] = {}
        self._lesson = lesson
        self._scores: dict[str, ScoreFold] = {}

    # -- the fold ----------------------------------------------------------------------------------------------------------------

    def feed(self, entry: Entry) -> None:
        """Take the next entry of the log."""
        self.moments = Moments(self.moments.origin_us, max(self.moments.end_us, entry.at_us))
        handler = getattr(self, f"_on_{entry.kind}", None)
        if handler is not None:
            handler(entry)
        for key, fold in self._scores.items():
            if key in (entry.about, entry.who) or not entry.about:
                fold.feed(entry)
        self._write(log_line(entry), entry.kind)

    def as_dict(self) -> dict[str, Any]:
        """Everything by key; `row:KEY` is a learner, `log:LEVEL:N` a chunk of the log."""
        rows = {f"row:{key}": self._row(learner) for key, learner in self.learners.items()}
        logs = {f"log:{level}:{place}": list(lines) for level in LEVELS for place, lines in enumerate(self._lines[level]) if lines}
        return self._keys | rows | logs

    def course(self, learner: str) -> Course:
        """What happened in a learner's case."""
        return self.learners[learner].course

    def score(self, learner: str, now_us: int) -> dict[str, Any] | None:
        """How a learner stands by the checklist; None without a lesson."""
        fold = self._scores.get(learner)
        return None if fold is None else fold.score(now_us).as_dict()

    def errors(self, learner: str, now_us: int) -> list[str]:
        """The critical errors that a learner has committed."""
        fold = self._scores.get(learner)
        return [] if fold is None else [error.text for error in fold.score(now_us).errors]

    def note_belief(self, learner: str, at_us: int, ng_per_day: int) -> None:
        """The rate that a pump believes to give at this instant."""
        kept = self.believed.setdefault(learner, deque(maxlen=MARKS_MAX))
        while kept and kept[-1][0] >= at_us:
            kept.pop()
        if not kept or kept[-1][1] != ng_per_day:
            kept.append((at_us, ng_per_day))

    def _about(self, entry: Entry) -> list[_Learner]:
        """The learners that an entry is about; about nobody is about all."""
        if not entry.about:
            return list(self.learners.values())
        return [self.learners[entry.about]] if entry.about in self.learners else []

    def _write(self, line: LogLine, kind: str) -> None:
        written = self._written[line.level]
        chunk = self._lines[line.level][written // LINES_PER_CHUNK % CHUNKS]
        if written % LINES_PER_CHUNK == 0:
            chunk.clear()
        about = self._name(line.about) if line.about != line.who else ""
        who = self._name(line.who)
        if line.who in (CLASS, CLOCK_WHO):
            who, about = ("the lesson", about) if kind in SPOKEN else (about or "the class", "")
        told = {"n": line.n, "at": self.moments.text(line.at_us), "who": who, "about": about, "key": line.about, "text": line.text}
        chunk.append(told | ({"wire": list(line.wire)} if line.wire else {}))
        self._written[line.level] = written + 1

    def _name(self, key: str) -> str:
        return self.learners[key].nickname if key in self.learners else key

    def _set(self, key: str, value: Any) -> None:
        self._keys = self._keys | {key: value}

    def _row(self, learner: _Learner) -> dict[str, Any]:
        course = learner.course
        return {
            "key": learner.key,
            "nickname": learner.nickname,
            "online": learner.online,
            "last": course.last,
            "last_us": course.last_us,
            "acts": course.acts,
            "thought": course.thought,
            "finished": course.finished,
            "condition": CONDITIONS[condition_of(course.held)],
            "facts": sorted(name.replace("-", " ") for name in course.held),
            "sound": {"state": learner.sound[0], "words": learner.sound[1]},
            "faults": [{"handle": handle, **fault} for handle, fault in course.faults.items()],
            "prompts": [{"id": number, **prompt} for number, prompt in learner.prompts.items()],
            "ticks": dict(learner.ticks),
            "rating": dict(learner.rating),
        }

    # -- kinds -------------------------------------------------------------------------------------------------------------------

    def _on_began(self, entry: Entry) -> None:
        self.moments = Moments(int(entry.data.get("clock_us", 0)), entry.at_us)
        self._set(
            "run", {"name": entry.data.get("run", ""), "colour": entry.data.get("colour", ""), "ended": "", "seed": entry.data.get("seed")}
        )

    def _on_joined(self, entry: Entry) -> None:
        key = entry.about or entry.who
        self.learners[key] = _Learner(key, str(entry.data.get("nickname", key)))
        self._set("learners", list(self.learners))
        if self._lesson is not None:
            self._scores[key] = ScoreFold(self._lesson, key)

    def _on_left(self, entry: Entry) -> None:
        for learner in self._about(entry):
            learner.online, learner.left_us = False, entry.at_us

    def _on_back(self, entry: Entry) -> None:
        for learner in self._about(entry):
            if learner.left_us is not None and learner.left_us < entry.at_us:
                learner.offline.append((learner.left_us, entry.at_us))
            learner.online, learner.left_us = True, None

    def _on_clock(self, entry: Entry) -> None:
        data = entry.data
        self._set(
            "clock",
            {"state": data.get("state", ""), "speed": data.get("speed", 1), "why": data.get("why", ""), "goal": data.get("goal", "")},
        )

    def _on_act(self, entry: Entry) -> None:
        learner = self.learners.get(entry.about or entry.who)
        if learner is None:
            return
        act, args = str(entry.data.get("act", "")), entry.data.get("args") or {}
        words, done = str(entry.data.get("words") or clause(act, args)), entry.data.get("answer", "done") == "done"
        course = learner.course
        course.last, course.last_us, course.acts = words if done else f"{words}: {entry.data.get('answer')}", entry.at_us, course.acts + 1
        course.deeds.append((entry.at_us, words, done))
        if done and not is_look(act):
            course.decisions.append((entry.at_us, words, done))

    def _on_sound(self, entry: Entry) -> None:
        for learner in self._about(entry):
            learner.course.sounds.append((entry.at_us, str(entry.data.get("pattern", "")).replace("_", " ")))

    def _on_audio(self, entry: Entry) -> None:
        learner = self.learners.get(entry.who)
        if learner is not None:
            learner.sound = _audible(entry.data)
        elif entry.who == INSTRUCTOR:
            self.room_sound = _audible(entry.data)

    def _on_speakers(self, entry: Entry) -> None:
        self._set("speakers", str(entry.data.get("who", "own")))

    @property
    def speakers(self) -> str:
        """Where the pumps sound: own, room or none."""
        return str(self._keys["speakers"])

    def _on_fact(self, entry: Entry) -> None:
        name = str(entry.data.get("fact", ""))
        for learner in self._about(entry):
            held = learner.course.held
            if entry.data.get("holds"):
                held.setdefault(name, entry.at_us)
            elif name in held:
                learner.course.spans.append((name, held.pop(name), entry.at_us))

    def _on_event(self, entry: Entry) -> None:
        event = entry.data.get("event") or {}
        if event.get("event") == "ALARM_RAISED":
            for learner in self._about(entry):
                learner.course.alarms.append((entry.at_us, alarm_name(int(event["detail"]))))

    def _on_inject(self, entry: Entry) -> None:
        if entry.data.get("error"):
            return
        handle, words = str(entry.data.get("handle", "")), str(entry.data.get("words") or params_text(entry.data))
        for learner in self._about(entry):
            learner.course.events.append((entry.at_us, f"injected {words}"))
            learner.course.faults[handle] = {"fault": entry.data.get("fault", ""), "words": words, "at": self.moments.text(entry.at_us)}

    def _on_clear(self, entry: Entry) -> None:
        if entry.data.get("error"):
            return
        for learner in self._about(entry):
            gone = learner.course.faults.pop(str(entry.data.get("handle", "")), None)
            learner.course.events.append((entry.at_us, f"cleared {gone['words'] if gone else entry.data.get('fault', '')}"))

    def _on_step(self, entry: Entry) -> None:
        number = str(entry.data.get("id", ""))
        for learner in self._about(entry):
            words = entry.data.get("words") or entry.data.get("text") or f"step {number}"
            learner.course.events.append((entry.at_us, str(words)))
        steps = dict(self._keys["steps"])
        steps[f"{entry.about}:{number}"] = self.moments.text(entry.at_us)
        self._set("steps", steps)

    def _on_prompt(self, entry: Entry) -> None:
        for learner in self._about(entry):
            learner.prompts[str(entry.data["id"])] = {
                "text": str(entry.data.get("text", "")),
                "reply": "",
                "at": self.moments.text(entry.at_us),
            }

    def _on_reply(self, entry: Entry) -> None:
        learner = self.learners.get(entry.who)
        prompt = learner.prompts.get(str(entry.data.get("id"))) if learner else None
        if prompt is not None:
            prompt["reply"] = str(entry.data.get("text", ""))

    def _on_thought(self, entry: Entry) -> None:
        for learner in self._about(entry):
            learner.course.thought = log_line(entry).text
            learner.course.deeds.append((entry.at_us, learner.course.thought, True))

    def _on_finished(self, entry: Entry) -> None:
        for learner in self._about(entry):
            learner.course.finished = True

    def _on_ticked(self, entry: Entry) -> None:
        learner = self.learners.get(str(entry.data.get("learner") or entry.about))
        if learner is not None:
            learner.ticks[str(entry.data["item"])] = {"state": str(entry.data.get("state", "")), "note": str(entry.data.get("note", ""))}

    def _on_rating(self, entry: Entry) -> None:
        learner = self.learners.get(str(entry.data.get("learner") or entry.about))
        if learner is not None:
            learner.rating = {"score": entry.data.get("score"), "note": entry.data.get("note", "")}

    def _on_bookmark(self, entry: Entry) -> None:
        name = str(entry.data["name"])
        self._marks[name] = {key: copy.deepcopy(learner.course) for key, learner in self.learners.items()}
        others = [mark for mark in self._keys["bookmarks"] if mark["name"] != name]
        self._set("bookmarks", [*others, {"name": name, "at": self.moments.text(entry.at_us)}])

    def _on_returned(self, entry: Entry) -> None:
        for key, course in self._marks.get(str(entry.data["bookmark"]), {}).items():
            self.learners[key].course = copy.deepcopy(course)

    def _on_ended(self, entry: Entry) -> None:
        self._set("run", self._keys["run"] | {"ended": str(entry.data.get("why") or "ended")})


def _audible(data: dict[str, Any]) -> tuple[str, str]:
    """Whether a client can be heard, as a state and in words."""
    if data.get("state") != "running":
        return "off", "sound is off"
    if data.get("muted"):
        return "muted", "muted"
    if data.get("volume") in (0, 0.0, "0"):
        return "muted", "volume at 0"
    return ("hidden", "page hidden") if data.get("hidden") else ("ok", "sound ok")
