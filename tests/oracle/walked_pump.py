"""A pump that walks: day by day, stretch by stretch and motor step by motor step, where the pump itself multiplies and solves.

It does the same acts with the same records, so that its digest, its events and all it tells must be those of the pump. What it shares with
the pump is what an act does; what it does not share is how much there is at a time, and when something is due: no prefix sums over the
week, no inverse of them, no sums over worn steps, no solved thresholds, no deadline kept, nothing remembered between looks, and every
record of the log goes through the JSON encoder.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from operator import itemgetter

from firmware_sim import Pump
from firmware_sim.agenda import Act
from firmware_sim.firmware.controller import Controller
from firmware_sim.firmware.deadlines import Deadline, low_level_nl
from firmware_sim.firmware.dosing import Course, Dosing
from firmware_sim.firmware.journal import Entry, EventKind
from firmware_sim.firmware.looks import Looks
from firmware_sim.kernel import Kernel
from firmware_sim.plant.motor import Motor
from firmware_sim.profile import Profile
from firmware_sim.pump_state import PumpState
from firmware_sim.truth import Sight

__all__ = ["WalkedPump"]

US_PER_S = 1_000_000
DAY_US = 86_400 * US_PER_S
SATURDAY = 5
"""2000-01-01, where the clock begins."""
FACTS = Entry._fields[2:-1]


class WalkedDosing(Dosing):
    """A plan whose basal is added up from the anchor on; the sum at each midnight that was passed is noted, for the plan it is of."""

    plan: tuple[object, ...] = ()
    midnights: list[tuple[int, int]]

    def basal_at(self, device_us: int) -> int:
        """Basal units commanded by then."""
        if self.week is None:
            return self.basal_units
        plan = (self.anchor_us, self.basal_units, self.clock_offset_us, self.week)
        if self.plan != plan:
            self.plan, self.midnights = plan, [(self.anchor_us, self.basal_units)]
        at_us, units = self.midnights[max(0, bisect_right(self.midnights, device_us, key=itemgetter(0)) - 1)]
        for end_us, rate in self.stretches(at_us):
            if end_us >= device_us:
                return units + rate * (device_us - at_us)
            units, at_us = units + rate * (end_us - at_us), end_us
            if (at_us + self.clock_offset_us) % DAY_US == 0 and at_us > self.midnights[-1][0]:
                self.midnights.append((at_us, units))
        raise AssertionError("a week has no end")

    def time_of_total(self, units: int) -> int | None:
        """The first device time at which the total is so much: days are passed one by one, and the day is searched."""
        at_us, end_us = self.anchor_us, self.anchor_us
        while self.total_at(end_us) < units:
            if self.week is None and (self.bolus is None or end_us >= self.bolus.end_us):
                return None
            at_us, end_us = end_us, end_us + DAY_US
        return first_us(at_us, end_us, lambda us: self.total_at(us) >= units)

    def course(self) -> WalkedCourse:
        """The same plan, to be asked like the pump's."""
        course = WalkedCourse(self.step_units, self.week, self.clock_offset_us, 0, self.bolus, self.bolus_units)
        object.__setattr__(course, "dosing", self)
        return course

    def stretches(self, device_us: int) -> Iterator[tuple[int, int]]:
        """(device time of its end, rate) of each stretch from a time on, midnight ending one too."""
        assert self.week is not None, "a plan is walked where there is one"
        table = list(zip(self.week.starts_us, self.week.rates_nl_per_h, strict=True))
        while True:
            clock_us = device_us + self.clock_offset_us
            weekday, into_us = (clock_us // DAY_US + SATURDAY) % 7, clock_us % DAY_US
            now_us = weekday * DAY_US + into_us
            rate = [rate for start_us, rate in table if start_us <= now_us][-1]
            turns = [start_us for start_us, _ in table if now_us < start_us < (weekday + 1) * DAY_US]
            device_us += min([*turns, (weekday + 1) * DAY_US]) - now_us
            yield device_us, rate


class WalkedCourse(Course):
    """A plan as looks ask for it."""

    dosing: WalkedDosing

    def at(self, device_us: int) -> tuple[int, int, int]:
        """Units of basal and of boluses, and the rate of the stretch."""
        dosing, run = self.dosing, self.dosing.bolus
        rate = next(dosing.stretches(device_us))[1] if dosing.week is not None else 0
        rate += run.rate_nl_per_h() if run is not None and device_us < run.end_us else 0
        return dosing.basal_at(device_us), dosing.bolus_at(device_us), rate

    def steps_at(self, device_us: int) -> int:
        """Pulses sent by then."""
        return self.dosing.total_at(device_us) // self.step_units


class WalkedMotor(Motor):
    """A motor whose volume is added up step by step; the sum so far is noted, for the slope it is of."""

    slope: tuple[object, ...] = ()
    noted: tuple[int, int] = (0, 0)

    def pushed_since_anchor_fl(self, pulses: int) -> int:
        """Volume of each step since the anchor, one after the other."""
        slope = (self.anchor_pulse, self.anchor_moved, self.step_fl, self.wear_fl, self.moving)
        if self.slope != slope or pulses < self.noted[0]:
            self.slope, self.noted = slope, (self.anchor_pulse, 0)
        seen, pushed_fl = self.noted
        for pulse in range(seen + 1, pulses + 1):
            number = self.anchor_moved + pulse - self.anchor_pulse
            pushed_fl += self.step_fl + number // self.block_steps * self.wear_fl if self.moving else 0
        self.noted = pulses, pushed_fl
        return pushed_fl


class WalkingController(Controller):
    """A firmware that looks out for what is due day by day, up to the horizon, by looking at what is so on each."""

    horizon_us = 0

    def next_due(self) -> Deadline | None:
        """The first thing to come, and of several at one instant the first in the list."""
        at_us = self.now_us
        while True:
            names = [name for name in self._waiting() if self._due(name, at_us)]
            if names:
                return names[0], at_us
            if at_us >= self.horizon_us:
                return None
            end_us = min(self.horizon_us, at_us + DAY_US)
            due = [name for name in self._waiting() if self._due(name, end_us)]
            if due:
                times = [first_us(at_us, end_us, partial(self._due, name)) for name in due]
                return due[times.index(min(times))], min(times)
            at_us = end_us

    def _waiting(self) -> list[str]:
        belief, active = self.belief, self.belief.alarms.is_active
        hal = self.hal
        sound = (hal.memory.disturbed_us, hal.failing_us, hal.supply_disturbed_us) == (None, None, None) and not hal.hung
        assert sound, "a sound pump walks"
        assert hal.motor_feedback().moving, "a sound pump walks"
        flowing = belief.fill is not None and belief.dosing.moving
        waited = {
            "power_on_test": belief.post_until_us >= 0,
            "empty": flowing,
            "low": flowing and not active("low_reservoir") and low_level_nl(belief, self.profile) is not None,
            "bolus_end": belief.dosing.bolus is not None,
            "stopped": belief.mode == "stopped" and belief.stopped_us >= 0 and not active("stopped_too_long"),
            "eos": not active("eos") and (belief.eri_us >= 0 or belief.implanted_us >= 0),
            "eri": belief.eri_us < 0,
        }
        return [name for name, waits in waited.items() if waits]

    def _due(self, name: str, device_us: int) -> bool:
        """Whether it is so at a device time."""
        belief, dosing, battery = self.belief, self.belief.dosing, self.profile.battery
        match name:
            case "empty" | "low":
                assert belief.fill is not None, "it was filled"
                left_nl = (low_level_nl(belief, self.profile) or 0) if name == "low" else 0
                return dosing.total_at(device_us) >= belief.fill.end_units(left_nl)
            case "power_on_test":
                return device_us >= belief.post_until_us
            case "bolus_end":
                return dosing.bolus is not None and device_us >= dosing.bolus.end_us
            case "stopped":
                return device_us >= belief.stopped_us + self.profile.alarm.stopped_too_long_s * US_PER_S
            case "eos":
                ends = [belief.eri_us + battery.eri_days * DAY_US] if belief.eri_us >= 0 else []
                ends += [belief.implanted_us + battery.age_days_max * DAY_US] if belief.implanted_us >= 0 else []
                return device_us >= min(ends)
            case _:
                old = belief.implanted_us >= 0 and device_us >= belief.implanted_us + (battery.age_days_max - battery.eri_days) * DAY_US
                return old or self._mean_mv(device_us) <= battery.eri_mv

    def _mean_mv(self, device_us: int) -> int:
        """The mean of the last readings by then, each made anew."""
        period_us, count, dosing = self.profile.battery.sample_period_s * US_PER_S, self.profile.battery.readings, self.belief.dosing
        last = device_us * count // period_us
        times = [number * period_us // count for number in range(last - count + 1, last + 1)]
        mvs = [self.hal.supply_mv(us, dosing.steps_at(max(us, dosing.anchor_us))) for us in times if us > self.belief.booted_us]
        return sum(mvs) // count if len(mvs) == count else self.profile.battery.full_mv


class WalkingKernel(Kernel):
    """Time that passes with nothing known beforehand."""

    firmware: WalkingController

    def __init__(self, profile: Profile, state: PumpState, perform: Callable[[Act], None]) -> None:
        super().__init__(profile, state, perform)
        self.firmware = WalkingController(profile, self.plant, state.plant.unit, self._logged)
        self.looks = Looks(self.firmware)
        if state.belief is not None:
            self.firmware.resume(state.belief)

    def advance_to(self, at_us: int) -> None:
        """Let time pass, looking out afresh."""
        self._forget()
        self.firmware.now_us = max(self.device_us, self.state.floor_us)
        self.firmware.horizon_us = self.state.plant.oscillator.device_at(at_us) + 1
        super().advance_to(at_us)
        self._forget()

    def _logged(self, entry: Entry) -> None:
        facts = dict(zip(FACTS, entry[2:-1], strict=True))
        self.trace.add(self.state.now_us, "log", {"record": entry.number, "event": EventKind(entry.kind).name, **facts})


class WalkedPump(Pump):
    """The pump that walks: `WalkedPump.restore(pump.save())`, then the same acts as the pump."""

    def _take(self, state: PumpState) -> None:
        assert state.belief is not None, "a pump with power walks"
        dosing, motor = state.belief.dosing, state.plant.motor
        state.belief.dosing = WalkedDosing(**{field.name: getattr(dosing, field.name) for field in fields(Dosing)})
        state.plant.motor = WalkedMotor(**{field.name: getattr(motor, field.name) for field in fields(Motor)})
        self._state = state
        self._kernel = WalkingKernel(self.profile, state, self._perform)
        self._sight = Sight(self._kernel)


def first_us(from_us: int, to_us: int, so: Callable[[int], bool]) -> int:
    """The first time in (from, to] at which it is so, of what stays so once it is; the first of all when it is so there already."""
    if so(from_us):
        return from_us
    while to_us - from_us > 1:
        middle_us = (from_us + to_us) // 2
        from_us, to_us = (from_us, middle_us) if so(middle_us) else (middle_us, to_us)
    return to_us
