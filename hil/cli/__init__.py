"""The `pumpsim` command. Its subcommands are imported only when one is called, so that `pumpsim --help` answers at once.

A command module has its `click.Command` under the name `command`. Whatever error of ours a command raises ends as one line on
stderr for each problem (where, what, what to do) and its exit code: 2 asked in a way that cannot be done, 1 the answer is no,
3 uncertain, 130 interrupted, 141 nobody reads on. Anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from hil.cli import ends
from hil.cli.colour import wished
from hil.cli.given import refuse_empty
from hil.errors import HilError

__all__ = ["execute", "main", "pumpsim"]

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("hil.cli.demo", "Run a pump from filling to a stall and leave a report; no hardware needed."),
    "serve": ("hil.cli.serve", "Run a simulated pump behind a serial port, a pty or TCP."),
    "program": ("hil.cli.program", "Interrogate and program a pump, simulated or real, as a clinician's programmer does."),
    "run": ("hil.cli.run", "Play scenarios: what is done to a pump, what comes of it, and what should have."),
    "diff": ("hil.cli.diff", "Show the first difference of two recorded runs."),
    "bench": ("hil.cli.bench", "Do one verb of a running pump's bench: time, faults, truth, power."),
    "monitor": ("hil.cli.monitor", "Show frames and events of a running pump as they happen."),
    "decode": ("hil.cli.decode", "Show what is in a capture, frame by frame."),
    "grade": ("hil.cli.grade", "Judge how the programmer in a capture behaved, rule by rule."),
    "replay": ("hil.cli.replay", "Play a captured session to another pump and report what it does otherwise."),
    "export": ("hil.cli.export", "Write the wire protocol out for Kaitai Struct, Wireshark, C, JSON Schema, or as test vectors."),
    "train": ("hil.cli.train", "Hold a lesson for a class in the browser: a patient, a pump that sounds, a programmer, a debrief."),
    "campaign": ("hil.cli.campaign", "Live many pumps from a plan: how often, how long until noticed, and how sure that is."),
    "keys": ("hil.cli.keys", "Make key files, look at them, and replace a key of a pump."),
    "clinic": ("hil.cli.clinic", "Dose rules, bridge, dilution, priming, refill dates: what is worked out beside the pump."),
    "weigh": ("hil.cli.weigh", "Read a balance again and again and write its log."),
    "listen": ("hil.cli.listen", "Tell critical from non-critical alarm sounds, in a recording or at a simulated pump."),
    "trumpet": ("hil.cli.trumpet", "Flow accuracy from a balance log: start-up and trumpet curves, overall and bolus error."),
    "verify": ("hil.cli.verify", "Run the suite against any pump and leave evidence; check and compare evidence."),
    "mutants": ("hil.cli.mutants", "Show that a suite of tests finds defects: run it on pumps that have one each."),
    "exec": ("hil.cli.exec_", "Run an unmodified pyserial program with pumpsim:// ports."),
    "doctor": ("hil.cli.doctor", "Say what this machine has and lacks for pumpsim, and what to do about it."),
    "completion": ("hil.cli.completion", "Print the script that has a shell complete pumpsim's commands, options and names."),
}
"""Name of a subcommand: the module that holds it, and its line in the help."""

COMPLETION = "_PUMPSIM_COMPLETE"
"""Set where a shell asks what Tab offers."""


class _LazyGroup(click.Group):
    """A group that knows its subcommands' names and lines, and imports a subcommand when it is called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, and refuse what is empty. Raises UsageError."""
        refuse_empty(ctx, args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, which knows nothing of names that are nearest here."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand:
            raise click.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The subcommands from the table, imported by none of them, and the options."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"pumpsim {version('pumpsim')}")
        ctx.exit()


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Print the version.")
def pumpsim() -> None:
    """Simulate a programmable implantable infusion pump, down to the bytes of its serial protocol.

    For simulation, test and training. Not a medical device.
    """
    click.get_current_context().color = wished()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(execute(arguments))


def execute(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if COMPLETION in os.environ:
        from hil.cli.complete import register

        register()
    ends.spell_out()
    try:
        result: Any = pumpsim.main(args=arguments, prog_name="pumpsim", standalone_mode=False)
    except (click.ClickException, click.exceptions.Abort, HilError, KeyboardInterrupt, ModuleNotFoundError, OSError, SystemExit) as error:
        code = ends.said(error)
        if code is None:
            raise
        return code
    return result if isinstance(result, int) else 0
