"""`pumpsim program PORT ACTION`: what a clinician's programmer does, from a command line.

Every action opens a session, does one thing and closes. Quantities are typed with their unit, in quotes. What takes time to import
is imported by the action that needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from hil.cli.given import Actions, Word
from hil.cli.program_session import Talk, clock_at, talking
from hil.cli.program_watch import LIBRARY, programmer
from hil.cli.quantities import CLOCK, CONCENTRATION, DOSE, DURATION, RATE, VOLUME
from hil.errors import UsageError
from hil.wording import quantity
from hil.wording.alarms import ALARM_WORDS, alarms_in
from protocol.limits import SOFT_DOSE_RULE

__all__ = ["command"]

LOG_SHOWN = 20
"""Newest records that `log` shows without --all."""


CAUSE = Word(ALARM_WORDS)
SOFT_RULE = Word([f"R-{SOFT_DOSE_RULE:03}"])


@click.group(cls=Actions)
@click.option(
    "--library",
    default="",
    envvar="PUMPSIM_LIBRARY",
    metavar="NAME|FILE",
    help="The profile whose drugs this programmer holds as its library; the one of the pump's model if not given.",
)
@click.argument("port", metavar="PORT")
@click.pass_context
def command(ctx: click.Context, port: str, library: str) -> None:
    """Interrogate and program the pump at PORT.

    PORT is pty:PATH, serial:PATH or a path, tcp://HOST:PORT, rfc2217://HOST:PORT, or pumpsim://itp-40?seed=1.

    \b
        pumpsim program ./pump0 interrogate
        pumpsim program ./pump0 refill --volume '18 mL' --drug baclofen --concentration '500 mcg/mL'
        pumpsim program ./pump0 update therapy.yaml
        pumpsim program pumpsim://itp-40 status --json
    """  # noqa: D301  # click wants the character itself
    if port in command.commands:
        raise UsageError(f"'{port}' is an action, and the port comes before it", do=f"type: pumpsim program PORT {port}")
    ctx.obj = port
    ctx.meta[LIBRARY] = library


@command.command()
@talking
def interrogate(talk: Talk) -> None:
    """Read everything: therapy, reservoir, alarms, limits, counters."""
    from hil.cli.program_view import condition_lines, interrogation_lines

    with programmer(talk) as opened:
        if talk.role == "patient":
            condition, counters = opened.interrogate_short()
            talk.show({"condition": condition, "counters": counters}, condition_lines(condition))
        else:
            known = opened.interrogate()
            talk.show(known, interrogation_lines(known))


@command.command()
@talking
def status(talk: Talk) -> None:
    """The short look, which changes nothing at all."""
    from hil.cli.program_view import mode_name, status_lines

    with programmer(talk) as opened:
        seen = opened.status()
        talk.show(seen._asdict() | {"mode_name": mode_name(seen.mode), "alarm_names": alarms_in(seen.alarms)}, status_lines(seen))


@command.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--yes", is_flag=True, help="Send without asking.")
@click.option("--interrupt", is_flag=True, help="End a running bolus for it.")
@click.option("--person", type=click.Path(dir_okay=False), metavar="FILE", help="What is known of the person; see docs/how-to/clinic.md.")
@click.option("--reason", default="", metavar="WORD", help="Why the dose changes: effect, side-effects, holiday, overdose, reaction.")
@click.option("--rules", "rules_name", metavar="NAME|FILE", help="label-us (if not given), label-seed, or a file of your own.")
@click.option("--override", "overrides", multiple=True, metavar="R-033", help="A warning that is meant to be passed; may be given twice.")
@click.option("--leave-stopped", is_flag=True, help="A pump that waits for START afterwards, as with a new drug, is meant to stand still.")
@talking
def update(talk: Talk, file: str, yes: bool, interrupt: bool, leave_stopped: bool, **asked: Any) -> None:
    """Make the therapy in FILE (YAML) the pump's: judged by the label's rules, shown beside the present one, and asked for, first."""
    from hil.cli.program_rules import Judging
    from hil.cli.program_update import Sending, update_therapy

    judging = Judging.asked(asked["person"], asked["reason"], asked["rules_name"], asked["overrides"])
    update_therapy(talk, file, judging, Sending(yes, interrupt, leave_stopped))


@command.command()
@click.option("--volume", "volume_nl", type=VOLUME, required=True, metavar='"20 mL"', help="In the reservoir now.")
@click.option("--drug", required=True, metavar="NAME", help="What it was filled with.")
@click.option("--concentration", "concentration_ng_per_ml", type=CONCENTRATION, required=True, metavar='"500 mcg/mL"', help="Of that drug.")
@click.option("--withdrawn", "withdrawn_nl", type=VOLUME, default=0, metavar='"1.2 mL"', help="Taken out before; nothing unless given.")
@click.option("--limit", "percent", type=click.IntRange(0, 100), metavar="PERCENT", help="Warn of a difference above it; 20 if not given.")
@click.option("--short-fill", "short", is_flag=True, help="So little is meant: asked for below a quarter of the reservoir.")
@talking
def refill(
    talk: Talk, volume_nl: int, withdrawn_nl: int, drug: str, concentration_ng_per_ml: int, percent: int | None, short: bool
) -> None:
    """Tell the pump what was done with the needle; the pump has no other way to know."""
    from hil.cli.program_acts import Refilled, tell_refill

    tell_refill(talk, Refilled(volume_nl, withdrawn_nl, drug, concentration_ng_per_ml, percent, short))


@command.command()
@click.option("--dose", "dose_ng", type=DOSE, metavar='"50 mcg"', help="Drug to give.")
@click.option("--volume", "volume_nl", type=VOLUME, metavar='"0.1 mL"', help="Volume to give, instead of a dose.")
@click.option("--duration", "duration_s", type=DURATION, required=True, metavar='"10 min"', help="Over how long.")
@click.option("--may-lengthen", is_flag=True, help="Take longer rather than exceed the pump's highest rate.")
@click.option("--override", "overrides", multiple=True, type=SOFT_RULE, help="A warning that is meant to be passed.")
@talking
def bolus(talk: Talk, dose_ng: int | None, volume_nl: int | None, duration_s: int, may_lengthen: bool, overrides: tuple[str, ...]) -> None:
    """Give one bolus on top of the running therapy; its day's dose is judged by the drug's limits before anything is sent."""
    from hil.cli.program_acts import Asked, give_bolus

    give_bolus(talk, Asked(dose_ng, volume_nl, duration_s, may_lengthen, overrides))


@command.command("patient-bolus")
@talking
def patient_bolus(talk: Talk) -> None:
    """Ask for the bolus that the therapy allows the patient (also with --role patient)."""
    from hil.cli.program_acts import ask_patient_bolus

    ask_patient_bolus(talk)


@command.command()
@click.option("--volume", "volume_nl", type=VOLUME, required=True, metavar='"0.336 mL"', help="Tubing and catheter, or the catheter alone.")
@talking
def prime(talk: Talk, volume_nl: int) -> None:
    """Fill tubing and catheter of a stopped pump, which stays stopped."""
    from hil.cli.program_acts import give_prime

    give_prime(talk, volume_nl)


@command.command()
@click.option("--volume", "volume_nl", type=VOLUME, required=True, metavar='"0.336 mL"', help="Tubing and catheter.")
@click.option("--rate", "rate_nl_per_h", type=RATE, required=True, metavar='"0.24 mL/day"', help="The old drug's rate.")
@talking
def bridge(talk: Talk, volume_nl: int, rate_nl_per_h: int) -> None:
    """Run the old drug out of tubing and catheter, in the place of basal."""
    from hil.cli.program_acts import give_bridge

    give_bridge(talk, volume_nl, rate_nl_per_h)


@command.command()
@click.option("--yes", is_flag=True, help="Start without being asked.")
@talking
def start(talk: Talk, yes: bool) -> None:
    """Run the therapy that the pump has, which is shown first; at a terminal somebody has to agree."""
    from hil.cli.program_acts import start_therapy

    _show_mode(talk, "must", lambda opened: start_therapy(talk, opened, yes))


@command.command()
@talking
def stop(talk: Talk) -> None:
    """Stop the motor; nothing holds this up."""
    _show_mode(talk, "not", lambda opened: opened.stop().mode)


def _show_mode(talk: Talk, settling: Any, act: Callable[[Any], int]) -> None:
    from hil.cli.program_view import mode_name

    with programmer(talk, settling) as opened:
        mode = mode_name(act(opened))
        talk.show({"mode": mode}, [f"the pump is now in mode {mode}"])


@command.command()
@click.argument("cause", metavar="ALARM", type=CAUSE)
@talking
def silence(talk: Talk, cause: str) -> None:
    """Silence one alarm for a while; it stays active."""
    with programmer(talk) as opened:
        answer = opened.silence(_number(cause))
        talk.show(answer, [f"{cause} is silent until {clock_at(opened, answer.until_us)}"])


@command.command()
@click.argument("cause", metavar="ALARM", type=CAUSE)
@talking
def ack(talk: Talk, cause: str) -> None:
    """Mark one alarm as seen; it goes on sounding while its cause is there. `keys-changed` ends with it."""
    with programmer(talk) as opened:
        opened.acknowledge(_number(cause))
        talk.show({"acknowledged": cause}, [f"{cause} is acknowledged"])


def _number(cause: str) -> int:
    return ALARM_WORDS.index(cause)


@command.command("alarm-test")
@talking
def alarm_test(talk: Talk) -> None:
    """Have the pump sound both its alarms."""
    with programmer(talk) as opened:
        opened.alarm_test()
        talk.show({"sounding": True}, ["the pump sounds its alarms"])


@command.command("self-test")
@talking
def self_test(talk: Talk) -> None:
    """Have the pump run its tests now; needs --role service."""
    from hil.wording.alarms import alarms_in

    with programmer(talk) as opened:
        alarms = alarms_in(opened.self_test())
        talk.show({"alarms": alarms}, [f"the tests have run; alarms: {', '.join(alarms) or 'none'}"])


@command.command("service-reset")
@talking
def service_reset(talk: Talk) -> None:
    """Have the pump forget failures and start anew with all its tests; needs --role service."""
    with programmer(talk) as opened:
        opened.service_reset()
        talk.show({"reset": True}, ["the pump has forgotten its failures and tests itself; look at it again in some seconds"])


@command.command("set-clock")
@click.argument("clock_us", type=CLOCK, metavar='"2026-01-01 08:00"')
@talking
def set_clock(talk: Talk, clock_us: int) -> None:
    """Set the pump's clock, which has no zone and no summer time."""
    with programmer(talk, "must") as opened:
        answer = opened.set_clock(clock_us)
        talk.show(answer, [f"the clock was {quantity.clock(answer.old_us)} and is {quantity.clock(answer.new_us)}"])


@command.command()
@click.option("--all", "everything", is_flag=True, help=f"Every record kept, not only the newest {LOG_SHOWN}.")
@click.option("--faults", is_flag=True, help="The ring of faults, which ordinary events cannot push out; its numbers are its own.")
@talking
def log(talk: Talk, everything: bool, faults: bool) -> None:
    """Read the pump's log, oldest first."""
    from hil.cli.program_view import log_lines

    with programmer(talk) as opened:
        records = opened.read_log(ring="faults" if faults else "events")
        shown = records if everything else records[-LOG_SHOWN:]
        left = [f"({len(records) - len(shown):,} older records; --all shows them)"] if len(shown) < len(records) else []
        talk.show({"records": shown, "older": len(records) - len(shown)}, left + log_lines(shown))


@command.command()
@click.argument("command_id", metavar="ID", type=click.IntRange(1, 2**32 - 1))
@talking
def outcome(talk: Talk, command_id: int) -> None:
    """Ask what became of a command. The id that comes next is used up by the question, so that it cannot be carried out later."""
    from hil.cli.program_view import outcome_lines

    with programmer(talk, "not") as opened:
        answer = opened.outcome(command_id)
        talk.show(answer, outcome_lines(command_id, answer))


@command.command()
@click.option("--dismiss", is_flag=True, help="Drop the open command: the pump forgot it, and its totals were compared by hand.")
@talking
def settle(talk: Talk, dismiss: bool) -> None:
    """Find out about the command whose answer was lost, if there is one; needs --programmer."""
    from hil.cli.program_view import outcome_lines

    if talk.programmer_file is None:
        raise UsageError(
            "without a programmer file no command is remembered", do="add --programmer FILE, the one the command was sent with"
        )
    with programmer(talk, "not") as opened:
        command_id = opened.open_command_id
        if command_id is None:
            talk.show({"open": None}, ["no command is open"])
        elif dismiss:
            opened.dismiss()
            talk.show({"open": command_id, "dismissed": True}, [f"command {command_id} is dropped"])
        else:
            found = opened.settle()
            talk.show({"open": command_id, "outcome": found}, outcome_lines(command_id, found) if found else [])
