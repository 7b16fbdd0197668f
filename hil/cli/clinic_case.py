"""What the actions of `pumpsim clinic` have in common: options, the pump that is meant, the plan that is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hil.cli import complete
from hil.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from hil.clinic.plan import Refilling, Regimen, Supply
    from hil.therapy.file import TherapyDocument
    from protocol.messages import Identity

__all__ = [
    "PumpTold",
    "allowed",
    "profile_option",
    "pump_told",
    "refilling",
    "regimen_in",
    "reporting",
    "supply",
    "taken",
]


def reporting(function: Callable[..., Any]) -> Callable[..., Any]:
    """--rules and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option(
            "--rules",
            "rules_name",
            metavar="NAME|FILE",
            help="label-us (if not given), label-seed, or a file of your own.",
        ),
    ):
        function = option(function)
    return function


def profile_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--profile."""
    return click.option(
        "--profile",
        default="itp-40",
        show_default=True,
        metavar="NAME|FILE",
        shell_complete=complete.profiles,
        help="The pump that is meant: its limits, its drugs.",
    )(function)


class PumpTold(NamedTuple):
    """What a pump of a profile would tell of itself, and what its profile adds."""

    identity: Identity
    constant_flow: bool


def pump_told(profile: str) -> PumpTold:
    """A pump of this profile, as an interrogation would show it. Raises UsageError."""
    from firmware_sim.errors import PumpError
    from firmware_sim.pump import Pump
    from hil.belief_on_wire import identity_of

    try:
        pump = Pump(profile)
    except PumpError as error:
        raise UsageError(str(error), where="--profile") from error
    identity = identity_of(pump.brief(), pump.profile, pump.serial, pump.calibration_ppm)
    return PumpTold(identity, pump.profile.rate.constant_rate_nl_per_h > 0)


def regimen_in(path: str, identity: Identity) -> tuple[TherapyDocument, Regimen]:
    """A therapy file and what it gives. Raises UsageError, TherapyRefused."""
    from hil.clinic.plan import regimen_of
    from hil.therapy.file import read_therapy

    document = read_therapy(path)
    return document, regimen_of(document.therapy(identity), identity.limits[0])


def refilling(filled_us: int | None, refill_us: int | None, empty_us: int | None) -> Refilling | None:
    """The dates of a fill, if they were given. Raises UsageError for one without the other."""
    from hil.clinic.plan import Refilling

    if filled_us is None and refill_us is None:
        return None
    if filled_us is None or refill_us is None or refill_us <= filled_us:
        raise UsageError(
            "a fill and the refill after it belong together", where="--filled, --refill", do="give both, the earlier one first"
        )
    return Refilling(filled_us, refill_us, empty_us)


AMPOULE_WORDS = ("fine", "opened", "coloured", "particles", "frozen", "heat-sterilised")


def supply(states: tuple[str, ...], diluent: str, mixed_with: str) -> Supply | None:
    """What is known of the ampoules, if anything is."""
    from hil.clinic.plan import Supply

    if not states and not diluent and not mixed_with:
        return None
    return Supply(
        diluent=diluent,
        mixed_with=mixed_with,
        opened_before="opened" in states,
        coloured="coloured" in states,
        particles="particles" in states,
        frozen="frozen" in states,
        heated="heat-sterilised" in states,
    )


def allowed(where: str, work: Callable[[], Any]) -> Any:
    """Do arithmetic; what it cannot be asked for is one line. Raises CheckFailed."""
    try:
        return work()
    except ValueError as error:
        raise CheckFailed(str(error), where=where, do="correct the quantities") from error


def taken(where: str, check: Callable[[], None]) -> None:
    """Ask a check of the pump's own limits. Raises CheckFailed."""
    from hil.wording.refusals import say
    from protocol.errors import Rejected

    try:
        check()
    except Rejected as error:
        said = say(error.refusal)
        raise CheckFailed(said.what, where=where, do=said.do) from error
