"""A refill, step by step: the needle goes in, fluid is drawn and measured against what was expected, drug goes in, the pump is told.

Nothing here knows where the needle truly is. Syringes are read to their graduation; the pump learns of nothing but what it is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hil.clinic.diagnostics.side_port import syringe
from hil.clinic.human import Refill, programmed
from hil.clinic.residual import discrepancy
from hil.errors import BenchError, CheckFailed
from hil.lesson import say
from hil.lesson.acts.asked import Asked, Done
from hil.lesson.acts.programming import commander, demand_reading
from hil.lesson.finish import refill_screen
from hil.therapy.wire import drug_named
from protocol.codes import StatusFlag

if TYPE_CHECKING:
    from hil.lesson.case import Case

__all__ = ["compared", "fill", "puncture", "review_refill", "rinse", "tell_refill", "withdraw"]

RINSES_MAX = 10


def puncture(case: Case, _asked: Asked) -> Done:
    """Put the needle through the skin over the pump."""
    from hil.lesson.case import Tray

    case.tray = Tray(needle_in=True)
    return Done({"text": "The needle is in, and rests on something firm."}, "put the needle in")


def _demand_needle(case: Case) -> None:
    if not case.tray.needle_in:
        raise CheckFailed("no needle is in", where="refill", do="puncture first")


def withdraw(case: Case, asked: Asked) -> Done:
    """Draw fluid out, and measure it against what the pump had computed when it was read."""
    _demand_needle(case)
    measured = syringe(_drawn_nl(case, asked.volume_or_all("volume")))
    case.tray.withdrawn_nl = (case.tray.withdrawn_nl or 0) + measured
    case.stage.found["withdrawn_nl"] = case.tray.withdrawn_nl
    seen = {"measured": say.volume(measured), **_against(case, case.tray.withdrawn_nl)}
    return Done(seen, f"drew {say.volume(measured)} out of the reservoir; {seen['expected']}")


def _drawn_nl(case: Case, volume: int | None) -> int:
    """Draw so much, or all; where less is there, that is what comes."""
    if volume is not None:
        with suppress(BenchError):
            return int(case.stage.bench.needle(withdraw_nl=volume)["withdrawn_nl"])
    return int(case.stage.bench.needle(withdraw_nl="all")["withdrawn_nl"])


@contextmanager
def _goes_in() -> Iterator[None]:
    """Whoever pushes too much feels it; nobody tells him how much room there is. Raises CheckFailed."""
    try:
        yield
    except BenchError:
        raise CheckFailed("the plunger meets resistance", where="volume", do="draw out first, or push less") from None


def _against(case: Case, measured_nl: int) -> dict[str, Any]:
    """What was expected, and how far that is off."""
    if case.reading is None or case.reading.known.condition.flags & StatusFlag.NO_FILL:
        return {"expected": "what was expected is not known: the pump was not read", "difference": "", "warns": False}
    expected, difference, warns = compared(case.reading.known.condition.computed_reservoir_nl, measured_nl)
    return {"expected": f"{expected} expected", "difference": difference, "warns": warns}


def compared(computed_nl: int, measured_nl: int) -> tuple[str, str, bool]:
    """What the pump had computed, to a syringe's graduation, how far the measured volume is off, and whether that is too far."""
    expected_nl = syringe(computed_nl)
    found = discrepancy(expected_nl, measured_nl)
    return say.volume(expected_nl), "; ".join(filter(None, (found.what, found.do))), found.warns


def rinse(case: Case, asked: Asked) -> Done:
    """Rinse the emptied reservoir with drug-free fluid."""
    _demand_needle(case)
    volume, times = asked.volume("volume"), asked.whole("times", 1, RINSES_MAX)
    with _goes_in():
        case.stage.bench.rinse(volume_nl=volume, turns=times)
    return Done({"text": f"Rinsed with {say.volume(volume)}, {times} x."}, f"rinsed with {say.volume(volume)}, {times} x")


def fill(case: Case, asked: Asked) -> Done:
    """Put fluid in."""
    _demand_needle(case)
    volume, drug, strength = asked.volume("volume"), asked.text("drug"), asked.strength("concentration")
    with _goes_in():
        case.stage.bench.needle(withdraw_nl=0, inject_nl=volume, concentration_ng_per_ml=strength)
    tray = case.tray
    tray.filled_nl, tray.drug, tray.concentration_ng_per_ml = (tray.filled_nl or 0) + volume, drug, strength
    text = f"{say.volume(volume)} of {drug} {say.strength(strength)}"
    return Done({"filled": say.volume(tray.filled_nl), "text": f"{text} is in."}, f"filled in {text}")


def review_refill(case: Case, asked: Asked) -> Done:
    """Lay what the pump is about to be told beside what went through the needle."""
    told = asked.volume("volume")
    screen = refill_screen(told, case.tray.filled_nl or 0, demand_reading(case).known)
    return Done(screen, f"reviewed a refill of {say.volume(told)}")


def tell_refill(case: Case, asked: Asked) -> Done:
    """Tell the pump what the needle did."""
    volume, withdrawn, strength = asked.volume("volume"), asked.volume("withdrawn"), asked.strength("concentration")
    known = demand_reading(case).known
    entry = drug_named(asked.text("drug"), known.identity)
    if entry is None:
        names = ", ".join(sorted({drug.name for drug in known.identity.drugs}))
        raise CheckFailed(f"the pump does not know the drug {asked.text('drug')!r}", where="drug", do=f"it knows {names}")
    programmer = commander(case)
    programmed(case.stage.bench, programmer, Refill(volume, withdrawn, entry.drug_id, strength))
    condition = programmer.interrogate_short()[0]
    case.tray.needle_in = False
    seen = {
        "computed": say.volume(condition.computed_reservoir_nl),
        "low_reservoir_date": say.clock(condition.low_reservoir_clock_us),
    }
    seen["empty_date"] = say.clock(condition.empty_clock_us)
    return Done(seen, f"told the pump of {say.volume(volume)} of {entry.name} {say.strength(strength)}")
