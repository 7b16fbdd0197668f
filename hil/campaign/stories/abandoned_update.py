"""Somebody begins an update and walks away: the pump stays stopped until withdrawal, its alarm or the next visit brings somebody."""

from __future__ import annotations

from hil.campaign.cases import Case, Row
from hil.campaign.pump_life import US_PER_S, Life, alarms_since, records
from hil.fleet.people import NEVER, S_PER_DAY, S_PER_H, heard_s, planned_s, symptoms_s

__all__ = ["live"]


def live(case: Case, years: int, profile: str) -> Row:
    """The row of a case."""
    life = Life(case, years, profile)
    pump, visit_s = life.pump, int(planned_s(life.inputs, life.by_date, 0)[0])
    update_s = int(life.inputs.drawn.uniform("update/day")[0] * visit_s)
    pump.advance_to(update_s * US_PER_S)
    given_nl, seen = pump.truth().delivered_nl, records(pump)
    pump.begin_update()
    ways = {"withdrawal": update_s + int(symptoms_s(life.inputs, 0)[0]), "next visit": visit_s, "alarm heard": NEVER}
    alarm_s = _alarm_s(life, min(ways.values()), seen)
    if alarm_s < NEVER:
        ways["alarm heard"] = alarm_s + int(heard_s(life.inputs, "critical", 0)[0])
    by = min(ways, key=lambda way: ways[way])
    found_s = max(ways[by], life.now_s)
    pump.advance_to(found_s * US_PER_S)
    missed_nl = life.rate * (found_s - update_s) // S_PER_H - (pump.truth().delivered_nl - given_nl)
    return {
        "update_day": round(update_s / S_PER_DAY, 4),
        "stopped": int(pump.status().mode == "stopped"),
        "found_h": round((found_s - update_s) / S_PER_H, 2),
        "found_by": by,
        "alarm_h": round((alarm_s - update_s) / S_PER_H, 2) if alarm_s < NEVER else None,
        "missed_h": round(max(0, missed_nl) / life.rate, 2),
    }


def _alarm_s(life: Life, until_s: int, seen: int) -> int:
    """When the alarm of a pump that is stopped too long begins, if by then; time passes to it."""
    pump = life.pump
    while True:
        due_us = pump.next_due()
        pump.advance_to(min(until_s * US_PER_S, max(due_us or until_s * US_PER_S, pump.now_us)))
        found = [at_s for cause, at_s in alarms_since(pump, seen) if cause == "stopped_too_long"]
        if found or pump.now_us >= until_s * US_PER_S:
            return found[0] if found else NEVER
