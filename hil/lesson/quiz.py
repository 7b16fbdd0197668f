"""The alarm quiz: hear a sound; say what it is, how urgent it is, and what you do first.

Everything follows from the seed and the answers so far, so a page sends its answers and gets the next turn; nothing is kept. What is
answered wrongly comes back soon, what is answered rightly comes back later. An answer counts as right if priority and first act are right:
melodies are learnt badly even by those who train them, and nobody is graded by melody alone. The name goes into the confusion matrix: what
sounded, and for what it was taken. On wish there is a sum to work out meanwhile, since nobody only listens at a bedside. Who cannot hear
reads the pattern in words, and the record says so.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from statistics import median
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from firmware_sim.plant.sounder import Tone, sound_of
from firmware_sim.profile import load_profile
from hil.errors import UsageError
from hil.lesson.alarm_sounds import PRIORITIES, Burst, alarm_burst, link_lost, severe_alarm
from hil.lesson.sound_numbers import sound_number
from hil.wording.quantity import number

__all__ = ["Answer", "Asked", "QuizSound", "judge", "judge_csv", "order_of", "quiz_acts", "quiz_sounds"]

ITEMS_MAX = 60
PUMP = "itp-40"
SHORT_PAUSE_MS = 2_000
"""Between two bursts of an alarm whose true pause nobody waits for in a quiz."""
DOUBLE_FROM_S = 600
GAP_WRONG, GAP_RIGHT = 3, 8
"""After so many turns a sound comes back, each time it was right after twice as many."""
SUMMANDS = (12, 49)
PERCENT = 100
DONT_KNOW = ""


class QuizSound(NamedTuple):
    """A sound of the quiz: its id, what it is, its priority, the id of the first act, its source, and its burst."""

    id: str
    name: str
    priority: str
    act: str
    source: str
    burst: Burst


class Answer(BaseModel):
    """What somebody chose, ids; empty is "I do not know". `ms` is how long it took, `sum` what the sum was said to be, `read` that the
    pattern was read in words.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field("", max_length=40)
    priority: str = Field("", max_length=40)
    act: str = Field("", max_length=40)
    ms: int = Field(0, ge=0, le=3_600_000)
    sum: int | None = Field(None, ge=0, le=10_000)
    read: bool = False


class Asked(BaseModel):
    """A quiz so far, as a page sends it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    items: int = Field(16, ge=1, le=ITEMS_MAX)
    busy: bool = False
    answers: list[Answer] = Field(default_factory=list, max_length=ITEMS_MAX)


@cache
def _content() -> Mapping[str, Any]:
    from ruamel.yaml import YAML

    text = (files("hil") / "lesson" / "quiz.yaml").read_text(encoding="utf-8")
    content: Mapping[str, Any] = YAML(typ="safe", pure=True).load(text)
    return content


def quiz_acts() -> Mapping[str, str]:
    """The first acts to choose from: id and words."""
    acts: Mapping[str, str] = _content()["acts"]
    return acts


@cache
def quiz_sounds() -> Mapping[str, QuizSound]:
    """Every sound by id."""
    rows = _content()["sounds"].items()
    return {
        name: QuizSound(name, row["name"], row["priority"], row["act"], row["from"], _burst(*row["sound"].split())) for name, row in rows
    }


def _burst(source: str, which: str) -> Burst:
    if source == "console":
        return alarm_burst(which)
    if source == "page":
        return link_lost()
    if source == "other":
        first, *_, last = (burst for _, burst in severe_alarm(DOUBLE_FROM_S + 1))
        once = last if which == "later" else first
        return once._replace(tones=(*once.tones, Tone(0, SHORT_PAUSE_MS), *once.tones))
    tones = sound_of(which == "critical", 0, load_profile(PUMP).sound).tones
    return Burst(tones, sound_number("implant", "ramp_ms"), sound_number("implant", "level_permille"))


# ---------------------------------------------------------------- turns


def order_of(seed: int, rights: Sequence[bool]) -> list[str]:
    """Which sounds were asked, and the one that is next: never one twice running, those that were wrong sooner."""
    draw = random.Random(f"alarm quiz {seed}")  # noqa: S311  # an order, no key
    names = draw.sample(sorted(quiz_sounds()), len(quiz_sounds()))
    due = {name: place for place, name in enumerate(names)}
    gaps = dict.fromkeys(names, GAP_RIGHT)
    asked: list[str] = []
    for place in range(len(rights) + 1):
        name = min((each for each in names if not asked or each != asked[-1]), key=lambda each: (due[each], names.index(each)))
        asked.append(name)
        if place < len(rights):
            due[name] = place + (gaps[name] if rights[place] else GAP_WRONG)
            gaps[name] = 2 * gaps[name] if rights[place] else GAP_RIGHT
    return asked


class Judged(NamedTuple):
    """One answer beside what was right."""

    sound: QuizSound
    answer: Answer
    sum: int | None

    @property
    def right(self) -> bool:
        """By priority and first act, whatever it was called."""
        return self.answer.priority == self.sound.priority and self.answer.act == self.sound.act

    def as_dict(self) -> dict[str, Any]:
        """What a page is told after the answer."""
        told = {"name": self.sound.name, "priority": self.sound.priority, "act": quiz_acts()[self.sound.act], "source": self.sound.source}
        hits = {"name_right": self.answer.name == self.sound.id, "priority_right": self.answer.priority == self.sound.priority}
        sums = {} if self.sum is None else {"sum": self.sum, "sum_right": self.answer.sum == self.sum}
        return {**told, **hits, "act_right": self.answer.act == self.sound.act, "right": self.right, **sums}


def _read(posted: Mapping[str, Any]) -> Asked:
    try:
        asked = Asked.model_validate(posted)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "quiz"
        raise UsageError(f"no answers of a quiz: {first['msg']}", where=where, do="begin the quiz again") from None
    if len(asked.answers) > asked.items:
        raise UsageError(f"{len(asked.answers)} answers to {asked.items} sounds", where="answers", do="begin the quiz again")
    return asked


def _judged(asked: Asked) -> tuple[list[Judged], str]:
    """Each answer with its sound, and the sound that is next."""
    judged: list[Judged] = []
    for answer in asked.answers:
        name = order_of(asked.seed, [each.right for each in judged])[-1]
        judged.append(Judged(quiz_sounds()[name], answer, sum(_summands(asked, len(judged))) if asked.busy else None))
    return judged, order_of(asked.seed, [each.right for each in judged])[-1]


def _summands(asked: Asked, place: int) -> tuple[int, int]:
    draw = random.Random(f"sum {asked.seed} {place}")  # noqa: S311  # a sum, no key
    return draw.randint(*SUMMANDS), draw.randint(*SUMMANDS)


def judge(posted: Mapping[str, Any]) -> dict[str, Any]:
    """The next turn of a quiz: what was right about the last answer, and the next sound or the result. Raises UsageError."""
    asked = _read(posted)
    judged, next_one = _judged(asked)
    done = len(judged) == asked.items
    return {
        "n": len(judged) + (not done),
        "of": asked.items,
        "last": judged[-1].as_dict() if judged else None,
        "burst": None if done else quiz_sounds()[next_one].burst.as_dict(),
        "pattern": None if done else _in_words(quiz_sounds()[next_one].burst),
        "sum": None if done or not asked.busy else "{} + {}".format(*_summands(asked, len(judged))),
        "choices": _choices(),
        "result": _result(judged) if done else None,
    }


def _in_words(burst: Burst) -> str:
    """What there is to hear, for those who read it: each tone with its pitch and length, each silence with its length."""
    parts = [f"{number(tone.hz)} Hz {number(tone.ms)} ms" if tone.hz else f"silence {number(tone.ms)} ms" for tone in burst.tones]
    return ", ".join(parts)


def _choices() -> dict[str, list[list[str]]]:
    """Ids and words, in an order that tells nothing."""
    names = sorted((each.id, each.name) for each in quiz_sounds().values())
    return {
        "name": [[key, words] for key, words in sorted(names, key=lambda each: each[1])],
        "priority": [[name, name.capitalize()] for name in PRIORITIES],
        "act": [[key, words] for key, words in sorted(quiz_acts().items(), key=lambda each: each[1])],
    }


# ---------------------------------------------------------------- results


def _result(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares in percent, the confusion matrix, how the second half went against the first, and how long answers took."""
    names = {each.id: each.name for each in quiz_sounds().values()}
    columns = {**names, DONT_KNOW: "I do not know"}
    counts = {row: dict.fromkeys(columns, 0) for row in names}
    for each in judged:
        counts[each.sound.id][each.answer.name if each.answer.name in columns else DONT_KNOW] += 1
    half = len(judged) // 2
    times = [each.answer.ms for each in judged if each.answer.ms]
    return {
        "right_percent": _percent([each.right for each in judged]),
        "first_half_percent": _percent([each.right for each in judged[:half]]),
        "second_half_percent": _percent([each.right for each in judged[half:]]),
        "name_percent": _percent([each.answer.name == each.sound.id for each in judged]),
        "priority_percent": _percent([each.answer.priority == each.sound.priority for each in judged]),
        "act_percent": _percent([each.answer.act == each.sound.act for each in judged]),
        "sum_percent": _percent([each.answer.sum == each.sum for each in judged if each.sum is not None]),
        "median_ms": int(median(times)) if times else None,
        "matrix": {"rows": list(names.values()), "columns": list(columns.values()), "counts": [[*row.values()] for row in counts.values()]},
        "confused": _confused(judged, columns),
    }


def _percent(hits: Sequence[bool]) -> int | None:
    """Rounded half up; None of nothing."""
    return (sum(hits) * PERCENT * 2 + len(hits)) // (2 * len(hits)) if hits else None


def _confused(judged: Sequence[Judged], names: Mapping[str, str]) -> list[str]:
    """The confusions in words, the most frequent first."""
    pairs = [(each.sound.name, names.get(each.answer.name, names[DONT_KNOW])) for each in judged if each.answer.name != each.sound.id]
    counted = sorted({pair: pairs.count(pair) for pair in pairs}.items(), key=lambda item: (-item[1], item[0]))
    return [f"{was} – taken for: {taken}, {count} x" for (was, taken), count in counted]


COLUMNS = (
    "turn", "sound", "answered_name", "name_right", "priority", "answered_priority", "priority_right", "first_act", "answered_first_act",
    "first_act_right", "response_ms", "sum", "answered_sum", "pattern_read",
    "right_percent_so_far",
)  # fmt: skip


def judge_csv(posted: Mapping[str, Any]) -> str:
    """The answers of a quiz, a line each, units in the names of the columns. Raises UsageError."""
    import csv
    import io

    from hil.lesson.export import cell

    judged, _ = _judged(_read(posted))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    so_far = accumulate((each.right for each in judged), initial=0)
    next(so_far)
    for turn, (each, rights) in enumerate(zip(judged, so_far, strict=True), start=1):
        sound, answer = each.sound, each.answer
        named = (sound.id, answer.name, _yes(answer.name == sound.id))
        urgent = (sound.priority, answer.priority, _yes(answer.priority == sound.priority))
        acted = (sound.act, answer.act, _yes(answer.act == sound.act))
        summed = ("" if each.sum is None else each.sum, "" if answer.sum is None else answer.sum)
        row = [turn, *named, *urgent, *acted, answer.ms, *summed, _yes(answer.read), rights * PERCENT // turn]
        writer.writerow([cell(value) for value in row])
    return out.getvalue()


def _yes(hit: bool) -> str:
    return "yes" if hit else "no"
