"""Sounds of a page: rendered and measured, unlocked by a gesture, dropped when they cannot be heard, never late."""

from __future__ import annotations

import base64
import json
from array import array
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hil.instruments.recording import FULL_SCALE, Recording
from hil.instruments.tone_listener import CRITICAL, NON_CRITICAL, ToneListener
from hil.lesson.alarm_sounds import PRIORITIES, alarm_burst, client_table, severe_alarm
from hil.lesson.sounds import muffling
from tests.browser.browser import DESKTOP, PHONE, OpenPage, Pages, axe, grey, look, overflows, overlaps, shot, static_site
from tests.browser.sound_page import message, reports, send, sound_page, until

RATE_HZ = 44_100
SILENCE = 1e-4
SINGLE: dict[str, Any] = {"pattern": "single-tone", "tones": [[2_000, 1_000]]}


RENDER = """import('/static/synth.js').then(async ({ render }) => JSON.stringify(await Promise.all(BURSTS.map(async (burst) => {
  const bytes = new Uint8Array((await render(burst, RATE)).buffer)
  const parts = Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, at) => bytes.subarray(at * 8192, at * 8192 + 8192))
  return btoa(parts.map((part) => String.fromCharCode(...part)).join(""))
}))))"""


def rendered(open_page: OpenPage, *bursts: dict[str, Any]) -> list[NDArray[np.float32]]:
    """The samples that the page's own synthesiser makes of each burst."""
    page = open_page()
    static_site(page, "<h1>Synth</h1>")
    texts = json.loads(look(page, RENDER.replace("BURSTS", json.dumps(bursts)).replace("RATE", str(RATE_HZ))))
    return [np.frombuffer(base64.b64decode(text), dtype="<f4") for text in texts]


def spans(samples: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Begin and end, in ms, of each stretch that is not silent for 2 ms and more."""
    loud = np.flatnonzero(np.abs(samples) > SILENCE)
    breaks = np.flatnonzero(np.diff(loud) > RATE_HZ // 500)
    firsts, lasts = [loud[0], *loud[breaks + 1]], [*loud[breaks], loud[-1]]
    return [(1_000 * first / RATE_HZ, 1_000 * last / RATE_HZ) for first, last in zip(firsts, lasts, strict=True)]


@pytest.mark.parametrize(("facts", "kind", "length_ms"), [({}, CRITICAL, 3_000), (SINGLE, NON_CRITICAL, 1_000)])
def test_bursts_are_the_pumps_own(open_page: OpenPage, facts: dict[str, Any], kind: str, length_ms: int) -> None:
    """What the page synthesises is what the bench's listener knows as that pump's sound: its tones, lengths and order, below full scale."""
    (samples,) = rendered(open_page, message(**facts))
    recording = Recording(RATE_HZ, array("h", (samples * FULL_SCALE).astype(np.int16).tobytes()))
    heard = ToneListener.of_profile("itp-40").hear(recording)

    assert heard.verdict == kind
    assert heard.heard[0].length_us == pytest.approx(length_ms * 1_000, abs=25_000)
    assert 0.25 < np.abs(samples).max() < 1
    assert np.abs(samples[length_ms * RATE_HZ // 1_000 :]).max() < SILENCE


def test_tones_rise_and_fall_in_five_milliseconds(open_page: OpenPage) -> None:
    """No tone clicks: its level grows for 5 ms, holds, and falls for 5 ms."""
    samples = np.abs(rendered(open_page, message(**SINGLE))[0])
    level = samples.max()
    at = [samples[from_ms * RATE_HZ // 1_000 : (from_ms + 1) * RATE_HZ // 1_000].max() / level for from_ms in (0, 2, 5, 500, 994, 997, 999)]

    assert at == pytest.approx([0.2, 0.6, 1, 1, 1, 0.6, 0.2], abs=0.05)


def test_tissue_muffles_the_higher_tone_more(open_page: OpenPage) -> None:
    """Under 20 mm both tones are weaker by the numbers given, the upper one by more: loss and low-pass as in sounds.yaml."""
    bare, deep = rendered(open_page, message(), message(muffled=20))
    first, second = (slice(RATE_HZ * a // 1_000, RATE_HZ * b // 1_000) for a, b in ((100, 400), (600, 900)))
    loss = [20 * np.log10(np.abs(bare[part]).max() / np.abs(deep[part]).max()) for part in (first, second)]
    told = muffling(20)
    assert told is not None
    expected = [told["loss_centibel"] / 10 + 10 * np.log10(1 + (hz / told["lowpass_hz"]) ** 4) for hz in (2_000, 2_500)]

    assert loss == pytest.approx(expected, abs=0.5)


@pytest.mark.pump_requirement("AL-14")
def test_alarm_bursts_sound_as_tabled(open_page: OpenPage) -> None:
    """The pulses of each burst begin and end in the sound itself where the table has them; nothing reaches full scale."""
    bursts = [alarm_burst(priority) for priority in PRIORITIES]
    for burst, samples in zip(bursts, rendered(open_page, *[burst.as_dict() for burst in bursts]), strict=True):
        ends = np.cumsum([tone.ms for tone in burst.tones])
        pulses = [(end - tone.ms, end) for end, tone in zip(ends, burst.tones, strict=True) if tone.hz]

        assert spans(samples) == [pytest.approx(pulse, abs=2) for pulse in pulses]
        assert np.abs(samples).max() < 1


def test_harmonics_are_there_within_fifteen_decibels(open_page: OpenPage) -> None:
    """Of a rendered pulse, at least four harmonics lie between 300 and 4,000 Hz within 15 dB of the strongest."""
    burst = alarm_burst("low")
    first = burst.tones[0]
    pulse = rendered(open_page, burst.as_dict())[0][: first.ms * RATE_HZ // 1_000]
    power = np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), RATE_HZ))
    levels = [20 * np.log10(power[first.hz * place] / power.max()) for place in range(1, 13) if 300 <= first.hz * place <= 4_000]

    assert len([level for level in levels if level >= -15]) >= 4


def test_double_tones_of_another_implant(open_page: OpenPage) -> None:
    """After ten minutes the severe alarm of another maker's implant comes in pairs."""
    bursts = [burst.as_dict() for _, burst in severe_alarm(1_200)]
    single, double = rendered(open_page, bursts[0], bursts[-1])

    assert (len(spans(single)), len(spans(double))) == (1, 2)


# ---------------------------------------------------------------- what can be heard


def test_blocked_sound_is_dropped_and_never_played_late(pages: Pages) -> None:
    """U1: before any gesture a sound is reported as not unlocked, the bar says that sound is off, and the next click plays nothing."""
    page = sound_page(pages)
    send(page, message(7))
    until(page, "reported.some(([kind]) => kind === 'heard')")

    assert reports(page, "heard") == [{"n": 7, "outcome": "not_unlocked"}]
    assert reports(page, "audio")[-1]["state"] == "locked"
    assert look(page, "document.querySelector('.sound-said').textContent") == "1 sound was not played: sound is off."
    shot(page, "sound-off-1366")

    page.get_by_role("button", name="Enable sound").click()
    until(page, "reported.some(([kind, facts]) => kind === 'audio' && facts.state === 'running')")
    assert len(reports(page, "heard")) == 1
    assert page.locator(".sound-state").inner_text() == "Sound on"
    assert not page.get_by_role("button", name="Enable sound").is_visible()


def test_sound_is_reported_as_played_when_the_audio_clock_has_come_past_it(pages: Pages) -> None:
    """After a gesture a burst is played and reported so, with the caption shown while it sounds."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    send(page, message(1, **SINGLE, count=3, every_s=600))

    assert page.locator(".sound-now").inner_text() == "♪ [Pump: single tone, 1 s – 3rd time, every 10 min]"
    until(page, "reported.some(([kind]) => kind === 'heard')")
    assert reports(page, "heard") == [{"n": 1, "outcome": "played"}]


def test_burst_that_is_cut_off_is_not_taken_up_again(pages: Pages) -> None:
    """A context that the browser suspends in the middle of a burst gives up the rest, and says that it was blocked."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    until(page, "mounted.player.state === 'running'")
    send(page, message(1))
    look(page, "mounted.player._context.suspend()")
    until(page, "reported.some(([kind]) => kind === 'heard')")

    assert reports(page, "heard") == [{"n": 1, "outcome": "blocked"}]
    assert page.locator(".sound-state").inner_text() == "Sound is off"


def test_late_sound_is_dropped(pages: Pages) -> None:
    """U2: what comes more than 1.5 s after it was due, as to a page that slept, is reported late; just within, it is played."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    look(page, "window.serverMs = 10_000")
    send(page, {**message(1, **SINGLE), "due_ms": 8_499})
    send(page, {**message(2, **SINGLE), "due_ms": 8_501})
    until(page, "reported.filter(([kind]) => kind === 'heard').length === 2")

    assert reports(page, "heard") == [{"n": 1, "outcome": "late"}, {"n": 2, "outcome": "played"}]


def test_page_that_was_held_up_plays_nothing_late(pages: Pages) -> None:
    """U2: what waited in front of a page that could not run for 1.6 s is late by the server's clock, and stays silent."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    until(page, "mounted.player.state === 'running'")
    look(page, "window.began = performance.now(); void Object.defineProperty(window, 'serverMs', { get: () => performance.now() - began })")
    look(page, f"void setTimeout(() => come({json.dumps(message(1))}), 0); while (performance.now() - began < 1_600);")
    until(page, "reported.some(([kind]) => kind === 'heard')")

    assert reports(page, "heard") == [{"n": 1, "outcome": "late"}]


def test_hidden_page_is_told_and_still_sounds(pages: Pages) -> None:
    """U2: a page that says it is hidden tells so at once; while its audio clock runs, its sounds are played and reported."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    until(page, "mounted.player.state === 'running'")
    look(page, "void Object.defineProperty(document, 'hidden', { value: true }), document.dispatchEvent(new Event('visibilitychange'))")
    send(page, message(1, **SINGLE))
    until(page, "reported.some(([kind]) => kind === 'heard')")

    assert reports(page, "audio")[-1]["hidden"] is True
    assert reports(page, "heard") == [{"n": 1, "outcome": "played"}]


def test_mute_and_volume_are_said_and_told(pages: Pages) -> None:
    """Sound starts at 40 %; Muted is a word, both are told to the server, and a muted sound is reported as such."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    assert reports(page, "audio")[-1] == {"state": "running", "muted": False, "volume": 40, "hidden": False}

    page.get_by_role("button", name="Mute", exact=True).click()
    send(page, message(1))
    until(page, "reported.some(([kind]) => kind === 'heard')")

    assert page.locator(".sound-state").inner_text() == "Muted"
    assert reports(page, "heard") == [{"n": 1, "outcome": "muted"}]

    page.locator(".sound-more summary").click()
    page.get_by_label("Volume").press("ArrowRight")
    assert reports(page, "audio")[-1] == {"state": "running", "muted": True, "volume": 45, "hidden": False}
    assert page.locator(".sound-percent").inner_text() == "45 %"


def test_audio_is_told_again_after_each_hello(pages: Pages) -> None:
    """A server that has come again learns how this page sounds, without anything having changed."""
    page = sound_page(pages)
    before = len(reports(page, "audio"))
    look(page, "greet()")

    assert reports(page, "audio")[before:] == [{"state": "locked", "muted": False, "volume": 40, "hidden": False}]


def test_test_sound_goes_by_the_server(pages: Pages) -> None:
    """U3: the button only asks; what sounds is what the server then sends, by the path of any alarm."""
    page = sound_page(pages)
    page.locator(".sound-more summary").click()
    page.get_by_role("button", name="Test sound").click()
    assert look(page, "JSON.stringify(asked)") == '[["test-sound",{}]]'
    assert reports(page, "heard") == []

    until(page, "mounted.player.state === 'running'")
    send(page, message(9, **SINGLE, test=True))
    until(page, "reported.some(([kind]) => kind === 'heard')")
    assert reports(page, "heard") == [{"n": 9, "outcome": "played"}]
    assert page.locator(".sound-said").inner_text() == "The test sound was played."


def test_page_that_is_not_the_speaker_shows_the_caption_only(pages: Pages) -> None:
    """Where the room's speaker sounds, this page shows the caption and reports nothing."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    send(page, {**message(1), "aloud": False, "repeats": 14})

    assert page.locator(".sound-now").inner_text().endswith("(sounded 14 times more, not played) – not on this page")
    assert reports(page, "heard") == []


def test_instructor_chooses_who_sounds_and_how_deep(pages: Pages) -> None:
    """The instructor's sound controls order it; a learner's have no such choice."""
    page = sound_page(pages, "instructor")
    page.locator(".sound-more summary").click()
    page.get_by_label("Who sounds").select_option("room")
    page.get_by_label("Muffled").select_option("as under 20 mm")

    assert json.loads(look(page, "JSON.stringify(asked)")) == [["speakers", {"who": "room"}], ["muffle", {"depth": "20 mm"}]]
    assert (overlaps(page), overflows(page), axe(page)) == ([], [], [])
    assert sound_page(pages).get_by_label("Who sounds").count() == 0


def test_lost_link_ticks_once_in_another_voice(pages: Pages) -> None:
    """A link that is lost is heard as a soft low tick of the page, once; the tones are no pump's."""
    page = sound_page(pages)
    page.get_by_role("button", name="Enable sound").click()
    until(page, "mounted.player.state === 'running'")
    look(page, "window.ticks = []; mounted.player.play = (burst) => { ticks.push(burst); return Promise.resolve('played') }")
    for state in ("connecting", "ok", "lost", "rejoining", "lost", "ok"):
        look(page, f"turn('{state}')")
    ticks = json.loads(look(page, "JSON.stringify(ticks)"))

    assert ticks == [client_table()["link_lost"]]
    assert max(hz for hz, _ in ticks[0]["tones"]) < 500


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["1366", "390"])
def test_controls_fit_and_can_be_used_by_everybody(pages: Pages, size: tuple[int, int], theme: str) -> None:
    """At both widths, in either theme, nothing overlaps or overflows and nothing is grave, with everything shown that can be."""
    page = sound_page(pages, size=size, theme=theme)
    send(page, message(1))
    show_alarms(page)
    until(page, "document.querySelectorAll('.alarm').length === 3")
    folded = (overlaps(page), overflows(page))
    shot(page, f"sound-{size[0]}-{theme}-folded")
    page.locator(".sound-more summary").click()

    assert folded == ([], [])
    assert (overlaps(page), overflows(page), axe(page)) == ([], [], [])
    shot(page, f"sound-{size[0]}-{theme}")
    grey(page, f"sound-{size[0]}-{theme}")


# ---------------------------------------------------------------- alarms


ALARMS = [
    {"id": "1", "priority": "high", "words": "Motor stall", "caption": "[Pump: two-tone, 3 s – 1st time]"},
    {"id": "2", "priority": "medium", "words": "Empty reservoir"},
    {"id": "3", "priority": "low", "words": "Low reservoir"},
]


def show_alarms(page: Any) -> None:
    """Show one alarm of each priority."""
    look(page, f"alarms.show({json.dumps(ALARMS)})")


FLASHING = "document.querySelector('.alarms').getAnimations({ subtree: true }).length"
FRAMES = """new Promise((done) => {
  const lights = [...document.querySelectorAll(".alarm-light")], frames = [], begun = performance.now()
  const look = (now) => {
    frames.push([now - begun, ...lights.map((light) => Number(getComputedStyle(light).opacity))])
    now - begun < 6000 ? requestAnimationFrame(look) : done(JSON.stringify(frames))
  }
  requestAnimationFrame(look)
})"""


@pytest.mark.pump_requirement("AL-13")
def test_flashes_are_slow_few_and_end(pages: Pages) -> None:
    """U7: in frames, high flashes at 2.0 Hz for half the time, medium at 0.6 Hz for 40 %, low not at all; all are steady after 5 s."""
    page = sound_page(pages)
    show_alarms(page)
    until(page, "document.querySelectorAll('.alarm').length === 3")
    frames = np.array(json.loads(look(page, FRAMES)))
    at_ms = frames[:, 0]
    high, medium, low = (frames[:, place] > 0.5 for place in (1, 2, 3))
    offs = [np.flatnonzero(np.diff(lit.astype(int)) == -1) for lit in (high, medium)]

    assert np.diff(at_ms[offs[0]]).mean() == pytest.approx(500, abs=25)
    assert np.diff(at_ms[offs[1]]).mean() == pytest.approx(1_667, abs=60)
    assert [len(each) for each in offs] == [10, 3]
    assert 0.2 < high[at_ms < 5_000].mean() < 0.8
    assert 0.2 < medium[at_ms < 5_000].mean() < 0.6
    assert low.all()
    assert (high & medium)[at_ms > 5_100].all()
    colours = [
        page.locator(f".alarm.{name} .alarm-light").evaluate("(each) => getComputedStyle(each).fill") for name in ("high", "medium", "low")
    ]
    assert colours == ["rgb(176, 0, 32)", "rgb(255, 214, 0)", "rgb(77, 208, 225)"]


def test_flashing_stops_on_wish(pages: Pages) -> None:
    """Stop flashing makes all steady at once; without motion wished for nothing ever flashes."""
    page = sound_page(pages)
    show_alarms(page)
    page.get_by_role("button", name="Stop flashing").click()
    assert look(page, FLASHING) == 0

    still = sound_page(pages, still=True)
    show_alarms(still)
    until(still, "document.querySelectorAll('.alarm').length === 3")
    assert look(still, FLASHING) == 0
    assert not still.get_by_role("button", name="Stop flashing").is_visible()


def test_priority_is_told_four_ways(pages: Pages) -> None:
    """U6: beside its colour each priority has a shape, a mark and a word of its own, and Mute is next to it."""
    page = sound_page(pages, still=True)
    show_alarms(page)
    until(page, "document.querySelectorAll('.alarm').length === 3")
    words = page.locator(".alarm-word").all_inner_texts()
    shapes = page.locator(".alarm-light path").evaluate_all("(paths) => paths.map((path) => path.getAttribute('d'))")

    assert words == ["!!! High priority", "!! Medium priority", "! Low priority"]
    assert len(set(shapes)) == 3
    assert page.locator("#alarms").get_by_role("button", name="Mute").is_visible()
