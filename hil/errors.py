"""Every error the bench raises on purpose.

::

    HilError                  what, where, what to do; exit 1
    ├── UsageError            asked in a way that cannot be done: bad option, value or file; exit 2
    │   ├── QuantityError     a typed quantity that is not exactly one number and one known unit (also a ValueError)
    │   ├── TherapyFileError  a therapy file with one or more problems, each at its line
    │   ├── PersonFileError   the same of a person's file
    │   ├── RigFileError      the same of a rig file
    │   ├── ScenarioFileError the same of a scenario
    │   ├── PlanFileError     the same of a campaign's plan
    │   └── LessonFileError   the same of a lesson's files, each at its line and column
    ├── CheckFailed           the thing was done and the answer is no: a refusal, a limit, a comparison; exit 1
    │   ├── TherapyRefused    a therapy that this pump would not, or did not, take; each problem at its line
    │   └── RulesBroken       a plan that rules of the label refuse, or warn of and nobody overrode; each with its rule
    ├── UncertainError        nobody knows yet whether a command was carried out; exit 3
    ├── BenchError            a bench act that could not be done; exit 1
    └── InstrumentError       an instrument does not answer, or says that it cannot; exit 1

An error prints as one line: where, what, what to do. Errors that hold several problems print one such line for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "BenchError",
    "CheckFailed",
    "HilError",
    "InstrumentError",
    "LessonFileError",
    "PersonFileError",
    "PlanFileError",
    "Problem",
    "QuantityError",
    "RigFileError",
    "RulesBroken",
    "ScenarioFileError",
    "TherapyFileError",
    "TherapyRefused",
    "UncertainError",
    "UsageError",
]


def one_line(what: str, where: str, do: str) -> str:
    """Join the three parts of a message, in the order a reader needs them; line breaks inside become spaces."""
    text = f"{where}: {what}" if where else what
    return " ".join((f"{text}; {do}" if do else text).split())


class HilError(Exception):
    """Root of the bench's errors. `lines` is what to print, `exit_code` what the command line ends with."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(one_line(what, where, do))
        self.what = what
        self.where = where
        self.do = do
        self.lines: tuple[str, ...] = (one_line(what, where, do),)


class UsageError(HilError):
    """Asked in a way that cannot be done; nothing was sent or changed."""

    exit_code = 2


class QuantityError(UsageError, ValueError):
    """A typed quantity is not one number and one unit of the kind asked for."""


class CheckFailed(HilError):
    """It was asked properly, and the answer is no."""


class UncertainError(HilError):
    """A command left and its answer did not come back; `do` is the command that settles it."""

    exit_code = 3


class BenchError(HilError):
    """A bench act could not be done; the pump is as it was."""


class InstrumentError(HilError):
    """An instrument does not answer, or says that it cannot do what it was asked."""


class Problem(NamedTuple):
    """One thing that is wrong at one line (1 is the first line) of a file."""

    line: int
    what: str
    do: str = ""

    def text(self, path: str) -> str:
        """The line to print: FILE:LINE, what, what to do."""
        return one_line(self.what, f"{path}:{self.line}", self.do)

    def place(self, path: str) -> str:
        """FILE:LINE:COLUMN; without the column where the line does not know it."""
        column = getattr(self.line, "column", 0)
        return f"{path}:{self.line}{f':{column}' if column else ''}"


class _Problems(HilError):
    """Several problems of one file, in the order of its lines."""

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        first = self.problems[0]
        super().__init__(first.what, where=f"{path}:{first.line}", do=first.do)
        self.lines = tuple(problem.text(path) for problem in self.problems)
        self.args = ("\n".join(self.lines),)


class TherapyFileError(_Problems, UsageError):
    """The file cannot be read as a therapy."""

    exit_code = 2


class PersonFileError(_Problems, UsageError):
    """The file cannot be read as what is known of a person."""

    exit_code = 2


class RigFileError(_Problems, UsageError):
    """The file cannot be read as a rig."""

    exit_code = 2


class ScenarioFileError(_Problems, UsageError):
    """The file cannot be read as a scenario; no step of it was run."""

    exit_code = 2


class PlanFileError(_Problems, UsageError):
    """The file cannot be read as a campaign's plan; nothing of it was run."""

    exit_code = 2


class LessonFileError(UsageError):
    """The files of a lesson cannot be read as one; nothing of it was loaded. `problems` are pairs of a path and what is wrong there."""

    exit_code = 2

    def __init__(self, problems: Iterable[tuple[str, Problem]]) -> None:
        self.problems = tuple(sorted(problems, key=lambda pair: (pair[0], pair[1].line)))
        (path, first), *_ = self.problems
        super().__init__(first.what, where=first.place(path), do=first.do)
        self.lines = tuple(one_line(problem.what, problem.place(path), problem.do) for path, problem in self.problems)
        self.args = ("\n".join(self.lines),)


class TherapyRefused(_Problems, CheckFailed):
    """The file is a therapy, and this pump does not take it."""

    exit_code = 1


class RulesBroken(_Problems, CheckFailed):
    """The plan breaks rules of the label; nothing was sent."""

    exit_code = 1
