"""What a class hears of a pump: the server says which sound and when, the page makes it.

A sounding of the pump becomes one entry of the log. From the entries each page that is connected has a `Voice`, a fold that says what this
page is to sound: at the pace of the world each burst; faster, each new condition once, and its repeats as a number; never more than
one burst a second. In a class one device sounds for a pump, its learner's own or the room's, as entries of the kind `speakers` say; the
others have the caption.

A caption tells what is heard and never what it means: that is for the learner to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware_sim.plant.sounder import sound_of
from firmware_sim.profile import load_profile
from hil.errors import UsageError
from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.sound_numbers import sound_number
from hil.wording import quantity

__all__ = ["SPEAKERS", "Voice", "caption", "muffling", "ordinal", "test_sound"]

SPEAKERS = {
    "own": "each learner's own page",
    "room": "the instructor's page, for the whole room",
    "none": "nobody: captions only",
}
"""Who sounds in a class."""
US_PER_S = 1_000_000
PATTERN_WORDS = {"two-tone": "two-tone", "single-tone": "single tone"}
TEST_PROFILE = "itp-40"
TEENS = (11, 12, 13)


def test_sound() -> dict[str, Any]:
    """The data of the entry with which a page asks whether it can be heard: the pump's critical sound, caused by nothing."""
    sound = sound_of(True, 0, load_profile(TEST_PROFILE).sound)
    tones = [[tone.hz, tone.ms] for tone in sound.tones]
    return {"pattern": sound.pattern, "tones": tones, "count": 1, "fresh": True, "test": True}


test_sound.__test__ = False  # type: ignore[attr-defined]  # no test, whatever pytest thinks of its name


def muffling(depth_mm: int) -> dict[str, int] | None:
    """The filter and the loss of so much tissue, None without any. Raises UsageError for a depth that no pump has."""
    deepest = sound_number("muffling", "depth_mm_max")
    if not 0 <= depth_mm <= deepest:
        raise UsageError(f"a depth of {depth_mm} mm", where="muffling", do=f"give 0 to {deepest} mm")
    if depth_mm == 0:
        return None
    least, most = sound_number("muffling", "corner_hz_min"), sound_number("muffling", "corner_hz_max")
    corner_hz = sound_number("muffling", "corner_hz_mm") // depth_mm
    loss_centibel = sound_number("muffling", "attenuation_centibel_per_mm") * depth_mm
    return {"lowpass_hz": min(most, max(least, corner_hz)), "loss_centibel": loss_centibel}


def caption(data: Mapping[str, Any]) -> str:
    """What is heard, in words: [Pump, muffled: two-tone, 3 s – 3rd time, every 10 min]."""
    source = "Test" if data.get("test") else "Pump, muffled" if data.get("muffled") else "Pump"
    length_ms = sum(ms for _, ms in data["tones"])
    words = f"{PATTERN_WORDS.get(data['pattern'], data['pattern'])}, {quantity.number(length_ms, 3)} s"
    if data.get("test"):
        return f"[{source}: {words}]"
    times = f"{ordinal(int(data['count']))} time"
    every_s = int(data.get("every_s", 0))
    return f"[{source}: {words} – {times}{f', every {quantity.duration(every_s)}' if every_s else ''}]"


def ordinal(count: int) -> str:
    """1st, 2nd, 3rd, 4th; 1,001st."""
    ending = "th" if count % 100 in TEENS else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{quantity.number(count)}{ending}"


class Voice:
    """What one connected page is to sound: feed it the entries that the page may see, in order.

    It measures in shown time, which is the lesson's by its pace: at x100 a second of it is 100 simulated ones.
    """

    def __init__(self, role: str, learner: str = "") -> None:
        self._role, self._learner = role, learner
        self._speakers = "own"
        self._speed = 1
        self._anchor_us = self._anchor_shown_us = 0
        self._last_shown_us: int | None = None
        self._repeats: dict[str, int] = {}
        self._nicknames: dict[str, str] = {}

    def feed(self, entry: Entry) -> dict[str, Any] | None:
        """Take one entry; returns the message for the page, without the time at which it is due, if it is to sound now."""
        if entry.kind == "joined":
            self._nicknames[entry.about] = str(entry.data["nickname"])
        elif entry.kind == "speakers":
            self._speakers = str(entry.data["who"])
        elif entry.kind == "clock":
            self._anchor_shown_us, self._anchor_us = self._shown_us(entry.at_us), entry.at_us
            self._speed = max(1, int(entry.data.get("speed", self._speed)))
        elif entry.kind == "sound":
            return self._sound(entry)
        return None

    def _shown_us(self, at_us: int) -> int:
        return self._anchor_shown_us + (at_us - self._anchor_us) // self._speed

    def _sound(self, entry: Entry) -> dict[str, Any] | None:
        data, shown_us, test = entry.data, self._shown_us(entry.at_us), bool(entry.data.get("test"))
        fresh = bool(data.get("fresh", data["count"] == 1))
        crowded = self._last_shown_us is not None and 0 <= shown_us - self._last_shown_us < US_PER_S
        if not test and (crowded or (self._speed > 1 and not fresh)):
            self._repeats[entry.about] = self._repeats.get(entry.about, 0) + 1
            return None
        if not test:
            self._last_shown_us = shown_us
        return self._message(entry, 0 if test else self._repeats.pop(entry.about, 0))

    def _message(self, entry: Entry, repeats: int) -> dict[str, Any]:
        return {
            "n": entry.n,
            "about": entry.about,
            "pattern": entry.data["pattern"],
            "tones": entry.data["tones"],
            "ramp_ms": sound_number("implant", "ramp_ms"),
            "level_permille": sound_number("implant", "level_permille"),
            "muffle": muffling(int(entry.data.get("muffled", 0))),
            "count": entry.data["count"],
            "repeats": repeats,
            "aloud": self._aloud(entry),
            "caption": self._whose(entry) + caption(entry.data),
            "test": bool(entry.data.get("test")),
        }

    def _whose(self, entry: Entry) -> str:
        """On the page that hears every pump, whose it is."""
        return f"{self._nicknames[entry.about]}: " if self._role == INSTRUCTOR and entry.about in self._nicknames else ""

    def _aloud(self, entry: Entry) -> bool:
        """Whether this page is the one that sounds; a test sounds where it was asked for."""
        mine = self._learner if self._role == "learner" else INSTRUCTOR
        if entry.data.get("test"):
            return self._role != "observer" and entry.about in {mine, self._learner}
        if self._role == "learner":
            return self._speakers == "own" and entry.about in {self._learner, ""}
        return self._role == INSTRUCTOR and self._speakers == "room"
