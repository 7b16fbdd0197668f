"""A scan between two visits. If an alarm sounds when the field begins, the pump is caught in telemetry mode and gives nothing more.

Whether it is caught is read off the pump: no step is commanded after the scan. Somebody interrogates it after the scan, or not; else the
sound, withdrawal or the next visit brings the patient in.
"""

from __future__ import annotations

from hil.campaign.cases import Case, Row
from hil.campaign.pump_life import US_PER_S, Life, alarms_since
from hil.fleet.people import NEVER, S_PER_DAY, S_PER_H, heard_s, planned_s, symptoms_s

__all__ = ["live"]

SCAN_MINUTES = 30
LOOK_AFTER_S = 2 * S_PER_H
"""The rotor comes free a quarter of an hour after the field; by now a pump that is not caught has commanded steps again."""
PPM = 1_000_000


def live(case: Case, years: int, profile: str) -> Row:
    """The row of a case."""
    life = Life(case, years, profile)
    span_s = int(planned_s(life.inputs, life.by_date, 0)[0])
    scan_s = int(life.inputs.drawn.uniform("mri/day")[0] * span_s)
    visit_s = _to_the_scan(life, scan_s, span_s)
    sounding = any(alarm.active for alarm in life.pump.status().alarms)
    given_nl = life.pump.truth().delivered_nl
    life.pump.inject("motor.mri", minutes=SCAN_MINUTES)
    life.pump.advance_to((scan_s + LOOK_AFTER_S) * US_PER_S // 2 + scan_s * US_PER_S // 2)
    steps = life.pump.status().steps
    life.pump.advance_to((scan_s + LOOK_AFTER_S) * US_PER_S)
    caught = life.pump.status().steps == steps
    found_s, by = _found(life, scan_s, visit_s) if caught else (scan_s + LOOK_AFTER_S, "")
    life.pump.advance_to(max(found_s, scan_s + LOOK_AFTER_S) * US_PER_S)
    meant_nl = life.rate * (life.now_s - scan_s) // S_PER_H
    missed_nl = max(0, meant_nl - (life.pump.truth().delivered_nl - given_nl))
    return {
        "scan_day": round(scan_s / S_PER_DAY, 4),
        "alarm_sounded": int(sounding),
        "caught": int(caught),
        "found_h": round((found_s - scan_s) / S_PER_H, 2) if caught else None,
        "found_by": by,
        "missed_h": round(missed_nl / life.rate, 2),
    }


def _to_the_scan(life: Life, scan_s: int, span_s: int) -> int:
    """Live on until the scan; an alarm that is heard before brings a visit. Returns the time of the next visit."""
    life.pump.advance_to(scan_s * US_PER_S)
    heard = [at_s + int(heard_s(life.inputs, "low", 0)[0]) for cause, at_s in alarms_since(life.pump, 0) if cause == "low_reservoir"]
    if heard and heard[0] < scan_s:
        life.visit(1)
        return scan_s + int(planned_s(life.inputs, life.by_date, 1)[0])
    return min([span_s, *heard])


def _found(life: Life, scan_s: int, visit_s: int) -> tuple[int, str]:
    """When somebody interrogates a pump that is caught, and why."""
    inputs = life.inputs
    checked = inputs.drawn.uniform("mri/checked")[0] * PPM < life.setting("checked-after-mri")
    ways = {
        "check after the scan": scan_s + LOOK_AFTER_S if checked else NEVER,
        "withdrawal": scan_s + int(symptoms_s(inputs, 0)[0]),
        "alarm heard": scan_s + int(heard_s(inputs, "low", 1)[0]),
        "next visit": max(visit_s, scan_s + LOOK_AFTER_S),
    }
    by = min(ways, key=lambda way: ways[way])
    return ways[by], by
