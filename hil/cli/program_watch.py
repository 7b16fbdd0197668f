"""What the person at the programmer must hear at the begin and the end of a session, whatever it was opened for.

At its begin: that the pump is stopped by an update which was not finished, for as long as that is so, and that the drug library of the
pump is not the programmer's. At its end: that a pump with a therapy is left standing still, which somebody has to agree to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hil.cli.output import note
from hil.cli.program_ask import Question, can_ask, confirmed
from hil.cli.program_session import Settling, Talk
from hil.cli.program_session import programmer as session
from hil.errors import CheckFailed
from protocol.codes import Answer, Mode, StatusFlag
from protocol.errors import ProtocolError
from protocol.messages import Interrogate

if TYPE_CHECKING:
    from protocol.client import Programmer
    from protocol.messages import Identity, Status

__all__ = ["LIBRARY", "Closing", "programmer"]

LIBRARY = "hil.cli.program.library"
"""Where the context of a command keeps the name of the profile whose drugs are this programmer's library."""
IDENTITY_PART = 0
"""The part of an interrogation that has model and drugs."""
Closing = bool | None
"""How a session may end over a pump that stands still: a note is enough (None), somebody must agree (False), has agreed (True)."""


@contextmanager
def programmer(talk: Talk, settling: Settling = "may", *, leave_stopped: Closing = None) -> Iterator[Programmer]:
    """An open session as `program_session` opens it, and what must be said around it."""
    with session(talk, settling) as opened:
        if settling != "not":
            _say_unfinished(opened.status())
            if talk.role != "patient":
                _compare_libraries(opened)
        yield opened
        if settling == "not":
            _say_if_told(opened)
        elif settling == "must" and talk.role != "patient":
            _close_over(talk, opened.status(), leave_stopped)


def _say_unfinished(status: Status) -> None:
    """The warning that outlives the session in which the update was broken off."""
    if status.mode == Mode.STOPPED and status.flags & StatusFlag.STOPPED_BY_UPDATE:
        note("the pump is STOPPED by an update that was not finished: send the update again, or start the old therapy")


def _say_if_told(opened: Programmer) -> None:
    """The same after an act that nothing may hold up, if the pump still answers."""
    try:
        status = opened.status()
    except ProtocolError:
        return
    _say_unfinished(status)


def _compare_libraries(opened: Programmer) -> None:
    from hil.therapy.library import differences, library_for

    answered = opened.request("INTERROGATE", Interrogate(IDENTITY_PART, 0))
    if answered.answer is not Answer.OK:
        return
    identity: Identity = answered.body
    context = click.get_current_context(silent=True)
    library = library_for(identity.model, context.meta.get(LIBRARY, "") if context else "")
    if library is None:
        note(f"drug library: this programmer holds none for {identity.model}; name its profile with --library, or compare by hand")
        return
    for line in differences(identity.drugs, library):
        note(f"drug library: {line}; compare the limits before you program")


def _close_over(talk: Talk, status: Status, leave_stopped: Closing) -> None:
    """A pump that has a therapy and does not run it is not left without a word.

    Raises CheckFailed where somebody had to agree and did not.
    """
    if status.mode != Mode.STOPPED or not status.generation or leave_stopped:
        return
    state = f"the pump holds therapy generation {status.generation} and is STOPPED"
    how = f"type: {talk.command('start')}"
    if can_ask() and not talk.as_json:
        if not confirmed(Question(f"{state[0].upper()}{state[1:]}. Leave it stopped?", "the session", "the pump does not infuse")):
            raise CheckFailed(state, where=talk.port, do=how)
    elif leave_stopped is None:
        note(f"{state}; {how}")
    else:
        raise CheckFailed(state, where=talk.port, do=f"{how}, or add --leave-stopped if it is meant to stand still")
