"""The fleet engine: many lives at once, from visit to visit. Between two visits everything is a closed form, anchored at the refill.

One pass over the arrays is one visit of each pump that still lives: what would happen until the planned visit is worked out, the earliest
reason for somebody to come is the next visit, and what the reservoir, the motor and the battery did until then is settled there. Lives that
are over leave the arrays. Nothing depends on what else is in the chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.profile import Profile, load_profile
from hil.fleet.battery import Batteries
from hil.fleet.inputs import HasSettings, Inputs
from hil.fleet.lives import ENDS, empty_columns, rows_of
from hil.fleet.motor import FL_PER_NL, PPM, Motors
from hil.fleet.people import NEVER, S_PER_DAY, S_PER_H, S_PER_YEAR, filled_nl, goes_into_pocket, heard_s, planned_s, symptoms_s

__all__ = ["CHUNK", "live", "run"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CHUNK = 8_192
"""Lives in the arrays at once: what fits a processor's cache, and what bounds the memory."""
OVER_INFUSION_BEGINS_BY_S = 7 * S_PER_YEAR


def run(cases: Sequence[HasSettings], years: int, profile: str) -> list[dict[str, Any]]:
    """A row for each case."""
    numbers = load_profile(profile)
    return [row for first in range(0, len(cases), CHUNK) for row in rows_of(live(cases[first : first + CHUNK], years, numbers))]


def live(cases: Sequence[HasSettings], years: int, profile: Profile) -> Mapping[str, Ints]:
    """The columns of `hil.fleet.lives` for these cases, all in the arrays at once."""
    inputs = Inputs(cases)
    return _Chunk(inputs, _by_date(cases), years * S_PER_YEAR, profile).columns


def _by_date(cases: Sequence[HasSettings]) -> Bools:
    return np.array([case.parameters.get("refill-by", "date") == "date" for case in cases], bool)


@dataclass(slots=True)
class _Now:
    """Each living pump at its last visit. Times are true seconds, `running_s` device seconds with motion commanded."""

    place: Ints
    """Its row in the columns."""
    by_date: Bools
    visit_s: Ints
    running_s: Ints
    steps: Ints
    volume_fl: Ints
    printed_ppm: Ints
    unit_error_ppm: Ints
    step_fl: Ints
    stall_s: Ints
    catheter_s: Ints
    battery_s: Ints
    over_s: Ints
    eri_s: Ints
    replace_s: Ints
    service_s: Ints
    """When it is out of service at the latest."""

    def take(self, places: Ints) -> _Now:
        return _Now(*(getattr(self, field.name)[places] for field in fields(self)))


@dataclass(slots=True)
class _Span:
    """From one visit to the next: when each thing happens, NEVER where it does not."""

    bound_s: Ints
    low_s: Ints
    empty_s: Ints
    dry_s: Ints
    stall_s: Ints
    catheter_s: Ints
    battery_s: Ints
    eri_s: Ints
    visit_s: Ints


class _Chunk:
    """One chunk, lived from the first fill to the last pump's end."""

    def __init__(self, inputs: Inputs, by_date: Bools, horizon_s: int, profile: Profile) -> None:
        self.horizon_s = horizon_s
        self.inputs = inputs
        self.motors, self.batteries = Motors(profile, int(inputs["flow-rate"].max(initial=1))), Batteries(profile)
        self.detection_s = profile.motor.stall_detection_s
        self.columns = empty_columns(inputs.count)
        self.now = self._born(by_date)
        k = 0
        while len(self.now.place):
            self._live_on(k)
            k += 1

    def _born(self, by_date: Bools) -> _Now:
        inputs, seeds, count = self.inputs, self.inputs.drawn.seeds, self.inputs.count
        printed, error = self.motors.printed_ppm(seeds), self.motors.unit_error_ppm(seeds)
        over = inputs.drawn.uniform("over-infusion") < inputs.hazards["over_infusion_share"]
        over_s = (inputs.drawn.uniform("over-infusion/day") * OVER_INFUSION_BEGINS_BY_S).astype(np.int64)
        self.columns["unit_error_ppm"][:] = error
        never, nought = np.full(count, NEVER, np.int64), np.zeros(count, np.int64)
        return _Now(
            place=np.arange(count),
            by_date=by_date,
            visit_s=nought,
            running_s=nought.copy(),
            steps=nought.copy(),
            volume_fl=self._filled_fl(np.arange(count), 0),
            printed_ppm=printed,
            unit_error_ppm=error,
            step_fl=self.motors.step_fl(printed, error, (PPM + inputs["flow-error"],)),
            stall_s=self._event_s("motor_stall"),
            catheter_s=self._event_s("catheter"),
            battery_s=self._event_s("battery"),
            over_s=np.where(over, over_s, NEVER),
            eri_s=never,
            replace_s=never.copy(),
            service_s=self.motors.true_s(np.full(count, self.batteries.age_s, np.int64)),
        )

    def _event_s(self, name: str) -> Ints:
        """When it happens, at a constant hazard."""
        years = self.inputs.drawn.exponential(name) / np.maximum(self.inputs.hazards[name], 1e-12)
        return np.minimum(years * S_PER_YEAR, NEVER).astype(np.int64)

    def _filled_fl(self, place: Ints, k: int) -> Ints:
        """What the needle of visit `k` puts into the reservoirs."""
        pocket = goes_into_pocket(self.inputs, k)
        self.columns["pocket_fills"][place] += pocket
        return np.where(pocket, 0, filled_nl(self.inputs, k) * FL_PER_NL)

    def _live_on(self, k: int) -> None:
        span = self._span(k)
        self._settle(span)
        ended = self._ends(span)
        self._visit(span, k + 1)
        if ended.any():
            on = np.flatnonzero(~ended)
            self.now, self.inputs = self.now.take(on), self.inputs.take(on)
        if len(self.now.place):
            self._refill(k + 1)

    # -- what happens until the next visit -----------------------------------------------------------------------------------

    def _span(self, k: int) -> _Span:
        now, inputs, motors = self.now, self.inputs, self.motors
        plan_s = now.visit_s + planned_s(inputs, now.by_date, k)
        last_s = np.minimum(np.minimum(now.service_s, now.replace_s), self.horizon_s)
        bound_s = np.minimum(plan_s, last_s)
        rate, fill = inputs["flow-rate"], inputs["fill"]
        low_after = motors.true_s(-(-(fill - inputs["low-reservoir-alarm"]) * S_PER_H // rate))
        empty_after = motors.true_s(-(-fill * S_PER_H // rate))
        low_s = _within(now.visit_s + low_after, bound_s)
        empty_s = _within(now.visit_s + empty_after, bound_s)
        battery_s = _within(np.maximum(now.battery_s, now.visit_s), bound_s)
        low_s, empty_s = _within(low_s, battery_s), _within(empty_s, battery_s)
        stall_s = _within(np.maximum(now.stall_s, now.visit_s), np.minimum(bound_s, np.minimum(empty_s, battery_s)))
        catheter_s = _within(np.maximum(now.catheter_s, now.visit_s), bound_s)
        pushing_s = np.minimum(np.minimum(bound_s, stall_s), np.minimum(empty_s, battery_s))
        dry_s, eri_s = self._dry_s(pushing_s), self._eri_s(bound_s, pushing_s)
        span = _Span(bound_s, low_s, empty_s, dry_s, stall_s, catheter_s, battery_s, eri_s, bound_s.copy())
        self._who_comes(span, k)
        return span

    def _steps_at(self, at_s: Ints) -> Ints:
        """Steps commanded by a time, all of it running since the visit."""
        now = self.now
        return self.motors.steps(self.inputs["flow-rate"], now.printed_ppm, self._running_at(at_s))

    def _running_at(self, at_s: Ints) -> Ints:
        now = self.now
        return now.running_s + self.motors.device_s(at_s) - self.motors.device_s(now.visit_s)

    def _dry_s(self, pushing_s: Ints) -> Ints:
        """When the reservoir has given all it had, if the motor turns until `pushing_s`."""
        now, motors, dry_s = self.now, self.motors, np.full(len(pushing_s), NEVER, np.int64)
        at = np.flatnonzero(motors.pushed_fl(now.step_fl, now.steps, self._steps_at(pushing_s)) >= now.volume_fl)
        if len(at):
            last = motors.step_that_empties(now.step_fl[at], now.steps[at], now.volume_fl[at])
            running_s = motors.time_of(self.inputs["flow-rate"][at], now.printed_ppm[at], last)
            dry_s[at] = now.visit_s[at] + motors.true_s(np.maximum(running_s - now.running_s[at], 0))
        return dry_s

    def _eri_s(self, bound_s: Ints, pushing_s: Ints) -> Ints:
        """When the replacement indicator comes up in this span."""
        now, eri_s = self.now, np.full(len(bound_s), NEVER, np.int64)
        by_age_s = now.service_s - self.batteries.warning_s
        used = self.batteries.used_nc(bound_s, self._steps_at(pushing_s)) >= self.batteries.eri_nc
        at = np.flatnonzero((now.eri_s == NEVER) & (used | (by_age_s < bound_s)))
        if len(at):
            pace = self.inputs["flow-rate"][at] * PPM / (self.motors.numbers.step_nl * S_PER_H * now.printed_ppm[at])
            by_charge_s = self.batteries.reaches_eri(now.visit_s[at], now.steps[at], pace)
            eri_s[at] = np.minimum(by_age_s[at], by_charge_s)
        return _within(eri_s, np.minimum(bound_s, now.battery_s))

    def _who_comes(self, span: _Span, k: int) -> None:
        """The earliest reason for a visit."""
        stopped_s = np.minimum(np.minimum(span.empty_s, span.dry_s), np.minimum(span.stall_s, span.battery_s))
        felt_s = np.minimum(stopped_s, span.catheter_s)
        self._comes(span, felt_s, lambda inputs: symptoms_s(inputs, k))
        self._comes(span, np.minimum(span.low_s, span.eri_s), lambda inputs: heard_s(inputs, "low", k))
        critical_s = span.empty_s.copy()
        at = np.flatnonzero(span.stall_s < NEVER)
        if len(at):
            critical_s[at] = np.minimum(critical_s[at], self._detected_s(at, span.stall_s[at]))
        self._comes(span, critical_s, lambda inputs: heard_s(inputs, "critical", k))

    def _comes(self, span: _Span, since_s: Ints, after: Callable[[Inputs], Ints]) -> None:
        at = np.flatnonzero(since_s < span.visit_s)
        if len(at):
            span.visit_s[at] = np.minimum(span.visit_s[at], since_s[at] + after(self.inputs.take(at)))

    def _detected_s(self, at: Ints, stall_s: Ints) -> Ints:
        """When the firmware raises the alarm: the first unmoved step, from the second on, with the detection time since one that moved."""
        rate, printed = self.inputs["flow-rate"][at], self.now.printed_ppm[at]
        steps = self._steps_at(_put(self.now.visit_s, at, stall_s))[at]
        moved_s = self.motors.time_of(rate, printed, steps)
        enough = self.motors.steps(rate, printed, moved_s + self.detection_s - 1) + 1
        running_s = self.motors.time_of(rate, printed, np.maximum(steps + 2, enough))
        return np.asarray(self.now.visit_s[at] + self.motors.true_s(running_s - self.now.running_s[at]))

    # -- what it came to ------------------------------------------------------------------------------------------------------

    def _settle(self, span: _Span) -> None:
        """Accounts at the visit: volumes, hours lost, alarms, first times."""
        now, columns, place = self.now, self.columns, self.now.place
        turning_s = np.minimum(np.minimum(span.visit_s, span.empty_s), np.minimum(span.stall_s, span.battery_s))
        pushed_fl = self._out_fl(turning_s)
        astray = np.flatnonzero(span.catheter_s < turning_s)
        if len(astray):
            pushed_fl[astray] = np.minimum(pushed_fl, self._out_fl(np.minimum(span.catheter_s, turning_s)))[astray]
        columns["delivered_nl"][place] += pushed_fl // FL_PER_NL
        dry_s = np.minimum(span.empty_s, span.dry_s)
        for event, at_s in (("stall", span.stall_s), ("catheter", span.catheter_s), ("battery", span.battery_s), ("empty", dry_s)):
            self._note(event, at_s, span.visit_s)
        low = span.low_s < span.visit_s
        columns["low_alarms"][place] += low
        columns["low_alarms_missed"][place] += low & (dry_s < span.visit_s)
        columns["empties"][place] += dry_s < span.visit_s
        columns["silent_empties"][place] += (span.dry_s < span.visit_s) & (span.dry_s < span.low_s)
        now.steps = self._steps_at(np.minimum(span.visit_s, span.empty_s))
        now.running_s = self._running_at(np.minimum(span.visit_s, span.empty_s))

    def _out_fl(self, at_s: Ints) -> Ints:
        """What has left the reservoir since the visit."""
        now = self.now
        return np.minimum(self.motors.pushed_fl(now.step_fl, now.steps, self._steps_at(at_s)), now.volume_fl)

    def _note(self, event: str, at_s: Ints, visit_s: Ints) -> None:
        """Keep the first time of an event and how long until the visit; add up the hours lost."""
        at = np.flatnonzero(at_s < visit_s)
        place, lost_s = self.now.place[at], (visit_s - at_s)[at]
        self.columns[f"{event}_lost_s"][place] += lost_s
        first = self.columns[f"{event}_s"][place] < 0
        self.columns[f"{event}_s"][place[first]] = at_s[at][first]
        seen = visit_s[at] < self.horizon_s
        self.columns[f"{event}_found_s"][place[first & seen]] = lost_s[first & seen]

    def _ends(self, span: _Span) -> Bools:
        """Which lives are over at this visit, and how."""
        now, columns = self.now, self.columns
        reasons = [
            span.visit_s >= self.horizon_s,
            span.visit_s >= now.service_s,
            span.stall_s < span.visit_s,
            span.battery_s < span.visit_s,
            span.visit_s >= now.replace_s,
        ]
        names = ("horizon", "end-of-service", "stall", "battery", "replaced")
        end = np.select(reasons, [ENDS.index(name) for name in names], -1)
        ended = end >= 0
        place, end_s = now.place[ended], span.visit_s[ended]
        columns["end"][place], columns["end_s"][place] = end[ended], end_s
        programmed = self.inputs["flow-rate"][ended] * self.motors.device_s(end_s) // S_PER_H
        columns["programmed_nl"][place] = programmed
        return ended

    def _visit(self, span: _Span, k: int) -> None:
        """Somebody is there: what has come up is seen."""
        now = self.now
        seen = np.flatnonzero(span.eri_s < span.visit_s)
        if len(seen):
            now.eri_s[seen] = span.eri_s[seen]
            now.replace_s[seen] = span.visit_s[seen] + self.inputs["replace-after"][seen] * S_PER_DAY
            now.service_s[seen] = np.minimum(now.service_s[seen], span.eri_s[seen] + self.batteries.warning_s)
        now.catheter_s[span.catheter_s < span.visit_s] = NEVER
        now.visit_s = span.visit_s

    def _refill(self, k: int) -> None:
        now = self.now
        self.columns["refills"][now.place] += 1
        now.volume_fl = self._filled_fl(now.place, k)
        over = np.flatnonzero(now.over_s <= now.visit_s)
        if len(over):
            now.over_s[over] = NEVER
            self.columns["over_infuses"][now.place[over]] = 1
            factors = (PPM + self.inputs["flow-error"][over], PPM + self.inputs["over-infusion-excess"][over])
            now.step_fl[over] = self.motors.step_fl(now.printed_ppm[over], now.unit_error_ppm[over], factors)


def _within(at_s: Ints, bound_s: Ints) -> Ints:
    """Times before a bound; NEVER for the others."""
    return np.where(at_s < bound_s, at_s, NEVER)


def _put(base: Ints, at: Ints, values: Ints) -> Ints:
    """A copy with other values at some places."""
    changed = base.copy()
    changed[at] = values
    return changed
