"""How a run begins: on which target, and in which state. A pump that `running` names has run on its therapy for a while."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from hil.clinic.human import Refill, Update, send
from hil.errors import CheckFailed, UsageError
from hil.scenario.head import Begin
from hil.scenario.stage import Stage
from hil.urls.pump_url import parse_pump_url
from protocol.codes import Mode
from protocol.limits import SOFT_DOSE_RULE
from protocol.therapy import Group, Step, Therapy

if TYPE_CHECKING:
    from hil.rig import Rig
    from hil.scenario.script import Cast
    from protocol.messages import DrugEntry, Identity

__all__ = ["HERE", "Target", "begin", "open_rig", "target_of"]

SERVED = ("pty:", "tcp://", "rfc2217://")
"""Ports that a pump of one's own is served at."""
FILLS = 6
"""Fills of the whole reservoir one after another: what was in it before is thinned to nothing."""
PATHS = 2
"""So many times the volume of tubing and catheter is run through."""
NL_PER_ML = 1_000_000
HOURS_PER_DAY = 24
MINUTES_PER_DAY = 1_440
EVERY_DAY = 0b111_1111
US_PER_H = 3_600_000_000


class Target(NamedTuple):
    """Where a run is played. `pump` is empty where the scenario says which."""

    url: str
    pump: str = ""
    seed: int | None = None


HERE = Target("")
"""In this process, on the pump that the scenario names."""


def target_of(url: str, seed: int | None) -> Target:
    """What the command line asks for. Raises UsageError."""
    if url.startswith("pumpsim:"):
        asked = parse_pump_url(url)
        named = "seed=" in url
        if named and seed is not None:
            raise UsageError("the seed is given twice", where=url, do="leave --seed out")
        return Target(url, asked.profile, asked.seed if named else seed)
    if url and not url.startswith(SERVED):
        _demand_ready(url)
    return Target(url, "", seed)


def _demand_ready(text: str) -> None:
    """What is no URL of ours is the ready file of a server, or its line. Raises UsageError."""
    from hil.rig import ready_line

    if not text.lstrip().startswith("{") and not Path(text).is_file():
        scheme, colon, _ = text.partition(":")
        what = f"a scenario is not played at {scheme}:" if colon else "there is no such file"
        raise UsageError(what, where=f"--target {text}", do="use pumpsim://PROFILE, pty:PATH, tcp://HOST:0, or a server's ready file")
    ready_line(text)


def open_rig(target: Target, profile: str, cast: Cast) -> Rig:
    """A rig whose pump is new. Raises UsageError, HilError."""
    from hil.rig import Rig

    seed = cast.seed if target.seed is None else target.seed
    if not target.url or target.pump:
        catheter = f"&catheter={cast.catheter}" if cast.catheter else ""
        return Rig.open(f"pumpsim://{quote(target.pump or profile, safe='/.')}?seed={seed}{catheter}")
    if target.url.lstrip().startswith("{") or Path(target.url).is_file():
        return _connected(target.url)
    return Rig.open(target.url, profile=profile, seed=seed, catheter=cast.catheter)


def _connected(ready: str) -> Rig:
    """A pump that is served already, if nobody has used it. Raises CheckFailed."""
    from hil.rig import Rig

    rig = Rig.connect(ready)
    try:
        if rig.bench.status()["mode"] != "shelf" or rig.bench.truth()["now_us"]:
            raise CheckFailed("this pump has a past", where=ready[:80], do="serve a new one: a scenario begins at the beginning")
    except BaseException:
        rig.close()
        raise
    return rig


def begin(stage: Stage, wanted: Begin | None) -> None:
    """Bring the pump to where the steps begin; they count from then on. Raises TherapyRefused if it does not take their therapies."""
    for name in stage.scenario.therapies_used:
        stage.therapy(name)
    if wanted is not None:
        _settle(stage, wanted)
    stage.goodbye()
    stage.began_us = stage.bench.now_us()
    stage.mark()


def _settle(stage: Stage, wanted: Begin) -> None:
    """Reservoir, tubing and catheter full of the therapy's drug, and the therapy in force."""
    therapy = stage.therapy(wanted.running)
    identity = stage.identity_of_pump()
    capacity, strength = identity.limits[0].capacity_nl, therapy.concentration_ng_per_ml
    for _ in range(FILLS):
        stage.bench.needle(withdraw_nl="all", inject_nl=capacity, concentration_ng_per_ml=strength)
    programmer = stage.programmer()
    programmer.refill(capacity, 0, therapy.drug_id, strength)
    rate = _flushing_rate(therapy, identity)
    programmer.update(_steady(therapy, rate))
    truth = stage.bench.truth()
    path = truth["tubing_nl"] + truth["catheter_nl"]
    stage.pass_us(PATHS * path * US_PER_H // rate)
    send(stage.programmer(), Update(therapy, _overrides(therapy, identity)))
    volume = capacity // 2 if wanted.reservoir is None else stage.whole(wanted.reservoir)
    drawn = stage.bench.needle(withdraw_nl="all", inject_nl=volume, concentration_ng_per_ml=strength)["withdrawn_nl"]
    send(stage.programmer(), Refill(volume, drawn, therapy.drug_id, strength))


def _entry(therapy: Therapy, identity: Identity) -> DrugEntry:
    named = (therapy.drug_id, therapy.drug_version)
    return next(entry for entry in identity.drugs if (entry.drug_id, entry.version) == named)


def _flushing_rate(therapy: Therapy, identity: Identity) -> int:
    """The highest rate (nL/h) at which this drug may run without anybody's override."""
    limits, entry = identity.limits[0], _entry(therapy, identity)
    daily_ng = entry.daily_dose_ng_soft or entry.daily_dose_ng_max
    by_dose = (
        daily_ng * NL_PER_ML // (HOURS_PER_DAY * therapy.concentration_ng_per_ml)
        if therapy.concentration_ng_per_ml
        else limits.rate_nl_per_h_max
    )
    return max(limits.rate_nl_per_h_min, min(limits.rate_nl_per_h_max, by_dose))


def _steady(therapy: Therapy, rate: int) -> Therapy:
    dose = rate * HOURS_PER_DAY * therapy.concentration_ng_per_ml // NL_PER_ML
    group = Group(EVERY_DAY, dose, (Step(0, MINUTES_PER_DAY, rate),))
    return therapy._replace(mode=Mode.SIMPLE, groups=(group,), patient=())


def _overrides(therapy: Therapy, identity: Identity) -> tuple[int, ...]:
    """What somebody has set aside for it before."""
    soft = _entry(therapy, identity).daily_dose_ng_soft
    return (SOFT_DOSE_RULE,) if soft and max((group.daily_dose_ng for group in therapy.groups), default=0) > soft else ()
