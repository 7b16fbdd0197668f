"""How `pumpsim program` talks to a pump: the options of every action, the session, and what its failures are called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from hil.cli.given import Finite, Output, Word
from hil.cli.output import note, show, show_json
from hil.errors import CheckFailed, HilError, UncertainError, UsageError

if TYPE_CHECKING:
    from protocol.client import Programmer
    from protocol.messages import OutcomeAnswer

__all__ = ["Talk", "clock_at", "programmer", "talking"]

Settling = Literal["must", "may", "not"]
"""Whether an open command must be settled before an action, is tried, or is left alone (nothing may hold up a STOP)."""


@dataclass(frozen=True, slots=True)
class Talk:
    """The port and the options of one action."""

    port: str
    as_json: bool
    role: str
    key_file: str | None
    programmer_file: str | None
    reply_timeout_s: float | None
    retries: int
    patience_s: float
    capture: str | None

    def show(self, data: object, lines: list[str]) -> None:
        """Print the result as it was asked for."""
        show(data, lines, as_json=self.as_json)

    def command(self, action: str) -> str:
        """What to type for another action with the same pump, programmer file and key."""
        file = f" --programmer {self.programmer_file}" if self.programmer_file else ""
        key = f" --key-file {self.key_file}" if self.key_file else ""
        role = "" if self.role == "clinician" else f" --role {self.role}"
        return f"pumpsim program {self.port} {action}{role}{file}{key}"


WAIT_S_MAX = 86_400
"""A day; who means longer has mistyped."""
_ROLES = Word(["clinician", "patient", "service"])
_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    click.option("--role", type=_ROLES, default="clinician", show_default=True, help="Who speaks."),
    click.option(
        "--key-file",
        type=click.Path(dir_okay=False),
        help="File with this programmer's key, mode 0600; else PUMPSIM_KEY, else where a server on this machine left it.",
    ),
    click.option(
        "--programmer",
        "programmer_file",
        type=Output(),
        envvar="PUMPSIM_PROGRAMMER",
        help="File that keeps this programmer's id and its open command; one file is one programmer.",
    ),
    click.option(
        "--reply-timeout",
        "reply_timeout_s",
        type=Finite(0, WAIT_S_MAX, min_open=True),
        metavar="SECONDS",
        help="Wait so long for an answer.",
    ),
    click.option("--retries", type=click.IntRange(0, 100), default=3, show_default=True, help="Send an unanswered request again so often."),
    click.option(
        "--patience",
        "patience_s",
        type=Finite(0, WAIT_S_MAX),
        default=0,
        metavar="SECONDS",
        help="Wait so long for a power-on self-test to end before a command is sent.",
    ),
    click.option(
        "--capture",
        type=Output(),
        envvar="PUMPSIM_CAPTURE",
        metavar="FILE.pcapng",
        help="Write every run of bytes on the line to this file; one that is there is gone on with.",
    ),
)


def talking(function: Callable[..., None]) -> Callable[..., None]:
    """Give an action the options of every talk, and a Talk as its first argument."""

    @click.pass_obj
    @functools.wraps(function)
    def run(port: str, /, **given: Any) -> None:
        talk = Talk(port, **{name: given.pop(name) for name in Talk.__slots__ if name != "port"})
        function(talk, **given)

    decorated: Callable[..., None] = run
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


@contextmanager
def programmer(talk: Talk, settling: Settling = "may") -> Iterator[Programmer]:
    """An open session, its open command settled first. Errors of the wire come out as errors of this command line."""
    from protocol.client import Programmer
    from protocol.errors import AnswerLost, Busy

    _register(talk.port)
    with (
        _named(talk),
        Programmer.open(
            talk.port,
            role=talk.role,
            key_file=talk.key_file,
            programmer_file=talk.programmer_file,
            reply_timeout_s=talk.reply_timeout_s,
            retries=talk.retries,
            patience_s=talk.patience_s,
            capture=talk.capture,
        ) as opened,
    ):
        if settling != "not":
            _settle_first(opened, settling)
        try:
            yield opened
        except AnswerLost as error:
            _done_unseen(talk, error.command_id, error.outcome)
        except Busy as error:
            raise _busy(talk, opened, error.until_us) from error
        finally:
            _tell_of_capture(opened)


def _tell_of_capture(opened: Programmer) -> None:
    """Say that a capture ended before the action did."""
    problem: str = getattr(opened.transport, "problem", "")
    if problem:
        note(problem)


def _register(port: str) -> None:
    """Make `pumpsim://` known when it is asked for."""
    if port.startswith("pumpsim://"):
        from hil.serial_url import register

        register()


def _settle_first(opened: Programmer, settling: Settling) -> None:
    from protocol.errors import Uncertain

    try:
        outcome = opened.settle()
    except Uncertain as error:
        if settling == "must":
            raise
        note(str(error))
        return
    if outcome is not None:
        from hil.cli.program_view import outcome_text

        note(f"settled first: {outcome_text(outcome)}")


def _done_unseen(talk: Talk, command_id: int, outcome: OutcomeAnswer) -> None:
    """Report a command that was carried out though its own answer is gone."""
    from hil.cli.program_view import outcome_text

    if talk.as_json:
        show_json({"command_id": command_id, "answer_lost": True, "outcome": outcome})
    else:
        click.echo(f"command {command_id}: {outcome_text(outcome)}; the pump's own answer was lost on the way")


@contextmanager
def _named(talk: Talk) -> Iterator[None]:
    """Turn the wire's errors into ours: what, where, what to do, and the exit code."""
    from protocol import errors as wire

    try:
        yield
    except HilError:
        raise
    except (wire.Refused, wire.Rejected) as error:
        from hil.wording.refusals import say

        said = say(error.refusal)
        raise CheckFailed(said.what, where=talk.port, do=said.do) from error
    except wire.Uncertain as error:
        raise UncertainError(str(error), where=talk.port, do=f"type: {_settling_command(talk, error.command_id)}") from error
    except (wire.KeyFileError, wire.ClientFileError, wire.CaptureFileError) as error:
        raise UsageError(str(error)) from error
    except wire.Unanswered as error:
        raise UncertainError(str(error), where=talk.port) from error
    except wire.NotAuthorised as error:
        raise CheckFailed(str(error), where=talk.port, do=f"a {talk.role} may not do that: choose another --role") from error
    except wire.ProtocolError as error:
        text = str(error)
        raise CheckFailed(text, where="" if text.startswith(talk.port) else talk.port) from error


def _settling_command(talk: Talk, command_id: int) -> str:
    return talk.command("settle" if talk.programmer_file else f"outcome {command_id}")


def _busy(talk: Talk, opened: Programmer, until_us: int) -> CheckFailed:
    """What a pump that cannot now is doing, and when to come again."""
    from hil.wording import quantity
    from protocol.codes import StatusFlag

    status = opened.status()
    left_us = max(0, until_us - status.device_us)
    if status.flags & StatusFlag.SELF_TESTING:
        left = quantity.duration(-(-left_us // quantity.US_PER_S))
        return CheckFailed("the pump's self-test is running", where=talk.port, do=f"try again in {left}")
    until = quantity.clock(status.clock_us + left_us, seconds=True)
    return CheckFailed("the pump is busy", where=talk.port, do=f"try again after {until} on its clock")


def clock_at(opened: Programmer, device_us: int) -> str:
    """A time of the pump's monotonic counter as its clock will show it."""
    from hil.wording import quantity

    status = opened.status()
    return quantity.clock(status.clock_us + device_us - status.device_us, seconds=True)
