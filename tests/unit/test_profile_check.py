"""Numbers of a profile that do not fit together are refused, at the line that was written last."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_sim import Pump
from firmware_sim.errors import ProfileError
from firmware_sim.profile import Profile, load_profile


def changed(folder: Path, changes: dict[str, int | str]) -> Profile:
    """A file that extends the 40 mL pump with these changes, the first of them in line 3."""
    text = "extends: itp-40\n"
    for section in dict.fromkeys(path.partition(".")[0] for path in changes):
        text += f"{section}:\n"
        for path, value in changes.items():
            entry = f"{{value: {value}, provenance: assumed}}" if isinstance(value, int) else value
            text += f"  {path.partition('.')[2]}: {entry}\n" if path.startswith(f"{section}.") else ""
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    return load_profile(str(folder / "mine.yaml"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate.rate_nl_per_h_min": 2_000_000}, "rate.rate_nl_per_h_min is 2_000_000, above rate.rate_nl_per_h_max, which is 1_000_000"),
        ({"rate.rate_nl_per_h_max": 900_000}, "bolus.prime_rate_nl_per_h is 1_000_000, above rate.rate_nl_per_h_max, which is 900_000"),
        ({"rate.minimum_rate_nl_per_h": 3_000}, "rate.minimum_rate_nl_per_h is 3_000, above rate.rate_nl_per_h_min"),
        ({"alarm.low_reservoir_nl_default": 500_000}, "alarm.low_reservoir_nl_min is 1_000_000, above alarm.low_reservoir_nl_default"),
        ({"alarm.critical_repeat_s_default": 9_000}, "alarm.critical_repeat_s_default is 9_000, above alarm.critical_repeat_s_max"),
        ({"reservoir.capacity_nl": 10_000_000}, "alarm.low_reservoir_nl_max is 20_000_000, above reservoir.capacity_nl"),
        ({"bolus.prime_rate_nl_per_h": 1_000_001}, "bolus.prime_rate_nl_per_h is 1_000_001, above rate.rate_nl_per_h_max"),
        ({"environment.temperature_mdegc": 41_000}, "environment.temperature_mdegc is 41_000, above environment.temperature_mdegc_max"),
        ({"environment.altitude_m_max": 4_000}, "environment.altitude_m_max is 4_000, where 440 mmHg are left"),
        ({"environment.pressure_ppm_per_100_mmhg": -30_000}, "environment.pressure_ppm_per_100_mmhg would turn the flow round"),
        ({"environment.temperature_ppm_per_k": 600_000}, "environment.temperature_ppm_per_k would turn the flow round"),
        ({"battery.eri_mv": 2_400}, "battery.empty_mv is 2_500, above battery.eri_mv, which is 2_400"),
        ({"battery.brownout_mv": 2_450}, "battery.brownout_mv is 2_450, above battery.supply_mv_min"),
        ({"battery.age_days_max": 60}, "battery.eri_days is 90, above battery.age_days_max, which is 60"),
        ({"watchdog.failure_s": 60}, "watchdog.timeout_s is 90, above watchdog.failure_s, which is 60"),
        ({"motor.unit_error_max_ppm": 1_000_000}, "motor.unit_error_max_ppm is 1_000_000; give 999_999 or less"),
        ({"rate.steps_per_group_max": 16}, "rate.steps_per_group_max is 16; give 15 or less"),
        ({"bolus.most_per_day_max": 300}, "bolus.most_per_day_max is 300; give 255 or less"),
        ({"bolus.most_per_day_max": 25}, "memory.lockout_ring_bytes is 1_024, too small for bolus.most_per_day_max, which is 25"),
        ({"memory.boot_state_bytes": 8}, "memory.boot_state_bytes is 8, too small for what it holds; give 64 or more"),
        ({"memory.event_ring_bytes": 64}, "memory.event_ring_bytes is 64, too small for what it holds; give 256 or more"),
        ({"memory.bank_b_bytes": 2_048}, "memory.bank_a_bytes is 1_024 and memory.bank_b_bytes 2_048; both banks have one size"),
        ({"memory.event_ring_bytes": 100_000_000}, "bytes in all; 16_777_216 is the most"),
        ({"behaviour.telemetry": "false"}, "behaviour.telemetry is false and rate.constant_rate_nl_per_h is 0"),
        ({"clock.clock_us_max": 1}, "clock.clock_us_start is 820_540_800_000_000, above clock.clock_us_max, which is 1"),
    ],
)
def test_numbers_that_do_not_fit_are_told(tmp_path: Path, changes: dict[str, int | str], words: str) -> None:
    """The error stands at the user's own line, whichever of the two numbers that is, and names both."""
    with pytest.raises(ProfileError) as caught:
        changed(tmp_path, changes)

    assert str(caught.value).startswith("mine.yaml:3: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"reservoir.capacity_nl": 10_000_000, "alarm.low_reservoir_nl_max": 5_000_000},
        {"bolus.most_per_day_max": 48, "memory.lockout_ring_bytes": 2_048},
        {"behaviour.telemetry": "false", "rate.constant_rate_nl_per_h": 20_000},
        {"reservoir.residual_nl": 0},
        {"clock.drift_ppm": -50},
    ],
    ids=["smaller", "more doses", "constant flow", "no residual", "slow clock"],
)
def test_numbers_changed_together_fit(tmp_path: Path, changes: dict[str, int | str]) -> None:
    """What depends on each other can be changed together, and the pump runs a day."""
    pump = Pump(changed(tmp_path, changes))
    pump.advance(days=1)

    assert pump.now_us > 0


def test_smallest_memory_is_enough(tmp_path: Path) -> None:
    """Both rings as small as they may be: the pump runs, boots again and restores."""
    pump = Pump(changed(tmp_path, {"memory.event_ring_bytes": 256, "memory.scrub_period_s": 600}), seed=1)
    pump.advance(days=1)
    pump.reset()
    pump.advance(days=1)

    assert Pump.restore(pump.save()).digest() == pump.digest()
