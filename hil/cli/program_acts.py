"""Refill and bolus: typed quantities become what the wire carries, judged against this pump before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from hil.cli.output import aligned
from hil.cli.program_ask import Question, can_ask, confirmed
from hil.cli.program_session import Talk, clock_at
from hil.cli.program_watch import programmer
from hil.errors import CheckFailed, UsageError
from hil.therapy.wire import drug_named
from hil.wording import quantity
from hil.wording.causes import nearest
from protocol.codes import StatusFlag
from protocol.limits import SOFT_DOSE_RULE
from protocol.messages import Bolus
from protocol.therapy_check import check_bolus

if TYPE_CHECKING:
    from protocol.client import Interrogation, Programmer
    from protocol.messages import BolusAnswer, Identity
    from protocol.therapy import Therapy

__all__ = ["Asked", "Refilled", "ask_patient_bolus", "give_bolus", "give_bridge", "give_prime", "start_therapy", "tell_refill"]

NL_PER_ML = 1_000_000


class Refilled(NamedTuple):
    """What somebody says was done with the needle, and how far what was withdrawn may be from what was expected (20 % if None)."""

    volume_nl: int
    withdrawn_nl: int
    drug: str
    concentration_ng_per_ml: int
    discrepancy_percent: int | None
    short: bool


class Asked(NamedTuple):
    """The bolus that somebody typed: a dose or a volume, over how long, and which warnings are meant to be passed."""

    dose_ng: int | None
    volume_nl: int | None
    duration_s: int
    may_lengthen: bool = False
    overrides: tuple[str, ...] = ()


def tell_refill(talk: Talk, told: Refilled) -> None:
    """Tell the pump what the needle did, and say what the needle found means."""
    from hil.clinic.residual import discrepancy

    with programmer(talk, "must") as opened:
        known = opened.interrogate()
        _ask_again(told, known)
        drug_id = _drug_id(told.drug, known, talk.port)
        answer = opened.refill(told.volume_nl, told.withdrawn_nl, drug_id, told.concentration_ng_per_ml)
        pairs = [
            ("told", f"{quantity.VOLUME.text(told.volume_nl)} {told.drug} {quantity.CONCENTRATION.text(told.concentration_ng_per_ml)}"),
            ("expected before", quantity.VOLUME.text(answer.expected_nl)),
            ("withdrawn", quantity.VOLUME.text(told.withdrawn_nl)),
            ("computed now", quantity.VOLUME.text(answer.computed_nl)),
        ]
        data: dict[str, object] = answer._asdict()
        if not known.condition.flags & StatusFlag.NO_FILL:
            found = discrepancy(answer.expected_nl, told.withdrawn_nl, told.discrepancy_percent)
            pairs.insert(3, ("▲ difference" if found.warns else "difference", "\n".join(filter(None, (found.what, found.do)))))
            data["discrepancy"] = {"difference_nl": found.difference_nl, "warns": found.warns, "what": found.what, "do": found.do}
        talk.show(data, aligned(pairs))


def _ask_again(told: Refilled, known: Interrogation) -> None:
    """A fill so small may be a slip of the finger. Raises CheckFailed unless somebody said that it is meant."""
    from hil.clinic.limits import PERCENT
    from hil.numbers.practice import practice

    capacity_nl, share = known.identity.limits[0].capacity_nl, practice("small_fill_percent")
    if told.volume_nl * PERCENT < capacity_nl * share and not told.short:
        held, most = quantity.VOLUME.text(told.volume_nl), quantity.VOLUME.text(capacity_nl)
        raise CheckFailed(f"{held} is under {share} % of the reservoir's {most}", do="add --short-fill if it is meant; nothing was sent")


def _drug_id(name: str, known: Interrogation, port: str) -> int:
    entry = drug_named(name, known.identity)
    if entry is not None:
        return entry.drug_id
    names = sorted({drug.name for drug in known.identity.drugs})
    raise CheckFailed(f"the pump does not know the drug {name!r}", where=port, do=nearest(name, names))


def start_therapy(talk: Talk, opened: Programmer, agreed: bool) -> int:
    """Show what would start and start that and nothing else, at a terminal after somebody agreed; returns the mode."""
    from hil.cli.program_view import therapy_lines

    known = opened.interrogate()
    if known.therapy is not None and not talk.as_json:
        for line in therapy_lines(known):
            click.echo(line, err=True)
        if can_ask() and not agreed and not confirmed(Question("Start it?", "the start", "the pump stays as it is")):
            raise CheckFailed("nobody agreed", where="start", do="the pump is as it was")
    return opened.start(known.generation).mode


def give_bolus(talk: Talk, asked: Asked) -> None:
    """Give one bolus: exactly one of dose and volume is typed, the other follows from what the pump was filled with."""
    if (asked.dose_ng is None) == (asked.volume_nl is None):
        raise UsageError("a bolus needs a dose or a volume, and not both", do='write --dose "50 mcg" or --volume "0.1 mL"')
    with programmer(talk, "must") as opened:
        known = opened.interrogate()
        if known.therapy is None:
            raise CheckFailed("the pump has no therapy", where=talk.port, do="send a refill and an update first")
        volume, dose = _amount(asked, known.therapy.concentration_ng_per_ml, talk.port)
        check_bolus(Bolus(0, volume, dose, asked.duration_s, asked.may_lengthen), known.identity, known.therapy.concentration_ng_per_ml)
        _judge_mass(dose, known.therapy, known.identity, asked.overrides)
        answer = opened.bolus(volume, dose, asked.duration_s, asked.may_lengthen)
        lengthened = "" if answer.duration_s == asked.duration_s else ", lengthened"
        _show_dose(talk, opened, ("bolus", f"{quantity.DOSE.text(dose)} in {quantity.VOLUME.text(volume)}"), answer, lengthened)


def _amount(asked: Asked, concentration: int, port: str) -> tuple[int, int]:
    """Volume and dose of a bolus, whichever was typed."""
    if asked.dose_ng is None:
        volume = asked.volume_nl or 0
        return volume, volume * concentration // NL_PER_ML
    if not concentration:
        raise CheckFailed("the pump runs no drug", where=port, do="give the bolus by --volume")
    return asked.dose_ng * NL_PER_ML // concentration, asked.dose_ng


def _judge_mass(dose_ng: int, therapy: Therapy, identity: Identity, overrides: tuple[str, ...]) -> None:
    """The bolus on top of the programmed day, with all that the patient may ask for: the drug's limits, hard and soft, bind mass.

    The pump judges the volume of a bolus only, so a strong drug would get past it. Raises CheckFailed; nothing was sent.
    """
    from hil.clinic.plan import regimen_of

    named = (therapy.drug_id, therapy.drug_version)
    drug = next((entry for entry in identity.drugs if (entry.drug_id, entry.version) == named), None)
    if drug is None:
        what = f"the pump's library has no drug {named[0]} of version {named[1]}, which its therapy names"
        raise CheckFailed(what, do="interrogate it and program the therapy anew; nothing was sent")
    day_ng = regimen_of(therapy, identity.limits[0]).most_ng_per_day + dose_ng
    said = f"with this bolus the day's dose of {drug.name} is {quantity.DAILY_DOSE.text(day_ng)}, above the pump's limit"
    if day_ng > drug.daily_dose_ng_max:
        most = quantity.DAILY_DOSE.text(drug.daily_dose_ng_max)
        raise CheckFailed(f"{said} {most}", do="give less; nothing was sent")
    soft = f"R-{SOFT_DOSE_RULE:03}"
    if 0 < drug.daily_dose_ng_soft < day_ng and soft not in overrides:
        most = quantity.DAILY_DOSE.text(drug.daily_dose_ng_soft)
        raise CheckFailed(f"{soft} warns: {said} of experience, {most}", do=f"give less, or add --override {soft}; nothing was sent")


def ask_patient_bolus(talk: Talk) -> None:
    """Ask for the patient's bolus."""
    with programmer(talk, "must") as opened:
        answer = opened.patient_bolus()
        _show_dose(talk, opened, ("patient bolus", "begun"), answer)


def give_prime(talk: Talk, volume_nl: int) -> None:
    """Fill tubing and catheter of a stopped pump."""
    with programmer(talk, "must") as opened:
        opened.interrogate()
        answer = opened.prime(volume_nl)
        _show_dose(talk, opened, ("prime", quantity.VOLUME.text(volume_nl)), answer)


def give_bridge(talk: Talk, volume_nl: int, rate_nl_per_h: int) -> None:
    """Run old drug out of tubing and catheter at its old rate."""
    with programmer(talk, "must") as opened:
        opened.interrogate()
        answer = opened.bridge(volume_nl, rate_nl_per_h)
        what = f"{quantity.VOLUME.text(volume_nl)} at {quantity.DAILY_FLOW.text(rate_nl_per_h)} in the place of basal"
        _show_dose(talk, opened, ("bridge", what), answer)


def _show_dose(talk: Talk, opened: Programmer, what: tuple[str, str], answer: BolusAnswer, note: str = "") -> None:
    """What was begun, over how long, and until when."""
    pairs = [what, ("over", quantity.duration(answer.duration_s) + note), ("ends", clock_at(opened, answer.end_us))]
    talk.show(answer, aligned(pairs))
