"""Alarms of a console after IEC 60601-1-8, held against the public bands, and the severe alarm of another maker's implant."""

from __future__ import annotations

import pytest

from hil.lesson.alarm_sounds import PRIORITIES, alarm_burst, client_table, note_hz, priority_of, severe_alarm

BANDS: dict[str, dict[str, tuple[int, int]]] = {
    "high": {"pulses": (10, 10), "pulse_ms": (75, 200), "gap_ms": (50, 125), "pause_ms": (2_550, 3_800), "length_ms": (1_750, 4_950)},
    "medium": {"pulses": (3, 3), "pulse_ms": (125, 250), "gap_ms": (125, 250), "pause_ms": (2_600, 4_000), "length_ms": (625, 1_250)},
    "low": {"pulses": (1, 2), "pulse_ms": (125, 250), "gap_ms": (125, 250), "pause_ms": (15_001, 16_000), "length_ms": (250, 750)},
}
"""Pulses, gaps and lengths of the standard's tables as public sources give them; pauses as an alarm chip can be set."""
HARMONICS_HZ = range(300, 4_001)
MINUTE_MS = 60_000


def within(value: float, band: tuple[float, float]) -> bool:
    """Whether a value lies in a band, its ends included."""
    return band[0] <= value <= band[1]


@pytest.mark.pump_requirement("AL-14")
@pytest.mark.parametrize("priority", PRIORITIES)
def test_bursts_lie_inside_the_bands(priority: str) -> None:
    """Count, length and spacing of the pulses, the pause between bursts, rise, fundamental and harmonics are each inside."""
    burst, band = alarm_burst(priority), BANDS[priority]
    pulses = [tone for tone in burst.tones if tone.hz]
    gaps = [tone.ms for tone in burst.tones if not tone.hz]
    x = min(gaps)

    assert within(len(pulses), band["pulses"])
    assert all(within(tone.ms, band["pulse_ms"]) and within(tone.hz, (150, 1_000)) for tone in pulses)
    assert within(x, band["gap_ms"])
    assert within(burst.pause_ms, band["pause_ms"])
    assert within(burst.length_ms, band["length_ms"])
    assert all(within(burst.ramp_ms / tone.ms, (0.1, 0.4)) for tone in pulses)
    strong = [place for place, permille in enumerate(burst.harmonics, start=1) if permille * 10 ** (15 / 20) >= 1_000]
    assert all(len([place for place in strong if tone.hz * place in HARMONICS_HZ]) >= 4 for tone in pulses)
    if priority == "high":
        t_d = pulses[0].ms
        half = [x, x, 2 * x + t_d, x]
        assert gaps == [*half, gaps[4], *half]
        assert within(gaps[4], (350, 1_300))
    else:
        assert set(gaps) <= {x}


@pytest.mark.pump_requirement("AL-15")
def test_melodies_are_those_of_drug_delivery() -> None:
    """Medium is C d g, high C d g - C d and that again, low e c: capital the octave above."""
    notes = {note_hz(name): name for name in ("C4", "D4", "E4", "G4", "C5")}
    played = {priority: [notes[tone.hz] for tone in alarm_burst(priority).tones if tone.hz] for priority in PRIORITIES}

    assert played == {"high": ["C5", "D4", "G4", "C5", "D4"] * 2, "medium": ["C5", "D4", "G4"], "low": ["E4", "C4"]}


@pytest.mark.parametrize("name, hz", [("A4", 440), ("C5", 523), ("C4", 262), ("E4", 330), ("D4", 294), ("G4", 392)])
def test_notes_are_of_equal_temperament(name: str, hz: int) -> None:
    """Concert pitch."""
    assert note_hz(name) == hz


@pytest.mark.pump_requirement("AL-13")
def test_flashes_lie_inside_the_bands() -> None:
    """High flashes 1.4 to 2.8 times a second for 20 to 80 % of the time, medium 0.4 to 0.8 times for 20 to 60 %, low not."""
    high, medium, low = (priority_of(name) for name in PRIORITIES)

    assert 1_400 <= high.flash_millihz <= 2_800
    assert 20 <= high.duty_percent <= 80
    assert 400 <= medium.flash_millihz <= 800
    assert 20 <= medium.duty_percent <= 60
    assert low.flash_millihz == 0
    assert high.flash_millihz <= 3_000, "three flashes a second at most"


def test_priorities_differ_in_word_shape_and_mark() -> None:
    """None is told by colour alone."""
    shown = [priority_of(name) for name in PRIORITIES]

    assert all(len(set(column)) == 3 for column in zip(*[(each.word, each.shape, each.mark) for each in shown], strict=True))


@pytest.mark.pump_requirement("AL-17")
def test_severe_alarm_of_another_implant_escalates() -> None:
    """Four tones each minute for ten minutes, then four double tones each minute for ten, and again."""
    bursts = list(severe_alarm(40 * 60))
    counts = [
        [len([tone for tone in burst.tones if tone.hz]) for at_ms, burst in bursts if at_ms // MINUTE_MS == minute] for minute in range(40)
    ]

    assert counts == [[1] * 4] * 10 + [[2] * 4] * 10 + [[1] * 4] * 10 + [[2] * 4] * 10


def test_table_for_pages_is_whole() -> None:
    """A page learns the three priorities with their bursts, the tick of a lost link, and where its volume starts."""
    table = client_table()

    assert [*table["priorities"]] == [*PRIORITIES]
    assert table["volume_percent"] == 40
    assert {"tones", "ramp_ms", "level_permille", "harmonics"} <= table["link_lost"].keys() & table["priorities"]["high"]["burst"].keys()
