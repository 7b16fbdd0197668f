"""A learner's act from the typed arguments to what came of it: through its door, or refused with what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from firmware_sim.errors import PumpError
from hil.errors import BenchError, HilError
from hil.lesson.acts.asked import Also, Asked, Done
from hil.lesson.doors import Door
from hil.lesson.form import FormRefused
from hil.wording.refusals import say
from protocol import errors as wire

if TYPE_CHECKING:
    from hil.lesson.case import Case

__all__ = ["Error", "Outcome", "done_or_refused", "error_of"]

Error = dict[str, Any]


class Outcome(NamedTuple):
    """What came of an order: whether it was done, what is seen of it, or what is wrong, where, and what to do."""

    ok: bool
    seen: dict[str, Any]
    error: Error | None = None


def done_or_refused(case: Case, door: Door, typed: Mapping[str, Any]) -> tuple[Done, Error | None]:
    """Go through a door; whoever was at the programmer is away again afterwards."""
    try:
        return door.run(case, Asked(typed)), None
    except (BenchError, PumpError):  # its words may tell what is so, and nobody at the bedside knows that
        return Done({}), {"what": "it cannot be done like this", "where": door.act, "do": "do it otherwise"}
    except HilError as problem:
        return Done({}, "", _also(problem)), error_of(problem)
    except wire.ProtocolError as problem:
        case.open_command = problem.command_id if isinstance(problem, wire.Uncertain) else case.open_command
        return Done({}), _wire_error(problem)
    finally:
        case.stage.goodbye()


def _also(problem: HilError) -> Also:
    found: Also = getattr(problem, "also", ())
    return found


def error_of(problem: HilError) -> Error:
    """What is wrong, in three parts; the problems of a form one by one."""
    error: Error = {"what": problem.what, "where": problem.where, "do": problem.do}
    return {**error, "fields": problem.as_dicts()} if isinstance(problem, FormRefused) else error


def _wire_error(problem: wire.ProtocolError) -> Error:
    if isinstance(problem, wire.Refused | wire.Rejected):
        said = say(problem.refusal)
        return {"what": said.what, "where": "pump", "do": said.do}
    what, where, do = next(said for kind, said in _LINE.items() if isinstance(problem, kind))
    return {"what": what or str(problem), "where": where, "do": do, "detail": str(problem)}


_LINE: dict[type[wire.ProtocolError], tuple[str, str, str]] = {
    wire.NoAnswer: ("the pump does not answer", "line", "hold the programmer over the pump, and try again"),
    wire.LinkError: ("the pump cannot be understood", "line", "hold the programmer over the pump, and try again"),
    wire.Uncertain: ("nobody knows whether the pump did it", "programmer", "find out about the last command before anything else"),
    wire.AnswerLost: ("the pump has done it, and its answer is lost", "programmer", "interrogate the pump"),
    wire.Forgotten: ("the pump does not know any more", "pump", "interrogate it, and compare what it has given"),
    wire.Busy: ("the pump is busy with its tests", "pump", "try again in a minute"),
    wire.DeviceAnswer: ("", "pump", "interrogate the pump"),
    wire.ProtocolError: ("", "programmer", "interrogate the pump"),
}
"""What is said where the pump has not simply refused, first fit; the wire's own words stand beside it as `detail`."""
