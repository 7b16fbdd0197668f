"""What each act does on a stage, and what is told of it: a line for a person, and the figures for a recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.clinic.human import Bolus, Bridge, Intent, Prime, Refill, Update, programmed
from hil.clinic.human.slips import Told
from hil.errors import UsageError
from hil.scenario import acts
from hil.scenario.stage import Stage
from hil.wording import quantity
from hil.wording.alarms import ALARM_WORDS, alarm_name
from protocol.codes import DoseState

if TYPE_CHECKING:
    from hil.scenario.formula import Formula

__all__ = ["DEEDS", "Deed"]

NL_PER_ML = 1_000_000
US_PER_S = 1_000_000
US_PER_H = 3_600 * US_PER_S
RINSE_NL = 10 * NL_PER_ML


class Deed(NamedTuple):
    """What was done, in words, and the figures of it."""

    text: str
    data: dict[str, Any] = {}  # noqa: RUF012  # never written to


def _volume(nl: int) -> str:
    return quantity.VOLUME.text(nl, 4)


def _strength(ng_per_ml: int) -> str:
    return quantity.CONCENTRATION.text(ng_per_ml) if ng_per_ml else "drug-free fluid"


# ---------------------------------------------------------------- at the programmer


def _say(stage: Stage, intent: Intent, role: str) -> Told:
    """Tell the pump what somebody means, with the slips in force. An update that is abandoned is walked away from."""
    told = programmed(stage.bench, stage.programmer(role), intent)
    if isinstance(told.intent, Update) and told.intent.stops_after:
        stage.walk_away()
    return told


def _slips(told: Told) -> str:
    """What went wrong between the person and the programmer."""
    names = ", ".join(error.name for error in told.by)
    return f" ({names})" if names else ""


def _interrogate(stage: Stage, _act: acts.Interrogate, role: str) -> Deed:
    programmer = stage.programmer(role)
    condition = programmer.interrogate_short()[0] if role == "patient" else programmer.interrogate().condition
    alarms = ", ".join(alarm_name(alarm.cause) for alarm in condition.alarms) or "no alarm"
    return Deed(f"interrogate: {alarms}", {"mode": condition.mode, "computed_reservoir_nl": condition.computed_reservoir_nl})


def _update(stage: Stage, act: acts.Update, role: str) -> Deed:
    therapy = stage.therapy(act.therapy)
    if act.interrupt:
        answer = stage.programmer(role).update(therapy, interrupt=True, overrides=act.overrides)
        return Deed(f"update to {act.therapy!r}", {"generation": answer.generation})
    plain = (stage.identity_of_pump().limits[0].minimum_rate_nl_per_h,)
    told = _say(stage, Update(therapy, act.overrides, plain_rates_nl_per_h=plain), role)
    left = isinstance(told.intent, Update) and bool(told.intent.stops_after)
    return Deed(f"update to {act.therapy!r}{', abandoned' if left else ''}{_slips(told)}", {"slips": [error.name for error in told.by]})


def _tell_refill(stage: Stage, act: acts.TellRefill, role: str) -> Deed:
    withdrawn = stage.found.get("withdrawn_nl", 0) if act.withdrawn is None else stage.whole(act.withdrawn)
    return _told_refill(
        stage, Refill(stage.whole(act.volume), withdrawn, stage.drug_id(act.drug), stage.concentration(act.concentration)), role
    )


def _told_refill(stage: Stage, refill: Refill, role: str) -> Deed:
    before = stage.bench.status()["computed_reservoir_nl"]
    told = _say(stage, refill, role)
    stage.found |= {"withdrawn_nl": refill.withdrawn_nl, "expected_nl": before or 0}
    expected = "nothing was expected" if before is None else f"{_volume(before)} expected"
    text = (
        f"{_volume(refill.volume_nl)} of {_strength(refill.concentration_ng_per_ml)}, {_volume(refill.withdrawn_nl)} withdrawn, {expected}"
    )
    return Deed(f"refill: {text}{_slips(told)}", {"withdrawn_nl": refill.withdrawn_nl, "expected_nl": before})


def _bolus(stage: Stage, act: acts.Bolus, role: str) -> Deed:
    dose, seconds = stage.whole(act.dose), stage.whole(act.over) // US_PER_S
    strength = stage.concentration(None)
    volume = dose * NL_PER_ML // strength if strength else 0
    told = _say(stage, Bolus(volume, dose, seconds, act.may_lengthen), role)
    given = told.intent.duration_s if isinstance(told.intent, Bolus) else seconds
    return _dosed(stage, f"bolus of {quantity.DOSE.text(dose)} in {quantity.duration(given)}{_slips(told)}")


def _dosed(stage: Stage, text: str) -> Deed:
    """What the pump makes of a dose that it took."""
    running = stage.bench.status()["bolus"]
    if running is not None:
        stage.found["bolus_us"] = running["end_us"] - running["start_us"]
    return Deed(text, {"bolus": running})


def _patient_bolus(stage: Stage, _act: acts.PatientBolus, role: str) -> Deed:
    stage.programmer(role).patient_bolus()
    return _dosed(stage, "patient bolus, granted")


def _path_nl(stage: Stage, volume: Formula | None) -> tuple[int, int]:
    """Volume of a prime or bridge, and how much of it is the programmer's constant for the tubing."""
    if volume is not None:
        return stage.whole(volume), 0
    tubing = stage.identity_of_pump().tubing_nl
    return tubing + int(stage.bench.truth()["catheter_nl"]), tubing


def _prime(stage: Stage, act: acts.Prime, role: str) -> Deed:
    volume, tubing = _path_nl(stage, act.volume)
    told = _say(stage, Prime(volume, tubing), role)
    primed = told.intent.volume_nl if isinstance(told.intent, Prime) else volume
    return _dosed(stage, f"prime with {_volume(primed)}{_slips(told)}")


def _bridge(stage: Stage, act: acts.Bridge, role: str) -> Deed:
    volume, tubing = _path_nl(stage, act.volume)
    rate = round(stage.amount(act.rate).value * US_PER_H)
    told = _say(stage, Bridge(volume, rate, tubing), role)
    if told.intent is None:
        return Deed(f"bridge bolus not given{_slips(told)}", {"slips": [error.name for error in told.by]})
    return _dosed(stage, f"bridge bolus of {_volume(volume)} at {quantity.DAILY_FLOW.text(rate)}{_slips(told)}")


def _start(stage: Stage, _act: acts.Start, role: str) -> Deed:
    stage.programmer(role).start()
    return Deed("start")


def _stop(stage: Stage, _act: acts.Stop, role: str) -> Deed:
    stage.programmer(role).stop()
    return Deed("stop")


def _silence(stage: Stage, act: acts.Silence, role: str) -> Deed:
    until = stage.programmer(role).silence(ALARM_WORDS.index(act.alarm)).until_us
    return Deed(f"silence {act.alarm}", {"until_us": until})


def _acknowledge(stage: Stage, act: acts.Acknowledge, role: str) -> Deed:
    stage.programmer(role).acknowledge(ALARM_WORDS.index(act.alarm))
    return Deed(f"acknowledge {act.alarm}")


def _settle(stage: Stage, _act: acts.Settle, role: str) -> Deed:
    outcome = stage.programmer(role).settle()
    became = "nothing was open" if outcome is None else DoseState(outcome.state).name.lower().replace("_", " ")
    return Deed(f"settle: {became}", {"outcome": became})


def _alarm_test(stage: Stage, _act: acts.AlarmTest, role: str) -> Deed:
    stage.programmer(role).alarm_test()
    return Deed("alarm test")


def _set_clock(stage: Stage, act: acts.SetClock, role: str) -> Deed:
    stage.programmer(role).set_clock(act.to)
    return Deed(f"set the clock to {quantity.clock(act.to)}")


def _leave(stage: Stage, _act: acts.Leave, _role: str) -> Deed:
    stage.walk_away()
    return Deed("walk away from the programmer")


# ---------------------------------------------------------------- by hand


def _refill(stage: Stage, act: acts.Refill, role: str) -> Deed:
    volume, drug, strength = stage.whole(act.volume), stage.drug_id(act.drug), stage.concentration(act.concentration)
    if act.rinse:
        drawn = stage.bench.needle(withdraw_nl="all")["withdrawn_nl"]
        stage.bench.rinse(volume_nl=RINSE_NL, turns=act.rinse)
        stage.bench.needle(inject_nl=volume, concentration_ng_per_ml=strength)
    else:
        drawn = stage.bench.needle(withdraw_nl="all", inject_nl=volume, concentration_ng_per_ml=strength)["withdrawn_nl"]
    return _told_refill(stage, Refill(volume, drawn, drug, strength), role)


def _needle(stage: Stage, act: acts.Needle, _role: str) -> Deed:
    draw: int | str = 0
    if act.draw is not None:
        draw = act.draw if isinstance(act.draw, str) else stage.whole(act.draw)
    fill = 0 if act.fill is None else stage.whole(act.fill)
    strength = 0 if act.concentration is None else stage.concentration(act.concentration)
    done = stage.bench.needle(withdraw_nl=draw, inject_nl=fill, concentration_ng_per_ml=strength)
    stage.found["withdrawn_nl"] = done["withdrawn_nl"]
    parts = [f"{_volume(done['withdrawn_nl'])} drawn" if draw else "", f"{_volume(fill)} of {_strength(strength)} in" if fill else ""]
    return Deed(f"needle: {', '.join(filter(None, parts)) or 'nothing'}", done)


def _rinse(stage: Stage, act: acts.Rinse, _role: str) -> Deed:
    volume = stage.whole(act.volume)
    return Deed(f"rinse with {_volume(volume)}, {act.times} x", stage.bench.rinse(volume_nl=volume, turns=act.times))


def _side_port(stage: Stage, act: acts.SidePort, _role: str) -> Deed:
    draw, push = (0 if volume is None else stage.whole(volume) for volume in (act.draw, act.push))
    strength = 0 if act.concentration is None else stage.concentration(act.concentration)
    done = stage.bench.call("side_port", aspirate_nl=draw, inject_nl=push, concentration_ng_per_ml=strength)
    stage.found |= {"aspirated_nl": done["aspirated_nl"], "aspirated_ng": done["aspirated_ng"]}
    parts = [
        f"{_volume(done['aspirated_nl'])} drawn" if draw else "",
        f"{_volume(push)} of {_strength(strength)} pushed in" if push else "",
    ]
    return Deed(f"side port: {', '.join(filter(None, parts)) or 'nothing'}", done)


def _magnet(stage: Stage, act: acts.Magnet, _role: str) -> Deed:
    stage.bench.call("magnet", held=act.is_ == "held")
    return Deed(f"magnet {act.is_}")


def _examine(stage: Stage, act: acts.Examine, _role: str) -> Deed:
    asked: dict[str, int | bool] = {}
    for key, value in (("aspirate_nl", act.draw), ("contrast_nl", act.contrast)):
        if value is not None:
            asked[key] = stage.whole(value)
    if act.put_back is not None:
        asked["put_back"] = act.put_back
    done = stage.bench.diagnose(act.by.replace("-", "_"), **asked)
    return Deed(f"examine by {act.by}: {_findings(done)}", done)


def _findings(done: dict[str, Any]) -> str:
    """What an examination tells, in its own words."""
    told = {key: value for key, value in done.items() if isinstance(value, str | bool) and value != ""}
    return "; ".join(
        f"{key.replace('_', ' ')} {'yes' if value is True else 'no' if value is False else value}" for key, value in told.items()
    )


def _listen(stage: Stage, act: acts.Listen, _role: str) -> Deed:
    stage.goodbye()
    us = stage.whole(act.lasts)
    sounds = [sound["pattern"] for sound in stage.bench.listen(duration_s=us // US_PER_S)]
    critical = sounds.count("two-tone")
    stage.found |= {"critical_sounds": critical, "non_critical_sounds": len(sounds) - critical}
    return Deed(f"listen: {critical} critical, {len(sounds) - critical} non-critical", {"sounds": len(sounds), "critical": critical})


# ---------------------------------------------------------------- faults, supply, time


def _inject(stage: Stage, act: acts.Inject, _role: str) -> Deed:
    params = {value.name: value.settle(stage.amount) for value in act.values}
    how: dict[str, int | str] = {} if act.lasts is None else {"for_s": stage.whole(act.lasts) // US_PER_S}
    if act.on is not None:
        how["when"] = act.on
    handle = stage.bench.plan(act.fault, params, **how)
    stage.handles[act.name or act.fault] = handle
    said = ", ".join(f"{value.key} {_said(stage, value.value, params[value.name])}" for value in act.values)
    return Deed(f"inject {act.fault}{f': {said}' if said else ''}", {"fault": act.fault, "params": params})


def _said(stage: Stage, value: object, settled: int | str) -> str:
    """A parameter as it was written; one that a formula gives, as what it came to."""
    text = getattr(value, "text", None)
    if text is None:
        return f"{settled:,}" if isinstance(settled, int) else settled.replace("_", "-")
    return str(text) if value.constant is not None else f"{stage.amount(value).text}"  # type: ignore[attr-defined,arg-type]  # a formula


def _clear(stage: Stage, act: acts.Clear, _role: str) -> Deed:
    if act.fault not in stage.handles:
        raise UsageError(f"nothing called {act.fault!r} is in force", do="inject it before, in this variant too")
    stage.bench.clear(stage.handles.pop(act.fault))
    return Deed(f"clear {act.fault}")


def _power_cut(stage: Stage, act: acts.PowerCut, _role: str) -> Deed:
    seconds = 0 if act.lasts is None else stage.whole(act.lasts) // US_PER_S
    stage.bench.power_cut(off_s=seconds)
    return Deed(f"power cut{f' for {quantity.duration(seconds)}' if seconds else ''}")


def _reset(stage: Stage, _act: acts.Reset, _role: str) -> Deed:
    stage.bench.reset()
    return Deed("reset")


def _service_reset(stage: Stage, _act: acts.ServiceReset, _role: str) -> Deed:
    stage.bench.service_reset()
    return Deed("service reset")


def _mark(stage: Stage, _act: acts.Mark, _role: str) -> Deed:
    stage.mark()
    return Deed("count from here")


DEEDS: dict[type[acts.Act], Callable[[Stage, Any, str], Deed]] = {
    acts.Interrogate: _interrogate,
    acts.Update: _update,
    acts.TellRefill: _tell_refill,
    acts.Bolus: _bolus,
    acts.PatientBolus: _patient_bolus,
    acts.Prime: _prime,
    acts.Bridge: _bridge,
    acts.Start: _start,
    acts.Stop: _stop,
    acts.Silence: _silence,
    acts.Acknowledge: _acknowledge,
    acts.Settle: _settle,
    acts.AlarmTest: _alarm_test,
    acts.SetClock: _set_clock,
    acts.Leave: _leave,
    acts.Refill: _refill,
    acts.Needle: _needle,
    acts.Rinse: _rinse,
    acts.SidePort: _side_port,
    acts.Magnet: _magnet,
    acts.Examine: _examine,
    acts.Listen: _listen,
    acts.Inject: _inject,
    acts.Clear: _clear,
    acts.PowerCut: _power_cut,
    acts.Reset: _reset,
    acts.ServiceReset: _service_reset,
    acts.Mark: _mark,
}
"""By act; advance, expect, measure and repeat are the runner's."""
