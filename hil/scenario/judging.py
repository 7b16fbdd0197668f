"""Expectations and measurements: whether what is said of an instant is so, and what was found instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from hil.plain import plain
from hil.scenario.acts import Expect, Measure
from hil.scenario.amount import Amount
from hil.scenario.claim import Claim
from hil.scenario.formula import DividedByZero, value_of
from hil.scenario.result import Check, Measurement
from hil.scenario.stage import Stage, Unmeasurable
from hil.scenario.states import NONE, States
from protocol.codes import EventKind

if TYPE_CHECKING:
    from hil.scenario.script import Step

__all__ = ["checks_of", "measured"]

_SILENT: dict[str, Any] = {
    "mode": "no power",
    "stop_reason": "no power",
    "alarms": [],
    "prescription": None,
    "concentration_pending": False,
}
"""What is found where nobody answers."""
_SOUND_OF = {"two-tone": "critical", "single-tone": "non-critical"}


def checks_of(stage: Stage, step: Step, act: Expect) -> Iterator[Check]:
    """All that the step expects, in its order."""
    for position, item in act.items:
        where = stage.scenario.where((*step.place, step.word, position))
        if isinstance(item, Claim):
            yield _claim(stage, item, where)
        else:
            yield from _states(stage, item, where)


def _claim(stage: Stage, claim: Claim, where: str) -> Check:
    try:
        verdict = claim.judge(stage.teller())
    except (Unmeasurable, DividedByZero) as error:
        return Check(where, claim.text, str(error), holds=False)
    found = verdict.left.text
    if not verdict.holds:
        found += f" ({verdict.off})" if verdict.off else ""
        found += f"; {claim.right.text} is {verdict.right.text}" if claim.right.constant is None else ""
    return Check(where, claim.text, found, verdict.holds)


def measured(stage: Stage, act: Measure) -> Measurement:
    """Take a figure and keep it. Raises Unmeasurable, DividedByZero."""
    tell = stage.teller()
    value = value_of(act.value.node, tell)
    limits: list[Amount | None] = [None if limit is None else value_of(limit.node, tell) for limit in (act.at_least, act.at_most)]
    low, high = limits
    stage.measured[act.name] = value
    holds = (low is None or value.value >= low.value) and (high is None or value.value <= high.value)
    return Measurement(act.name, value.text, "" if low is None else low.text, "" if high is None else high.text, holds)


# ---------------------------------------------------------------- states


def _states(stage: Stage, states: States, where: str) -> Iterator[Check]:
    belief = stage.belief()
    status = _SILENT if belief is None else belief
    looks: dict[str, Callable[[], str]] = {
        "mode": lambda: str(status["mode"]).replace("_", "-"),
        "stopped_by": lambda: str(status["stop_reason"]).replace("_", "-"),
        "alarms": lambda: _listed(alarm["cause"] for alarm in status["alarms"] if alarm["active"]),
        "alarm_list": lambda: _listed(alarm["cause"] for alarm in status["alarms"]),
        "sound": lambda: _sound(stage),
        "therapy": lambda: _therapy(stage, states.therapy or "", status["prescription"]),
        "therapy_pending": lambda: _yes(status["concentration_pending"]),
        "holds": lambda: (states.holds or "") if stage.bench.run_until(states.holds or "", limit_s=0) else "it does not",
    }
    for name, look in looks.items():
        wanted = getattr(states, name)
        if wanted is not None:
            expected = _listed(wanted) if isinstance(wanted, tuple) else _yes(wanted) if isinstance(wanted, bool) else str(wanted)
            found = look()
            yield Check(where, f"{name.replace('_', '-')}: {expected}", found, found == expected)
    yield from _log(stage, states, where)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _listed(causes: Iterator[str] | tuple[str, ...]) -> str:
    words = sorted(cause.replace("_", "-") for cause in causes if cause != NONE)
    return ", ".join(words) or NONE


def _sound(stage: Stage) -> str:
    sound = stage.bench.truth()["sound"]
    return NONE if sound is None else _SOUND_OF[sound["pattern"]]


def _therapy(stage: Stage, name: str, prescription: object) -> str:
    from hil.therapy.prescription import to_prescription

    if prescription is None:
        return NONE
    return name if plain(to_prescription(stage.therapy(name))) == prescription else "another one"


def _log(stage: Stage, states: States, where: str) -> Iterator[Check]:
    """Records since the mark, as the programmer reads them."""
    if not states.log:
        return
    entries = stage.programmer().read_log(stage.log_from)
    for each in states.log:
        kind = EventKind[each.kind.upper().replace("-", "_")]
        found, wanted = sum(entry.kind == kind for entry in entries), stage.amount(each.count)
        yield Check(where, f"{each.kind} in the log: {wanted.text}", f"{found:,}", found == wanted.value)
