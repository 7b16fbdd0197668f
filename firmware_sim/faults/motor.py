"""Faults of motor and rotor."""

from __future__ import annotations

from firmware_sim.faults.course import alternating, ramp, ramped, span
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter, Turn
from firmware_sim.limits import FAULT_DAYS_MAX, FAULT_MINUTES_MAX, MRI_RESTART_MINUTES, PULSES_PER_H_MAX, RUNAWAY_GAIN_MAX
from firmware_sim.plant.conditions import Conditions
from firmware_sim.profile import Profile
from firmware_sim.units import PPM, US_PER_DAY, US_PER_MIN

__all__ = ["MOTOR_FAULTS"]

_STALL_NOTICED = "motor_stall after the detection time of commanded motion without movement; recovery likewise"
_STALL_MISSED = "a stall while it is stopped, and how much was not given; the computed reservoir falls on"
_STALL_TRUTH = "steps are commanded and do not move; nothing leaves; nothing is caught up"


def _stall(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.rotor_free = False


def _stall_by_turns(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    if fault.phase % 2 == 0:
        conditions.rotor_free = False


def _over_infuse(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.factors_ppm.append(PPM + ramped(fault.value("excess_ppm"), fault, "over_days"))


def _slip(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.factors_ppm.append(PPM - ramped(fault.value("loss_ppm"), fault, "over_days"))


def _run_away(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.gain *= fault.value("gain")


def _stick(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.stuck_pulses_per_h += fault.value("pulses_per_h")


def _mri(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    """In the field the rotor is held; out of it, it takes its time to come free."""
    conditions.rotor_free = False
    conditions.field = conditions.field or fault.phase == 0


def _mri_course(fault: ActiveFault) -> Turn:
    exposed_us = fault.since_us + fault.value("minutes") * US_PER_MIN
    if fault.phase == 0:
        return Turn(exposed_us)
    return Turn(exposed_us + fault.value("restart_minutes") * US_PER_MIN, last=True)


def _magnet(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.rotor_free = False
    conditions.field = True


_OVER_DAYS = Parameter("over_days", "time in which it grows to that; 0: at once", 0, FAULT_DAYS_MAX, default=0)

MOTOR_FAULTS = (
    FaultSpec(
        "motor.stall",
        (),
        _STALL_NOTICED,
        _STALL_MISSED,
        _STALL_TRUTH,
        "recall of pumps with foreign particles; every exposure to a magnetic field",
        _stall,
    ),
    FaultSpec(
        "motor.intermittent_stall",
        (
            Parameter("stalled_minutes", "how long it stalls each time", 1, FAULT_MINUTES_MAX),
            Parameter("moving_minutes", "how long it moves between", 1, FAULT_MINUTES_MAX),
        ),
        "a stall of at least the detection time, each time; recovery likewise",
        "stalls shorter than the detection time of commanded motion",
        "the share of the time in which it moves is given",
        "three short stalls in three days before a permanent one (published case)",
        _stall_by_turns,
        alternating("stalled_minutes", "moving_minutes", US_PER_MIN),
    ),
    FaultSpec(
        "motor.permanent_stall",
        (),
        _STALL_NOTICED,
        _STALL_MISSED,
        _STALL_TRUTH,
        "corroded gears, worn with drugs the pump is not approved for (registry reports)",
        _stall,
        clearable=False,
    ),
    FaultSpec(
        "motor.gear_wear",
        (Parameter("loss_ppm", "share of each step that is lost in the end", 0, PPM), _OVER_DAYS),
        "nothing: driver and rotor answer",
        "every step carries less; the computed reservoir falls as programmed",
        "less than programmed is given, and more is left at the refill",
        "gear wear and corrosion in explanted pumps (registry reports)",
        _slip,
        ramp("over_days", US_PER_DAY),
    ),
    FaultSpec(
        "motor.over_infusion",
        (Parameter("excess_ppm", "how much more than its volume each step carries in the end", 0, 2 * PPM), _OVER_DAYS),
        "nothing: the reservoir is computed from the programmed rate, so it runs dry in silence",
        "more than programmed is given; no low-reservoir alarm comes in time",
        "the excess of every step; less is left at the refill than expected",
        "regulator notice on over-infusion above 14.5 %",
        _over_infuse,
        ramp("over_days", US_PER_DAY),
    ),
    FaultSpec(
        "motor.runaway",
        (Parameter("gain", "driver pulses for each pulse commanded", 2, RUNAWAY_GAIN_MAX),),
        "rate_limiter once the independent limiter has counted its excess of pulses: motor off until service",
        "nothing further",
        "at most the limiter's excess of steps is given too much; then nothing",
        "hazard lists for infusion pumps: speed too high, stopped by a second, independent limit",
        _run_away,
    ),
    FaultSpec(
        "motor.stuck_driver",
        (Parameter("pulses_per_h", "pulses of a driver that is stuck on", 1, PULSES_PER_H_MAX),),
        "rate_limiter once the independent limiter has counted its excess of pulses, in every mode: motor off until service",
        "nothing further",
        "at most the limiter's excess of steps is given too much; then nothing",
        "hazard lists for infusion pumps: failure of the automatic stop itself",
        _stick,
    ),
    FaultSpec(
        "motor.mri",
        (
            Parameter("minutes", "length of the exposure", 1, FAULT_MINUTES_MAX),
            Parameter(
                "restart_minutes",
                "until the rotor comes free after it; delayed cases took 2 to 24 h",
                0,
                FAULT_MINUTES_MAX,
                default=MRI_RESTART_MINUTES,
            ),
        ),
        "motor_stall when it outlasts the detection time while motion is commanded; recovery likewise",
        "the exposure itself; with an alarm sounding unsilenced the telemetry trap: it believes it infuses and does not",
        "the rotor is held for the whole exposure and until it comes free",
        "maker's MRI guidance: stall in the field, restart within about 15 minutes, delayed 2 to 24 h in reports",
        _mri,
        _mri_course,
    ),
    FaultSpec(
        "motor.magnet",
        (Parameter("minutes", "how long a laptop or phone magnet lies over the pump", 1, FAULT_MINUTES_MAX),),
        "motor_stall when it outlasts the detection time while motion is commanded; recovery likewise",
        "short stalls; with an alarm sounding unsilenced the telemetry trap",
        "the rotor is held while the magnet is there",
        "reports of repeated stalls in the log from magnets in laptops and phones",
        _magnet,
        span("minutes", US_PER_MIN),
    ),
)
