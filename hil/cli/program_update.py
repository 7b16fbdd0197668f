"""`pumpsim program PORT update FILE`: read, judge, show, ask, and only then send."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click

from hil.cli.output import note, show_json
from hil.cli.program_ask import Question, can_ask, confirmed
from hil.cli.program_rules import Judging
from hil.cli.program_session import Talk
from hil.cli.program_view import mode_name
from hil.cli.program_watch import programmer
from hil.cli.review_view import print_review
from hil.errors import CheckFailed, UsageError
from hil.therapy.file import TherapyDocument, read_therapy
from hil.therapy.review import Review, review
from hil.wording import quantity
from hil.wording.refusals import say
from protocol import errors as wire
from protocol.codes import Mode
from protocol.refusals import Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from protocol.client import Interrogation, Programmer
    from protocol.messages import CommitAnswer
    from protocol.therapy import Therapy

__all__ = ["Sending", "update_therapy"]

_OUTSIDE_FILE = {Field.NONE, Field.GENERATION, Field.OVERRIDES, Field.OFFSET, Field.LENGTH, Field.DIGEST}


class Sending(NamedTuple):
    """What somebody agreed to beforehand: to send without being asked, to end a running bolus, to leave a new drug waiting for START."""

    yes: bool = False
    interrupt: bool = False
    leave_stopped: bool = False


def update_therapy(talk: Talk, path: str, judging: Judging, agreed: Sending) -> None:
    """Make the file's therapy the pump's. Nothing is sent before all that can be judged here was judged and somebody agreed."""
    if not agreed.yes and (talk.as_json or not can_ask()):
        what = "--json cannot ask for agreement" if talk.as_json else "there is no terminal to ask for agreement"
        raise UsageError(what, where=path, do="add --yes to send without asking; nothing was sent")
    document = read_therapy(path)
    with programmer(talk, "must", leave_stopped=agreed.leave_stopped) as opened:
        known = opened.interrogate()
        therapy = document.therapy(known.identity)
        _judge(document, therapy, opened, known, interrupt=agreed.interrupt)
        report = judging.judge(document, therapy, known)
        tokens = judging.tokens(report, therapy, known.identity)
        shown = review(known.therapy, therapy, known.identity, known.condition)
        if not talk.as_json:
            print_review(shown, f"{known.identity.model}, serial {known.identity.serial}")
            judging.tell(report, therapy, known)
        if not agreed.yes and not confirmed(Question("Send this therapy?", f"the update of {talk.port}", "nothing was sent")):
            raise CheckFailed("not agreed", where=path, do="nothing was sent")
        with _after_begin(document, opened, known):
            answer = opened.update(therapy, interrupt=agreed.interrupt, generation=known.generation, overrides=tokens)
        _report(talk, shown, judging.data(report), answer)


def _judge(document: TherapyDocument, therapy: Therapy, opened: Programmer, known: Interrogation, *, interrupt: bool) -> None:
    """What the pump would refuse, found before it stops."""
    try:
        opened.check(therapy, known)
    except wire.Rejected as error:
        raise document.refused(error.refusal) from error
    if known.condition.bolus and not interrupt:
        bolus = known.condition.bolus[0]
        end = quantity.clock(known.condition.clock_us + bolus.end_us - known.condition.device_us)
        raise CheckFailed(f"a bolus runs until {end}", where=document.path, do="wait for its end, or add --interrupt; nothing was sent")


@contextmanager
def _after_begin(document: TherapyDocument, opened: Programmer, known: Interrogation) -> Iterator[None]:
    """A failure now may leave the pump stopped: say so, and trace a refusal to its line."""
    try:
        yield
    except wire.Refused as error:
        state = _stopped(opened, known)
        if error.refusal.field in _OUTSIDE_FILE:
            said = say(error.refusal)
            raise CheckFailed(said.what, where=document.path, do=state or said.do) from error
        if state:
            note(state)
        raise document.refused(error.refusal) from error
    except (wire.LinkError, wire.Conflict, wire.Stale) as error:
        raise CheckFailed(str(error), where=document.path, do=_stopped(opened, known)) from error


def _stopped(opened: Programmer, known: Interrogation) -> str:
    """What to do about a pump that may have stopped for an update that did not come; empty if it runs on."""
    if not known.identity.stops_for_update:
        return ""
    try:
        mode = opened.status().mode
    except wire.ProtocolError:
        return "the pump may be STOPPED: interrogate it, then update again or start it"
    return "the pump is STOPPED: update again or start it" if mode == Mode.STOPPED else ""


def _report(talk: Talk, shown: Review, rules: dict[str, object], answer: CommitAnswer) -> None:
    mode = mode_name(answer.mode)
    if talk.as_json:
        show_json({"review": shown.as_dict(), "rules": rules, "generation": answer.generation, "mode": mode})
    else:
        click.echo(f"\nread back and committed: therapy generation {answer.generation}; the pump is now in mode {mode}")
