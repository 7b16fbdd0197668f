"""Faults of the reservoir, and of what needles do to it. Those about a needle act upon every act while they are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.errors import BenchRefused
from firmware_sim.faults.course import ramp, ramped
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter, Values
from firmware_sim.limits import BACKFLOW_MMHG_MAX, BACKFLOW_NL_PER_MMHG, FAULT_DAYS_MAX
from firmware_sim.units import PPM, US_PER_DAY

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel
    from firmware_sim.plant.conditions import Conditions
    from firmware_sim.profile import Profile

__all__ = ["RESERVOIR_FAULTS"]

_NO_SENSOR = "nothing: there is no reservoir sensor, and the refill is what the programmer says"


def _overfill(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.needling.extra_nl += fault.value("excess_nl")
    conditions.needling.beyond_capacity_nl = profile.reservoir.overfill_nl_max


def _judge_overfill(kernel: Kernel, values: Values) -> None:
    """The bellows take no more than that."""
    most_nl = kernel.profile.reservoir.overfill_nl_max
    if int(values["excess_nl"]) > most_nl:
        raise BenchRefused(
            f"inject: reservoir.overfill: excess_nl is {values['excess_nl']}; this reservoir takes up to {most_nl} above capacity"
        )


def _underfill(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.needling.missing_nl += fault.value("missing_nl")


def _pocket(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    needling = conditions.needling
    needling.pocket_ppm = PPM - (PPM - needling.pocket_ppm) * (PPM - fault.value("share_ppm")) // PPM


def _wrong_port(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.needling.side_port = True


def _air(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.needling.air_nl += fault.value("air_nl")


def _shut(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.needling.shut = True


def _lose_push(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.factors_ppm.append(PPM - fault.value("loss_ppm"))


def _flow_back(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.needling.returned_nl += fault.value("pressure_mmhg") * fault.value("return_nl_per_mmhg")


def _deform(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    needling = conditions.needling
    needling.lost_capacity_nl = min(profile.reservoir.capacity_nl, needling.lost_capacity_nl + fault.value("lost_nl"))


def _mistake(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.needling.concentration_ng_per_ml = fault.value("concentration_ng_per_ml")


def _precipitate(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.occlude(ramped(fault.value("precipitate_ppm"), fault, "over_days"))


RESERVOIR_FAULTS: tuple[FaultSpec, ...] = (
    FaultSpec(
        "reservoir.overfill",
        (Parameter("excess_nl", "how much more goes in than is said, as far as there is room above capacity", 0),),
        _NO_SENSOR,
        "pressure in the reservoir and a flow above the programmed one until the excess is pumped out",
        "fluid above capacity raises the volume of every step, slice by slice until it is gone",
        "labelling of this class: overfilling raises pressure and flow and can give too much drug",
        _overfill,
        judge=_judge_overfill,
    ),
    FaultSpec(
        "reservoir.underfill",
        (Parameter("missing_nl", "how much less goes in than is said", 0),),
        _NO_SENSOR,
        "that it runs dry before the low-reservoir alarm",
        "the reservoir holds less than the computed one; at its end nothing comes while steps go on",
        "hazard lists for infusion pumps: volume entered is not the volume filled",
        _underfill,
    ),
    FaultSpec(
        "reservoir.pocket_fill",
        (Parameter("share_ppm", "share of the syringe that goes into the pocket", 0, PPM, default=PPM),),
        _NO_SENSOR,
        "an overdose from the tissue within hours, and too little drug after that",
        "the pocket takes that drug up with its half-life; the reservoir holds the rest of the fill",
        "regulator notices and advisories on pocket fills: 1 in 10,000 refills, with deaths",
        _pocket,
    ),
    FaultSpec(
        "reservoir.wrong_port",
        (),
        _NO_SENSOR,
        "a refill that is given into the sac at once",
        "what is to be drawn comes out of the catheter (all in reach: nothing), and the fill goes through the catheter",
        "regulator notices: refill through the catheter access port, with deaths",
        _wrong_port,
    ),
    FaultSpec(
        "reservoir.air",
        (Parameter("air_nl", "how much of what goes in is air", 0),),
        _NO_SENSOR,
        "a weaker fluid than is entered",
        "air takes room and carries no drug; it is mixed, pumped and withdrawn like drug-free fluid, as fine bubbles are",
        "refill instructions of this class: expel all air",
        _air,
    ),
    FaultSpec(
        "reservoir.valve_closed",
        (),
        _NO_SENSOR,
        "that the refill did not go in; whoever holds the syringe feels it",
        "nothing goes in or out by the needle, and the act says so",
        "refill instructions of this class: the valve closes when the reservoir is full, or fails closed",
        _shut,
    ),
    FaultSpec(
        "reservoir.no_propellant",
        (Parameter("loss_ppm", "share of each step that is not pushed out any more", 0, PPM),),
        _NO_SENSOR,
        "that less comes out; the computed reservoir falls as programmed",
        "every step carries less; what does not leave stays in the reservoir",
        "regulator notice on pumps made without propellant",
        _lose_push,
    ),
    FaultSpec(
        "reservoir.backflow",
        (
            Parameter("pressure_mmhg", "how far the pressure in the reservoir is above that in the syringe", 0, BACKFLOW_MMHG_MAX),
            Parameter("return_nl_per_mmhg", "volume that comes back for each mmHg", 0, default=BACKFLOW_NL_PER_MMHG),
        ),
        _NO_SENSOR,
        "that less stays in than is said",
        "after each fill its share of the mixed fluid comes back into the syringe, at most what was put in; the act says how much",
        "refill instructions of this class: hold the plunger, a pressurised reservoir pushes fluid back",
        _flow_back,
    ),
    FaultSpec(
        "reservoir.deformed",
        (Parameter("lost_nl", "capacity that is lost", 0),),
        _NO_SENSOR,
        "pressure from a fill that used to fit",
        "the needle finds less room, and what is in above the smaller capacity raises the flow like an overfill",
        "registry reports: reservoirs dented or with stiff bellows",
        _deform,
    ),
    FaultSpec(
        "reservoir.wrong_concentration",
        (Parameter("concentration_ng_per_ml", "strength that truly is in every syringe said to hold drug", 0),),
        _NO_SENSOR,
        "the strength: the pump computes the dose from the one entered",
        "what is given is volume times the true strength",
        "medication-error reports: another strength compounded or picked than entered",
        _mistake,
    ),
    FaultSpec(
        "reservoir.unapproved_drug",
        (
            Parameter("precipitate_ppm", "share of each step that in the end slips back, since precipitate closes the path", 0, PPM),
            Parameter("over_days", "time in which it grows to that; 0: at once", 0, FAULT_DAYS_MAX, default=0),
        ),
        "nothing: a path that closes is not seen",
        "a loss of effect that comes over weeks",
        "each step carries less and less, like a slow occlusion of the catheter",
        "regulator notice: drugs the pump is not approved for precipitate, corrode and block",
        _precipitate,
        ramp("over_days", US_PER_DAY),
    ),
)
