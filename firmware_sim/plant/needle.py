"""What people do with needles: refill and rinse the reservoir through the septum, draw and push through the catheter's access port.

An order is what somebody means to do; a `Needling` is what becomes of it. Either an act is refused and changes nothing, or it is done
whole. Air in the syringe takes room and carries no drug: it is pumped, mixed and withdrawn like drug-free fluid, as fine bubbles are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firmware_sim.errors import BenchRefused
from firmware_sim.limits import RINSE_TURNS_MAX
from firmware_sim.units import FG_PER_NG, FL_PER_NL, MASS_PER_NG, PPM

if TYPE_CHECKING:
    from firmware_sim.plant.conditions import Needling
    from firmware_sim.plant.plant import Plant

__all__ = ["NeedleOrder", "NeedleResult", "RinseResult", "SidePortOrder", "SidePortResult", "needle", "rinse", "side_port"]


class NeedleOrder(NamedTuple):
    """Take so much out of the reservoir (None: all in reach), then put so much in, of the strength the syringe is said to have."""

    withdraw_nl: int | None = 0
    inject_nl: int = 0
    concentration_ng_per_ml: int = 0


class NeedleResult(NamedTuple):
    """What a needle act took out and put in, wherever that went, what came back by itself, and what is in reach afterwards."""

    withdrawn_nl: int
    withdrawn_concentration_ng_per_ml: int
    available_nl: int
    concentration_ng_per_ml: int
    injected_nl: int
    returned_nl: int


class RinseResult(NamedTuple):
    """What all turns of a rinse took out together, and how strong the fluid below the needle still is."""

    withdrawn_nl: int
    concentration_ng_per_ml: int


class SidePortOrder(NamedTuple):
    """Draw so much out of the catheter, then push so much in."""

    aspirate_nl: int = 0
    inject_nl: int = 0
    concentration_ng_per_ml: int = 0


class SidePortResult(NamedTuple):
    """What came out of the side port, and how much drug was in it."""

    aspirated_nl: int
    aspirated_ng: int


class _Syringe(NamedTuple):
    """What truly is in the syringe."""

    fluid_fl: int
    concentration_fg_per_ml: int
    air_fl: int

    @property
    def volume_fl(self) -> int:
        return self.fluid_fl + self.air_fl

    def parted(self, ppm: int) -> tuple[_Syringe, _Syringe]:
        """That share of it, and what is left when that has gone."""
        if not ppm:
            return _EMPTY, self
        share = _Syringe(self.fluid_fl * ppm // PPM, self.concentration_fg_per_ml, self.air_fl * ppm // PPM)
        return share, _Syringe(self.fluid_fl - share.fluid_fl, self.concentration_fg_per_ml, self.air_fl - share.air_fl)

    def parts(self) -> tuple[tuple[int, int], ...]:
        """(volume, concentration) of fluid and air, those that are there."""
        return tuple((volume, level) for volume, level in ((self.fluid_fl, self.concentration_fg_per_ml), (self.air_fl, 0)) if volume)


_EMPTY = _Syringe(0, 0, 0)


def needle(plant: Plant, pulses: int, now_us: int, order: NeedleOrder, needling: Needling) -> NeedleResult:
    """Take out, then put in. Raises BenchRefused and changes nothing if either cannot be."""
    if (order.withdraw_nl or 0) < 0 or order.inject_nl < 0 or order.concentration_ng_per_ml < 0:
        raise BenchRefused("needle: volumes and concentration are not negative; give how much is taken out and put in")
    if needling.shut:
        return _result(plant, pulses)
    syringe = _filled(order, needling)
    if needling.side_port:
        return _through_the_wrong_port(plant, pulses, order, syringe)
    pocketed, aimed = syringe.parted(needling.pocket_ppm)
    withdraw_fl, filled = _judged(plant, pulses, order, (aimed, needling))
    plant.end_mixing(pulses)
    plant.move_anchor(pulses)
    for volume_fl, level in pocketed.parts():
        plant.state.pocket.take(now_us, volume_fl, level)
    reservoir = plant.state.reservoir
    withdrawn_concentration = reservoir.concentration_fg_per_ml // FG_PER_NG
    reservoir.withdraw(withdraw_fl)
    for volume_fl, level in filled.parts():
        reservoir.inject(volume_fl, level, needling.room_beyond_fl)
    returned_fl = min(needling.returned_nl * FL_PER_NL, filled.volume_fl)
    if returned_fl:
        reservoir.withdraw(returned_fl)
    plant.state.catheter.append(plant.state.motor.anchor_out_fl, reservoir.concentration_fg_per_ml)
    plant.set_slope(pulses)
    given_fl = pocketed.volume_fl + filled.volume_fl
    return _result(plant, pulses, (withdraw_fl, withdrawn_concentration, given_fl, returned_fl))


def rinse(plant: Plant, pulses: int, now_us: int, order: tuple[int, int], needling: Needling) -> RinseResult:
    """Empty the reservoir; then, as often as `order` (volume in nL, turns) says, put drug-free fluid in and take it out again.

    With residual r each turn of V leaves r / (r + V) of the drug. Raises BenchRefused and changes nothing when that cannot be.
    """
    volume_nl, turns = order
    if volume_nl <= 0 or not 0 < turns <= RINSE_TURNS_MAX:
        raise BenchRefused(f"rinse: {volume_nl} nL in {turns} turns; give a volume above 0 and 1 to {RINSE_TURNS_MAX} turns")
    room_nl = (plant.state.reservoir.capacity_fl + needling.room_beyond_fl) // FL_PER_NL
    if volume_nl > room_nl:
        raise BenchRefused(f"rinse: {volume_nl} nL do not fit, there is room for {room_nl} nL")
    acts = (NeedleOrder(None), *(NeedleOrder(0, volume_nl), NeedleOrder(None)) * turns)
    results = [needle(plant, pulses, now_us, act, needling) for act in acts]
    return RinseResult(sum(result.withdrawn_nl for result in results), results[-1].concentration_ng_per_ml)


def side_port(plant: Plant, pulses: int, order: SidePortOrder, blocked: bool) -> SidePortResult:
    """Draw out of the catheter, then push into it, through the access port. Raises BenchRefused for negative amounts.

    A catheter that is blocked altogether gives and takes nothing: the result is a dry tap.
    """
    if min(order) < 0:
        raise BenchRefused("side_port: volumes and concentration are not negative; give how much is drawn out and pushed in")
    plant.end_mixing(pulses)
    if blocked:
        return SidePortResult(0, 0)
    catheter, out_fl = plant.state.catheter, plant.out_fl(pulses)
    drawn = catheter.aspirate(out_fl, order.aspirate_nl * FL_PER_NL) if order.aspirate_nl else 0
    if order.inject_nl:
        catheter.inject(out_fl, order.inject_nl * FL_PER_NL, order.concentration_ng_per_ml * FG_PER_NG)
    return SidePortResult(order.aspirate_nl, drawn // MASS_PER_NG)


def _filled(order: NeedleOrder, needling: Needling) -> _Syringe:
    """What truly is in the syringe of an order: more or less than said, partly air, perhaps of another strength."""
    if not order.inject_nl:
        return _EMPTY
    volume_nl = max(0, order.inject_nl + needling.extra_nl - needling.missing_nl)
    air_nl = min(needling.air_nl, volume_nl)
    wrong = needling.concentration_ng_per_ml >= 0 and order.concentration_ng_per_ml > 0
    strength = needling.concentration_ng_per_ml if wrong else order.concentration_ng_per_ml
    return _Syringe((volume_nl - air_nl) * FL_PER_NL, strength * FG_PER_NG, air_nl * FL_PER_NL)


def _judged(plant: Plant, pulses: int, order: NeedleOrder, meant: tuple[_Syringe, Needling]) -> tuple[int, _Syringe]:
    """What goes out, and what goes in: all that is meant, but of what nobody knows of only what there is room for. Raises BenchRefused."""
    syringe, needling = meant
    available_fl = plant.available_fl(pulses)
    withdraw_fl = available_fl if order.withdraw_nl is None else order.withdraw_nl * FL_PER_NL
    room_fl = plant.state.reservoir.capacity_fl + needling.room_beyond_fl - available_fl + withdraw_fl
    meant_fl = syringe.volume_fl
    unknown_fl = min(needling.extra_nl * FL_PER_NL, syringe.fluid_fl)
    if withdraw_fl > available_fl or (meant_fl and meant_fl - unknown_fl > room_fl):
        fits_nl = max(0, room_fl - withdraw_fl) // FL_PER_NL
        raise BenchRefused(f"needle: {available_fl // FL_PER_NL} nL can be taken out and {fits_nl} nL put in; give less")
    if meant_fl > room_fl:
        syringe = syringe._replace(fluid_fl=max(0, syringe.fluid_fl - meant_fl + room_fl))
    return withdraw_fl, syringe


def _through_the_wrong_port(plant: Plant, pulses: int, order: NeedleOrder, syringe: _Syringe) -> NeedleResult:
    """The needle stands in the access port: what was to be drawn comes out of the catheter, what was to be filled goes into it.

    "All in reach" has no end there and draws nothing: the dry syringe is the sign that is overlooked.
    """
    plant.end_mixing(pulses)
    catheter, out_fl = plant.state.catheter, plant.out_fl(pulses)
    withdraw_fl = (order.withdraw_nl or 0) * FL_PER_NL
    if plant.conditions.blocked:
        return _result(plant, pulses)
    drawn = catheter.aspirate(out_fl, withdraw_fl) if withdraw_fl else 0
    for volume_fl, level in syringe.parts():
        catheter.inject(out_fl, volume_fl, level)
    strength = drawn // withdraw_fl // FG_PER_NG if withdraw_fl else 0
    return _result(plant, pulses, (withdraw_fl, strength, syringe.volume_fl, 0))


def _result(plant: Plant, pulses: int, moved: tuple[int, int, int, int] = (0, 0, 0, 0)) -> NeedleResult:
    """What is said of an act that moved (withdrawn fL, its ng/mL, given fL, returned fL)."""
    withdrawn_fl, strength, given_fl, returned_fl = moved
    return NeedleResult(
        withdrawn_fl // FL_PER_NL,
        strength,
        plant.available_fl(pulses) // FL_PER_NL,
        plant.state.reservoir.concentration_fg_per_ml // FG_PER_NG,
        given_fl // FL_PER_NL,
        returned_fl // FL_PER_NL,
    )
