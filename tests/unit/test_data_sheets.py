"""Data sheets: a person's unit beside each integer, sourced apart from assumed, and what a pump changes."""

from __future__ import annotations

import re

import pytest

from firmware_sim.profile import load_profile, profile_names
from firmware_sim.profile.sections import BEHAVIOUR_WORDS, Behaviour, names_of
from hil.pages.data_sheets import human, pages, sheet


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rate_nl_per_h_min", 2_000, "0.048 mL/day"),
        ("constant_rate_nl_per_h", 41_667, "1 mL/day"),
        ("capacity_nl", 40_000_000, "40 mL"),
        ("step_nl", 250, "0.25 µL"),
        ("volume_nl_per_mm", 220, "0.0022 mL/cm"),
        ("length_mm", 1_140, "114 cm"),
        ("inner_diameter_um", 530, "0.53 mm"),
        ("stall_detection_s", 1_200, "20 min"),
        ("stopped_too_long_s", 172_800, "48 h"),
        ("lockout_s_max", 259_200, "3 days"),
        ("timeout_s", 90, ""),
        ("age_days_max", 2_557, "7 years"),
        ("accuracy_band_ppm", 145_000, "14.5 %"),
        ("pressure_ppm_per_100_mmhg", -1_000, "-0.1 % for 100 mmHg"),
        ("temperature_mdegc_max", 40_000, "40 °C"),
        ("clock_us_start", 820_540_800_000_000, "2026-01-01 00:00"),
        ("capacity_mc", 7_200_000, "2 Ah"),
        ("step_nc", 150_000, "0.15 mC"),
        ("event_ring_bytes", 262_144, "256 KiB"),
        ("wakes_per_h_max", 12, ""),
        ("altitude_m_max", 3_000, ""),
        ("mixing_nl", 0, ""),
    ],
)
def test_numbers_are_told_as_a_person_would(name: str, value: int, words: str) -> None:
    """The unit at the end of the name decides; where the integer says it as well, nothing is added."""
    assert human(name, value) == words


@pytest.mark.parametrize("name", [name for name in profile_names() if name != "cf-16"])
def test_sheet_lists_every_number_once_sourced_apart_from_assumed(name: str) -> None:
    """Sourced numbers stand in their own table with the source, all others below their section; only the constant rate has no place."""
    text = sheet(name)
    sourced, assumed = text[text.index("## Sourced") :].split("## Assumed")
    numbers = {path: number for path, number in load_profile(name).numbers if path != "rate.constant_rate_nl_per_h"}
    told = {path: number.provenance for path, number in numbers.items()}

    assert set(re.findall(r"^\| `([\w.]+)` \|", sourced, re.MULTILINE)) == {path for path in told if told[path] == "sourced"}
    assert len(re.findall(r"^\| `\w+` \|", assumed, re.MULTILINE)) == sum(origin == "assumed" for origin in told.values())
    assert all(number.source in sourced for number in numbers.values())


def test_every_switch_has_its_words() -> None:
    """A sheet says of each behaviour switch what it means, whichever way it stands."""
    assert set(BEHAVIOUR_WORDS) == set(names_of(Behaviour))
    assert all(len(words) == 2 for words in BEHAVIOUR_WORDS.values())
    for switch, words in BEHAVIOUR_WORDS.items():
        value = getattr(load_profile("itp-40").behaviour, switch)
        assert f"| `{switch}` | {str(value).lower()} | {words[value]} |" in sheet("itp-40")


def test_sheet_tells_what_a_pump_changes() -> None:
    """Numbers, switches and deviations beside those of the pump it extends; the pump that extends nothing has no such part."""
    assert "| `after_bolus` | stop | resume | a single bolus leaves the pump stopped |" in sheet("legacy-18")
    assert "| `reservoir.capacity_nl` | 18,000,000 = 18 mL | 40,000,000 = 40 mL | the 18 in its name |" in sheet("legacy-18")
    assert "| FR-04 | met | deviates | the trap is mended |" in sheet("itp-40-next")
    assert "What differs" not in sheet("itp-40")


def test_sheet_of_the_constant_flow_pump_has_no_electronics() -> None:
    """No alarm, battery or memory is listed for a pump that has none."""
    text = sheet("cf-16")

    assert "41,667 = 1 mL/day" in text
    assert not re.search("battery|alarm_|memory|lockout", text)


def test_catheters_have_a_page() -> None:
    """Each catheter with its length, volume and the time a new drug takes to its tip."""
    text = pages("sheets")["sheets/catheters.md"]

    assert "| `114cm` | 114 cm | 0.53 mm | 0.2508 mL | 0.3908 mL | 18.8 h |" in text
    assert text.count("cm` |") == 5
