"""The page of alarms, made from the firmware's catalogue, a profile's numbers, the registry of faults and the table of requirements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from firmware_sim.firmware.alarms import ALARMS, Alarm, number_of
from firmware_sim.profile import Profile, load_profile, profile_names
from firmware_sim.profile.sections import BEHAVIOUR_WORDS
from hil.faults.registry import REGISTRY
from hil.requirements.table import shipped_table
from hil.wording.alarms import ALARM_WORDS, ALARMS_SAID
from hil.wording.quantity import VOLUME, duration

__all__ = ["CAUSES", "Cause", "render"]

PROFILE = "itp-40"
EVERY_ALARM = ("AL-01", "AL-02", "AL-03", "AL-04", "AL-06", "AL-07", "AL-08", "AL-09", "AL-10", "AL-12", "AL-16", "AL-18", "AL-19", "AL-20")
"""Rows that hold for each cause alike."""
MS_PER_S = 1_000
_OTHER_WORDS = {"motor_stall": "a stall of", "stopped_too_long": "that it is stopped"}
_OTHER_WORDS |= {alarm.cause: "the alarm of that test" for alarm in ALARMS if alarm.cause.startswith("self_test_")}
"""How the registry of faults speaks of an alarm where it does not name the cause."""
_HEAD = """# Alarms

Generated from `firmware_sim/firmware/alarms.py`, which the pump runs on, and the numbers of {name}. Other pumps differ by their
[data sheets](data-sheets/index.md). A cause has one life, [drawn here](states.md#life-of-an-alarm-cause): it is readable from its beginning
until it is gone *and* acknowledged.

What cannot raise an alarm is as telling: a blocked catheter, a leak, a wrong drug and an over-infusing motor raise none.
[Faults](faults.md) says of each what the pump notices and misses.
"""
_LIFE = """## What people do about them

| act | by | what it does |
| --- | --- | --- |
| silence | `pumpsim program PORT silence ALARM` | keeps this one quiet for {silence} if critical, {long_silence} if not; it stays active |
| acknowledge | `pumpsim program PORT ack ALARM` | marks it as seen; it goes on sounding while its cause is there |
| alarm test | `pumpsim program PORT alarm-test` | both sounds once, critical first; nothing else changes |

A silence ends early when the cause clears, at a reset, and when the session is lost. While a critical cause is active no bolus is given,
and one that runs ends when the cause is raised. The sound is that of the highest class with an active cause that is not silenced; where
several are, that of the first.

These rows of the [requirements](requirements.md) hold for every cause: {rows}.
"""


class Cause(NamedTuple):
    """What raises a cause, in the words of this profile's numbers, and the rows of requirements that are about it."""

    raised: Callable[[Profile], str]
    rows: tuple[str, ...]


def _always(text: str) -> Callable[[Profile], str]:
    return lambda _profile: text


def _self_test(what: str) -> Cause:
    return Cause(_always(f"{what} fails its self-test, after power-on or on its hourly grid"), ("SF-02", "SF-04", "SF-07"))


CAUSES: dict[str, Cause] = {
    "low_reservoir": Cause(
        lambda p: (
            f"the computed volume falls to the therapy's level, {VOLUME.text(p.alarm.low_reservoir_nl_default)} unless programmed "
            f"otherwise ({VOLUME.text(p.alarm.low_reservoir_nl_min)} to {VOLUME.text(p.alarm.low_reservoir_nl_max)})"
        ),
        ("RS-05", "RS-07"),
    ),
    "empty_reservoir": Cause(_always("the computed volume comes to 0"), ("RS-06",)),
    "motor_stall": Cause(
        lambda p: (
            f"steps are commanded and the rotor has not moved for {_time(p.motor.stall_detection_s)}; it moves again for "
            f"{_time(p.motor.recovery_detection_s)} before the pump calls it recovered"
        ),
        ("OC-07",),
    ),
    "stopped_too_long": Cause(lambda p: f"no infusion for {_time(p.alarm.stopped_too_long_s)}", ("ST-05", "PG-18")),
    "memory_error": Cause(_always("one of both therapy banks reads back bad, or the RAM image differs from its bank"), ("SF-12", "SF-14")),
    "memory_failure": Cause(_always("both therapy banks read back bad"), ("SF-13", "SF-14")),
    "eri": Cause(
        lambda p: (
            f"the mean of {p.battery.readings} readings of the supply is at or below {p.battery.eri_mv:,} mV, or the end of service by "
            f"age is {p.battery.eri_days} days away"
        ),
        ("PW-04",),
    ),
    "eos": Cause(
        lambda p: f"{p.battery.eri_days} days after eri, or {p.battery.age_days_max:,} days after the first therapy, whichever is first",
        ("PW-05",),
    ),
    "low_battery_reset": Cause(lambda p: f"the supply dips below {p.battery.brownout_mv:,} mV, which resets the firmware", ("PW-07",)),
    "rate_limiter": Cause(
        lambda p: f"the independent limiter has counted {p.limiter.excess_steps} motor steps that were never commanded", ("OC-08", "SF-18")
    ),
    "watchdog_failure": Cause(
        lambda p: (
            f"the firmware does not answer for {_time(p.watchdog.failure_s)}, through the reset that comes after "
            f"{_time(p.watchdog.timeout_s)}; or the watchdog fails its self-test"
        ),
        ("SF-09", "SF-10", "SF-11"),
    ),
    "self_test_cpu": _self_test("the processor"),
    "self_test_rom": _self_test("the program memory"),
    "self_test_ram": _self_test("the working memory"),
    "self_test_adc": Cause(_always("the A/D converter fails its self-test: it gives one value, whatever it reads"), ("SF-02", "SF-17")),
    "self_test_rtc": Cause(_always("the clock fails its self-test: it stands still"), ("SF-02", "SF-16")),
    "self_test_tone": _self_test("the sounder"),
    "log_error": Cause(_always("a record of the log reads back wrong after it was written"), ("LG-08",)),
    "supply_range": Cause(
        lambda p: (
            f"the mean of {p.battery.readings} readings of the supply is outside {p.battery.supply_mv_min:,} to "
            f"{p.battery.supply_mv_max:,} mV"
        ),
        ("PW-02", "PW-08"),
    ),
    "magnet_stop": Cause(_always("somebody stops the pump with a magnet and without a session"), ("PR-12",)),
    "keys_changed": Cause(_always("a programmer's key was replaced"), ("PR-11",)),
}


def render() -> str:
    """The page."""
    profile = load_profile(PROFILE)
    alarm = profile.alarm
    life = _LIFE.format(silence=_time(alarm.critical_silence_s), long_silence=_time(alarm.non_critical_silence_s), rows=_rows(EVERY_ALARM))
    parts = [_HEAD.format(name=PROFILE), _sounds(profile), _overview(), life, _others()]
    return "\n".join([*parts, *(_section(each, profile) for each in ALARMS)])


def _time(seconds: int) -> str:
    return duration(seconds)


def _sounds(profile: Profile) -> str:
    sound, alarm = profile.sound, profile.alarm
    pair = f"{sound.tone_low_hz:,} Hz and {sound.tone_high_hz:,} Hz in turn, {sound.tone_ms} ms each"
    rows = [
        (
            "critical",
            f"two-tone: {pair}, for {_seconds(sound.critical_ms)}",
            _repeats((alarm.critical_repeat_s_default, alarm.critical_repeat_s_min, alarm.critical_repeat_s_max)),
        ),
        (
            "non-critical",
            f"single tone of {sound.tone_low_hz:,} Hz, for {_seconds(sound.non_critical_ms)}",
            _repeats((alarm.non_critical_repeat_s_default, alarm.non_critical_repeat_s_min, alarm.non_critical_repeat_s_max)),
        ),
    ]
    return "## The two sounds\n\n" + _table(("class", "sound", "again every"), rows)


def _seconds(ms: int) -> str:
    return f"{ms / MS_PER_S:g} s"


def _repeats(times_s: tuple[int, int, int]) -> str:
    default, least, most = map(_time, times_s)
    return f"{default} unless programmed otherwise ({least} to {most})"


def _overview() -> str:
    rows = [
        (
            str(number_of(each.cause)),
            f"[{ALARM_WORDS[number_of(each.cause)]}](#{ALARM_WORDS[number_of(each.cause)]})",
            ALARMS_SAID[number_of(each.cause)].name,
            "critical" if each.critical else "non-critical",
            each.priority.lower(),
            each.flow,
        )
        for each in ALARMS
    ]
    head = ("bit", "as it is typed", "cause", "class", "priority on a console", "the motor")
    return "## All of them\n\nThe bit is the cause's number in alarm words of the wire.\n\n" + _table(head, rows)


def _others() -> str:
    """Pumps of which one of the rows is not so."""
    pumps = [load_profile(name) for name in profile_names()]
    silent = [pump.name for pump in pumps if not pump.behaviour.telemetry]
    rows = [
        (pump.name, words[False])
        for trait, words in ((trait, BEHAVIOUR_WORDS[trait]) for trait in ("stall_alarm", "stops_at_end_of_service"))
        for pump in pumps
        if not getattr(pump.behaviour, trait) and pump.name not in silent
    ]
    rows += [(name, "it has no electronics, and no alarm") for name in silent]
    return "## Pumps that differ\n\n" + _table(("pump", "what is otherwise"), rows)


def _section(alarm: Alarm, profile: Profile) -> str:
    number, cause = number_of(alarm.cause), CAUSES[alarm.cause]
    said = ALARMS_SAID[number]
    facts = [
        ("raised when", cause.raised(profile)),
        ("the flow", f"{alarm.flow}: {said.flow}"),
        ("sound", "critical" if alarm.critical else "non-critical"),
        ("cleared by", alarm.clears),
        ("what to do", said.do),
        ("outlives a reset", "yes, latched" if alarm.latched else "no: it is raised again if its cause is still there"),
        ("raised by the faults", ", ".join(f"[{name}](faults.md#{name.replace('.', '')})" for name in _faults(alarm.cause)) or "none"),
        ("requirements", _rows(cause.rows)),
    ]
    return f"## {ALARM_WORDS[number]}\n\n" + _table(("", said.name), facts)


def _faults(cause: str) -> Iterator[str]:
    """Faults of which the registry says that the pump notices them by this alarm."""
    words = re.compile(rf"\b{cause}\b|{_OTHER_WORDS.get(cause, cause)}")
    yield from (fault.name for fault in REGISTRY.values() if words.search(fault.pump_notices))


def _rows(ids: Iterable[str]) -> str:
    """Rows of requirements by their ids. Raises KeyError for one that the table lacks."""
    table = shipped_table()
    return ", ".join(table[each].id for each in ids)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *rows))
