"""What is to sound on which page, and how it is captioned."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import UsageError
from hil.lesson.entries import KINDS, Entry
from hil.lesson.projection import Role, project
from hil.lesson.sound_numbers import PROVENANCES, sound_numbers
from hil.lesson.sounds import Voice, caption, muffling, ordinal, test_sound

CRITICAL = [[2_000, 500], [2_500, 500]] * 3
SINGLE = [[2_000, 1_000]]
US_PER_S = 1_000_000
TEN_MIN_US = 600 * US_PER_S


def sounded(n: int, at_us: int, count: int = 1, about: str = "ana", **more: Any) -> Entry:
    """A critical sound of somebody's pump."""
    data = {"pattern": "two-tone", "tones": CRITICAL, "count": count, "fresh": count == 1, "every_s": 0, "muffled": 0, **more}
    return Entry(n, at_us, "sound", "class", about, data)


def clock(at_us: int, speed: int) -> Entry:
    """The clock runs at another speed from now on."""
    return Entry(1, at_us, "clock", "instructor", "", {"state": "running", "speed": speed, "why": ""})


def told(role: Role, learner: str, *entries: Entry) -> list[dict[str, Any]]:
    """The messages that the page of a role gets out of these entries, by way of the gate."""
    voice = Voice(role, learner)
    seen = [project(entry, role, learner) for entry in entries]
    messages = [voice.feed(entry) for entry in seen if entry is not None]
    return [each for each in messages if each is not None]


def speakers(who: str) -> Entry:
    """The instructor chooses who sounds."""
    return Entry(1, 0, "speakers", "instructor", "", {"who": who})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"tones": CRITICAL, "muffled": 20, "count": 3, "every_s": 600}, "[Pump, muffled: two-tone, 3 s – 3rd time, every 10 min]"),
        ({"tones": CRITICAL, "muffled": 0, "count": 1, "every_s": 0}, "[Pump: two-tone, 3 s – 1st time]"),
        ({"tones": SINGLE, "pattern": "single-tone", "count": 22, "every_s": 3_600}, "[Pump: single tone, 1 s – 22nd time, every 1 h]"),
        ({"tones": [[2_000, 250]], "count": 1_111, "every_s": 90}, "[Pump: two-tone, 0.25 s – 1,111th time, every 1 min 30 s]"),
        ({"tones": CRITICAL, "count": 1, "test": True}, "[Test: two-tone, 3 s]"),
    ],
)
def test_caption_says_what_is_heard(data: dict[str, Any], said: str) -> None:
    """Cause, pattern, length, which time and how often; not what it means."""
    assert caption({"pattern": "two-tone", **data}) == said


@pytest.mark.parametrize("count, said", [(1, "1st"), (2, "2nd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (101, "101st")])
def test_ordinals(count: int, said: str) -> None:
    """Counts are said as people say them."""
    assert ordinal(count) == said


def test_at_the_pace_of_the_world_each_sound_is_told() -> None:
    """At x1 the page sounds every burst of the pump, with its number in the log."""
    messages = told("learner", "ana", *(sounded(n, n * TEN_MIN_US, count=n) for n in range(1, 5)))

    assert [(each["n"], each["aloud"], each["repeats"]) for each in messages] == [(n, True, 0) for n in range(1, 5)]


@pytest.mark.parametrize("speed", [10, 1_000, 100_000])
def test_faster_each_new_condition_sounds_once(speed: int) -> None:
    """U4: accelerated, repeats are counted, not sounded, and the next new condition brings their number."""
    entries = [clock(0, speed), sounded(2, speed * 5 * US_PER_S)]
    entries += [sounded(n, n * speed * 5 * US_PER_S, count=n - 1) for n in range(3, 17)]
    entries.append(sounded(17, 17 * speed * 5 * US_PER_S))
    messages = told("learner", "ana", *entries)

    assert [(each["n"], each["repeats"]) for each in messages] == [(2, 0), (17, 14)]


@given(
    steps=st.lists(st.tuples(st.integers(0, 10**11), st.sampled_from(["ana", "ben"]), st.booleans()), max_size=40),
    speed=st.sampled_from([1, 10, 100, 1_000, 10_000, 100_000]),
)
def test_never_more_than_one_burst_a_second(steps: list[tuple[int, str, bool]], speed: int) -> None:
    """U4: whatever sounds in a class at whatever speed, the room's page sounds at most once a shown second, and counts the rest."""
    entries, at_us = [clock(0, speed), speakers("room")], 0
    for n, (gap_us, about, fresh) in enumerate(steps, start=3):
        at_us += gap_us
        entries.append(sounded(n, at_us, about=about, fresh=fresh))
    messages = told("instructor", "", *entries)
    shown = [next(entry.at_us for entry in entries if entry.n == each["n"]) / speed for each in messages]

    assert all(later - earlier >= US_PER_S - 1 for earlier, later in pairwise(shown))
    assert len(messages) + sum(each["repeats"] for each in messages) <= len(steps)


@pytest.mark.parametrize(
    ("who", "aloud"),
    [
        ("own", {"learner": True, "instructor": False, "observer": False}),
        ("room", {"learner": False, "instructor": True, "observer": False}),
        ("none", {"learner": False, "instructor": False, "observer": False}),
    ],
)
def test_one_device_sounds_for_a_pump(who: str, aloud: dict[Role, bool]) -> None:
    """Its learner's own page, the room's, or nobody's; every page that sees it has the caption."""
    found = {role: told(role, "ana" if role != "instructor" else "", speakers(who), sounded(2, US_PER_S)) for role in aloud}

    assert {role: messages[0]["aloud"] for role, messages in found.items()} == aloud
    assert {messages[0]["caption"] for messages in found.values()} == {"[Pump: two-tone, 3 s – 1st time]"}


def test_room_is_told_whose_pump_sounds() -> None:
    """The page that hears every pump of the class has the nickname before the caption; a learner's page needs none."""
    here = Entry(1, 0, "joined", "ana", "ana", {"nickname": "Ana"})

    assert told("instructor", "", here, sounded(2, US_PER_S))[0]["caption"] == "Ana: [Pump: two-tone, 3 s – 1st time]"
    assert told("learner", "ana", here, sounded(2, US_PER_S))[0]["caption"] == "[Pump: two-tone, 3 s – 1st time]"


def test_nobody_hears_another_learners_pump() -> None:
    """A learner's page is told nothing of it, not even a caption."""
    assert told("learner", "ben", sounded(2, US_PER_S)) == []


def test_message_tells_no_cause() -> None:
    """What goes to the page has nothing of why the pump sounds, though the entry has."""
    (message,) = told("learner", "ana", sounded(2, US_PER_S, critical=True, causes=["motor-stall"]))

    assert not {"critical", "causes"} & message.keys()
    assert "stall" not in str(message)


def test_test_sound_sounds_where_it_was_asked_for() -> None:
    """It takes the path of any sound, at any speed and whoever else sounds, and only its own page is aloud."""
    mine = Entry(5, US_PER_S, "sound", "ana", "ana", test_sound())
    trainers = Entry(6, US_PER_S, "sound", "instructor", "instructor", test_sound())
    before = (clock(0, 100_000), speakers("none"), sounded(4, US_PER_S))

    assert [(each["n"], each["aloud"]) for each in told("learner", "ana", *before, mine) if each["test"]] == [(5, True)]
    assert [(each["n"], each["aloud"]) for each in told("instructor", "", *before, mine, trainers) if each["test"]] == [
        (5, False),
        (6, True),
    ]
    assert {*test_sound()} <= KINDS["sound"].fields


def test_deeper_is_weaker_and_duller() -> None:
    """Each millimetre costs level and height; a bare pump has no filter, and no pump lies deeper than the limit."""
    found = [muffling(depth) for depth in range(1, 51)]
    losses = [each["loss_centibel"] for each in found if each]
    corners = [each["lowpass_hz"] for each in found if each]

    assert muffling(0) is None
    assert losses == sorted(set(losses))
    assert corners == sorted(corners, reverse=True)
    with pytest.raises(UsageError, match="51 mm"):
        muffling(51)


def test_every_number_has_its_provenance() -> None:
    """Sourced with the source, or assumed; what muffles is assumed to the last number."""
    numbers = [number for section in sound_numbers().values() for number in section.values()]

    assert all(number.provenance in PROVENANCES and bool(number.source) == (number.provenance == "sourced") for number in numbers)
    assert {number.provenance for number in sound_numbers()["muffling"].values()} == {"assumed"}
