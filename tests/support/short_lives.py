"""An engine for tests of campaigns: lives that are a line of arithmetic, and cases that do to a campaign what can happen to one.

`SHORT_LIVES` in the environment says what: `kill:3,7` ends the worker over these cases, `raise:3` raises, `stop-driver:SIGKILL:5` sends
that signal to the driver once it has come to case 5, and `kill-once:FILE:5` ends the first worker that comes to case 5.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from hil.campaign.cases import Case, Row

__all__ = ["VARIABLE", "run"]

VARIABLE = "SHORT_LIVES"


def run(cases: Sequence[Case], years: int, profile: str) -> list[Row]:  # noqa: ARG001  # engines are asked alike
    """What the engines of campaigns are."""
    sys.stdout.write("engines may print\n")
    return [_lived(case, years) for case in cases]


def _lived(case: Case, years: int) -> Row:
    how, _, rest = os.environ.get(VARIABLE, "").partition(":")
    if how == "stop-driver":
        name, _, index = rest.partition(":")
        if case.index == int(index):
            os.kill(os.getppid(), signal.Signals[name])
    elif how == "kill-once":
        file, _, index = rest.rpartition(":")
        if case.index == int(index) and not Path(file).exists():
            Path(file).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    elif how and str(case.index) in rest.split(","):
        if how == "kill":
            sys.stderr.write(f"case {case.index} is too much\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        raise ZeroDivisionError(f"case {case.index} divides by nothing")
    return {"years": years, "share": case.seed / 2**64, "level": case.parameters.get("low-reservoir-alarm"), "word": "a, b"}
