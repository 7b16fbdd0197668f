"""Everything that a plan may set about a life: names, units, defaults and bounds. Internally all are integers, or words.

Human behaviour is assumed throughout: no public source gives how often an alarm is heard or a visit is late. Plans set it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["SETTINGS", "Kind", "Setting"]

Kind = Literal["volume", "days", "hours", "share", "rate", "count", "choice"]
ML = 1_000_000
PERCENT = 10_000
"""In ppm."""


class Setting(NamedTuple):
    """One thing that may be set. `unit` is of the integer that it is inside; `choices` are the words of a choice."""

    name: str
    kind: Kind
    unit: str
    default: int | str
    low: int
    high: int
    note: str
    choices: tuple[str, ...] = ()


def _volume(name: str, default: int, low: int, high: int, note: str) -> Setting:
    return Setting(name, "volume", "nl", default, low, high, note)


def _share(name: str, default: int, note: str, low: int = 0, high: int = 100 * PERCENT) -> Setting:
    return Setting(name, "share", "ppm", default, low, high, note)


def _days(name: str, default: int, high: int, note: str) -> Setting:
    return Setting(name, "days", "days", default, 0, high, note)


def _hours(name: str, default: int, high: int, note: str) -> Setting:
    return Setting(name, "hours", "h", default, 0, high, note)


def _choice(name: str, choices: tuple[str, ...], note: str) -> Setting:
    return Setting(name, "choice", "", choices[0], 0, 0, note, choices)


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        _choice("rates", ("registry", "single-centre"), "which set of published rates holds; the two are never mixed"),
        _choice("drug", ("approved", "other"), "drugs approved for the pump, or others; the registry has a stall rate for each"),
        _choice("battery-build", ("usual", "affected-window"), "batteries of most builds, or of the one window that failed more often"),
        _choice("refill-by", ("date", "interval"), "a visit is planned some days before the low-reservoir date, or at a fixed interval"),
        _volume("fill", 20 * ML, 5 * ML, 38 * ML, "volume put in at each refill"),
        Setting("flow-rate", "rate", "nl_per_h", 20_000, 2_000, 200_000, "programmed rate, day and night; 0.48 mL/day"),
        _volume("low-reservoir-alarm", 2 * ML, ML, 19 * ML, "computed volume at which the low-reservoir alarm begins"),
        _share("flow-error", 0, "error of the flow beside the unit's own, from the first day on", -20 * PERCENT, 50 * PERCENT),
        _share("fill-error", PERCENT, "standard deviation of what is really injected, about what is said", 0, 5 * PERCENT),
        _share(
            "over-infusion-excess", 25 * PERCENT, "how much more than its volume a step of an over-infusing pump carries", 0, 100 * PERCENT
        ),
        _days("refill-margin", 7, 60, "days before the low-reservoir date for which a visit is planned"),
        Setting("refill-every", "days", "days", 30, 1, 365, "days between visits that are planned at a fixed interval"),
        Setting("drug-stability", "days", "days", 180, 1, 365, "latest day of a planned visit: the drug's stability in the pump"),
        _share("late-share", 10 * PERCENT, "planned visits that come late"),
        _days("late-days", 5, 365, "mean lateness of those visits; spread exponentially"),
        _share("low-alarm-heard", 50 * PERCENT, "chance, each day, that somebody hears a non-critical alarm and calls"),
        _share("critical-alarm-heard", 80 * PERCENT, "chance, each day, that somebody hears a critical alarm and calls"),
        _hours("low-answer", 48, 8_760, "from a call about a non-critical alarm to the visit"),
        _hours("critical-answer", 6, 8_760, "from a call about a critical alarm to the visit"),
        _hours(
            "symptoms-after",
            48,
            8_760,
            "mean time from the end of delivery until withdrawal brings the patient in; from half to one and a half of it",
        ),
        _share("symptoms-felt", 100 * PERCENT, "chance that withdrawal brings the patient in at all"),
        _share("checked-after-mri", 50 * PERCENT, "chance that somebody interrogates the pump after a scan"),
        _share("frame-loss", PERCENT, "share of frames that the link loses, each way"),
        _choice(
            "retry", ("same-command", "new-command"), "what a programmer sends after silence: the command again, or, by a bug, a new one"
        ),
        _days("replace-after", 30, 89, "from seeing the replacement indicator to the new pump"),
    )
}
"""By name, in the order in which a table of them reads."""
