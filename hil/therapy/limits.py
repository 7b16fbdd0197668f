"""All the limits that a therapy breaks, found with the one check that the wire's client has.

That check stops at the first. Here the part it named is put within bounds, in a copy, and the check is asked again, so that one
reading of a file finds every line to mend. Nothing made here is ever sent.
"""

from __future__ import annotations

from hil.therapy.arithmetic import MINUTES_PER_DAY, day_dose_ng
from protocol.errors import Rejected
from protocol.messages import Identity, Refusal
from protocol.refusals import Field
from protocol.therapy import Group, Step, Therapy
from protocol.therapy_check import check_therapy

__all__ = ["broken_limits"]

PROBLEMS_MAX = 100
"""More than the 7 x 13 steps a therapy can have."""
_PLAIN: dict[int, str] = {
    Field.CONCENTRATION: "concentration_ng_per_ml",
    Field.LOW_RESERVOIR: "low_reservoir_nl",
    Field.CRITICAL_REPEAT: "critical_repeat_s",
    Field.NON_CRITICAL_REPEAT: "non_critical_repeat_s",
}


def broken_limits(therapy: Therapy, identity: Identity) -> list[Refusal]:
    """Every refusal that the client's check has for a therapy, in its order; what cannot be put aside ends the search."""
    found: list[Refusal] = []
    for _ in range(PROBLEMS_MAX):
        try:
            check_therapy(therapy, identity)
        except Rejected as error:
            found.append(error.refusal)
        else:
            break
        mended = _mended(therapy, found[-1], identity.limits[0].minimum_rate_nl_per_h)
        if mended is None:
            break
        therapy = mended
    return found


def _mended(therapy: Therapy, refusal: Refusal, least_nl_per_h: int) -> Therapy | None:
    """A copy without that problem; None for one that concerns the therapy as a whole."""
    if refusal.field in _PLAIN:
        mended = Therapy(**(therapy._asdict() | {_PLAIN[refusal.field]: refusal.limit}))
        return _dosed(mended) if refusal.field == Field.CONCENTRATION else mended
    number, position = divmod(refusal.index, 16)
    if refusal.field not in {Field.RATE, Field.DAILY_DOSE, Field.STEPS} or number >= len(therapy.groups):
        return None
    steps: tuple[Step, ...] = (Step(0, MINUTES_PER_DAY, least_nl_per_h),)
    if refusal.field == Field.RATE:
        old = therapy.groups[number].steps
        steps = (*old[:position], old[position]._replace(rate_nl_per_h=least_nl_per_h), *old[position + 1 :])
    group = therapy.groups[number]._replace(steps=steps)
    return _dosed(therapy._replace(groups=(*therapy.groups[:number], group, *therapy.groups[number + 1 :])))


def _dosed(therapy: Therapy) -> Therapy:
    """The same rates, with the doses per day that come of them."""
    groups = (_with_dose(group, therapy.concentration_ng_per_ml) for group in therapy.groups)
    return therapy._replace(groups=tuple(groups))


def _with_dose(group: Group, concentration: int) -> Group:
    return group._replace(daily_dose_ng=int(day_dose_ng(group, concentration)))
