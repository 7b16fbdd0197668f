"""The sections of a profile: which numbers a pump has, by name, and what its behaviour switches mean."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

__all__ = [
    "BEHAVIOUR_WORDS",
    "SECTIONS",
    "AlarmNumbers",
    "Battery",
    "Behaviour",
    "Bolus",
    "Catheter",
    "Clock",
    "DrugEntry",
    "Environment",
    "Identity",
    "Limiter",
    "MemoryNumbers",
    "Motor",
    "Number",
    "Pocket",
    "Rate",
    "Reservoir",
    "SelfTest",
    "Sound",
    "Watchdog",
    "names_of",
]


class Number(NamedTuple):
    """One number as the file gives it: value, sourced or assumed, and the source or a note."""

    value: int
    provenance: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Names the pump answers with."""

    model: str
    firmware: str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Ways in which pumps of this class differ that are not numbers; BEHAVIOUR_WORDS says what each choice means."""

    stops_for_update: bool
    after_bolus: str
    telemetry_trap: bool
    stall_log_lazy: bool
    stall_alarm: bool
    stops_at_end_of_service: bool
    telemetry: bool


@dataclass(frozen=True, slots=True)
class Reservoir:
    """Volumes of the reservoir; capacity counts above the residual. Fluid above capacity raises the pressure, and with it the flow."""

    capacity_nl: int
    residual_nl: int
    overfill_ppm_per_ml: int
    overfill_nl_max: int


@dataclass(frozen=True, slots=True)
class Motor:
    """The step, how it differs from unit to unit and wears, and how long a stall takes to show."""

    step_nl: int
    unit_error_sd_ppm: int
    unit_error_max_ppm: int
    printed_sd_ppm: int
    accuracy_band_ppm: int
    stall_detection_s: int
    recovery_detection_s: int
    wear_block_steps: int
    wear_ppm_per_block: int


@dataclass(frozen=True, slots=True)
class Rate:
    """Range of a programmed rate; `constant_rate_nl_per_h` is 0 on a pump that can be programmed."""

    rate_nl_per_h_min: int
    rate_nl_per_h_max: int
    minimum_rate_nl_per_h: int
    steps_per_group_max: int
    constant_rate_nl_per_h: int


@dataclass(frozen=True, slots=True)
class Bolus:
    """Ranges of doses: single bolus, prime, bridge bolus, and what a patient may ask for."""

    bolus_nl_min: int
    bolus_nl_max: int
    bolus_s_min: int
    bolus_s_max: int
    prime_rate_nl_per_h: int
    prime_nl_max: int
    bridge_nl_max: int
    lockout_s_min: int
    lockout_s_max: int
    most_per_day_max: int


@dataclass(frozen=True, slots=True)
class Catheter:
    """The path from motor to tip."""

    tubing_nl: int
    length_mm: int
    mixing_nl: int
    volume_nl_per_mm: int
    inner_diameter_um: int

    @property
    def path_nl(self) -> int:
        """Volume of tubing and catheter together."""
        return self.tubing_nl + self.length_mm * self.volume_nl_per_mm


@dataclass(frozen=True, slots=True)
class AlarmNumbers:
    """Levels, repeats, silences and delays of alarms."""

    low_reservoir_nl_default: int
    low_reservoir_nl_min: int
    low_reservoir_nl_max: int
    critical_repeat_s_default: int
    critical_repeat_s_min: int
    critical_repeat_s_max: int
    non_critical_repeat_s_default: int
    non_critical_repeat_s_min: int
    non_critical_repeat_s_max: int
    critical_silence_s: int
    non_critical_silence_s: int
    stopped_too_long_s: int


@dataclass(frozen=True, slots=True)
class Sound:
    """The two sounds."""

    critical_ms: int
    non_critical_ms: int
    tone_low_hz: int
    tone_high_hz: int
    tone_ms: int


@dataclass(frozen=True, slots=True)
class Battery:
    """Charge, what draws it, the voltages that mean something, how the firmware samples them, and the ends of service."""

    capacity_mc: int
    quiescent_na: int
    step_nc: int
    full_mv: int
    empty_mv: int
    age_days_max: int
    eri_mv: int
    eri_days: int
    life_scale_ppm: int
    brownout_mv: int
    supply_mv_min: int
    supply_mv_max: int
    sample_period_s: int
    readings: int
    wake_nc: int
    wakes_per_h_max: int


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How long the power-on self-test takes, and how often the tests are done again."""

    post_ms: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Watchdog:
    """After how long without an answer a task is reset, and when that has failed too."""

    timeout_s: int
    failure_s: int


@dataclass(frozen=True, slots=True)
class Limiter:
    """Steps beyond those commanded at which the independent rate limiter stops the motor."""

    excess_steps: int


@dataclass(frozen=True, slots=True)
class Environment:
    """Surroundings at which the pump was calibrated, the range it is made for, and how the flow changes away from them."""

    temperature_mdegc: int
    temperature_ppm_per_k: int
    temperature_mdegc_min: int
    temperature_mdegc_max: int
    pressure_mmhg: int
    pressure_ppm_per_100_mmhg: int
    pressure_mmhg_min: int
    pressure_mmhg_max: int
    mmhg_per_km: int
    altitude_m_max: int


@dataclass(frozen=True, slots=True)
class Pocket:
    """The tissue around the pump, which takes up what lands there."""

    absorption_half_life_s: int


@dataclass(frozen=True, slots=True)
class Clock:
    """The oscillator and the clock's start and end, microseconds since 2000-01-01 00:00."""

    drift_ppm: int
    clock_us_start: int
    clock_us_max: int


@dataclass(frozen=True, slots=True)
class MemoryNumbers:
    """Sizes of the memory regions, in the order in which they lie, and the scrub period."""

    bank_a_bytes: int
    bank_b_bytes: int
    answer_table_bytes: int
    last_id_bytes: int
    session_counter_bytes: int
    delivery_records_bytes: int
    lockout_ring_bytes: int
    patient_counters_bytes: int
    delivery_state_bytes: int
    reservoir_state_bytes: int
    clock_offset_bytes: int
    boot_state_bytes: int
    calibration_bytes: int
    alarm_state_bytes: int
    keys_bytes: int
    event_ring_bytes: int
    fault_ring_bytes: int
    scrub_period_s: int

    def regions(self) -> dict[str, int]:
        """Region name -> size in bytes, in order."""
        return {name.removesuffix("_bytes"): getattr(self, name) for name in names_of(type(self)) if name.endswith("_bytes")}


@dataclass(frozen=True, slots=True)
class DrugEntry:
    """One drug of the pump's library."""

    name: str
    drug_id: int
    version: int
    concentration_ng_per_ml_min: int
    concentration_ng_per_ml_max: int
    daily_dose_ng_max: int
    daily_dose_ng_soft: int
    stability_days: int


SECTIONS: dict[str, type] = {
    "identity": Identity,
    "behaviour": Behaviour,
    "reservoir": Reservoir,
    "motor": Motor,
    "rate": Rate,
    "bolus": Bolus,
    "catheter": Catheter,
    "alarm": AlarmNumbers,
    "sound": Sound,
    "battery": Battery,
    "self_test": SelfTest,
    "watchdog": Watchdog,
    "limiter": Limiter,
    "environment": Environment,
    "pocket": Pocket,
    "clock": Clock,
    "memory": MemoryNumbers,
}
"""Every section of a profile file but `drugs`, in the order of the data sheet."""

BEHAVIOUR_WORDS: dict[str, dict[bool | str, str]] = {
    "stops_for_update": {
        True: "an update stops the pump, and one that is broken off leaves it stopped",
        False: "an update changes nothing until it is committed",
    },
    "after_bolus": {
        "resume": "the basal rate goes on after a single bolus",
        "stop": "a single bolus leaves the pump stopped",
    },
    "telemetry_trap": {
        True: "a field that puts it into telemetry mode while an alarm sounds stops the infusion until somebody interrogates",
        False: "telemetry never stops the infusion",
    },
    "stall_log_lazy": {
        True: "the recovery from a stall enters the log only at the next interrogation",
        False: "the recovery from a stall enters the log at once",
    },
    "stall_alarm": {
        True: "a stalled motor raises a critical alarm",
        False: "a stalled motor raises no alarm",
    },
    "stops_at_end_of_service": {
        True: "it stops for good at the end of service",
        False: "it does not stop itself at the end of service",
    },
    "telemetry": {
        True: "it answers a programmer",
        False: "it has no electronics: constant flow, nothing to program and nobody to ask",
    },
}
"""What each value of a behaviour switch means; these are the only values there are."""


def names_of(kind: type) -> tuple[str, ...]:
    """Names of a section's fields, in order."""
    return tuple(field.name for field in fields(kind))
