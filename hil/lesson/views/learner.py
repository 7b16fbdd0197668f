"""The learner's page: a fold over what of the log may reach this learner. Each key of it is sent anew when it changes.

Nothing is shown of the pump that was not read from it, and nothing of the patient that was not measured, asked or looked at; each with its
time. Values are finished texts. A list is never changed in place: an older copy of the view stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from hil.lesson.sounds import caption
from hil.lesson.views.learner_opening import opening
from hil.lesson.views.learner_words import act_result, frames_said, link_said, moment

if TYPE_CHECKING:
    from hil.lesson.entries import Entry

__all__ = ["LearnerView", "opening"]

US_PER_S = 1_000_000
SOUNDS_KEPT = 60
WIRE_KEPT = 6
RECORD_KEPT = 300
LIST_KEPT = 200
SPOKEN_CHARS_MAX = 160
"""Of what was typed, in the title of an act; a note itself stands in its own list."""
REVIEW_ACTS = ("review", "type", "review-refill")
"""Acts that only prepare: they are not in the learner's own record."""
TABLES = {"examine": "results", "hands": "results", "treat": "orders", "refill": "refill"}
"""Groups of acts whose answers stand in a list of their own."""
Plain = dict[str, Any]


def _nothing_yet() -> Plain:
    """The keys of a view before anything was done."""
    return {
        "clock": {"state": "paused", "speed": 1, "why": ""},
        "patient": {"measured": {}, "said": []},
        "sounds": [],
        "readout": None,
        "read_since": "",
        "wire": [],
        "review": None,
        "sent": None,
        "refill_review": None,
        "programmed": [],
        "results": [],
        "orders": [],
        "refill": [],
        "thoughts": [],
        "notes": [],
        "calls": [],
        "messages": [],
        "prompts": [],
        "record": [],
        "state": "open",
    }


class LearnerView:
    """`given` is an `opening`: what is so before anything was done, the briefing and the acts that are allowed."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._groups = {door["act"]: group["group"] for group in given["doors"] for door in group["acts"]}
        self._doors = {door["act"]: door for group in given["doors"] for door in group["acts"]}
        self._clock_us: int | None = None
        self._keys: Plain = {**given, **_nothing_yet()}
        self._kinds: dict[str, Callable[[Entry], None]] = {
            "began": self._began,
            "joined": self._joined,
            "clock": self._clock,
            "act": self._act,
            "sound": self._sound,
            "said": self._said,
            "finding": self._said,
            "prompt": self._prompt,
            "reply": self._reply,
            "thought": self._thought,
            "note": self._note,
            "returned": self._returned,
            "finished": self._finished,
            "ended": self._ended,
            "opened": self._opened,
        }

    def feed(self, entry: Entry) -> None:
        """Take the next entry, as it was projected."""
        take = self._kinds.get(entry.kind)
        if take is not None:
            take(entry)

    def as_dict(self) -> Plain:
        """The whole view, plain data."""
        return dict(self._keys)

    # -- putting things in -----------------------------------------------------------------------------------------------

    def _stamp(self, entry: Entry, **more: Any) -> Plain:
        return {"n": entry.n, "at_us": entry.at_us, "when": moment(entry.at_us, self._clock_us), **more}

    def _add(self, key: str, item: Plain, kept: int = LIST_KEPT) -> None:
        self._keys[key] = [*self._keys[key], item][-kept:]

    def _update(self, key: str, **more: Any) -> None:
        self._keys[key] = {**self._keys[key], **more}

    # -- the run ---------------------------------------------------------------------------------------------------------

    def _began(self, entry: Entry) -> None:
        self._clock_us = entry.data.get("clock_us", self._clock_us)
        told = {name: entry.data[name] for name in ("colour", "profile") if name in entry.data}
        self._update("run", **told, **({"name": entry.data["run"]} if entry.data.get("run") else {}))
        self._update("clock", origin_us=self._clock_us)

    def _joined(self, entry: Entry) -> None:
        self._update("run", nickname=entry.data.get("nickname", ""))

    def _clock(self, entry: Entry) -> None:
        self._update("clock", **{name: entry.data[name] for name in ("state", "speed", "why") if name in entry.data})

    def _finished(self, _entry: Entry) -> None:
        self._keys["state"] = "finished"

    def _ended(self, _entry: Entry) -> None:
        self._keys["state"] = "ended"

    def _opened(self, entry: Entry) -> None:
        if entry.data.get("what") == "debrief":
            self._keys["state"] = "debrief"

    def _returned(self, entry: Entry) -> None:
        """Somebody went back: what was read, seen and done after that instant has not happened."""
        keys, at_us = self._keys, entry.at_us
        for key, value in keys.items():
            if isinstance(value, list) and value and isinstance(value[0], dict) and "at_us" in value[0] and key != "messages":
                keys[key] = [item for item in value if item["at_us"] <= at_us]
        for key in ("readout", "sent"):
            if keys[key] and keys[key]["at_us"] > at_us:
                keys[key] = None
        keys["review"] = keys["refill_review"] = None
        seen = keys["patient"]["measured"]
        measured = {what: [value for value in values if value["at_us"] <= at_us] for what, values in seen.items()}
        said = [each for each in keys["patient"]["said"] if each["at_us"] <= at_us]
        keys["patient"] = {"measured": {what: values for what, values in measured.items() if values}, "said": said}
        keys["state"] = "open"
        self._add(
            "messages",
            self._stamp(entry, by="trainer", text="The simulation went back to this moment. What came after has not happened."),
        )

    # -- what the learner did --------------------------------------------------------------------------------------------

    def _act(self, entry: Entry) -> None:
        data = entry.data
        act, args, seen = str(data.get("act", "")), data.get("args") or {}, data.get("seen") or {}
        group = self._groups.get(act, "")
        done = data.get("answer") == "done"
        result = act_result(self._title(act, args), seen, data.get("error"))
        if act not in REVIEW_ACTS:
            words = data.get("words") or result["title"]
            self._add("record", self._stamp(entry, act=act, words=words, answer=data.get("answer", ""), error=result["error"]), RECORD_KEPT)
        if data.get("wire"):
            frames = frames_said(data["wire"])
            self._add("wire", self._stamp(entry, title=result["title"], frames=frames, left_out=data.get("wire_cut", 0)), WIRE_KEPT)
        if group in TABLES and act not in REVIEW_ACTS:
            self._add(TABLES[group], self._stamp(entry, act=act, done=done, **result))
        if group == "programmer":
            self._programmed(entry, done, result)
        own = {
            "interrogate": self._interrogated,
            "review": self._reviewed,
            "review-refill": self._refill_reviewed,
            "update": self._updated,
            "measure": self._measured,
            "ask": self._asked,
            "look": self._asked,
            "call": self._called,
            "finish": self._finished,
        }.get(act)
        if own is not None and (done or act == "review"):
            own(entry)

    def _title(self, act: str, args: Mapping[str, Any]) -> str:
        """The words of the act's button, and what was typed, in the order of its fields."""
        door = self._doors.get(act) or {"label": act.replace("-", " "), "arguments": []}
        typed = [_spoken(args.get(argument["name"]), argument["choices"]) for argument in door["arguments"]]
        told = ", ".join(text for text in typed if text)
        return f"{door['label']}: {told}" if told else str(door["label"])

    def _programmed(self, entry: Entry, done: bool, result: Plain) -> None:
        """An act at the programmer other than reading and preparing; after one that was done, what was read is the past."""
        act = entry.data["act"]
        if act in (*REVIEW_ACTS, "interrogate", "leave"):
            return
        self._add("programmed", self._stamp(entry, act=act, done=done, **result))
        if done and act not in ("settle", "alarm-test"):
            self._keys["read_since"] = result["title"]

    def _interrogated(self, entry: Entry) -> None:
        self._read(entry)
        self._keys["review"] = None

    def _read(self, entry: Entry) -> None:
        """The answer holds all that the pump tells of itself."""
        seen = entry.data["seen"]
        told = seen.get("readout") or {}
        self._keys["readout"] = self._stamp(
            entry, **told, log=seen.get("log") or [], link=link_said(frames_said(entry.data.get("wire") or []))
        )
        self._keys["read_since"] = ""

    def _reviewed(self, entry: Entry) -> None:
        done = entry.data.get("answer") == "done"
        self._keys["review"] = self._stamp(entry, **entry.data["seen"]) if done else None

    def _refill_reviewed(self, entry: Entry) -> None:
        self._keys["refill_review"] = self._stamp(entry, **entry.data["seen"])

    def _updated(self, entry: Entry) -> None:
        seen = entry.data["seen"]
        self._keys["sent"] = self._stamp(entry, **{name: value for name, value in seen.items() if name not in ("readout", "log")})
        self._keys["review"] = None
        if seen.get("readout"):
            self._read(entry)

    # -- the patient -----------------------------------------------------------------------------------------------------

    def _measured(self, entry: Entry) -> None:
        seen, what = entry.data["seen"], str(entry.data["args"].get("what", ""))
        value = str(seen.get("value") or seen.get("text") or "")
        patient = self._keys["patient"]
        values = [*patient["measured"].get(what, ()), self._stamp(entry, value=value)][-SOUNDS_KEPT:]
        self._update("patient", measured={**patient["measured"], what: values})

    def _asked(self, entry: Entry) -> None:
        seen, args = entry.data["seen"], entry.data.get("args") or {}
        asked = str(args.get("question") or args.get("text") or args.get("what") or "")
        text = str(seen.get("text") or seen.get("value") or seen.get("answer") or "")
        said = [*self._keys["patient"]["said"], self._stamp(entry, act=entry.data["act"], asked=asked, text=text)]
        self._update("patient", said=said[-LIST_KEPT:])

    def _called(self, entry: Entry) -> None:
        args, seen = entry.data.get("args") or {}, entry.data["seen"]
        self._add("calls", self._stamp(entry, whom=str(args.get("whom", "")), text=str(seen.get("text", ""))))

    def _sound(self, entry: Entry) -> None:
        """Repeats of one sound are one line that counts; so the list stays short however fast time goes."""
        if entry.data.get("test"):
            return
        sounds, data = self._keys["sounds"], entry.data
        last = sounds[-1] if sounds else None
        again = last is not None and not data.get("fresh") and last["pattern"] == data.get("pattern")
        every_s = (entry.at_us - last["at_us"]) // US_PER_S if again and last is not None else 0
        first = last["first"] if again and last is not None else moment(entry.at_us, self._clock_us)
        item = self._stamp(
            entry, pattern=data.get("pattern", ""), first=first, caption=caption({"every_s": every_s, **data}), count=data.get("count", 1)
        )
        self._keys["sounds"] = [*(sounds[:-1] if again else sounds), item][-SOUNDS_KEPT:]

    # -- the mind --------------------------------------------------------------------------------------------------------

    def _thought(self, entry: Entry) -> None:
        diagnosis = str(entry.data.get("diagnosis", ""))
        words = {each["id"]: each["text"] for each in self._keys["diagnoses"]}.get(diagnosis, diagnosis)
        self._add("thoughts", self._stamp(entry, diagnosis=diagnosis, text=words, sure=str(entry.data.get("sure", ""))))

    def _note(self, entry: Entry) -> None:
        self._add("notes", self._stamp(entry, text=str(entry.data.get("text", ""))))

    # -- from the instructor ---------------------------------------------------------------------------------------------

    def _said(self, entry: Entry) -> None:
        by = "finding" if entry.kind == "finding" else str(entry.data.get("by", ""))
        self._add("messages", self._stamp(entry, by=by, text=str(entry.data.get("text", ""))))

    def _prompt(self, entry: Entry) -> None:
        asked = self._stamp(entry, id=str(entry.data.get("id", "")), text=str(entry.data.get("text", "")), reply=None)
        if asked["id"] not in {each["id"] for each in self._keys["prompts"]}:
            self._add("prompts", asked)

    def _reply(self, entry: Entry) -> None:
        prompts, text = self._keys["prompts"], str(entry.data.get("text", ""))
        answered = str(entry.data.get("id", ""))
        self._keys["prompts"] = [{**each, "reply": text} if each["id"] == answered and each["reply"] is None else each for each in prompts]


def _spoken(typed: Any, choices: Collection[str]) -> str:
    """A typed text; one of a list of words as it is said."""
    text = typed if isinstance(typed, str) else ""
    text = text if len(text) <= SPOKEN_CHARS_MAX else f"{text[: SPOKEN_CHARS_MAX - 2]} …"
    return text.replace("-", " ") if text in choices else text
