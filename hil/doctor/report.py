"""All looks in their order, and what is printed of them."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hil.doctor.clashes import clashes
from hil.doctor.core import compiled, install, libraries, python
from hil.doctor.finding import Finding, Look, State
from hil.doctor.parts import extras, programs
from hil.doctor.ports import folders, ports

__all__ = ["Report", "data", "examine", "lines", "lossless", "sound"]

Report = Mapping[str, Sequence[Finding]]

LOOKS: dict[str, tuple[Look, ...]] = {
    "Core": (python, install, libraries, compiled, clashes),
    "Ports and folders": (ports, folders),
    "Extras, for some commands only": (extras,),
    "Programs of others, for some tasks only": (programs,),
}
_INDENT = 2
_STATE_WIDTH = max(map(len, State))


def examine() -> Report:
    """Look at everything; by heading, in order."""
    return {heading: [finding for look in looks for finding in look()] for heading, looks in LOOKS.items()}


def sound(report: Report) -> bool:
    """Whether nothing stops the core."""
    return not any(finding.stops for findings in report.values() for finding in findings)


def lossless() -> None:
    """Have what the terminal cannot show printed as its number, for the doctor is asked where terminals are poor."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def data(report: Report) -> dict[str, Any]:
    """The report as JSON has it."""
    rows = [
        {"heading": heading, **finding._asdict(), "state": str(finding.state), "stops": finding.stops}
        for heading, findings in report.items()
        for finding in findings
    ]
    return {"ok": sound(report), "findings": rows}


def lines(report: Report) -> Iterator[str]:
    """The report for people: a line for each thing, and below one that is not well what it is for and what to do."""
    width = max(len(finding.name) for findings in report.values() for finding in findings)
    indent = " " * (_INDENT + _STATE_WIDTH + 2)
    for heading, findings in report.items():
        yield heading
        for name, state, found, purpose, remedy, _ in findings:
            well = state is State.OK
            yield f"{' ' * _INDENT}{state:<{_STATE_WIDTH}}  {name:<{width}}  {found}{f' (for {purpose})' if well and purpose else ''}"
            if not well:
                yield f"{indent}{'':<{width}}  {f'for {purpose}; ' if purpose else ''}{remedy}"
        yield ""
    yield _sum(report)


def _sum(report: Report) -> str:
    every = [finding for findings in report.values() for finding in findings]
    stops = [finding.name for finding in every if finding.stops]
    if stops:
        return f"pumpsim cannot work here: mend {', '.join(stops)}"
    worse = sum(finding.state is not State.OK and finding.core for finding in every)
    absent = sum(finding.state is not State.OK and not finding.core for finding in every)
    slow = "works here, but slowly" if worse else "works here"
    return f"pumpsim {slow}; {absent or 'no'} optional thing{'s are' if absent != 1 else ' is'} missing or broken"
