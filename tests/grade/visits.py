"""Whole visits of our own programmer, by somebody who does not give up: what is uncertain is settled, what was refused is asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hil.rig import Rig
from protocol.client import Programmer
from protocol.client.commander import CARRIED_OUT
from protocol.errors import AnswerLost, BadAnswer, Busy, LinkError, OtherVersion, ProtocolError, Refused, Uncertain, Unproved
from tests.rig.serving import BACLOFEN, CONCENTRATION, FILL_NL, PROGRAMMER, therapy

__all__ = ["visits"]

TRIES = 40
"""A line that loses a fifth of its frames each way lets nearly every act through at the second try."""
PATIENT: dict[str, Any] = {**PROGRAMMER, "patience_s": 30.0}


@contextmanager
def opened(rig: Rig, **options: Any) -> Iterator[Programmer]:
    """A programmer; a pump that cannot be spoken to is turned away from, and tried again."""
    for _ in range(TRIES):
        try:
            programmer = rig.another_programmer(**{**PATIENT, **options})
        except (OtherVersion, Unproved, LinkError):
            rig.bench.advance(seconds=1)
            continue
        try:
            yield programmer
        finally:
            programmer.close()
        return
    raise AssertionError("no session")


def stubbornly(rig: Rig, programmer: Programmer, act: Callable[[], Any]) -> None:
    """Have an act done once: what is uncertain is asked after until it is certain."""
    for _ in range(TRIES):
        try:
            settled(rig, programmer)
            act()
        except Uncertain:
            outcome = settled(rig, programmer)
            if outcome is not None and outcome.state in CARRIED_OUT:
                return
        except AnswerLost:
            return
        except (LinkError, BadAnswer, Busy, Refused) as error:
            tell_after(rig, programmer, error)
        else:
            return
    raise AssertionError("it cannot be done")


def tell_after(rig: Rig, programmer: Programmer, error: ProtocolError) -> None:
    """Wait, and read what is so now."""
    rig.bench.advance(seconds=30 if isinstance(error, Busy) else 1)
    for _ in range(TRIES):
        try:
            programmer.interrogate()
        except (LinkError, BadAnswer):
            rig.bench.advance(seconds=1)
        else:
            return


def settled(rig: Rig, programmer: Programmer) -> Any:
    """What became of the command that is open, if one is."""
    for _ in range(TRIES):
        try:
            return programmer.settle()
        except Uncertain:
            rig.bench.advance(seconds=1)
    raise AssertionError("nobody knows")


def visits(rig: Rig, *, programmer_file: str | None = None) -> None:
    """Fill and program, come back for a bolus and a new rate, stop and start, look at alarms, read the log."""
    keep = {} if programmer_file is None else {"programmer_file": programmer_file, "programmer_id": None}
    rig.bench.needle(inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION)
    with opened(rig, **keep) as programmer:
        stubbornly(rig, programmer, programmer.interrogate)
        stubbornly(rig, programmer, lambda: programmer.refill(FILL_NL, 0, BACLOFEN, CONCENTRATION))
        stubbornly(rig, programmer, lambda: programmer.update(therapy()))
    rig.bench.advance(hours=3)
    with opened(rig, **keep) as programmer:
        stubbornly(rig, programmer, programmer.interrogate)
        stubbornly(rig, programmer, lambda: acknowledged(programmer))
        stubbornly(rig, programmer, lambda: programmer.bolus(20_000, 10_000, 600))
        rig.bench.advance(minutes=20)
        stubbornly(rig, programmer, lambda: programmer.update(therapy(12_000)))
        stubbornly(rig, programmer, programmer.stop)
        rig.bench.advance(minutes=1)
        stubbornly(rig, programmer, programmer.start)
        stubbornly(rig, programmer, programmer.read_log)
        rig.bench.advance(minutes=30)
        stubbornly(rig, programmer, programmer.status)
        stubbornly(rig, programmer, lambda: acknowledged(programmer))


def acknowledged(programmer: Programmer) -> None:
    """Acknowledge every alarm that is shown."""
    status = programmer.status()
    word = status.alarms & ~status.acknowledged
    for cause in (cause for cause in range(word.bit_length()) if word >> cause & 1):
        programmer.acknowledge(cause)
