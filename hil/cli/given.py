"""Words, numbers and groups as click has them, where click says less than one needs who typed something wrong."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from hil.errors import UsageError
from hil.system.whole_file import demand_folder, demand_place
from hil.wording.causes import cause, nearest

__all__ = ["Actions", "Finite", "Output", "Word", "demand_profile", "refuse_empty"]


class Word(click.Choice[str]):
    """One of some words; another one is answered with the nearest. With `metavar` the help shows that in the place of all of them."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        return f"there is no {str(value)!r} here; {nearest(str(value), map(str, self.choices))}"


class Finite(click.FloatRange):
    """A finite number; `nan` and `inf`, which Python would read, are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{str(value)!r} is no number that can be waited for or compared with; write one such as 2.5", param, ctx)
        return number


class Output(click.Path):
    """A file or a folder that the command writes. That it cannot be is said at once, not after the work."""

    def __init__(self, *, folder: bool = False, parents: bool = False, path_type: type[Any] | None = None) -> None:
        super().__init__(file_okay=not folder, dir_okay=folder, writable=True, path_type=path_type)
        self.parents = parents

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        try:
            place = Path(os.fsdecode(path))
            if self.dir_okay or (self.parents and not place.parent.exists()):
                demand_folder(place if self.dir_okay else place.parent)
            else:
                demand_place(place)
        except OSError as error:
            self.fail(f"{os.fsdecode(path)}: cannot be written ({cause(error)}); choose another place", param, ctx)
        return path


class Actions(click.Group):
    """A group whose help says of each action the whole first line, wrapped and not cut."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._told(ctx)))

    def _told(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                yield name, command.get_short_help_str(limit=1_000)


def demand_profile(name: str) -> None:
    """There is such a profile, or file of one's own. Raises UsageError."""
    from firmware_sim.errors import ProfileError
    from firmware_sim.profile import load_profile

    try:
        load_profile(name)
    except ProfileError as error:
        raise UsageError(str(error), where="--profile") from None


def refuse_empty(context: click.Context, words: Sequence[str]) -> None:
    """No word of a command line is empty: one that is comes from a variable of the shell that is not set. Raises click.UsageError.

    What stands behind `--`, or is given to a program of one's own, is not ours to judge.
    """
    before = ""
    for word in words:
        if word in {"--", "exec"}:
            return
        if not word or (word.startswith("--") and word.endswith("=")):
            place = word.rstrip("=") or (f"what follows {before!r}" if before else "the first word")
            raise click.UsageError(f"{place} is empty; leave it out, or look whether a variable of your shell is not set", context)
        before = word
