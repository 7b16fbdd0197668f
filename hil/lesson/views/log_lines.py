"""The log as a trainer reads it: one line for each entry, with its level, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hil.lesson.entries import KINDS, Entry
from hil.lesson.views.clauses import clause
from hil.lesson.vocabulary import fact_words

__all__ = ["LogLine", "log_line", "params_text"]

Data = dict[str, Any]
TEXT_MAX = 200
"""Characters of a line; the log has the rest."""
FRAMES_MAX = 12
"""Frames told below an act."""


class LogLine(NamedTuple):
    """`level` is clinical, wire or debug; `wire` are the frames of an act, for those who look at that level."""

    n: int
    at_us: int
    level: str
    who: str
    about: str
    text: str
    wire: tuple[str, ...] = ()


def log_line(entry: Entry) -> LogLine:
    """An entry in words. An act is clinical, and its frames are of the wire."""
    level = _level(entry)
    say = _SAYS.get(entry.kind)
    text = say(entry.data) if say else entry.kind
    wire = tuple(_frame(frame) for frame in (entry.data.get("wire") or ())[:FRAMES_MAX]) if entry.kind == "act" else ()
    more = text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + " …"
    return LogLine(entry.n, entry.at_us, level, entry.who, entry.about, more, wire)


def _level(entry: Entry) -> str:
    """An act is clinical, whatever its frames are; a sound that only repeats is for those who look closely."""
    if entry.kind == "act":
        return "clinical"
    if entry.kind == "sound" and not entry.data.get("fresh", True):
        return "debug"
    return KINDS[entry.kind].level


def _more(words: str, more: Any) -> str:
    """`words: more`, or the words alone."""
    return f"{words}: {more}" if more else words


def _frame(frame: Any) -> str:
    if isinstance(frame, dict):
        return " ".join(str(value) for value in frame.values())[:TEXT_MAX]
    return " ".join(map(str, frame))[:TEXT_MAX] if isinstance(frame, list) else str(frame)[:TEXT_MAX]


def _act(data: Data) -> str:
    words = data.get("words") or clause(str(data.get("act", "")), data.get("args") or {})
    answer = data.get("answer", "done")
    if answer == "done":
        return str(words)
    error = data.get("error")
    why = error.get("what", "") if isinstance(error, dict) else str(error or "")
    return f"{words}: {answer}{f', {why}' if why else ''}"


def _clock(data: Data) -> str:
    """`simulation goes on at x100`, `speed x100`, `runs on until ...`; what else there is to say, as it was said."""
    why, speed = str(data.get("why") or ""), f"x{data.get('speed', 1):,}"
    if data.get("goal"):
        return f"time runs ahead until {data['goal']}" if why == "time passes quickly" else _more(why, data["goal"])
    if why == "simulation goes on":
        return f"simulation goes on at {speed}"
    return f"speed {why}" if why == speed else why or str(data.get("state", ""))


def _sound(data: Data) -> str:
    count = data.get("count", 1)
    return f"the pump sounds: {str(data.get('pattern', '')).replace('_', ' ')}{f', time {count}' if count > 1 else ''}"


def params_text(data: Data) -> str:
    """`catheter.occlusion: fraction 94 %`; as it was typed."""
    typed = ", ".join(f"{key} {value}" for key, value in (data.get("params") or {}).items() if str(value))
    return _more(str(data.get("fault", "")), typed)


def _done(what: str) -> Callable[[Data], str]:
    """An act of the trainer on the pump, and why it failed if it did."""

    def say(data: Data) -> str:
        error = data.get("error")
        why = error.get("what", "") if isinstance(error, dict) else str(error or "")
        words = data.get("words") or params_text(data) or str(data.get("text") or data.get("id") or data.get("handle") or "")
        return f"{what} {words}{f', refused: {why}' if why else ''}".strip()

    return say


def _ticked(data: Data) -> str:
    return _more(f"{data.get('item', '')} set to {data.get('state', '')}", data.get("note"))


_SAYS: dict[str, Callable[[Data], str]] = {
    "began": lambda data: "the lesson begins",
    "joined": lambda data: f"{data.get('nickname', '')} joined",
    "left": lambda data: "connection lost",
    "back": lambda data: "connected again",
    "clock": _clock,
    "act": _act,
    "sound": _sound,
    "heard": lambda data: f"sound {data.get('sound', '')}: {str(data.get('outcome', '')).replace('_', ' ')}",
    "audio": lambda data: (
        f"audio {data.get('state', '')}{', muted' if data.get('muted') else ''}{', page hidden' if data.get('hidden') else ''}"
    ),
    "fact": lambda data: f"{'so now' if data.get('holds') else 'no longer so'}: {fact_words(str(data.get('fact', '')))}",
    "event": lambda data: _event(data.get("event")),
    "step": _done("step:"),
    "speakers": lambda data: f"sounds come from: {data.get('who', '')}",
    "muffled": lambda data: f"sounds are muffled as by {data.get('depth_mm', '')} mm of tissue",
    "inject": _done("injected"),
    "clear": _done("cleared"),
    "said": lambda data: f"said: {data.get('text', '')}",
    "finding": lambda data: f"gave the finding: {data.get('text', '')}",
    "prompt": lambda data: f"asked: {data.get('text', '')}",
    "reply": lambda data: f"answered: {data.get('text', '')}",
    "thought": lambda data: f"thinks: {str(data.get('diagnosis', '')).replace('-', ' ')}{f', {_sure(data)}' if data.get('sure') else ''}",
    "note": lambda data: f"noted: {data.get('text', '')}",
    "edit": lambda data: f"{data.get('what', '')}: {_plain(data.get('detail', ''))}",
    "bookmark": lambda data: f"bookmark {data.get('name', '')!r}",
    "returned": lambda data: f"returned to bookmark {data.get('bookmark', '')!r}",
    "rating": lambda data: _more(f"global rating {data.get('score', '')}", data.get("note")),
    "ticked": _ticked,
    "finished": lambda data: "finished the lesson",
    "opened": lambda data: f"{data.get('what', 'debrief')} opened to the learners",
    "ended": lambda data: _more("the lesson ended", data.get("why")),
}


def _sure(data: Data) -> str:
    sure = str(data.get("sure", ""))
    return sure if not sure.isdigit() else f"{sure} % sure"


def _plain(value: Any) -> str:
    return ", ".join(f"{key} {_plain(each)}" for key, each in value.items()) if isinstance(value, dict) else str(value)


def _event(event: Any) -> str:
    if not isinstance(event, dict):
        return str(event)
    told = {key: value for key, value in event.items() if key not in ("now_us", "number", "kind", "record", "event")}
    name = str(event.get("event") or event.get("kind", "event")).lower().replace("_", " ")
    return _more(name, _plain({key: value for key, value in told.items() if value not in (0, "")}))
