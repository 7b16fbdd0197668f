"""What a shell offers when Tab is pressed: names that ship for the options that take them, paths where nothing else is known.

An option or argument takes one of the functions below as its `shell_complete`. They read names of files, not the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete, add_completion_class

__all__ = ["lessons", "mutants", "plans", "profiles", "register", "scenarios", "security"]

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]


def _offer(names: Callable[[], Iterable[str]], *, paths: bool) -> Offer:
    """Names that begin as what was typed; a path where it is none of them, if the option takes one."""

    def offer(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return found if found or not paths else [CompletionItem(incomplete, type="file")]

    return offer


def _shipped(package: str, *folders: str) -> list[str]:
    """Names of the YAML files in a folder that ships."""
    from importlib.resources import files

    return sorted(path.stem for path in Path(str(files(package))).joinpath(*folders).glob("*.yaml"))


def _profile_names() -> list[str]:
    from firmware_sim.profile.folder import profile_names

    return profile_names()


def _lesson_names() -> list[str]:
    from hil.lesson.shelf import shipped_lessons

    return shipped_lessons()


def _mutant_names() -> Iterable[str]:
    from hil.mutants import MUTANTS

    return MUTANTS


def _security_names() -> Iterable[str]:
    from protocol.security import SECURITY

    return SECURITY


profiles = _offer(_profile_names, paths=True)
lessons = _offer(_lesson_names, paths=True)
scenarios = _offer(lambda: _shipped("hil", "library", "scenarios"), paths=True)
plans = _offer(lambda: _shipped("hil.campaign", "plans"), paths=True)
mutants = _offer(_mutant_names, paths=False)
security = _offer(_security_names, paths=False)


# ---------------------------------------------------------------- shells


class _OrPaths(ShellComplete):
    """Where click knows no values at all, a path is offered, as a shell would without us."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        found = super().get_completions(args, incomplete)
        if found or incomplete.startswith("-") or super().get_completions(args, ""):
            return found
        return [CompletionItem(incomplete, type="file")]


class _Bash(_OrPaths, BashComplete):
    """Bash cuts words at colons and equals signs; a port's URL is put together again."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        whole: list[str] = []
        for word in args:
            before = whole[-1] if whole else ""
            if before and (word == ":" or before.endswith(":") or (not before.startswith("-") and (word == "=" or before.endswith("=")))):
                whole[-1] += word
            else:
                whole.append(word)
        return whole, incomplete


class _Zsh(_OrPaths, ZshComplete):
    """As click has it, and paths."""


class _Fish(_OrPaths, FishComplete):
    """As click has it, and paths."""


def register() -> None:
    """Have click answer shells by these."""
    for shell in (_Bash, _Zsh, _Fish):
        add_completion_class(shell)
