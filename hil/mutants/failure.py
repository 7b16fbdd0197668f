"""How one test failed: by an assertion, by another error, or by something that was raised inside the pump."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import firmware_sim
import hil
import protocol
from firmware_sim.errors import LimitExceeded, PumpError
from hil.errors import HilError
from hil.mutants.matrix import Kind
from protocol.errors import ProtocolError

if TYPE_CHECKING:
    import pytest

__all__ = ["Found", "found_in"]

_FIRMWARE, _WIRE, _HIL = (Path(package.__path__[0]) for package in (firmware_sim, protocol, hil))
PUMP_PLACES = (
    _FIRMWARE,
    _WIRE,
    *(_HIL / name for name in ("adapter.py", "unit.py", "belief_on_wire.py", "bench", "faults", "mutants")),
)
"""Where the pump and its bench are: what is raised there, and not on purpose, is a defect of the mutant itself."""
ON_PURPOSE = (PumpError, ProtocolError, HilError)
WHAT_CHARS_MAX = 300
_TIMED_OUT = "Timeout "


class Found(NamedTuple):
    """Kind and text of a failure."""

    kind: Kind
    what: str


def found_in(report: pytest.TestReport, error: pytest.ExceptionInfo[BaseException] | None) -> Found:
    """Judge a failed phase of a test; one without an exception is a test that passed where it was declared to fail."""
    if error is None:
        return Found(Kind.ASSERTION, _line(str(report.longrepr)))
    what = _line(f"{error.typename}: {error.value}")
    if _is_inside(error):
        return Found(Kind.INSIDE, f"{what}, at {_where(error)}")
    return Found(Kind.ASSERTION if _is_assertion(error) else Kind.ERROR, what)


def _is_assertion(error: pytest.ExceptionInfo[BaseException]) -> bool:
    import pytest

    if isinstance(error.value, pytest.fail.Exception):
        return not str(error.value).startswith(_TIMED_OUT)
    return isinstance(error.value, AssertionError)


def _is_inside(error: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether it was raised by the pump's own code, and not as an answer."""
    raised_at = Path(error.traceback[-1].path).resolve()
    if isinstance(error.value, LimitExceeded):
        return True
    if isinstance(error.value, ON_PURPOSE):
        return False
    return any(raised_at.is_relative_to(place) for place in PUMP_PLACES) or (
        not isinstance(error.value, AssertionError) and any(_in_pump(entry.path) for entry in error.traceback)
    )


def _in_pump(path: Any) -> bool:
    resolved = Path(path).resolve()
    return any(resolved.is_relative_to(place) for place in PUMP_PLACES)


def _where(error: pytest.ExceptionInfo[BaseException]) -> str:
    last = error.traceback[-1]
    return f"{Path(last.path).name}:{last.lineno + 1}"


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WHAT_CHARS_MAX else line[: WHAT_CHARS_MAX - 1] + "…"
