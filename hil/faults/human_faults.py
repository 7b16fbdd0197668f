"""Slips of the people who programme a pump, as the registry tells them: they change what the pump is told, and nothing else.

The bench keeps which of them are in force. Whoever programmes in a scenario applies them, `hil.clinic.human`; the pump itself and the line
are sound, so that a client that is driven past them is not touched.
"""

from __future__ import annotations

from typing import NamedTuple

from hil.faults.parameters import Setting
from hil.faults.wire_faults import Fault
from hil.numbers.practice import practice

__all__ = ["ALWAYS", "HUMAN_FAULTS", "ONCE", "HumanFault", "STAGES"]

ONCE, ALWAYS = "once", "until_cleared"
STAGES = ("begin", "put", "seal")
"""How far an update has come when it is abandoned."""
CONCENTRATION_MAX = 1_000_000_000
TUBING_NL_MAX = 10_000_000
NOTHING = "nothing: it does what it is told; what is outside its ranges it refuses, whoever meant what"


class HumanFault(NamedTuple):
    """One in force, as an image keeps it."""

    handle: int
    name: str
    parameters: str
    since_us: int


def _acts(default: str) -> Setting:
    return Setting("acts", "whether it is over once it has changed something", text=True, default=default, choices=(ONCE, ALWAYS))


def _slip(name: str, settings: tuple[Setting, ...], truth: str, misses: str, host: str, origin: str) -> Fault:
    return Fault(f"human.{name}", "human", settings, True, truth, NOTHING, misses, host, origin)


HUMAN_FAULTS = (
    _slip(
        "minutes_for_hours",
        (
            Setting("what", "which time it is typed for", text=True, default="lockout", choices=("lockout", "duration")),
            _acts(ONCE),
        ),
        "the time between two patient boluses, or that of a bolus, is a sixtieth of what was meant",
        "that somebody meant hours",
        "a time of minutes where hours are usual; the limits of number and volume in 24 h still hold",
        "regulator notice on bolus intervals: 7 serious injuries, 2 deaths",
    ),
    _slip(
        "hourly_for_daily",
        (_acts(ONCE),),
        "the dose of the busiest step of the day, or of the whole day in simple mode, is given in every hour of it",
        "that somebody meant a dose a day",
        "a daily dose many times the last; a programmer with dose rules asks for an override",
        "report: 60 mcg once a morning programmed as 60 mcg every hour",
    ),
    _slip(
        "bridge_forgotten",
        (_acts(ONCE),),
        "the old strength leaves tubing and catheter at the new rate: C_old/C_new of the dose, for path / new rate",
        "that the fluid in the catheter is another one",
        "a new concentration, and no bridge after it",
        "reports of a concentration raised or lowered without a bridge bolus",
    ),
    _slip(
        "concentration_typed_wrong",
        (
            Setting("typed_ng_per_ml", "the concentration that is typed, in the refill and in the therapy", 1, CONCENTRATION_MAX),
            _acts(ALWAYS),
        ),
        "every dose is true / typed concentration of what was meant",
        "what truly is in the reservoir",
        "another concentration than on the syringe",
        "ISMP, 28 July 1999: a concentration typed wrong gave ten and fifty times the dose",
    ),
    _slip(
        "update_abandoned",
        (
            Setting("after", "the last message that is sent", text=True, default="seal", choices=STAGES),
            _acts(ONCE),
        ),
        "a pump that stops for updates stays stopped; the therapy stays the old one",
        "why nobody goes on",
        "the staged update lapses; a pump that is stopped, on the next interrogation",
        "regulator notice: 8 reports in two years, pumps found stopped after 48 h to 21 days",
    )._replace(pump_notices="that it is stopped: after 48 h it sounds"),
    _slip(
        "old_tubing_constant",
        (
            Setting("typed_nl", "what the programmer takes the tubing to hold", 0, TUBING_NL_MAX, default=practice("tubing_old_nl")),
            _acts(ALWAYS),
        ),
        "a prime or bridge that counts the tubing is too large by the difference; after a prime so much drug has left the tip",
        "what its own tubing holds",
        "a volume larger than tubing and catheter hold",
        "field notice that corrected the constant from 0.199 to 0.140 mL",
    ),
)
