"""Examinations of pump and catheter, and what hands do there: each shows what a person would see, right or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.clinic.diagnostics.numbers import number
from hil.clinic.diagnostics.rotor import turned
from hil.clinic.diagnostics.side_port import syringe
from hil.errors import UsageError
from hil.lesson import say
from hil.lesson.acts.asked import Asked, Done
from hil.lesson.acts.refilling import compared
from hil.wording import quantity

if TYPE_CHECKING:
    from hil.lesson.case import Case

__all__ = ["contrast", "isotope", "magnet", "reservoir", "rotor", "side_port", "side_port_test", "xray"]

US_PER_S = 1_000_000


def _diagnose(case: Case, what: str, **asked: Any) -> dict[str, Any]:
    return case.stage.bench.diagnose(what, **{name: value for name, value in asked.items() if value is not None})


def _sent_in(case: Case, sample: dict[str, Any] | None, what: str) -> list[str]:
    """A syringe goes to the laboratory, which tells what was in it when it has found out."""
    if sample is None:
        return []
    strength = quantity.CONCENTRATION.text(sample["laboratory_ng_per_ml"], 0)  # a laboratory tells no finer figure
    text = f"Laboratory, {what}: {say.volume(sample['volume_nl'])}, {strength}"
    case.tell_later(case.now_us + sample["told_after_s"] * US_PER_S, text)
    return [f"The sample is at the laboratory, which answers in {say.seconds(sample['told_after_s'])}."]


def xray(case: Case, _asked: Asked) -> Done:
    """A plain film of the whole system."""
    found = _diagnose(case, "xray")
    return Done({"text": found["says"], "abnormal": bool(found["seen"])}, f"took a plain film: {found['says']}")


def rotor(case: Case, _asked: Asked) -> Done:
    """One image of the rotor; two of them, with a bolus between, tell whether it turns."""
    found = _diagnose(case, "rotor")
    before, case.rotor_mdeg = case.rotor_mdeg, found["angle_mdeg"]
    study = "" if before is None else turned(before, found["angle_mdeg"]).says
    seen = {"text": found["says"], "since_last": study, "abnormal": before is not None and not turned(before, found["angle_mdeg"]).turns}
    return Done(seen, f"took an image of the rotor: {study or found['says']}")


def side_port_test(case: Case, asked: Asked) -> Done:
    """Try to draw CSF through the side port."""
    found = _diagnose(case, "side_port", aspirate_nl=_syringeful(asked, "draw"))
    return _tapped(case, found, "side port", f"tried to draw through the side port: {found['says']}")


def contrast(case: Case, asked: Asked) -> Done:
    """Contrast through the side port, and pictures."""
    found = _diagnose(case, "contrast", aspirate_nl=_syringeful(asked, "draw"), contrast_nl=_syringeful(asked, "contrast"))
    return _tapped(case, found, "before contrast", f"made a contrast study: {found['says']}")


def _tapped(case: Case, found: dict[str, Any], what: str, words: str) -> Done:
    notes = [*found["warnings"], *_sent_in(case, found["sample"], what)]
    drawn = say.volume(found["aspirated_nl"])
    abnormal = bool(found.get("abnormal", found.get("dry")))
    return Done({"text": found["says"], "drawn": drawn, "notes": notes, "abnormal": abnormal}, words)


def isotope(case: Case, _asked: Asked) -> Done:
    """Where the tracer has come to."""
    found = _diagnose(case, "isotope")
    return Done({"text": found["says"], "abnormal": found["abnormal"]}, f"made an isotope study: {found['says']}")


def reservoir(case: Case, asked: Asked) -> Done:
    """Draw the reservoir empty, measure, and put it back or not."""
    found = _diagnose(case, "reservoir", put_back=asked.yes("put-back"))
    measured, computed_nl = say.volume(found["withdrawn_nl"]), found["computed_nl"]
    expected, text, warns = ("", found["says"], False) if computed_nl is None else compared(computed_nl, found["withdrawn_nl"])
    notes = _sent_in(case, found["sample"], "reservoir")
    seen = {"measured": measured, "expected": expected, "text": text, "notes": notes, "abnormal": warns}
    return Done(seen, f"drew the reservoir empty: {measured}, {expected or 'nothing'} computed")


def side_port(case: Case, asked: Asked) -> Done:
    """A needle in the catheter's access port draws, then pushes."""
    draw, push = _syringeful(asked, "draw") or 0, _syringeful(asked, "push") or 0
    if not draw and not push:
        raise UsageError("nothing is drawn and nothing is pushed", where="draw", do="write how much, such as 1 mL")
    strength = asked.strength("concentration") if push else 0
    found = case.stage.bench.call("side_port", aspirate_nl=draw, inject_nl=push, concentration_ng_per_ml=strength)
    drawn = say.volume(syringe(found["aspirated_nl"]))
    pushed = f", {say.volume(push)} of {say.strength(strength)} pushed in" if push else ""
    return Done({"drawn": drawn, "text": f"{drawn} drawn{pushed}."}, f"used the side port: {drawn} drawn{pushed}")


def _syringeful(asked: Asked, name: str) -> int | None:
    """A volume that may be left empty, and that a syringe holds."""
    volume_nl, most_nl = asked.maybe_volume(name), number("side_port", "syringe_nl")
    if volume_nl is not None and volume_nl > most_nl:
        raise UsageError(f"{say.volume(volume_nl)} is more than a syringe holds", where=name, do=f"at most {say.volume(most_nl)} at once")
    return volume_nl


def magnet(case: Case, asked: Asked) -> Done:
    """Hold a magnet over the pump, or take it away."""
    where = asked.choice("is", ("held", "away"))
    case.stage.bench.call("magnet", held=where == "held")
    words = "held a magnet over the pump" if where == "held" else "took the magnet away"
    return Done({"text": f"The magnet is {'over the pump' if where == 'held' else 'away'}."}, words)
