"""One life of the event-driven pump: the same case, the same people and the same columns as a life in the fleet.

What happens to the pump is injected as faults through the bench, visits are acts upon it, and every time comes from what it does: alarms
from its log, volumes from its truth. Only draws and the habits of people are shared with the fleet, which is what a comparison needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware_sim import Pump
from firmware_sim.firmware.alarms import ALARMS
from firmware_sim.firmware.prescription import Group, Prescription, RefillEntry, Step
from hil.campaign.cases import Case, Row
from hil.fleet.engine import OVER_INFUSION_BEGINS_BY_S
from hil.fleet.inputs import Inputs
from hil.fleet.lives import ENDS, empty_columns, rows_of
from hil.fleet.people import NEVER, S_PER_DAY, S_PER_H, S_PER_YEAR, filled_nl, goes_into_pocket, heard_s, planned_s, symptoms_s

__all__ = ["Life", "alarms_since", "columns_of", "live", "records"]

US_PER_S = 1_000_000
ML = 1_000_000
NG_PER_ML = 500_000
BACLOFEN = 1
MINUTES_PER_DAY = 1_440
SOFT_DOSE_RULE, SOFT_DOSE_NG = 33, 1_000_000
DRY_WITHIN_S = 60
"""How exactly the time is searched at which a reservoir has run dry; the pump does not notice."""
NEARLY = 0.95
"""Share of the reservoir that a span may use before somebody looks whether it runs dry."""


def live(case: Case, years: int, profile: str) -> Row:
    """The row of a case."""
    return rows_of(columns_of(case, years, profile))[0]


def columns_of(case: Case, years: int, profile: str) -> dict[str, Any]:
    """The columns of `hil.fleet.lives`, of one pump."""
    return Life(case, years, profile).live()


class Life:
    """A pump and the people around it. Times are true seconds since its first fill."""

    def __init__(self, case: Case, years: int, profile: str) -> None:
        self.inputs = Inputs([case])
        self.by_date = self._array(case.parameters.get("refill-by", "date") == "date")
        self.rate, self.fill = self.setting("flow-rate"), self.setting("fill")
        self.horizon_s = years * S_PER_YEAR
        self.columns = empty_columns(1)
        self.pump = Pump(profile, seed=case.seed)
        self.eri_s = self.replace_s = NEVER
        self.faults: dict[str, int] = {}
        self._draw()
        self._begin()

    def _array(self, value: Any) -> Any:
        import numpy as np

        return np.array([value])

    def setting(self, name: str) -> int:
        """The integer of a setting."""
        return int(self.inputs[name][0])

    def _draw(self) -> None:
        """What will happen to it."""
        drawn, hazards = self.inputs.drawn, self.inputs.hazards
        self.due_s = {
            event: int(min(drawn.exponential(name)[0] / max(hazards[name][0], 1e-12) * S_PER_YEAR, NEVER))
            for event, name in (("stall", "motor_stall"), ("catheter", "catheter"), ("battery", "battery"))
        }
        over = drawn.uniform("over-infusion")[0] < hazards["over_infusion_share"][0]
        self.over_s = int(drawn.uniform("over-infusion/day")[0] * OVER_INFUSION_BEGINS_BY_S) if over else NEVER

    def _begin(self) -> None:
        """Fill it, tell it so, begin therapy."""
        error = self.setting("flow-error")
        if error > 0:
            self.pump.inject("motor.over_infusion", excess_ppm=error)
        if error < 0:
            self.pump.inject("motor.gear_wear", loss_ppm=-error)
        self.columns["unit_error_ppm"][0] = self.pump.truth().unit_error_ppm
        self._fill(0)
        dose_ng = self.rate * 24 * NG_PER_ML // ML
        group = Group(0b111_1111, dose_ng, (Step(0, MINUTES_PER_DAY, self.rate),))
        therapy = Prescription("simple", BACLOFEN, 1, NG_PER_ML, self.setting("low-reservoir-alarm"), 600, 3_600, (group,))
        self.pump.commit(therapy, overrides=(SOFT_DOSE_RULE,) if dose_ng > SOFT_DOSE_NG else ())

    def _fill(self, k: int) -> None:
        pocket = bool(goes_into_pocket(self.inputs, k)[0])
        self.columns["pocket_fills"][0] += pocket
        missed = self.pump.inject("reservoir.pocket_fill") if pocket else 0
        self.pump.needle(withdraw_nl=None, inject_nl=int(filled_nl(self.inputs, k)[0]), concentration_ng_per_ml=NG_PER_ML)
        if pocket and any(fault.handle == missed for fault in self.pump.faults()):
            self.pump.clear(missed)
        self.pump.refill(RefillEntry(self.fill, 0, BACLOFEN, NG_PER_ML))

    @property
    def now_s(self) -> int:
        """Whole seconds."""
        return self.pump.now_us // US_PER_S

    # -- from visit to visit -------------------------------------------------------------------------------------------------

    def live(self) -> dict[str, Any]:
        """Live it to its end."""
        k = 0
        while True:
            span = _Span(self, k)
            span.pass_by()
            self._settle(span)
            end = self._end(span)
            if end:
                return self._close(end)
            k += 1
            self.visit(k)

    def _settle(self, span: _Span) -> None:
        columns, visit_s, at_s = self.columns, self.now_s, span.at_s
        for event in ("stall", "catheter", "battery", "empty"):
            if at_s[event] >= visit_s:
                continue
            columns[f"{event}_lost_s"][0] += visit_s - at_s[event]
            if columns[f"{event}_s"][0] < 0:
                columns[f"{event}_s"][0] = at_s[event]
                columns[f"{event}_found_s"][0] = visit_s - at_s[event] if visit_s < self.horizon_s else -1
        low, empty = at_s["low"] < visit_s, at_s["empty"] < visit_s
        columns["low_alarms"][0] += low
        columns["low_alarms_missed"][0] += low and empty
        columns["empties"][0] += empty
        columns["silent_empties"][0] += empty and span.dry_s < min(visit_s, at_s["low"])

    def _end(self, span: _Span) -> str:
        """How it ended, if it has."""
        now_s = self.now_s
        if now_s >= self.horizon_s:
            return "horizon"
        if span.at_s["eos"] <= now_s:
            return "end-of-service"
        failed = next((event for event in ("stall", "battery") if span.at_s[event] < now_s), "")
        return failed or ("replaced" if now_s >= self.replace_s else "")

    def _close(self, end: str) -> dict[str, Any]:
        columns = self.columns
        columns["end"][0], columns["end_s"][0] = ENDS.index(end), self.now_s
        columns["programmed_nl"][0] = self.rate * (self.now_s + self.now_s * self.pump.profile.clock.drift_ppm // ML) // S_PER_H
        columns["delivered_nl"][0] = self.pump.truth().delivered_nl
        return columns

    def visit(self, k: int) -> None:
        """Somebody is there: what has come up is seen, and the pump is filled."""
        self.columns["refills"][0] += 1
        self.pump.interrogated()
        if self.eri_s < self.now_s and self.replace_s == NEVER:
            self.replace_s = self.now_s + self.setting("replace-after") * S_PER_DAY
        if "catheter" in self.faults:
            self.pump.clear(self.faults.pop("catheter"))
            self.due_s["catheter"] = NEVER
        if self.over_s <= self.now_s:
            self.pump.inject("motor.over_infusion", excess_ppm=self.setting("over-infusion-excess"))
            self.over_s, self.columns["over_infuses"][0] = NEVER, 1
        self._fill(k)
        if self.pump.status().mode == "stopped":
            self.pump.start()


class _Span:
    """From one visit to the next: faults strike when their time comes, alarms are read from the log, the earliest visit ends it."""

    def __init__(self, life: Life, k: int) -> None:
        self.life, self.k, self.pump = life, k, life.pump
        begin_s = life.now_s
        plan_s = begin_s + int(planned_s(life.inputs, life.by_date, k)[0])
        self.visit_s = min(plan_s, life.replace_s, life.horizon_s)
        self.at_s = dict.fromkeys(("stall", "catheter", "battery", "empty", "low", "eos"), NEVER)
        self.due_s = {event: max(at_s, begin_s) for event, at_s in life.due_s.items() if max(at_s, begin_s) < self.visit_s}
        self.seen = records(self.pump)
        self.dry_s = self._runs_dry(begin_s)

    def pass_by(self) -> None:
        """Let time pass until somebody comes, or service ends."""
        while True:
            event, due_s = min(self.due_s.items(), key=lambda item: item[1], default=("", NEVER))
            stop_us = min(self.visit_s, due_s, self.dry_s if self.at_s["empty"] == NEVER else NEVER) * US_PER_S
            alarm_us = self.pump.next_due()
            self.pump.advance_to(stop_us if alarm_us is None else min(stop_us, max(alarm_us, self.pump.now_us)))
            self._read_log()
            if self.at_s["eos"] < NEVER or self.pump.now_us >= self.visit_s * US_PER_S:
                return
            if self.pump.now_us < stop_us:
                continue
            if event and due_s * US_PER_S <= self.pump.now_us:
                self._strike(event)
            else:
                self._dry()

    def _dry(self) -> None:
        """The reservoir has given all; nobody knows. A rotor that stands, or no power, keeps it from that."""
        if min(self.at_s["stall"], self.at_s["battery"]) > self.dry_s:
            self.at_s["empty"] = self.dry_s
            self._comes(self.dry_s, symptoms_s)
        else:
            self.dry_s = NEVER

    def _strike(self, event: str) -> None:
        """The time of a fault has come. A motor that stands still does not stall."""
        at_s = self.due_s.pop(event)
        if event == "stall" and not (self.pump.powered and self.pump.status().mode != "stopped"):
            return
        if event == "battery":
            self.pump.power_cut(off_us=NEVER * US_PER_S // 10**3)
        else:
            name = "motor.permanent_stall" if event == "stall" else "catheter.disconnection"
            self.life.faults[event] = self.pump.inject(name)
        self.at_s[event] = at_s
        self._comes(at_s, symptoms_s)

    def _read_log(self) -> None:
        """Alarms since the last look."""
        for cause, at_s in alarms_since(self.pump, self.seen):
            self._alarm(cause, at_s)
        self.seen = records(self.pump)

    def _alarm(self, cause: str, at_s: int) -> None:
        match cause:
            case "low_reservoir":
                self.at_s["low"] = at_s
                self._comes(at_s, lambda inputs, k: heard_s(inputs, "low", k))
            case "eri":
                self.life.eri_s = at_s
                self._comes(at_s, lambda inputs, k: heard_s(inputs, "low", k))
            case "empty_reservoir":
                if self.at_s["empty"] == NEVER:
                    self.at_s["empty"] = at_s
                self._comes(at_s, symptoms_s)
                self._comes(at_s, lambda inputs, k: heard_s(inputs, "critical", k))
            case "motor_stall":
                self._comes(at_s, lambda inputs, k: heard_s(inputs, "critical", k))
            case "eos":
                self.at_s["eos"] = at_s
            case _:
                pass

    def _comes(self, since_s: int, after: Callable[[Inputs, int], Any]) -> None:
        self.visit_s = min(self.visit_s, since_s + int(after(self.life.inputs, self.k)[0]))

    def _runs_dry(self, begin_s: int) -> int:
        """When the reservoir will have given all, searched on copies of the pump; NEVER if it does not before the visit."""
        truth, unit = self.pump.truth(), self.pump.profile.motor
        used_nl = (
            self.life.rate * (self.visit_s - begin_s) // S_PER_H * truth.step_fl // (unit.step_nl * ML) * ML // self.pump.calibration_ppm
        )
        if used_nl < NEARLY * truth.reservoir_nl:
            return NEVER
        image = self.pump.save()

        def dry_by(at_s: int) -> bool:
            ahead = Pump.restore(image)
            ahead.advance_to(at_s * US_PER_S)
            return ahead.truth().reservoir_nl == 0

        low, high = begin_s, self.visit_s
        if not dry_by(high):
            return NEVER
        while high - low > DRY_WITHIN_S and not dry_by(low):
            middle = (low + high) // 2
            low, high = (low, middle) if dry_by(middle) else (middle, high)
        return low if dry_by(low) else high


def alarms_since(pump: Pump, number: int) -> list[tuple[str, int]]:
    """Causes raised from this record of the trace on, each with its true second."""
    return [
        (ALARMS[int(str(record["detail"]))].cause, int(str(record["now_us"])) // US_PER_S)
        for record in pump.events(number)
        if record.get("event") == "ALARM_RAISED"
    ]


def records(pump: Pump) -> int:
    """How many records the trace has had."""
    return int(str(pump.events()[-1]["number"])) + 1
