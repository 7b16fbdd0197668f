"""Faults of the catheter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.errors import BenchRefused
from firmware_sim.faults.course import alternating, ramp, ramped
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter, Values
from firmware_sim.limits import FAULT_DAYS_MAX, FAULT_MINUTES_MAX, VERTEBRAE
from firmware_sim.plant.needle import SidePortOrder
from firmware_sim.units import PPM, US_PER_DAY, US_PER_MIN

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel
    from firmware_sim.plant.conditions import Conditions
    from firmware_sim.profile import Profile

__all__ = ["CATHETER_FAULTS", "TIP_LEVELS"]

TIP_LEVELS = (
    *(f"{region}{number}" for region, most in zip("CTL", VERTEBRAE, strict=True) for number in range(1, most + 1)),
    "subdural",
    "epidural",
    "subcutaneous",
)
"""Where a tip may sit: at a vertebra inside the sac, or outside it."""

_UNNOTICED = "nothing: no sensor sees the catheter, and the computed reservoir falls as programmed"
_LOST = "that drug is lost on the way; more is believed given than is"
_LEAK_TRUTH = "its share of volume and drug leaves there; what is beyond moves on by the rest. A side port draws that share from outside"


def _occlude(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.occlude(fault.value("fraction_ppm"))


def _occlude_slowly(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.occlude(ramped(fault.value("fraction_ppm"), fault, "over_days"))


def _kink(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    if fault.phase % 2 == 0:
        conditions.occlude(fault.value("fraction_ppm"))


def _grow_in(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    _occlude_slowly(fault, conditions, profile)
    conditions.stray(ramped(fault.value("astray_ppm"), fault, "over_days"))


def _place_nl(fault: ActiveFault, profile: Profile) -> int:
    """The path volume from the motor to the place."""
    return profile.catheter.tubing_nl + fault.value("at_mm") * profile.catheter.volume_nl_per_mm


def _leak(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.leak(_place_nl(fault, profile), fault.value("share_ppm"))


def _break(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.leak(_place_nl(fault, profile), PPM)


def _disconnect(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.leak(profile.catheter.tubing_nl, PPM)


def _judge_place(kernel: Kernel, values: Values) -> None:
    """The place is on this catheter."""
    length_mm = kernel.profile.catheter.length_mm
    if int(values["at_mm"]) > length_mm:
        raise BenchRefused(f"inject: at_mm is {values['at_mm']}; this catheter is {length_mm} mm long")


def _dislodge(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.stray(fault.value("astray_ppm"), TIP_LEVELS[fault.value("level")])


def _push(kernel: Kernel, values: Values) -> None:
    kernel.plant.side_port(kernel.pulses(), SidePortOrder(0, int(values["volume_nl"]), int(values["concentration_ng_per_ml"])))


_FRACTION = Parameter("fraction_ppm", "share of each step that slips back instead of leaving the reservoir", 0, PPM)
_IN_THE_END = Parameter("fraction_ppm", "share of each step that in the end slips back instead of leaving the reservoir", 0, PPM)
_OVER_DAYS = Parameter("over_days", "time in which it grows to that; 0: at once", 0, FAULT_DAYS_MAX, default=0)
_AT_MM = Parameter("at_mm", "distance from the catheter's pump end", 0)

CATHETER_FAULTS: tuple[FaultSpec, ...] = (
    FaultSpec(
        "catheter.occlusion",
        (_FRACTION,),
        "nothing: no alarm, the computed reservoir falls as programmed",
        "that less comes out; a refill finds more than expected, and a side port that is blocked altogether is dry",
        "the rest of each step leaves; what slips back stays in the reservoir",
        "catheter faults are the commonest cause of withdrawal; only imaging or aspiration finds them",
        _occlude,
    ),
    FaultSpec(
        "catheter.slow_occlusion",
        (_IN_THE_END, _OVER_DAYS),
        _UNNOTICED,
        "a loss of effect that comes over weeks and is answered by raising the dose",
        "each step carries less and less; a refill finds more than expected",
        "published cases of catheters that close slowly by fibrin or precipitate",
        _occlude_slowly,
        ramp("over_days", US_PER_DAY),
    ),
    FaultSpec(
        "catheter.kink",
        (
            _FRACTION,
            Parameter("kinked_minutes", "how long it is bent each time", 1, FAULT_MINUTES_MAX),
            Parameter("open_minutes", "how long it is straight between", 1, FAULT_MINUTES_MAX),
        ),
        _UNNOTICED,
        "symptoms that come and go with posture; a side port tested while it is straight is normal",
        "while it is bent the rest of each step leaves, all of it between",
        "regulator notices and revision series: kinks among the common catheter faults",
        _kink,
        alternating("kinked_minutes", "open_minutes", US_PER_MIN),
    ),
    FaultSpec(
        "catheter.leak",
        (_AT_MM, Parameter("share_ppm", "share of the flow that leaves there", 0, PPM)),
        _UNNOTICED,
        _LOST,
        _LEAK_TRUTH,
        "revision series: leaks at connectors and by needle holes, found by contrast or by aspiration",
        _leak,
        judge=_judge_place,
    ),
    FaultSpec(
        "catheter.disconnection",
        (),
        _UNNOTICED,
        _LOST,
        "all leaves behind the access port, in the pocket; the catheter beyond stands still, and a side port draws no CSF and no old drug",
        "regulator notices on connectors; revision series",
        _disconnect,
    ),
    FaultSpec(
        "catheter.fracture",
        (_AT_MM,),
        _UNNOTICED,
        _LOST,
        "all leaves at the break; the catheter beyond stands still",
        "revision series: breaks where the catheter is anchored or crosses a joint",
        _break,
        judge=_judge_place,
    ),
    FaultSpec(
        "catheter.dislodgement",
        (
            Parameter("level", "where the tip now is", choices=TIP_LEVELS),
            Parameter("astray_ppm", "share of what leaves the tip that does not reach its place", 0, PPM, default=PPM),
        ),
        _UNNOTICED,
        "where the tip is; volumes at a refill are as expected, and a side port may still give fluid",
        "all is delivered, but its share goes astray; the truth names the level",
        "revision series: migration of the tip out of the sac, found by X-ray",
        _dislodge,
    ),
    FaultSpec(
        "catheter.granuloma",
        (
            _IN_THE_END,
            Parameter("astray_ppm", "share of what leaves the tip that in the end does not reach its place", 0, PPM, default=0),
            _OVER_DAYS,
        ),
        _UNNOTICED,
        "loss of effect and a mass at the tip that only MRI or CT shows",
        "each step carries less and less, and of what leaves the tip more and more goes astray",
        "public communications on inflammatory masses at catheter tips",
        _grow_in,
        ramp("over_days", US_PER_DAY),
    ),
    FaultSpec(
        "catheter.cap_injection",
        (
            Parameter("volume_nl", "volume pushed through the access port without aspirating first", 1),
            Parameter("concentration_ng_per_ml", "strength of what is pushed", 0, default=0),
        ),
        "nothing: the access port has no sensor",
        "a dose of all that the catheter held, given within seconds",
        "what the catheter held is delivered at once; a catheter that is blocked altogether takes nothing",
        "regulator notices: overdose when the access port was flushed without aspirating, or filled in error",
        strike=_push,
    ),
)
