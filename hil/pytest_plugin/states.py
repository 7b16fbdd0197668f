"""The states that a test may begin in: shelf, filled, primed, running, alarming; each is built from the one before.

A builder talks to the pump through its wire, and to its bench for what the needle and time do. Where there is no bench the reservoir is
taken to hold what the rig file says, and no time is made to pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hil.rig.file import Fluid
from protocol.client import Interrogation, Programmer
from protocol.codes import Mode
from protocol.therapy import Group, Step, Therapy

if TYPE_CHECKING:
    from hil.pytest_plugin.target import Target
    from hil.rig import Rig

__all__ = ["STATES", "Site", "alarming", "filled", "four_steps", "primed", "running", "shelf"]

ML = 1_000_000
BACLOFEN = 1
CONCENTRATION_NG_PER_ML = 500_000
FILL_NL = 20 * ML
RATES_NL_PER_H = (8_000, 12_000, 20_000, 10_000)
MINUTES_PER_DAY = 1_440
EVERY_DAY = 0b111_1111
LOW_RESERVOIR_NL = 2 * ML
CRITICAL_REPEAT_S, NON_CRITICAL_REPEAT_S = 600, 3_600
READY_S = 120
PRIME_S_MAX = 3 * 3_600
CATHETER_NL = 195_800
"""89 cm of the family's catheter, where nobody says which one the pump has."""


class Site:
    """What a builder works with. `reservoir` is what the rig file says is in a unit that nobody here fills."""

    def __init__(self, rig: Rig, target: Target, reservoir: Fluid | None = None) -> None:
        self.rig = rig
        self.target = target
        self.reservoir = reservoir
        self._programmer: Programmer | None = None

    @property
    def programmer(self) -> Programmer:
        """A clinician's; a pump without telemetry skips the test."""
        if self._programmer is None:
            self.target.demand(["telemetry"])
            self._programmer = self.rig.another_programmer()
        return self._programmer

    def hang_up(self) -> None:
        """End the session, as a person does who goes away; the next one opens by itself."""
        if self._programmer is not None:
            self._programmer.close()
            self._programmer = None

    @property
    def benched(self) -> bool:
        """Needle and time are in our hand."""
        return self.target.benched

    def fill(self, volume_nl: int, concentration_ng_per_ml: int) -> None:
        """Empty the reservoir, fill so much in, and tell the pump."""
        self.target.demand(["bench.needle"])
        drawn = self.rig.bench.needle(withdraw_nl="all", inject_nl=volume_nl, concentration_ng_per_ml=concentration_ng_per_ml)
        self.programmer.refill(volume_nl, int(drawn["withdrawn_nl"]), BACLOFEN, concentration_ng_per_ml)


def four_steps(low_reservoir_nl: int = LOW_RESERVOIR_NL) -> Therapy:
    """The therapy of a running pump: baclofen 500 mcg/mL, four steps of six hours: 8, 12, 20 and 10 uL/h."""
    length = MINUTES_PER_DAY // len(RATES_NL_PER_H)
    steps = tuple(Step(place * length, (place + 1) * length, rate) for place, rate in enumerate(RATES_NL_PER_H))
    dose_ng = sum(rate * length for rate in RATES_NL_PER_H) * CONCENTRATION_NG_PER_ML // (60 * ML)
    alarms = (low_reservoir_nl, CRITICAL_REPEAT_S, NON_CRITICAL_REPEAT_S)
    return Therapy(Mode.FLEX, BACLOFEN, 1, CONCENTRATION_NG_PER_ML, *alarms, (Group(EVERY_DAY, dose_ng, steps),))


def shelf(site: Site) -> None:
    """As it comes from the factory, its power-on self-test passed."""
    if not site.benched:
        site.target.demand(["bench.image"])
    if "telemetry" not in site.target.capabilities:
        return  # nobody can ask it, and nothing was ever done to it
    site.rig.bench.run_until("ready", limit_s=READY_S)
    if site.rig.bench.status()["mode"] != "shelf":
        pytest.skip("needs a pump from the factory: the one that is served has a past; serve a new one")


def filled(site: Site, fill_nl: int = FILL_NL) -> None:
    """Filled with 20 mL (its capacity, if that is less) of baclofen 500 mcg/mL and told so; nothing is programmed."""
    if not site.benched:
        _filled_by_others(site)
        return
    shelf(site)
    limits = site.programmer.interrogate().identity.limits[0]
    site.fill(min(fill_nl, limits.capacity_nl), CONCENTRATION_NG_PER_ML)


def _filled_by_others(site: Site) -> None:
    """A unit that nobody here fills: tell it what the rig file says is in it, unless it knows of drug already."""
    fluid = site.reservoir
    if fluid is None:
        pytest.skip("needs bench.needle: nobody here fills the pump, and the rig file has no reservoir:")
    known = site.programmer.interrogate()
    drug = next((each.drug_id for each in known.identity.drugs if each.name == fluid.drug), None)
    if drug is None or fluid.concentration != CONCENTRATION_NG_PER_ML:
        pytest.skip(f"needs baclofen 500 mcg/mL in the pump: the rig file says {fluid.drug}, {fluid.concentration} ng/mL")
    if known.condition.computed_reservoir_nl < LOW_RESERVOIR_NL:
        site.programmer.refill(fluid.volume, 0, drug, fluid.concentration)


def primed(site: Site, therapy: Therapy | None = None, fill_nl: int = FILL_NL) -> None:
    """Filled, a therapy programmed, tubing and catheter full of drug; stopped. A unit's path is taken to be full already."""
    filled(site, fill_nl)
    site.programmer.update(therapy or four_steps())
    site.programmer.stop()
    if site.benched:
        site.programmer.prime(_path_nl(site, site.programmer.interrogate()))
        site.hang_up()
        site.rig.bench.run_until("bolus-ended", limit_s=PRIME_S_MAX)


def running(site: Site, days: int = 1, therapy: Therapy | None = None, fill_nl: int = FILL_NL) -> None:
    """Primed, and running its therapy of four steps for a day; a unit has just begun."""
    primed(site, therapy, fill_nl)
    site.programmer.start()
    site.hang_up()
    if site.benched and days:
        site.rig.bench.advance(days=days)


def alarming(site: Site, days: int = 1) -> None:
    """Running, with no more in the reservoir than what the low reservoir alarm is set to: it has just begun to sound."""
    running(site, days)
    site.fill(LOW_RESERVOIR_NL, CONCENTRATION_NG_PER_ML)


STATES: dict[str, Callable[..., None]] = {"shelf": shelf, "filled": filled, "primed": primed, "running": running, "alarming": alarming}


def _path_nl(site: Site, known: Interrogation) -> int:
    """Volume from the motor to the tip."""
    return site.target.profile.catheter.path_nl if site.target.profile else known.identity.tubing_nl + CATHETER_NL
