"""A lesson without a page: a scripted learner acts through the doors, time passes as fast as it can be worked out, and the log is judged.

The learner is told nothing but what the run projects for a learner: no lesson's name, no truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import LessonFileError, UsageError
from hil.lesson.criteria import value_at
from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.lesson import Lesson
from hil.lesson.log import Log
from hil.lesson.policy import Do, If, Policy, Seen, Turn, Until, Wait, read_policy
from hil.lesson.projection import project
from hil.lesson.run import LessonRun, Outcome
from hil.lesson.scoring import Score, ScoreFold

__all__ = ["Result", "ScriptedLearner", "cross_rows", "cross_table", "play", "policy_named", "run_headless"]

US_PER_S = 1_000_000
SLICE_US = 3_600 * US_PER_S
GLANCE_US = 300 * US_PER_S
"""How far time goes at once while something is waited for."""
NICKNAME = "scripted"
ENTRIES_KEPT = 2_000
"""What a scripted learner can look back on."""


class Surprise(NamedTuple):
    """An act that was answered otherwise than its file foresees."""

    line: int
    act: str
    expected: str
    what: str


class Result(NamedTuple):
    """What came of one run."""

    lesson: str
    title: str
    reviewed: str
    policy: str
    seed: int
    learner: str
    score: Score
    surprises: tuple[Surprise, ...]
    log: Log

    @property
    def odd(self) -> tuple[str, ...]:
        """A line for each act that was answered otherwise than foreseen."""
        return tuple(f"  {self.policy}:{each.line}: {each.act}: expected {each.expected}; {each.what}" for each in self.surprises)

    @property
    def lines(self) -> tuple[str, ...]:
        """For a reader."""
        return (
            f"{self.lesson}: {self.title} ({Path(self.policy).stem}, seed {self.seed}). Clinically reviewed: {self.reviewed}",
            *self.score.lines,
            *self.odd,
        )

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        head = {"lesson": self.lesson, "title": self.title, "clinically_reviewed": self.reviewed, "policy": self.policy, "seed": self.seed}
        return {**head, "entries": len(self.log), "score": self.score.as_dict(), "surprises": [each._asdict() for each in self.surprises]}


def policy_named(lesson: Lesson, name: str) -> Policy:
    """One of the scripted learners beside a lesson (good, poor), or a file of one's own. Raises LessonFileError, UsageError."""
    if name in lesson.policies:
        return lesson.policies[name]
    if Path(name).suffix not in (".yaml", ".yml") and not Path(name).is_file():
        known = ", ".join(lesson.policies) or "none"
        raise UsageError(f"no scripted learner is called {name!r}", where="--policy", do=f"beside this lesson: {known}; or give a file")
    policy = read_policy(Path(name))
    problems = [(policy.path, problem) for problem in policy.problems()]
    if problems:
        raise LessonFileError(problems)
    return policy


def run_headless(lesson: Lesson, policy: Policy | str = "good", seed: int | None = None) -> Result:
    """Let a scripted learner take a lesson, to its end. Raises HilError."""
    script = policy_named(lesson, policy) if isinstance(policy, str) else policy
    run = LessonRun(lesson, seed=seed, name="headless")
    try:
        run.order(INSTRUCTOR, "resume")
        key = run.join(NICKNAME)
        fold = ScoreFold(lesson, key)
        learner = ScriptedLearner(run, key)
        learner.play(script.turns)
        learner.rest()
        for entry in run.log.entries():
            fold.feed(entry)
        return Result(
            lesson.name,
            lesson.title,
            lesson.head.reviewed,
            script.path,
            run.seed,
            key,
            fold.score(run.now_us),
            tuple(learner.surprises),
            run.log,
        )
    finally:
        run.close()


class ScriptedLearner:
    """Plays turns in a run, on what a learner perceives."""

    def __init__(self, run: LessonRun, key: str, until_us: int | None = None) -> None:
        self._run = run
        self._key = key
        self._until_us = until_us
        self.perceived: list[Entry] = []
        self._finished = False
        self.surprises: list[Surprise] = []
        for entry in run.log.entries():
            self._perceive(entry)
        run.log.listen(self._perceive)

    @property
    def over(self) -> bool:
        """Whether the learner has finished, the lesson has ended, or it is as late as it may become."""
        return self._finished or self._run.state == "ended" or (self._until_us is not None and self._run.now_us >= self._until_us)

    def _pass_to(self, at_us: int) -> None:
        """Let time pass once, at most to there; a sound may end it earlier."""
        at_us = at_us if self._until_us is None else min(at_us, self._until_us)
        self._run.advance_us(at_us - self._run.now_us)

    def _perceive(self, entry: Entry) -> None:
        mine = project(entry, "learner", self._key)
        if mine is not None:
            self.perceived.append(mine)
            del self.perceived[:-ENTRIES_KEPT]
            self._finished |= entry.kind in ("finished", "ended")

    # -- turns -----------------------------------------------------------------------------------------------------------

    def play(self, turns: Iterable[Turn]) -> None:
        """Make these turns, unless the lesson is over."""
        for turn in turns:
            if self.over:
                return
            match turn.what:
                case Do() as what:
                    self._do(turn, what)
                case Wait(wait=us):
                    self.wait(us)
                case Until() as what:
                    self._until(what)
                case If() as what:
                    self.play(what.yes if self.has_seen(what.condition) else what.no)

    def rest(self) -> None:
        """Nothing more is done: the lesson goes on to its end, or ends for one who has finished."""
        if self._finished and self._run.state != "ended":
            self._run.order(INSTRUCTOR, "end")
        while self._run.state != "ended":
            self._run.advance_us(SLICE_US)

    def wait(self, us: int) -> None:
        """Let time pass."""
        until_us = self._run.now_us + us
        while self._run.now_us < until_us and not self.over:
            self._pass_to(until_us)

    def _do(self, turn: Turn, what: Do) -> None:
        outcome = self._act(what.do, what.with_)
        expected = what.answer or "done"
        answer = "done" if outcome.ok else "refused"
        if expected not in ("any", answer):
            error = outcome.error or {}
            told = "; ".join(filter(None, (error.get("what", ""), error.get("do", "")))) or "it was done"
            self.surprises.append(Surprise(turn.line, what.do, expected, told))

    def _act(self, act: str, typed: dict[str, Any]) -> Outcome:
        outcome = self._run.order(self._key, act, self._filled(typed))
        while self._run.hurrying and not self.over:
            self._pass_to(self._run.now_us + SLICE_US)
        return outcome

    def _filled(self, typed: dict[str, Any]) -> dict[str, Any]:
        """Arguments with what was seen put in: `$token` is the newest thing of that name."""
        return {key: self._newest(value[1:]) if isinstance(value, str) and value.startswith("$") else value for key, value in typed.items()}

    def _newest(self, key: str) -> Any:
        return next((value for _, value in self._showings(key)), "")

    def _until(self, what: Until) -> None:
        until_us = self._run.now_us + what.at_most
        after = self.perceived[-1].n if self.perceived else 0
        while self._run.now_us < until_us and not self.over:
            if what.seen is None:
                if any(entry.kind == what.until and entry.n > after for entry in self.perceived):
                    return
                self._pass_to(min(until_us, self._run.now_us + GLANCE_US))
                continue
            assert what.by is not None
            assert what.every is not None
            self._act(what.by, what.with_)
            if self.has_seen(what.seen):
                return
            self.wait(min(what.every, until_us - self._run.now_us))

    # -- what was seen ---------------------------------------------------------------------------------------------------

    def has_seen(self, seen: Seen) -> bool:
        """Whether the newest showing of this is as asked for."""
        for act, value in self._showings(seen.seen):
            if seen.in_ is not None and act != seen.in_:
                continue
            fits = seen.is_ is None or seen.is_.fits(value)
            return fits and (seen.contains is None or seen.contains in str(value))
        return False

    def _showings(self, key: str) -> Iterable[tuple[str, Any]]:
        """Every value that was shown under a key, the newest first, with the act that showed it."""
        for entry in reversed(self.perceived):
            if entry.kind == "act" and entry.who == self._key:
                value = _found(entry.data.get("seen"), key)
                if value not in ("", None):
                    yield str(entry.data["act"]), value
            elif key in ("said", "finding", "prompt") and entry.kind == key:
                yield key, entry.data.get("text", "")


def play(run: LessonRun, learner: str, policy: Policy, until_us: int) -> ScriptedLearner:
    """Let a scripted learner go on in a run that stands somewhere, no later than to a time. Raises HilError."""
    if run.state == "paused":
        run.order(INSTRUCTOR, "resume")
    scripted = ScriptedLearner(run, learner, until_us)
    scripted.play(policy.turns)
    scripted.wait(max(0, until_us - run.now_us))
    return scripted


def _found(content: Any, key: str) -> Any:
    """What stands at a key: at the top, or in the first mapping below that has it."""
    found = value_at(content, key)
    if found != "":
        return found
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    for part in inner:
        if isinstance(part, dict | list):
            found = _found(part, key)
            if found != "":
                return found
    return ""


def cross_rows(lessons: Sequence[Lesson], policy: str = "good") -> Iterator[tuple[str, dict[str, Score]]]:
    """The score of each lesson's scripted learner in every lesson, one learner after another: a row takes seconds."""
    for owner in lessons:
        if policy in owner.policies:
            yield owner.name, {lesson.name: run_headless(lesson, owner.policies[policy]).score for lesson in lessons}


def cross_table(lessons: Sequence[Lesson], policy: str = "good") -> dict[str, dict[str, Score]]:
    """The same as a whole: learners are rows, lessons columns."""
    return dict(cross_rows(lessons, policy))
